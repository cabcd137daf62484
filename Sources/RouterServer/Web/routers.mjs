// The Routers that this page knows: learned from the cluster, kept for the next visit, and given up for a while when
// they fail. Every request goes to the first one that is not given up.

const storageKey = "rondo.routers"
const longestBackOff = 30_000

/** Origins with how often each failed in a row, and until when it is asked last. In the order of preference. */
let routers = new Map()
/** The origins of all servers that the newest state has. */
let members = new Set()
/** Whether this page may have come through something that is no server of the cluster. */
let isProxied = true
let refreshing = null

/** Tells "learned" with the cluster's state, and "gone" with the origin of a Router that is no more. */
export const routerEvents = new EventTarget()

function restore() {
  let origins = []
  try {
    const kept = JSON.parse(localStorage.getItem(storageKey) ?? "[]")
    if (Array.isArray(kept)) origins = kept.filter((origin) => /^https?:\/\/[^/]+$/.test(origin))
  } catch { /* What cannot be read is learned again. */ }
  for (const origin of [location.origin, ...origins]) routers.set(origin, { failures: 0, until: 0 })
}
restore()

/** All known Routers: those that work first, in the order of preference. */
export function inOrder() {
  const now = performance.now()
  const rest = (origin) => Math.max(0, routers.get(origin).until - now)
  return [...routers.keys()].sort((a, b) => rest(a) - rest(b))
}

/** An origin that failed is asked last for 2, 4, 8 … seconds. */
export function failed(origin) {
  const router = routers.get(origin)
  if (!router) return
  router.failures += 1
  router.until = performance.now() + Math.min(longestBackOff, 1000 * 2 ** router.failures)
  refreshSoon()
}

/** What works is used further: the page stays with one Router until it fails. */
export function worked(origin) {
  const router = routers.get(origin)
  if (!router) return
  router.failures = 0
  router.until = 0
}

/** Where a server of the cluster is reached: with this page's own scheme, which mixed content would break. */
export const originOf = (member) => `${location.protocol}//${member.publicHttp}`

/** Takes the list of Routers from the cluster's state. */
export function learn(cluster) {
  const live = cluster.members
    .filter((member) => member.role === "router" && member.state === "alive")
    .map(originOf)
  const present = cluster.members.map(originOf)
  for (const origin of members) {
    if (!present.includes(origin)) routerEvents.dispatchEvent(new CustomEvent("gone", { detail: origin }))
  }
  members = new Set(present)
  if (live.length === 0) return
  const before = routers
  routers = new Map()
  const keep = (origin) => routers.set(origin, before.get(origin) ?? { failures: 0, until: 0 })
  // An origin that never was a server's stands before all of them, as a proxy does.
  if (present.includes(location.origin)) isProxied = false
  // Those in use stay in front; new ones come in random order, so that a dead Router's pages do not all move to one.
  for (const origin of before.keys()) {
    if (live.includes(origin) || (isProxied && origin === location.origin)) keep(origin)
  }
  for (const origin of shuffled(live)) if (!routers.has(origin)) keep(origin)
  if (!routers.has(location.origin)) keep(location.origin)
  try { localStorage.setItem(storageKey, JSON.stringify([...routers.keys()])) } catch { /* Storage is full or off. */ }
  routerEvents.dispatchEvent(new CustomEvent("learned", { detail: cluster }))
}

export function shuffled(items) {
  const result = [...items]
  for (let index = result.length - 1; index > 0; index--) {
    const other = Math.floor(Math.random() * (index + 1))
    ;[result[index], result[other]] = [result[other], result[index]]
  }
  return result
}

/** Asks for the cluster's state soon, once for many reasons. */
export function refreshSoon() {
  refreshing ??= setTimeout(async () => {
    try {
      learn(await ask("/api/v1/cluster"))
    } catch { /* The next time. */ }
    refreshing = null
  }, 700)
}

/** What a server says when it does not do what it was asked. */
export class Refusal extends Error {
  constructor(status, code, message) {
    super(message)
    this.status = status
    this.code = code
  }
}

async function refusal(answer) {
  let error = {}
  try { error = (await answer.json()).error ?? {} } catch { /* No JSON: the status has to do. */ }
  return new Refusal(answer.status, error.code ?? "", error.message ?? `The server answered ${answer.status}.`)
}

const tokenKey = "rondo.token"
/** Asks the listener for the cluster's write token; set by the page. */
let tokenDialog = async () => ""
export function setTokenDialog(dialog) { tokenDialog = dialog }
export const writeToken = () => sessionStorage.getItem(tokenKey) ?? ""

/** Asks for a token once; whether there is a new one. */
export async function needToken() {
  const token = await tokenDialog()
  if (token) sessionStorage.setItem(tokenKey, token)
  return Boolean(token)
}

/**
 * Sends one request to the Routers, one after the other, until one has answered; returns the JSON, or null for 204.
 * All that the page sends may be sent twice, so it goes on whatever became of it at the Router before.
 */
export async function ask(path, { method = "GET", body, signal, patience } = {}) {
  const isRead = method === "GET"
  let failure = new Refusal(0, "no_router", "No Router answers.")
  for (const limit of patience ? [patience, patience] : isRead ? [1500, 4000] : [4000, 10_000]) {
    for (const origin of inOrder()) {
      const own = new AbortController()
      const stop = () => own.abort()
      if (signal?.aborted) throw new DOMException("Cancelled", "AbortError")
      signal?.addEventListener("abort", stop)
      const timer = setTimeout(stop, limit)
      try {
        const headers = body ? { "Content-Type": "application/json" } : {}
        if (!isRead && writeToken()) headers.Authorization = `Bearer ${writeToken()}`
        const answer = await fetch(origin + path, {
          method, headers, body: body ? JSON.stringify(body) : undefined, signal: own.signal, cache: "no-cache",
          keepalive: !isRead,
        })
        if (answer.ok) {
          const result = answer.status === 204 ? null : await answer.json()
          worked(origin)
          return result
        }
        failure = await refusal(answer)
        if (failure.status === 401 && !isRead && await needToken()) return ask(path, { method, body, signal })
        if (failure.status < 500) throw failure
      } catch (error) {
        if (error === failure || signal?.aborted) throw error
        failed(origin)
      } finally {
        clearTimeout(timer)
        signal?.removeEventListener("abort", stop)
      }
    }
  }
  throw failure
}
