// The matrix: who connects in rows, to whom in columns. A cell without a colour is a connection that is denied.
const matrix = document.getElementById("matrix");

function drawMatrix() {
  const filter = portFilter(state.port);
  const items = shownPlaces().flatMap(itemsOf);
  const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    Object.assign(made, attributes);
    made.append(...children);
    return made;
  };
  const title = (item) => (item.closed ? item.label : `${item.place.name}/${item.label}`);
  const columns = items.map((item) => element("th", { scope: "col", title: title(item) }, element("span", {}, title(item))));
  const head = element("thead", {}, element("tr", {}, element("th", {}, "from ↓ to →"), ...columns));
  const rows = items.map((from) => {
    const row = element("tr", {}, element("th", { scope: "row", title: title(from) }, title(from)));
    for (const to of items) {
      const found = between(from.ends, to.ends, filter);
      const self = from === to && from.ends.length === 1 || from.ends.concat(to.ends).every(isOutside);
      const cell = element("td", { className: self ? "self" : found.length ? styleOf(found.map((f) => f.verdict)) : "denied" });
      if (!self) {
        cell.title = `${title(from)} → ${title(to)}\n${portsOf(found) || "denied"}`;
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
  matrix.replaceChildren(element("table", {}, head, element("tbody", {}, ...rows)));
}
