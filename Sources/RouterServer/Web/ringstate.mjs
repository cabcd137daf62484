// What the ring's servers tell, put together: each is listened to by itself, so that no server's death is missed. What
// one of them says of the ring is the newest word; what it says of itself (its process, load and chunks) stays.

import { ask, learn, originOf } from "./routers.mjs"

/** Milliseconds before a server that broke off is listened to again, growing up to the longest. */
const firstPause = 500
const longestPause = 8000
/** Milliseconds for which a server that is gone is still drawn. */
const ghostTime = 60_000
/** Events that are kept. */
const keptEvents = 400

export class RingState extends EventTarget {
  constructor() {
    super()
    /** The newest state of the whole; null before the first. */
    this.cluster = null
    /** By server id: what it said of itself. */
    this.selves = new Map()
    /** By server id: when it was gone, and how it was then. */
    this.ghosts = new Map()
    /** In the order of their times. */
    this.events = []
    this.seen = new Set()
    /** By server id: `{source, pause, timer}`. */
    this.lines = new Map()
    this.tellsEvents = false
    this.isClosed = false
  }

  async open() {
    try {
      this.take(await ask("/api/v1/cluster"))
    } catch {
      this.dispatchEvent(new Event("change"))
    }
    if (!this.isClosed) this.timer = setInterval(() => this.look(), 2000)
  }

  close() {
    this.isClosed = true
    clearInterval(this.timer)
    for (const id of [...this.lines.keys()]) this.hangUp(id)
  }

  /** Servers whose events arrive now. */
  get listening() { return [...this.lines.values()].filter((line) => line.isOpen).length }

  /** Asks anybody where nobody tells anything, and forgets ghosts. */
  async look() {
    const now = Date.now()
    for (const [id, ghost] of this.ghosts) if (now - ghost.at > ghostTime) this.ghosts.delete(id)
    if (this.listening === 0) {
      try { this.take(await ask("/api/v1/cluster")) } catch { /* The next time. */ }
    }
  }

  take(cluster) {
    if (this.isClosed || !Array.isArray(cluster.members)) return
    const before = this.cluster
    this.selves.set(cluster.self, {
      songs: cluster.songs, bytes: cluster.bytes, process: cluster.process, load: cluster.load,
      replication: cluster.replication,
    })
    // A server that has just come back may know less than the others.
    if (before && cluster.epoch < before.epoch) return this.dispatchEvent(new Event("change"))
    this.cluster = cluster
    this.noteGhosts(before, cluster)
    if (before && !this.tellsEvents) this.derive(before, cluster)
    learn(cluster)
    this.listen()
    this.dispatchEvent(new Event("change"))
  }

  noteGhosts(before, cluster) {
    const there = new Set(cluster.members.filter(isThere).map((member) => member.id))
    for (const member of before?.members ?? []) {
      if (isThere(member) && !there.has(member.id)) this.ghosts.set(member.id, { at: Date.now(), member })
    }
    for (const id of there) this.ghosts.delete(id)
  }

  /** Opens a line to every live server that has none. */
  listen() {
    const live = new Map(this.cluster.members.filter(isThere).map((member) => [member.id, member]))
    for (const id of [...this.lines.keys()]) if (!live.has(id)) this.hangUp(id)
    for (const [id, member] of live) {
      const line = this.lines.get(id)
      if (line && line.incarnation === member.incarnation) continue
      this.hangUp(id)
      this.dial(id, member, firstPause)
    }
  }

  hangUp(id) {
    const line = this.lines.get(id)
    clearTimeout(line?.timer)
    line?.source.close()
    this.lines.delete(id)
  }

  dial(id, member, pause) {
    const source = new EventSource(`${originOf(member)}/api/v1/cluster/events`)
    const line = { source, isOpen: false, incarnation: member.incarnation }
    this.lines.set(id, line)
    source.onopen = () => {
      line.isOpen = true
      line.since = Date.now()
    }
    source.onmessage = (event) => this.take(JSON.parse(event.data))
    source.addEventListener("ring", (event) => this.takeEvent(JSON.parse(event.data)))
    source.onerror = () => {
      source.close()
      line.isOpen = false
      // Not the browser's own patience: a server that lives is listened to at once, a broken one less and less.
      const next = Date.now() - (line.since ?? Date.now()) > 10_000 ? firstPause : Math.min(longestPause, pause * 2)
      line.timer = setTimeout(() => {
        if (!this.isClosed && this.lines.get(id) === line) this.dial(id, member, next)
      }, pause)
      this.dispatchEvent(new Event("change"))
    }
  }

  /** One of the events that servers name themselves; each server's numbers make it known once. */
  takeEvent(event) {
    this.tellsEvents = true
    const key = `${event.server} ${event.number} ${event.at}`
    if (this.seen.has(key)) return
    this.seen.add(key)
    this.add({ ...event, time: Date.parse(event.at) || Date.now() })
  }

  add(event) {
    const isNew = Date.now() - event.time < 5000
    let place = this.events.length
    while (place > 0 && this.events[place - 1].time > event.time) place -= 1
    this.events.splice(place, 0, event)
    if (this.events.length > keptEvents) this.events.shift()
    this.dispatchEvent(new CustomEvent("event", { detail: { event, isNew } }))
  }

  /** What happened between two states, for servers that tell no events. */
  derive(before, cluster) {
    const now = Date.now()
    const note = (kind, about, more = {}) => this.add({ kind, about, server: cluster.self, time: now, ...more })
    const old = new Map(before.members.map((member) => [member.id, member]))
    for (const member of cluster.members) {
      const was = old.get(member.id)
      const isNew = !was || !isThere(was)
      if (isNew && isThere(member)) note(was ? "returned" : "joined", member.id, { members: cluster.members.length })
      if (!was) continue
      if (was.role !== member.role && isThere(member)) note("roleTaken", member.id, { role: member.role })
      if (was.state === member.state) continue
      if (member.state === "suspect") note("suspected", member.id)
      else if (member.state === "dead") note("died", member.id)
      else if (member.state === "left") note("left", member.id)
      else if (was.state === "suspect" && member.state === "alive") note("cleared", member.id)
    }
    const ids = new Set(cluster.members.map((member) => member.id))
    for (const [id, was] of old) if (isThere(was) && !ids.has(id)) note("died", id)
    const { under } = cluster.replication
    if (before.replication.under === 0 && under > 0) note("repairBegan", null, { copies: under })
    if (before.replication.under > 0 && under === 0) note("repairEnded", null)
  }
}

/** Whether a member has a place in the ring. */
export const isThere = (member) => ["alive", "suspect", "leaving"].includes(member.state)

/** The wanted number of Data servers for so many: 2 to 3, as the spec has it. */
export function wantedData(servers) {
  if (servers <= 1) return servers
  if (servers === 2) return 1
  return Math.max(2, Math.round(servers * 0.4))
}
