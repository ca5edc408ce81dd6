/* The Explore page: one cube, its views, the headline and the chips; and the functions Dash calls in the browser. */

(function () {
  "use strict";

  const mall = (window.mall = window.mall || {}); // filled by the other files; Dash loads them in the order of their names
  const html = (...given) => mall.frame.html(...given);
  const OTHER = { kmeans: "hierarchical", hierarchical: "kmeans" };
  const HEADLINE_MEANS = 4;
  const BESIDE_SCATTER = 3;
  const CUBE_FORM = 2; // what dashboard/cube.py sends; browsers keep a cube, so that another form needs another address
  const set = (id, properties) => window.dash_clientside.set_props(id, properties);

  class Explore {
    constructor(root, cube, filters, segmentation, algorithm) {
      Object.assign(this, { root, cube, segmentation, algorithm, frame: 0 });
      cube.setFilters(filters);
      this.headline = html("p", "headline");
      this.headline.setAttribute("aria-live", "polite");
      this.chips = html("div", "chips");
      this.tooltip = html("div", "tooltip");
      this.grid = html("div", "views");
      this.views = this.makeViews();
      this.grid.append(...this.views.map((view) => view.element));
      this.grid.addEventListener("pointerleave", () => this.tip(null));
      root.replaceChildren(this.headline, this.chips, this.grid, this.tooltip);
      this.observer = new ResizeObserver(() => this.layout());
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

    /* The two dimensions of the scatter, chosen by dashboard/axes.py; null where there are none. */
    pair(clustering) {
      const pair = clustering.axes.map((name) => this.cube.dimensions.get(name));
      return pair.length === 2 ? pair : null;
    }

    segmentBars(clustering) {
      return new mall.views.Bars(this.cube, this.cube.dimensions.get(clustering.dimension), this, {
        title: clustering.title,
        labels: clustering.segments.map((segment) => segment.name),
        hints: clustering.segments.map((segment) => segment.stability),
        colours: clustering.segments.map((segment) => segment.colour),
      });
    }

    layout() {
      for (const view of this.views) view.layout(view.card.body.clientWidth);
      this.draw();
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

    /* Called by a view when a gesture ends: the store gets the filters, and with it the address bar and the table. */
    commit() {
      set("filters", { data: { ...this.cube.filters } });
    }

    /* Take filters that came from elsewhere: the address bar, a chip, Reset. */
    apply(filters) {
      if (this.holds(filters)) return; // the store answers a gesture with what is drawn already
      this.cube.setFilters(filters);
      this.draw();
      this.settle(filters);
    }

    /* Where the cube could not take filters as they were, the store takes them as the cube did. */
    settle(filters) {
      if (!this.holds(filters)) this.commit();
    }

    holds(filters) {
      return JSON.stringify(this.cube.filters) === JSON.stringify(filters);
    }

    draw() {
      for (const view of this.views) view.draw();
      this.drawHeadline();
      this.drawChips();
    }

    drawHeadline() {
      const { count, means } = this.cube.summary();
      const share = this.cube.customers ? count / this.cube.customers : 0;
      const parts = [html("strong", "", `${mall.format.count(count)} of ${mall.format.count(this.cube.customers)} customers`), ` (${mall.format.percent(share)})`];
      for (const { name, mean, everyone } of this.headlineMeans(means)) {
        const { label, unit } = this.cube.dimensions.get(name);
        const text = ` · mean ${mall.format.inline(label)} ${mall.format.quantity(mean, unit)}`;
        const change = everyone ? (mean - everyone) / Math.abs(everyone) : 0;
        const isFiltered = count < this.cube.customers;
        parts.push(text, isFiltered ? html("span", "muted", ` (${change >= 0 ? "+" : ""}${mall.format.percent(change)})`) : "");
      }
      this.headline.replaceChildren(...parts);
    }

    /* The means the headline has room for: those of the features clustered on first. */
    headlineMeans(means) {
      const { features } = this.clustering(this.algorithm);
      const isFeature = ({ name }) => features.includes(name);
      const inOrder = [...means.filter(isFeature), ...means.filter((each) => !isFeature(each))];
      const chosen = new Set(inOrder.slice(0, HEADLINE_MEANS));
      return means.filter((each) => each.mean !== null && chosen.has(each));
    }

    drawChips() {
      const names = Object.keys(this.cube.filters);
      const chips = names.map((name) => {
        const chip = html("button", "chip", html("span", "chip-text", this.english(name)), html("span", "chip-remove", "✕"));
        chip.type = "button";
        chip.dataset.filter = name;
        chip.title = `Remove this filter: ${this.english(name)}`;
        chip.addEventListener("click", () => {
          this.change(name, null);
          this.commit();
        });
        return chip;
      });
      if (names.length) {
        const reset = html("button", "reset", "Reset");
        reset.type = "button";
        reset.addEventListener("click", () => {
          this.apply({});
          this.commit();
        });
        chips.push(reset);
      } else {
        chips.push(html("span", "muted", "Drag across a chart, or click a bar, to filter everything else."));
      }
      this.chips.replaceChildren(...chips);
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
      return `${title}: ${value.map((item) => names.get(item) || item).join(" or ")}`;
    }

    tip(event, text) {
      this.tooltip.style.visibility = event ? "visible" : "hidden";
      if (!event) return;
      this.tooltip.textContent = text;
      const left = Math.min(event.clientX + 12, window.innerWidth - this.tooltip.offsetWidth - 8);
      Object.assign(this.tooltip.style, { left: `${left}px`, top: `${event.clientY + 16}px` });
    }
  }

  let page = null; // the Explore page that is shown
  let shows = 0; // how often `show` was called: only the last call may draw
  let wanted = {}; // the filters of the store, as they are now
  let loading = { url: null, cube: null }; // the cube of the newest version asked for, as a promise

  function fetchCube(version) {
    const url = `cube/${version.version}.json?form=${CUBE_FORM}&built=${encodeURIComponent(version.built)}`;
    if (loading.url !== url) {
      const cube = fetch(url).then((response) => {
        if (!response.ok) throw new Error(`The customers could not be fetched (${response.status}).`);
        return response.json();
      });
      loading = { url, cube };
      cube.catch(() => {
        if (loading.url === url) loading = { url: null, cube: null }; // the next call tries again
      });
    }
    return loading.cube;
  }

  /* Show the newest version; called by Dash when the page, the version, the segmentation or the algorithm changes. While the
     cube is fetched the page may be left, another call may come, and the filters may change. */
  async function show(_, version, segmentation, algorithm, filters) {
    const call = ++shows;
    wanted = filters || {};
    const root = document.getElementById("explore");
    if (!version || !root) return window.dash_clientside.no_update;
    const isLate = () => call !== shows || !document.contains(root);
    try {
      const data = await fetchCube(version);
      if (isLate()) return window.dash_clientside.no_update;
      draw(root, new mall.Cube(data), segmentation, algorithm);
    } catch (error) {
      if (isLate()) return window.dash_clientside.no_update;
      root.replaceChildren(html("p", "error", `${error.message} Reload the page to try again.`));
    }
    return `${version.version}/${segmentation}/${algorithm}`;
  }

  function draw(root, cube, segmentation, algorithm) {
    if (page) page.observer.disconnect();
    const filters = wanted;
    const known = cube.clusterings.find((one) => one.segmentation === segmentation && one.algorithm === algorithm);
    const shown = known || cube.clusterings[0]; // an address may name what this version does not have
    page = new Explore(root, cube, filters, shown.segmentation, shown.algorithm);
    page.settle(filters);
  }

  /* Follow the store: filters that a gesture here has just set change nothing. */
  function follow(filters) {
    wanted = filters || {};
    if (page && document.contains(page.root)) page.apply(wanted);
    refreshTable();
  }

  function refreshTable() {
    try {
      window.dash_ag_grid.getApi("customers").purgeInfiniteCache();
    } catch {
      // the table is not there yet; it will ask for its rows when it is
    }
  }

  /* Read the address bar into the stores; what it does not change stays untouched. */
  function readAddress(search, filters, segmentation, algorithm) {
    const state = mall.address.read(search);
    const news = (after, before) =>
      after === undefined || JSON.stringify(after) === JSON.stringify(before) ? window.dash_clientside.no_update : after;
    return [news(state.filters, filters), news(state.segmentation, segmentation), news(state.algorithm, algorithm)];
  }

  /* Write the stores into the address bar, and into the links to the other pages, so that filters travel along. */
  function writeAddress(filters, segmentation, algorithm) {
    const search = mall.address.write({ filters, segmentation, algorithm });
    const current = mall.address.write(mall.address.read(window.location.search));
    if (search !== current) set("location", { search });
    return ["/", "/segments", "/evidence", "/history", "/data", "/retention", "/products", "/forecast", "/inventory", "/campaigns"].map((path) => path + search);
  }

  /* Keep the colour scheme of everything that is not Mantine in step with it. */
  function watchScheme() {
    const root = document.documentElement;
    const tell = () => {
      const scheme = root.dataset.mantineColorScheme || "light";
      if (root.dataset.agThemeMode === scheme) return;
      root.dataset.agThemeMode = scheme;
      set("scheme", { data: scheme });
      if (page && document.contains(page.root)) page.draw();
    };
    new MutationObserver(tell).observe(root, { attributes: true, attributeFilter: ["data-mantine-color-scheme"] });
    tell();
  }

  window.dash_clientside = window.dash_clientside || {};
  const ours = { show, follow, readAddress, writeAddress, watchScheme, refreshTable };
  window.dash_clientside.mall = Object.assign(window.dash_clientside.mall || {}, ours);
})();
