// What is shown: a closed namespace is one item, an open one has an item for each group of like workloads, and an open
// group one for each workload.
const FEW_ENDS = 60; // so many are shown without being asked for
const LIKE = 4; // fewer like workloads are not put together

const state = {
  open: new Set(),
  opened: new Set(),
  port: "",
  outside: true,
  toOpen: false,
  selected: null, // { item } or { from, to }, which are lists of ends
  view: "map",
};

const places = [...Map.groupBy(ends, placeOf)]
  .map(([name, members]) => ({ name, members }))
  .sort((a, b) => (a.name === OUTSIDE ? -1 : b.name === OUTSIDE ? 1 : a.name < b.name ? -1 : 1));

if (ends.length <= FEW_ENDS) places.forEach((place) => state.open.add(place.name));
else state.open.add(OUTSIDE);

function itemsOf(place) {
  const { name, members } = place;
  if (!state.open.has(name)) {
    return [{ key: `place ${name}`, place, label: name, sub: count(members.length, "workload"), ends: members, closed: true }];
  }
  const items = [];
  for (const like of Map.groupBy(members, (end) => end.group).values()) {
    const key = `like ${name} ${like[0].group}`;
    if (like.length < LIKE || state.opened.has(key)) {
      for (const end of like) {
        items.push({ key: `end ${end.id}`, place, label: end.short, sub: subtitle(end), ends: [end] });
      }
    } else {
      items.push({ key, place, label: common(like), sub: `${like.length} alike`, ends: like, several: true });
    }
  }
  return items;
}

function subtitle(end) {
  if (isOutside(end) || end.kind === "Node") return end.kind;
  return end.pods > 1 ? `${end.kind}, ${end.pods} pods` : end.kind;
}

// What names of like workloads begin with.
function common(like) {
  const first = like[0].short;
  let length = first.length;
  for (const { short } of like) {
    while (!short.startsWith(first.slice(0, length))) length -= 1;
  }
  return length > 1 ? `${first.slice(0, length)}…` : `${first}, …`;
}

const count = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;
const shownPlaces = () => places.filter((place) => state.outside || place.name !== OUTSIDE);

// The connections between items. What nothing restricts is left out unless asked for, because it would cover all else:
// connections to workloads that anyone reaches, and to the outside on every port.
function edgesOf(items) {
  const filter = portFilter(state.port);
  const edges = [];
  for (const from of items) {
    for (const to of items) {
      if (from === to) continue;
      const targets = state.toOpen ? to.ends : to.ends.filter((end) => !unprotected.has(end.id));
      const unrestricted = (f) => !state.toOpen && f.verdict.all && to.ends.every(isOutside);
      const found = between(from.ends, targets, filter).filter((f) => !unrestricted(f));
      if (found.length > 0) edges.push({ from, to, found, style: styleOf(found.map((f) => f.verdict)) });
    }
  }
  return edges;
}
