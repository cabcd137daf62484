// The player: takes the queue's songs to the one audio element, through a Media Source wherever that can be.

import { element } from "./dom.mjs"
import { PlainVoice } from "./plain.mjs"
import { Queue } from "./queue.mjs"
import { Refusal } from "./routers.mjs"
import { Timeline } from "./timeline.mjs"
import { NoTrack, openTrack } from "./track.mjs"

export const audio = element("audio")
export const queue = new Queue()
const volumeKey = "rondo.volume"
/** LUFS to which louder songs are brought down; nothing is made louder, so that nothing is clipped. */
const wantedLoudness = -18

/** Tells "song", "state" and "trouble" (a song that cannot be played, with its reason). */
export const playerEvents = new EventTarget()
const tell = (name, detail) => playerEvents.dispatchEvent(new CustomEvent(name, { detail }))

/** What brings the sound: a `Timeline` or a `PlainVoice`, or null before the first song. */
let voice = null
let opening = new AbortController()
let wantsPlay = false
let volume = 1
let isMuted = false
/** The position at which the last visit ended, until something plays. */
let restored = 0
/** The entries behind the tracks of the timeline. */
const entryOfTrack = new WeakMap()
/** Which entry the timeline was given as the next one; undefined where it was not asked yet. */
let given

export const player = {
  get song() { return queue.current?.song ?? null },
  get isPlaying() { return wantsPlay },
  get isWaiting() { return wantsPlay && (voice === null || audio.readyState < 3) },
  get duration() { return (queue.current?.song.durationMs ?? 0) / 1000 },
  get volume() { return volume },
  get isMuted() { return isMuted },
  get position() {
    if (voice === null) return restored
    const start = voice instanceof Timeline ? voice.current?.start ?? 0 : 0
    return Math.max(0, Math.min(audio.currentTime - start, this.duration || Infinity))
  },
  /** Seconds that are there from now on, for this song. */
  get ready() { return voice instanceof Timeline ? Math.max(0, voice.ahead) : 0 },

  /** Plays these songs from one of them on. */
  play(songs, index = 0) {
    if (!songs[index]) return
    queue.replace(songs, index)
    open(queue.current, 0)
  },

  playEntry(entry) {
    queue.go(entry)
    open(entry, 0)
  },

  resume() {
    if (!queue.current) return
    wantsPlay = true
    if (voice === null) open(queue.current, restored)
    else if (audio.ended) open(queue.current, 0)
    else start()
    tell("state")
  },

  pause() {
    wantsPlay = false
    audio.pause()
    save()
    tell("state")
  },

  toggle() { return wantsPlay ? this.pause() : this.resume() },

  next() {
    const entry = queue.following(true)
    if (entry) this.playEntry(entry)
  },

  /** The song's start, or the song before where it has hardly begun. */
  previous() {
    if (this.position > 3 || queue.index <= 0) return this.seek(0)
    this.playEntry(queue.entries[queue.index - 1])
  },

  seek(position) {
    const place = Math.max(0, Math.min(position, this.duration))
    if (voice === null) restored = place
    else voice.seek(place)
    tell("seek")
    save()
  },

  setVolume(value) {
    volume = Math.max(0, Math.min(1, value))
    isMuted = false
    setLevel()
  },

  toggleMute() {
    isMuted = !isMuted
    setLevel()
  },

  /** Forgets a song that is no more; plays on with the next one where it was the current one. */
  forget(id) {
    for (const entry of queue.entries.filter((entry) => entry.song.id === id)) this.remove(entry.key)
  },

  remove(key) {
    if (!queue.remove(key)) return
    if (queue.current && wantsPlay) open(queue.current, 0)
    else stop()
  },
}

function stop() {
  close()
  wantsPlay = false
  restored = 0
  tell("song")
  tell("state")
}

function close() {
  opening.abort()
  voice?.close()
  voice = null
}

async function open(entry, position) {
  close()
  const own = (opening = new AbortController())
  wantsPlay = true
  restored = position
  given = undefined
  audio.pause()
  setLevel()
  tell("song")
  tell("state")
  try {
    const track = await openTrack(entry.song, own.signal)
    if (own.signal.aborted) return
    entryOfTrack.set(track, entry)
    const timeline = new Timeline(audio, {
      nextTrack, onready: start, onfailure: (error) => useElement(queue.current, player.position, error),
    })
    voice = timeline
    await timeline.start(track, position)
  } catch (error) {
    if (own.signal.aborted) return
    if (error instanceof Refusal && error.code !== "no_segments" && error.status === 404) return giveUp(error)
    useElement(entry, position, error)
  }
}

