// The picture of the ring: every server in the order of the ids, its links, its role by shape, colour and letter.

import { makeSVG } from "./dom.mjs"
import { isThere } from "./ringstate.mjs"
import { t } from "./words.mjs"

const size = 720
const centre = size / 2
const radius = 235
const calm = matchMedia("(prefers-reduced-motion: reduce)")

export class RingPicture {
  /** `onchoose(id)` is told which server was pressed. */
  constructor(onchoose) {
    this.onchoose = onchoose
    this.links = makeSVG("g", { class: "links" })
    this.servers = makeSVG("g", {})
    this.travel = makeSVG("g", {})
    this.middle = makeSVG("g", { class: "middle" })
    this.node = makeSVG(
      "svg", { viewBox: `0 0 ${size} ${size}`, class: "ring", role: "img" },
      makeSVG(
        "defs", {},
        makeSVG(
          "marker", {
            id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto",
          }, makeSVG("path", { d: "M0 0L8 4L0 8z" }))),
      makeSVG("circle", { cx: centre, cy: centre, r: radius, class: "track" }),
      this.links, this.travel, this.servers, this.middle)
    this.places = new Map()
    this.nodes = new Map()
    this.managers = new Map()
  }

  /** Draws a state; `loadOf(id)` gives a line about a server, or "". */
  draw(state, chosen, loadOf) {
    const { cluster, ghosts } = state
    const members = [...cluster.members.filter(isThere), ...[...ghosts.values()].map((ghost) => ghost.member)]
      .sort((a, b) => (a.id < b.id ? -1 : 1))
    this.places.clear()
    members.forEach((member, index) => {
      const angle = (2 * Math.PI * index) / members.length - Math.PI / 2
      this.places.set(member.id, { x: centre + radius * Math.cos(angle), y: centre + radius * Math.sin(angle), angle })
    })
    const scale = Math.min(1, 16 / Math.max(8, members.length))
    for (const [id, node] of this.nodes) {
      if (this.places.has(id)) continue
      node.remove()
      this.nodes.delete(id)
    }
    for (const member of members) this.drawServer(member, ghosts.has(member.id), member.id === chosen, scale, loadOf)
    this.drawLinks(members.filter((member) => !ghosts.has(member.id)), chosen)
    this.drawMiddle(cluster)
    this.node.setAttribute("aria-label", describe(cluster))
  }

  drawServer(member, isGhost, isChosen, scale, loadOf) {
    const { x, y, angle } = this.places.get(member.id)
    let node = this.nodes.get(member.id)
    if (!node) {
      node = makeSVG("g", { "data-id": member.id })
      node.addEventListener("click", () => this.onchoose(member.id))
      this.nodes.set(member.id, node)
      this.servers.append(node)
    }
    const isData = member.role === "data"
    const shape = isData
      ? makeSVG("rect", { x: -26, y: -26, width: 52, height: 52, rx: 9, class: "body" })
      : makeSVG("circle", { r: 29, class: "body" })
    const letter = makeSVG("text", { class: "letter", y: 9 })
    letter.textContent = isGhost ? "✕" : isData ? "D" : "R"
    // Above, a crown needs room between the shape and its label.
    const isAbove = Math.sin(angle) < -0.5
    const outward = { x: Math.cos(angle) * 56, y: isAbove ? -80 : Math.sin(angle) * 56 }
    const side = Math.abs(Math.cos(angle)) < 0.35 ? "middle" : Math.cos(angle) > 0 ? "start" : "end"
    const label = makeSVG("text", { class: "label", x: outward.x, y: outward.y, "text-anchor": side })
    label.textContent = member.address
    const load = makeSVG("text", { class: "label soft", x: outward.x, y: outward.y + 17, "text-anchor": side })
    load.textContent = isGhost ? t("gone") : loadOf(member.id)
    const title = makeSVG("title")
    title.textContent = `${member.address}: ${t(isData ? "Data" : "Router")}, ${t(isGhost ? "dead" : member.state)}`
    node.replaceChildren(title, shape, letter, label, load)
    const role = node.dataset.role
    node.setAttribute("transform", `translate(${x} ${y}) scale(${scale})`)
    node.setAttribute("class", [
      "server", member.role, isGhost ? "dead" : member.state, isChosen ? "chosen" : "",
      role && role !== member.role ? "switched" : "",
    ].join(" "))
    node.dataset.role = member.role
    if (this.managers.has(member.id)) node.append(crown())
  }

