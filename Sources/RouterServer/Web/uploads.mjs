// Uploads: several at once, each moved to another Router when its own one dies or falls silent. The same upload twice
// is one song, so that nothing has to be known of how far the first attempt came.

import { songsAdded } from "./library.mjs"
import { inOrder, failed, needToken, routerEvents, worked, writeToken } from "./routers.mjs"
import { sleep } from "./transfer.mjs"
import { t } from "./words.mjs"

/** Uploads at a time: a browser opens six connections to a server, and music needs some. */
const together = 3
/** Milliseconds without progress while a file is sent, and until all its copies are on disks. */
const sendPatience = 4000
const storePatience = 20_000
/** Attempts at each known Router before an upload counts as failed. */
const roundsAtMost = 4

/** Tells "change" with an upload, or without one where the list itself has changed. */
export const uploadEvents = new EventTarget()

/** All uploads of this visit in their order. */
export let uploads = []
let running = 0
let refreshing = 0

const tell = (upload) => uploadEvents.dispatchEvent(new CustomEvent("change", { detail: upload }))

/** Adds files; `path` of each is where it lay in a dropped folder. */
export function addFiles(files, tags = {}) {
  for (const { file, path } of files) {
    uploads.push({ file, path, tags, state: "waiting", sent: 0, router: null, moves: 0, song: null, reason: null })
  }
  tell()
  run()
}

export function cancel(upload) {
  const { request } = upload
  upload.state = "cancelled"
  request?.abort()
  tell(upload)
}

export function retry(upload) {
  Object.assign(upload, { state: "waiting", sent: 0, reason: null })
  tell(upload)
  run()
}

/** Takes what is over out of the list. */
export function clearFinished() {
  uploads = uploads.filter((upload) => ["waiting", "sending", "storing"].includes(upload.state))
  tell()
}

function run() {
  while (running < together) {
    const upload = uploads.find((upload) => upload.state === "waiting")
    if (!upload) return
    running += 1
    upload.state = "sending"
    store(upload).finally(() => {
      running -= 1
      tell(upload)
      refreshSoon()
      run()
    })
  }
}

/** The list is asked for again once for many songs, and at the end. */
function refreshSoon() {
  const isOver = !uploads.some((upload) => ["waiting", "sending", "storing"].includes(upload.state))
  const sinceLast = performance.now() - refreshing
  if (!isOver && sinceLast < 3000) return
  refreshing = performance.now()
  songsAdded()
}

async function store(upload) {
  for (let round = 0; round < roundsAtMost; round++) {
    for (const origin of inOrder()) {
      if (upload.state === "cancelled") return
      if (upload.router !== null) upload.moves += 1
      Object.assign(upload, { router: origin, sent: 0, state: "sending" })
      tell(upload)
      const { status, body } = await send(upload, origin)
      if (upload.state === "cancelled") return
      if (status === 200 || status === 201) {
        worked(origin)
        return Object.assign(upload, { state: status === 201 ? "added" : "known", song: body, sent: 1 })
      }
      upload.reason = status === 0 ? t("No Router answers.") : body?.error?.message ?? `HTTP ${status}`
      upload.code = body?.error?.code ?? ""
      if (status === 401 && await needToken()) return store(upload)
      if (status === 0) failed(origin)
      else if (status < 500) return Object.assign(upload, { state: "refused" })
    }
    await sleep(500 * 2 ** round)
  }
  upload.state = "refused"
}

function send(upload, origin) {
  return new Promise((resolve) => {
    const form = new FormData()
    for (const [name, value] of Object.entries(upload.tags)) if (value) form.append(name, value)
    form.append("file", upload.file, upload.file.name)
    // XMLHttpRequest, because fetch does not tell how far an upload has come.
    const request = new XMLHttpRequest()
    upload.request = request
    let timer
    const expect = (ms) => {
      clearTimeout(timer)
      timer = setTimeout(() => request.abort(), ms)
    }
    const gone = (event) => { if (event.detail === origin) request.abort() }
    const done = (result) => {
      clearTimeout(timer)
      routerEvents.removeEventListener("gone", gone)
      resolve(result)
    }
    routerEvents.addEventListener("gone", gone)
    request.open("POST", `${origin}/api/v1/songs`)
    if (writeToken()) request.setRequestHeader("Authorization", `Bearer ${writeToken()}`)
    request.responseType = "json"
    request.upload.addEventListener("progress", (event) => {
      upload.sent = event.loaded / event.total
      upload.state = event.loaded < event.total ? "sending" : "storing"
      expect(upload.state === "sending" ? sendPatience : storePatience)
      tell(upload)
    })
    request.addEventListener("load", () => done({ status: request.status, body: request.response }))
    for (const name of ["error", "abort"]) request.addEventListener(name, () => done({ status: 0, body: null }))
    expect(sendPatience)
    request.send(form)
  })
}

const audioName = /\.(mp3|flac|ogg|oga|opus|m4a|mp4|aac|wav|aiff?)$/i

/** The files of a drop, those of its folders among them; what no folder of music needs is left out of these. */
export async function droppedFiles(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean)
  if (entries.length === 0) return [...transfer.files].map((file) => ({ file, path: file.name }))
  const files = []
  for (const entry of entries) await collect(entry, files, entry.isFile)
  return files
}

async function collect(entry, files, isChosen) {
  if (entry.isFile) {
    if (!isChosen && !audioName.test(entry.name)) return
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject))
    files.push({ file, path: entry.fullPath.replace(/^\//, "") })
    return
  }
  const reader = entry.createReader()
  for (;;) {
    // A folder is read by the hundred.
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject))
    if (some.length === 0) return
    for (const inner of some) await collect(inner, files, false)
  }
}

/** The files of a chosen folder or of chosen files. */
export function chosenFiles(list) {
  return [...list]
    .filter((file) => !file.webkitRelativePath || audioName.test(file.name))
    .map((file) => ({ file, path: file.webkitRelativePath || file.name }))
}
