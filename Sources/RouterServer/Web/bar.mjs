// The player at the foot of the page: what plays, where it is, from which server it comes.

import { announce, element, iconButton, make, setIcon } from "./dom.mjs"
import { clockText, coverNode, setCover, shownArtist } from "./format.mjs"
import * as library from "./library.mjs"
import { addressOf } from "./menu.mjs"
import { audio, player, playerEvents, queue } from "./player.mjs"
import { repeats } from "./queue.mjs"
import { inOrder, routerEvents } from "./routers.mjs"
import { t } from "./words.mjs"

const repeatNames = { off: "Repeat: off", all: "Repeat: the whole queue", one: "Repeat: this song" }
export const nextRepeat = () => queue.setRepeat(repeats[(repeats.indexOf(queue.repeat) + 1) % repeats.length])

/** Ends what the bar of another language listened to. */
let before = new AbortController()

/** Builds the bar; `toggleQueue` shows and hides the queue. */
export function showBar({ toggleQueue }) {
  before.abort()
  before = new AbortController()
  const { signal } = before
  const cover = coverNode(null, "", "now")
  const title = make("a", { className: "now-title" })
  const artist = make("a", { className: "now-artist" })
  const heart = iconButton("heart", t("Favourite"), () => library.toggleFavourite(player.song))
  const shuffle = iconButton("shuffle", t("Shuffle"), () => queue.setShuffled(!queue.isShuffled))
  const previous = iconButton("previous", t("Previous song"), () => player.previous())
  const play = iconButton("play", t("Play"), () => player.toggle(), { id: "play" })
  const next = iconButton("next", t("Next song"), () => player.next(), { id: "next" })
  const repeat = iconButton("repeat", "", nextRepeat)
  const elapsed = make("span", { className: "clock" })
  const length = make("span", { className: "clock" })
  const place = make("input", {
    type: "range", className: "slider", id: "place", min: 0, step: 1, "aria-label": t("Place in the song"),
    oninput: () => { isDragging = true; showTime() },
    onchange: () => { isDragging = false; player.seek(Number(place.value)) },
  })
  const source = make("a", { id: "source", href: "#ring" })
  const list = iconButton("queue", t("Queue"), toggleQueue, { id: "queue-button", "aria-expanded": "false" })
  const mute = iconButton("loud", t("Mute"), () => player.toggleMute())
  const volume = make("input", {
    type: "range", className: "slider", min: 0, max: 100, step: 1, "aria-label": t("Volume"),
    oninput: () => player.setVolume(Number(volume.value) / 100),
  })
  let isDragging = false

  function showSong() {
    const { song } = player
    title.textContent = song?.title ?? t("Nothing plays")
    artist.textContent = song ? shownArtist(song.artist) : ""
    if (song) {
      title.href = addressOf("album", { album: song.album, artist: song.artist })
      artist.href = addressOf("artist", { artist: song.artist })
    } else {
      title.removeAttribute("href")
      artist.removeAttribute("href")
    }
    setCover(cover, song?.cover, song ? `${song.album} ${song.artist}` : "")
    cover.hidden = !song
    document.title = song ? `${song.title} · ${song.artist} — Rondo` : "Rondo"
    if (song && player.isPlaying) announce(t("Now playing: {title} by {artist}", song))
    showTime()
    showState()
  }

  function showState() {
    const { song } = player
    setIcon(play, player.isPlaying ? "pause" : "play", t(player.isPlaying ? "Pause" : "Play"))
    play.disabled = next.disabled = previous.disabled = place.disabled = !song
    element("player").classList.toggle("waiting", player.isWaiting)
    element("player").classList.toggle("playing", player.isPlaying)
    shuffle.setAttribute("aria-pressed", String(queue.isShuffled))
    repeat.setAttribute("aria-pressed", String(queue.repeat !== "off"))
    setIcon(repeat, "repeat", t(repeatNames[queue.repeat]))
    repeat.dataset.one = queue.repeat === "one" ? "1" : ""
    heart.hidden = !song || !library.keepsFavourites()
    heart.classList.toggle("on", Boolean(song) && library.isFavourite(song.id))
    heart.setAttribute("aria-pressed", String(Boolean(song) && library.isFavourite(song.id)))
  }

  function showTime() {
    const position = isDragging ? Number(place.value) : player.position
    place.max = String(Math.max(1, Math.floor(player.duration)))
    if (!isDragging) place.value = String(Math.floor(position))
    elapsed.textContent = clockText(position * 1000)
    length.textContent = clockText(player.duration * 1000)
    place.setAttribute("aria-valuetext", t("{a} of {b}", { a: elapsed.textContent, b: length.textContent }))
    const share = player.duration > 0 ? 100 / player.duration : 0
    place.style.setProperty("--done", `${Math.min(100, position * share)}%`)
    place.style.setProperty("--ready", `${Math.min(100, (position + player.ready) * share)}%`)
    showSource()
  }

  let shownOrigin = null
  function showSource() {
    const origin = inOrder()[0]
    const host = new URL(origin).hostname
    const seconds = Math.floor(player.ready)
    source.textContent = player.song && seconds > 0
      ? `${host} · ${seconds} s` : host
    source.title = t("The server that sends the music now. When it dies, the next one goes on at the same byte.")
    if (shownOrigin && shownOrigin !== origin && player.isPlaying) {
      source.classList.remove("moved")
      // So that the same animation begins again.
      void source.offsetWidth
      source.classList.add("moved")
    }
    shownOrigin = origin
  }

  function showVolume() {
    volume.value = String(Math.round(player.volume * 100))
    volume.style.setProperty("--done", player.isMuted ? "0%" : `${player.volume * 100}%`)
    setIcon(mute, player.isMuted ? "mute" : "loud", t(player.isMuted ? "Sound on" : "Mute"))
  }

  element("player").replaceChildren(
    make("div", { className: "now" }, cover, make("div", { className: "now-names" }, title, artist), heart),
    make(
      "div", { className: "middle" },
      make("div", { className: "controls" }, shuffle, previous, play, next, repeat),
      make("div", { className: "progress" }, elapsed, place, length)),
    make("div", { className: "right" }, source, list, mute, volume))
  playerEvents.addEventListener("song", showSong, { signal })
  playerEvents.addEventListener("state", showState, { signal })
  playerEvents.addEventListener("time", showTime, { signal })
  playerEvents.addEventListener("seek", showTime, { signal })
  playerEvents.addEventListener("volume", showVolume, { signal })
  queue.addEventListener("change", showState, { signal })
  library.libraryEvents.addEventListener("favourites", showState, { signal })
  routerEvents.addEventListener("learned", showSource, { signal })
  audio.addEventListener("progress", showTime, { signal })
  showSong()
  showVolume()
}

