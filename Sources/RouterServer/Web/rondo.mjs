// The page: list, search, upload, play. Plain DOM; what comes from songs is only ever set as text.

const element = (id) => document.getElementById(id)
const audio = element("audio")
const pageSize = 100

/** Every live Router of the cluster and where this page came from; the first one is used until it fails. */
let routers = [location.origin]

function make(tag, properties = {}, ...children) {
  const node = document.createElement(tag)
  Object.assign(node, properties)
  node.append(...children)
  return node
}

function showError(text) {
  element("error").textContent = text
  element("error").hidden = !text
}

function clockText(ms) {
  const seconds = Math.round(ms / 1000)
  const two = (number) => String(number).padStart(2, "0")
  const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
  return seconds >= 3600 ? `${Math.floor(seconds / 3600)}:${rest}` : rest.replace(/^0/, "")
}

// Routers

function useCluster(cluster) {
  const live = cluster.members
    .filter((member) => member.role === "router" && member.state === "alive")
    .map((member) => `http://${member.publicHttp}`)
  const known = routers.filter((origin) => live.includes(origin) || origin === location.origin)
  const added = live.filter((origin) => !known.includes(origin))
  // In random order, so that the pages of a dead Router do not all go to the same one.
  for (let index = added.length - 1; index > 0; index--) {
    const other = Math.floor(Math.random() * (index + 1))
    ;[added[index], added[other]] = [added[other], added[index]]
  }
  routers = [...known, ...added]
}

/** Puts a Router that failed behind all others. */
function demote(router) {
  if (routers.includes(router)) routers = [...routers.filter((origin) => origin !== router), router]
}

async function refreshRouters() {
  for (const router of routers) {
    try {
      const answer = await fetch(`${router}/api/v1/cluster`, { signal: AbortSignal.timeout(2000) })
      if (answer.ok) return useCluster(await answer.json())
    } catch {
      demote(router)
    }
  }
}

/** Asks the Routers one after the other; `cancel` ends it all. */
async function ask(path, cancel) {
  let failure = new Error("No Router answers; is the cluster running?")
  for (const router of routers) {
    try {
      const limit = AbortSignal.timeout(5000)
      const answer = await fetch(router + path, { signal: cancel ? AbortSignal.any([cancel, limit]) : limit })
      const body = await answer.json()
      if (answer.ok) return body
      failure = new Error(body.error?.message ?? `The server answered ${answer.status}.`)
      if (answer.status < 500) throw failure
    } catch (error) {
      if (cancel?.aborted || error === failure) throw error
      demote(router)
    }
  }
  throw failure
}

// The list

let listing = new AbortController()
let next = null

function row(song) {
  const name = `${song.title} by ${song.artist}`
  const button = make("button", { type: "button", textContent: "▶", title: `Play ${name}` })
  button.setAttribute("aria-label", `Play ${name}`)
  button.addEventListener("click", () => play(song))
  const cell = (kind, text) => make("td", { className: kind, textContent: text })
  const line = make(
    "tr", { className: song.available ? "" : "missing" },
    make("td", { className: "play" }, button), cell("title", song.title), cell("artist", song.artist),
    cell("album", song.album), cell("number", clockText(song.durationMs)))
  line.dataset.id = song.id
  return line
}

function markPlaying() {
  for (const line of element("rows").children) {
    line.classList.toggle("playing", line.dataset.id === playing?.song.id)
  }
}

async function list({ append = false } = {}) {
  listing.abort()
  const own = (listing = new AbortController())
  const words = element("search").value.trim()
  const query = new URLSearchParams({ limit: pageSize })
  if (words) query.set("q", words)
  if (append && next) query.set("cursor", next)
  try {
    const page = await ask(`/api/v1/songs?${query}`, own.signal)
    const lines = page.songs.map(row)
    append ? element("rows").append(...lines) : element("rows").replaceChildren(...lines)
    if (append) lines[0]?.querySelector("button").focus()
    next = page.next
    const isEmpty = page.total === 0 && !words
    element("empty").hidden = !isEmpty
    element("songs").hidden = page.total === 0
    element("more").hidden = next === null
    const found = page.total === 1 ? "1 song" : `${page.total} songs`
    element("count").textContent = isEmpty ? "" : words ? `${found} found for “${words}”` : found
    showError("")
    markPlaying()
  } catch (error) {
    if (!own.signal.aborted) showError(`The songs cannot be listed: ${error.message}`)
  }
}

// Uploads, one after the other

const waiting = []
let isUploading = false

function addFiles(files) {
  for (const file of files) {
    const bar = make("progress", { max: 1, value: 0 })
    bar.setAttribute("aria-label", `Upload of ${file.name}`)
    const state = make("span", { textContent: "waiting" })
    state.setAttribute("role", "status")
    const item = make("li", {}, make("span", { className: "name", textContent: file.name }), bar, state)
    element("upload-list").append(item)
    waiting.push({ file, bar, state, item })
  }
  element("uploads").hidden = element("upload-list").children.length === 0
  if (!isUploading) uploadAll()
}

