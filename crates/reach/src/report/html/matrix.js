// The matrix: who connects in rows, to whom in columns. A cell without a colour is a connection that is denied.
const matrix = document.getElementById("matrix");
const MOST_CELLS = 20000; // more are painted instead of being elements of the page

const titleOf = (item) => (item.closed || item.place.name === OUTSIDE ? item.label : `${item.place.name}/${item.label}`);

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  Object.assign(made, attributes);
  made.append(...children);
  return made;
}

// What a cell shows: `self` where there is nothing to ask.
function cellOf(from, to, filter) {
  const self = (from === to && from.ends.length === 1) || (from.ends.every(isOutside) && to.ends.every(isOutside));
  if (self) return { style: "self", text: "" };
  const found = between(from.ends, to.ends, filter);
  const style = found.length ? styleOf(found.map((f) => f.verdict)) : "denied";
  return { style, text: `${titleOf(from)} → ${titleOf(to)}\n${portsOf(found) || "denied"}` };
}

function drawMatrix() {
  const items = shownPlaces().flatMap(itemsOf);
  const filter = portFilter(state.port);
  matrix.replaceChildren(...(items.length ** 2 > MOST_CELLS ? painted(items, filter) : [table(items, filter)]));
}

function table(items, filter) {
  const columns = items.map((item) => element("th", { scope: "col", title: titleOf(item) }, element("span", {}, titleOf(item))));
  const head = element("thead", {}, element("tr", {}, element("th", {}, "from ↓ to →"), ...columns));
  const rows = items.map((from) => {
    const row = element("tr", {}, element("th", { scope: "row", title: titleOf(from) }, titleOf(from)));
    for (const to of items) {
      const { style, text } = cellOf(from, to, filter);
      const cell = element("td", { className: style, title: text });
      if (style !== "self") {
        cell.addEventListener("click", () => {
          matrix.querySelector(".selected")?.classList.remove("selected");
          cell.classList.add("selected");
          select({ from: from.ends, to: to.ends });
        });
      }
      row.append(cell);
    }
    return row;
  });
  return element("table", {}, head, element("tbody", {}, ...rows));
}

// Many cells as one picture, with a line above that says which one the pointer is on.
function painted(items, filter) {
  const size = Math.max(3, Math.min(12, Math.floor(3000 / items.length)));
  const canvas = element("canvas", { width: items.length * size, height: items.length * size });
  const paint = canvas.getContext("2d");
  const colours = getComputedStyle(document.documentElement);
  const colour = (style) => colours.getPropertyValue({ denied: "--group", self: "--line" }[style] ?? `--${style}`);
  const palette = new Map(["tcp", "udp", "all", "other", "denied", "self"].map((style) => [style, colour(style)]));
  items.forEach((from, y) => items.forEach((to, x) => {
    paint.fillStyle = palette.get(cellOf(from, to, filter).style);
    paint.fillRect(x * size, y * size, size - (size > 4 ? 1 : 0), size - (size > 4 ? 1 : 0));
  }));
  const says = element("p", { className: "says" }, "from ↓ to →");
  const at = (event) => [items[Math.floor(event.offsetY / size)], items[Math.floor(event.offsetX / size)]];
  canvas.addEventListener("pointermove", (event) => {
    const [from, to] = at(event);
    if (from && to) says.textContent = cellOf(from, to, filter).text.replace("\n", ": ") || "itself";
  });
  canvas.addEventListener("click", (event) => {
    const [from, to] = at(event);
    if (from && to && from !== to) select({ from: from.ends, to: to.ends });
  });
  return [says, canvas];
}
