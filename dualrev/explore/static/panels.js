// The panels beside the trace and the graph: the rule of a value, lines of source, costs.
// -- rule -------------------------------------------------------------------------------------------------------------

const FLAVOURS = {
  elementwise: "elementwise", linear: "linear: its own tangent; the adjoint is the transpose",
  bilinear: "bilinear: linear in each operand", general: "a rule for tangents and one for adjoints, written side by side",
  custom: "a rule of your own", constant: "locally constant",
};
function showRule(v, box) {
  const out = $("rule");
  out.replaceChildren();
  $("rule-where").textContent = "";
  if (!v) {
    out.append(el("p", {class: "words"}, "Step through the evaluation, or point at a value, to see its rule, its operands and its partial derivatives."));
    return;
  }
  const where = data.where[v.w];
  if (where) $("rule-where").textContent = `${where.file}, line ${where.line}, in ${where.fn}`;
  if (box && box.kind === "group") return showGroup(out, box, where);
  const rule = data.rules[v.r];
  out.append(el("p", {class: "title"}, v.n ? `${symbol(v)} = ${v.e}` : v.e));
  out.append(el("p", {class: "words"}, !v.n ? "Left out of this page to keep it small." : !rule ? `an input${v.s ? ", " + v.s : ""}`
    : `${rule.function || v.r}, ${FLAVOURS[rule.flavour] ?? rule.flavour}`));
  const list = el("dl");
  const line = (term, text, kind = "") => list.append(el("dt", {}, term), el("dd", kind ? {class: kind} : {}, text));
  if (rule?.formula) line("rule", rule.formula);
  const names = rule?.arguments ?? [];
  for (const [k, n] of v.p) {
    const parent = byNumber.get(n);
    if (!parent?.n) continue;
    const d = v.d?.[k], head = names[k] ? `${names[k]} = ${symbol(parent)}` : symbol(parent);
    const row = el("dd", {}, known(parent) ? short(parent.v) : "not yet known");
    if (d !== undefined && known(v)) row.append(" ", el("span", {class: "partial"}, `∂${symbol(v)}/∂${symbol(parent)} = ${v.s ? short(d) : full(d)}`));
    list.append(el("dt", {}, head), row);
  }
  line("value", known(v) ? full(v.v) : "not yet known", "value");
  const x = derivative(v), forward = state.mode === "forward";
  if (forward) {
    const terms = v.p.map(([k, n]) => {
      const parent = byNumber.get(n);
      const d = v.d?.[k];
      if (d === undefined) return dot(parent);
      return `${/[[…]/.test(short(d)) ? `∂${symbol(v)}/∂${symbol(parent)}` : short(d)} · ${dot(parent)}`;
    });
    if (x !== null) line("tangent", `${dot(v)} = ${v.d && terms.length ? terms.join(" + ") + " = " : ""}${full(x)}`, "tangent");
  } else {
    if (x !== null) line("adjoint", `${bar(v)} = ${full(x)}`, "adjoint");
    for (const [step, [n, added]] of track().pulls.entries()) if (n === v.n && N + 2 + step <= state.step) {
      for (const [m, part] of added) line("passes on", `${bar(byNumber.get(m))} += ${byNumber.get(m).s ? short(part) : full(part)}`, "adjoint");
    }
  }
  const figures = el("div", {class: "figures"});
  const add = (x, words) => { const map = x === null ? null : heat(x, true); if (map) figures.append(el("figure", {}, map, el("figcaption", {}, `${words}, up to ±${x.h[3]}`))); };
  if (known(v)) add(v.v, "value");
  add(x, forward ? "tangent" : "adjoint");
  if (figures.children.length) out.prepend(figures);
  if (rule?.kinks) line("at kinks", rule.kinks);
  out.append(list);
  if (drawing.opened.size && where && drawing.detail !== "none") {
    const button = el("button", {type: "button"}, `Close ${where.fn}`);
    button.addEventListener("click", () => drawing.close(v));
    out.append(button);
  }
}
function showGroup(out, box, where) {
  const lines = box.members.map(u => data.where[u.w].line), first = Math.min(...lines), last = Math.max(...lines);
  const done = box.members.filter(known).length;
  out.append(el("p", {class: "title"}, where.fn), el("p", {class: "words"},
    `${where.file}, line${first === last ? " " + first : `s ${first} to ${last}`}: ${plural(box.members.length, "operation")}, ${done} of them evaluated`));
  const counts = new Map();
  for (const u of box.members) counts.set(u.r, (counts.get(u.r) ?? 0) + 1);
  const list = el("dl");
  for (const [name, n] of [...counts].sort((a, b) => b[1] - a[1]).slice(0, 8)) list.append(el("dt", {}, `${n} ×`), el("dd", {}, `${name}   ${data.rules[name]?.formula ?? ""}`));
  const button = el("button", {type: "button"}, first === last ? "Open: show its operations" : "Open: show its lines");
  button.addEventListener("click", () => drawing.open(box.key));
  out.append(list, button);
}

