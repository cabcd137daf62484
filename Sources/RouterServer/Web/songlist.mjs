// The songs of one question to the library, fetched page by page as far as somebody looks: the server's cursors lead
// from each page to the next one, and what was fetched stays.

import { ask } from "./routers.mjs"

const firstPage = 100
const fullPage = 500

/** What the page needs of a song: 100,000 of them stay in memory. */
export function slim(song) {
  const { id, title, artist, album, genre, year, track, durationMs, contentType, cover, available, loudness } = song
  return { id, title, artist, album, genre, year, track, durationMs, contentType, cover, available, loudness }
}

/** The fields of a question, in the order of an address: `q`, filters and `sort`. */
export const questionFields = ["q", "title", "artist", "album", "genre", "sort"]

export class SongList extends EventTarget {
  /** `question` has some of `questionFields`. */
  constructor(question) {
    super()
    this.question = question
    this.songs = []
    this.total = null
    this.next = null
    this.wanted = 0
    this.walking = null
    this.cancelled = new AbortController()
  }

  close() { this.cancelled.abort() }

  /** The number of songs as far as it is known. */
  get count() { return this.total ?? 0 }

  /** Sees that the song at an index is there; the page walks to it however far it is. */
  reach(index) {
    this.wanted = Math.max(this.wanted, index)
    this.walking ??= this.walk().finally(() => { this.walking = null })
    return this.walking
  }

  async walk() {
    while (this.total === null || (this.next !== null && this.songs.length <= this.wanted)) {
      const query = new URLSearchParams({ limit: this.total === null ? firstPage : fullPage })
      for (const [name, value] of Object.entries(this.question)) if (value) query.set(name, value)
      if (this.next) query.set("cursor", this.next)
      const page = await ask(`/api/v1/songs?${query}`, { signal: this.cancelled.signal })
      for (const song of page.songs) this.songs.push(slim(song))
      this.total = page.next === null ? this.songs.length : Math.max(page.total, this.songs.length)
      this.next = page.next
      this.dispatchEvent(new Event("change"))
    }
  }

  /** All songs, as many as there are up to a limit. */
  async all(limit = Infinity) {
    while (this.total === null || (this.next !== null && this.songs.length < limit)) {
      await this.reach(this.songs.length)
    }
    return this.songs.slice(0, limit)
  }

  /** Takes out a song, or takes over what changed of it, without asking again. */
  remove(id) {
    const index = this.songs.findIndex((song) => song.id === id)
    if (index < 0) return null
    const [song] = this.songs.splice(index, 1)
    this.total -= 1
    this.dispatchEvent(new Event("change"))
    return { song, index }
  }

  insert({ song, index }) {
    this.songs.splice(index, 0, song)
    this.total += 1
    this.dispatchEvent(new Event("change"))
  }

  update(song) {
    const index = this.songs.findIndex((other) => other.id === song.id)
    if (index < 0) return
    this.songs[index] = slim(song)
    this.dispatchEvent(new Event("change"))
  }
}

/** The songs of exactly this album or artist: the server's filters match the beginnings of words. */
export async function exactSongs(filters, signal) {
  // A name of signs alone has no word that could be searched.
  const words = Object.entries(filters).filter(([, value]) => /[\p{L}\p{N}]/u.test(value))
  const list = new SongList({ ...Object.fromEntries(words), sort: "album" })
  signal?.addEventListener("abort", () => list.close())
  const songs = await list.all(20_000)
  return songs.filter((song) => Object.entries(filters).every(([name, value]) => song[name] === value))
}
