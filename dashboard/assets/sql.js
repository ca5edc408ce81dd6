/* The buttons that show SQL: the one clicked asks for the statement of what it stands beside; the one that copies it, and the one that runs it. */

(function () {
  "use strict";

  document.addEventListener("click", (event) => {
    const target = event.target.closest && event.target.closest("[data-sql-of], [data-copy], [data-run]");
    if (!target) return;
    if (target.dataset.run) {
      window.mall.askFor(document.querySelector("#sql-text pre").textContent);
      return;
    }
    target.focus(); // the focus comes back to it when the dialog is closed
    if (target.dataset.copy) {
      window.mall.copy(target, document.querySelector("#sql-text pre").textContent);
      return;
    }
    const asked = { of: target.dataset.sqlOf, title: target.getAttribute("aria-label"), at: Date.now() };
    window.dash_clientside.set_props("sql-asked", { data: asked });
  });
})();
