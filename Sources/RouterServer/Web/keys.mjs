// The keys of the whole page. Single letters do nothing while somebody types.

import { nextRepeat } from "./bar.mjs"
import { element, make, openDialog } from "./dom.mjs"
import { toggleFavourite } from "./library.mjs"
import { player, queue } from "./player.mjs"
import { toggleQueue } from "./queueview.mjs"
import { t } from "./words.mjs"

/** Keys, what they do, and the action; those without an action are looked after where they belong. */
const keys = [
  [["Space", "K"], "Play or pause", () => player.toggle()],
  [["N"], "Next song", () => player.next()],
  [["P"], "Previous song", () => player.previous()],
  [["←", "→"], "5 seconds back or on"],
  [["0 … 9"], "Go to a tenth of the song"],
  [["+", "−"], "Louder or softer"],
  [["M"], "Mute", () => player.toggleMute()],
  [["S"], "Shuffle", () => queue.setShuffled(!queue.isShuffled)],
  [["R"], "Repeat", nextRepeat],
  [["L"], "Favourite: what plays", () => { if (player.song) toggleFavourite(player.song) }],
  [["U"], "Show or hide the queue", () => toggleQueue()],
  [["/"], "Search", () => element("search").focus()],
  [["G", "A", "I"], "The songs, add music, the ring"],
  [["↑", "↓"], "Go through a list"],
  [["Enter"], "Play the marked song"],
  [["Q", "F", "E"], "The marked song: queue, favourite, edit"],
  [["."], "The marked song: menu"],
  [["Delete"], "The marked song: delete"],
  [["Alt ↑", "Alt ↓"], "Move a song in the queue"],
  [["?"], "Show the keys"],
]

const actions = new Map(keys.flatMap(([names, , action]) => (action ? names.map((name) => [name, action]) : [])))
const others = {
  ArrowLeft: () => player.seek(player.position - 5), ArrowRight: () => player.seek(player.position + 5),
  "+": () => player.setVolume(player.volume + 0.05), "=": () => player.setVolume(player.volume + 0.05),
  "-": () => player.setVolume(player.volume - 0.05),
  g: () => { location.hash = "#songs" }, a: () => { location.hash = "#add" }, i: () => { location.hash = "#ring" },
  "?": () => showKeys(),
}

function isTyping(target) {
  return target.closest("input:not([type=range]):not([type=checkbox]), textarea, select, dialog, [role=menu]") !== null
}

export function useKeys() {
  addEventListener("keydown", (event) => {
    const { key, target } = event
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
    if (key === "Escape" && target === element("search")) {
      target.value = ""
      target.dispatchEvent(new Event("input"))
      return target.blur()
    }
    if (isTyping(target)) return
    // A button or a link with the focus is pressed by its own keys.
    if ((key === " " || key === "Enter") && target.closest("button, a, summary, label")) return
    if (target.type === "range" && key.startsWith("Arrow")) return
    const action = key === " " ? actions.get("Space") : others[key] ?? actions.get(key.toUpperCase())
      ?? (/^[0-9]$/.test(key) ? () => player.seek((player.duration * Number(key)) / 10) : null)
    if (!action) return
    event.preventDefault()
    action()
  })
}

export function showKeys() {
  if (document.querySelector("dialog.keys")) return
  const list = make("dl", { className: "keys-list" })
  for (const [names, meaning] of keys) {
    list.append(
      make("dt", {}, ...names.map((name) => make("kbd", { textContent: name }))),
      make("dd", { textContent: t(meaning) }))
  }
  openDialog(t("Keys"), list, [{ name: "", label: t("Close"), kind: "primary" }], { className: "keys" })
}
