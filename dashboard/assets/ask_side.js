/* What stands beside the editor of the SQL page: the tables, the recipes, and what was asked in this browser before. */

(function () {
  "use strict";

  const mall = (window.mall = window.mall || {});
  const html = (...given) => mall.frame.html(...given);
  const button = (...given) => mall.frame.button(...given);
  const TABS = ["Tables", "Recipes", "History", "Saved"];
  const HISTORY = "mall-sql-history"; // what was asked, and what was saved, is kept by the browser under these keys
  const SAVED = "mall-sql-saved";
  const MOST_KEPT = 100;

  class Side {
    /* schema: what dashboard/pages/ask.py tells; insert(text) writes at the caret, open(sql) replaces what is in the editor. */
    constructor(schema, { insert, open }) {
      Object.assign(this, { schema, insert, open, tab: TABS[0] });
      this.search = html("input", "side-search");
      Object.assign(this.search, { type: "search", placeholder: "Search", maxLength: 80 });
      this.search.setAttribute("aria-label", "Search tables, columns, recipes and statements");
      this.search.addEventListener("input", () => this.draw());
      this.tabs = TABS.map((name) => {
        const tab = button("side-tab", name, () => this.show(name));
        tab.setAttribute("role", "tab");
        tab.setAttribute("aria-controls", "ask-panel");
        return tab;
      });
      const tabs = html("div", "side-tabs", ...this.tabs);
      tabs.setAttribute("role", "tablist");
      tabs.setAttribute("aria-label", "Beside the editor");
      tabs.addEventListener("keydown", (event) => this.step(event));
      this.body = html("div", "side-body");
      this.body.setAttribute("role", "tabpanel");
      this.body.id = "ask-panel";
      this.element = html("aside", "ask-side", tabs, this.search, this.body);
      this.element.setAttribute("aria-label", "Tables, recipes and statements");
      this.draw();
    }

    show(name) {
      this.tab = name;
      this.draw();
    }

    step({ key }) {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
      if (!step) return;
      this.show(TABS[(TABS.indexOf(this.tab) + step + TABS.length) % TABS.length]);
      this.tabs[TABS.indexOf(this.tab)].focus();
    }

    draw() {
      this.tabs.forEach((tab) => {
        const isShown = tab.textContent === this.tab;
        tab.setAttribute("aria-selected", String(isShown));
        tab.tabIndex = isShown ? 0 : -1;
      });
      const sought = this.search.value.trim().toLowerCase();
      const rows = { Tables: () => this.tables(sought), Recipes: () => this.recipes(sought), History: () => this.history(sought), Saved: () => this.saved(sought) }[this.tab]();
      this.body.replaceChildren(...(rows.length ? rows : [html("p", "muted", this.nothing(sought))]));
    }

    nothing(sought) {
      if (sought) return "Nothing is called that.";
      return { Recipes: "This version is of another release, which the recipes do not know.", History: "Nothing has been asked in this browser yet.", Saved: "No statement is saved in this browser yet." }[this.tab] || "";
    }

    /* The relations of which the name, the comment, or the name of a column has what is sought; then their schemas are open. */
    tables(sought) {
      const isIn = (text) => (text || "").toLowerCase().includes(sought);
      const found = this.schema.relations.filter((one) => isIn(nameOf(one)) || isIn(one.comment) || one.columns.some(({ name }) => isIn(name)));
      const schemas = [...new Set(found.map((one) => one.schema_name))];
      return schemas.map((schema) => {
        const own = found.filter((one) => one.schema_name === schema).map((one) => this.relation(one, sought && !isIn(nameOf(one))));
        const group = html("details", "side-schema", html("summary", "", schema), ...own);
        group.open = Boolean(sought) || schema === schemas[0];
        return group;
      });
    }

    relation(relation, isOpen) {
      const name = button("side-name", relation.name, () => this.insert(nameOf(relation)));
      name.title = relation.comment || "";
      if (!relation.columns.length) return html("div", "side-relation macro", name, html("span", "muted", `(${(relation.parameters || []).join(", ")})`));
      const columns = () => relation.columns.map((column) => {
        const own = button("side-name", column.name, () => this.insert(quoted(column.name)));
        own.title = column.comment || "";
        return html("li", "", own, html("span", "muted", column.type.toLowerCase()));
      });
      const list = html("ul", "side-columns");
      const fold = button("side-fold", "▸", () => show(list.hidden));
      fold.setAttribute("aria-label", `Columns of ${relation.name}`);
      const show = (isShown) => {
        if (isShown && !list.children.length) list.append(...columns());
        list.hidden = !isShown;
        fold.setAttribute("aria-expanded", String(isShown));
      };
      show(Boolean(isOpen));
      return html("div", "side-relation", fold, name, list);
    }

    recipes(sought) {
      const found = this.schema.recipes.filter((one) => `${one.question} ${one.about}`.toLowerCase().includes(sought));
      return found.map((one) => {
        const open = button("side-statement", one.question, () => this.open(one.sql));
        open.title = one.about;
        return html("div", "side-row", open, ...one.missing.map((advice) => html("span", "muted", `needs ${advice}`)));
      });
    }

    history(sought) {
      const found = kept(HISTORY, []).filter(({ sql }) => sql.toLowerCase().includes(sought));
      return found.map(({ sql, at, said }) => {
        const open = button("side-statement code", sql.trim(), () => this.open(sql));
        open.title = sql;
        return html("div", "side-row", open, html("span", "muted", `${new Date(at).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" })} · ${said}`));
      });
    }

    saved(sought) {
      const found = Object.entries(kept(SAVED, {})).filter(([name, sql]) => `${name} ${sql}`.toLowerCase().includes(sought));
      return found.map(([name, sql]) => {
        const open = button("side-statement", name, () => this.open(sql));
        open.title = sql;
        const remove = button("side-remove", "✕", () => {
          keep(SAVED, Object.fromEntries(Object.entries(kept(SAVED, {})).filter(([other]) => other !== name)));
          this.draw();
          this.search.focus();
        });
        remove.setAttribute("aria-label", `Forget the statement ${name}`);
        return html("div", "side-row with-remove", open, remove);
      });
    }

    save(name, sql) {
      if (!keep(SAVED, { ...kept(SAVED, {}), [name]: sql })) window.alert("This browser does not let the page keep any more.");
      this.show("Saved");
    }

    /* What may be meant by the beginning of a word after `owner.`, or by itself: relations, columns of those named, keywords. */
    words(text, owner, stem) {
      const named = this.schema.relations.filter((one) => new RegExp(`\\b${one.schema_name}\\.${one.name}\\b`, "i").test(text));
      const isSchema = this.schema.relations.some((one) => one.schema_name === owner);
      const all = isSchema
        ? this.schema.relations.filter((one) => one.schema_name === owner).map((one) => ({ word: one.name, about: one.kind }))
        : [
            ...named.flatMap((one) => one.columns.map((column) => ({ word: quoted(column.name), about: column.type.toLowerCase() }))),
            ...(owner === undefined ? this.schema.relations.map((one) => ({ word: nameOf(one), about: one.kind })) : []),
          ];
      const seen = new Set();
      const isNew = ({ word }) => !seen.has(word) && seen.add(word);
      const begins = ({ word }) => word.toLowerCase().startsWith(stem) || (owner === undefined && stem && word.toLowerCase().split(".").pop().startsWith(stem));
      return all.filter((each) => begins(each) && isNew(each));
    }
  }

  /* Remember a statement that was asked, and in words what came of it. */
  function remember(sql, said) {
    const others = kept(HISTORY, []).filter((other) => other.sql !== sql);
    keep(HISTORY, [{ sql, said, at: Date.now() }, ...others].slice(0, MOST_KEPT));
  }

  const nameOf = (relation) => `${relation.schema_name}.${quoted(relation.name)}`;
  const quoted = (name) => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`);

  /* What the browser keeps under a key, of the same kind as what stands for nothing. */
  function kept(key, nothing) {
    try {
      const value = JSON.parse(window.localStorage.getItem(key));
      if (Array.isArray(nothing)) return Array.isArray(value) ? value.filter((one) => one && typeof one.sql === "string") : nothing;
      return value && typeof value === "object" && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).filter(([, sql]) => typeof sql === "string")) : nothing;
    } catch {
      return nothing; // the browser keeps nothing, or something else
    }
  }

  function keep(key, value) {
    try {
      window.localStorage.setItem(key, JSON.stringify(value));
      return true;
    } catch {
      return false; // it keeps nothing, or no more: what is on the page stays
    }
  }

  Object.assign(mall, { Side, remember });
})();
