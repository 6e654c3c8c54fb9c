// The drawn graph: boxes for values, or for all values that one line or one function made; pan, zoom, focus.
const SVG = "http://www.w3.org/2000/svg";
const svg = (name, attributes = {}, ...children) => {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
};
const clip = (text, most) => text.length > most ? text.slice(0, most - 1) + "…" : text;

class Drawing {
  // `page` answers what the drawing asks: values, lines, short texts, and what to do when a box is chosen or opened.
  constructor(page) {
    this.page = page;
    this.svg = document.getElementById("graph");
    this.scene = document.getElementById("scene");
    this.view = {x: 0, y: 0, k: 1};
    this.opened = new Map();
    this.boxes = new Map();
    this.detail = "none";
    this.listen();
  }

  // A box's key: the value itself, the line, or the function; what the reader has opened is drawn more finely.
  keyOf(v) {
    const where = this.page.where[v.w];
    if (!where || v.n === 0) return "v" + v.n;
    const whole = `f ${where.file} ${where.fn}`, line = `l ${where.file} ${where.fn} ${where.line}`;
    const level = this.opened.get(line) ?? this.opened.get(whole) ?? this.detail;
    return level === "function" ? whole : level === "line" ? line : "v" + v.n;
  }

  finest() {
    for (const level of ["none", "line", "function"]) {
      this.detail = level;
      if (new Set(this.page.values.map(v => this.keyOf(v))).size <= 60) return level;
    }
    return "function";
  }

  build() {
    const page = this.page;
    this.boxes = new Map();
    this.owner = new Map();
    for (const v of page.values) {
      const key = this.keyOf(v);
      if (!this.boxes.has(key)) this.boxes.set(key, {key, members: [], kind: key[0] === "v" ? "value" : "group"});
      this.boxes.get(key).members.push(v);
      this.owner.set(v.n, key);
    }
    const seen = new Set(), edges = [];
    for (const v of page.values) for (const [, parent] of v.p) {
      const a = this.owner.get(parent), b = this.owner.get(v.n), pair = a + " → " + b;
      if (a === undefined || a === b || seen.has(pair)) continue;
      seen.add(pair);
      edges.push([a, b]);
    }
    const items = [...this.boxes.values()].map(box => {
      box.lines = this.words(box);
      const longest = Math.max(...box.lines.map(line => line.length), box.kind === "value" ? page.widest(box.members[0]) : 0);
      return {id: box.key, w: Math.max(92, Math.min(longest, 34) * 7.3 + 22), h: box.kind === "group" ? 76 : 60};
    });
    const drawn = layered(items, edges);
    this.extent = drawn.box;
    this.edges = [];
    const under = svg("g"), over = svg("g"), labels = svg("g");
    for (const path of drawn.paths) {
      const line = svg("path", {d: path.d, "marker-end": "url(#tip)"});
      const text = svg("text", {x: path.x + 7, y: path.y + 4});
      const kind = path.back ? "back" : path.far ? "far" : "";
      const group = svg("g", {class: `edge ${kind}`}, line);
      const label = svg("g", {class: "edge"}, text);
      under.append(group);
      labels.append(label);
      this.edges.push({from: path.from, to: path.to, group, label, line, text, kind});
    }
    for (const box of this.boxes.values()) over.append(this.draw(box, drawn.at.get(box.key)));
    this.scene.replaceChildren(under, over, labels);
    this.stop = null;
    this.fit();
  }

