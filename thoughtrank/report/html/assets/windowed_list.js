"use strict";
// A list of any length of which only the visible rows are in the page. One row is chosen, by mouse or keyboard.
report.WindowedList = class {
  constructor(box, { rowHeight, draw, choose }) {
    Object.assign(this, { box, rowHeight, draw, choose, items: [], chosen: -1 });
    this.inner = report.element("div", "rows");
    this.inner.role = "presentation";
    box.replaceChildren(this.inner);
    box.addEventListener("scroll", () => this.render());
    box.addEventListener("keydown", (event) => this.onKey(event));
    window.addEventListener("resize", () => this.render());
  }

  // Replace the items; the first one is chosen.
  show(items) {
    this.items = items;
    this.inner.style.height = `${items.length * this.rowHeight}px`;
    this.box.scrollTop = 0;
    this.chosen = -1;
    this.pick(items.length ? 0 : -1);
  }

  pick(position) {
    this.chosen = position;
    if (position >= 0) this.scrollTo(position);
    this.render();
    this.choose(position < 0 ? null : this.items[position]);
  }

  scrollTo(position) {
    const top = position * this.rowHeight;
    const { scrollTop, clientHeight } = this.box;
    if (top < scrollTop) this.box.scrollTop = top;
    if (top + this.rowHeight > scrollTop + clientHeight) this.box.scrollTop = top + this.rowHeight - clientHeight;
  }

  render() {
    const first = Math.max(0, Math.floor(this.box.scrollTop / this.rowHeight) - 4);
    const count = Math.ceil((this.box.clientHeight || 400) / this.rowHeight) + 8;
    const rows = [];
    for (let position = first; position < Math.min(first + count, this.items.length); position++) {
      const row = this.draw(this.items[position]);
      row.id = `row-${position}`;
      row.role = "option";
      row.classList.add("row");
      row.setAttribute("aria-selected", String(position === this.chosen));
      row.setAttribute("aria-posinset", position + 1);
      row.setAttribute("aria-setsize", this.items.length);
      row.style.top = `${position * this.rowHeight}px`;
      row.style.height = `${this.rowHeight}px`;
      row.addEventListener("click", () => this.pick(position));
      rows.push(row);
    }
    this.inner.replaceChildren(...rows);
    if (this.chosen >= 0) this.box.setAttribute("aria-activedescendant", `row-${this.chosen}`);
    else this.box.removeAttribute("aria-activedescendant");
  }

  onKey(event) {
    const page = Math.max(1, Math.floor(this.box.clientHeight / this.rowHeight) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (!(event.key in steps) || !this.items.length) return;
    event.preventDefault();
    this.pick(Math.min(Math.max(this.chosen + steps[event.key], 0), this.items.length - 1));
  }
};
