/* The SQL page: its editor, what stands beside it, and what was found. The rest of it is in ask_editor.js, ask_side.js and ask_plot.js. */

(function () {
  "use strict";

  const mall = (window.mall = window.mall || {});
  const html = (...given) => mall.frame.html(...given);
  const button = (...given) => mall.frame.button(...given);
  const set = (id, properties) => window.dash_clientside.set_props(id, properties);
  const element = (id) => document.getElementById(id);
  const HASH = "#sql="; // a statement in an address is behind the hash: no server sees it, and none cuts it off
  const GIVE_UP = 150; // seconds after which no answer comes any more

  let page = null; // the page that is shown
  let tables = 0; // how many answers were put into the table
  let running = null; // {token, sql, began} of the statement that runs, also while another page is looked at
  const kept = { sql: null, outcome: null, answer: null }; // what is in the editor, what came last, and the last rows

  class Ask {
    constructor(root, schema) {
      Object.assign(this, { root, answer: null, choice: null });
      this.side = new mall.Side(schema, {
        insert: (text) => this.editor.insert(text),
        open: (sql) => (this.editor.text = sql),
      });
      const sql = statementOf(window.location.hash) ?? kept.sql ?? first(schema);
      this.editor = new mall.Editor(sql, {
        onChange: () => this.changed(),
        onRun: () => this.run(),
        words: (...given) => this.side.words(...given),
      });
      this.go = button("ask-run", "Run", () => this.run());
      this.go.title = "Ctrl-Enter";
      this.halt = button("tool", "Stop", () => this.stop());
      this.link = button("tool", "Copy link", () => mall.copy(this.link, this.address()));
      this.status = html("span", "view-caption");
      this.status.setAttribute("role", "status");
      this.clock = html("span", "view-caption ask-clock");
      this.clock.setAttribute("aria-hidden", "true"); // nobody wants to hear every second
      this.error = html("pre", "ask-error error");
      this.error.setAttribute("role", "alert");
      const bar = html("div", "ask-bar", this.go, this.halt, html("span", "", this.status, this.clock), html("span", "ask-tools", this.saving(), this.link));
      root.replaceChildren(html("div", "ask", html("div", "ask-main", this.editor.element, bar, this.error), this.side.element));
      this.say(running ? "Running …" : "");
      if (kept.answer) this.found(kept.answer);
      if (kept.outcome && !running && kept.outcome.sql === sql) this.show(kept.outcome);
      this.ticking = setInterval(() => this.tick(), 1000);
    }

    /* The menu in which a statement gets a name. */
    saving() {
      const name = html("input", "saved-name");
      Object.assign(name, { placeholder: "Name of this statement", maxLength: 80, required: true });
      name.setAttribute("aria-label", "Name of this statement");
      const form = html("form", "saved-form", name, button("tool", "Save", () => form.requestSubmit()));
      const menu = html("details", "menu saved", html("summary", "tool", "Save"), html("div", "menu-panel", form));
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        if (!name.value.trim()) return;
        this.side.save(name.value.trim(), this.editor.text);
        name.value = "";
        menu.open = false;
      });
      return menu;
    }

    address() {
      return window.location.href.split("#")[0] + HASH + encodeURIComponent(this.editor.text);
    }

    changed() {
      kept.sql = this.editor.text;
      this.error.replaceChildren();
    }

    run() {
      if (running || !this.editor.text.trim()) return;
      const [token, sql] = [newToken(), this.editor.text];
      window.history.replaceState(window.history.state, "", this.address());
      this.error.replaceChildren();
      running = { token, sql, began: performance.now() };
      this.say("Running …");
      set("ask-run", { data: { sql, token } });
    }

    tick() {
      if (!document.contains(this.root)) clearInterval(this.ticking);
      else if (running) {
        const seconds = Math.floor((performance.now() - running.began) / 1000);
        this.clock.textContent = ` ${seconds} s`;
        if (seconds > GIVE_UP) this.rest("No answer came. Run it again.");
      }
    }

    stop() {
      set("ask-stop", { data: { token: running.token } });
      this.rest("Stopped.");
    }

    /* Nothing runs any more. */
    rest(words) {
      running = null;
      this.say(words);
    }

    say(words) {
      this.go.disabled = Boolean(running);
      this.halt.disabled = !running;
      this.status.textContent = words;
      this.clock.textContent = "";
    }

    /* Show what came of the last statement. */
    show(outcome) {
      if (outcome.error) this.fail(outcome);
      else this.found(outcome);
      this.say(outcome.error ? "" : `${rowsOf(outcome)} in ${mall.format.number(outcome.seconds)} s`);
      this.side.draw();
    }

    fail({ error, span, sql }) {
      element("ask-found").classList.add("stale"); // it is the answer to something else
      this.error.textContent = error;
      if (span && sql === this.editor.text) this.editor.show(span.map((place) => units(sql, place)));
    }

    found(answer) {
      this.answer = answer;
      const isPlan = answer.columns.length === 2 && answer.columns[0].name === "explain_key";
      element("ask-found").hidden = false;
      element("ask-found").classList.remove("stale");
      element("ask-table").hidden = isPlan;
      element("ask-caption").replaceChildren(isPlan ? plan(answer) : this.caption());
      if (!isPlan) set("ask-grid", table(answer));
      this.choice = mall.plot.suggest(answer);
      this.axes();
      this.plot();
    }

    /* What was found in a line, and as files. */
    caption() {
      const { columns, rows, has_more: hasMore, version } = this.answer;
      const words = hasMore ? `The first ${mall.format.count(rows.length)} rows; there are more` : rowsOf(this.answer);
      const shape = `${words} · ${columns.length} ${columns.length === 1 ? "column" : "columns"} · version ${version}`;
      const files = ["csv", "parquet"].map((kind) => {
        const link = button("link", { csv: "CSV", parquet: "Parquet" }[kind], () => this.download(link, kind));
        link.title = "All rows, asked anew";
        return link;
      });
      const heading = html("h2", "", "What was found", html("span", "view-caption", shape));
      return html("div", "table-head", heading, html("div", "", ...files));
    }

    async download(link, kind) {
      const { sql, version } = this.answer;
      const said = link.textContent;
      link.disabled = true;
      link.textContent = `${said} …`;
      try {
        const body = JSON.stringify({ sql, version, token: newToken() });
        const response = await fetch(`sql/rows.${kind}`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
        if (!response.ok) throw new Error((await response.json()).error);
        const file = html("a", "");
        file.href = URL.createObjectURL(await response.blob());
        file.download = `rows_of_version_${version}.${kind}`;
        file.click();
        setTimeout(() => URL.revokeObjectURL(file.href), 60_000);
      } catch (error) {
        this.error.textContent = error instanceof SyntaxError ? "The file could not be written." : error.message;
      }
      link.textContent = said;
      link.disabled = false;
    }

    /* The choices of the plot. */
    axes() {
      const { columns } = this.answer;
      const named = columns.map(({ name }, place) => [String(place), name]);
      const pick = (label, options, key, place) => {
        const select = html("select", "");
        for (const [value, text] of options) select.append(new Option(text, value));
        select.value = this.choice[key] === null ? "" : String(this.choice[key]);
        select.addEventListener("change", () => {
          const { value } = select;
          this.choice[key] = key === "kind" ? value : value === "" ? null : Number(value);
          if (key === "x") this.choice.kind = mall.plot.kindOf(columns[this.choice.x]);
          this.axes();
          element("ask-axes").querySelectorAll("select")[place].focus(); // this one is new
          this.plot();
        });
        return html("label", "", label, select);
      };
      const kinds = [["bars", "Bars"], ["line", "Line"], ["points", "Points"]];
      const numbers = named.filter((_, place) => mall.plot.isNumber(columns[place]));
      element("ask-axes").replaceChildren(
        html("h2", "", "Plot"),
        pick("x", named, "x", 0),
        pick("y", numbers, "y", 1),
        pick("Colour", [["", "one"], ...named], "colour", 2),
        pick("As", kinds, "kind", 3),
      );
    }

    plot() {
      const drawn = mall.plot.figure(this.answer, this.choice, palettes(this.side.schema));
      element("ask-drawn").hidden = !drawn;
      element("ask-axes").parentElement.hidden = !drawn;
      if (drawn) set("ask-plot", { figure: drawn });
    }
  }

  /* The colours of the segments by name, clustering by clustering: that which is chosen first, then its segmentation. */
  function palettes({ colours }) {
    const { segmentation, algorithm } = mall.address.read(window.location.search);
    const nearness = (key) => Number(key === `${segmentation}/${algorithm}`) + Number(key.startsWith(`${segmentation}/`));
    const keys = Object.keys(colours).sort((one, other) => nearness(other) - nearness(one));
    return keys.map((key) => colours[key]);
  }

  /* The plan of a statement that was explained. */
  function plan({ rows }) {
    const pre = html("pre", "statement", rows.map(([, text]) => text).join("\n"));
    pre.tabIndex = 0;
    return pre;
  }

  /* Columns and rows as the table takes them; the type of a column is below its name. No field has the name of one before: the
     table would take its column for the same. */
  function table({ columns, rows }) {
    const names = columns.map((_, place) => `answer${tables}column${place}`);
    tables += 1;
    const widths = columns.map(({ name, type }, place) => {
      const longest = Math.max(name.length, type.length, ...rows.slice(0, 50).map((row) => String(sqlNumber(row[place])).length));
      return Math.max(88, Math.min(360, 40 + 8 * longest));
    });
    const columnDefs = columns.map(({ name, type }, place) => ({
      field: names[place],
      headerName: `${name}\n${type.toLowerCase()}`,
      tooltipField: names[place],
      width: widths[place],
      ...(mall.plot.isNumber({ type })
        ? { type: "rightAligned", comparator: { function: "Number(params[0]) - Number(params[1])" }, valueFormatter: { function: "sqlNumber(params.value)" } }
        : {}),
    }));
    return { columnDefs, rowData: rows.map((row) => Object.fromEntries(row.map((value, place) => [names[place], value]))) };
  }

  /* A place in a text, counted in characters, as JavaScript counts it. */
  const units = (text, place) => Array.from(text).slice(0, place).join("").length;

  function statementOf(hash) {
    try {
      return hash.startsWith(HASH) ? decodeURIComponent(hash.slice(HASH.length)) : null;
    } catch {
      return null; // not of ours
    }
  }

  const first = ({ recipes }) => (recipes ? recipes[0].sql : "");

  /* Called by Dash with the schema of the version that is shown. */
  function showAsk(schema) {
    const root = element("ask");
    if (!root || !schema) return window.dash_clientside.no_update;
    if (schema.error) root.replaceChildren(html("p", "error", schema.error));
    else if (page && page.root === root && root.contains(page.editor.element)) {
      page.side.schema = schema;
      page.side.draw();
    } else page = new Ask(root, schema);
    return schema.version || null;
  }

  /* Called by Dash with an answer: it counts if it is the one that is awaited, whatever page is shown. */
  function showAnswer(answer) {
    if (!answer || !running || answer.token !== running.token) return;
    const outcome = { ...answer, sql: running.sql };
    running = null;
    kept.outcome = outcome;
    if (!outcome.error) kept.answer = outcome;
    mall.remember(outcome.sql, outcome.error ? "failed" : rowsOf(outcome));
    if (page && document.contains(page.root)) page.show(outcome);
  }

  const rowsOf = ({ rows, has_more: hasMore }) => `${mall.format.count(rows.length)}${hasMore ? "+" : ""} ${rows.length === 1 ? "row" : "rows"}`;

  /* What stops a statement: nobody else can know it. */
  const newToken = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

  /* Called by Dash when the colours change: the plot has its own. */
  function paintAsk() {
    if (page && document.contains(page.root) && page.answer) page.plot();
  }

  /* Go to the page with a statement; filters, clustering and version come along. */
  function askFor(sql) {
    window.history.pushState({}, "", `/sql${window.location.search}${HASH}${encodeURIComponent(sql)}`);
    window.dispatchEvent(new PopStateEvent("popstate")); // dcc.Location listens to it
  }

  window.addEventListener("hashchange", () => {
    const sql = statementOf(window.location.hash);
    if (page && document.contains(page.root) && sql !== null && sql !== page.editor.text) page.editor.text = sql;
  });

  /* Seven digits, as a table has room for; the whole number stands in the tip. */
  const sqlNumber = (value) =>
    typeof value !== "number" || Number.isInteger(value) ? (value ?? "") : String(Number(value.toPrecision(7)));

  mall.askFor = askFor;
  window.dashAgGridFunctions = Object.assign(window.dashAgGridFunctions || {}, { sqlNumber });
  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.mall = Object.assign(window.dash_clientside.mall || {}, { showAsk, showAnswer, paintAsk });
})();
