// Numbers, times and covers as people read them.

import { make, paintCover } from "./dom.mjs"
import { inOrder } from "./routers.mjs"
import { language, t } from "./words.mjs"

export function clockText(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const two = (number) => String(number).padStart(2, "0")
  const minutes = Math.floor(seconds / 60)
  return minutes >= 60
    ? `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`
}

export const numberText = (number) => new Intl.NumberFormat(language()).format(number)

export function bytesText(bytes) {
  const units = ["B", "KB", "MB", "GB", "TB"]
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  const digits = { maximumFractionDigits: value < 10 ? 1 : 0 }
  return `${new Intl.NumberFormat(language(), digits).format(value)} ${units[unit]}`
}

export const songsText = (number) => (number === 1 ? t("1 song") : t("{n} songs", { n: numberText(number) }))

/** How long these songs take together. */
export function lengthText(songs) {
  const minutes = Math.round(songs.reduce((sum, song) => sum + song.durationMs, 0) / 60_000)
  return minutes < 60
    ? t("{n} min", { n: minutes }) : t("{h} h {n} min", { h: Math.floor(minutes / 60), n: minutes % 60 })
}

export const shownArtist = (name) => (name === "Unknown Artist" ? t("Unknown Artist") : name)
export const shownAlbum = (name) => (name === "Unknown Album" ? t("Unknown Album") : name)

/** A cover, or colours in its place; a picture that does not come is asked of every Router. */
export function coverNode(path, words, className) {
  const node = make("div", { className: `cover ${className}`, "aria-hidden": "true" })
  setCover(node, path, words)
  return node
}

export function setCover(node, path, words) {
  const key = `${path}\n${words}`
  if (node.coverKey === key) return
  node.coverKey = key
  paintCover(node, words)
  if (!path) return
  const origins = inOrder()
  const image = make("img", { alt: "", loading: "lazy", decoding: "async" })
  image.addEventListener("error", () => {
    const origin = origins.shift()
    if (origin) image.src = origin + path
    else image.remove()
  })
  image.src = origins.shift() + path
  node.append(image)
}