// -- source and costs ---------------------------------------------------------------------------------------------------

const sourceRows = new Map();
function buildSource() {
  if (!data.source.length) {
    $("source-panel").remove();
    document.querySelector("main").classList.add("sourceless");
    return;
  }
  for (const block of data.source) {
    const pre = el("pre");
    block.lines.forEach((line, k) => {
      const row = el("span", {class: "row", "data-line": block.start + k}, line || " ");
      sourceRows.set(`${block.file}:${block.start + k}`, row);
      pre.append(row);
    });
    $("source").append(el("p", {class: "file"}, `${block.file}, ${block.fn}`), pre);
  }
}
function bytes(n) { return n < 10000 ? `${n} bytes` : n < 1e6 ? `${(n / 1e3).toFixed(1)} kB` : `${(n / 1e6).toFixed(1)} MB`; }
function seconds(t) {
  return t < 1e-3 ? `${(t * 1e6).toPrecision(3)} µs` : t < 1 ? `${(t * 1e3).toPrecision(3)} ms` : `${t.toPrecision(3)} s`;
}
function buildCosts() {
  const c = data.costs;
  if (!c) return;
  const n = c.inputs, m = c.outputs, timed = c.seconds_value !== null;
  const lines = [
    ["One pass gives", `J·t: the derivative${m === 1 ? " of the result" : `s of all ${m} results`} along one direction`, `ctᵀ·J: the derivative${n === 1 ? "" : "s"} of ${m === 1 ? "the result" : "one combination of results"} by ${n === 1 ? "the input" : `all ${n} inputs`}`],
    [m === 1 ? "Passes for the gradient" : "Passes for the Jacobian", `${n} (one per input), or one pass with ${plural(n, "lane")}`, `1 recording and ${plural(m, "sweep")} (one per result)`],
    ["Work of one pass", `${plural(c.operations, "operation")}, each with its tangent: ${c.edges} products with local derivatives`, `${plural(c.operations, "operation")} recorded; the sweep takes ${c.edges} products with local derivatives`],
    ["Held in memory", "a tangent beside every value that is still in use; nothing else", `${bytes(c.kept)} that the adjoint rules keep until the sweep, and about 100 to 200 bytes for each of ${plural(c.operations, "operation")}`],
  ];
  if (timed) {
    lines.push(["Measured, one pass", `${seconds(c.seconds_tangent)} for value and one tangent`, `${seconds(c.seconds_record)} to record, ${seconds(c.seconds_sweep)} to sweep`]);
    lines.push([m === 1 ? "Estimate, gradient" : "Estimate, Jacobian", `${seconds(n * c.seconds_tangent)}: ${n} × one pass, without lanes`, `${seconds(c.seconds_record + m * c.seconds_sweep)}: one recording and ${plural(m, "sweep")}`]);
  }
  const table = el("table", {}, el("thead", {}, el("tr", {}, el("th", {scope: "col"}, ""), el("th", {scope: "col", class: "forward"}, "Forward mode"), el("th", {scope: "col", class: "reverse"}, "Reverse mode"))));
  table.append(el("tbody", {}, ...lines.map(([head, forward, reverse]) => el("tr", {}, el("th", {scope: "row"}, head), el("td", {"data-mode": "forward"}, forward), el("td", {"data-mode": "reverse"}, reverse)))));
  $("costs").append(table);
  $("costs").append(el("p", {}, `${plural(n, "input")}, ${plural(m, "result")} (entries of arrays are counted one by one). ` + (timed
    ? `An evaluation without derivatives takes ${seconds(c.seconds_value)}. Times are the best of a few runs, measured when this page was made.`
    : "Times were not measured.")));
  for (const hint of data.hints) $("costs").append(el("p", {}, hint));
}

