/* The linked views of the Explore page: histogram and bars; the scatter is in views_scatter.js.

   Each has an `element`, a `layout(width)` that draws what filters do not change, and a `draw()` that draws what they do.
   A gesture calls host.change(clause, condition) while it goes on, and host.commit() when it ends. */

(function () {
  "use strict";

  const { frame, format, snapped, shifted } = window.mall;
  const { svg, html, card, scale, scaleOf, bottomAxis, leftAxis, onDrag } = frame;
  const HANDLE = 6; // how near, in pixels, a pointer must be to an edge of a brush to take hold of it

  class Histogram {
    constructor(cube, dimension, host) {
      Object.assign(this, { cube, dimension, host, name: dimension.name, height: 168 });
      this.card = card(format.title(dimension));
      this.element = this.card.element;
      this.element.dataset.view = dimension.name;
      this.totals = cube.totals(dimension.name);
    }

    layout(width) {
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
      const root = svg(
        "svg",
        { width, height: this.height, class: "plot", role: "img", "aria-label": `${format.title(this.dimension)}: customers per bin` },
        leftAxis(this.y, area.left, area.right, 3, format.short),
        ...this.totals.reduce((all, total, bin) => [...all, this.sized(this.bar(bin, "total"), total)], []),
        ...this.selectedBars,
        bottomAxis(this.x, [low, high], area.bottom, Math.max(2, Math.floor(width / 56))),
        this.brush,
      );
      onDrag(root, (point) => this.grab(point));
      root.addEventListener("pointermove", (event) => this.hover(root, event));
      this.card.body.replaceChildren(root);
    }

    bar(bin, className) {
      const { edges } = this.dimension;
      const left = this.x(edges[bin]);
      return svg("rect", { class: className, x: left + 0.5, width: Math.max(1, this.x(edges[bin + 1]) - left - 1), y: 0, height: 0 });
    }

    sized(bar, value) {
      const top = this.y(value);
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
        this.brush.setAttribute("width", this.x(range[1]) - this.x(range[0]));
      }
      this.card.caption.textContent = range ? `${format.exact(range[0])} to under ${format.exact(range[1])}` : "";
      this.counts = counts;
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

    grab([x]) {
      const { edges } = this.dimension;
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
      };
    }

    hover(root, event) {
      const { edges } = this.dimension;
      const x = event.clientX - root.getBoundingClientRect().left;
      const part = this.part(x);
      root.style.cursor = { left: "ew-resize", right: "ew-resize", inside: "grab" }[part] || "crosshair";
      const bin = edges.findIndex((edge, index) => index < edges.length - 1 && this.x(edges[index + 1]) > x);
      if (bin < 0 || x < this.x(edges[0])) return this.host.tip(null);
      const counts = `${format.count(this.counts[bin])} of ${format.count(this.totals[bin])} customers`;
      return this.host.tip(event, `${format.number(edges[bin])} to under ${format.number(edges[bin + 1])}: ${counts}`);
    }
  }

  class Bars {
    /* labels, hints and colours: one per bin; colours may be null, for the colour of a selection. */
    constructor(cube, dimension, host, { title, labels, hints = [], colours = null }) {
      Object.assign(this, { cube, dimension, host, name: dimension.name, labels });
      this.card = card(title);
      this.element = this.card.element;
      this.element.dataset.view = dimension.name;
      this.totals = cube.totals(dimension.name);
      const highest = Math.max(...this.totals);
      this.rows = labels.map((label, bin) => {
        const total = html("span", "bar total");
        const selected = html("span", "bar selected");
        total.style.width = `${(100 * this.totals[bin]) / highest}%`;
        if (colours) selected.style.background = colours[bin];
        const value = html("span", "bar-value");
        const row = html("button", "bar-row", html("span", "bar-label", label), html("span", "bar-track", total, selected), value);
        row.type = "button";
        row.title = `${label}${hints[bin] ? ` (${hints[bin]})` : ""}. Click selects, Ctrl-click or Shift-click adds.`;
        row.addEventListener("click", (event) => this.toggle(bin, event.ctrlKey || event.metaKey || event.shiftKey));
        return { row, selected, value, highest };
      });
      this.card.body.append(...this.rows.map(({ row }) => row));
    }

    layout() {}

    draw() {
      const counts = this.cube.histogram(this.name, this.name);
      const chosen = this.chosen();
      this.rows.forEach(({ row, selected, value, highest }, bin) => {
        selected.style.width = `${(100 * counts[bin]) / highest}%`;
        value.textContent = format.count(counts[bin]);
        row.dataset.count = counts[bin];
        const isChosen = chosen.has(this.dimension.values[bin]);
        row.setAttribute("aria-pressed", isChosen);
        row.setAttribute("aria-label", `${this.labels[bin]}: ${format.count(counts[bin])} customers`);
        row.classList.toggle("left-out", chosen.size > 0 && !isChosen);
      });
    }

    chosen() {
      const condition = this.cube.filters[this.name];
      return new Set(condition ? condition.value : []);
    }

    /* A click selects one value, or clears it when it stood alone; with a key held it adds or removes. */
    toggle(bin, adds) {
      const value = this.dimension.values[bin];
      const chosen = this.chosen();
      const wasChosen = chosen.has(value);
      const wasAlone = wasChosen && chosen.size === 1;
      if (!adds) chosen.clear();
      if (adds ? wasChosen : wasAlone) chosen.delete(value);
      else chosen.add(value);
      const values = this.dimension.values.filter((other) => chosen.has(other));
      this.host.change(this.name, values.length ? { op: "in", value: values } : null);
      this.host.commit();
    }
  }

  window.mall = Object.assign(window.mall || {}, { views: { Histogram, Bars } });
})();
