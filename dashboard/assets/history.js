/* The numbers in the matrix of the History page: the one clicked asks for its customers. */

(function () {
  "use strict";

  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("button.flow");
    if (!button) return;
    window.dash_clientside.set_props("history-flow", { data: JSON.parse(button.dataset.flow) });
    const customers = document.getElementById("history-customers");
    if (customers) customers.scrollIntoView({ block: "nearest", behavior: "smooth" });
  });
})();
