/* What every drawn view needs: elements, scales, axes and drags. */

(function () {
  "use strict";

  const SVG = "http://www.w3.org/2000/svg";

  /* An SVG element with attributes. */
  function svg(tag, attributes = {}, ...children) {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  /* An HTML element with a class and children; text is set as text, so names from a file stay text. */
  function html(tag, className, ...children) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    element.append(...children);
    return element;
  }

  /* A button of text. */
  function button(className, text, onClick) {
    const element = html("button", className, text);
    element.type = "button";
    if (onClick) element.addEventListener("click", onClick);
    return element;
  }

  /* Copy a text, and say so on the button that asks for it. */
  async function copy(button, text) {
    const said = button.textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.style.minWidth = `${button.offsetWidth}px`; // its neighbours stay where they are
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = said), 2000);
    } catch {
      window.prompt("Copy this:", text); // the clipboard is for secure addresses only
    }
  }

  /* A card: a title with a caption and tools beside it, and a body. `name` is what it shows, for who asks for its SQL. */
  function card(name, title, ...tools) {
    const body = html("div", "view-body");
    const caption = html("span", "view-caption");
    const sql = button("view-tool", "SQL");
    sql.dataset.sqlOf = name; // sql.js listens
    sql.setAttribute("aria-label", `SQL of ${title}`);
    const aside = html("span", "view-aside", caption, ...tools, sql);
    const heading = html("h2", "view-title", title);
    heading.title = title; // it may be cut off
    const element = html("section", "view", html("div", "view-head", heading, aside), body);
    element.setAttribute("aria-label", title);
    element.dataset.view = name;
    return { element, body, caption };
  }

  /* A linear scale from values to pixels, with its inverse and at most so many round values on it. */
  function scale(low, high, from, to) {
    const slope = (to - from) / (high - low || 1);
    const forward = (value) => from + (value - low) * slope;
    forward.invert = (pixel) => low + (pixel - from) / slope;
    forward.ticks = (most) => ticks(low, high, most);
    return forward;
  }

  /* The scale of a numeric dimension: linear, or with bins equally wide on the page whatever values they hold. */
  function scaleOf(dimension, from, to) {
    const { edges } = dimension;
    const last = edges.length - 1;
    if (dimension.scale !== "log") return scale(edges[0], edges[last], from, to);
    const places = scale(0, last, from, to);
    const binOf = (value) => Math.max(0, Math.min(last - 1, edges.findLastIndex((edge) => edge <= value)));
    const forward = (value) => {
      const bin = binOf(value);
      return places(bin + (value - edges[bin]) / (edges[bin + 1] - edges[bin]));
    };
    forward.invert = (pixel) => {
      const place = places.invert(pixel);
      const bin = Math.max(0, Math.min(last - 1, Math.floor(place)));
      return edges[bin] + (place - bin) * (edges[bin + 1] - edges[bin]);
    };
    forward.ticks = (most) => {
      const isTen = (edge) => edge === 0 || Number.isInteger(Math.round(1e9 * Math.log10(Math.abs(edge))) / 1e9);
      const marks = edges.length <= most ? edges : edges.filter(isTen);
      return marks.filter((_, index) => index % Math.ceil(marks.length / most) === 0);
    };
    return forward;
  }

  /* At most `most` round values from low to high. */
  function ticks(low, high, most) {
    const span = (high - low) / most || 1;
    const power = 10 ** Math.floor(Math.log10(span));
    const step = [1, 2, 5, 10].find((factor) => factor * power >= span) * power;
    const values = [];
    for (let index = Math.ceil(low / step); index * step <= high + step * 1e-9; index++) values.push(Number((index * step).toPrecision(12)));
    return values;
  }

  /* The axis along the bottom of a plot. */
  function bottomAxis(x, [low, high], top, most) {
    const marks = x.ticks(most).map((value) =>
      svg("text", { x: x(value), y: top + 16, "text-anchor": "middle", class: "tick" }, window.mall.format.axis(value)),
    );
    return svg("g", {}, svg("line", { x1: x(low), x2: x(high), y1: top + 0.5, y2: top + 0.5, class: "axis" }), ...marks);
  }

  /* The axis along the left of a plot, with light lines across. */
  function leftAxis(y, left, right, most, label = window.mall.format.axis) {
    const values = y.ticks(most);
    const lines = values.map((value) => svg("line", { x1: left, x2: right, y1: y(value), y2: y(value), class: "grid" }));
    const marks = values.map((value) =>
      svg("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end", class: "tick" }, label(value)),
    );
    return svg("g", {}, ...lines, ...marks);
  }

  let drag = Promise.resolve(); // fulfilled when no drag is going on

  /* Follow a drag on an element. start(point) returns {move(point), end(isClick), cancel()}; a point is [x, y] inside the
     element. The Escape key, or the system, cancels the drag. */
  function onDrag(element, start) {
    element.addEventListener("pointerdown", (down) => {
      if (down.button !== 0) return;
      down.preventDefault();
      const place = (event) => {
        const box = element.getBoundingClientRect();
        return [event.clientX - box.left, event.clientY - box.top];
      };
      const origin = place(down);
      const gesture = start(origin);
      let isClick = true;
      element.setPointerCapture(down.pointerId);
      element.focus({ preventScroll: true, focusVisible: false });
      const move = (event) => {
        const point = place(event);
        if (Math.hypot(point[0] - origin[0], point[1] - origin[1]) > 3) isClick = false;
        if (!isClick) gesture.move(point);
      };
      const listening = new AbortController();
      drag = new Promise((ended) => listening.signal.addEventListener("abort", ended));
      const end = (event) => {
        listening.abort();
        move(event);
        gesture.end(isClick);
      };
      const cancel = (event) => {
        if (event.type === "keydown" && event.key !== "Escape") return;
        event.stopPropagation();
        listening.abort();
        gesture.cancel();
      };
      const until = { signal: listening.signal };
      element.addEventListener("pointermove", move, until);
      element.addEventListener("pointerup", end, until);
      element.addEventListener("pointercancel", cancel, until);
      window.addEventListener("keydown", cancel, { ...until, capture: true });
    });
  }

  window.mall = Object.assign(window.mall || {}, { copy, frame: { svg, html, button, card, scale, scaleOf, bottomAxis, leftAxis, onDrag, atRest: () => drag } });
})();
