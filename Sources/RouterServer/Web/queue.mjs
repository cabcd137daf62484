// What plays now, what comes next, and in which order: kept over a reload.

import { shuffled } from "./routers.mjs"

const storageKey = "rondo.queue"
/** Songs that are kept for the next visit at most. */
const keptSongs = 500

let nextKey = 1

/** Repeats nothing, the whole queue, or one song. */
export const repeats = ["off", "all", "one"]

export class Queue extends EventTarget {
  constructor() {
    super()
    /** `{key, song}` in the order in which they play; a song may be in it twice. */
    this.entries = []
    this.index = -1
    this.isShuffled = false
    this.repeat = "off"
    /** The keys in the order that shuffling took away. */
    this.ordered = null
  }

  get current() { return this.entries[this.index] ?? null }

  changed() { this.dispatchEvent(new Event("change")) }

  entry(song) { return { key: nextKey++, song } }

  /** Plays these songs instead of all that was there. */
  replace(songs, index) {
    this.entries = songs.map((song) => this.entry(song))
    this.index = index
    this.ordered = null
    if (this.isShuffled) this.shuffleRest()
    this.changed()
  }

  add(songs) {
    const added = songs.map((song) => this.entry(song))
    this.entries.push(...added)
    this.ordered?.push(...added.map((entry) => entry.key))
    if (this.index < 0) this.index = 0
    this.changed()
  }

  addNext(songs) {
    const added = songs.map((song) => this.entry(song))
    const here = this.current
    this.entries.splice(this.index + 1, 0, ...added)
    this.ordered?.splice(here ? this.ordered.indexOf(here.key) + 1 : 0, 0, ...added.map((entry) => entry.key))
    if (this.index < 0) this.index = 0
    this.changed()
  }

  /** Takes one out; whether it was the current one, whose place the next one has then. */
  remove(key) {
    const index = this.entries.findIndex((entry) => entry.key === key)
    if (index < 0) return false
    const wasCurrent = index === this.index
    this.entries.splice(index, 1)
    if (this.ordered) this.ordered = this.ordered.filter((other) => other !== key)
    if (index < this.index || this.index >= this.entries.length) this.index -= 1
    this.changed()
    return wasCurrent
  }

  /** Moves the entry at one place to another. */
  move(from, to) {
    if (from === to || !this.entries[from] || to < 0 || to >= this.entries.length) return
    const here = this.current
    const [moved] = this.entries.splice(from, 1)
    this.entries.splice(to, 0, moved)
    this.index = this.entries.indexOf(here)
    this.ordered = null
    this.changed()
  }

  /** Leaves only what plays now. */
  clearRest() {
    this.entries = this.current ? [this.current] : []
    this.index = this.entries.length - 1
    this.ordered = null
    this.changed()
  }

  setShuffled(isShuffled) {
    this.isShuffled = isShuffled
    if (isShuffled) {
      this.shuffleRest()
    } else if (this.ordered) {
      const here = this.current
      const place = new Map(this.ordered.map((key, index) => [key, index]))
      this.entries.sort((a, b) => (place.get(a.key) ?? 0) - (place.get(b.key) ?? 0))
      this.index = this.entries.indexOf(here)
      this.ordered = null
    }
    this.changed()
  }

  shuffleRest() {
    this.ordered = this.entries.map((entry) => entry.key)
    const here = this.current
    const rest = shuffled(this.entries.filter((entry) => entry !== here))
    this.entries = here ? [here, ...rest] : rest
    this.index = here ? 0 : -1
  }

  setRepeat(repeat) {
    this.repeat = repeat
    this.changed()
  }

  /** What plays when the current song has ended, or null; `isAsked` where the listener pressed next. */
  following(isAsked = false) {
    if (this.repeat === "one" && !isAsked) return this.current
    if (this.index + 1 < this.entries.length) return this.entries[this.index + 1]
    return this.repeat !== "off" && this.entries.length > 0 ? this.entries[0] : null
  }

  /** Makes an entry the current one. */
  go(entry) {
    this.index = this.entries.indexOf(entry)
    this.changed()
  }

  /** Takes over what has changed of a song. */
  update(song) {
    for (const entry of this.entries) if (entry.song.id === song.id) entry.song = { ...entry.song, ...song }
    this.changed()
  }

  save(position) {
    const first = Math.max(0, Math.min(this.index - 50, this.entries.length - keptSongs))
    const kept = {
      songs: this.entries.slice(first, first + keptSongs).map((entry) => entry.song), index: this.index - first,
      position, isShuffled: this.isShuffled, repeat: this.repeat,
    }
    try { localStorage.setItem(storageKey, JSON.stringify(kept)) } catch { /* Storage is full or off. */ }
  }

  /** Takes what the last visit left; the position in the current song in seconds. */
  restore() {
    try {
      const kept = JSON.parse(localStorage.getItem(storageKey) ?? "{}")
      if (!Array.isArray(kept.songs)) return 0
      this.entries = kept.songs.map((song) => this.entry(song))
      this.index = Math.min(kept.index ?? 0, this.entries.length - 1)
      this.isShuffled = kept.isShuffled === true
      this.repeat = repeats.includes(kept.repeat) ? kept.repeat : "off"
      return Number(kept.position) || 0
    } catch { return 0 }
  }
}
