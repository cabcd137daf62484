// Bytes from whichever Router has them: every Router sends the same ones under the same tag, so that a transfer which
// breaks off at one goes on at the next, at the same byte.

import { failed, inOrder, Refusal, worked } from "./routers.mjs"

/** Milliseconds without a byte after which a Router is given up. */
const patience = 1200

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** The bytes are not those that the transfer began with: whoever wants them has to begin again. */
export class Changed extends Error {}

/** One transfer, over as many Routers as it takes. */
class Transfer {
  constructor(path, { signal, onpiece, firstPatience = patience }) {
    Object.assign(this, { path, signal, onpiece, firstPatience })
    this.got = 0
    this.total = null
    this.tag = null
    this.type = null
  }

  /** Asks on and on until everything is there; throws what a Router refuses for good, and when it is cancelled. */
  async run() {
    for (let round = 0; ; round++) {
      for (const origin of inOrder()) {
        if (this.signal?.aborted) throw new DOMException("Cancelled", "AbortError")
        try {
          await this.attempt(origin)
          worked(origin)
          return
        } catch (error) {
          if (this.signal?.aborted || error instanceof Changed) throw error
          if (error instanceof Refusal && error.status < 500) throw error
          // A Router without a reachable copy is no broken Router.
          if (!(error instanceof Refusal)) failed(origin)
          console.info(`${origin}${this.path} at byte ${this.got}: ${error.message}`)
        }
      }
      await sleep(Math.min(2000, 100 * 2 ** round))
    }
  }

  async attempt(origin) {
    const own = new AbortController()
    const stop = () => own.abort()
    this.signal?.addEventListener("abort", stop)
    let timer = setTimeout(stop, this.got ? patience : this.firstPatience)
    try {
      const headers = this.got > 0 ? { Range: `bytes=${this.got}-`, "If-Range": this.tag } : {}
      const answer = await fetch(origin + this.path, { headers, signal: own.signal, cache: "no-store" })
      if (!answer.ok) throw new Refusal(answer.status, "", `answered ${answer.status}`)
      this.begin(answer)
      const reader = answer.body.getReader()
      for (;;) {
        clearTimeout(timer)
        timer = setTimeout(stop, patience)
        const { done, value } = await reader.read()
        clearTimeout(timer)
        if (done) break
        this.got += value.length
        // Whoever takes the bytes may need time; that is not the Router's fault.
        await this.onpiece(value)
      }
      if (this.total !== null && this.got < this.total) throw new Error("the connection ended early")
    } finally {
      clearTimeout(timer)
      this.signal?.removeEventListener("abort", stop)
      own.abort()
    }
  }

  begin(answer) {
    const tag = answer.headers.get("ETag")
    if (this.got > 0 && (answer.status !== 206 || tag !== this.tag)) throw new Changed("other bytes")
    if (this.got > 0) return
    const length = answer.headers.get("Content-Length")
    this.total = length === null ? null : Number(length)
    this.tag = tag
    this.type = answer.headers.get("Content-Type")
  }
}

/** Sends the bytes of `path` to `onpiece` as they come. */
export async function stream(path, options) {
  await new Transfer(path, options).run()
}

/** All bytes of `path`, and their media type. */
export async function bytes(path, options = {}) {
  for (;;) {
    const pieces = []
    const transfer = new Transfer(path, { ...options, onpiece: (piece) => { pieces.push(piece) } })
    try {
      await transfer.run()
      return { bytes: new Uint8Array(await new Blob(pieces).arrayBuffer()), type: transfer.type }
    } catch (error) {
      if (!(error instanceof Changed)) throw error
    }
  }
}

export async function text(path, options) {
  return new TextDecoder().decode((await bytes(path, options)).bytes)
}
