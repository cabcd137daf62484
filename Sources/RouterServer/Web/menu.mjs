// The menu of a song, and the dialogs that it opens.

import { make, openDialog, toast } from "./dom.mjs"
import * as library from "./library.mjs"
import { player, queue } from "./player.mjs"
import { inOrder } from "./routers.mjs"
import { t } from "./words.mjs"

let openMenu = null

/** Shows a menu beside a button or a row: `items` have a label and an action; null is a line between them. */
export function showMenu(anchor, items, label) {
  openMenu?.close()
  const opener = document.activeElement
  const menu = make("div", { className: "menu", role: "menu", "aria-label": label, tabIndex: -1 })
  const close = () => {
    menu.remove()
    document.removeEventListener("pointerdown", outside, true)
    openMenu = null
    if (opener?.isConnected) opener.focus({ preventScroll: true })
  }
  const outside = (event) => { if (!menu.contains(event.target)) close() }
  for (const item of items) {
    if (!item) {
      menu.append(make("div", { className: "line", role: "separator" }))
      continue
    }
    const onclick = () => { close(); item.action() }
    menu.append(make("button", {
      type: "button", role: "menuitem", tabIndex: -1, textContent: item.label, className: item.kind ?? "", onclick,
    }))
  }
  menu.addEventListener("keydown", (event) => {
    const entries = [...menu.querySelectorAll("button")]
    const here = entries.indexOf(document.activeElement)
    const steps = { ArrowDown: here + 1, ArrowUp: here - 1 + (here <= 0 ? entries.length : 0), Home: 0, End: -1 }
    event.stopPropagation()
    if (event.key in steps) {
      event.preventDefault()
      entries.at(steps[event.key] % entries.length).focus()
    } else if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault()
      close()
    }
  })
  document.body.append(menu)
  openMenu = { close }
  place(menu, anchor.getBoundingClientRect())
  document.addEventListener("pointerdown", outside, true)
  menu.querySelector("button").focus({ preventScroll: true })
}

function place(menu, box) {
  const { offsetWidth: width, offsetHeight: height } = menu
  const x = Math.max(8, Math.min(box.right - width, innerWidth - width - 8))
  const below = box.bottom + height + 8 < innerHeight
  menu.style.left = `${x}px`
  menu.style.top = `${Math.max(8, below ? box.bottom : Math.min(box.top, innerHeight) - height)}px`
}

export const addressOf = (view, parameters = {}) => {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value))
  return `#${view}${query.size > 0 ? `?${query}` : ""}`
}

/** What can be done with a song; `extra` comes first. */
export function songItems(song, extra = []) {
  const go = (address) => () => { location.hash = address }
  return [
    ...extra,
    { label: t("Play next"), action: () => { queue.addNext([song]); toast(t("Plays next: {title}", song)) } },
    { label: t("Add to queue"), action: () => { queue.add([song]); toast(t("Added to the queue: {title}", song)) } },
    library.allPlaylists() !== null && { label: t("Add to playlist…"), action: () => addToPlaylist([song.id]) },
    library.keepsFavourites() && {
      label: library.isFavourite(song.id) ? t("Take out of favourites") : t("Add to favourites"),
      action: () => library.toggleFavourite(song),
    },
    null,
    { label: t("Go to album"), action: go(addressOf("album", { album: song.album, artist: song.artist })) },
    { label: t("Go to artist"), action: go(addressOf("artist", { artist: song.artist })) },
    null,
    { label: t("Edit tags…"), action: () => editSong(song) },
    { label: t("Download"), action: () => download(song) },
    { label: t("Delete…"), action: () => deleteSong(song), kind: "danger" },
  ].filter((item) => item === null || item)
}

function download(song) {
  make("a", { href: `${inOrder()[0]}/api/v1/songs/${song.id}/audio`, download: song.title }).click()
}

export async function deleteSong(song) {
  const text = make("p", { textContent: t("“{title}” goes from every server, for everybody.", song) })
  const { pressed } = await openDialog(t("Delete this song?"), text, [
    { name: "", label: t("Keep it") }, { name: "delete", label: t("Delete"), kind: "danger" },
  ])
  if (pressed === "delete") library.deleteSong(song)
}

const fields = [
  ["title", "Title", "text"], ["artist", "Artist", "text"], ["album", "Album", "text"], ["genre", "Genre", "text"],
  ["year", "Year", "number"], ["track", "Track", "number"],
]

/** Asks for a song's tags and sends what was changed. */
export async function editSong(song) {
  const grid = make("div", { className: "fields" })
  for (const [name, label, type] of fields) {
    const limits = type === "number" ? { min: 1, max: 9999 } : { maxLength: 500 }
    const input = make("input", { name, type, value: song[name] ?? "", required: name === "title", ...limits })
    grid.append(make("label", {}, make("span", { textContent: t(label) }), input))
  }
  const { pressed, values } = await openDialog(t("Edit tags"), grid, [
    { name: "", label: t("Cancel") }, { name: "save", label: t("Save"), kind: "primary" },
  ])
  if (pressed !== "save") return
  const change = {}
  for (const [name, , type] of fields) {
    const text = String(values.get(name)).trim()
    const value = text === "" ? null : type === "number" ? Number(text) : text
    if (value !== (song[name] ?? null)) change[name] = value
  }
  if (Object.keys(change).length === 0) return
  try {
    await library.editSong(song.id, change)
    toast(t("Saved"))
  } catch (error) {
    toast(t("The tags could not be saved: {reason}", { reason: error.message }), { isError: true })
  }
}

/** Asks for a playlist, a new one perhaps, and puts songs at its end. */
export async function addToPlaylist(ids) {
  const choice = make("select", { name: "list" }, make("option", { value: "", textContent: t("A new playlist") }))
  for (const list of library.allPlaylists()) choice.append(make("option", { value: list.id, textContent: list.name }))
  const name = make("input", { name: "name", maxLength: 200, value: t("My playlist") })
  const nameField = make("label", {}, make("span", { textContent: t("Name") }), name)
  choice.addEventListener("change", () => { nameField.hidden = choice.value !== "" })
  const content = make(
    "div", { className: "fields one" },
    make("label", {}, make("span", { textContent: t("Playlist") }), choice), nameField)
  const { pressed, values } = await openDialog(t("Add to playlist"), content, [
    { name: "", label: t("Cancel") }, { name: "add", label: t("Add"), kind: "primary" },
  ])
  if (pressed !== "add") return
  try {
    const id = values.get("list")
    if (id) await library.changePlaylist(id, { add: ids })
    else await library.createPlaylist(String(values.get("name")).trim() || t("My playlist"), ids)
    toast(t("Added to the playlist"))
  } catch (error) {
    toast(error.message, { isError: true })
  }
}
