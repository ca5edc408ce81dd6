/* The linked views of the Explore page: histogram, bars and scatter.

   Each has an `element`, a `layout(width)` that draws what filters do not change, and a `draw()` that draws what they do.
   A gesture calls host.change(clause, condition) while it goes on, and host.commit() when it ends. */

(function () {
  "use strict";

  const { frame, nearestEdge, format } = window.mall;
  const { svg, html, card, scale, bottomAxis, leftAxis, onDrag } = frame;
  const HANDLE = 6; // how near, in pixels, a pointer must be to an edge of a brush to take hold of it

  /* Snap two values to bin edges; the range holds one bin at least. */
  function snapped(edges, one, other) {
    const [low, high] = one < other ? [one, other] : [other, one];
    const first = Math.min(nearestEdge(edges, low), edges.length - 2);
    return [edges[first], edges[Math.max(first + 1, nearestEdge(edges, high))]];
  }

  /* Move a range by some bins, as far as the edges go. */
  function shifted(edges, range, from, to) {
    const first = nearestEdge(edges, range[0]);
    const last = nearestEdge(edges, range[1]);
    const wanted = nearestEdge(edges, edges[first] + to - from) - first;
    const step = Math.max(-first, Math.min(wanted, edges.length - 1 - last));
    return [edges[first + step], edges[last + step]];
  }

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
      this.x = scale(low, high, area.left, area.right);
      this.y = scale(0, highest, area.bottom, area.top);
      this.area = area;
      const bars = (className) => edges.slice(1).map((_, bin) => this.bar(bin, className));
      this.selectedBars = bars("selected");
      this.brush = svg("rect", { class: "brush", y: area.top, height: area.bottom - area.top, visibility: "hidden" });
      const root = svg(
        "svg",
        { width, height: this.height, class: "plot", role: "img", "aria-label": `${format.title(this.dimension)}: customers per bin` },
        leftAxis(this.y, [0, highest], area.left, area.right, 3, format.short),
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
      this.card.caption.textContent = range ? `${format.number(range[0])} to under ${format.number(range[1])}` : "";
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
    /* labels and colours: one per bin; colours may be null, for the colour of a selection. */
    constructor(cube, dimension, host, { title, labels, colours = null }) {
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
        row.title = `${label}. Click selects, Ctrl-click or Shift-click adds.`;
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

  class Scatter {
    /* Points where cells are few, a density of cells where they are many; coloured by the segment dimension. */
    constructor(cube, [x, y], host, clustering) {
      Object.assign(this, { cube, host, xDimension: x, yDimension: y, clustering, name: `${x.name}*${y.name}`, height: 376 });
      this.card = card(`${x.label} × ${y.label.toLowerCase()}`);
      this.element = this.card.element;
      this.element.classList.add("view-tall");
      this.element.dataset.view = this.name;
      this.hasPoints = cube.size <= 5000;
    }

    layout(width) {
      const area = { left: 44, right: width - 16, top: 24, bottom: this.height - 40 };
      const ends = (dimension) => [dimension.edges[0], dimension.edges[dimension.edges.length - 1]];
      this.area = area;
      this.width = width;
      this.x = scale(...ends(this.xDimension), area.left, area.right);
      this.y = scale(...ends(this.yDimension), area.bottom, area.top);
      this.canvas = html("canvas", "plot-canvas");
      const ratio = window.devicePixelRatio || 1;
      Object.assign(this.canvas, { width: width * ratio, height: this.height * ratio });
      Object.assign(this.canvas.style, { width: `${width}px`, height: `${this.height}px` });
      this.context = this.canvas.getContext("2d");
      this.context.scale(ratio, ratio);
      this.brush = svg("rect", { class: "brush", visibility: "hidden" });
      const root = svg(
        "svg",
        { width, height: this.height, class: "plot", role: "img", "aria-label": this.card.element.getAttribute("aria-label") },
        leftAxis(this.y, ends(this.yDimension), area.left, area.right, 5),
        bottomAxis(this.x, ends(this.xDimension), area.bottom, Math.max(2, Math.floor(width / 56))),
        svg("text", { x: area.right, y: this.height - 4, "text-anchor": "end", class: "tick" }, format.title(this.xDimension)),
        svg("text", { x: 8, y: 12, class: "tick" }, format.title(this.yDimension)),
        this.centroids(),
        this.brush,
      );
      onDrag(root, (point) => this.grab(point));
      this.card.body.replaceChildren(html("div", "plot-stack", this.canvas, root));
    }

    /* A ring with the segment's colour at the mean of every segment. */
    centroids() {
      const marks = this.clustering.segments.map((segment) => {
        const at = { cx: this.x(segment.means[this.xDimension.name]), cy: this.y(segment.means[this.yDimension.name]) };
        const mark = svg("circle", { ...at, r: 7, class: "centroid", fill: segment.colour });
        mark.append(svg("title", {}, `${segment.name}: mean`));
        return mark;
      });
      return svg("g", {}, ...marks);
    }

    draw() {
      const { context, area } = this;
      context.clearRect(0, 0, this.width, this.height);
      if (this.hasPoints) this.drawPoints();
      else this.drawDensity();
      const box = this.box();
      this.brush.setAttribute("visibility", box ? "visible" : "hidden");
      if (box) {
        const [[left, right], [low, high]] = box;
        const place = { x: this.x(left), width: this.x(right) - this.x(left), y: this.y(high), height: this.y(low) - this.y(high) };
        for (const [name, value] of Object.entries(place)) this.brush.setAttribute(name, value);
      }
      this.card.caption.textContent = this.hasPoints ? "○ mean of a segment" : "darker: more customers · ○ mean of a segment";
    }

    /* A dot per cell, at the mean of its customers: with few customers a cell is one customer. */
    drawPoints() {
      const { cube, context } = this;
      const passes = cube.passing(this.name);
      const segments = cube.bins[this.clustering.dimension];
      const xs = cube.sums[this.xDimension.name];
      const ys = cube.sums[this.yDimension.name];
      const radius = cube.size <= 1000 ? 3.5 : 2;
      const rest = getComputedStyle(this.element).getPropertyValue("--rest");
      for (const wanted of [0, 1]) {
        for (let cell = 0; cell < cube.size; cell++) {
          if (passes[cell] !== wanted) continue;
          context.fillStyle = wanted ? this.clustering.segments[segments[cell]].colour : rest;
          context.beginPath();
          context.arc(this.x(xs[cell] / cube.count[cell]), this.y(ys[cell] / cube.count[cell]), radius, 0, 2 * Math.PI);
          context.fill();
        }
      }
    }

    /* A square per pair of bins: its colour is that of the segment most of its customers are in, its strength their number. */
    drawDensity() {
      const { cube, context } = this;
      const columns = cube.width(this.xDimension.name);
      const size = columns * cube.width(this.yDimension.name);
      const kinds = this.clustering.segments.length;
      const xs = cube.bins[this.xDimension.name];
      const ys = cube.bins[this.yDimension.name];
      const segments = cube.bins[this.clustering.dimension];
      const passes = cube.passing(this.name);
      const totals = new Float64Array(size);
      const counts = new Float64Array(size * kinds);
      for (let cell = 0; cell < cube.size; cell++) {
        const square = ys[cell] * columns + xs[cell];
        totals[square] += cube.count[cell];
        if (passes[cell]) counts[square * kinds + segments[cell]] += cube.count[cell];
      }
      const highest = Math.sqrt(totals.reduce((most, total) => Math.max(most, total), 0));
      const rest = getComputedStyle(this.element).getPropertyValue("--rest");
      const paint = (square, colour, count) => {
        if (!count) return;
        const [column, row] = [square % columns, Math.floor(square / columns)];
        const [left, right] = [this.x(this.xDimension.edges[column]), this.x(this.xDimension.edges[column + 1])];
        const [top, bottom] = [this.y(this.yDimension.edges[row + 1]), this.y(this.yDimension.edges[row])];
        context.globalAlpha = 0.15 + 0.85 * (Math.sqrt(count) / highest);
        context.fillStyle = colour;
        context.fillRect(left, top, right - left - 0.5, bottom - top - 0.5);
      };
      for (let square = 0; square < size; square++) {
        const own = counts.subarray(square * kinds, (square + 1) * kinds);
        const selected = own.reduce((sum, count) => sum + count, 0);
        if (selected) paint(square, this.clustering.segments[own.indexOf(Math.max(...own))].colour, selected);
        else paint(square, rest, totals[square]);
      }
      context.globalAlpha = 1;
    }

    box() {
      const condition = this.cube.filters[this.name];
      return condition ? condition.value : null;
    }

    grab([x, y]) {
      const box = this.box();
      const [horizontal, vertical] = [this.xDimension.edges, this.yDimension.edges];
      const from = [this.x.invert(x), this.y.invert(y)];
      const isInside = box && box.every(([low, high], axis) => from[axis] > low && from[axis] < high);
      return {
        move: ([toX, toY]) => {
          const to = [this.x.invert(toX), this.y.invert(toY)];
          const value = isInside
            ? [shifted(horizontal, box[0], from[0], to[0]), shifted(vertical, box[1], from[1], to[1])]
            : [snapped(horizontal, from[0], to[0]), snapped(vertical, from[1], to[1])];
          this.host.change(this.name, { op: "box", value });
        },
        end: (isClick) => {
          if (isClick) this.host.change(this.name, null);
          this.host.commit();
        },
      };
    }
  }

  window.mall = Object.assign(window.mall || {}, { views: { Histogram, Bars, Scatter } });
})();
