/* The view of two numbers at once, which is brushed by a box. */

(function () {
  "use strict";

  const { frame, format, snapped, shifted, stepped, widened } = window.mall;
  const { svg, html, card, scaleOf, bottomAxis, leftAxis, onDrag } = frame;

  class Scatter {
    /* Points where cells are customers, a density of cells where there are many; coloured by the segment dimension. */
    constructor(cube, [x, y], host, clustering) {
      Object.assign(this, { cube, host, xDimension: x, yDimension: y, clustering, name: `${x.name}*${y.name}`, height: 376 });
      this.choices = ["x", "y"].map((axis) => this.choice(axis));
      this.card = card(this.name, `${x.label} × ${format.inline(y.label)}`);
      this.element = this.card.element;
      this.element.classList.add("view-tall");
      this.hasPoints = cube.size === cube.customers;
    }

    /* What chooses the number along an axis; that of the other axis changes places with it. */
    choice(axis) {
      const own = (axis === "x" ? this.xDimension : this.yDimension).name;
      const numbers = [...this.cube.dimensions.values()].filter((dimension) => dimension.kind === "numeric");
      const options = numbers.map((dimension) => new Option(format.title(dimension), dimension.name, false, dimension.name === own));
      const select = html("select", `view-tool axis-choice along-${axis}`, ...options);
      select.setAttribute("aria-label", `Along the ${axis} axis`);
      select.dataset.axis = axis;
      select.addEventListener("change", () => {
        const other = axis === "x" ? this.yDimension.name : this.xDimension.name;
        const [next, rest] = [select.value, other === select.value ? own : other];
        this.host.setAxes(axis === "x" ? [next, rest] : [rest, next]);
      });
      return select;
    }

    layout(width) {
      const hadFocus = this.card.body.contains(document.activeElement);
      const area = { left: 44, right: width - 16, top: 24, bottom: this.height - 40 };
      const ends = (dimension) => [dimension.edges[0], dimension.edges[dimension.edges.length - 1]];
      this.area = area;
      this.width = width;
      this.x = scaleOf(this.xDimension, area.left, area.right);
      this.y = scaleOf(this.yDimension, area.bottom, area.top);
      this.canvas = html("canvas", "plot-canvas");
      const ratio = window.devicePixelRatio || 1;
      Object.assign(this.canvas, { width: width * ratio, height: this.height * ratio });
      Object.assign(this.canvas.style, { width: `${width}px`, height: `${this.height}px` });
      this.context = this.canvas.getContext("2d");
      this.context.scale(ratio, ratio);
      this.brush = svg("rect", { class: "brush", visibility: "hidden" });
      this.found = svg("circle", { r: 9, class: "found-ring", visibility: "hidden" });
      const behind = svg(
        "svg",
        { width, height: this.height, class: "plot-behind", "aria-hidden": true },
        leftAxis(this.y, area.left, area.right, 5),
        bottomAxis(this.x, ends(this.xDimension), area.bottom, Math.max(2, Math.floor(width / 56))),
      );
      const root = svg(
        "svg",
        { width, height: this.height, class: "plot", tabindex: 0, role: "application", "aria-label": this.spoken() },
        this.centroids(),
        this.brush,
        this.found,
      );
      onDrag(root, (point) => this.grab(point));
      root.addEventListener("keydown", (event) => this.press(event));
      this.card.body.replaceChildren(html("div", "plot-stack", behind, this.canvas, root, ...this.choices));
      if (hadFocus) root.focus({ preventScroll: true });
    }

    spoken() {
      const title = `${format.title(this.xDimension)} across, ${format.title(this.yDimension)} up`;
      return `Customers by two numbers: ${title}. Arrow keys move the box, with Shift they widen and narrow it, Delete clears it.`;
    }

    mark(customer) {
      const [x, y] = [this.xDimension, this.yDimension].map(({ name }) => customer && customer[name]);
      const isThere = typeof x === "number" && typeof y === "number";
      this.found.setAttribute("visibility", isThere ? "visible" : "hidden");
      if (!isThere) return;
      this.found.setAttribute("cx", this.x(x));
      this.found.setAttribute("cy", this.y(y));
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
        const place = { x: this.x(left), width: Math.max(0, this.x(right) - this.x(left)), y: this.y(high), height: Math.max(0, this.y(low) - this.y(high)) };
        for (const [name, value] of Object.entries(place)) this.brush.setAttribute(name, value);
      }
      this.card.caption.textContent = this.hasPoints ? "" : "darker: more";
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

    /* Keys: arrows move the box, or begin one around the middle; with Shift its right and its upper side move. */
    press(event) {
      const [across, up] = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] || [0, 0];
      const box = this.box();
      const clears = ["Delete", "Backspace", "Escape"].includes(event.key) && box;
      if (!(across || up || clears) || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      const middle = ({ edges }) => snapped(edges, edges[Math.floor(edges.length / 4)], edges[Math.ceil((3 * edges.length) / 4) - 1]);
      const change = event.shiftKey ? widened : stepped;
      const moved = () => [change(this.xDimension.edges, box[0], across), change(this.yDimension.edges, box[1], up)];
      const value = box ? moved : () => [middle(this.xDimension), middle(this.yDimension)];
      this.host.change(this.name, clears ? null : { op: "box", value: value() });
      this.host.commitSoon();
    }

    grab([x, y]) {
      this.host.flush();
      const before = this.cube.filters[this.name];
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
        cancel: () => {
          this.host.change(this.name, before || null);
          this.host.commit(); // something else may have been undone meanwhile
        },
      };
    }
  }

  window.mall.views.Scatter = Scatter;
})();
