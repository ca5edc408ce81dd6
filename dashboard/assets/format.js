/* Numbers as people read them; the same rules as dashboard/format.py. */

(function () {
  "use strict";

  /* A number of customers; "few" where it is not told (cube_counted.js). */
  const count = (number) => (number === null ? "few" : Math.round(number).toLocaleString("en-US"));

  function percent(share) {
    const value = 100 * share;
    return `${Math.abs(value) >= 9.95 || value === 0 ? value.toFixed(0) : value.toFixed(1)} %`.replace("-", "−");
  }

  /* A difference with its sign, in percent of something where that is given. */
  function change(difference, of = null) {
    const text = of === null ? number(difference) : percent(difference / of);
    return /[1-9]/.test(text) ? (difference >= 0 ? "+" : "") + text : text.replace("−", "±");
  }

  /* A count for an axis: 50,000 is "50 k". */
  function short(value) {
    if (value >= 1e6) return `${number(value / 1e6)} M`;
    return value >= 1e4 ? `${number(value / 1e3)} k` : count(value);
  }

  /* A value for an axis: large ones are short. */
  const axis = (value) => (Math.abs(value) >= 1e4 ? (value < 0 ? "−" : "") + short(Math.abs(value)) : number(value));

  function number(value) {
    if (Math.abs(value) >= 999.5) return count(value).replace("-", "−");
    return String(Number(value.toPrecision(3))).replace("-", "−");
  }

  /* An edge of a range, not rounded but for what binary fractions add. */
  const exact = (value) => value.toLocaleString("en-US", { maximumSignificantDigits: 12 }).replace("-", "−");

  /* A number with its unit; a unit that is a range, such as 1–100, is not repeated after every number. */
  const quantity = (value, unit) => (unit && !unit.includes("–") ? `${number(value)} ${unit}` : number(value));

  const title = (dimension) => (dimension.unit ? `${dimension.label}, ${dimension.unit}` : dimension.label);

  /* A label inside a sentence: in lower case, but for words in capitals. */
  const isCapitals = (word) => word.length > 1 && word === word.toUpperCase() && word !== word.toLowerCase();
  const inline = (label) => label.split(/\s+/).map((word) => (isCapitals(word) ? word : word.toLowerCase())).join(" ");

  window.mall = Object.assign(window.mall || {}, { format: { count, short, axis, percent, change, number, exact, quantity, title, inline } });
})();
