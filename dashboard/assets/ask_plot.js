/* The plot of what the SQL page found: a Plotly figure of the columns that are chosen for x, y and colour. */

(function () {
  "use strict";

  const mall = (window.mall = window.mall || {});
  const MOST_GROUPS = 8;
  const MOST_TEXTS = 500; // values along an axis of texts
  const MOST_DRAWN = 2000; // points that are drawn one by one; more are painted together
  const OTHERS = "all others";
  const NONE = "no value";
  const GROUPS = ["#6b7f99", "#8c6bb1", "#3f8f8a", "#b06a4f", "#7d8f3c", "#a05a7a", "#4f6fb0", "#9a8452"]; // none is a segment's, nor the blue of a selection
  const NUMBERS = /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL\(.*|FLOAT|DOUBLE|BIGNUM)$/;
  const TIMES = /^(DATE|TIMESTAMP.*)$/;

  const isNumber = ({ type }) => NUMBERS.test(type);
  const isTime = ({ type }) => TIMES.test(type);

  /* What is shown where nobody has chosen: a time, a text or a number against the first other number that is no id, coloured by
     another text of which there are few. */
  function suggest({ columns, rows }) {
    const places = columns.map((_, place) => place);
    const numbers = places.filter((place) => isNumber(columns[place]));
    const others = places.filter((place) => !isNumber(columns[place]));
    const values = numbers.filter((place) => !/(^|_)id$/i.test(columns[place].name));
    const x = others.find((place) => isTime(columns[place])) ?? others[0] ?? numbers[0] ?? null;
    const y = [...values, ...numbers].find((place) => place !== x) ?? null;
    const isFew = (place) => {
      const texts = new Set(rows.map((row) => row[place])).size;
      return texts > 1 && texts <= MOST_GROUPS;
    };
    const colour = others.find((place) => place !== x && isFew(place)) ?? null;
    return { x, y, colour, kind: kindOf(columns[x]) };
  }

  const canDraw = ({ columns, rows }, { x, y }) => Boolean(rows.length && columns[x] && columns[y]);

  /* Whether a plot would have more texts along an axis than a browser can draw in a moment, or anybody read. */
  function isTooMuch(answer, { x, y }) {
    if (!canDraw(answer, { x, y }) || isNumber(answer.columns[x]) || isTime(answer.columns[x])) return false;
    return new Set(answer.rows.map((row) => row[x])).size > MOST_TEXTS;
  }

  function kindOf(column) {
    if (!column) return "bars";
    return isTime(column) ? "line" : isNumber(column) ? "points" : "bars";
  }

  /* The figure of rows, arrays in the order of the columns; null where there is nothing to draw. `palettes` are the colours of
     segments by name, one for each clustering: the first that knows all groups is theirs. */
  function figure({ columns, rows }, { x, y, colour, kind }, palettes) {
    if (!canDraw({ columns, rows }, { x, y }) || isTooMuch({ columns, rows }, { x, y })) return null;
    const byNumber = colour !== null && isNumber(columns[colour]) && kind === "points";
    const groups = colour === null || byNumber ? [["", rows]] : grouped(rows, colour);
    const isSegment = (palette) => ([name]) => Object.hasOwn(palette, name) || name === NONE;
    const segments = palettes.find((palette) => groups.every(isSegment(palette))) || {};
    const style = window.getComputedStyle(document.documentElement);
    const paint = (name) => style.getPropertyValue(`--${name}`).trim();
    const colourOf = (name, place) => {
      if (colour === null) return paint("bar");
      if (Object.hasOwn(segments, name)) return segments[name];
      return [OTHERS, NONE].includes(name) ? paint("rest") : GROUPS[place % GROUPS.length];
    };
    const data = groups.map(([name, own], place) => {
      const trace = { name, x: own.map((row) => row[x]), y: own.map((row) => row[y]), marker: { color: colourOf(name, place) } };
      if (kind === "bars") return { ...trace, type: "bar" };
      if (kind === "line") return { ...trace, type: "scatter", mode: "lines", line: { color: colourOf(name, place), width: 2 } };
      const colorbar = byNumber && { title: { text: columns[colour].name }, thickness: 12 };
      const marker = byNumber ? { color: own.map((row) => row[colour]), colorscale: "Viridis", showscale: true, colorbar } : trace.marker;
      return { ...trace, marker, type: own.length > MOST_DRAWN ? "scattergl" : "scatter", mode: "markers" };
    });
    const axis = (column) => ({
      title: { text: column.name, font: { size: 12 } },
      type: isNumber(column) ? "linear" : isTime(column) ? "date" : "category",
      gridcolor: paint("line"),
      linecolor: paint("muted"),
      zeroline: false,
      automargin: true,
    });
    const layout = {
      margin: { l: 56, r: 16, t: groups.length > 1 ? 32 : 8, b: 48 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: "system-ui, sans-serif", size: 12, color: paint("muted") },
      hoverlabel: { bgcolor: paint("surface"), font: { color: paint("ink") } },
      barmode: groups.length > 1 ? "group" : "stack",
      dragmode: false,
      showlegend: groups.length > 1,
      legend: { orientation: "h", x: 0, y: 1, yanchor: "bottom" },
      xaxis: { ...axis(columns[x]), showgrid: kind === "points" },
      yaxis: { ...axis(columns[y]), rangemode: kind === "bars" ? "tozero" : "normal" },
    };
    return { data, layout };
  }

  /* The rows by the text of a column: the commonest texts, in the order in which they come, and all others together. */
  function grouped(rows, column) {
    const groups = new Map();
    for (const row of rows) {
      const name = row[column] === null ? NONE : String(row[column]);
      if (groups.has(name)) groups.get(name).push(row);
      else groups.set(name, [row]);
    }
    if (groups.size <= MOST_GROUPS) return [...groups];
    const sizes = [...groups.values()].map((own) => own.length).sort((one, other) => other - one);
    const least = sizes[MOST_GROUPS - 2];
    const large = [...groups].filter(([, own]) => own.length >= least).slice(0, MOST_GROUPS - 1);
    const names = new Set(large.map(([name]) => name));
    return [...large, [OTHERS, [...groups].filter(([name]) => !names.has(name)).flatMap(([, own]) => own)]];
  }

  mall.plot = { figure, suggest, kindOf, isNumber, isTooMuch };
})();
