// Sees that the whole page is there: a Router may die between two of its files. Then the page is loaded again, and at
// last from another Router that was learned.

const timesKey = "rondo.starts"
const timesHere = 3

function loadAgain() {
  const times = Number(sessionStorage.getItem(timesKey) ?? 0) + 1
  sessionStorage.setItem(timesKey, String(times))
  let others = []
  try {
    others = JSON.parse(localStorage.getItem("rondo.routers") ?? "[]").filter((origin) => origin !== location.origin)
  } catch { /* What cannot be read names nobody. */ }
  setTimeout(() => {
    if (times > timesHere && others.length > 0) location.replace(`${others[0]}/${location.hash}`)
    else location.reload()
  }, 500 * times)
}

addEventListener("load", () => {
  // The last line of rondo.mjs says so.
  if ("ready" in document.documentElement.dataset) sessionStorage.removeItem(timesKey)
  else loadAgain()
})
