// The page begins here: which view is shown, and what is around it.

import { showBar, useMediaSession } from "./bar.mjs"
import { announce, element, icon, make, openDialog, toast } from "./dom.mjs"
import { songsText } from "./format.mjs"
import { showAlbum, showAlbums, showArtist, showArtists, showGenres } from "./groupsview.mjs"
import { showKeys, useKeys } from "./keys.mjs"
import { keepsFavourites, libraryEvents, loadLists } from "./library.mjs"
import { newPlaylist, showFavourites, showListLinks, showPlaylist } from "./listsview.mjs"
import { addressOf } from "./menu.mjs"
import { playerEvents, restore } from "./player.mjs"
import { showQueue, toggleQueue } from "./queueview.mjs"
import { showRing } from "./ringview.mjs"
import { ask, learn, routerEvents, setTokenDialog } from "./routers.mjs"
import { showSongs } from "./songsview.mjs"
import { acceptDrops, showUploads } from "./uploadview.mjs"
import { uploadEvents, uploads } from "./uploads.mjs"
import { language, setLanguage, t, translate } from "./words.mjs"

/** Milliseconds between two looks at the cluster, so that new Routers are known before an old one dies. */
const lookEvery = 10_000

const views = {
  songs: showSongs, albums: showAlbums, artists: showArtists, genres: showGenres, album: showAlbum,
  artist: showArtist, favourites: showFavourites, playlist: showPlaylist, add: showUploads, ring: showRing,
}
const links = [
  ["songs", "Songs"], ["albums", "Albums"], ["artists", "Artists"], ["genres", "Genres"],
  ["favourites", "Favourites"], ["add", "Add music"], ["ring", "The ring"],
]
const linkIcons = { favourites: "heart" }

let leave = () => {}

function showView() {
  const [name, query = ""] = location.hash.slice(1).split("?")
  const shown = name in views ? name : "songs"
  leave()
  const view = element("view")
  view.replaceChildren()
  view.className = `view-${shown}`
  element("search").value = ""
  leave = views[shown](view, new URLSearchParams(query)) ?? (() => {})
  markLinks(shown)
  element("main").scrollTop = 0
}

/** Marks the link to what is shown. */
function markLinks(shown) {
  for (const link of element("sidebar").querySelectorAll("a[href^='#']")) {
    const isHere = link.getAttribute("href").slice(1).split("?")[0] === shown
      && (shown !== "playlist" || link.getAttribute("href") === location.hash)
    if (isHere) link.setAttribute("aria-current", "page")
    else link.removeAttribute("aria-current")
  }
}

function showLinks() {
  element("links").replaceChildren(...links.map(([name, label]) => make(
    "li", { hidden: name === "favourites" && !keepsFavourites(), className: `link-${name}` },
    make("a", { href: `#${name}` }, icon(linkIcons[name] ?? name), make("span", { textContent: t(label) }),
      make("span", { className: "count-badge", hidden: true })))))
  markLinks(element("view").className.replace("view-", "").split(" ")[0])
}

/** The search field asks the library from wherever it is. */
function useSearch() {
  const search = element("search")
  element("search-form").addEventListener("submit", (event) => {
    event.preventDefault()
    element("view").querySelector(".rows")?.focus()
  })
  search.addEventListener("input", () => {
    const isInSongs = element("view").classList.contains("view-songs")
    const words = search.value
    if (isInSongs || !words) return
    location.hash = addressOf("songs", { q: words })
  })
  addEventListener("hashchange", (event) => {
    // Typing goes on where it was.
    const isTyping = document.activeElement === search
    showView()
    if (!isTyping) element("main").focus({ preventScroll: true })
    else if (event.newURL.includes("#songs?")) search.setSelectionRange(search.value.length, search.value.length)
  })
}

/** A line about the cluster below the links. */
function showHealth(cluster) {
  const { data, router } = cluster.counts
  const { under, lost } = cluster.replication
  element("health-dot").className = lost > 0 ? "bad" : under > 0 ? "busy" : "good"
  const text = lost > 0 ? t("some music is out of reach") : under > 0 ? t("making copies") : t("all chunks safe")
  element("health-text").textContent = `${t("{n} servers", { n: data + router })} · ${text}`
  element("health").title = songsText(cluster.songs)
}

function showLanguage() {
  const button = element("language")
  const other = language() === "es" ? "English" : "Español"
  button.textContent = language() === "es" ? "EN" : "ES"
  button.title = other
  button.setAttribute("aria-label", other)
  button.lang = language() === "es" ? "en" : "es"
}

function showTexts() {
  translate()
  showLanguage()
  element("help").title = t("Keys")
  element("help").setAttribute("aria-label", t("Keys"))
  showLinks()
  showListLinks()
  showBar({ toggleQueue: () => toggleQueue() })
  showQueue()
  showView()
}

async function tokenDialog() {
  const input = make("input", { name: "token", type: "password", required: true, autocomplete: "off" })
  const content = make(
    "div", {}, make("p", { textContent: t("Changing this library needs its write token. Its operator has it.") }),
    make("label", {}, make("span", { textContent: t("Write token") }), input))
  const { pressed, values } = await openDialog(t("Write token"), content, [
    { name: "", label: t("Cancel") }, { name: "use", label: t("Use it"), kind: "primary" },
  ])
  return pressed === "use" ? String(values.get("token")) : ""
}

function showUploadBadge() {
  const open = uploads.filter((upload) => ["waiting", "sending", "storing"].includes(upload.state)).length
  const badge = element("links").querySelector(".link-add .count-badge")
  badge.textContent = String(open)
  badge.hidden = open === 0
}

async function look() {
  try { learn(await ask("/api/v1/cluster")) } catch { element("health-dot").className = "bad" }
}

element("language").addEventListener("click", () => {
  setLanguage(language() === "es" ? "en" : "es")
  // Everything is built anew; the music and the uploads go on.
  showTexts()
  look()
})
element("help").addEventListener("click", showKeys)
element("list-new").addEventListener("click", newPlaylist)
element("skip").addEventListener("click", (event) => {
  event.preventDefault()
  ;(element("view").querySelector(".rows") ?? element("main")).focus()
})
routerEvents.addEventListener("learned", (event) => showHealth(event.detail))
libraryEvents.addEventListener("favourites", showLinks)
libraryEvents.addEventListener("playlists", showListLinks)
uploadEvents.addEventListener("change", showUploadBadge)
playerEvents.addEventListener("trouble", (event) => {
  const { song, error } = event.detail
  const text = t("“{title}” cannot be played: {reason}", { title: song?.title ?? "", reason: error.message })
  toast(text, { isError: true })
  announce(text)
})
setTokenDialog(tokenDialog)
showTexts()
useSearch()
useKeys()
useMediaSession()
acceptDrops()
restore()
look()
loadLists()
setInterval(look, lookEvery)

// Where the origin is secure the page itself is kept, so that it opens while its own server is dead.
navigator.serviceWorker?.register("/worker.mjs", { type: "module" }).catch((error) => console.info(error.message))
navigator.serviceWorker?.ready.then((registration) => {
  // What was loaded before there was a worker is kept as well.
  const loaded = performance.getEntriesByType("resource").map((entry) => new URL(entry.name))
  const own = loaded.filter((url) => url.origin === location.origin && /^\/\w+\.\w+$/.test(url.pathname))
  registration.active?.postMessage(["/", ...own.map((url) => url.pathname)])
})
document.documentElement.dataset.ready = ""
