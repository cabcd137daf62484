// The ring's events in words.

import { t } from "./words.mjs"

const roleName = (role) => t(role === "data" ? "Data" : "Router")

/** One sentence for an event; `name(id)` is what a server is called. Null for what is not worth a line. */
export function sentence(event, name) {
  const teller = name(event.server)
  const about = event.about ? name(event.about) : teller
  const list = (ids = []) => ids.map(name).join(", ")
  switch (event.kind) {
    case "joined": return t("{about} has joined the ring.", { about })
    case "suspected": return t("{teller} hears nothing of {about} and asks others.", { teller, about })
    case "cleared": return t("{about} answers again; it was only slow.", { about })
    case "died": return t("{about} is dead. The ring closes around the gap.", { about })
    case "left": return t("{about} has left in order.", { about })
    case "returned": return t("{about} is back.", { about })
    case "refuted": return t("{about} says that it lives.", { about })
    case "alertLaunched": return t("{teller} sends an alert round the ring: {list}.", {
      teller, list: list(event.failures),
    })
    case "alertPassed": return event.next ? t("{teller} adds its row to the alert and passes it to {next}.", {
      teller, next: name(event.next),
    }) : null
    case "manager": return t("The alert is back: {about} is manager for this moment and counts the roles.", {
      about,
    })
    case "imbalance": return t("A {role} is short: {list} is to become one.", {
      role: roleName(event.role), list: list(event.servers),
    })
    case "roleTaken": return t("{about} is now {role}.", { about, role: roleName(event.role) })
    case "repairBegan": return t("Repair: {n} copies are being made.", { n: event.copies ?? 0 })
    case "repairEnded": return t("Repair is done: every chunk has its copies.")
    default: return null
  }
}

/** How an event is marked: `bad`, `busy`, `good` or none. */
export function weight(kind) {
  if (kind === "died") return "bad"
  if (["suspected", "alertLaunched", "alertPassed", "imbalance", "repairBegan", "manager"].includes(kind)) return "busy"
  return ["joined", "returned", "cleared", "refuted", "roleTaken", "repairEnded"].includes(kind) ? "good" : ""
}