async function uploadAll() {
  isUploading = true
  while (waiting.length > 0) {
    const job = waiting.shift()
    const failure = await upload(job)
    job.bar.hidden = true
    job.item.classList.add("finished")
    job.state.classList.toggle("failed", failure !== null)
    job.state.textContent = failure ?? "added"
  }
  isUploading = false
  list()
}

/** Null when it is stored, else why not. A Router that goes away in the middle costs a retry at another one. */
async function upload(job) {
  let failure = null
  for (const router of routers) {
    const { status, message } = await send(router, job)
    if (status === 200 || status === 201) return null
    failure = message
    if (status === 0) demote(router)
    if (status !== 0 && status !== 503) return failure
  }
  return failure
}

function send(router, { file, bar, state }) {
  return new Promise((resolve) => {
    const form = new FormData()
    form.append("file", file, file.name)
    // XMLHttpRequest, because fetch does not tell how far an upload has come.
    const request = new XMLHttpRequest()
    request.open("POST", `${router}/api/v1/songs`)
    request.responseType = "json"
    request.upload.addEventListener("progress", (event) => {
      bar.value = event.loaded / event.total
      state.textContent = event.loaded < event.total ? `${Math.floor(bar.value * 100)} %` : "storing"
    })
    request.addEventListener("load", () => {
      const message = request.response?.error?.message ?? `The server answered ${request.status}.`
      resolve({ status: request.status, message })
    })
    request.addEventListener("error", () => resolve({ status: 0, message: "The connection was lost." }))
    request.send(form)
  })
}

// The player: one audio element, moved to the next Router with its position when the one in use fails

let playing = null
/** Milliseconds without a byte, while the sound waits for some, after which a Router is given up. */
const patience = 2000

function play(song) {
  playing = { song, tries: 0, router: null }
  element("player").hidden = false
  element("now").textContent = `${song.title} — ${song.artist}`
  document.title = `${song.title} — Rondo`
  if ("mediaSession" in navigator) {
    navigator.mediaSession.metadata = new MediaMetadata({
      title: song.title, artist: song.artist, album: song.album,
      artwork: song.cover ? [{ src: song.cover }] : [],
    })
  }
  markPlaying()
  showError("")
  if (audio.canPlayType(song.contentType) === "") {
    playing = null
    audio.removeAttribute("src")
    return showError(`This browser cannot play “${song.title}”: it does not know ${song.contentType}.`)
  }
  load(0)
}

function load(position) {
  playing.router = routers[0]
  audio.src = `${playing.router}/api/v1/songs/${playing.song.id}/audio`
  audio.currentTime = position
  audio.play().catch((error) => {
    if (error.name === "NotAllowedError") showError("Press play below: the browser waits for you to start the sound.")
  })
}

async function tryNextRouter() {
  const current = playing
  if (!current) return
  const position = audio.currentTime
  current.tries += 1
  if (current.tries > 2 * routers.length + 2) {
    return showError(`“${current.song.title}” cannot be played now: ${await whyNot(current.song)}`)
  }
  demote(current.router)
  if (current.tries > 1) await new Promise((done) => setTimeout(done, Math.min(2000, 250 * current.tries)))
  await refreshRouters()
  if (playing === current) load(position)
}

async function whyNot(song) {
  try {
    const { available } = await ask(`/api/v1/songs/${song.id}`)
    return available ? "the connection fails, or the browser cannot decode it." : "no server that holds it can be reached."
  } catch (error) {
    return error.message
  }
}

let watchdog = null
function watch() {
  clearTimeout(watchdog)
  watchdog = setTimeout(() => {
    if (!audio.paused && audio.readyState < HTMLMediaElement.HAVE_FUTURE_DATA) tryNextRouter()
  }, patience)
}

audio.addEventListener("error", tryNextRouter)
for (const event of ["loadstart", "waiting", "seeking", "stalled", "progress"]) audio.addEventListener(event, watch)
audio.addEventListener("playing", () => {
  clearTimeout(watchdog)
  if (playing) playing.tries = 0
})
audio.addEventListener("ended", () => {
  const lines = [...element("rows").children]
  const index = lines.findIndex((line) => line.dataset.id === playing?.song.id)
  if (index >= 0) lines[index + 1]?.querySelector("button").click()
})

// Start

let typing = null
element("search").addEventListener("input", () => {
  clearTimeout(typing)
  typing = setTimeout(list, 150)
})
element("search-form").addEventListener("submit", (event) => {
  event.preventDefault()
  clearTimeout(typing)
  list()
})
element("more").addEventListener("click", () => list({ append: true }))
element("upload").addEventListener("change", (event) => {
  addFiles(event.target.files)
  event.target.value = ""
})
element("uploads-clear").addEventListener("click", () => {
  for (const item of [...element("upload-list").querySelectorAll(".finished")]) item.remove()
  element("uploads").hidden = element("upload-list").children.length === 0
})
// The addresses of rondo up; elsewhere the page cannot know where a registry is.
const registry = location.hostname.startsWith("127.0.1.") ? "127.0.1.1" : "REGISTRY"
element("command-rondo").textContent = `rondo client ${registry} upload FOLDER`
element("command-curl").textContent = `curl -F file=@song.mp3 ${location.origin}/api/v1/songs`

list()
refreshRouters()
setInterval(refreshRouters, 5000)
