/* The Explore page: one cube, its views and the headline; the row of chips is in bar.js. */

(function () {
  "use strict";

  const mall = (window.mall = window.mall || {}); // filled by the other files; Dash loads them in the order of their names
  const html = (...given) => mall.frame.html(...given);
  const OTHER = { kmeans: "hierarchical", hierarchical: "kmeans" };
  const HEADLINE_MEANS = 4;
  const BESIDE_SCATTER = 3;
  const KEYS_REST = 300; // milliseconds after the last key, when a gesture of keys has ended
  const set = (id, properties) => window.dash_clientside.set_props(id, properties);

  function against(change) {
    const element = html("span", "muted", change);
    element.title = "against everyone";
    return element;
  }

  class Explore {
    /* axes: the two numbers of the scatter, "x*y", or null for those that the clustering suggests. */
    constructor(root, cube, filters, segmentation, algorithm, axes) {
      Object.assign(this, { root, cube, segmentation, algorithm, axes, frame: 0, rest: 0, sent: null, customer: null });
      cube.setFilters(filters);
      this.turnBox();
      this.headline = html("p", "headline");
      this.status = html("p", "spoken"); // what a screen reader says, once a gesture has ended
      this.status.setAttribute("role", "status");
      this.bar = new mall.Bar(this);
      this.tooltip = html("div", "tooltip");
      this.grid = html("div", "views");
      this.views = this.makeViews();
      this.grid.append(...this.views.map((view) => view.element));
      this.grid.addEventListener("pointerleave", () => this.tip(null));
      root.classList.toggle("counted", Boolean(cube.isCounted));
      const sql = mall.frame.button("view-tool", "SQL");
      sql.dataset.sqlOf = "headline";
      sql.setAttribute("aria-label", "SQL of the first line");
      root.replaceChildren(html("div", "headline-row", this.headline, sql), this.bar.element, this.grid, this.leftOut(), this.status, this.tooltip);
      this.observer = new ResizeObserver(() => {
        mall.frame.atRest().then(() => {
          if (this.grid.clientWidth !== this.width) this.layout(); // plots that are drawn anew would end a drag
        });
      });
      this.observer.observe(this.grid);
      this.layout();
    }

    makeViews() {
      const dimensions = [...this.cube.dimensions.values()];
      const clustering = this.clustering(this.algorithm);
      const isFeature = ({ name }) => clustering.features.includes(name);
      const numeric = dimensions.filter((dimension) => dimension.kind === "numeric");
      const pair = this.pair(clustering);
      const inOrder = numeric.length > BESIDE_SCATTER ? [...numeric.filter(isFeature), ...numeric.filter((one) => !isFeature(one))] : numeric;
      const histograms = inOrder.map((dimension) => new mall.views.Histogram(this.cube, dimension, this));
      return [
        ...histograms.slice(0, BESIDE_SCATTER), // the scatter ends the first row; further histograms flow around it
        ...(pair ? [new mall.views.Scatter(this.cube, pair, this, clustering)] : []),
        ...histograms.slice(BESIDE_SCATTER),
        ...dimensions
          .filter((dimension) => dimension.kind === "category")
          .map((dimension) => new mall.views.Bars(this.cube, dimension, this, { title: dimension.label, labels: dimension.values })),
        ...[this.algorithm, OTHER[this.algorithm]].map((algorithm) => this.segmentBars(this.clustering(algorithm))),
      ];
    }

    clustering(algorithm) {
      return this.cube.clusterings.find((one) => one.segmentation === this.segmentation && one.algorithm === algorithm);
    }

    /* The two dimensions of the scatter: those that were chosen, else those of dashboard/axes.py; null where there are none. */
    pair(clustering) {
      if (this.cube.isCounted) return null;
      const known = (names) => names.map((name) => this.cube.dimensions.get(name)).filter((one) => one && one.kind === "numeric");
      const chosen = known((this.axes || "").split("*"));
      const numbers = [...this.cube.dimensions.values()].filter(({ kind }) => kind === "numeric");
      const pairs = [chosen, known(clustering.axes), numbers.slice(0, 2)];
      return pairs.find(([first, second]) => first && second && first !== second) || null;
    }

    /* A box on the axes of the scatter the other way round is turned, so that the view has it and does not filter itself;
       returns whether there was one. */
    turnBox() {
      const [x, y] = (this.pair(this.clustering(this.algorithm)) || []).map(({ name }) => name);
      const box = this.cube.filters[`${y}*${x}`];
      if (!box) return false;
      this.cube.setFilter(`${y}*${x}`, null);
      this.cube.setFilter(`${x}*${y}`, { op: "box", value: [box.value[1], box.value[0]] });
      return true;
    }

    /* Called by the scatter, and when the address says so: other numbers along its axes. */
    setAxes(names) {
      const axes = names ? names.join("*") : null;
      if (axes === this.axes) return;
      this.axes = axes;
      const old = this.views.find((view) => view instanceof mall.views.Scatter);
      const clustering = this.clustering(this.algorithm);
      if (!old) return;
      const isTurned = this.turnBox();
      const view = new mall.views.Scatter(this.cube, this.pair(clustering), this, clustering);
      const focused = document.activeElement && document.activeElement.dataset.axis;
      this.views[this.views.indexOf(old)] = view;
      old.element.replaceWith(view.element);
      this.layout();
      if (focused) view.element.querySelector(`[data-axis=${focused}]`).focus();
      if (isTurned) this.send();
      set("axes", { data: axes });
    }

    /* The columns that the cube has no room for, in a sentence. */
    leftOut() {
      const names = this.cube.leftOut.map(({ label }) => label).join(", ");
      return html("p", "left-out-columns muted", names ? `Not drawn, so that the page stays quick: ${names}. The table, the downloads and what is different have them.` : "");
    }

    segmentBars(clustering) {
      return new mall.views.Bars(this.cube, this.cube.dimensions.get(clustering.dimension), this, {
        title: clustering.short_title, // the header says which segmentation it is
        labels: clustering.segments.map((segment) => segment.name),
        hints: clustering.segments.map((segment) => segment.stability),
        colours: clustering.segments.map((segment) => segment.colour),
      });
    }

    layout() {
      this.width = this.grid.clientWidth;
      if (!this.width) return; // the page is being left
      for (const view of this.views) view.layout(view.card.body.clientWidth);
      this.draw();
      this.mark(this.customer);
    }

    /* Show where a customer of the table is in every view; nobody for null. */
    mark(customer) {
      this.customer = customer;
      this.bar.mark(customer);
      for (const view of this.views) view.mark(customer);
    }

    /* Called by a view while a gesture goes on. */
    change(name, condition) {
      this.cube.setFilter(name, condition);
      if (!this.frame) {
        this.frame = requestAnimationFrame(() => {
          this.frame = 0;
          this.draw();
        });
      }
    }

    /* Called by a view when a gesture ends: what it has changed is painted, and then sent. */
    commit() {
      requestAnimationFrame(() => setTimeout(() => this.send()));
    }

    /* Called by a view for a key, which may be one of many. */
    commitSoon() {
      clearTimeout(this.rest);
      this.rest = setTimeout(() => this.send(), KEYS_REST);
    }

    /* Called before a gesture begins: keys that are still waited for have ended. */
    flush() {
      if (this.rest) this.send();
    }

    /* The store gets the filters, and with it the address bar and the table. */
    send() {
      clearTimeout(this.rest);
      this.rest = 0;
      const filters = { ...this.cube.filters };
      this.sent = JSON.stringify(filters);
      mall.steps.take(filters);
      this.bar.draw();
      set("filters", { data: filters });
      this.say();
    }

    /* Remove all filters. */
    clear() {
      this.cube.setFilters({});
      this.draw();
      this.commit();
    }

    say() {
      const filters = Object.keys(this.cube.filters).map((name) => this.english(name));
      this.status.textContent = `${this.headline.firstChild.textContent}. ${filters.join(". ") || "No filter."}`;
    }

    /* Take filters that came from elsewhere: the address bar, undo. */
    apply(filters) {
      const isEcho = JSON.stringify(filters) === this.sent; // the store answers a gesture, and another may have begun
      if (isEcho || this.holds(filters)) return;
      this.sent = null;
      clearTimeout(this.rest);
      this.rest = 0;
      this.cube.setFilters(filters);
      this.draw();
      this.say();
      this.settle(filters);
    }

    /* Where the cube could not take filters as they were, the store takes them as the cube did: that is no step of a person. */
    settle(filters) {
      if (this.holds(filters)) return;
      mall.steps.correct({ ...this.cube.filters });
      mall.address.correct();
      this.send();
    }

    holds(filters) {
      return JSON.stringify(this.cube.filters) === JSON.stringify(filters);
    }

    draw() {
      for (const view of this.views) view.draw();
      this.drawHeadline();
      this.bar.draw();
    }

    drawHeadline() {
      const { count, means } = this.cube.summary();
      if (count === undefined) return this.headline.replaceChildren(html("strong", "error", "The counts could not be had. Change a filter, or reload the page, to try again."));
      if (count === null) return this.headline.replaceChildren(html("strong", "", "Few customers are left, or left out: nothing is told of them."));
      const share = this.cube.customers ? count / this.cube.customers : 0;
      const parts = [html("strong", "", `${mall.format.count(count)} of ${mall.format.count(this.cube.customers)} customers`), ` (${mall.format.percent(share)})`];
      for (const { name, mean, everyone } of this.headlineMeans(means)) {
        const { label, unit, edges } = this.cube.dimensions.get(name);
        const called = mall.format.inline(label);
        const text = ` · ${/^mean\b/.test(called) ? called : `mean ${called}`} ${mall.format.quantity(mean, unit)}`;
        const hasShare = edges[0] >= 0 && everyone > 0; // of what goes below zero a difference in percent says nothing
        const change = mall.format.change(mean - everyone, hasShare ? everyone : null);
        parts.push(text, count < this.cube.customers ? against(` (${change})`) : "");
      }
      if (!count) parts.push(" · No customer meets all of these filters: remove one of them.");
      return this.headline.replaceChildren(...parts);
    }

    /* The means the headline has room for: those of the features clustered on first. */
    headlineMeans(means) {
      const { features } = this.clustering(this.algorithm);
      const isFeature = ({ name }) => features.includes(name);
      const inOrder = [...means.filter(isFeature), ...means.filter((each) => !isFeature(each))];
      const chosen = new Set(inOrder.slice(0, HEADLINE_MEANS));
      return means.filter((each) => each.mean !== null && chosen.has(each));
    }

    english(name) {
      const { op, value } = this.cube.filters[name];
      const range = ({ label, unit }, [low, high]) =>
        `${label} ${mall.format.exact(low)} to under ${mall.format.exact(high)}${unit && !unit.includes("–") ? ` ${unit}` : ""}`;
      const parts = name.split("*").map((part) => this.cube.dimensions.get(part));
      if (op === "between") return range(parts[0], value);
      if (op === "box") return `${range(parts[0], value[0])} and ${range(parts[1], value[1])}`;
      const clustering = this.cube.clusterings.find((one) => one.dimension === name);
      const title = clustering ? clustering.title : parts[0].label;
      const names = new Map((clustering ? clustering.segments : []).map((segment) => [segment.id, segment.name]));
      const listed = value.map((item) => names.get(item) || item);
      return op === "not_in" ? `${title}: not ${listed.join(", not ")}` : `${title}: ${listed.join(" or ")}`;
    }

    tip(event, text) {
      this.tooltip.style.visibility = event ? "visible" : "hidden";
      if (!event) return;
      this.tooltip.textContent = text;
      const left = Math.min(event.clientX + 12, window.innerWidth - this.tooltip.offsetWidth - 8);
      Object.assign(this.tooltip.style, { left: `${left}px`, top: `${event.clientY + 16}px` });
    }
  }

  mall.Explore = Explore;
})();
