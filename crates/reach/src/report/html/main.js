// Puts the parts together: what is clicked, typed and kept in the address.
const field = (id) => document.getElementById(id);

function redraw() {
  const onMap = state.view === "map";
  map.toggleAttribute("hidden", !onMap);
  map.style.display = onMap ? "" : "none";
  matrix.hidden = onMap;
  for (const view of ["map", "matrix"]) field(`tab-${view}`).setAttribute("aria-selected", String(state.view === view));
  if (onMap) draw();
  else drawMatrix();
  drawDetails();
}

function select(selected) {
  state.selected = selected;
  const names = (list) => list.map((end) => encodeURIComponent(end.name)).join(",");
  const { item, from, to } = selected ?? {};
  const hash = item?.length === 1 ? `#at=${names(item)}` : from?.length === 1 && to.length === 1 ? `#from=${names(from)}&to=${names(to)}` : "#";
  history.replaceState(null, "", hash);
  if (state.view === "map") mark();
  drawDetails();
}

// A click on a second workload asks about the connection to it.
function choose(item) {
  const before = state.selected?.item;
  const same = before?.length === item.ends.length && before[0] === item.ends[0];
  if (same) select(null);
  else if (before) select({ from: before, to: item.ends });
  else select({ item: item.ends });
}

function toggle(place) {
  if (!state.open.delete(place.name)) state.open.add(place.name);
  redraw();
}

function openItem(item) {
  if (item.closed) state.open.add(item.place.name);
  else if (item.several) state.opened.add(item.key);
  select(null);
  redraw();
}

function openEnds(list) {
  const item = shown.items.find((item) => item.ends.includes(list[0]) && item.ends.length === list.length);
  if (item) openItem(item);
}

// Opens what hides an end, and shows it.
function reveal(end) {
  state.open.add(placeOf(end));
  const like = itemsOf(places.find((place) => place.name === placeOf(end))).find((item) => item.ends.includes(end));
  if (like.several) state.opened.add(like.key);
  redraw();
  select({ item: [end] });
}

function search(text) {
  const wanted = text.trim().toLowerCase();
  const found = wanted ? ends.filter((end) => end.name.toLowerCase().includes(wanted)) : [];
  for (const item of shown.items) item.element?.classList.toggle("found", item.ends.some((end) => found.includes(end)));
  return found;
}

function legend(note) {
  field("legend").replaceChildren(...[["tcp", "TCP"], ["udp", "UDP"], ["other", "other"], ["all", "every port"]].flatMap(([name, text]) => {
    const line = document.createElement("i");
    line.style.color = `var(--${name})`;
    return [line, text];
  }), " · dashed: not protected", note ? ` · ${note}` : "");
}

field("title").textContent = data.title;
field("names").replaceChildren(...ends.map((end) => Object.assign(document.createElement("option"), { value: end.name })));
field("tab-map").onclick = () => { state.view = "map"; redraw(); };
field("tab-matrix").onclick = () => { state.view = "matrix"; redraw(); };
field("search").oninput = (event) => {
  const found = search(event.target.value);
  const exact = found.find((end) => end.name === event.target.value);
  if (exact) reveal(exact);
};
field("search").onkeydown = (event) => {
  if (event.key !== "Enter") return;
  const [first] = search(event.target.value);
  if (first) reveal(first);
};
field("port").oninput = (event) => { state.port = event.target.value; redraw(); };
field("show-outside").onchange = (event) => { state.outside = event.target.checked; redraw(); };
field("show-open").onchange = (event) => { state.toOpen = event.target.checked; redraw(); };
field("open-all").onclick = () => { places.forEach((place) => state.open.add(place.name)); redraw(); fit(); };
field("close-all").onclick = () => { state.open.clear(); state.opened.clear(); redraw(); fit(); };
field("fit").onclick = fit;
document.addEventListener("keydown", (event) => {
  if (event.target.matches("input")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (event.key === "/") { event.preventDefault(); field("search").focus(); }
  if (event.key === "f") fit();
  if (event.key === "Escape") select(null);
  if (event.key === "+") zoom(0.8);
  if (event.key === "-") zoom(1.25);
});

function fromAddress() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const find = (key) => ends.find((end) => end.name === asked.get(key));
  const [at, from, to] = ["at", "from", "to"].map(find);
  if (at) reveal(at);
  else if (from && to) { reveal(from); reveal(to); select({ from: [from], to: [to] }); }
}

redraw();
fit();
fromAddress();