  drawLinks(members, chosen) {
    const lines = []
    for (const member of members) {
      member.successors.forEach((to, index) => {
        const from = this.places.get(member.id)
        const end = this.places.get(to)
        if (!from || !end || to === member.id) return
        const kind = `link ${index === 0 ? "first" : "second"}${member.id === chosen ? " chosen" : ""}`
        lines.push(makeSVG("path", { d: chord(from, end, index), class: kind, "marker-end": "url(#arrow)" }))
      })
    }
    this.links.replaceChildren(...lines)
  }

  drawMiddle(cluster) {
    const { data, router } = cluster.counts
    const { under, lost, secondsLeft } = cluster.replication
    const line = (text, y, kind) => {
      const node = makeSVG("text", { x: centre, y: centre + y, class: kind })
      node.textContent = text
      return node
    }
    const health = lost > 0 ? t("{n} chunks without a copy in reach", { n: lost })
      : under > 0 ? t("{n} chunks under repair", { n: under }) : t("all chunks safe")
    const left = under > 0 && secondsLeft ? t("about {n} s left", { n: secondsLeft }) : ""
    this.middle.replaceChildren(
      line(`${data} : ${router}`, -14, "counts"), line(t("Data : Router, wanted 2 : 3"), 14, "small"),
      line(health, 42, lost > 0 ? "small bad" : under > 0 ? "small busy" : "small good"), line(left, 62, "small"))
  }

  /** Shows an alert on its way from one server to the next. */
  sendAlert(from, to) {
    const start = this.places.get(from)
    const end = this.places.get(to)
    if (!start || !end || calm.matches) return
    const dot = makeSVG("circle", { r: 9, class: "alert-dot" })
    this.travel.append(dot)
    const frames = []
    let turn = end.angle - start.angle
    if (turn <= 0) turn += 2 * Math.PI
    for (let step = 0; step <= 12; step++) {
      const angle = start.angle + (turn * step) / 12
      const x = centre + radius * Math.cos(angle)
      const y = centre + radius * Math.sin(angle)
      frames.push({ transform: `translate(${x}px, ${y}px)`, opacity: step === 12 ? 0.2 : 1 })
    }
    dot.animate(frames, { duration: 650, easing: "ease-in-out" }).finished.then(() => dot.remove(), () => dot.remove())
  }

  /** Crowns a server for a moment. */
  crown(id) {
    clearTimeout(this.managers.get(id))
    this.managers.set(id, setTimeout(() => {
      this.managers.delete(id)
      this.nodes.get(id)?.querySelector(".crown")?.remove()
    }, 6000))
    const node = this.nodes.get(id)
    if (node && !node.querySelector(".crown")) node.append(crown())
  }
}

function crown() {
  return makeSVG("path", { class: "crown", d: "M-18 -34l-4 -20 11 9 11 -15 11 15 11 -9 -4 20z" })
}

/** A curve between two places that leaves room for their shapes. */
function chord(from, to, index) {
  const [dx, dy] = [to.x - from.x, to.y - from.y]
  const length = Math.hypot(dx, dy) || 1
  const gap = 38
  const start = { x: from.x + (dx / length) * gap, y: from.y + (dy / length) * gap }
  const end = { x: to.x - (dx / length) * gap, y: to.y - (dy / length) * gap }
  const bend = index === 0 ? 0.06 : 0.2
  const middle = { x: (start.x + end.x) / 2, y: (start.y + end.y) / 2 }
  const control = { x: middle.x + (centre - middle.x) * bend, y: middle.y + (centre - middle.y) * bend }
  return `M${start.x} ${start.y}Q${control.x} ${control.y} ${end.x} ${end.y}`
}

/** The picture in words. */
function describe({ members, counts, replication }) {
  const there = members.filter(isThere).length
  return `${t("A ring of {n} servers", { n: there })}: ${counts.data} Data, ${counts.router} Router. `
    + (replication.under > 0 ? t("{n} chunks under repair", { n: replication.under }) : t("all chunks safe"))
}
