/* The buttons that show SQL: the one clicked asks for the statement of what it stands beside. */

(function () {
  "use strict";

  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("[data-sql-of]");
    if (button) window.dash_clientside.set_props("sql-asked", { data: { of: button.dataset.sqlOf, at: Date.now() } });
  });
})();
