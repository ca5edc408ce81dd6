/* The linked views of the Explore page: histogram and bars; the scatter is in views_scatter.js.

   Each has an `element`, a `layout(width)` that draws what filters do not change, a `draw()` that draws what they do, and a
   `mark(customer)` that shows where a customer of the table is, or nobody for null.
   A gesture calls host.change(clause, condition) while it goes on, and host.commit() when it ends. */

(function () {
  "use strict";

  const { frame, format, snapped, shifted, stepped, widened } = window.mall;
  const { svg, html, button, card, scale, scaleOf, bottomAxis, leftAxis, onDrag } = frame;
  const HANDLE = 6; // how near, in pixels, a pointer must be to an edge of a brush to take hold of it
  const FEW_HEIGHT = 6;
  const BARS_HINT = "Click selects, Ctrl-click or Shift-click adds, Alt-click leaves out.";

  class Histogram {
    constructor(cube, dimension, host) {
      Object.assign(this, { cube, dimension, host, name: dimension.name, height: 168 });
      this.card = card(dimension.name, format.title(dimension));
      this.element = this.card.element;
      this.totals = cube.totals(dimension.name);
    }

    layout(width) {
      const hadFocus = this.element.contains(document.activeElement);
      const { edges } = this.dimension;
      const [low, high] = [edges[0], edges[edges.length - 1]];
      const area = { left: 44, right: width - 16, top: 8, bottom: this.height - 24 };
      const highest = Math.max(...this.totals);
      this.x = scaleOf(this.dimension, area.left, area.right);
      this.y = scale(0, highest, area.bottom, area.top);
      this.area = area;
      const bars = (className) => edges.slice(1).map((_, bin) => this.bar(bin, className));
      this.selectedBars = bars("selected");
      this.brush = svg("rect", { class: "brush", y: area.top, height: area.bottom - area.top, visibility: "hidden" });
      this.found = svg("line", { class: "found-line", y1: area.top, y2: area.bottom, visibility: "hidden" });
      const root = svg(
        "svg",
        { width, height: this.height, class: "plot", tabindex: 0, role: "application", "aria-label": this.spoken() },
        leftAxis(this.y, area.left, area.right, 3, format.short),
        ...this.totals.reduce((all, total, bin) => [...all, this.sized(this.bar(bin, "total"), total)], []),
        ...this.selectedBars,
        bottomAxis(this.x, [low, high], area.bottom, Math.max(2, Math.floor(width / 56))),
        this.brush,
        this.found,
      );
      onDrag(root, (point) => this.grab(point));
      root.addEventListener("pointermove", (event) => this.hover(root, event));
      root.addEventListener("keydown", (event) => this.press(event));
      this.root = root;
      this.card.body.replaceChildren(root);
      if (hadFocus) root.focus({ preventScroll: true });
    }

    /* What a screen reader says of the view. */
    spoken() {
      const { edges } = this.dimension;
      const ends = `from ${format.exact(edges[0])} to ${format.exact(edges[edges.length - 1])}`;
      return `Histogram of ${format.title(this.dimension)}, ${ends}. Arrow keys move the brush, with Shift they widen and narrow it, Delete clears it.`;
    }

    bar(bin, className) {
      const { edges } = this.dimension;
      const left = this.x(edges[bin]);
      return svg("rect", { class: className, x: left + 0.5, width: Math.max(1, this.x(edges[bin + 1]) - left - 1), y: 0, height: 0 });
    }

    /* A bar as high as its customers; of few, whose number is not told, an outline that says no height. */
    sized(bar, value) {
      const isFew = value === null;
      const top = isFew ? this.area.bottom - FEW_HEIGHT : this.y(value);
      bar.classList.toggle("few", isFew);
      bar.setAttribute("y", top);
      bar.setAttribute("height", Math.max(0, this.area.bottom - top));
      return bar;
    }

    draw() {
      const counts = this.cube.histogram(this.name, this.name);
      this.selectedBars.forEach((bar, bin) => {
        this.sized(bar, counts[bin]).dataset.count = counts[bin];
      });
      const range = this.range();
      this.brush.setAttribute("visibility", range ? "visible" : "hidden");
      if (range) {
        this.brush.setAttribute("x", this.x(range[0]));
        this.brush.setAttribute("width", Math.max(0, this.x(range[1]) - this.x(range[0])));
      }
      this.card.caption.textContent = range ? range.map(format.exact).join(" – ") : "";
      this.counts = counts;
    }

    mark(customer) {
      const value = customer && customer[this.name];
      this.found.setAttribute("visibility", typeof value === "number" ? "visible" : "hidden");
      if (typeof value !== "number") return;
      for (const end of ["x1", "x2"]) this.found.setAttribute(end, this.x(value));
    }

    range() {
      const condition = this.cube.filters[this.name];
      return condition ? condition.value : null;
    }

    /* Which part of the brush a pointer is on: an edge, the inside, or nothing. */
    part(x) {
      const range = this.range();
      if (!range) return null;
      const [left, right] = range.map(this.x);
      if (Math.abs(x - left) <= HANDLE) return "left";
      if (Math.abs(x - right) <= HANDLE) return "right";
      return x > left && x < right ? "inside" : null;
    }

    /* Keys: arrows move the brush, or begin one at the end they come from; with Shift its upper end moves. */
    press(event) {
      const { edges } = this.dimension;
      const bins = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 5, PageDown: -5, Home: -edges.length, End: edges.length }[event.key];
      const range = this.range();
      const clears = ["Delete", "Backspace", "Escape"].includes(event.key) && range;
      if ((!bins && !clears) || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      const started = () => (bins > 0 ? edges.slice(0, 2) : edges.slice(-2));
      const moved = () => (range ? (event.shiftKey ? widened : stepped)(edges, range, bins) : started());
      this.host.change(this.name, clears ? null : { op: "between", value: moved() });
      this.host.commitSoon();
    }

    grab([x]) {
      this.host.flush();
      const { edges } = this.dimension;
      const before = this.cube.filters[this.name];
      const range = this.range();
      const part = this.part(x);
      const value = (pixel) => this.x.invert(pixel);
      const moved = {
        left: (to) => snapped(edges, value(to), range[1]),
        right: (to) => snapped(edges, range[0], value(to)),
        inside: (to) => shifted(edges, range, value(x), value(to)),
      }[part] || ((to) => snapped(edges, value(x), value(to)));
      return {
        move: ([to]) => this.host.change(this.name, { op: "between", value: moved(to) }),
        end: (isClick) => {
          if (isClick && part !== "left" && part !== "right") this.host.change(this.name, null);
          this.host.commit();
        },
        cancel: () => {
          this.host.change(this.name, before || null);
          this.host.commit(); // something else may have been undone meanwhile
        },
      };
    }

    hover(root, event) {
      const { edges } = this.dimension;
      const x = event.clientX - root.getBoundingClientRect().left;
      const part = this.part(x);
      root.style.cursor = { left: "ew-resize", right: "ew-resize", inside: "grab" }[part] || "crosshair";
      const bin = edges.findIndex((edge, index) => index < edges.length - 1 && this.x(edges[index + 1]) > x);
      if (bin < 0 || x < this.x(edges[0])) return this.host.tip(null);
      const total = this.totals[bin];
      const counts = total === null ? "few" : `${format.count(this.counts[bin])} of ${format.count(total)}`;
      return this.host.tip(event, `${format.number(edges[bin])} to under ${format.number(edges[bin + 1])}: ${counts} customers`);
    }
  }

  class Bars {
    /* labels, hints and colours: one per bin; colours may be null, for the colour of a selection. */
    constructor(cube, dimension, host, { title, labels, hints = [], colours = null }) {
      Object.assign(this, { cube, dimension, host, name: dimension.name, labels });
      this.not = button("view-tool", "not", () => this.invert());
      this.not.title = "Not these: leave out what is chosen";
      this.card = card(dimension.name, title, this.not);
      this.element = this.card.element;
      this.totals = cube.totals(dimension.name);
      const highest = Math.max(...this.totals);
      this.element.style.setProperty("--widest-count", `${format.count(highest).length + 1}ch`);
      this.rows = labels.map((label, bin) => {
        const total = html("span", "bar total");
        const selected = html("span", "bar selected");
        total.style.width = `${(100 * this.totals[bin]) / highest}%`;
        if (colours) selected.style.background = colours[bin];
        const value = html("span", "bar-value");
        const row = html("button", "bar-row", html("span", "bar-label", label), html("span", "bar-track", total, selected), value, html("span", "spoken", " customers"));
        row.type = "button";
        row.title = `${label}${hints[bin] ? ` (${hints[bin]})` : ""}. ${BARS_HINT}`;
        row.addEventListener("click", (event) => this.toggle(bin, event.ctrlKey || event.metaKey || event.shiftKey, event.altKey));
        row.addEventListener("keydown", (event) => this.press(event, bin));
        row.addEventListener("keyup", (event) => event.key === " " && event.preventDefault()); // else Firefox clicks too
        return { row, selected, value, highest };
      });
      this.card.body.append(...this.rows.map(({ row }) => row));
    }

    layout() {}

    draw() {
      const counts = this.cube.histogram(this.name, this.name);
      const { isFiltered, isNot, listed } = this.chosen();
      this.rows.forEach(({ row, selected, value, highest }, bin) => {
        selected.style.width = `${(100 * counts[bin]) / highest}%`;
        value.textContent = format.count(counts[bin]);
        row.dataset.count = counts[bin];
        const isKept = listed.has(this.dimension.values[bin]) !== isNot;
        row.setAttribute("aria-pressed", isFiltered && isKept);
        row.classList.toggle("left-out", isFiltered && !isKept);
      });
      this.not.style.visibility = isFiltered ? "visible" : "hidden"; // it keeps its place, so that nothing jumps
      this.not.setAttribute("aria-pressed", isNot);
    }

    mark(customer) {
      const shown = customer ? (this.name in customer ? customer[this.name] : null) : null;
      this.rows.forEach(({ row }, bin) => row.classList.toggle("found", shown !== null && shown === this.dimension.values[bin]));
    }

    chosen() {
      const condition = this.cube.filters[this.name];
      return { isFiltered: Boolean(condition), isNot: Boolean(condition) && condition.op === "not_in", listed: new Set(condition ? condition.value : []) };
    }

    /* A click selects one value, or clears it when it stood alone; `adds` adds or removes it, `excludes` leaves it out. */
    toggle(bin, adds, excludes) {
      const value = this.dimension.values[bin];
      const { isNot, listed } = this.chosen();
      const chosen = excludes === isNot || (adds && !excludes) ? listed : new Set();
      const op = excludes || (adds && isNot) ? "not_in" : "in";
      const wasListed = chosen.has(value);
      const wasAlone = wasListed && chosen.size === 1;
      if (!adds && !excludes) chosen.clear();
      if (adds || excludes ? wasListed : wasAlone) chosen.delete(value);
      else chosen.add(value);
      this.set(op, chosen);
    }

    /* What was chosen is left out, and what was left out chosen. */
    invert() {
      const { isNot, listed } = this.chosen();
      this.set(isNot ? "in" : "not_in", listed);
    }

    set(op, chosen) {
      const values = this.dimension.values.filter((value) => chosen.has(value));
      this.host.change(this.name, values.length ? { op, value: values } : null);
      this.host.commit();
    }

    /* Keys on a bar: Space adds or removes it, Delete clears all, arrows go to the next; Enter is a click. */
    press(event, bin) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const clears = ["Delete", "Backspace", "Escape"].includes(event.key) && this.chosen().isFiltered;
      if (step) (this.rows[bin + step] || this.rows[bin]).row.focus();
      else if (event.key === " ") this.toggle(bin, true, event.altKey);
      else if (clears) this.set("in", new Set());
      else return;
      event.preventDefault();
    }
  }

  window.mall = Object.assign(window.mall || {}, { views: { Histogram, Bars } });
})();
