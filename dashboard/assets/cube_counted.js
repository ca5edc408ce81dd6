/* The cube of a viewer, who gets counts and no cells: it asks for them with every change of the filters (dashboard/counts.py). */

(function () {
  "use strict";

  const mall = window.mall;

  class Counted extends mall.Cube {
    /* data: what dashboard/counts.py sends as frame; whenAnswered is called when there are new counts. */
    constructor(data, whenAnswered) {
      super(data);
      Object.assign(this, { isCounted: true, customers: data.customers, everyone: data.everyone, answer: data.everyone, whenAnswered });
      Object.assign(this.means, data.everyone.means);
      this.asked = 0;
    }

    setFilter(name, condition) {
      const before = JSON.stringify(this.filters);
      super.setFilter(name, condition);
      if (JSON.stringify(this.filters) !== before) this.ask();
    }

    /* One question is on its way at a time; the last filters are asked about when it is answered. */
    async ask() {
      this.asked += 1;
      if (this.isAsking) return;
      this.isAsking = true;
      let answered = 0;
      while (answered !== this.asked) {
        answered = this.asked;
        try {
          const response = await fetch(`cube/${this.version}/counts`, {
            method: "POST",
            headers: { "Content-Type": "application/json" },
            body: JSON.stringify({ filters: this.filters }),
          });
          this.answer = response.ok ? await response.json() : this.nothing();
        } catch {
          this.answer = this.nothing();
        }
        this.whenAnswered();
      }
      this.isAsking = false;
    }

    /* No counts, where none could be had: those of before are of other filters. */
    nothing() {
      const bins = Object.fromEntries(Object.entries(this.everyone.bins).map(([name, counts]) => [name, counts.map(() => null)]));
      return { bins, count: undefined, means: {} };
    }

    histogram(name) {
      return this.answer.bins[name];
    }

    totals(name) {
      return this.everyone.bins[name];
    }

    summary() {
      const { count, means } = this.answer;
      return { count, means: Object.keys(means).map((name) => ({ name, mean: means[name], everyone: this.everyone.means[name] })) };
    }
  }

  mall.Counted = Counted;
})();
