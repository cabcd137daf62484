// A list of any length: only the rows that are seen are in the document. One element has the focus, the arrow keys move
// a mark in it.

import { make } from "./dom.mjs"

const spare = 6
let nextList = 1

export class Rows {
  /**
   * `source` has `count`, `at(index)` (undefined while it is not there) and `reach(index)`; `makeRow()` makes an empty
   * row, `fill(row, item, index)` shows an item or its absence; `onkey(event, index)` gets the keys not its own.
   */
  constructor({ label, source, makeRow, fill, rowHeight, onkey, header }) {
    Object.assign(this, { source, makeRow, fill, onkey, rowHeight })
    this.prefix = `rows${nextList++}-`
    this.active = -1
    this.shown = new Map()
    this.pool = []
    this.body = make("div", { className: "rows-body", role: "rowgroup" })
    this.node = make("div", {
      className: "rows", role: "grid", tabIndex: 0, "aria-label": label, onscroll: () => this.draw(),
      onkeydown: (event) => this.key(event), onfocus: () => this.focused(),
      onpointerdown: (event) => this.pointed(event),
    })
    if (header) this.node.append(make("div", { role: "rowgroup", className: "rows-head" }, header))
    this.node.append(this.body)
    this.sizes = new ResizeObserver(() => this.draw())
    this.sizes.observe(this.node)
  }

  close() { this.sizes.disconnect() }

  /** Shows what the source has now. */
  refresh() {
    const { count } = this.source
    this.node.setAttribute("aria-rowcount", String(count + (this.node.firstChild === this.body ? 0 : 1)))
    this.body.style.height = `${count * this.rowHeight()}px`
    if (this.active >= count) this.active = count - 1
    this.draw(true)
  }

  draw(isAll = false) {
    const height = this.rowHeight()
    const top = this.node.scrollTop
    const first = Math.max(0, Math.floor(top / height) - spare)
    const last = Math.min(this.source.count - 1, Math.ceil((top + this.node.clientHeight) / height) + spare)
    for (const [index, row] of this.shown) {
      if (index >= first && index <= last) continue
      row.remove()
      this.shown.delete(index)
      this.pool.push(row)
    }
    for (let index = first; index <= last; index++) {
      const known = this.shown.get(index)
      if (known && !isAll && known.item === this.source.at(index)) continue
      this.place(index, known ?? this.pool.pop() ?? this.makeRow(), height)
    }
    // While it is dragged past thousands of rows nothing is asked for.
    if (last >= 0 && this.source.at(last) === undefined) {
      clearTimeout(this.reaching)
      this.reaching = setTimeout(() => this.source.reach(last), 60)
    }
  }

  place(index, row, height) {
    const item = this.source.at(index)
    row.item = item
    row.index = index
    row.id = this.prefix + index
    row.setAttribute("aria-rowindex", String(index + 1 + (this.node.firstChild === this.body ? 0 : 1)))
    row.style.transform = `translateY(${index * height}px)`
    this.mark(row)
    this.fill(row, item, index)
    this.shown.set(index, row)
    if (!row.isConnected) this.body.append(row)
  }

  mark(row) {
    const isActive = row.index === this.active
    row.classList.toggle("active", isActive)
    row.setAttribute("aria-selected", String(isActive))
    if (isActive) this.node.setAttribute("aria-activedescendant", row.id)
  }

  focused() {
    if (this.active < 0 && this.source.count > 0) this.setActive(Math.ceil(this.node.scrollTop / this.rowHeight()))
  }

  setActive(index) {
    if (this.source.count === 0) return
    this.active = Math.max(0, Math.min(index, this.source.count - 1))
    const height = this.rowHeight()
    const head = this.node.firstChild === this.body ? 0 : this.node.firstChild.offsetHeight
    const top = this.active * height
    if (top < this.node.scrollTop) this.node.scrollTop = top
    const room = this.node.clientHeight - head - height
    if (top > this.node.scrollTop + room) this.node.scrollTop = top - room
    this.node.removeAttribute("aria-activedescendant")
    this.draw()
    for (const row of this.shown.values()) this.mark(row)
  }

  pointed(event) {
    const row = event.target.closest?.("[role=row]")
    if (row && row.index !== undefined) this.setActive(row.index)
  }

  key(event) {
    if (event.target !== this.node || event.ctrlKey || event.metaKey) return
    const page = Math.max(1, Math.floor(this.node.clientHeight / this.rowHeight()) - 1)
    const places = {
      ArrowDown: this.active + 1, ArrowUp: this.active - 1, PageDown: this.active + page, PageUp: this.active - page,
      Home: 0, End: this.source.count - 1,
    }
    if (event.key in places && !event.altKey && !event.shiftKey) {
      event.preventDefault()
      event.stopPropagation()
      return this.setActive(places[event.key])
    }
    if (this.active >= 0) this.onkey(event, this.active)
  }
}
