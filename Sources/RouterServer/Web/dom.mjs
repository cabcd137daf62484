// Small tools for the document. Whatever comes from a server goes in as text, never as markup.

export const element = (id) => document.getElementById(id)

/** Makes a node: `on…` properties are listeners, names with a dash and `role` are attributes, the rest properties. */
export function make(tag, properties = {}, ...children) {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value)
    else if (name.includes("-") || name === "role" || name === "for") node.setAttribute(name, value)
    else if (name === "data") Object.assign(node.dataset, value)
    else node[name] = value
  }
  node.append(...children.filter((child) => child !== null && child !== undefined))
  return node
}

const svgSpace = "http://www.w3.org/2000/svg"

export function makeSVG(tag, attributes = {}, ...children) {
  const node = document.createElementNS(svgSpace, tag)
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value)
  node.append(...children)
  return node
}

/** Outlines in a square of 24 units; filled where the name is in `filled`. */
const shapes = {
  play: "M8 5v14l11-7z",
  pause: "M7 5h4v14H7zM13 5h4v14h-4z",
  next: "M6 5l9 7-9 7zM16 5h2.5v14H16z",
  previous: "M18 5l-9 7 9 7zM5.500 5H8v14H5.500z",
  shuffle: "M4 7h3.500l9 10H20M4 17h3.500l3-3.300M13.500 10.300l3-3.300H20M17.500 4.500L20 7l-2.500 2.500"
    + "M17.500 14.500L20 17l-2.500 2.500",
  repeat: "M5 11V9a2 2 0 0 1 2-2h11M15.500 4L18.500 7l-3 3M19 13v2a2 2 0 0 1-2 2H6M8.500 20L5.500 17l3-3",
  queue: "M4 6h16M4 11h16M4 16h9M17 14v6M14 17h6",
  loud: "M4 10v4h3l4 3.500v-11L7 10zM15 9.500a4 4 0 0 1 0 5M17.500 7a7.500 7.500 0 0 1 0 10",
  mute: "M4 10v4h3l4 3.500v-11L7 10zM15.500 9.500l5 5M20.500 9.500l-5 5",
  heart: "M12 19.500S4.500 15 4.500 9.500A4 4 0 0 1 12 7.700a4 4 0 0 1 7.500 1.800C19.500 15 12 19.500 12 19.500z",
  more: "M6 12h.01M12 12h.01M18 12h.01",
  search: "M10.500 17a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13zM15.500 15.500L20 20",
  songs: "M9 18V6l10-2v12M9 18a2.500 2.500 0 1 1-5 0 2.500 2.500 0 0 1 5 0z"
    + "M19 16a2.500 2.500 0 1 1-5 0 2.500 2.500 0 0 1 5 0z",
  albums: "M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM12 14a2 2 0 1 0 0-4 2 2 0 0 0 0 4z",
  artists: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.500 20c.8-4 3.800-6 7.500-6s6.700 2 7.500 6",
  genres: "M4 4h7l9 9-7 7-9-9zM8 8h.01",
  playlists: "M4 6h12M4 11h12M4 16h7M20 8v8.500M20 16.500a2 2 0 1 1-4 0 2 2 0 0 1 4 0z",
  add: "M12 16V5M7.500 9.500L12 5l4.500 4.500M5 19h14",
  ring: "M12 5.500a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13zM12 3v5M5.500 16.500l3-2M18.500 16.500l-3-2",
  close: "M6 6l12 12M18 6L6 18",
  drag: "M9 7h.01M9 12h.01M9 17h.01M15 7h.01M15 12h.01M15 17h.01",
  filter: "M4 6h16M7 12h10M10 18h4",
}
const filled = new Set(["play", "pause", "next", "previous"])

export function icon(name) {
  const path = makeSVG("path", { d: shapes[name] })
  return makeSVG("svg", {
    viewBox: "0 0 24 24", class: filled.has(name) ? "icon filled" : "icon", "aria-hidden": "true",
  }, path)
}

/** A button that is an icon: its name is what screen readers say and what hovering shows. */
export function iconButton(name, label, onclick, properties = {}) {
  return make("button", {
    type: "button", className: "icon-button", title: label, "aria-label": label, onclick, ...properties,
  }, icon(name))
}

export function setIcon(button, name, label) {
  button.replaceChildren(icon(name))
  button.title = label
  button.setAttribute("aria-label", label)
}

/** Says something to screen readers without showing it. */
export function announce(text) {
  const region = element("announcer")
  region.textContent = ""
  // A region that gets the same text again says nothing.
  setTimeout(() => { region.textContent = text }, 50)
}

/** A short message at the edge of the page, with at most one thing to do about it. */
export function toast(text, { action, onaction, seconds = 6, isError = false } = {}) {
  const note = make("div", { className: isError ? "toast error" : "toast", role: isError ? "alert" : "status" })
  const remove = () => note.remove()
  const timer = setTimeout(remove, seconds * 1000)
  note.append(make("span", { textContent: text }))
  if (action) {
    const onclick = () => { clearTimeout(timer); remove(); onaction() }
    note.append(make("button", { type: "button", className: "plain", textContent: action, onclick }))
  }
  element("toasts").append(note)
  return remove
}

/** A dialog with a form: resolves with what the pressed button is called, or "" where it was dismissed. */
export function openDialog(title, content, buttons, properties = {}) {
  const dialog = make("dialog", { "aria-label": title, ...properties })
  const row = make("div", { className: "buttons" })
  for (const { name, label, kind = "" } of buttons) {
    row.append(make("button", { value: name, className: kind, textContent: label, formNoValidate: name === "" }))
  }
  const form = make("form", { method: "dialog" }, make("h2", { textContent: title }), content, row)
  dialog.append(form)
  document.body.append(dialog)
  const opener = document.activeElement
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove()
      if (opener?.isConnected) opener.focus()
      resolve({ pressed: dialog.returnValue, values: new FormData(form) })
    })
    dialog.showModal()
  })
}

/** The same colours for the same words, for what has no picture. */
export function paintCover(node, words) {
  let hash = 2166136261
  for (const letter of words) hash = Math.imul(hash ^ letter.codePointAt(0), 16777619) >>> 0
  const hue = hash % 360
  node.style.background = `radial-gradient(circle at ${20 + (hash >> 9) % 60}% ${15 + (hash >> 15) % 50}%, `
    + `hsl(${(hue + 45) % 360} 55% 52%), transparent 65%), linear-gradient(${hash % 180}deg, `
    + `hsl(${hue} 48% 30%), hsl(${(hue + 80) % 360} 42% 22%))`
  const initials = words.split(/[\s:]+/).filter((word) => /^[\p{L}\p{N}]/u.test(word) && !/^(the|a|el|la)$/i.test(word))
  node.textContent = initials.slice(0, 2).map((word) => word[0].toUpperCase()).join("") || "♪"
}