/** The keys of keyboards and headphones, and the lock screen (W3C Media Session). */
export function useMediaSession() {
  const session = navigator.mediaSession
  if (!session) return
  const handlers = {
    play: () => player.resume(), pause: () => player.pause(), stop: () => player.pause(),
    previoustrack: () => player.previous(), nexttrack: () => player.next(),
    seekto: (details) => player.seek(details.seekTime),
    seekbackward: (details) => player.seek(player.position - (details.seekOffset ?? 10)),
    seekforward: (details) => player.seek(player.position + (details.seekOffset ?? 10)),
  }
  for (const [name, handler] of Object.entries(handlers)) {
    try { session.setActionHandler(name, handler) } catch { /* This browser does not know the action. */ }
  }
  const showPlace = () => {
    const { duration, position } = player
    if (duration > 0) session.setPositionState?.({ duration, position: Math.min(position, duration), playbackRate: 1 })
  }
  playerEvents.addEventListener("song", () => {
    const { song } = player
    session.metadata = song && new MediaMetadata({
      title: song.title, artist: song.artist, album: song.album,
      artwork: song.cover ? [{ src: inOrder()[0] + song.cover }] : [],
    })
    showPlace()
  })
  playerEvents.addEventListener("state", () => {
    session.playbackState = player.song ? (player.isPlaying ? "playing" : "paused") : "none"
    showPlace()
  })
  playerEvents.addEventListener("seek", showPlace)
}

