// The panel: the whole set, one workload, or one connection with the rules that decide it.
const details = document.getElementById("details");
const MANY = 40; // more lines are only counted

function tag(name, attributes, ...children) {
  const element = document.createElement(name);
  Object.assign(element, attributes);
  element.append(...children.flat().filter((child) => child !== null));
  return element;
}

const link = (end, then) => tag("button", { className: "end", type: "button", onclick: then ?? (() => select({ item: [end] })) }, end.name);
const pairLink = (from, to, text) => tag("button", { className: "end", type: "button", onclick: () => select({ from: [from], to: [to] }) }, text);
const section = (title, lines) => [tag("h3", {}, title), lines.length ? tag("ul", {}, lines.slice(0, MANY), lines.length > MANY ? tag("li", {}, `and ${lines.length - MANY} more`) : null) : tag("p", {}, "none")];

function drawDetails() {
  const { item, from, to } = state.selected ?? {};
  const content = from ? ofConnection(from, to) : item ? (item.length === 1 ? ofEnd(item[0]) : ofSeveral(item)) : ofAll();
  details.replaceChildren(...content.flat());
}

function ofAll() {
  const inside = ends.filter((end) => !isOutside(end));
  const exposed = inside.flatMap((to) => {
    const texts = new Set(ends.filter(isOutside).map((from) => verdict(from, to)).filter((v) => v.text !== "").map((v) => v.text));
    return texts.size && !unprotected.has(to.id) ? [tag("li", {}, link(to), tag("span", { className: "ports" }, [...texts].join(" · ")))] : [];
  });
  return [
    tag("h2", {}, `${count(inside.length, "workload")} in ${count(new Set(inside.map(placeOf)).size, "namespace")}`),
    tag("p", {}, "Click a workload to see what it reaches, then another to see why or why not. A double click opens a group."),
    section("Not protected: everyone may connect on every port", inside.filter((end) => unprotected.has(end.id)).map((end) => tag("li", {}, link(end)))),
    section("Open to the outside", exposed),
  ];
}

function ofSeveral(list) {
  return [
    tag("h2", {}, count(list.length, "workload")),
    state.view === "map" ? tag("p", {}, tag("button", { type: "button", onclick: () => openEnds(list) }, "Open")) : null,
    section("They are", list.map((end) => tag("li", {}, link(end)))),
  ].filter(Boolean);
}

function ofEnd(end) {
  const list = (others, way) => {
    const lines = [];
    const byText = new Map();
    for (const other of others) {
      if (other === end) continue;
      const v = way(other);
      if (!isOpen(v, portFilter(state.port))) continue;
      byText.set(v.text, [...(byText.get(v.text) ?? []), other]);
    }
    for (const [text, found] of byText) {
      lines.push(...found.map((other) => tag("li", {}, pairLink(...(way === outOf ? [end, other] : [other, end]), other.name), tag("span", { className: "ports" }, text))));
    }
    return lines;
  };
  const outOf = (other) => verdict(end, other);
  const into = (other) => verdict(other, end);
  const others = isOutside(end) ? ends.filter((other) => !isOutside(other)) : ends;
  return [
    tag("h2", {}, end.name),
    tag("p", {}, subtitle(end), end.at ? tag("span", { className: "place" }, end.at) : null),
    end.detail ? tag("p", { className: "place" }, end.detail) : null,
    unprotected.has(end.id) ? tag("p", { className: "no" }, "No policy protects it: everyone may connect on every port.") : null,
    section("Who may connect to it", list(others, into)),
    section("What it may connect to", list(others, outOf)),
  ].filter(Boolean);
}

function ofConnection(from, to) {
  if (from.length === 1 && to.length === 1) return ofPair(from[0], to[0]);
  const found = between(from, to, portFilter(state.port));
  const pairs = found.flatMap(({ verdict, pairs }) => pairs.map(([a, b]) =>
    tag("li", {}, pairLink(a, b, `${a.name} → ${b.name}`), tag("span", { className: "ports" }, verdict.text))));
  const [a, b] = [from[0], to.find((end) => end !== from[0])];
  return [
    tag("h2", {}, `${count(from.length, "workload")} → ${count(to.length, "workload")}`),
    section("Allowed, one example of each kind", pairs),
    pairs.length === 0 && b ? tag("p", {}, "Nothing is allowed. Why, for the first of them: ", pairLink(a, b, `${a.name} → ${b.name}`)) : null,
  ].filter(Boolean);
}

function ofPair(from, to) {
  const v = verdict(from, to);
  const swap = tag("button", { type: "button", onclick: () => select({ from: [to], to: [from] }) }, "⇄ the other way");
  const whys = v.why.map((why) => tag("div", { className: `verdict ${why.allowed ? "allowed" : "denied"}` },
    tag("b", {}, `${why.allowed ? "✓ allowed" : "✗ denied"}: ${why.ports}`),
    reason("leaving", from, data.reasons[why.egress]),
    reason("entering", to, data.reasons[why.ingress])));
  return [
    tag("h2", {}, link(from), " → ", link(to)),
    tag("p", { className: v.text ? "yes" : "no" }, v.text ? `May connect on ${v.text}` : "May not connect"),
    whys,
    isOutside(from) && isOutside(to) ? null : tag("p", {}, swap),
  ].filter(Boolean);
}

function reason(what, end, of) {
  const rules = of.rules.map((rule) => tag("span", { className: "place" },
    `${rule.file}:${rule.line} ${rule.kind} ${rule.namespace ? `${rule.namespace}/` : ""}${rule.name}`));
  return tag("div", {}, tag("span", { className: of.allowed ? "yes" : "no" }, of.allowed ? "✓ " : "✗ "), `${what} ${end.name}: ${of.text}`, rules);
}
