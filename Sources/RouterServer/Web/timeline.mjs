// Songs one behind the other in one Media Source, so that nothing is heard between them. One loop feeds it: everything
// else tells the loop what to do next, and interrupts what it waits for.

import { Changed, sleep, stream } from "./transfer.mjs"

/** Seconds that are fetched ahead: longer than it takes to give up every Router of a large cluster. */
const wantedAhead = 30
/** Seconds that stay behind, for a small step back. */
const keptBehind = 25
/** Seconds before the sound starts: a start with less ran dry at once. */
const firstAhead = 1
/** Bytes that go into the buffer at a time. */
const appendLength = 32 << 10

const Source = window.ManagedMediaSource ?? window.MediaSource

function happened(target, name) {
  return new Promise((resolve, reject) => {
    const done = (end) => () => {
      target.removeEventListener(name, good)
      target.removeEventListener("error", bad)
      end()
    }
    const good = done(resolve)
    const bad = done(() => reject(new Error(`an error instead of ${name}`)))
    target.addEventListener(name, good)
    target.addEventListener("error", bad)
  })
}

/** Where one song lies on the timeline, in seconds. */
class Span {
  constructor(track, start) {
    this.track = track
    this.start = start
    this.end = start + track.duration
  }

  /** The piece that plays `seconds` after the song's start. */
  pieceAt(seconds) {
    const index = this.track.pieces.findIndex((piece) => piece.end > seconds + 0.001)
    return index < 0 ? this.track.pieces.length : index
  }
}

export class Timeline {
  /**
   * `nextTrack` gives what follows the last track, null where nothing does, undefined where that is not known yet;
   * `onready` is called when there is enough to begin, `onfailure` when the browser does not take the bytes.
   */
  constructor(audio, { nextTrack, onready, onfailure }) {
    Object.assign(this, { audio, nextTrack, onready, onfailure })
    this.spans = []
    this.feeding = 0
    this.piece = 0
    this.isClosed = false
    this.isReady = false
    this.isComplete = false
    this.isTrimmed = true
    this.jump = null
    this.prepared = null
    this.interruption = new AbortController()
    this.wake = () => {}
  }

  /** Begins with one song at a position in seconds. */
  async start(track, position) {
    this.source = new Source()
    this.audio.disableRemotePlayback = true
    const address = URL.createObjectURL(this.source)
    this.audio.src = address
    await happened(this.source, "sourceopen")
    URL.revokeObjectURL(address)
    if (this.isClosed) return
    this.buffer = this.source.addSourceBuffer(track.type)
    this.type = track.type
    this.spans = [new Span(track, 0)]
    // Before the first seek: with an endless duration browsers clamp it to what is buffered.
    this.source.duration = track.duration
    this.piece = this.spans[0].pieceAt(position)
    if (position > 0) this.audio.currentTime = position
    this.run().catch((error) => {
      if (!this.isClosed) this.onfailure(error)
    })
  }

  close() {
    this.isClosed = true
    this.interrupt()
  }

  interrupt() {
    this.interruption.abort()
    this.wake()
  }

  /** The span that is heard now. */
  get current() {
    const now = this.audio.currentTime + 0.005
    return this.spans.findLast((span) => span.start <= now) ?? this.spans[0]
  }

  /** Goes to a position in the song that is heard now. */
  seek(position) {
    const span = this.current
    if (!span) return
    const time = span.start + Math.min(Math.max(0, position), Math.max(0, span.track.duration - 0.05))
    this.jump = { span, time }
    this.interrupt()
    this.audio.currentTime = time
  }

  /** What comes next has changed: whatever was fetched of it is taken back. */
  changeNext() {
    this.isTrimmed = false
    this.interrupt()
  }

  /** The end of what is buffered without a gap from now on. */
  bufferedEnd(time = this.audio.currentTime) {
    const ranges = this.buffer?.buffered
    for (let index = 0; index < (ranges?.length ?? 0); index++) {
      if (ranges.start(index) <= time + 0.25 && ranges.end(index) > time) return ranges.end(index)
    }
    return time
  }

  get ahead() { return this.bufferedEnd() - this.audio.currentTime }

  async run() {
    while (!this.isClosed) {
      if (this.interruption.signal.aborted) {
        this.interruption = new AbortController()
        await this.resetParser()
      }
      if (this.jump) await this.carryOutJump()
      else if (!this.isTrimmed) await this.trim()
      const span = this.spans[this.feeding]
      const piece = span.track.pieces[this.piece]
      if (this.ahead >= firstAhead || !piece) this.becomeReady()
      if (!piece) await this.endSpan(span)
      else if (this.ahead >= wantedAhead) await this.rest()
      else await this.feed(span, piece)
    }
  }

  becomeReady() {
    if (this.isReady) return
    this.isReady = true
    this.onready()
  }

  /** Waits a little, or until somebody wants something. */
  async rest() {
    const woken = new Promise((resolve) => { this.wake = resolve })
    await Promise.race([woken, sleep(250)])
    this.leapOverGap()
  }

