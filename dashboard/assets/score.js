/* The form "Which segment would this customer be?": a field per column, and the answer asked for while somebody types. */

(function () {
  "use strict";

  const { html } = window.mall.frame;
  const WAIT_MILLISECONDS = 200;

  function control(field, typed) {
    const element = document.createElement(field.options.length ? "select" : "input");
    if (field.options.length) {
      for (const value of ["", ...field.options]) element.append(new Option(value || field.hint, value));
    } else {
      Object.assign(element, { type: "text", inputMode: "decimal", placeholder: field.hint, autocomplete: "off" });
    }
    element.name = field.name;
    element.value = typed;
    return element;
  }

  /* Draw the fields, and keep what was typed into those that there were before. */
  function drawScoreForm(fields) {
    const form = document.getElementById("score-form");
    if (!form || !fields) return;
    const controls = () => [...form.querySelectorAll("[name]")];
    const typed = new Map(controls().map((element) => [element.name, element.value]));
    form.replaceChildren(...fields.map((field) => html("label", "", html("span", "", field.title), control(field, typed.get(field.name) || ""))));
    let timer;
    const ask = () => {
      const data = Object.fromEntries(controls().map((element) => [element.name, element.value.trim()]));
      window.dash_clientside.set_props("score-asked", { data });
    };
    form.oninput = () => {
      clearTimeout(timer);
      timer = setTimeout(ask, WAIT_MILLISECONDS);
    };
  }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.mall = Object.assign(window.dash_clientside.mall || {}, { drawScoreForm });
})();
