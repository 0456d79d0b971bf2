// Pages of Tiled's web UI for runs of a microscope: the list of runs, a run, a stream of it.
//
// The UI loads this file for the specs that ui_settings.yml names, takes window.__TILED_SPEC_VIEWS__[spec] and
// renders it with {segments, item}: the node's path and what the server says about it. React is the UI's own.
// Everything is read from the catalog when the page is open, with the rights of whoever opened it.
(() => {
  "use strict";
  const { createElement: h, useEffect, useState } = window.React;

  const REFRESH = 2000; // [ms] while a run goes on
  const RUNS_A_PAGE = 25;
  const LARGEST = 512; // [px] side of an image that is fetched; larger ones are thinned
  const ORDER = ["survey", "primary", "prediction", "decisions"];
  const BOOKKEEPING = /^(seq_num|time|ts_.*)$/;

  // ---- reading the catalog

  const address = (item, route, path = []) =>
    [item.data.links.self.split("/metadata/")[0], route, ...path.map(encodeURIComponent)].join("/");

  const page = (path) =>
    [window.location.pathname.split("/browse")[0], "browse", ...path.map(encodeURIComponent)].join("/") + "/";

  async function ask(url) {
    const token = window.__TILED_ACCESS_TOKEN__;
    const answer = await fetch(url, { headers: token ? { Authorization: `Bearer ${token}` } : {} });
    if (!answer.ok) throw new Error(`the catalog answered ${answer.status} ${answer.statusText}`);
    return answer;
  }

  const askJson = async (url) => (await ask(url)).json();

  const children = async (item, path, fields) =>
    (await askJson(address(item, "search", path) + `/?page[limit]=100&${fields}`)).data;

  const TYPES = {
    b1: Uint8Array, u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, u8: BigUint64Array,
    i1: Int8Array, i2: Int16Array, i4: Int32Array, i8: BigInt64Array, f4: Float32Array, f8: Float64Array,
  };

  // One event's array as {values, shape, step}: images larger than LARGEST are thinned by `step`.
  async function readEvent(item, path, structure, index) {
    const { kind, itemsize, endianness } = structure.data_type;
    const Type = TYPES[kind + itemsize];
    if (!Type || endianness === "big") throw new Error(`no picture of type ${kind}${itemsize}`);
    const whole = structure.shape.slice(1);
    const step = whole.length === 2 ? Math.ceil(Math.max(...whole) / LARGEST) : 1;
    const slice = [index, ...whole.map(() => `::${step}`)].join(",");
    const answer = await ask(
      address(item, "array/full", path) + `?format=application/octet-stream&slice=${slice}`
    );
    const values = Array.from(new Type(await answer.arrayBuffer()), Number);
    return { values, shape: whole.map((size) => Math.ceil(size / step)), step };
  }

  // What `read` gives, again every REFRESH while `live`; null before the first answer, {error} if it fails.
  function useRead(read, dependencies, live = false) {
    const [state, setState] = useState(null);
    useEffect(() => {
      let timer = null;
      let over = false;
      const look = async () => {
        try {
          const value = await read();
          if (!over) setState({ value });
        } catch (error) {
          if (!over) setState((last) => (last?.value ? last : { error }));
        }
        if (!over && live) timer = setTimeout(look, REFRESH);
      };
      look();
      return () => { over = true; clearTimeout(timer); };
    }, [...dependencies, live]);
    return state;
  }

  const waiting = (state) =>
    h("div", { style: { color: "#777", padding: 8 } }, state?.error ? state.error.message : "reading ...");

  // ---- calibration: the same rules as stemline.consumers.axes

  // What was set when event `index` was measured, else when the stream began.
  function axisOf(start, stream, table, index, key, name, size) {
    const detector = stream.data_keys[key].object_name;
    const { data = {}, data_keys = {} } = stream.configuration?.[detector] ?? {};
    const setting = (what) => table?.[`${detector}_${what}`]?.[index] ?? data[`${detector}_${what}`];
    const scale = setting(`${name}_dispersion`);
    const offset = setting(`${name}_offset`);
    if (Number.isFinite(scale) && Number.isFinite(offset)) {
      const unit = data_keys[`${detector}_${name}_dispersion`]?.units;
      return { label: withUnit(name, unit), first: offset, last: offset + scale * (size - 1), step: scale };
    }
    const across = stream.data_keys[key].shape.at(-1);
    const pixel = setting("pixel_size") ?? start.survey?.field_of_view / across;
    if (["y", "x"].includes(name) && Number.isFinite(pixel)) {
      const edge = (pixel * (size - 1)) / 2;
      return { label: withUnit(name, "nm"), first: -edge, last: edge, step: pixel };
    }
    return { label: `${name} [elements]`, first: 0, last: size - 1, step: 1 };
  }

  const withUnit = (name, unit) => (unit ? `${name} [${unit}]` : name);

  // ---- drawing

  function ticks([low, high], wanted = 5) {
    const rough = (high - low) / wanted;
    if (!(rough > 0)) return [low];
    const decade = 10 ** Math.floor(Math.log10(rough));
    const step = decade * [1, 2, 5, 10].find((factor) => factor * decade >= rough);
    const found = [];
    for (let n = Math.ceil(low / step); n * step <= high + step / 1e6; n++) found.push(n * step);
    return found;
  }

  function short(value) {
    const size = Math.abs(value);
    if (size && (size >= 1e6 || size < 1e-3)) return value.toExponential(3).replace(/\.?0*e\+?/, "e");
    return String(Number(value.toPrecision(4)));
  }

  // Axes with ticks around what `draw(toX, toY)` returns; ranges [low, high], `down` for y of an image.
  function Frame({ title, x, y, down, width = 340, height = 250, draw }) {
    const [left, top, right, bottom] = [64, 26, 10, 40];
    const [w, t] = [width - left - right, height - top - bottom];
    const toX = (value) => left + (w * (value - x.range[0])) / (x.range[1] - x.range[0] || 1);
    const part = (value) => (value - y.range[0]) / (y.range[1] - y.range[0] || 1);
    const toY = (value) => top + t * (down ? part(value) : 1 - part(value));
    const text = { fontSize: 11, fill: "#333", fontFamily: "sans-serif" };
    return h("svg", { width, height, role: "img", "aria-label": title },
      h("text", { x: left, y: 16, ...text, fontSize: 13 }, title),
      draw(toX, toY, { left, top, w, t }),
      h("rect", { x: left, y: top, width: w, height: t, fill: "none", stroke: "#888" }),
      ticks(x.range).map((at) => h("text", { key: `x${at}`, x: toX(at), y: top + t + 14, textAnchor: "middle", ...text }, short(at))),
      ticks(y.range).map((at) => h("text", { key: `y${at}`, x: left - 4, y: toY(at) + 4, textAnchor: "end", ...text }, short(at))),
      h("text", { x: left + w / 2, y: height - 6, textAnchor: "middle", ...text }, x.label),
      h("text", { transform: `translate(12 ${top + t / 2}) rotate(-90)`, textAnchor: "middle", ...text }, y.label)
    );
  }

  const rangeOf = (values) => {
    const finite = values.filter(Number.isFinite);
    if (!finite.length) return [0, 1];
    const [low, high] = finite.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
    return low < high ? [low, high] : [low - 0.5, high + 0.5];
  };

  const path = (xs, ys, toX, toY) =>
    xs.map((x, i) => (Number.isFinite(ys[i]) ? `${i && Number.isFinite(ys[i - 1]) ? "L" : "M"}${toX(x).toFixed(1)} ${toY(ys[i]).toFixed(1)}` : "")).join("");

  function Curve({ title, x, ys, unit, dots }) {
    const range = rangeOf(ys);
    return h(Frame, {
      title, x, y: { range, label: unit ? `[${unit}]` : "" },
      draw: (toX, toY) => [
        h("path", { key: "line", d: path(x.values, ys, toX, toY), fill: "none", stroke: "#0b6e99", strokeWidth: 1.3 }),
        dots && h("g", { key: "dots", fill: "#0b6e99" },
          x.values.map((at, i) => Number.isFinite(ys[i]) && h("circle", { key: i, cx: toX(at), cy: toY(ys[i]), r: 2.2 }))),
      ],
    });
  }

  const GRAY = [[0, 0, 0], [255, 255, 255]];
  const VIRIDIS = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];

  function colour(map, part) {
    const at = Math.min(Math.max(part, 0), 1) * (map.length - 1);
    const i = Math.min(Math.floor(at), map.length - 2);
    return map[i].map((from, k) => from + (map[i + 1][k] - from) * (at - i));
  }

  function pixels(values, [ny, nx], map) {
    const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
    const [low, high] = [0.005, 0.995].map((part) => sorted[Math.round(part * (sorted.length - 1))]);
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [nx, ny];
    const context = canvas.getContext("2d");
    const image = context.createImageData(nx, ny);
    values.forEach((value, i) => {
      if (Number.isFinite(value)) image.data.set([...colour(map, (value - low) / (high - low || 1)), 255], 4 * i);
    });
    context.putImageData(image, 0, 0);
    return canvas.toDataURL();
  }

  function Image({ title, values, shape, axes, map, points }) {
    const [y, x] = axes.map(({ first, last, step, label }) => ({ range: [first - step / 2, last + step / 2], label }));
    const [high, wide] = [y, x].map(({ range }) => range[1] - range[0]);
    const width = 380;
    const height = Math.min(Math.max((width - 74) * (high / wide), 40), 600) + 66;
    return h(Frame, {
      title, x, y, down: true, width, height,
      draw: (toX, toY, { left, top, w, t }) => [
        h("image", { key: "image", href: pixels(values, shape, map), x: left, y: top, width: w, height: t,
          preserveAspectRatio: "none", style: { imageRendering: "pixelated" } }),
        points && h("g", { key: "points" }, points.x.map((at, i) => h("circle", {
          key: i, cx: toX(at), cy: toY(points.y[i]), r: 4, stroke: "#fff", strokeWidth: 0.8,
          fill: `rgb(${colour(VIRIDIS, i / Math.max(points.x.length - 1, 1)).map(Math.round)})`,
        }, h("title", null, `point ${i + 1}`)))),
      ],
    });
  }

  // ---- an array of a stream: events along its first axis, one shown at a time

  function ArrayView({ item, path: where, structure, start, stream, table, name, points }) {
    const last = structure.shape[0] - 1;
    const [chosen, choose] = useState(null); // null: the newest
    const [log, setLog] = useState(null); // null: as the data want it
    const index = chosen ?? last;
    const state = useRead(() => readEvent(item, where, structure, index), [where.join("/"), index]);
    if (!state?.value) return waiting(state);
    const { values, shape, step } = state.value;
    const about = stream.data_keys[name];
    const names = about.dims?.length === shape.length ? about.dims : shape.map((_, i) => `axis ${i + 1}`);
    const axes = names.map((dim, i) => axisOf(start, stream, table, index, name, dim, structure.shape[i + 1]));
    const title = last > 0 ? `${name}, event ${index + 1} of ${last + 1}` : name;
    const slider = last > 0 && h("input", {
      type: "range", min: 0, max: last, value: index, "aria-label": `event of ${name}`, style: { width: 300 },
      onChange: (event) => choose(Number(event.target.value)),
    });
    if (shape.length === 2) {
      const map = about.external ? GRAY : VIRIDIS;
      const said = [title, `${rangeOf(values).map(short).join(" to ")} ${about.units ?? ""}`];
      if (step > 1) said.push(`1 of ${step} pixels`);
      return h("div", null, h(Image, { title: said.join(", "), values, shape, axes, map, points }), slider);
    }
    const peaked = Math.max(...values) > 20 * (values.reduce((sum, v) => sum + Math.max(v, 0), 0) / values.length);
    const logarithmic = log ?? peaked;
    const [{ first, step: width, label }] = axes;
    const x = { values: values.map((_, i) => first + i * width), label };
    x.range = rangeOf(x.values);
    const ys = logarithmic ? values.map((v) => (v > 0 ? Math.log10(v) : NaN)) : values;
    const scale = logarithmic ? `log10 ${about.units ?? ""}` : about.units;
    return h("div", null, h(Curve, { title, x, ys, unit: scale }), h("div", null, slider,
      h("label", { style: { fontSize: 12, marginLeft: 8 } },
        h("input", { type: "checkbox", checked: logarithmic, onChange: (event) => setLog(event.target.checked) }), " log")));
  }

  // ---- the scalars of a stream

  const isNumber = (column) => column.some((value) => typeof value === "number");

  const hinted = (stream) => Object.values(stream.hints ?? {}).flatMap(({ fields }) => fields ?? []);

  function Scalars({ table, keys, units }) {
    const number = table.seq_num;
    const x = { values: number, range: rangeOf(number), label: "event" };
    return h("div", { style: FLOW }, keys.map((key) => h(Curve, {
      key, title: key, x, dots: true, unit: units[key],
      ys: table[key].map((value) => value ?? NaN),
    })));
  }

  const CELL = { padding: "2px 10px", textAlign: "left", whiteSpace: "nowrap", borderBottom: "1px solid #eee" };
  const FLOW = { display: "flex", flexWrap: "wrap", gap: 8, alignItems: "flex-start" };
  const cell = (value) => (typeof value === "number" ? short(value) : String(value ?? ""));

  function Grid({ heads, rows, height }) {
    return h("div", { style: { overflow: "auto", maxHeight: height } },
      h("table", { style: { borderCollapse: "collapse", fontSize: 13, fontFamily: "sans-serif" } },
        h("thead", null, h("tr", null, heads.map((head) => h("th", { key: head, style: { ...CELL, position: "sticky", top: 0, background: "#fff" } }, head)))),
        h("tbody", null, rows.map((row, i) => h("tr", { key: i }, row.map((value, k) => h("td", { key: k, style: CELL }, value)))))));
  }

  function Events({ table, keys, units }) {
    const heads = ["event", ...keys.map((key) => withUnit(key, units[key]))];
    const rows = table.seq_num.map((number, i) => [number, ...keys.map((key) => cell(table[key][i]))]);
    return h(Grid, { heads, rows, height: 260 });
  }

  // ---- a stream

  async function readStream(item, where) {
    const nodes = await children(item, where, "fields=structure&fields=structure_family");
    const found = { arrays: [], table: null };
    for (const { id, attributes } of nodes) {
      if (attributes.structure_family === "array" && attributes.structure.shape[0] > 0) {
        found.arrays.push({ name: id, structure: attributes.structure });
      } else if (attributes.structure_family === "table") {
        found.table = await askJson(address(item, "table/full", [...where, id]) + "?format=application/json");
      }
    }
    return found;
  }

  // With `brief`, curves of those scalars only that Bluesky would plot: the hinted ones.
  function Stream({ item, path: where, start, stream, points, live, brief, onTable }) {
    const state = useRead(() => readStream(item, where), [where.join("/")], live);
    const found = state?.value;
    useEffect(() => { if (found?.table) onTable?.(found.table); }, [found]);
    const name = where.at(-1);
    const table = found?.table;
    const count = table?.seq_num.length;
    const keys = Object.keys(table ?? {}).filter((key) => !BOOKKEEPING.test(key));
    const curves = keys.filter((key) => isNumber(table[key]) && (!brief || hinted(stream).includes(key)));
    const units = Object.fromEntries(keys.map((key) => [key, stream.data_keys[key]?.units]));
    return h("section", { style: { marginTop: 20 } },
      h("h3", { style: { fontWeight: 500, margin: "4px 0" } }, h("a", { href: page(where) }, name),
        count !== undefined && ` (${count} event${count === 1 ? "" : "s"})`),
      !found ? waiting(state) : [
        h("div", { key: "arrays", style: FLOW }, found.arrays.map(({ name: key, structure }) => h(ArrayView, {
          key, item, path: [...where, key], structure, start, stream, table, name: key,
          points: stream.data_keys[key]?.dims?.join() === "y,x" ? points : undefined,
        }))),
        count > 1 && h(Scalars, { key: "scalars", table, keys: curves, units }),
        keys.length > 0 && h(Events, { key: "events", table, keys, units }),
        h("p", { key: "stored", style: { fontSize: 12, color: "#777" } }, "as stored, to download: ",
          found.arrays.map(({ name: key }) => [h("a", { key, href: page([...where, key]) }, key), " "]),
          table && h("a", { href: page([...where, "internal"]) }, "internal (table of events)")),
      ]);
  }

  function StreamPage({ item, segments }) {
    const state = useRead(async () => (await askJson(address(item, "metadata", segments.slice(0, -1)))).data, [segments.join("/")]);
    if (!state?.value) return waiting(state);
    const { start = {}, stop } = state.value.attributes.metadata;
    return h(Stream, { item, path: segments, start, stream: item.data.attributes.metadata, live: !stop });
  }

  // ---- a run

  const when = (seconds) => new Date(1000 * seconds).toLocaleString("sv-SE"); // 2026-11-22 18:33:06

  // Points of a run: events of its main stream, or of the only one there is (a survey).
  const measured = (events) => events && (events.primary ?? Math.max(0, ...Object.values(events)));

  function facts({ start, stop }) {
    const done = measured(stop?.num_events);
    return {
      plan: start.plan_name,
      scan_id: start.scan_id,
      sample: typeof start.sample === "object" ? JSON.stringify(start.sample) : start.sample,
      operator: start.operator,
      proposal: start.proposal,
      status: stop ? [stop.exit_status, stop.reason].filter(Boolean).join(": ") : "running",
      points: done === undefined ? start.num_points : `${done} of ${start.num_points ?? "?"}`,
      scalar: start.scalariser?.kind,
      microscope: [start.microscope, start.instrument_driver].filter(Boolean).join(", "),
      "beam energy": start.beam_energy && `${short(start.beam_energy / 1000)} keV`,
      began: when(start.time),
      took: stop && `${(stop.time - start.time).toFixed(1)} s`,
      uid: start.uid,
    };
  }

  async function readRun(item, segments) {
    const [run, streams] = await Promise.all([
      askJson(address(item, "metadata", segments)),
      children(item, segments, "fields=metadata"),
    ]);
    const rank = (id) => (ORDER.includes(id) ? ORDER.indexOf(id) : ORDER.length);
    return { documents: run.data.attributes.metadata, streams: streams.sort((a, b) => rank(a.id) - rank(b.id)) };
  }

  function RunPage({ item, segments }) {
    const [live, setLive] = useState(!item.data.attributes.metadata.stop);
    const [points, setPoints] = useState(undefined);
    const state = useRead(() => readRun(item, segments), [segments.join("/")], live);
    useEffect(() => { if (state?.value?.documents.stop) setLive(false); }, [state]);
    if (!state?.value) return waiting(state);
    const { documents, streams } = state.value;
    const onTable = (table) => {
      if (table.scanner_x && table.scanner_y) setPoints({ x: table.scanner_x, y: table.scanner_y });
    };
    return h("div", null,
      h("dl", { style: { display: "grid", gridTemplateColumns: "max-content 1fr", gap: "2px 14px", margin: 0, fontSize: 14, fontFamily: "sans-serif" } },
        Object.entries(facts(documents)).filter(([, value]) => value !== undefined && value !== null && value !== "").map(([name, value]) => [
          h("dt", { key: name, style: { color: "#777" } }, name),
          h("dd", { key: `${name} is`, style: { margin: 0 } }, String(value)),
        ])),
      streams.map(({ id, attributes }) => h(Stream, {
        key: id, item, path: [...segments, id], start: documents.start, stream: attributes.metadata, live, points,
        brief: true, onTable: id === "primary" ? onTable : undefined,
      })));
  }

  // ---- all runs, the newest first

  const COLUMNS = {
    scan_id: "start.scan_id", time: "start.time", plan: "start.plan_name", sample: "start.sample",
    num_points: "start.num_points", num_events: "stop.num_events", status: "stop.exit_status",
    reason: "stop.reason",
  };

  async function readRuns(item, segments, words, offset) {
    const select = Object.entries(COLUMNS).map(([name, where]) => `${name}:${where}`).join(",");
    const filter = words ? `&filter[fulltext][condition][text]=${encodeURIComponent(words)}` : "";
    return askJson(address(item, "search", segments) + `/?fields=metadata&select_metadata={${select}}`
      + `&sort=-&page[offset]=${offset}&page[limit]=${RUNS_A_PAGE}${filter}`);
  }

  function RunsPage({ item, segments }) {
    const [words, setWords] = useState("");
    const [offset, setOffset] = useState(0);
    const state = useRead(() => readRuns(item, segments, words, offset), [segments.join("/"), words, offset], true);
    const count = state?.value?.meta.count ?? 0;
    const rows = (state?.value?.data ?? []).map(({ id, attributes }) => {
      const run = attributes.metadata.selected ?? attributes.metadata;
      return [
        h("a", { href: page([...segments, id]) }, run.scan_id ?? id.slice(0, 8)), when(run.time), run.plan,
        cell(run.sample), run.status ? `${measured(run.num_events) ?? 0} of ${run.num_points ?? "?"}` : cell(run.num_points),
        [run.status ?? "running", run.reason].filter(Boolean).join(": "), id.slice(0, 8),
      ];
    });
    const turn = (by, text, possible) => h("button", { disabled: !possible, onClick: () => setOffset(offset + by), style: { margin: 4 } }, text);
    return h("div", null,
      h("input", { placeholder: "words in the metadata: a sample, a plan, ...", "aria-label": "search runs", style: { width: 320, padding: 4, marginBottom: 8 },
        onKeyDown: (event) => { if (event.key === "Enter") { setOffset(0); setWords(event.target.value.trim()); } } }),
      !state?.value ? waiting(state) : h(Grid, { heads: ["scan", "began", "plan", "sample", "points", "status", "uid"], rows }),
      h("div", { style: { fontSize: 13, fontFamily: "sans-serif" } },
        turn(-RUNS_A_PAGE, "newer", offset > 0), turn(RUNS_A_PAGE, "older", offset + RUNS_A_PAGE < count),
        ` ${count} run${count === 1 ? "" : "s"}`));
  }

  window.__TILED_SPEC_VIEWS__ = Object.assign(window.__TILED_SPEC_VIEWS__ ?? {}, {
    CatalogOfBlueskyRuns: RunsPage,
    BlueskyRun: RunPage,
    BlueskyEventStream: StreamPage,
  });
})();
