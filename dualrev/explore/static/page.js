// The page: one state (mode, choice, step), shown in a table, a drawing, a rule, lines of source and a sentence.
const data = JSON.parse(document.getElementById("data").textContent);
const $ = id => document.getElementById(id);
const el = (name, attributes = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
};
const SUB = "₀₁₂₃₄₅₆₇₈₉";
const sub = n => [...String(n)].map(c => SUB[c]).join("");
const short = x => typeof x === "string" ? x : x.s;
const full = x => typeof x === "string" ? x : x.f ?? x.s;
const byNumber = new Map(data.values.map(v => [v.n, v]));
const symbol = v => v.n ? "v" + sub(v.n) : "…";
// A bar over the letter is an adjoint, a dot a tangent, as in Griewank & Walther.
const bar = v => v.n ? "v̄" + sub(v.n) : "…", dot = v => v.n ? "v̇" + sub(v.n) : "…";
const plural = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;

const state = {mode: data.sweeps.length ? "reverse" : "forward", choice: {forward: 0, reverse: 0}, step: 0};
let looked = null, chosen = null, playing = null;

// -- what is known at a step -------------------------------------------------------------------------------------------

const N = data.values.length;
const place = new Map(data.values.map((v, k) => [v.n, k]));
const tracks = {};
function track() {
  const key = state.mode + state.choice[state.mode];
  if (tracks[key]) return tracks[key];
  const made = {derivatives: new Map(), pulls: [], length: N, label: ""};
  if (state.mode === "forward") {
    const direction = data.directions[state.choice.forward];
    made.label = direction?.label ?? "";
    for (const [n, t] of direction?.tangents ?? []) made.derivatives.set(n, [[place.get(n) + 1, t]]);
  } else {
    const sweep = data.sweeps[state.choice.reverse];
    made.label = sweep.label;
    made.seeds = sweep.seeds;
    made.pulls = sweep.pulls;
    made.length = N + 1 + sweep.pulls.length;
    for (const [n, ct] of sweep.seeds) made.derivatives.set(n, [[N + 1, ct]]);
    sweep.pulls.forEach(([, added], k) => {
      for (const [n, , total] of added) {
        if (!made.derivatives.has(n)) made.derivatives.set(n, []);
        made.derivatives.get(n).push([N + 2 + k, total]);
      }
    });
  }
  return tracks[key] = made;
}
const known = v => place.get(v.n) < state.step;
function derivative(v) {
  const times = track().derivatives.get(v.n);
  let found = null, low = 0, high = times?.length ?? 0;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle][0] <= state.step) { found = times[middle][1]; low = middle + 1; } else high = middle;
  }
  // What no cotangent reaches has an adjoint of zero; this is known when the sweep has ended.
  if (found === null && v.n) {
    if (state.mode === "reverse" && state.step === track().length && N < state.step) return "0";
    if (state.mode === "forward" && known(v)) return "0";
  }
  return found;
}
// The values that a step is about, and in the reverse sweep those that receive something.
function current() {
  const {step} = state, t = track();
  if (step === 0) return {values: [], fed: []};
  if (step <= N) return {values: [data.values[step - 1]], fed: []};
  if (step === N + 1) return {values: t.seeds.map(([n]) => byNumber.get(n)), fed: []};
  const [n, added] = t.pulls[step - N - 2];
  return {values: [byNumber.get(n)], fed: added.map(([m]) => byNumber.get(m)), added};
}

// The longest text that a box of this value will have to show, in any mode.
const widths = new Map(data.values.map(v => [v.n, short(v.v).length]));
const widen = (n, x) => widths.set(n, Math.max(widths.get(n) ?? 0, short(x).length));
for (const sweep of data.sweeps) for (const [, added] of sweep.pulls) for (const [n, , total] of added) widen(n, total);
for (const direction of data.directions) for (const [n, t] of direction.tangents) widen(n, t);
const widest = v => widths.get(v.n);

function sentence() {
  const {step} = state, t = track(), {values, added} = current();
  const of = `Step ${step} of ${t.length}`;
  if (step === 0) return `${of}. Press → to evaluate ${data.title}, value by value.`;
  const [v] = values;
  if (step <= N) {
    const what = v.n ? `${symbol(v)} = ${v.r ? v.e + " = " : v.e + " = "}${short(v.v)}` : v.e;
    if (state.mode === "forward") return `${of}, forward mode: ${what}, with tangent ${dot(v)} = ${short(derivative(v) ?? "0")}.`;
    return `${of}, evaluation: ${what}.`;
  }
  if (step === N + 1) return `${of}, the reverse sweep begins: ${t.seeds.map(([n, ct]) => `${bar(byNumber.get(n))} = ${short(ct)}`).join(", ")}.`;
  const parts = added.map(([m, part, total]) => {
    const to = byNumber.get(m);
    return `${bar(to)} += ${short(part)}` + (short(part) === short(total) ? "" : `, now ${short(total)}`);
  });
  return `${of}, reverse sweep through ${symbol(v)}: ${parts.join("; ") || "nothing to pass on"}.`;
}