  words(box) {
    const [first] = box.members, where = this.page.where[first.w];
    if (box.kind === "value") {
      const head = first.n ? this.page.symbol(first) + (first.e ? " = " + first.e : "") : first.e;
      return [clip(head, 34), clip(this.page.short(first.v), 34), ""];
    }
    const head = box.key[0] === "l" ? `${where.fn}, line ${where.line}` : where.fn;
    const n = box.members.length;
    const counts = new Map();
    for (const v of box.members) counts.set(v.r, (counts.get(v.r) ?? 0) + 1);
    const kinds = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 3).map(([name, c]) => c > 1 ? `${name} ${c}×` : name);
    const second = box.key[0] === "l" ? where.text : kinds.join(", ");
    return [clip(head, 34), clip(second, 34), `${n} operation${n > 1 ? "s" : ""}`];
  }

  draw(box, at) {
    const [first] = box.members;
    const output = box.members.find(v => v.o);
    const kind = box.kind === "group" ? "group" : first.r || !first.n ? "operation" : "input";
    const {x, y, w, h} = at;
    box.at = at;
    box.kindClass = `node ${kind}${output ? " output" : ""}`;
    box.group = svg("g", {class: box.kindClass, tabindex: -1, role: "button", "data-key": box.key, transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`},
      svg("rect", {class: "box", x: -w / 2, y: -h / 2, width: w, height: h, rx: 9}));
    box.text = box.lines.map((line, k) => {
      const text = svg("text", {class: ["head", "value", "derivative"][k], y: -h / 2 + 18 + k * 17});
      text.textContent = line;
      box.group.append(text);
      return text;
    });
    if (box.kind === "group") {
      box.text[2].setAttribute("class", "value");
      box.done = svg("rect", {class: "bar-done", x: -w / 2 + 10, y: h / 2 - 12, width: 0, height: 4, rx: 2});
      box.group.append(svg("rect", {class: "bar-ground", x: -w / 2 + 10, y: h / 2 - 12, width: w - 20, height: 4, rx: 2}), box.done);
    }
    return box.group;
  }

  // Opens a box: a function into its lines (into its values, if it has only one line), a line into its values.
  open(key) {
    const box = this.boxes.get(key);
    if (!box || box.kind !== "group") return;
    const lines = new Set(box.members.map(v => v.w));
    const level = key[0] === "f" && lines.size > 1 ? "line" : "none";
    const count = this.boxes.size + (level === "line" ? lines.size : box.members.length);
    if (count > 1500) return this.page.say(`${box.members.length} boxes are too many to draw; the trace lists them.`);
    this.opened.set(key, level);
    const [first] = box.members;
    this.build();
    this.page.render();
    this.focus(this.owner.get(first.n));
  }

  close(v) {
    const where = this.page.where[v.w];
    if (!where) return;
    const whole = `f ${where.file} ${where.fn}`, line = `l ${where.file} ${where.fn} ${where.line}`;
    if (this.keyOf(v)[0] === "v" && new Set(this.page.values.filter(u => this.page.where[u.w]?.fn === where.fn).map(u => u.w)).size > 1) {
      this.opened.set(line, "line");
    } else {
      this.opened.set(whole, "function");
      for (const key of [...this.opened.keys()]) if (key.startsWith(`l ${where.file} ${where.fn} `)) this.opened.delete(key);
    }
    this.build();
    this.page.render();
    this.focus(this.owner.get(v.n));
  }

  // -- the view ----------------------------------------------------------------------------------------------------

  size() {
    const r = this.svg.getBoundingClientRect();
    return {w: r.width || 600, h: r.height || 400};
  }

  fit(whole = false) {
    const {w, h} = this.size(), e = this.extent, pad = 16;
    const wide = e.right - e.left + 2 * pad, high = e.bottom - e.top + 2 * pad;
    const all = Math.min(w / wide, h / high, 1.2);
    // At first, what would be too small to read is shown from its top instead.
    const k = whole ? Math.max(all, 0.08) : Math.max(all, Math.min(w / wide, 0.64), 0.28);
    this.set(w / 2 - k * (e.left + e.right) / 2, high * k <= h ? h / 2 - k * (e.top + e.bottom) / 2 : pad - k * e.top, k);
  }

  set(x, y, k) {
    this.view = {x, y, k};
    this.scene.setAttribute("transform", `translate(${x.toFixed(2)} ${y.toFixed(2)}) scale(${k.toFixed(4)})`);
  }

  zoom(factor, cx, cy) {
    const {w, h} = this.size(), {x, y, k} = this.view;
    cx ??= w / 2; cy ??= h / 2;
    const to = Math.min(3, Math.max(0.08, k * factor));
    this.set(cx - (cx - x) * to / k, cy - (cy - y) * to / k, to);
  }

  show(key) {
    const box = this.boxes.get(key);
    if (!box) return;
    const {w, h} = this.size(), {x, y, k} = this.view, {at} = box, edge = 12;
    const left = x + k * (at.x - at.w / 2), right = x + k * (at.x + at.w / 2);
    const top = y + k * (at.y - at.h / 2), bottom = y + k * (at.y + at.h / 2);
    let dx = 0, dy = 0;
    if (left < edge || right > w - edge) dx = w / 2 - (left + right) / 2;
    if (top < edge || bottom > h - edge) dy = h / 2 - (top + bottom) / 2;
    if (!dx && !dy) return;
    // No empty ground is shown on one side while there are boxes beyond the other.
    const e = this.extent, pad = 16;
    const keep = (to, room, low, high) => k * (high - low) + 2 * pad <= room ? to : Math.min(pad - k * low, Math.max(room - pad - k * high, to));
    this.set(dx ? keep(x + dx, w, e.left, e.right) : x, dy ? keep(y + dy, h, e.top, e.bottom) : y, k);
  }

  focus(key) {
    const box = this.boxes.get(key);
    if (!box) return;
    this.show(key);
    box.group.focus({preventScroll: true});
  }

  listen() {
    const at = event => { const r = this.svg.getBoundingClientRect(); return [event.clientX - r.left, event.clientY - r.top]; };
    const held = new Map();
    let moved = 0;
    this.svg.addEventListener("pointerdown", event => {
      held.set(event.pointerId, at(event));
      moved = 0;
    });
    this.svg.addEventListener("pointermove", event => {
      const before = held.get(event.pointerId);
      if (!before) return;
      const now = at(event), {x, y, k} = this.view;
      moved += Math.abs(now[0] - before[0]) + Math.abs(now[1] - before[1]);
      if (moved > 4 && !this.svg.hasPointerCapture(event.pointerId)) this.svg.setPointerCapture(event.pointerId);
      this.svg.classList.toggle("held", moved > 4);
      if (held.size === 1) this.set(x + now[0] - before[0], y + now[1] - before[1], k);
      else {
        const other = [...held].find(([id]) => id !== event.pointerId)[1];
        const far = p => Math.hypot(p[0] - other[0], p[1] - other[1]) || 1;
        this.zoom(far(now) / far(before), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
      }
      held.set(event.pointerId, now);
    });
    for (const end of ["pointerup", "pointercancel", "pointerleave"]) this.svg.addEventListener(end, event => {
      held.delete(event.pointerId);
      this.svg.classList.remove("held");
    });
    // Without a key the wheel scrolls the page, as everywhere.
    this.svg.addEventListener("wheel", event => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY / 300), ...at(event));
    }, {passive: false});
    const boxAt = event => this.boxes.get(event.target.closest?.(".node")?.dataset.key);
    this.svg.addEventListener("pointerover", event => { const box = boxAt(event); if (box) this.page.look(box.members[0], box); });
    this.svg.addEventListener("pointerout", event => { if (boxAt(event)) this.page.look(null); });
    this.svg.addEventListener("focusin", event => { const box = boxAt(event); if (box) { this.stopAt(box.key); this.show(box.key); this.page.choose(box.members[0], box); } });
    this.svg.addEventListener("click", event => { const box = boxAt(event); if (box && moved <= 4) this.focus(box.key); });
    this.svg.addEventListener("dblclick", event => { const box = boxAt(event); if (box) this.open(box.key); });
    this.svg.addEventListener("keydown", event => {
      const keys = [...this.boxes.keys()], k = keys.indexOf(event.target.dataset?.key);
      if (k < 0) return;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        this.focus(keys[Math.max(0, Math.min(keys.length - 1, k + (event.key === "ArrowDown" ? 1 : -1)))]);
      } else if (event.key === "Enter") {
        event.preventDefault();
        this.open(keys[k]);
      }
    });
    for (const [id, act] of [["smaller", () => this.zoom(0.8)], ["larger", () => this.zoom(1.25)], ["fit", () => this.fit(true)]]) {
      document.getElementById(id).addEventListener("click", act);
    }
  }

  // One box is in the tab order; arrows go on from there.
  stopAt(key) {
    const old = this.boxes.get(this.stop);
    if (old) old.group.setAttribute("tabindex", -1);
    const box = this.boxes.get(key) ?? this.boxes.values().next().value;
    this.stop = box.key;
    box.group.setAttribute("tabindex", 0);
  }
}
