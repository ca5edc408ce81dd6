/* The address bar is the state: filters, segmentation, algorithm, axes and version as a short, readable query string.

   age=20..34 · gender=Female,Male · gender=!Unknown · spending_kmeans=2,3 · annual_income_k*spending_score=70..140,0..40 · v=12 */

(function () {
  "use strict";

  const VIEW = ["segmentation", "algorithm", "axes"];
  const VERSION = "v";
  const isOurs = (name) => name === VERSION || VIEW.includes(name);

  /* A state {segmentation, algorithm, axes, version, filters} as "?…", or "" when there is nothing to say. */
  function write(state) {
    const parts = VIEW.filter((key) => state[key]).map((key) => `${key}=${encode(state[key])}`);
    for (const [name, condition] of Object.entries(state.filters || {})) {
      parts.push(`${isOurs(name) ? "." : ""}${encode(name)}=${writeValue(condition)}`); // a column may be called "v" too
    }
    if (state.version) parts.push(`${VERSION}=${state.version}`);
    return parts.length ? `?${parts.join("&")}` : "";
  }

  function writeValue({ op, value }) {
    if (op === "between") return value.join("..");
    if (op === "box") return value.map((range) => range.join("..")).join(",");
    return (op === "not_in" ? "!" : "") + value.map(writeItem).join(",");
  }

  /* A number is a segment, so a text of digits has an apostrophe before it; "!" before the first, and "..", are encoded. */
  function writeItem(item) {
    if (typeof item === "number") return item;
    return (/^'*\d+$/.test(item) ? "'" : "") + encode(item).replace(/^!/, "%21").replace(/\.\./g, "%2E%2E");
  }

  /* The state in a query string. What cannot be understood is left out. */
  function read(search) {
    const state = { filters: {} };
    for (const part of (search || "").replace(/^\?/, "").split("&")) {
      const at = part.indexOf("=");
      if (at < 1) continue;
      const name = decode(part.slice(0, at));
      const text = part.slice(at + 1);
      if (name === VERSION) state.version = /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
      else if (VIEW.includes(name)) state[name] = decode(text);
      else state.filters[name.replace(/^\./, "")] = readValue(name, text);
    }
    return state;
  }

  function readValue(name, text) {
    const ranges = text.split(",").map((range) => range.split("..").map(Number));
    const areRanges = ranges.every((range) => range.length === 2 && range.every(Number.isFinite));
    if (name.includes("*") && areRanges && ranges.length === 2) return { op: "box", value: ranges };
    if (areRanges && ranges.length === 1) return { op: "between", value: ranges[0] };
    const [op, listed] = text.startsWith("!") ? ["not_in", text.slice(1)] : ["in", text];
    return { op, value: listed.split(",").map(readItem) };
  }

  const readItem = (item) => (/^\d+$/.test(item) ? Number(item) : decode(item).replace(/^'(?='*\d+$)/, ""));

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

  const written = new Map(); // what the page has put into the address bar itself, and when
  const LATE = 10_000; // milliseconds within which it hears of that, on a busy machine

  /* Whether an address is what the page has just written: it is not to be read back, for more may have been chosen since. */
  const isEcho = (search) => Date.now() - (written.get(search) || -Infinity) < LATE;

  window.addEventListener("popstate", (event) => event.isTrusted && written.clear()); // Back and Forward are a person's,
  document.addEventListener("click", (event) => event.target.closest("a") && written.clear(), true); // and links

  let isCorrection = false;

  /* The next state is the one before, put right by the page: Back shall not lead to what was wrong. */
  function correct() {
    isCorrection = true;
  }

  /* Put a state into the address bar and return it as it stands there: as a step that Back undoes when what people chose is another, in place otherwise. */
  function show(state) {
    const search = write(state);
    const isRight = !isCorrection;
    isCorrection = false;
    if (search === window.location.search) return search;
    const before = read(window.location.search);
    const isStep = isRight && before.segmentation !== undefined && write({ ...state, version: null }) !== write({ ...before, version: null });
    written.set(search, Date.now());
    put(search, isStep);
    return search;
  }

  /* Go to a state: it is read as if a person had typed it. */
  function go(state) {
    written.clear();
    put(write(state), true);
  }

  function put(search, isStep) {
    const address = window.location.pathname + search + window.location.hash;
    window.history[isStep ? "pushState" : "replaceState"]({}, "", address);
    window.dispatchEvent(new PopStateEvent("popstate")); // dcc.Location listens to it
  }

  window.mall = Object.assign(window.mall || {}, { address: { read, write, show, go, isEcho, correct } });
})();
