// All songs: search as you type, filters that combine, sorting, any number of them.

import { element, icon, make, toast } from "./dom.mjs"
import { songsText } from "./format.mjs"
import { isHidden, libraryEvents } from "./library.mjs"
import { addressOf } from "./menu.mjs"
import { player } from "./player.mjs"
import { SongList } from "./songlist.mjs"
import { playButtons, songRows } from "./songrows.mjs"
import { t } from "./words.mjs"

const filters = [["artist", "Artist"], ["album", "Album"], ["genre", "Genre"]]
const orders = [["title", "Title"], ["artist", "Artist"], ["album", "Album"], ["added", "Date added"]]
/** Songs around the chosen one that are put into the queue. */
const queuedBefore = 50
const queuedAfter = 450

export function showSongs(view, parameters) {
  const question = Object.fromEntries(parameters)
  let list = null
  const source = {
    get count() { return list?.count ?? 0 },
    at: (index) => list?.songs[index],
    reach: (index) => load(index),
  }
  const heading = make("h1", { textContent: t("Songs") })
  const count = make("p", { className: "count", role: "status" })
  const songs = songRows({ label: t("Songs"), source, play })
  const filterRow = make("div", { className: "filters", hidden: !filters.some(([name]) => question[name]) })
  const empty = emptyLibrary()
  const nothing = make("p", { className: "notice", hidden: true })
  const more = make("button", {
    type: "button", className: "plain", "aria-expanded": String(!filterRow.hidden),
    onclick: () => {
      filterRow.hidden = !filterRow.hidden
      more.setAttribute("aria-expanded", String(!filterRow.hidden))
      if (!filterRow.hidden) filterRow.querySelector("input").focus()
    },
  }, icon("filter"), make("span", { textContent: t("Filters") }))

  /** Asks another question; the address follows without another step in the history. */
  function change(fields) {
    Object.assign(question, fields)
    for (const name of Object.keys(question)) if (!question[name]) delete question[name]
    history.replaceState(null, "", addressOf("songs", question))
    start()
  }

  let waiting = 0
  /** Asks for what all fields say, once for many letters. */
  function typed() {
    clearTimeout(waiting)
    waiting = setTimeout(() => {
      const inputs = [...filterRow.querySelectorAll("input")]
      const fields = Object.fromEntries(inputs.map((input) => [input.dataset.field, input.value.trim()]))
      change({ ...fields, q: search.value.trim() })
    }, 120)
  }

  const search = element("search")
  search.value = question.q ?? ""
  for (const [name, label] of filters) {
    const input = make("input", {
      type: "search", value: question[name] ?? "", maxLength: 200, autocomplete: "off", "data-field": name,
      oninput: typed,
    })
    filterRow.append(make("label", {}, make("span", { textContent: t(label) }), input))
  }
  const sort = make("select", { onchange: () => change({ sort: sort.value === "title" ? "" : sort.value }) })
  for (const [name, label] of orders) sort.append(make("option", { value: name, textContent: t(label) }))
  sort.value = question.sort ?? "title"


  function start() {
    list?.close()
    list = new SongList(question)
    list.addEventListener("change", shown)
    // What was found before stays until there is an answer, so that nothing flickers while somebody types.
    const own = list
    own.reach(0).then(() => { songs.rows.node.scrollTop = 0 }, (error) => complain(own, error))
  }

  function load(index) {
    const own = list
    return own.reach(index).catch((error) => complain(own, error))
  }

  let removeComplaint = () => {}
  /** Says why there are no songs, and asks again by itself where that may help. */
  function complain(own, error) {
    if (own !== list || error.name === "AbortError") return
    const again = () => { if (own === list) load(own.wanted) }
    removeComplaint()
    removeComplaint = toast(t("The songs cannot be listed: {reason}", { reason: error.message }), {
      isError: true, action: t("Try again"), onaction: again,
    })
    if (error.status === 0 || error.status >= 500) setTimeout(again, 2000)
  }

  function shown() {
    removeComplaint()
    for (const song of list.songs.filter((song) => isHidden(song.id))) {
      // The answer came before its deletion.
      list.songs.splice(list.songs.indexOf(song), 1)
      list.total -= 1
    }
    const isAsked = Boolean(question.q || filters.some(([name]) => question[name]))
    empty.hidden = list.count > 0 || isAsked
    nothing.hidden = list.count > 0 || !isAsked
    nothing.textContent = question.q
      ? t("Nothing is found for “{words}”.", { words: question.q }) : t("Nothing is found.")
    songs.node.hidden = list.count === 0
    actions.hidden = list.count === 0
    bar.hidden = list.count === 0 && !isAsked
    count.textContent = list.count > 0 ? songsText(list.count) : ""
    songs.refresh()
  }

  function play(row, song) {
    // While an answer is awaited the rows are still those of the question before.
    const index = list.songs[row] === song ? row : list.songs.indexOf(song)
    if (index < 0) return player.play([song])
    const first = Math.max(0, index - queuedBefore)
    player.play(list.songs.slice(first, index + queuedAfter), index - first)
  }

  const bar = make(
    "div", { className: "list-bar" }, count, more,
    make("label", { className: "inline" }, make("span", { textContent: t("Sort by") }), sort))
  const actions = playButtons(() => list.all(500))
  view.append(
    make("div", { className: "view-head" }, heading, actions), bar, filterRow, empty, nothing,
    songs.node)
  view.classList.add("fills")

  search.addEventListener("input", typed)
  const removed = (event) => {
    const place = list.remove(event.detail.id)
    if (place) event.detail.place = place.index
  }
  const restored = (event) => {
    if (event.detail.place !== undefined) list.insert({ song: event.detail, index: event.detail.place })
  }
  const changed = (event) => list.update(event.detail)
  const listeners = [["songs", start], ["removed", removed], ["restored", restored], ["changed", changed]]
  for (const [name, listener] of listeners) libraryEvents.addEventListener(name, listener)
  songs.node.hidden = true
  empty.hidden = true
  start()
  return () => {
    clearTimeout(waiting)
    list.close()
    list = null
    songs.close()
    search.removeEventListener("input", typed)
    for (const [name, listener] of listeners) libraryEvents.removeEventListener(name, listener)
  }
}

function emptyLibrary() {
  const command = `rondo client ${location.hostname} upload ~/Music`
  return make(
    "section", { className: "empty", hidden: true },
    make("h2", { textContent: t("No music yet") }),
    make("p", { textContent: t("Drop songs or whole folders onto this page, or choose them:") }),
    make(
      "a", { className: "button primary", href: "#add" }, icon("add"), make("span", { textContent: t("Add music") })),
    make("p", { textContent: t("From a terminal:") }),
    make("pre", { tabIndex: 0 }, make("code", { textContent: command })),
    make("p", {
      className: "soft", textContent: t("MP3, FLAC, Ogg Vorbis, Opus, M4A, AAC, WAV and AIFF are welcome."),
    }))
}
