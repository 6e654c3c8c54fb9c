// A layered drawing (Sugiyama, Tagawa & Toda 1981): layers by longest path, order in a layer by barycentres,
// places by least squares. `items` are {id, w, h} in the order of evaluation, `edges` pairs of ids.
function layered(items, edges) {
  const GAP = 22, RISE = items.length < 8 ? 56 : 40, MOST = 4000;
  const order = new Map(items.map((item, k) => [item.id, k]));
  const nodes = items.map(item => ({...item, rank: 0, up: [], down: []}));
  const ahead = edges.filter(([a, b]) => order.get(a) < order.get(b));
  for (const [a, b] of ahead) {
    nodes[order.get(b)].up.push(order.get(a));
    nodes[order.get(a)].down.push(order.get(b));
  }
  for (const v of nodes) for (const u of v.up) v.rank = Math.max(v.rank, nodes[u].rank + 1);
  // What is read at least as often as it reads moves down to just above its first reader; or everything does, if the
  // edges are shorter together then, or the widest layer is half as wide (it is where a loop adds to a sum).
  const lower = all => {
    const ranks = nodes.map(v => v.rank);
    for (let k = nodes.length - 1; k >= 0; k--) {
      const {up, down} = nodes[k];
      if (down.length && (all || up.length <= down.length)) ranks[k] = Math.min(...down.map(d => ranks[d])) - 1;
    }
    return ranks;
  };
  const length = ranks => nodes.reduce((sum, v, k) => sum + v.up.reduce((part, u) => part + ranks[k] - ranks[u], 0), 0);
  const widest = ranks => {
    const counts = new Map();
    for (const r of ranks) counts.set(r, (counts.get(r) ?? 0) + 1);
    return Math.max(...counts.values());
  };
  const some = lower(false), every = lower(true);
  const ranks = length(every) < length(some) || 2 * widest(every) <= widest(some) ? every : some;
  const top = Math.min(...ranks);
  nodes.forEach((v, k) => { v.rank = ranks[k] - top; });
  // Edges over several layers get a place in each, as long as there are not too many of them.
  const spans = ahead.map(([a, b]) => nodes[order.get(b)].rank - nodes[order.get(a)].rank - 1);
  const routed = spans.reduce((sum, s) => sum + s, 0) <= MOST;
  const chains = new Map();
  for (const v of nodes) { v.up = []; v.down = []; }
  ahead.forEach(([a, b], k) => {
    const chain = [order.get(a)];
    if (routed) for (let s = 1; s <= spans[k]; s++) {
      nodes.push({id: null, w: 10, h: 0, rank: nodes[chain[0]].rank + s, up: [], down: []});
      chain.push(nodes.length - 1);
    }
    chain.push(order.get(b));
    for (let s = 1; s < chain.length; s++) {
      nodes[chain[s - 1]].down.push(chain[s]);
      nodes[chain[s]].up.push(chain[s - 1]);
    }
    chains.set(a + " " + b, chain);
  });
  const layers = [];
  nodes.forEach((v, k) => (layers[v.rank] ??= []).push(k));
  for (let r = 0; r < layers.length; r++) layers[r] ??= [];
  const place = () => layers.forEach(layer => layer.forEach((k, i) => { nodes[k].i = i; }));
  place();
  let best = layers.map(layer => [...layer]), fewest = crossings(layers, nodes);
  for (let pass = 0; pass < 16 && fewest > 0; pass++) {
    const down = pass % 2 === 0;
    const sequence = down ? layers : [...layers].reverse();
    for (const layer of sequence) {
      for (const k of layer) {
        const near = down ? nodes[k].up : nodes[k].down;
        nodes[k].b = near.length ? near.reduce((sum, j) => sum + nodes[j].i, 0) / near.length : nodes[k].i;
      }
      layer.sort((a, b) => nodes[a].b - nodes[b].b || nodes[a].i - nodes[b].i);
      layer.forEach((k, i) => { nodes[k].i = i; });
    }
    const now = crossings(layers, nodes);
    if (now < fewest) { fewest = now; best = layers.map(layer => [...layer]); }
  }
  best.forEach((layer, r) => { layers[r] = layer; });
  place();
  let y = 0;
  for (const layer of layers) {
    const high = Math.max(...layer.map(k => nodes[k].h), 0);
    let x = 0;
    for (const k of layer) { nodes[k].x = x + nodes[k].w / 2; nodes[k].y = y + high / 2; x += nodes[k].w + GAP; }
    for (const k of layer) nodes[k].x -= (x - GAP) / 2;
    y += high + RISE;
  }
  for (let pass = 0; pass < 14; pass++) {
    const down = pass % 2 === 0;
    for (const layer of down ? layers : [...layers].reverse()) spread(layer, nodes, down, GAP);
  }
  const at = new Map(nodes.slice(0, items.length).map(v => [v.id, {x: v.x, y: v.y, w: v.w, h: v.h}]));
  const paths = edges.map(([a, b]) => {
    const chain = chains.get(a + " " + b);
    return chain ? {from: a, to: b, far: !routed && nodes[chain[1]].rank - nodes[chain[0]].rank > 4, ...curve(chain.map(k => nodes[k]))} : {from: a, to: b, ...loop(at.get(a), at.get(b))};
  });
  const all = [...at.values()];
  const box = {
    left: Math.min(...nodes.map(v => v.x - v.w / 2)), right: Math.max(...nodes.map(v => v.x + v.w / 2), ...paths.map(p => p.back ? p.x + 12 : -Infinity)),
    top: Math.min(...all.map(v => v.y - v.h / 2)), bottom: Math.max(...all.map(v => v.y + v.h / 2)),
  };
  return {at, paths, box};
}

