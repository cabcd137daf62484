// The page for adding music: where files are dropped or chosen, and what became of each.

import { element, icon, make, toast } from "./dom.mjs"
import { bytesText, shownAlbum, shownArtist } from "./format.mjs"
import { libraryEvents } from "./library.mjs"
import { editSong } from "./menu.mjs"
import * as store from "./uploads.mjs"
import { t } from "./words.mjs"

const tagNames = [["artist", "Artist"], ["album", "Album"], ["genre", "Genre"], ["year", "Year"]]

export function showUploads(view) {
  const tags = {}
  const take = (input) => {
    store.addFiles(store.chosenFiles(input.files), { ...tags })
    input.value = ""
  }
  const choose = (label, properties) => {
    const input = make("input", { type: "file", className: "hidden", multiple: true, ...properties })
    input.addEventListener("change", () => take(input))
    return make("label", { className: "button" }, input, label)
  }
  const types = "audio/*,.mp3,.flac,.ogg,.oga,.opus,.m4a,.aac,.wav,.aif,.aiff"
  const fields = make("div", { className: "fields" })
  for (const [name, label] of tagNames) {
    const input = make("input", {
      maxLength: 200, inputMode: name === "year" ? "numeric" : "text",
      oninput: () => { tags[name] = input.value.trim() },
    })
    fields.append(make("label", {}, make("span", { textContent: t(label) }), input))
  }
  const whole = make("progress", { max: 1, value: 0, "aria-label": t("All uploads") })
  const summary = make("p", { className: "count", role: "status" })
  const list = make("ul", { id: "upload-list" })
  const clear = make("button", {
    type: "button", className: "plain", textContent: t("Hide what is finished"), onclick: store.clearFinished,
  })
  const all = make("div", { className: "upload-all", hidden: true }, summary, whole, clear)
  const rows = new Map()

  function refresh(upload) {
    if (upload && rows.has(upload)) fill(rows.get(upload), upload)
    else rebuild()
    const size = store.uploads.reduce((sum, upload) => sum + upload.file.size, 0)
    const sent = store.uploads.reduce((sum, upload) => sum + upload.file.size * (isOver(upload) ? 1 : upload.sent), 0)
    const done = store.uploads.filter(isOver).length
    const refused = store.uploads.filter((upload) => upload.state === "refused").length
    all.hidden = store.uploads.length === 0
    whole.value = size > 0 ? sent / size : 0
    summary.textContent = t("{n} of {all} done", { n: done, all: store.uploads.length })
      + (refused > 0 ? ` · ${t("{n} refused", { n: refused })}` : "")
    clear.hidden = done === 0
  }

  function rebuild() {
    for (const upload of [...rows.keys()].filter((upload) => !store.uploads.includes(upload))) {
      rows.get(upload).remove()
      rows.delete(upload)
    }
    for (const upload of store.uploads.filter((upload) => !rows.has(upload))) {
      const row = makeRow(upload)
      rows.set(upload, row)
      list.append(row)
    }
  }
  const listener = (event) => refresh(event.detail)
  store.uploadEvents.addEventListener("change", listener)
  view.append(
    make("div", { className: "view-head" }, make("h1", { textContent: t("Add music") })),
    make(
      "section", { className: "drop-zone" }, icon("add"),
      make("p", { textContent: t("Drop songs or whole folders anywhere on this page") }),
      make("div", { className: "actions" }, choose(t("Choose songs"), { accept: types }),
        choose(t("Choose a folder"), { webkitdirectory: true })),
      make("p", {
        className: "soft", textContent: t("MP3, FLAC, Ogg Vorbis, Opus, M4A, AAC, WAV and AIFF are welcome."),
      })),
    make("details", {}, make("summary", { textContent: t("Give all of them other tags") }), fields),
    all, list)
  refresh()
  return () => store.uploadEvents.removeEventListener("change", listener)
}

const isOver = (upload) => ["added", "known", "refused", "cancelled"].includes(upload.state)

function makeRow(upload) {
  const row = make("li", {})
  row.bar = make("progress", { max: 1, value: 0, "aria-label": t("Upload of {name}", { name: upload.file.name }) })
  row.text = make("span", { className: "state", role: "status" })
  row.song = make("span", { className: "soft" })
  row.button = make("button", { type: "button", className: "plain" })
  row.append(
    make("span", { className: "name" }, make("span", { textContent: upload.path }), row.song),
    make("span", { className: "soft", textContent: bytesText(upload.file.size) }), row.bar, row.text, row.button)
  fill(row, upload)
  return row
}

function fill(row, upload) {
  const { state, song } = upload
  row.className = state
  row.bar.hidden = isOver(upload)
  row.bar.value = upload.sent
  row.text.textContent = stateText(upload)
  row.song.textContent = song ? `${song.title} · ${shownArtist(song.artist)} · ${shownAlbum(song.album)}` : ""
  const [label, action] = state === "refused" ? [t("Try again"), () => store.retry(upload)]
    : state === "added" || state === "known" ? [t("Edit tags…"), () => edit(row, upload)]
      : state === "cancelled" ? ["", null] : [t("Cancel"), () => store.cancel(upload)]
  row.button.hidden = action === null
  row.button.textContent = label
  row.button.onclick = action
}

async function edit(row, upload) {
  const listener = (event) => {
    if (event.detail.id !== upload.song.id) return
    upload.song = event.detail
    fill(row, upload)
  }
  libraryEvents.addEventListener("changed", listener)
  await editSong(upload.song)
  libraryEvents.removeEventListener("changed", listener)
}

function stateText(upload) {
  const moved = upload.moves > 0 ? ` · ${t("moved to {host}", { host: new URL(upload.router).hostname })}` : ""
  switch (upload.state) {
    case "waiting": return t("waiting")
    case "sending": return `${Math.floor(upload.sent * 100)} %${moved}`
    case "storing": return t("making copies") + moved
    case "added": return t("added") + moved
    case "known": return t("was here already") + moved
    case "cancelled": return t("cancelled")
    default: return reasonText(upload)
  }
}

/** Why a file was refused, in the listener's language where the reason is a common one. */
function reasonText({ code, reason }) {
  const known = {
    not_audio: "This is no music that Rondo knows.",
    unsupported_format: "This is music in a format that Rondo does not know.",
    truncated: "The file ends too early: it is cut off.",
    empty_file: "The file is empty.", too_large: "The file is too large.", disk_full: "The servers' disks are full.",
    too_few_servers: "Too few servers are there to keep it safely.",
    foreign_origin: "This page may not add music.",
    collision: "Another recording has this title, artist and album already. Give this one other tags above.",
  }
  return known[code] ? t(known[code]) : reason
}

/** Lets files be dropped anywhere on the page. */
export function acceptDrops() {
  const veil = element("drop")
  let depth = 0
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files")
  addEventListener("dragenter", (event) => {
    if (!hasFiles(event)) return
    depth += 1
    veil.hidden = false
  })
  addEventListener("dragleave", (event) => {
    if (!hasFiles(event)) return
    depth -= 1
    if (depth <= 0) veil.hidden = true
  })
  addEventListener("dragover", (event) => { if (hasFiles(event)) event.preventDefault() })
  addEventListener("drop", async (event) => {
    if (!hasFiles(event)) return
    event.preventDefault()
    depth = 0
    veil.hidden = true
    const files = await store.droppedFiles(event.dataTransfer)
    if (files.length === 0) return toast(t("There is no music in what was dropped."), { isError: true })
    store.addFiles(files)
    location.hash = "#add"
  })
}