  /** A hole of some milliseconds, as broken files have, is passed instead of waited for. */
  leapOverGap() {
    const { audio, buffer } = this
    if (audio.paused || audio.seeking || audio.readyState > 2) return
    for (let index = 0; index < buffer.buffered.length; index++) {
      const start = buffer.buffered.start(index)
      if (start > audio.currentTime && start - audio.currentTime < 1) audio.currentTime = start + 0.01
    }
  }

  async resetParser() {
    if (this.buffer.updating) await happened(this.buffer, "updateend")
    if (this.source.readyState === "open") this.buffer.abort()
  }

  async carryOutJump() {
    const { span, time } = this.jump
    this.jump = null
    this.feeding = this.spans.indexOf(span)
    const end = this.bufferedEnd(time)
    if (end > time) {
      this.piece = span.pieceAt(Math.min(end, span.end) - span.start + 0.05)
      if (end < span.end) await this.remove(end, Infinity)
    } else {
      await this.remove(0, Infinity)
      this.piece = span.pieceAt(time - span.start)
    }
    if (!(end >= span.end)) this.dropAfter(span)
  }

  dropAfter(span) {
    this.spans.length = this.spans.indexOf(span) + 1
    this.isComplete = false
    this.prepared = this.prepared === span ? span : null
  }

  /** Takes back what was fetched of songs behind the one that is heard. */
  async trim() {
    this.isTrimmed = true
    const span = this.current
    if (this.spans.at(-1) !== span) {
      await this.remove(span.end, Infinity)
      this.feeding = this.spans.indexOf(span)
      this.piece = span.track.pieces.length
    }
    this.dropAfter(span)
  }

  async remove(start, end) {
    if (this.source.readyState === "closed" || start >= this.source.duration) return
    this.buffer.remove(start, end)
    await happened(this.buffer, "updateend")
  }

  async endSpan(span) {
    if (this.feeding + 1 < this.spans.length) {
      this.feeding += 1
      this.piece = 0
      return
    }
    if (this.isComplete) return this.rest()
    const { signal } = this.interruption
    const track = await this.nextTrack(span.track, signal)
    if (signal.aborted || this.isClosed) return
    // It is too early to say.
    if (track === undefined) return this.rest()
    if (track && this.takes(track)) {
      // Where a song turns out shorter than it said, the next one begins where it ends.
      const buffered = this.bufferedEnd(Math.max(this.audio.currentTime, span.start))
      if (buffered > span.start && buffered < span.end) span.end = buffered
      this.spans.push(new Span(track, span.end))
    } else {
      this.isComplete = true
      if (this.source.readyState === "open") this.source.endOfStream()
    }
  }

  /** Whether a track can follow in the same buffer. */
  takes(track) {
    return track.type === this.type || typeof this.buffer.changeType === "function"
  }

  async feed(span, piece) {
    const { signal } = this.interruption
    let parts = []
    let length = 0
    const flush = async () => {
      if (length === 0) return
      const whole = new Uint8Array(await new Blob(parts).arrayBuffer())
      parts = []
      length = 0
      await this.append(whole)
      if (this.ahead >= firstAhead) this.becomeReady()
    }
    const onpiece = async (bytes) => {
      parts.push(bytes)
      length += bytes.length
      if (length >= appendLength) await flush()
    }
    try {
      await this.prepare(span, piece)
      await stream(piece.path, { signal, onpiece })
      await flush()
      this.piece += 1
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof Changed)) throw error
      await this.resetParser()
    }
  }

  /** Sets the buffer up for a piece: its type, its place in time, and the bounds of its song. */
  async prepare(span, piece) {
    const { track } = span
    const { buffer } = this
    if (this.prepared !== span) {
      if (track.type !== this.type) buffer.changeType(track.type)
      this.type = track.type
      if (!track.isSequence && buffer.mode !== "segments") buffer.mode = "segments"
      if (track.init) await this.append(track.init)
      this.prepared = span
    }
    buffer.timestampOffset = span.start + (track.isSequence ? piece.offset ?? piece.start : 0)
    buffer.appendWindowEnd = Infinity
    buffer.appendWindowStart = span.start
    buffer.appendWindowEnd = span.end
    if (this.source.readyState === "open" && this.source.duration < span.end) this.source.duration = span.end
  }

  async append(bytes) {
    await this.evict(keptBehind)
    for (;;) {
      try {
        this.buffer.appendBuffer(bytes)
        return await happened(this.buffer, "updateend")
      } catch (error) {
        if (error.name !== "QuotaExceededError" || this.interruption.signal.aborted) throw error
        await this.evict(3)
        await this.rest()
      }
    }
  }

  async evict(kept) {
    const { buffered } = this.buffer
    const until = this.audio.currentTime - kept
    if (buffered.length > 0 && until > 0 && buffered.start(0) < until - 5) await this.remove(0, until)
  }
}