// -- table ------------------------------------------------------------------------------------------------------------

const rows = new Map();
function buildTable() {
  const body = $("rows");
  if (data.values.every(v => !v.s)) document.querySelector(".trace table").classList.add("scalars");
  // Where there are many rows, columns that fit their cells would be measured anew at every step.
  if (N > 300) document.querySelector(".trace table").classList.add("fixed");
  for (const v of data.values) {
    const where = data.where[v.w];
    const row = el("tr", {tabindex: -1, "data-n": v.n});
    const operation = el("td", {class: "operation"}, v.e);
    if (!v.r && v.n) operation.append(el("span", {class: "tag input"}, "input"));
    if (v.o) operation.append(el("span", {class: "tag"}, "result " + v.o));
    const cells = {
      row,
      value: el("td", {class: "n value"}),
      derivative: el("td", {class: "n derivative"}),
      was: {},
    };
    row.append(el("th", {scope: "row"}, symbol(v)), operation, cells.value, cells.derivative,
      el("td", {class: "shape"}, v.s), el("td", {class: "line", title: where ? `${where.file}, in ${where.fn}: ${where.text}` : ""}, where ? where.line : ""));
    rows.set(v.n, cells);
    body.append(row);
  }
  const rowOf = event => byNumber.get(Number(event.target.closest?.("tr")?.dataset.n ?? NaN));
  body.addEventListener("pointerover", event => { const v = rowOf(event); if (v) look(v); });
  body.addEventListener("pointerleave", () => look(null));
  body.addEventListener("click", event => rowOf(event) && rows.get(rowOf(event).n).row.focus({preventScroll: true}));
  body.addEventListener("focusin", event => { const v = rowOf(event); if (v) { stop(v); choose(v); } });
  body.addEventListener("keydown", event => {
    const v = rowOf(event);
    if (!v || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
    event.preventDefault();
    const next = data.values[place.get(v.n) + (event.key === "ArrowDown" ? 1 : -1)];
    if (next) rows.get(next.n).row.focus();
  });
  stop(data.values[0]);
}
let stopped = null;
function stop(v) {
  if (stopped) rows.get(stopped.n).row.setAttribute("tabindex", -1);
  stopped = v;
  rows.get(v.n).row.setAttribute("tabindex", 0);
}
function put(cell, x) {
  cell.replaceChildren();
  if (x === null) return;
  const map = heat(x);
  cell.title = full(x).length < 400 ? full(x) : "";
  if (map) cell.append(map);
  cell.append(short(x));
}
function heat(x, big = false) {
  if (typeof x === "string" || !x.h) return null;
  const [r, c, letters, largest] = x.h;
  const canvas = el("canvas", {class: "heat" + (big ? " big" : ""), width: c, height: r, role: "img",
    "aria-label": `heat map, ${r} by ${c} cells, largest absolute value ${largest}`});
  const ink = canvas.getContext("2d"), shades = "abcdefghijklm0ABCDEFGHIJKLM", half = 13;
  [...letters].forEach((letter, k) => {
    const s = (shades.indexOf(letter) - half) / half;
    ink.fillStyle = letter === "!" ? "#d01c8b" : s < 0 ? `rgba(46, 125, 214, ${-s})` : `rgba(226, 106, 26, ${s})`;
    ink.fillRect(k % c, Math.floor(k / c), 1, 1);
  });
  return canvas;
}

// -- everything ---------------------------------------------------------------------------------------------------------

function render() {
  const {step, mode} = state, t = track(), sweeping = mode === "reverse" && step > N;
  document.body.classList.toggle("sweeping", sweeping);
  document.body.classList.toggle("forward", mode === "forward");
  $("derivative-head").textContent = $("legend").textContent = mode === "forward" ? "tangent" : "adjoint";
  const {values: now, fed, added} = current();
  const nowSet = new Set(now), fedSet = new Set(fed);
  const eye = looked ?? chosen;
  for (const v of data.values) {
    const cells = rows.get(v.n), was = cells.was, value = known(v) ? v.v : null, x = derivative(v);
    if (was.value !== value) put(cells.value, was.value = value);
    if (was.x !== x) put(cells.derivative, was.x = x);
    const name = (value === null ? "later" : "") + (nowSet.has(v) ? " now" : "") + (fedSet.has(v) ? " fed" : "") + (eye?.v === v ? " chosen" : "");
    if (was.name !== name) cells.row.className = was.name = name;
  }
  for (const box of drawing.boxes.values()) paint(box, nowSet, eye);
  const lit = new Set(now.map(v => drawing.owner.get(v.n))), eyeKey = eye ? drawing.owner.get(eye.v.n) : null;
  for (const edge of drawing.edges) {
    const live = lit.has(edge.to) && step > 0 && (sweeping ? step > N + 1 && added?.some(([m]) => drawing.owner.get(m) === edge.from) : true);
    const seen = edge.to === eyeKey;
    if (!live && !seen && edge.dull && edge.at === null) continue;
    edge.dull = !live && !seen;
    const name = ["edge", edge.kind, live && (sweeping ? "reverse" : "forward"), seen && "lit"].filter(Boolean).join(" ");
    if (edge.name === name && edge.at === eyeKey) continue;
    edge.name = name;
    edge.at = eyeKey;
    edge.group.setAttribute("class", name);
    edge.label.setAttribute("class", name);
    edge.line.removeAttribute(live && sweeping ? "marker-end" : "marker-start");
    edge.line.setAttribute(live && sweeping ? "marker-start" : "marker-end", `url(#tip${live ? sweeping ? "-reverse" : "-forward" : ""})`);
    edge.text.textContent = live || seen ? partial(edge) : "";
  }
  for (const row of document.querySelectorAll("#source .now")) row.classList.remove("now");
  for (const v of now) {
    const where = data.where[v.w], row = where && sourceRows.get(`${where.file}:${where.line}`);
    if (row) { row.classList.add("now"); reveal(row, $("source")); }
  }
  const shown = eye ?? (now.length ? {v: now[0]} : null);
  showRule(shown?.v ?? null, shown?.box);
  $("slider").max = t.length;
  $("slider").value = step;
  const words = sentence();
  $("slider").setAttribute("aria-valuetext", words);
  if ($("status").textContent !== words) $("status").textContent = words;
  $("first").disabled = $("back").disabled = step === 0;
  $("last").disabled = $("on").disabled = step === t.length;
}
function paint(box, nowSet, eye) {
  const members = box.members, isNow = members.some(v => nowSet.has(v)), done = members.filter(known).length;
  const x = box.kind === "value" ? derivative(members[0]) : null;
  const name = [box.kindClass, done === 0 && "later", isNow && "now", eye && members.includes(eye.v) && "chosen"].filter(Boolean).join(" ");
  if (box.name === name && box.count === done && box.x === x && box.mode === state.mode) return;
  if (box.name !== name) box.group.setAttribute("class", name);
  Object.assign(box, {name, count: done, x, mode: state.mode});
  if (box.kind === "value") {
    const [v] = members;
    box.text[1].textContent = done ? clip(short(v.v), 34) : "";
    box.text[2].textContent = x === null || !v.n ? "" : clip(short(x), 34);
    const words = `${symbol(v)} = ${v.e}` + (done ? `, value ${short(v.v)}` : ", not yet evaluated") + (x === null ? "" : `, ${state.mode === "forward" ? "tangent" : "adjoint"} ${short(x)}`);
    box.group.setAttribute("aria-label", words);
  } else {
    box.done.setAttribute("width", (box.at.w - 20) * done / members.length);
    box.group.setAttribute("aria-label", `${box.lines[0]}: ${plural(members.length, "operation")}, ${done} evaluated. Enter opens it.`);
  }
}
// The local partial derivative of an edge between two values, once it is known.
function partial(edge) {
  const to = drawing.boxes.get(edge.to), from = drawing.boxes.get(edge.from);
  if (to.kind !== "value" || from.kind !== "value" || !known(to.members[0])) return "";
  const [v] = to.members, [u] = from.members;
  return v.p.filter(([k, n]) => n === u.n && v.d?.[k] !== undefined).map(([k]) => clip(short(v.d[k]), 22)).join(" + ");
}
function reveal(row, scroller) {
  const r = row.getBoundingClientRect(), s = scroller.getBoundingClientRect();
  const top = r.top - s.top, head = 34;
  if (top < head) scroller.scrollTop += top - head;
  else if (r.bottom > s.bottom) scroller.scrollTop += r.bottom - s.bottom + 4;
}
function look(v, box) { looked = v ? {v, box} : null; render(); }
function choose(v, box) { chosen = v ? {v, box} : null; render(); }
function say(words) { $("status").textContent = words; }

function go(step) {
  state.step = Math.max(0, Math.min(track().length, step));
  chosen = looked = null;
  render();
  const {values} = current();
  if (values.length) {
    reveal(rows.get(values[0].n).row, $("trace"));
    drawing.show(drawing.owner.get(values[0].n));
    // Tab goes on from where the evaluation is.
    stop(values[0]);
    drawing.stopAt(drawing.owner.get(values[0].n));
  }
}
function play(on) {
  clearInterval(playing);
  playing = null;
  if (on) {
    if (state.step === track().length) go(0);
    const pace = Math.max(60, Math.min(900, 24000 / track().length));
    playing = setInterval(() => { go(state.step + 1); if (state.step === track().length) play(false); }, pace);
  }
  $("play").textContent = on ? "Pause" : "Play";
  $("play").setAttribute("aria-label", on ? "Pause" : "Play");
}
function fill() {
  const forward = state.mode === "forward", list = forward ? data.directions : data.sweeps;
  $("pick-word").textContent = forward ? "Direction" : "Derivative of";
  $("pick").replaceChildren(...list.map((entry, k) => el("option", {value: k}, entry.label)));
  $("pick").value = state.choice[state.mode];
  $("phases").replaceChildren(...(forward ? [["forward", N]] : [["value", N], ["reverse", track().length - N]]).map(([name, n]) => {
    const part = el("i", {class: name});
    part.style.flexGrow = n;
    return part;
  }));
  for (const cell of document.querySelectorAll("#costs [data-mode]")) cell.classList.toggle("on", cell.dataset.mode === state.mode);
}
function theme(name) {
  document.documentElement.dataset.theme = name;
  $("theme").textContent = name === "dark" ? "Light" : "Dark";
  $("theme").setAttribute("aria-label", name === "dark" ? "Light colours" : "Dark colours");
}

const drawing = new Drawing({values: data.values, where: data.where, symbol, short, widest, look, choose, render, say});
const dark = matchMedia("(prefers-color-scheme: dark)");
let byHand = false;
theme(dark.matches ? "dark" : "light");
dark.addEventListener("change", () => { if (!byHand) theme(dark.matches ? "dark" : "light"); });
$("theme").addEventListener("click", () => { byHand = true; theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"); });
$("summary").textContent = [plural(data.values.filter(v => !v.r && v.n).length, "input"), plural(data.costs?.operations ?? data.values.filter(v => v.r).length, "operation"),
  plural(data.values.filter(v => v.o).length, "result")].join(", ");
for (const note of data.notes) $("notes").append(el("p", {}, note));
buildTable();
buildSource();
buildCosts();
drawing.finest();
$("detail").value = drawing.detail;
$("detail-pick").hidden = !data.where.length;
if (!data.directions.length) document.querySelector('input[value="forward"]').disabled = true;
fill();
drawing.build();
drawing.stopAt(null);
render();
new ResizeObserver(() => { drawing.fit(); const {values} = current(); if (values.length) drawing.show(drawing.owner.get(values[0].n)); }).observe($("graph"));

$("detail").addEventListener("change", () => {
  const level = $("detail").value, before = drawing.detail;
  drawing.opened.clear();
  drawing.detail = level;
  if (new Set(data.values.map(v => drawing.keyOf(v))).size > 1500) {
    drawing.detail = before;
    $("detail").value = before;
    return say("These are too many boxes to draw; open the ones that matter.");
  }
  drawing.build();
  drawing.stopAt(null);
  render();
});
for (const radio of document.querySelectorAll('input[name="mode"]')) radio.addEventListener("change", () => {
  play(false);
  state.mode = radio.value;
  fill();
  go(Math.min(state.step, track().length));
});
$("pick").addEventListener("change", () => { state.choice[state.mode] = Number($("pick").value); fill(); go(state.step); });
$("slider").addEventListener("input", () => { play(false); go(Number($("slider").value)); });
for (const [id, act] of [["first", () => go(0)], ["back", () => go(state.step - 1)], ["on", () => go(state.step + 1)], ["last", () => go(track().length)]]) {
  $(id).addEventListener("click", () => { play(false); act(); });
}
$("play").addEventListener("click", () => play(playing === null));
document.addEventListener("keydown", event => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("select")) return;
  const control = event.target.closest("input, button");
  const acts = {
    ArrowRight: () => go(state.step + 1), ArrowLeft: () => go(state.step - 1), Home: () => go(0), End: () => go(track().length),
    "+": () => drawing.zoom(1.25), "=": () => drawing.zoom(1.25), "-": () => drawing.zoom(0.8), "−": () => drawing.zoom(0.8), 0: () => drawing.fit(true),
  };
  // The radio buttons and the slider have arrows of their own.
  if (event.target.closest('input[type="radio"], input[type="range"]') && /^(Arrow|Home|End)/.test(event.key)) return;
  if (event.key === " " && !control) { event.preventDefault(); play(playing === null); }
  else if (acts[event.key]) {
    event.preventDefault();
    if (!["+", "=", "-", "−", "0"].includes(event.key)) play(false);
    acts[event.key]();
  }
});