/** The browser's own loading, where its Media Source does not take a song. */
function useElement(entry, position, reason) {
  if (!(reason instanceof NoTrack)) console.warn(`Media Source gave up: ${reason.message}`)
  close()
  if (audio.canPlayType(entry.song.contentType) === "") return giveUp(new NoTrack(entry.song.contentType))
  voice = new PlainVoice(audio, { onready: start, onfailure: giveUp })
  voice.start(entry.song, position)
}

function giveUp(error) {
  const { song } = player
  const next = queue.following(true)
  close()
  tell("trouble", { song, error })
  if (next && next !== queue.current && queue.index + 1 < queue.entries.length) player.playEntry(next)
  else stop()
}

function start() {
  if (!wantsPlay) return
  audio.play().catch((error) => {
    // The browser wants to see a hand first.
    if (error.name !== "NotAllowedError") return
    wantsPlay = false
    tell("state")
  })
}

/** What the timeline is to play behind its last track: null where it has to end there, undefined where that is open. */
async function nextTrack(last, signal) {
  // A short song is fetched to its end before it is heard.
  if (entryOfTrack.get(last) !== queue.current) return undefined
  const entry = queue.following()
  given = entry
  if (!entry) return null
  try {
    const track = await openTrack(entry.song, signal)
    entryOfTrack.set(track, entry)
    return track
  } catch {
    // It is tried again, and its trouble told, when its turn comes.
    return null
  }
}

function setLevel() {
  const loudness = player.song?.loudness
  const gain = typeof loudness === "number" ? Math.min(1, 10 ** ((wantedLoudness - loudness) / 20)) : 1
  audio.volume = volume * gain
  audio.muted = isMuted
  try { localStorage.setItem(volumeKey, JSON.stringify({ volume, isMuted })) } catch { /* Storage is full or off. */ }
  tell("volume")
}

/** Sees that the timeline has gone on to the next song. */
function follow() {
  if (!(voice instanceof Timeline)) return
  const track = voice.current?.track
  const entry = track && entryOfTrack.get(track)
  if (!entry || track === voice.heard) return
  const isFirst = voice.heard === undefined
  voice.heard = track
  if (isFirst) return
  given = undefined
  queue.go(entry)
  setLevel()
  tell("song")
  save()
}

export function save() { queue.save(player.position) }

audio.addEventListener("timeupdate", () => {
  follow()
  tell("time")
})
for (const name of ["waiting", "playing", "seeked", "canplay"]) audio.addEventListener(name, () => tell("state"))
audio.addEventListener("error", () => {
  if (voice instanceof Timeline && audio.error) voice.onfailure(new Error(audio.error.message))
})
audio.addEventListener("pause", () => {
  // The browser or the system paused, as when headphones are pulled out; the end of a song pauses as well.
  if (!wantsPlay || audio.ended || audio.error || audio.readyState === 0 || voice === null) return
  if (voice instanceof Timeline && !voice.isReady) return
  wantsPlay = false
  tell("state")
})
audio.addEventListener("ended", () => {
  const entry = queue.following()
  if (entry) return player.playEntry(entry)
  wantsPlay = false
  save()
  tell("state")
})
queue.addEventListener("change", () => {
  if (voice instanceof Timeline && given !== undefined && given !== queue.following()) {
    given = undefined
    voice.changeNext()
  }
  save()
})
addEventListener("pagehide", save)
setInterval(() => { if (wantsPlay) save() }, 5000)

/** Takes up what the last visit left: paused, since browsers want a hand to start the sound. */
export function restore() {
  restored = queue.restore()
  try {
    const kept = JSON.parse(localStorage.getItem(volumeKey) ?? "{}")
    if (typeof kept.volume === "number") volume = Math.max(0, Math.min(1, kept.volume))
    isMuted = kept.isMuted === true
  } catch { /* What cannot be read is not kept. */ }
  setLevel()
  tell("song")
  tell("state")
}
