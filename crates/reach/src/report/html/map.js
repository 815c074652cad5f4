// The map: namespaces as frames, their items in them, connections as arrows.
const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 176, HEIGHT = 42, GAP = 26, PAD = 16, TITLE = 30, AISLE = 110;
const MOST_EDGES = 2000; // more than these only hide each other: those of what is selected are drawn
const map = document.getElementById("map");
const scene = document.getElementById("scene");
let shown = { items: [], edges: [] };
let box = { x: 0, y: 0, w: 100, h: 100 };

function make(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

// How far each place is from the outside, so that connections mostly go from left to right.
function depths(frames, edges) {
  const depth = new Map(frames.map((frame) => [frame.place, frame.place.name === OUTSIDE ? 0 : Infinity]));
  const next = Map.groupBy(edges, (edge) => edge.from.place);
  let front = frames.map((frame) => frame.place).filter((place) => depth.get(place) === 0);
  for (let level = 1; front.length > 0; level += 1) {
    const reached = new Set(front.flatMap((place) => (next.get(place) ?? []).map((edge) => edge.to.place)));
    front = [...reached].filter((place) => depth.get(place) === Infinity);
    front.forEach((place) => depth.set(place, level));
  }
  return depth;
}

function layout(frames, edges) {
  for (const frame of frames) {
    const columns = Math.max(1, Math.ceil(Math.sqrt(frame.items.length / 3)));
    frame.w = columns * (WIDTH + GAP) - GAP + 2 * PAD;
    frame.h = Math.ceil(frame.items.length / columns) * (HEIGHT + GAP) - GAP + PAD + TITLE;
    frame.items.forEach((item, nth) => {
      item.dx = PAD + (nth % columns) * (WIDTH + GAP);
      item.dy = TITLE + Math.floor(nth / columns) * (HEIGHT + GAP);
    });
  }
  const depth = depths(frames, edges);
  const order = [...frames].sort((a, b) => depth.get(a.place) - depth.get(b.place) || a.items.length - b.items.length);
  const area = frames.reduce((sum, f) => sum + (f.w + AISLE) * (f.h + GAP), 0);
  const height = Math.max(Math.sqrt(area / 1.7), ...frames.map((f) => f.h));
  let x = 0, y = 0, widest = 0, last;
  for (const frame of order) {
    const further = last !== undefined && depth.get(frame.place) !== last && frames.length <= 12;
    if (y > 0 && (y + frame.h > height || further)) {
      x += widest + AISLE;
      y = 0;
      widest = 0;
    }
    last = depth.get(frame.place);
    Object.assign(frame, { x, y });
    y += frame.h + GAP;
    widest = Math.max(widest, frame.w);
    frame.items.forEach((item) => Object.assign(item, { x: x + item.dx, y: frame.y + item.dy }));
  }
}

function draw() {
  const frames = shownPlaces().map((place) => ({ place, items: itemsOf(place) }));
  const items = frames.flatMap((frame) => frame.items);
  const edges = edgesOf(items);
  layout(frames, edges);
  const drawn = edges.length <= MOST_EDGES ? edges : [];
  shown = { items, edges, frames, lazy: edges.length > MOST_EDGES };
  scene.replaceChildren(...frames.map(drawFrame), ...drawn.map(drawEdge), ...items.map(drawItem));
  legend(shown.lazy ? `${edges.length.toLocaleString("en")} connections: select a workload to see its own` : "");
  mark();
}

function drawFrame(frame) {
  const open = state.open.has(frame.place.name);
  const name = make("text", { class: "name", x: frame.x + PAD, y: frame.y + 20 }, `${open ? "▾" : "▸"} ${cut(frame.place.name, 28)}`);
  name.append(make("title", {}, open ? "Close" : "Open"));
  name.addEventListener("click", () => toggle(frame.place));
  return make("g", { class: "group", "data-place": frame.place.name },
    make("rect", { class: "frame", x: frame.x, y: frame.y, width: frame.w, height: frame.h }), name);
}

function drawItem(item) {
  const classes = ["item"];
  if (item.several || item.closed) classes.push("several");
  if (item.ends.every((end) => unprotected.has(end.id))) classes.push("open");
  item.element = make("g", { class: classes.join(" "), "data-key": item.key, transform: `translate(${item.x} ${item.y})` },
    make("rect", { width: WIDTH, height: HEIGHT }),
    make("text", { x: 10, y: 18 }, cut(item.label, 23)),
    make("text", { class: "sub", x: 10, y: 33 }, cut(item.sub, 30)),
    make("title", {}, item.ends.slice(0, 12).map((end) => end.name).join("\n") + (item.ends.length > 12 ? "\n…" : "")));
  item.element.addEventListener("click", (event) => choose(item, event.shiftKey));
  item.element.addEventListener("dblclick", () => openItem(item));
  return item.element;
}

function drawEdge(edge) {
  const { from, to } = edge;
  const right = to.x > from.x + WIDTH / 2, left = to.x + WIDTH / 2 < from.x;
  const y1 = from.y + HEIGHT / 2, y2 = to.y + HEIGHT / 2;
  let path, middle;
  if (right || left) {
    const x1 = from.x + (right ? WIDTH : 0), x2 = to.x + (right ? 0 : WIDTH);
    const bend = Math.max(40, Math.abs(x2 - x1) / 2) * (right ? 1 : -1);
    const shift = right ? -5 : 5; // there and back are two lines
    path = `M${x1} ${y1 + shift}C${x1 + bend} ${y1 + shift} ${x2 - bend} ${y2 + shift} ${x2} ${y2 + shift}`;
    middle = [(x1 + x2) / 2, (y1 + y2) / 2 + shift];
  } else {
    const down = y2 > y1, x = down ? from.x + WIDTH : from.x, bend = down ? 55 : -55;
    path = `M${x} ${y1}C${x + bend} ${y1} ${x + bend} ${y2} ${x} ${y2}`;
    middle = [x + bend * 0.75, (y1 + y2) / 2];
  }
  edge.middle = middle;
  edge.line = make("path", { class: `edge ${edge.style}`, d: path, "marker-end": "url(#arrow)" });
  const hit = make("path", { class: "hit", d: path });
  hit.append(make("title", {}, `${from.label} → ${to.label}\n${portsOf(edge.found)}`));
  edge.element = make("g", { "data-edge": `${from.key} → ${to.key}` }, edge.line, hit);
  edge.element.addEventListener("click", () => select({ from: from.ends, to: to.ends }));
  return edge.element;
}

const portsOf = (found) => found.map((f) => f.verdict.text).join(" · ");

// Shows what is selected and what belongs to it.
function mark() {
  const { item, from, to } = state.selected ?? {};
  scene.classList.toggle("chosen", state.selected !== null);
  scene.querySelectorAll(".edge-label").forEach((label) => label.remove());
  const holds = (ends, some) => some.some((end) => ends.includes(end));
  const near = new Set();
  for (const edge of shown.edges) {
    const selected = Boolean(from) && holds(edge.from.ends, from) && holds(edge.to.ends, to);
    const touches = selected || (Boolean(item) && (holds(edge.from.ends, item) || holds(edge.to.ends, item)));
    if (shown.lazy) {
      edge.element?.remove();
      edge.element = undefined;
    }
    if (touches && !edge.element) scene.insertBefore(drawEdge(edge), shown.items[0].element);
    edge.line?.classList.toggle("selected", selected);
    edge.line?.classList.toggle("near", touches);
    if (!touches) continue;
    near.add(edge.from).add(edge.to);
    const [x, y] = edge.middle;
    scene.append(make("text", { class: "edge-label", x, y: y - 4 }, cut(portsOf(edge.found), 36)));
  }
  for (const one of shown.items) {
    const selected = [item, from, to].some((ends) => ends && holds(one.ends, ends));
    one.element.classList.toggle("selected", selected);
    one.element.classList.toggle("far", state.selected !== null && !selected && !near.has(one));
  }
}

function fit() {
  const { frames } = shown;
  if (!frames?.length) return;
  const right = Math.max(...frames.map((f) => f.x + f.w)), bottom = Math.max(...frames.map((f) => f.y + f.h));
  box = { x: -30, y: -30, w: right + 60, h: bottom + 60 };
  look();
}

const look = () => map.setAttribute("viewBox", `${box.x} ${box.y} ${box.w} ${box.h}`);

function zoom(factor, event) {
  const place = map.getBoundingClientRect();
  const scale = Math.max(box.w / place.width, box.h / place.height);
  const fx = event ? (event.clientX - place.x - place.width / 2) * scale : 0;
  const fy = event ? (event.clientY - place.y - place.height / 2) * scale : 0;
  box.x += box.w / 2 - (box.w / 2) * factor + fx * (1 - factor);
  box.y += box.h / 2 - (box.h / 2) * factor + fy * (1 - factor);
  box.w *= factor;
  box.h *= factor;
  look();
}

map.addEventListener("wheel", (event) => {
  event.preventDefault();
  zoom(Math.exp(event.deltaY * 0.0015), event);
}, { passive: false });

map.addEventListener("pointerdown", (event) => {
  if (event.target.closest(".item, [data-edge], .name")) return;
  const start = { x: event.clientX, y: event.clientY, box: { ...box } };
  const place = map.getBoundingClientRect();
  const scale = Math.max(box.w / place.width, box.h / place.height);
  let moved = false;
  const move = (event) => {
    moved ||= Math.hypot(event.clientX - start.x, event.clientY - start.y) > 4;
    box.x = start.box.x - (event.clientX - start.x) * scale;
    box.y = start.box.y - (event.clientY - start.y) * scale;
    look();
  };
  map.setPointerCapture(event.pointerId);
  map.classList.add("moving");
  map.addEventListener("pointermove", move);
  map.addEventListener("pointerup", () => {
    map.removeEventListener("pointermove", move);
    map.classList.remove("moving");
    if (!moved) select(null);
  }, { once: true });
});
