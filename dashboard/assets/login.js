/* The form where people sign in: what stands behind the hash of an address, such as a statement, leads on with the rest of it. */

(function () {
  "use strict";

  const form = document.querySelector(".login form");
  if (form) form.action += window.location.hash;
})();
