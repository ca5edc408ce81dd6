/* The functions that Dash calls in the browser (dashboard/app.py, dashboard/pages/explore.py): they join its stores to the page. */

(function () {
  "use strict";

  const mall = window.mall;
  const { html } = mall.frame;
  const CUBE_FORM = 4; // what dashboard/cube.py sends; browsers keep a cube, so that another form needs another address
  const set = (id, properties) => window.dash_clientside.set_props(id, properties);

  let page = null; // the Explore page that is shown
  let shows = 0; // how often `show` was called: only the last call may draw
  let wanted = {}; // the filters of the store, as they are now
  let chosenAxes = null; // the axes of the store
  let awaited = null; // the version that the address has asked for and that is not there yet
  let loading = { url: null, cube: null }; // the cube of the newest version asked for, as a promise

  function fetchCube(version, isCounted) {
    const url = `cube/${version.version}${isCounted ? "/frame" : ""}.json?form=${CUBE_FORM}&built=${encodeURIComponent(version.built)}`;
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

  /* Show a version; called by Dash when the page, the version, the segmentation or the algorithm changes. While the cube is
     fetched the page may be left, another call may come, and the filters may change. */
  async function show(_, version, segmentation, algorithm, filters) {
    const call = ++shows;
    wanted = filters || {};
    const root = document.getElementById("explore");
    if (!version || !root) return window.dash_clientside.no_update;
    const isLate = () => call !== shows || !document.contains(root);
    try {
      const isCounted = Boolean(root.dataset.isCounted);
      const data = await fetchCube(version, isCounted);
      await mall.frame.atRest(); // a new version does not take a drag out of a hand
      if (isLate()) return window.dash_clientside.no_update;
      draw(root, isCounted ? new mall.Counted(data, () => page && page.draw()) : new mall.Cube(data), segmentation, algorithm);
    } catch (error) {
      if (isLate()) return window.dash_clientside.no_update;
      root.replaceChildren(html("p", "error", `${error.message} Reload the page to try again.`));
    }
    return `${version.version}/${segmentation}/${algorithm}`;
  }

  function draw(root, cube, segmentation, algorithm) {
    if (page) page.observer.disconnect();
    awaited = null;
    const filters = wanted;
    const known = cube.clusterings.find((one) => one.segmentation === segmentation && one.algorithm === algorithm);
    const shown = known || cube.clusterings[0]; // an address may name what this version does not have
    if (!known) {
      set("segmentation", { value: shown.segmentation });
      set("algorithm", { value: shown.algorithm });
    }
    page = new mall.Explore(root, cube, filters, shown.segmentation, shown.algorithm, chosenAxes);
    page.settle(filters);
  }

  /* Follow the store: filters that a gesture here has just set change nothing. */
  function follow(filters) {
    wanted = filters || {};
    mall.steps.take(wanted);
    const isOfOther = awaited !== null && isShown() && page.cube.version !== awaited; // its cube takes them when it is drawn
    if (isShown() && !isOfOther) page.apply(wanted);
    refreshTable();
  }

  const isShown = () => page !== null && document.contains(page.root);

  function followAxes(axes) {
    chosenAxes = axes || null;
    if (isShown()) page.setAxes(chosenAxes ? chosenAxes.split("*") : null);
  }

  /* The customer whose row was chosen in the table. */
  function find(rows) {
    if (isShown()) page.mark((rows && rows[0]) || null);
  }

  function refreshTable() {
    try {
      window.dash_ag_grid.getApi("customers").purgeInfiniteCache();
    } catch {
      // the table is not there yet; it will ask for its rows when it is
    }
  }

  /* Read the address bar into the stores; what it does not change stays untouched. */
  function readAddress(search, filters, segmentation, algorithm, axes, shown) {
    if (mall.address.isEcho(search || "")) return Array(5).fill(window.dash_clientside.no_update);
    const state = mall.address.read(search);
    const isOther = Boolean(state.version) && !(shown && shown.version === state.version);
    awaited = isOther ? state.version : null;
    const news = (after, before) =>
      after === undefined || JSON.stringify(after) === JSON.stringify(before) ? window.dash_clientside.no_update : after;
    return [
      news(state.filters, filters),
      news(state.segmentation, segmentation),
      news(state.algorithm, algorithm),
      news(state.axes || null, axes || null),
      isOther ? state.version : window.dash_clientside.no_update,
    ];
  }

  /* Write the stores into the address bar, and into the links to the other pages, so that filters travel along. */
  function writeAddress(filters, segmentation, algorithm, axes, shown) {
    const version = shown ? shown.version : mall.address.read(window.location.search).version;
    const search = mall.address.show({ filters, segmentation, algorithm, axes, version });
    return ["/", "/segments", "/evidence", "/history", "/data", "/retention", "/products", "/forecast", "/inventory", "/campaigns", "/sql"].map((path) => path + search);
  }

  /* Keep the colour scheme of everything that is not Mantine in step with it. */
  function watchScheme() {
    const root = document.documentElement;
    const tell = () => {
      const scheme = root.dataset.mantineColorScheme || "light";
      if (root.dataset.agThemeMode === scheme) return;
      root.dataset.agThemeMode = scheme;
      set("scheme", { data: scheme });
      if (isShown()) page.draw();
    };
    new MutationObserver(tell).observe(root, { attributes: true, attributeFilter: ["data-mantine-color-scheme"] });
    tell();
  }

  mall.shown = () => (isShown() ? page : null);
  window.dash_clientside = window.dash_clientside || {};
  const ours = { show, follow, followAxes, find, readAddress, writeAddress, watchScheme, refreshTable };
  window.dash_clientside.mall = Object.assign(window.dash_clientside.mall || {}, ours);
})();
