/* Buttons that lead where a link of the head leads: its address has the filters, the clustering and the version in it. */

(function () {
  "use strict";

  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("[data-follow]");
    if (button) document.getElementById(button.dataset.follow).click();
  });
})();
