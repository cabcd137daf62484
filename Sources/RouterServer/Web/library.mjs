// What the listener may do with songs: favourites, playlists, editing, deleting. It knows what the cluster keeps, and
// tells everybody on the page what has changed.

import { announce, toast } from "./dom.mjs"
import { player, queue } from "./player.mjs"
import { ask } from "./routers.mjs"
import { t } from "./words.mjs"

/** Seconds in which a deletion can be taken back: it is sent after them, since a song once deleted does not return. */
const undoSeconds = 8

/** Tells "songs" (added), "changed" and "removed" (a song), "restored", "favourites" and "playlists". */
export const libraryEvents = new EventTarget()
const tell = (name, detail) => libraryEvents.dispatchEvent(new CustomEvent(name, { detail }))

/** Songs that the listener has deleted: those whose time to think has not run out are only hidden. */
const deletions = new Map()
export const isHidden = (id) => deletions.has(id)

export function songsAdded() { tell("songs") }

export async function editSong(id, fields) {
  const song = await ask(`/api/v1/songs/${id}`, { method: "PATCH", body: fields })
  queue.update(song)
  tell("changed", song)
  return song
}

/** Takes a song out of sight at once, and deletes it when nobody has taken that back. */
export function deleteSong(song) {
  let isOver = false
  const finish = async () => {
    if (isOver) return
    isOver = true
    clearTimeout(timer)
    removeToast()
    try {
      await ask(`/api/v1/songs/${song.id}`, { method: "DELETE" })
      player.forget(song.id)
      // Until every server has heard of it; the same song may be added again.
      setTimeout(() => deletions.delete(song.id), 5000)
    } catch (error) {
      if (error.status === 404) return
      restore()
      const text = t("“{title}” could not be deleted: {reason}", { title: song.title, reason: error.message })
      toast(text, { isError: true })
    }
  }
  const restore = () => {
    isOver = true
    clearTimeout(timer)
    deletions.delete(song.id)
    tell("restored", song)
    announce(t("“{title}” is back", { title: song.title }))
  }
  const timer = setTimeout(finish, undoSeconds * 1000)
  deletions.set(song.id, finish)
  tell("removed", song)
  const removeToast = toast(t("“{title}” will be deleted", { title: song.title }), {
    action: t("Undo"), onaction: restore, seconds: undoSeconds,
  })
}

// Whoever leaves the page has had time enough to think.
addEventListener("pagehide", () => { for (const finish of deletions.values()) finish() })

// Favourites and playlists, which the servers keep like the catalogue; older servers know neither.

let favourites = null
let playlists = null

export const keepsFavourites = () => favourites !== null
export const isFavourite = (id) => favourites?.has(id) ?? false
export const favouriteIDs = () => [...(favourites ?? [])]
export const allPlaylists = () => playlists

export async function loadLists() {
  const load = async (path) => {
    try { return await ask(path) } catch { return null }
  }
  const [kept, lists] = await Promise.all([load("/api/v1/favourites"), load("/api/v1/playlists")])
  favourites = Array.isArray(kept?.songs) ? new Set(kept.songs) : null
  playlists = Array.isArray(lists?.playlists) ? lists.playlists : null
  tell("favourites")
  tell("playlists")
}

export async function toggleFavourite(song) {
  if (!favourites) return
  const isAdded = !favourites.has(song.id)
  const set = (isIn) => {
    favourites = isIn ? new Set([song.id, ...favourites]) : new Set([...favourites].filter((id) => id !== song.id))
    tell("favourites")
  }
  set(isAdded)
  announce(isAdded ? t("Added to favourites") : t("Taken out of favourites"))
  try {
    await ask(`/api/v1/favourites/${song.id}`, { method: isAdded ? "PUT" : "DELETE" })
  } catch (error) {
    set(!isAdded)
    toast(error.message, { isError: true })
  }
}

async function changePlaylists(path, options) {
  const result = await ask(path, options)
  const lists = await ask("/api/v1/playlists")
  playlists = lists.playlists
  tell("playlists")
  return result
}

export const createPlaylist = (name, songs) =>
  changePlaylists("/api/v1/playlists", { method: "POST", body: { name, songs } })
export const changePlaylist = (id, change) =>
  changePlaylists(`/api/v1/playlists/${id}`, { method: "PATCH", body: change })
export const deletePlaylist = (id) => changePlaylists(`/api/v1/playlists/${id}`, { method: "DELETE" })
export const playlist = (id) => ask(`/api/v1/playlists/${id}`)
