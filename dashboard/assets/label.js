/* The buttons that name a segment: the one clicked asks the form of the Segments page to open for its segment. */

(function () {
  "use strict";

  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("button.rename");
    if (!button) return;
    const { segmentation, algorithm, segment_id } = button.dataset;
    window.dash_clientside.set_props("label-asked", { data: { segmentation, algorithm, segment_id, at: Date.now() } });
  });
})();
