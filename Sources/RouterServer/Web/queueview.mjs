// The queue beside the library: what plays and what comes next, moved by dragging or with Alt and the arrow keys.

import { announce, element, icon, iconButton, make } from "./dom.mjs"
import { clockText, coverNode, shownArtist, songsText } from "./format.mjs"
import { player, playerEvents, queue } from "./player.mjs"
import { t } from "./words.mjs"

/** Rows that are in the document at most: what comes after them is counted. */
const shownRows = 150

/** Ends what the queue of another language listened to. */
let before = new AbortController()

export function showQueue() {
  before.abort()
  before = new AbortController()
  const { signal } = before
  const panel = element("queue-panel")
  const list = make("ol", { id: "queue-list" })
  const rest = make("p", { className: "soft" })
  const count = make("p", { className: "soft", role: "status" })
  const clear = make("button", {
    type: "button", className: "plain", textContent: t("Clear"), onclick: () => queue.clearRest(),
  })
  panel.replaceChildren(
    make("div", { className: "panel-head" }, make("h2", { textContent: t("Queue") }), clear,
      iconButton("close", t("Close the queue"), () => toggleQueue(false))),
    count, list, rest)
  let dragged = null

  function row(entry, index) {
    const { song, key } = entry
    const isCurrent = index === queue.index
    const name = make("button", {
      type: "button", className: "queue-song", "aria-current": isCurrent ? "true" : undefined,
      title: t("Alt and the arrow keys move it, Delete takes it out"),
      onclick: () => (isCurrent ? player.toggle() : player.playEntry(entry)),
      onkeydown: (event) => onkey(event, entry),
    },
    make("span", { className: "title", textContent: song.title }),
    make("span", { className: "artist", textContent: shownArtist(song.artist) }))
    const item = make(
      "li", { draggable: true, className: isCurrent ? "current" : index < queue.index ? "past" : "" },
      make("span", { className: "grip" }, icon("drag")), coverNode(song.cover, `${song.album} ${song.artist}`, "small"),
      name, make("span", { className: "clock", textContent: clockText(song.durationMs) }),
      iconButton("close", t("Take out: {title}", song), () => player.remove(key)))
    item.addEventListener("dragstart", (event) => {
      dragged = entry
      event.dataTransfer.effectAllowed = "move"
      event.dataTransfer.setData("text/plain", song.title)
    })
    item.addEventListener("dragend", () => { dragged = null })
    item.addEventListener("dragover", (event) => {
      if (!dragged) return
      event.preventDefault()
      item.classList.add("over")
    })
    item.addEventListener("dragleave", () => item.classList.remove("over"))
    item.addEventListener("drop", (event) => {
      event.preventDefault()
      if (dragged) queue.move(queue.entries.indexOf(dragged), queue.entries.indexOf(entry))
    })
    item.entry = entry
    return item
  }

  function onkey(event, entry) {
    const index = queue.entries.indexOf(entry)
    const focus = (place) => {
      const target = queue.entries[Math.max(0, Math.min(place, queue.entries.length - 1))]
      const item = [...list.children].find((item) => item.entry === target)
      item?.querySelector(".queue-song").focus()
    }
    if (event.key === "Delete" || event.key === "Backspace") {
      player.remove(entry.key)
      focus(index)
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const to = index + (event.key === "ArrowDown" ? 1 : -1)
      if (event.altKey) {
        queue.move(index, to)
        announce(t("{title} is now number {n}", { title: entry.song.title, n: queue.entries.indexOf(entry) + 1 }))
      }
      focus(to)
    } else {
      return
    }
    event.preventDefault()
    event.stopPropagation()
  }

  function refresh() {
    if (panel.hidden) return
    const focused = list.contains(document.activeElement) ? document.activeElement.closest("li")?.entry : null
    const first = Math.max(0, queue.index - 3)
    const last = Math.min(queue.entries.length, first + shownRows)
    list.replaceChildren(...queue.entries.slice(first, last).map((entry, offset) => row(entry, first + offset)))
    list.start = first + 1
    const more = queue.entries.length - last
    rest.textContent = more > 0 ? t("and {n} more", { n: more }) : ""
    count.textContent = queue.entries.length > 0 ? songsText(queue.entries.length) : t("The queue is empty.")
    clear.hidden = queue.entries.length < 2
    if (focused) [...list.children].find((item) => item.entry === focused)?.querySelector(".queue-song").focus()
  }

  queue.addEventListener("change", refresh, { signal })
  playerEvents.addEventListener("song", refresh, { signal })
  panel.addEventListener("shown", refresh, { signal })
  refresh()
}

export function toggleQueue(isShown = element("queue-panel").hidden) {
  const panel = element("queue-panel")
  panel.hidden = !isShown
  document.body.classList.toggle("with-queue", isShown)
  const button = element("queue-button")
  button.setAttribute("aria-expanded", String(isShown))
  panel.dispatchEvent(new Event("shown"))
  if (isShown) panel.querySelector("[aria-current], button")?.focus({ preventScroll: true })
  else button.focus()
}