function crossings(layers, nodes) {
  let total = 0;
  for (const layer of layers) {
    const ends = [];
    for (const k of layer) for (const j of nodes[k].down) ends.push([nodes[k].i, nodes[j].i]);
    if (ends.length > 400) return Infinity;
    for (let a = 0; a < ends.length; a++) for (let b = a + 1; b < ends.length; b++) {
      if ((ends[a][0] - ends[b][0]) * (ends[a][1] - ends[b][1]) < 0) total++;
    }
  }
  return total;
}

// Moves a layer as near to its neighbours as the order and the gaps allow: isotonic least squares by pooling of
// adjacent violators. Places of long edges weigh more, so that these are straight.
function spread(layer, nodes, down, gap) {
  const pools = [];
  let offset = 0;
  layer.forEach((k, i) => {
    const v = nodes[k];
    if (i) offset += nodes[layer[i - 1]].w / 2 + gap + v.w / 2;
    const near = down ? v.up : v.down, other = down ? v.down : v.up;
    const wish = near.length ? near.reduce((sum, j) => sum + nodes[j].x, 0) / near.length
      : other.length ? other.reduce((sum, j) => sum + nodes[j].x, 0) / other.length : v.x;
    pools.push({sum: (wish - offset) * (v.id === null ? 4 : 1), weight: v.id === null ? 4 : 1, members: [[v, offset]]});
    while (pools.length > 1) {
      const b = pools.at(-1), a = pools.at(-2);
      if (a.sum / a.weight <= b.sum / b.weight) break;
      a.sum += b.sum; a.weight += b.weight; a.members.push(...b.members); pools.pop();
    }
  });
  for (const pool of pools) for (const [v, shift] of pool.members) v.x = pool.sum / pool.weight + shift;
}

function curve(chain) {
  const first = chain[0], last = chain.at(-1);
  const points = [[first.x, first.y + first.h / 2], ...chain.slice(1, -1).map(v => [v.x, v.y]), [last.x, last.y - last.h / 2]];
  let d = `M${points[0][0].toFixed(1)} ${points[0][1].toFixed(1)}`;
  for (let k = 1; k < points.length; k++) {
    const [x0, y0] = points[k - 1], [x1, y1] = points[k], half = (y1 - y0) / 2;
    d += ` C${x0.toFixed(1)} ${(y0 + half).toFixed(1)} ${x1.toFixed(1)} ${(y1 - half).toFixed(1)} ${x1.toFixed(1)} ${y1.toFixed(1)}`;
  }
  const [xa, ya] = points.at(-2), [xb, yb] = points.at(-1);
  return {d, x: (xa + xb) / 2, y: (ya + yb) / 2, back: false};
}

// An edge of a loop goes back up, at the side of the boxes.
function loop(a, b) {
  const x = Math.max(a.x + a.w / 2, b.x + b.w / 2), out = x + 36;
  const d = `M${(a.x + a.w / 2).toFixed(1)} ${a.y.toFixed(1)} C${out} ${a.y.toFixed(1)} ${out} ${b.y.toFixed(1)} ${(b.x + b.w / 2).toFixed(1)} ${b.y.toFixed(1)}`;
  return {d, x: out - 8, y: (a.y + b.y) / 2, back: true};
}
