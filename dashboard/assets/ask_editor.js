/* The editor of the SQL page: a text area over its own text in colours, with words to choose from. */

(function () {
  "use strict";

  const mall = (window.mall = window.mall || {});
  const html = (...given) => mall.frame.html(...given);
  const MOST_COLOURED = 20_000; // characters; a longer text is plain
  const MOST_WORDS = 8;
  const KEYWORDS =
    "all and any as asc between by case cast create cross cube desc describe distinct else end except exclude exists explain extract " +
    "false filter first from full group grouping having ilike in inner intersect interval into is join last lateral left like limit " +
    "materialized natural not null nulls offset on or order outer over partition pivot positional qualify range recursive replace right " +
    "rollup rows sample select semi similar sets struct summarize table then to true try_cast union unnest unpivot using values view when " +
    "where window with within";
  const isKeyword = new Set(KEYWORDS.split(" "));
  const TOKEN = /(--.*|\/\*[^]*?(?:\*\/|$))|('(?:[^']|'')*(?:'|$))|("(?:[^"]|"")*(?:"|$))|(\b\d+(?:\.\d+)?(?:e[+-]?\d+)?\b)|([\p{L}_][\p{L}\p{N}_]*)/giu;

  /* A statement as [text, class] pairs, in order; a class is "" where nothing is coloured. */
  function tokens(text) {
    if (text.length > MOST_COLOURED) return [[text, ""]];
    const found = [];
    let place = 0;
    for (const match of text.matchAll(TOKEN)) {
      const [whole, comment, literal, , number, word] = match;
      const kind = comment ? "comment" : literal ? "literal" : number ? "number" : word && isKeyword.has(word.toLowerCase()) ? "keyword" : "";
      if (!kind) continue;
      if (match.index > place) found.push([text.slice(place, match.index), ""]);
      found.push([whole, kind]);
      place = match.index + whole.length;
    }
    if (place < text.length) found.push([text.slice(place), ""]);
    return found;
  }

  /* Tokens cut at the ends of a mark [start, end), with the class "marked" inside of it. */
  function marked(found, [start, end]) {
    const cut = [];
    let place = 0;
    for (const [text, kind] of found) {
      const ends = [0, start - place, end - place, text.length].map((each) => Math.max(0, Math.min(text.length, each)));
      const inside = ["", " marked", ""];
      inside.forEach((mark, part) => {
        const piece = text.slice(ends[part], ends[part + 1]);
        if (piece) cut.push([piece, kind + mark]);
      });
      place += text.length;
    }
    return cut;
  }

  class Editor {
    /* onChange() is called after every change, onRun() for Ctrl-Enter; words(text, owner, stem) says what may be meant by the beginning of a word, after `owner.` or by itself. */
    constructor(text, { onChange, onRun, words }) {
      Object.assign(this, { onChange, onRun, words, mark: null, offered: [], chosen: 0 });
      this.colours = html("pre", "editor-colours");
      this.colours.setAttribute("aria-hidden", "true");
      this.area = html("textarea", "editor-text");
      Object.assign(this.area, { spellcheck: false, value: text, placeholder: "select … from marts.segment_profiles" });
      for (const name of ["autocomplete", "autocapitalize", "autocorrect"]) this.area.setAttribute(name, "off");
      this.area.setAttribute("aria-label", "SQL statement; Control and Enter run it");
      this.list = html("ul", "editor-words");
      Object.assign(this.list, { hidden: true, id: "editor-words", role: "listbox" });
      this.list.setAttribute("aria-label", "Names that may be meant");
      for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-controls": this.list.id, "aria-expanded": "false" }))
        this.area.setAttribute(name, value);
      this.element = html("div", "editor", html("div", "editor-sheet", this.colours, this.area, this.list));
      this.area.addEventListener("input", (event) => this.changed(/^insert(Text|Composition)/.test(event.inputType || "")));
      this.area.addEventListener("keydown", (event) => this.press(event));
      this.area.addEventListener("blur", () => this.offer([]));
      this.area.addEventListener("click", () => this.offer([]));
      this.draw();
    }

    get text() {
      return this.area.value;
    }

    /* Replace everything, as a step that Ctrl-Z takes back. */
    set text(text) {
      this.area.focus();
      this.area.select();
      this.write(text);
      this.area.setSelectionRange(0, 0);
      this.element.scrollTop = 0;
    }

    /* Put a text where the caret is. */
    insert(text) {
      this.area.focus();
      this.write(text);
    }

    write(text) {
      this.isWriting = true; // the browser tells of every line
      const isDone = text ? document.execCommand("insertText", false, text) : document.execCommand("delete");
      if (!isDone) this.area.setRangeText(text, this.area.selectionStart, this.area.selectionEnd, "end"); // Ctrl-Z does not know it
      this.isWriting = false;
      this.changed(false);
    }

    /* Mark the characters [start, end) as wrong; none for null. */
    show(mark) {
      this.mark = mark;
      this.draw();
      const place = this.colours.querySelector(".marked");
      if (place) place.scrollIntoView({ block: "nearest" });
    }

    changed(isTyped) {
      if (this.isWriting) return;
      this.mark = null;
      this.draw();
      this.offer(isTyped ? this.meant() : []);
      this.onChange();
    }

    draw() {
      const plain = tokens(this.text);
      const pieces = this.mark ? marked(plain, this.mark) : plain;
      this.colours.replaceChildren(...pieces.map(([text, kind]) => (kind ? html("span", kind, text) : text)), "\n");
    }

    press(event) {
      if (event.isComposing) return;
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        this.offer([]);
        this.onRun();
      } else if (this.offered.length && this.chooses(event.key)) {
        event.preventDefault();
        event.stopPropagation();
      } else if (event.key === "Enter" && !event.shiftKey) {
        event.preventDefault(); // the next line begins where this one does
        const line = this.text.slice(0, this.area.selectionStart).split("\n").pop();
        this.insert("\n" + line.match(/^\s*/)[0]);
      }
    }

    /* Whether a key was meant for the words that are offered. */
    chooses(key) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[key];
      const takes = key === "Tab" || (key === "Enter" && this.hasMoved); // Enter is a new line, unless a word was looked for
      if (step) this.point((this.chosen + step + this.offered.length) % this.offered.length);
      else if (takes) this.take(this.offered[this.chosen]);
      else if (key === "Escape") this.offer([]);
      this.hasMoved = Boolean(step);
      return Boolean(step) || takes || key === "Escape";
    }

    /* What may be meant by the word that is being typed. */
    meant() {
      const before = this.text.slice(0, this.area.selectionStart);
      const [, owner, stem] = before.match(/(?:([\p{L}\p{N}_.]*)\.)?([\p{L}\p{N}_]*)$/u);
      const isText = tokens(before).some(([text, kind], place, all) => place === all.length - 1 && /comment|literal/.test(kind) && text);
      this.stem = stem;
      if (isText || (stem.length < 2 && owner === undefined)) return [];
      const found = this.words(this.text, owner, stem.toLowerCase()).slice(0, MOST_WORDS);
      return found.length === 1 && found[0].word === stem ? [] : found;
    }

    offer(words) {
      this.offered = words;
      this.hasMoved = false;
      this.list.hidden = !words.length;
      this.area.setAttribute("aria-expanded", String(words.length > 0));
      this.area.removeAttribute("aria-activedescendant");
      this.list.replaceChildren(
        ...words.map((each, place) => {
          const item = html("li", "", html("span", "", each.word), html("span", "muted", each.about));
          Object.assign(item, { id: `editor-word-${place}`, role: "option" });
          item.addEventListener("mousedown", (event) => {
            event.preventDefault(); // the caret stays in the text
            this.take(each);
          });
          return item;
        }),
      );
      if (!words.length) return;
      this.point(0);
      const [left, top] = this.caret();
      Object.assign(this.list.style, { left: `${left}px`, top: `${top}px` });
    }

    point(place) {
      this.chosen = place;
      this.area.setAttribute("aria-activedescendant", `editor-word-${place}`);
      [...this.list.children].forEach((item, other) => {
        item.classList.toggle("chosen", other === place);
        item.setAttribute("aria-selected", String(other === place));
      });
    }

    take({ word }) {
      const end = this.area.selectionStart;
      const rest = this.text.slice(end).match(/^[\p{L}\p{N}_]*/u)[0]; // of a word in whose middle the caret stands
      this.area.setSelectionRange(end - this.stem.length, end + rest.length);
      this.write(word);
      this.offer([]);
    }

    /* Where the list of words begins: below the start of the word at the caret, in pixels of the sheet. */
    caret() {
      let rest = this.area.selectionStart - this.stem.length;
      const walker = document.createTreeWalker(this.colours, NodeFilter.SHOW_TEXT);
      let node = walker.nextNode();
      while (node && rest > node.length) {
        rest -= node.length;
        node = walker.nextNode();
      }
      const range = document.createRange();
      range.setStart(node, rest);
      range.setEnd(node, Math.min(rest + 1, node.length));
      const box = range.getBoundingClientRect();
      const sheet = this.colours.getBoundingClientRect();
      return [Math.max(0, Math.min(box.left - sheet.left, sheet.width - 320)), box.bottom - sheet.top + 2];
    }
  }

  Object.assign(mall, { Editor, sqlTokens: tokens });
})();
