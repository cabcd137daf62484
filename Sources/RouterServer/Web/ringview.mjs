// The ring, live: a picture, every server in a table, what happens in words, and what all of it means.

import { announce, make, toast } from "./dom.mjs"
import { bytesText, numberText, songsText } from "./format.mjs"
import { RingPicture } from "./ringdraw.mjs"
import { sentence, weight } from "./ringlog.mjs"
import { isThere, RingState, wantedData } from "./ringstate.mjs"
import { t } from "./words.mjs"

/** Sentences that are shown. */
const shownSentences = 60

export function showRing(view) {
  const state = new RingState()
  let chosen = null
  const picture = new RingPicture((id) => choose(id))
  const line = make("p", { className: "count", role: "status" })
  const table = make("tbody")
  const log = make("ol", { id: "ring-log", "aria-label": t("What happens") })
  const card = make("div", { id: "ring-card", hidden: true })
  const nothing = make("p", { className: "soft", textContent: t("Nothing has happened since you are here.") })

  const name = (id) => {
    const member = state.cluster?.members.find((member) => member.id === id) ?? state.ghosts.get(id)?.member
    return member?.address ?? `${String(id).slice(0, 8)}…`
  }

  function loadOf(id) {
    const self = state.selves.get(id)
    if (!self) return ""
    const { load } = self
    if (!load) return bytesText(self.bytes ?? 0)
    return `${t("{n} chunks", { n: numberText(load.chunks) })}${load.streams > 0 ? ` · ${load.streams} ♪` : ""}`
  }

  function choose(id) {
    chosen = chosen === id ? null : id
    refresh()
  }

  let isDrawing = false
  function refresh() {
    if (isDrawing) return
    isDrawing = true
    requestAnimationFrame(() => {
      isDrawing = false
      if (state.cluster) draw()
    })
  }

  function draw() {
    const { cluster } = state
    const there = cluster.members.filter(isThere)
    picture.draw(state, chosen, loadOf)
    const wanted = wantedData(there.length)
    const isBalanced = cluster.counts.data === wanted
    line.textContent = [
      t("{n} servers", { n: there.length }), songsText(cluster.songs),
      isBalanced ? t("roles in balance") : t("wanted: {d} Data, {r} Router", { d: wanted, r: there.length - wanted }),
      t("listening to {n}", { n: state.listening }),
    ].join(" · ")
    table.replaceChildren(...[...cluster.members].sort((a, b) => (a.id < b.id ? -1 : 1)).map(tableRow))
    showCard()
  }

  function tableRow(member) {
    const self = state.selves.get(member.id)
    const cell = (...content) => make("td", {}, ...content)
    const pid = isThere(member) ? self?.process?.pid : null
    const pick = make("button", {
      type: "button", className: "plain", textContent: member.address, "aria-pressed": String(member.id === chosen),
      onclick: () => choose(member.id),
    })
    const kill = pid ? make("button", {
      type: "button", className: "plain code", textContent: `kill -9 ${pid}`, title: t("Copy this command"),
      onclick: () => copy(`kill -9 ${pid}`),
    }) : "–"
    const follows = member.successors.map(name).join(", ") || "–"
    return make(
      "tr", { className: `${member.role} ${member.state}`, "data-id": member.id },
      make("th", { scope: "row" }, pick),
      cell(make("span", { className: `badge ${member.role}`, textContent: member.role === "data" ? "D" : "R" }),
        ` ${t(member.role === "data" ? "Data" : "Router")}`),
      cell(t(member.state)), cell(follows), cell(self?.load ? numberText(self.load.chunks) : "–"),
      cell(self ? capacityText(self) : "–"), cell(self?.load ? String(self.load.streams) : "–"), cell(kill))
  }

  const capacityText = (self) => (self.load?.capacity
    ? t("{a} of {b}", { a: bytesText(self.bytes ?? 0), b: bytesText(self.load.capacity) }) : bytesText(self.bytes ?? 0))

  function showCard() {
    const member = state.cluster.members.find((member) => member.id === chosen)
    card.hidden = !member
    if (!member) return
    const self = state.selves.get(member.id)
    const facts = [
      [t("Id"), member.id], [t("State"), t(member.state)], [t("Incarnation"), String(member.incarnation)],
      [t("Predecessor"), member.predecessor ? name(member.predecessor) : "–"],
      [t("Links forward to"), member.successors.map(name).join(", ") || "–"],
      [t("Process"), self?.process?.pid ? String(self.process.pid) : "–"],
      [t("Holds"), self ? capacityText(self) : "–"],
    ]
    card.replaceChildren(
      make("h2", { textContent: `${member.address} · ${t(member.role === "data" ? "Data" : "Router")}` }),
      make("dl", {}, ...facts.flatMap(([term, fact]) => [
        make("dt", { textContent: term }), make("dd", { textContent: fact }),
      ])))
  }

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text)
      toast(t("Copied: {text}", { text }))
    } catch {
      toast(text)
    }
  }

  function happened({ event, isNew }) {
    if (isNew && event.kind === "alertPassed" && event.next) picture.sendAlert(event.server, event.next)
    if (isNew && event.kind === "manager") picture.crown(event.about ?? event.server)
    const text = sentence(event, name)
    if (text === null) return
    nothing.hidden = true
    const time = new Date(event.time)
    const item = make(
      "li", { className: weight(event.kind) },
      make("time", { dateTime: time.toISOString(), textContent: time.toLocaleTimeString() }),
      make("span", { textContent: text }))
    item.time = event.time
    item.text = text
    const same = [...log.children].find((other) => other.text === text && Math.abs(other.time - event.time) < 3000)
    // Several servers see the same; one line is enough.
    if (same) return
    const after = [...log.children].find((other) => other.time <= event.time)
    log.insertBefore(item, after ?? null)
    while (log.children.length > shownSentences) log.lastChild.remove()
    if (isNew && ["died", "manager", "roleTaken", "joined", "repairEnded"].includes(event.kind)) announce(text)
  }

  state.addEventListener("change", refresh)
  state.addEventListener("event", (event) => happened(event.detail))
  state.open()
  const heads = ["Server", "Role", "State", "Links forward to", "Chunks", "Holds", "Streams", "To stop it"]
  view.append(
    make("div", { className: "view-head" }, make("h1", { textContent: t("The ring") }), line),
    make(
      "div", { className: "ring-columns" },
      make("div", { className: "ring-picture" }, picture.node),
      make(
        "section", { className: "ring-log" }, card, explanation(), make("h2", { textContent: t("What happens") }), nothing,
        log)),
    make(
      "div", { className: "table-scroll", tabIndex: 0, role: "region", "aria-label": t("All servers") },
      make(
        "table", {}, make("caption", { className: "hidden", textContent: t("All servers") }),
        make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col", textContent: t(head) })))),
        table)))
  return () => state.close()
}

/** For whoever has never seen it. */
function explanation() {
  const paragraphs = [
    "Every shape is one server. Together they are a ring in the order of their ids, and no one leads it.",
    "Squares (D) are Data servers: they keep the music. Circles (R) are Routers: they send it to listeners like you. \
Two Data for three Routers is what the ring wants.",
    "Songs are cut into chunks of about ten seconds. Each chunk lies on three servers.",
    "The arrows are links: each server watches the next one (solid) and the one after it (dashed).",
    "When a server dies, those that watch it notice and close the gap. An alert goes round the ring, every server adds \
its row, and the sender is manager (with a crown) until the roles are in order again: it says who takes which.",
    "Chunks that lost a copy get a new one within seconds. Try it: play a song, stop the server that sends it with the \
command in the table below, and listen.",
  ]
  const key = "rondo.explained"
  const details = make("details", { className: "explanation" })
  details.open = !localStorage.getItem(key)
  details.addEventListener("toggle", () => { if (!details.open) localStorage.setItem(key, "1") })
  details.append(make("summary", { textContent: t("What am I seeing?") }), ...paragraphs.map((text) =>
    make("p", { textContent: t(text) })))
  return details
}
