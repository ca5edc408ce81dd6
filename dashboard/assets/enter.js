/* A session that has ended: what the page asks is refused, and it leads to where people sign in. */

(function () {
  "use strict";

  const ask = window.fetch;
  window.fetch = async (...request) => {
    const answer = await ask(...request);
    if (answer.status === 401) window.location.assign(`/login?next=${encodeURIComponent(window.location.pathname + window.location.search)}`);
    return answer;
  };
})();
