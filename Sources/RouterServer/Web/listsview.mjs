// Favourites and playlists, which every server of the cluster keeps.

import { element, make, openDialog, toast } from "./dom.mjs"
import { lengthText, songsText } from "./format.mjs"
import * as library from "./library.mjs"
import { addressOf } from "./menu.mjs"
import { player } from "./player.mjs"
import { ask } from "./routers.mjs"
import { slim } from "./songlist.mjs"
import { fixedSource, playButtons, songRows } from "./songrows.mjs"
import { t } from "./words.mjs"

/** Songs that are asked for at a time where only their ids are known. */
const together = 8

function page(view, title, kind, extraItems, buttons = []) {
  const source = fixedSource([])
  const songs = songRows({
    label: title, source, play: (index) => player.play(source.songs, index), extraItems,
  })
  const heading = make("h1", { textContent: title })
  const facts = make("p", { className: "facts", role: "status" })
  const actions = playButtons(async () => source.songs)
  actions.append(...buttons)
  view.append(
    make(
      "div", { className: "view-head" },
      make("div", {}, make("p", { className: "kind", textContent: kind }), heading, facts), actions),
    songs.node)
  view.classList.add("fills")
  return {
    source, heading, songs,
    show(list) {
      source.songs = list.filter((song) => !library.isHidden(song.id))
      facts.textContent = source.songs.length === 0
        ? t("There is nothing here yet.") : `${songsText(source.songs.length)} · ${lengthText(source.songs)}`
      songs.refresh()
    },
  }
}

export function showFavourites(view) {
  const { show, songs } = page(view, t("Favourites"), t("Playlist"), () => [])
  const cancelled = new AbortController()
  const known = new Map()

  async function refresh() {
    const ids = library.favouriteIDs()
    const missing = ids.filter((id) => !known.has(id))
    while (missing.length > 0 && !cancelled.signal.aborted) {
      await Promise.all(missing.splice(0, together).map(async (id) => {
        try { known.set(id, slim(await ask(`/api/v1/songs/${id}`, { signal: cancelled.signal }))) } catch {
          // It was deleted, or it comes the next time.
        }
      }))
    }
    show(ids.map((id) => known.get(id)).filter(Boolean))
  }
  library.libraryEvents.addEventListener("favourites", refresh)
  refresh()
  return () => {
    cancelled.abort()
    songs.close()
    library.libraryEvents.removeEventListener("favourites", refresh)
  }
}

export function showPlaylist(view, parameters) {
  const id = parameters.get("id") ?? ""
  let items = []
  const button = (label, onclick, kind = "") =>
    make("button", { type: "button", className: kind, textContent: label, onclick })
  const extraItems = (song, index) => [
    { label: t("Move up"), action: () => move(index, index - 1) },
    { label: t("Move down"), action: () => move(index, index + 1) },
    { label: t("Take out of the playlist"), action: () => change({ remove: [items[index].item] }) },
    null,
  ]
  const { show, heading, songs } = page(view, "", t("Playlist"), extraItems, [
    button(t("Rename…"), rename), button(t("Delete…"), remove, "danger"),
  ])
  let name = ""

  function take(list) {
    name = list.name
    heading.textContent = name
    items = list.items ?? items
    show(items.map((item) => slim(item.song)))
  }

  async function change(fields) {
    try {
      await library.changePlaylist(id, fields)
      take(await library.playlist(id))
    } catch (error) {
      toast(error.message, { isError: true })
    }
  }

  function move(from, to) {
    if (to < 0 || to >= items.length) return
    const order = items.map((item) => item.item)
    order.splice(to, 0, ...order.splice(from, 1))
    change({ order })
  }

  async function rename() {
    const input = make("input", { name: "name", required: true, maxLength: 200, value: name })
    const field = make("label", {}, make("span", { textContent: t("Name") }), input)
    const { pressed, values } = await openDialog(t("Rename the playlist"), field, [
      { name: "", label: t("Cancel") }, { name: "save", label: t("Save"), kind: "primary" },
    ])
    if (pressed === "save") change({ name: String(values.get("name")).trim() })
  }

  async function remove() {
    const text = make("p", { textContent: t("Its songs stay in the library.") })
    const { pressed } = await openDialog(t("Delete this playlist?"), text, [
      { name: "", label: t("Keep it") }, { name: "delete", label: t("Delete"), kind: "danger" },
    ])
    if (pressed !== "delete") return
    try {
      await library.deletePlaylist(id)
      location.hash = "#songs"
    } catch (error) {
      toast(error.message, { isError: true })
    }
  }

  library.playlist(id).then(take, (error) => toast(error.message, { isError: true }))
  return () => songs.close()
}

/** The playlists in the sidebar, where the cluster keeps any. */
export function showListLinks() {
  const lists = library.allPlaylists()
  element("lists").hidden = lists === null
  element("list-links").replaceChildren(...(lists ?? []).map((list) => make(
    "li", {}, make("a", { href: addressOf("playlist", { id: list.id }), textContent: list.name }))))
}

export async function newPlaylist() {
  const input = make("input", { name: "name", required: true, maxLength: 200 })
  const field = make("label", {}, make("span", { textContent: t("Name") }), input)
  const { pressed, values } = await openDialog(t("A new playlist"), field, [
    { name: "", label: t("Cancel") }, { name: "save", label: t("Save"), kind: "primary" },
  ])
  if (pressed !== "save") return
  try {
    const list = await library.createPlaylist(String(values.get("name")).trim(), [])
    location.hash = addressOf("playlist", { id: list.id })
  } catch (error) {
    toast(error.message, { isError: true })
  }
}
