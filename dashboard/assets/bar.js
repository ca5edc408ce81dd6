/* The row above the views: a chip for each filter, undo and redo, Reset, saved views and the link to share. */

(function () {
  "use strict";

  const mall = (window.mall = window.mall || {});
  const html = (...given) => mall.frame.html(...given);
  const button = (...given) => mall.frame.button(...given);
  const set = (id, properties) => window.dash_clientside.set_props(id, properties);
  const MOST_STEPS = 100;
  const STORED = "mall-views"; // saved views are kept by the browser, under this key

  /* What was selected before, and what was undone: filters, the latest last. */
  class Steps {
    constructor() {
      Object.assign(this, { past: [], future: [], current: null });
    }

    /* Called for every change of the filters, whoever makes it. */
    take(filters) {
      if (same(filters, this.current)) return;
      if (this.current) this.past = [...this.past, this.current].slice(-MOST_STEPS);
      this.future = [];
      this.current = filters;
    }

    /* The filters of this step are others than was thought. */
    correct(filters) {
      this.current = filters;
    }

    go(from, to) {
      const page = mall.shown();
      if (page) page.flush();
      if (!from.length) return;
      to.push(this.current);
      this.current = from.pop();
      set("filters", { data: this.current });
    }

    undo() {
      this.go(this.past, this.future);
    }

    redo() {
      this.go(this.future, this.past);
    }
  }

  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

  document.addEventListener("keydown", (event) => {
    const isText = event.target.closest && event.target.closest("input, textarea, select, [contenteditable]");
    if (!(event.ctrlKey || event.metaKey) || event.altKey || isText || !document.querySelector(".chips")) return;
    const key = event.key.toLowerCase();
    if (key === "z" && !event.shiftKey) mall.steps.undo();
    else if (key === "y" || key === "z") mall.steps.redo();
    else return;
    event.preventDefault();
  });

  class Bar {
    /* host: the Explore page. */
    constructor(host) {
      this.host = host;
      this.chips = html("div", "chips");
      this.marked = html("div", "marked");
      this.undo = tool("↶", "Undo (Ctrl-Z)", () => mall.steps.undo());
      this.redo = tool("↷", "Redo (Ctrl-Y)", () => mall.steps.redo());
      this.reset = button("tool reset", "Reset", () => host.clear());
      this.link = tool("Copy link", "An address that shows this selection of this version", () => mall.copy(this.link, window.location.href));
      const tools = html("div", "tools", this.undo, this.redo, this.reset, new SavedViews().element, this.link);
      this.element = html("div", "chips-row", this.chips, this.marked, tools);
    }

    draw() {
      const { filters } = this.host.cube;
      const names = Object.keys(filters);
      const hint = html("span", "muted", "Drag across a chart, or click a bar, to filter everything else.");
      this.chips.replaceChildren(...(names.length ? names.map((name) => this.chip(name)) : [hint]));
      this.reset.disabled = !names.length;
      this.undo.disabled = !mall.steps.past.length;
      this.redo.disabled = !mall.steps.future.length;
    }

    chip(name) {
      const words = this.host.english(name);
      const chip = button("chip", "", () => {
        this.host.change(name, null);
        this.host.commit();
      });
      chip.append(html("span", "chip-text", words), html("span", "chip-remove", "✕"));
      chip.dataset.filter = name;
      chip.title = `Remove this filter: ${words}`;
      return chip;
    }

    /* Say which customer is marked in the views; nobody for null. */
    mark(customer) {
      this.marked.replaceChildren();
      if (!customer) return;
      const chip = button("chip", "", () => window.dash_ag_grid.getApi("customers").deselectAll());
      chip.append(html("span", "chip-text", `Marked: ${customer.customer_id}`), html("span", "chip-remove", "✕"));
      chip.title = "Take the marks out of the views";
      this.marked.append(chip);
    }
  }

  /* The views that were saved in this browser, under names: the address of each but for the version, so that it shows the
     newest. To share one, open it and copy its link. */
  class SavedViews {
    constructor() {
      this.list = html("ul", "saved-views");
      this.name = html("input", "saved-name");
      Object.assign(this.name, { placeholder: "Name of this view", maxLength: 80, required: true });
      this.name.setAttribute("aria-label", "Name of this view");
      const form = html("form", "saved-form", this.name, button("tool", "Save", () => form.requestSubmit()));
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.save(this.name.value.trim());
      });
      this.element = html("details", "menu saved", html("summary", "tool", "Views"), html("div", "menu-panel", form, this.list));
      this.element.addEventListener("toggle", () => this.draw());
    }

    draw() {
      const rows = Object.entries(stored()).map(([name, search]) => {
        const open = button("saved-open", name, () => {
          this.element.open = false;
          const { version } = mall.address.read(window.location.search);
          mall.address.go({ ...mall.address.read(search), version });
          set("wanted-version", { data: null }); // the newest
        });
        const remove = button("saved-remove", "✕", () => {
          store(Object.fromEntries(Object.entries(stored()).filter(([other]) => other !== name)));
          this.draw();
        });
        remove.setAttribute("aria-label", `Forget the view ${name}`);
        return html("li", "", open, remove);
      });
      this.list.replaceChildren(...(rows.length ? rows : [html("li", "muted", "None is saved in this browser yet.")]));
    }

    save(name) {
      if (!name) return;
      const state = { ...mall.address.read(window.location.search), version: null };
      store({ ...stored(), [name]: mall.address.write(state) });
      this.name.value = "";
      this.draw();
    }
  }

  function stored() {
    try {
      const views = JSON.parse(window.localStorage.getItem(STORED) || "{}");
      const isView = ([, search]) => typeof search === "string" && search.startsWith("?");
      return Object.fromEntries(Object.entries(views).filter(isView));
    } catch {
      return {}; // the browser keeps nothing, or something else
    }
  }

  function store(views) {
    try {
      window.localStorage.setItem(STORED, JSON.stringify(views));
    } catch {
      window.alert("This browser does not let the page keep anything.");
    }
  }

  /* A small button with words for who points at it. */
  function tool(text, title, onClick) {
    const element = button("tool", text, onClick);
    element.title = title;
    if (text.length === 1) element.setAttribute("aria-label", title);
    return element;
  }

  Object.assign(mall, { Bar, steps: new Steps() });
})();
