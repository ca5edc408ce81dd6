/* What the SQL page has found: the rows in a table, as files, and in a plot. */

(function () {
  "use strict";

  const mall = (window.mall = window.mall || {});
  const html = (...given) => mall.frame.html(...given);
  const button = (...given) => mall.frame.button(...given);
  const set = (id, properties) => window.dash_clientside.set_props(id, properties);
  const element = (id) => document.getElementById(id);
  let tables = 0; // how many answers were put into the table

  class Found {
    /* schema() is what dashboard/pages/ask.py tells; fail(words) says why there is no file. */
    constructor(schema, fail) {
      Object.assign(this, { schema, fail, answer: null, choice: null });
    }

    /* "10,000+ rows" */
    static rows({ rows, has_more: hasMore }) {
      return `${mall.format.count(rows.length)}${hasMore ? "+" : ""} ${rows.length === 1 ? "row" : "rows"}`;
    }

    show(answer) {
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

    fade() {
      element("ask-found").classList.add("stale");
    }

    /* What was found in a line, and as files. */
    caption() {
      const { columns, rows, has_more: hasMore, version } = this.answer;
      const words = hasMore ? `The first ${mall.format.count(rows.length)} rows; there are more` : Found.rows(this.answer);
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
        this.fail(error instanceof SyntaxError ? "The file could not be written." : error.message);
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
      const drawn = mall.plot.figure(this.answer, this.choice, palettes(this.schema()));
      element("ask-drawn").hidden = !drawn;
      element("ask-axes").parentElement.hidden = !drawn && !mall.plot.isTooMuch(this.answer, this.choice);
      if (!drawn) element("ask-axes").append(html("span", "muted", "That has too many different values to be drawn."));
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
      cellDataType: false, // a text that looks like a date is a text
      headerName: `${name}\n${type.toLowerCase()}`,
      tooltipField: names[place],
      width: widths[place],
      ...(mall.plot.isNumber({ type })
        ? { type: "rightAligned", comparator: { function: "sqlOrder" }, valueFormatter: { function: "sqlNumber(params.value)" } }
        : {}),
    }));
    return { columnDefs, rowData: rows.map((row) => Object.fromEntries(row.map((value, place) => [names[place], value]))) };
  }

  /* What stops a statement: nobody else can know it. */
  const newToken = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

  /* Numbers in their order, also those that came as text because they are too long. */
  const sqlOrder = (one, other) => (one === null) - (other === null) || Number(one) - Number(other);

  /* Seven digits, as a table has room for; the whole number stands in the tip. */
  const sqlNumber = (value) =>
    typeof value !== "number" || Number.isInteger(value) ? (value ?? "") : String(Number(value.toPrecision(7)));

  Object.assign(mall, { Found, newToken });
  window.dashAgGridFunctions = Object.assign(window.dashAgGridFunctions || {}, { sqlNumber, sqlOrder });
})();
