// Albums, artists and genres, and the pages of one album or artist.

import { iconButton, make, toast } from "./dom.mjs"
import { coverNode, lengthText, numberText, shownAlbum, shownArtist, songsText } from "./format.mjs"
import { libraryEvents } from "./library.mjs"
import { addressOf } from "./menu.mjs"
import { player } from "./player.mjs"
import { ask } from "./routers.mjs"
import { exactSongs } from "./songlist.mjs"
import { fixedSource, playButtons, songRows } from "./songrows.mjs"
import { t } from "./words.mjs"

/** Groups of one page of the server's. */
const pageLength = 200

/** Lists all groups of a kind, fetching on as the end comes into sight. */
function groupList(view, kind, title, makeItem, className) {
  const count = make("p", { className: "count", role: "status" })
  const list = make("ul", { className })
  const end = make("div", { className: "list-end" })
  const cancelled = new AbortController()
  let next = null
  let isLoading = false
  let isDone = false
  let shown = 0

  async function load() {
    if (isLoading || isDone) return
    isLoading = true
    try {
      const query = new URLSearchParams({ limit: pageLength })
      if (next) query.set("cursor", next)
      const page = await ask(`/api/v1/${kind}?${query}`, { signal: cancelled.signal })
      for (const group of page[kind]) list.append(make("li", {}, makeItem(group)))
      shown += page[kind].length
      next = page.next
      isDone = next === null
      const number = numberText(shown)
      count.textContent = isDone ? number : t("{n} so far", { n: number })
      isLoading = false
      if (!isDone) {
        // Asked again, since an end that stays in sight tells nothing.
        sight.unobserve(end)
        sight.observe(end)
      }
    } catch (error) {
      isLoading = false
      if (!cancelled.signal.aborted) toast(error.message, { isError: true, action: t("Try again"), onaction: load })
    }
  }

  const sight = new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting)) load()
  }, { rootMargin: "600px" })
  sight.observe(end)
  view.append(make("div", { className: "view-head" }, make("h1", { textContent: title }), count), list, end)
  return () => {
    cancelled.abort()
    sight.disconnect()
  }
}

function albumCard(album) {
  const name = shownAlbum(album.album ?? album.name)
  const by = shownArtist(album.artist ?? "")
  const address = addressOf("album", { album: album.album ?? album.name, artist: album.artist })
  const play = iconButton("play", t("Play {title}", { title: name }), async () => {
    player.play(await albumSongs(album.album ?? album.name, album.artist))
  })
  play.classList.add("card-play")
  return make(
    "div", { className: "card" },
    make(
      "a", { href: address },
      coverNode(album.cover, `${album.album ?? album.name} ${album.artist}`, "large"),
      make("span", { className: "card-name", textContent: name }),
      make("span", { className: "card-by", textContent: [album.year, by].filter(Boolean).join(" · ") })),
    play)
}

const nameLink = (view, field) => (group) => make(
  "a", { className: "name-link", href: addressOf(view, { [field]: group.name }) },
  make("span", { textContent: field === "artist" ? shownArtist(group.name) : group.name }),
  make("span", { className: "soft", textContent: songsText(group.songs) }))

export const showAlbums = (view) => groupList(view, "albums", t("Albums"), albumCard, "cards")
export const showArtists = (view) =>
  groupList(view, "artists", t("Artists"), nameLink("artist", "artist"), "names-list")
export const showGenres = (view) =>
  groupList(view, "genres", t("Genres"), nameLink("songs", "genre"), "names-list")

const byTrack = (a, b) => (a.track ?? 9999) - (b.track ?? 9999) || a.title.localeCompare(b.title)

async function albumSongs(album, artist, signal) {
  return (await exactSongs(artist ? { album, artist } : { album }, signal)).sort(byTrack)
}

/** The songs of an album or artist below a head of their own. */
function songPage(view, { kind, title, under, words, load }) {
  const cancelled = new AbortController()
  const source = fixedSource([])
  const songs = songRows({ label: title, source, play: (index) => player.play(source.songs, index) })
  const cover = make("div", { className: "head-cover" })
  const facts = make("p", { className: "facts", role: "status" })
  view.append(
    make(
      "div", { className: "big-head" }, cover,
      make("div", {}, make("p", { className: "kind", textContent: kind }), make("h1", { textContent: title }), under,
        facts, playButtons(async () => source.songs))),
    songs.node)
  view.classList.add("fills")

  async function refresh() {
    try {
      source.songs = await load(cancelled.signal)
      const first = source.songs.find((song) => song.cover)
      cover.replaceChildren(coverNode(first?.cover, words, "head"))
      const years = source.songs.map((song) => song.year).filter(Boolean)
      const year = years.length > 0 ? String(Math.max(...years)) : null
      facts.textContent = [year, songsText(source.songs.length), lengthText(source.songs)].filter(Boolean).join(" · ")
      songs.refresh()
    } catch (error) {
      if (!cancelled.signal.aborted) toast(error.message, { isError: true, action: t("Try again"), onaction: refresh })
    }
  }
  const names = ["songs", "changed", "restored"]
  for (const name of names) libraryEvents.addEventListener(name, refresh)
  const removed = (event) => {
    source.songs = source.songs.filter((song) => song.id !== event.detail.id)
    songs.refresh()
  }
  libraryEvents.addEventListener("removed", removed)
  refresh()
  return () => {
    cancelled.abort()
    songs.close()
    for (const name of names) libraryEvents.removeEventListener(name, refresh)
    libraryEvents.removeEventListener("removed", removed)
  }
}

export function showAlbum(view, parameters) {
  const album = parameters.get("album") ?? ""
  const artist = parameters.get("artist") ?? ""
  const under = make("p", {}, make("a", { href: addressOf("artist", { artist }), textContent: shownArtist(artist) }))
  return songPage(view, {
    kind: t("Album"), title: shownAlbum(album), under, words: `${album} ${artist}`,
    load: (signal) => albumSongs(album, artist, signal),
  })
}

export function showArtist(view, parameters) {
  const artist = parameters.get("artist") ?? ""
  return songPage(view, {
    kind: t("Artist"), title: shownArtist(artist), under: null, words: artist,
    load: (signal) => exactSongs({ artist }, signal),
  })
}

