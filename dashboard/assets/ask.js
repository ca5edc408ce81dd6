/* The SQL page: what is asked, and what runs. The rest of it is in ask_editor.js, ask_side.js, ask_found.js and ask_plot.js. */

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
  let running = null; // {token, sql, began} of the statement that runs, also while another page is looked at
  const kept = { sql: null, hash: null, outcome: null, answer: null }; // what is in the editor, what the address says of it, what came last, and the last rows

  class Ask {
    constructor(root, schema) {
      this.root = root;
      this.side = new mall.Side(schema, {
        insert: (text) => this.editor.insert(text),
        open: (sql) => (this.editor.text = sql),
      });
      const isOurs = kept.sql !== null && window.location.hash === kept.hash; // it says what was run, and more may have been written
      const sql = (isOurs ? null : statementOf(window.location.hash)) ?? kept.sql ?? first(schema);
      kept.sql = sql;
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
      this.found = new mall.Found(() => this.side.schema, (words) => (this.error.textContent = words));
      this.say(running ? "Running …" : "");
      if (kept.answer) this.found.show(kept.answer);
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
      return window.location.href.split("#")[0] + HASH + encodeURIComponent(this.editor.text.toWellFormed());
    }

    changed() {
      kept.sql = this.editor.text;
      this.error.replaceChildren();
    }

    run() {
      if (running || !this.editor.text.trim()) return;
      const [token, sql] = [mall.newToken(), this.editor.text];
      window.history.replaceState(window.history.state, "", this.address());
      kept.hash = window.location.hash;
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
      else this.found.show(outcome);
      this.say(outcome.error ? "" : `${mall.Found.rows(outcome)} in ${mall.format.number(outcome.seconds)} s`);
      this.side.draw();
    }

    fail({ error, span, sql }) {
      this.found.fade(); // it is the answer to something else
      this.error.textContent = error;
      if (span && sql === this.editor.text) this.editor.show(span.map((place) => units(sql, place)));
    }

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

  const first = ({ recipes }) => (recipes.length ? recipes[0].sql : "");

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
    mall.remember(outcome.sql, outcome.error ? "failed" : mall.Found.rows(outcome));
    if (page && document.contains(page.root)) page.show(outcome);
  }

  /* Called by Dash when the colours change: the plot has its own. */
  function paintAsk() {
    if (page && document.contains(page.root) && page.found.answer) page.found.plot();
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

  mall.askFor = askFor;
  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.mall = Object.assign(window.dash_clientside.mall || {}, { showAsk, showAnswer, paintAsk });
})();
