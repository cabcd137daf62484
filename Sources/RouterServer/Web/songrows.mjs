// Songs as rows, wherever they are listed: play, heart, menu, and the keys that go with them.

import { icon, iconButton, make, setIcon } from "./dom.mjs"
import { clockText, coverNode, setCover, shownAlbum, shownArtist } from "./format.mjs"
import * as library from "./library.mjs"
import { addressOf, deleteSong, editSong, showMenu, songItems } from "./menu.mjs"
import { player, playerEvents, queue } from "./player.mjs"
import { Rows } from "./rows.mjs"
import { t } from "./words.mjs"

const isNarrow = matchMedia("(max-width: 46rem)")

/** Makes the list; `play(index, song)` plays one of its songs, `extraItems(song, index)` come first in its menu. */
export function songRows({ label, source, play, extraItems = () => [] }) {
  const cell = (className, ...children) => make("div", { className, role: "gridcell" }, ...children)
  const head = (className, text) => make("div", { className, role: "columnheader", textContent: text })

  function makeRow() {
    const row = make("div", { className: "song-row", role: "row" })
    const stop = (action) => (event) => { event.stopPropagation(); action(event) }
    row.play = iconButton("play", "", stop(() => press(row)), { tabIndex: -1 })
    row.heart = iconButton("heart", "", stop(() => library.toggleFavourite(row.item)), { tabIndex: -1 })
    row.more = iconButton("more", t("More"), stop(() => menu(row)), { tabIndex: -1, "aria-haspopup": "menu" })
    row.cover = coverNode(null, "", "small")
    row.name = make("span", { className: "title" })
    row.by = make("a", { className: "artist", tabIndex: -1 })
    row.album = make("a", { className: "album-link", tabIndex: -1 })
    row.genre = make("span", {})
    row.length = make("span", {})
    row.append(
      cell("c-play", row.play), cell("c-name", row.cover, make("div", { className: "names" }, row.name, row.by)),
      cell("c-album", row.album), cell("c-genre", row.genre), cell("c-heart", row.heart),
      cell("c-length", row.length), cell("c-more", row.more))
    row.addEventListener("dblclick", () => { if (row.item) play(row.index, row.item) })
    row.addEventListener("contextmenu", (event) => {
      if (!row.item) return
      event.preventDefault()
      menu(row)
    })
    return row
  }

  function fill(row, song) {
    row.classList.toggle("loading", !song)
    row.classList.toggle("missing", song?.available === false)
    const isCurrent = Boolean(song) && player.song?.id === song.id
    row.classList.toggle("current", isCurrent)
    row.name.textContent = song?.title ?? ""
    row.by.textContent = song ? shownArtist(song.artist) : ""
    row.album.textContent = song ? shownAlbum(song.album) : ""
    row.genre.textContent = song?.genre ?? ""
    row.length.textContent = song ? clockText(song.durationMs) : ""
    row.title = song?.available === false ? t("No server that has this song can be reached now") : ""
    row.heart.hidden = !library.keepsFavourites()
    if (!song) return
    row.by.href = addressOf("artist", { artist: song.artist })
    row.album.href = addressOf("album", { album: song.album, artist: song.artist })
    setCover(row.cover, song.cover, `${song.album} ${song.artist}`)
    const isPlaying = isCurrent && player.isPlaying
    setIcon(row.play, isPlaying ? "pause" : "play", t(isPlaying ? "Pause {title}" : "Play {title}", song))
    const isLiked = library.isFavourite(song.id)
    row.heart.classList.toggle("on", isLiked)
    row.heart.setAttribute("aria-pressed", String(isLiked))
    row.heart.setAttribute("aria-label", t("Favourite: {title}", song))
    row.more.setAttribute("aria-label", t("More about {title}", song))
  }

  function press(row) {
    if (player.song?.id === row.item.id) player.toggle()
    else play(row.index, row.item)
  }

  function menu(row) {
    const anchor = row.querySelector(".c-more")
    showMenu(anchor, songItems(row.item, extraItems(row.item, row.index)), t("More about {title}", row.item))
  }

  function onkey(event, index) {
    const song = source.at(index)
    if (!song || event.altKey) return
    const actions = {
      Enter: () => play(index, song), q: () => queue.add([song]), f: () => library.toggleFavourite(song),
      e: () => editSong(song), Delete: () => deleteSong(song),
      ".": () => menu(rows.shown.get(index)), ContextMenu: () => menu(rows.shown.get(index)),
    }
    const action = actions[event.key]
    if (!action) return
    event.preventDefault()
    event.stopPropagation()
    action()
  }

  const header = make(
    "div", { className: "song-row head", role: "row" },
    head("c-play", ""), head("c-name", t("Title")), head("c-album", t("Album")), head("c-genre", t("Genre")),
    head("c-heart", ""), head("c-length", t("Length")), head("c-more", ""))
  for (const [name, text] of [["c-play", "Play"], ["c-heart", "Favourite"], ["c-more", "More"]]) {
    header.querySelector(`.${name}`).append(make("span", { className: "hidden", textContent: t(text) }))
  }
  const rows = new Rows({
    label, source, makeRow, fill, onkey, header, rowHeight: () => (isNarrow.matches ? 60 : 54),
  })
  const refresh = () => rows.refresh()
  playerEvents.addEventListener("song", refresh)
  playerEvents.addEventListener("state", refresh)
  library.libraryEvents.addEventListener("favourites", refresh)
  isNarrow.addEventListener("change", refresh)
  return {
    node: rows.node, rows, refresh,
    close() {
      rows.close()
      playerEvents.removeEventListener("song", refresh)
      playerEvents.removeEventListener("state", refresh)
      library.libraryEvents.removeEventListener("favourites", refresh)
      isNarrow.removeEventListener("change", refresh)
    },
  }
}

/** A fixed list of songs as the source of rows. */
export function fixedSource(songs) {
  return { songs, get count() { return this.songs.length }, at(index) { return this.songs[index] }, reach() {} }
}

/** The big buttons above a list. */
export function playButtons(songs) {
  const play = (isShuffled) => async () => {
    const list = await songs()
    if (list.length === 0) return
    if (queue.isShuffled !== isShuffled) queue.setShuffled(isShuffled)
    player.play(list, isShuffled ? Math.floor(Math.random() * list.length) : 0)
  }
  const button = (name, text, kind, onclick) =>
    make("button", { type: "button", className: kind, onclick }, icon(name), make("span", { textContent: text }))
  return make(
    "div", { className: "actions" },
    button("play", t("Play"), "primary", play(false)), button("shuffle", t("Shuffle"), "", play(true)),
    button("queue", t("Add to queue"), "", async () => queue.add(await songs())))
}
