// Keeps the page itself, never music: when the Router that served it is dead or silent, a reload still opens, and goes
// on with the Routers that were learned. Browsers allow this on secure origins only, loopback among them.

const shelf = "rondo-page"
/** Milliseconds for the server; then the kept copy opens. */
const patience = 1500

const isPage = (url) => url.origin === self.location.origin && /^\/[\w.]*$/.test(url.pathname)
  && !["/healthz", "/readyz", "/metrics"].includes(url.pathname)

self.addEventListener("install", () => self.skipWaiting())
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()))

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url)
  if (event.request.method !== "GET" || !isPage(url)) return
  event.respondWith(answer(event))
})

/** The server's file, and the kept one where it does not come in time. */
async function answer(event) {
  const { request } = event
  const kept = await caches.match(request, { ignoreSearch: true })
  const fresh = load(request)
  event.waitUntil(fresh.catch(() => undefined))
  if (!kept) return fresh
  const late = new Promise((resolve) => setTimeout(resolve, patience, kept))
  return Promise.race([fresh.catch(() => kept), late])
}

async function load(request) {
  const fresh = await fetch(request, { cache: "no-cache", signal: AbortSignal.timeout(10_000) })
  // Only its own: a Data server sends listeners elsewhere.
  if (fresh.ok && !fresh.redirected) await (await caches.open(shelf)).put(request, fresh.clone())
  return fresh
}

// What was loaded before the worker was there is kept as well.
self.addEventListener("message", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(shelf)
    await Promise.all(event.data.map((path) => cache.add(path)))
  })())
})
