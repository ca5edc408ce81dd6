/* The cross-filter engine: cells, bins and clauses; no drawing, no Dash.

   A clause is a condition under a name, which is a dimension ("age") or two joined by * ("annual_income_k*spending_score").
   Each clause has a byte per cell, 1 where the cell fails it, and a cell carries how many clauses it fails. A view counts the
   cells in which nothing fails but its own clause, and the headline those in which nothing fails at all. */

(function () {
  "use strict";

  class Cube {
    /* data: what dashboard/cube.py sends. */
    constructor(data) {
      this.version = data.version;
      this.customers = data.customers;
      this.dimensions = new Map(data.dimensions.map((dimension) => [dimension.name, dimension]));
      this.clusterings = data.clusterings;
      this.leftOut = data.left_out;
      this.count = Float64Array.from(data.count);
      this.size = this.count.length;
      this.bins = bare();
      for (const [name, bins] of Object.entries(data.bins)) this.bins[name] = Uint16Array.from(bins);
      this.sums = bare();
      for (const [name, sums] of Object.entries(data.sums)) this.sums[name] = Float64Array.from(sums);
      this.means = bare(); // of everyone
      for (const [name, sums] of Object.entries(this.sums)) this.means[name] = sums.reduce((total, sum) => total + sum, 0) / this.customers;
      this.failures = new Uint16Array(this.size);
      this.passes = new Uint8Array(this.size);
      this.failed = new Map();
      this.filters = bare();
    }

    /* How many bins a dimension has. */
    width(name) {
      const dimension = this.dimensions.get(name);
      return dimension.kind === "numeric" ? dimension.edges.length - 1 : dimension.values.length;
    }

    /* Replace all filters. Clauses that the cube does not know are left out, and ranges snap to the edges of bins: what
       `filters` holds afterwards may be less than what was given. */
    setFilters(filters) {
      const kept = bare();
      for (const name of Object.keys(filters)) {
        const condition = this.test(name, filters[name]) && this.snap(name, filters[name]);
        if (condition) kept[name] = condition;
      }
      for (const name of Object.keys(this.filters)) if (!(name in kept)) this.setFilter(name, null);
      for (const name of Object.keys(kept)) this.setFilter(name, kept[name]);
      this.filters = kept; // in the order that was given
    }

    /* A condition with its ranges on the edges of bins, so that it means the same here and in SQL; a list with what can be a
       value, each once; null where nothing is left of it. */
    snap(name, { op, value }) {
      if (op === "in" || op === "not_in") {
        const items = this.dimensions.get(name).kind === "segment" ? value.filter(isSegment) : value.map(String).filter(Boolean);
        return items.length ? { op, value: [...new Set(items)] } : null;
      }
      const [first, second] = name.split("*").map((part) => this.dimensions.get(part).edges);
      if (op === "between") return { op, value: snapped(first, ...value) };
      return { op, value: [snapped(first, ...value[0]), snapped(second, ...value[1])] };
    }

    /* Set one clause, or remove it with null. */
    setFilter(name, condition) {
      const before = this.filters[name];
      if (JSON.stringify(before) === JSON.stringify(condition || undefined)) return;
      const failed = this.failed.get(name) || new Uint8Array(this.size);
      const passes = condition ? this.test(name, condition) : null;
      for (let cell = 0; cell < this.size; cell++) {
        const fails = passes === null || passes(cell) ? 0 : 1;
        this.failures[cell] += fails - failed[cell];
        failed[cell] = fails;
      }
      if (condition) {
        this.filters[name] = condition;
        this.failed.set(name, failed);
      } else {
        delete this.filters[name];
        this.failed.delete(name);
      }
    }

    /* One byte per cell: 1 where it passes every clause but `own`. The next call overwrites it. */
    passing(own) {
      const failed = this.failed.get(own);
      const { failures, passes } = this;
      for (let cell = 0; cell < this.size; cell++) passes[cell] = failures[cell] === (failed ? failed[cell] : 0) ? 1 : 0;
      return passes;
    }

    /* A function from cell to whether it meets the condition, or null for a condition that makes no sense here. */
    test(name, condition) {
      const names = name.split("*");
      if (!condition || names.some((part) => !this.dimensions.has(part))) return null;
      const kinds = names.map((part) => this.dimensions.get(part).kind);
      if (condition.op === "between" && names.length === 1 && kinds[0] === "numeric") {
        return this.inRange(names[0], condition.value);
      }
      if (condition.op === "box" && names.length === 2 && kinds.every((kind) => kind === "numeric")) {
        const first = this.inRange(names[0], condition.value[0]);
        const second = this.inRange(names[1], condition.value[1]);
        return first && second && ((cell) => first(cell) && second(cell));
      }
      const isList = condition.op === "in" || condition.op === "not_in";
      if (isList && names.length === 1 && kinds[0] !== "numeric" && Array.isArray(condition.value)) {
        const listed = new Set(condition.value);
        const allowed = this.dimensions.get(name).values.map((value) => listed.has(value) === (condition.op === "in"));
        const bins = this.bins[name];
        return (cell) => allowed[bins[cell]];
      }
      return null;
    }

    /* Whether a cell's bin lies in [low, high), between two edges. */
    inRange(name, range) {
      if (!Array.isArray(range) || range.length !== 2 || !range.every(Number.isFinite)) return null;
      const edges = this.dimensions.get(name).edges;
      const first = nearestEdge(edges, range[0]);
      const last = nearestEdge(edges, range[1]);
      const bins = this.bins[name];
      return (cell) => bins[cell] >= first && bins[cell] < last;
    }

    /* Customers per bin of a dimension, under every clause but `own`. */
    histogram(name, own) {
      const counts = new Float64Array(this.width(name));
      const bins = this.bins[name];
      const failed = this.failed.get(own);
      for (let cell = 0; cell < this.size; cell++) {
        if (this.failures[cell] === (failed ? failed[cell] : 0)) counts[bins[cell]] += this.count[cell];
      }
      return counts;
    }

    /* Customers per bin of a dimension, whatever is filtered. */
    totals(name) {
      const counts = new Float64Array(this.width(name));
      const bins = this.bins[name];
      for (let cell = 0; cell < this.size; cell++) counts[bins[cell]] += this.count[cell];
      return counts;
    }

    /* The headline: customers that pass every clause, and the mean of every number among them and among everyone. */
    summary() {
      let count = 0;
      for (let cell = 0; cell < this.size; cell++) if (this.failures[cell] === 0) count += this.count[cell];
      const means = Object.entries(this.sums).map(([name, sums]) => {
        let selected = 0;
        for (let cell = 0; cell < this.size; cell++) if (this.failures[cell] === 0) selected += sums[cell];
        return { name, mean: count ? selected / count : null, everyone: this.means[name] };
      });
      return { count, means };
    }
  }

  const isSegment = (value) => Number.isInteger(value) && value >= 0 && value < 2 ** 31;

  /* An object without any names but those it is given: a column may be called "constructor". */
  const bare = () => Object.create(null);

  /* The index of the edge nearest to a value. */
  function nearestEdge(edges, value) {
    let nearest = 0;
    for (let edge = 1; edge < edges.length; edge++) {
      if (Math.abs(edges[edge] - value) < Math.abs(edges[nearest] - value)) nearest = edge;
    }
    return nearest;
  }

  /* Snap two values to bin edges; the range holds one bin at least. */
  function snapped(edges, one, other) {
    const [low, high] = one < other ? [one, other] : [other, one];
    const first = Math.min(nearestEdge(edges, low), edges.length - 2);
    return [edges[first], edges[Math.max(first + 1, nearestEdge(edges, high))]];
  }

  /* Move a range as a pointer moves from one value to another, as far as the edges go. */
  function shifted(edges, range, from, to) {
    return stepped(edges, range, nearestEdge(edges, to) - nearestEdge(edges, from));
  }

  /* Move a range by some bins, as far as the edges go. */
  function stepped(edges, range, bins) {
    const [first, last] = range.map((value) => nearestEdge(edges, value));
    const step = Math.max(-first, Math.min(bins, edges.length - 1 - last));
    return [edges[first + step], edges[last + step]];
  }

  /* Move the upper end of a range by some bins: it holds one bin at least. */
  function widened(edges, range, bins) {
    const [first, last] = range.map((value) => nearestEdge(edges, value));
    return [edges[first], edges[Math.max(first + 1, Math.min(last + bins, edges.length - 1))]];
  }

  window.mall = Object.assign(window.mall || {}, { Cube, snapped, shifted, stepped, widened });
})();
