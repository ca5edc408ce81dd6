/* A session that has ended: what the page asks is refused, and it leads to where people sign in. */

(function () {
  "use strict";

  const ask = window.fetch;
  window.fetch = async (...request) => {
    const answer = await ask(...request);
    const { pathname, search, hash } = window.location;
    if (answer.status === 401) window.location.assign(`/login?next=${encodeURIComponent(pathname + search)}${hash}`);
    return answer;
  };
})();
