/* What the benchmark of the dashboard sees of a page: events, and the frames in which what it watches was painted.

   An event has the time the browser took it from the mouse (`at`) and the time the page got it (`handled`). The first callback of
   every frame posts a message. It arrives once scripts, style, layout and painting of that frame are through on the page's thread:
   whatever has changed in the watched elements by then is painted, and the time is noted. What the compositor does afterwards is
   the same for every page and is not seen. Answers that are errors, and errors of scripts, are counted: a page that does nothing is
   no fast page. `isThere`, given as text, says whether the views are there. */

function probe(isThere) {
  "use strict";

  const KINDS = ["pointermove", "pointerup"]; // a click is a pointerup with the same time
  const FRAMES = 3; // as long, at least, nothing may have happened before a page is taken to be at rest
  const nextFrame = window.requestAnimationFrame.bind(window);
  const there = new Function(`return ${isThere}`);
  const { port1, port2 } = new MessageChannel();
  const watched = new Map(); // an observer by the name of what it watches
  const changed = new Set(); // names of what has changed since it was last painted
  let [events, paints, waiting] = [[], [], []];
  let [shown, requests, failures, touched, frames] = [null, 0, 0, 0, 0];

  const touch = () => ([touched, frames] = [performance.now(), 0]);

  for (const kind of KINDS) {
    window.addEventListener(kind, (event) => events.push({ kind, at: event.timeStamp, handled: touch()[0] }), true);
  }

  const fetched = window.fetch;
  window.fetch = (...given) => {
    requests++;
    const answer = fetched.apply(window, given);
    const end = (isGood) => {
      requests--;
      if (!isGood) failures++;
      touch();
    };
    answer.then((response) => end(response.ok), () => end(false));
    return answer;
  };
  window.addEventListener("error", ({ error }) => {
    if (error) failures++; // without one it is the notice of a ResizeObserver that goes on in the next frame
  });
  window.addEventListener("unhandledrejection", () => failures++);

  function frame() {
    nextFrame(frame);
    port2.postMessage(null);
  }

  port1.onmessage = () => {
    const now = performance.now();
    for (const [name, observer] of watched) if (observer.takeRecords().length) changed.add(name);
    for (const name of changed) paints.push({ name, at: now });
    if (changed.size) touch();
    changed.clear();
    frames++;
    if (shown === null && there()) shown = now;
    const isResting = (quiet) => shown !== null && requests === 0 && frames >= FRAMES && now - touched >= quiet;
    waiting = waiting.filter(({ quiet, done }) => !isResting(quiet) || done());
  };

  /* Call `done` once the views are there and nothing has happened for `quiet` milliseconds: no event, paint or open request. */
  function rest(quiet, done) {
    waiting.push({ quiet, done: () => void done() });
  }

  /* Watch the elements of selectors from now on, by name, in place of those before. */
  function watch(selectors) {
    for (const observer of watched.values()) observer.disconnect();
    watched.clear();
    for (const [name, selector] of Object.entries(selectors)) {
      const observer = new MutationObserver(() => changed.add(name));
      const what = { subtree: true, childList: true, attributes: true, characterData: true };
      for (const element of document.querySelectorAll(selector)) observer.observe(element, what);
      watched.set(name, observer);
    }
  }

  /* What was seen since the last call. */
  function take() {
    const seen = { events, paints, failures };
    [events, paints] = [[], []];
    return seen;
  }

  nextFrame(frame);
  window.probe = { rest, watch, take, shown: () => shown };
}
