// A song through the browser's own loading, for what its Media Source does not take: an `audio` element that is moved
// to the next Router with its position. It says nothing when a server hangs, so that a clock has to watch it.

import { failed, inOrder, worked } from "./routers.mjs"

/** Milliseconds without progress after which a Router is given up, and the longer one before the first sound. */
const patience = 1300
const firstPatience = 4000

export class PlainVoice {
  constructor(audio, { onready, onfailure }) {
    Object.assign(this, { audio, onready, onfailure })
    this.onerror = () => this.nextRouter()
    this.onplaying = () => {
      this.tries = 0
      worked(this.origin)
    }
  }

  start(song, position) {
    this.song = song
    this.tries = 0
    this.position = position
    this.audio.addEventListener("error", this.onerror)
    this.audio.addEventListener("playing", this.onplaying)
    this.load()
    this.timer = setInterval(() => this.watch(), 250)
    this.onready()
  }

  close() {
    clearInterval(this.timer)
    this.audio.removeEventListener("error", this.onerror)
    this.audio.removeEventListener("playing", this.onplaying)
  }

  seek(position) {
    this.audio.currentTime = position
    this.moved()
  }

  moved() {
    this.position = this.audio.currentTime
    this.lastMove = performance.now()
  }

  load() {
    this.origin = inOrder()[0]
    this.lastMove = performance.now()
    this.audio.src = `${this.origin}/api/v1/songs/${this.song.id}/audio`
    this.audio.currentTime = this.position
  }

  watch() {
    const { audio } = this
    if (audio.paused || audio.ended || audio.currentTime > this.position) return this.moved()
    const limit = this.position > 0 ? patience : firstPatience
    if (performance.now() - this.lastMove > limit) this.nextRouter()
  }

  nextRouter() {
    const isUnknown = this.audio.error?.code === MediaError.MEDIA_ERR_DECODE
    this.tries += 1
    const isHopeless = isUnknown || this.tries > 3 * inOrder().length + 3
    if (isHopeless) return this.onfailure(new Error("the song cannot be played"))
    const wasPaused = this.audio.paused
    failed(this.origin)
    this.load()
    if (!wasPaused || this.audio.error) this.onready()
  }
}
