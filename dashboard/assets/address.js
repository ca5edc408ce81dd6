/* The address bar is the state: filters, segmentation and algorithm as a short, readable query string.

   age=20..34 · gender=Female,Male · spending_kmeans=2,3 · annual_income_k*spending_score=70..140,0..40 */

(function () {
  "use strict";

  const VIEW = ["segmentation", "algorithm"];

  /* A state {segmentation, algorithm, filters} as "?…", or "" when there is nothing to say. */
  function write(state) {
    const parts = VIEW.filter((key) => state[key]).map((key) => `${key}=${encode(state[key])}`);
    for (const [name, condition] of Object.entries(state.filters || {})) parts.push(`${encode(name)}=${writeValue(condition)}`);
    return parts.length ? `?${parts.join("&")}` : "";
  }

  function writeValue(condition) {
    if (condition.op === "between") return condition.value.join("..");
    if (condition.op === "box") return condition.value.map((range) => range.join("..")).join(",");
    return condition.value.map((value) => (typeof value === "number" ? value : `${/^\d+$/.test(value) ? "'" : ""}${encode(value)}`)).join(",");
  }

  /* The state in a query string. What cannot be understood is left out. */
  function read(search) {
    const state = { filters: {} };
    for (const part of (search || "").replace(/^\?/, "").split("&")) {
      const at = part.indexOf("=");
      if (at < 1) continue;
      const name = decode(part.slice(0, at));
      const text = part.slice(at + 1);
      if (VIEW.includes(name)) state[name] = decode(text);
      else state.filters[name] = readValue(name, text);
    }
    return state;
  }

  function readValue(name, text) {
    const ranges = text.split(",").map((range) => range.split("..").map(Number));
    const areRanges = ranges.every((range) => range.length === 2 && range.every(Number.isFinite));
    if (name.includes("*") && areRanges && ranges.length === 2) return { op: "box", value: ranges };
    if (areRanges && ranges.length === 1) return { op: "between", value: ranges[0] };
    return { op: "in", value: text.split(",").map((item) => (/^\d+$/.test(item) ? Number(item) : decode(item).replace(/^'(?=\d+$)/, ""))) };
  }

  function encode(text) {
    return encodeURIComponent(text).replace(/%20/g, "+");
  }

  function decode(text) {
    try {
      return decodeURIComponent(text.replace(/\+/g, "%20"));
    } catch {
      return text;
    }
  }

  window.mall = Object.assign(window.mall || {}, { address: { read, write } });
})();
