/* The button beside what is said of an older version: it leads to the newest, and follows it from then on. */

(function () {
  "use strict";

  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("[data-show-newest]");
    if (button) window.dash_clientside.set_props("wanted-version", { data: null });
  });
})();
