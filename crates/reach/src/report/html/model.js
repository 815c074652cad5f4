// What the page knows: who there is, and what is open between any two of them. Everything was decided before; here it
// is only looked up.
const data = JSON.parse(document.getElementById("data").textContent);
const ends = data.ends.map((end, id) => ({ ...end, id }));
const groups = data.rows.length;

// The verdict of each pair of groups: rows come as [verdict, how often, verdict, how often, …].
const verdictOf = new Uint32Array(groups * groups);
data.rows.forEach((row, from) => {
  let at = from * groups;
  for (let i = 0; i < row.length; i += 2) {
    verdictOf.fill(row[i], at, at + row[i + 1]);
    at += row[i + 1];
  }
});

const OUTSIDE = "outside the cluster";
const NODES = "nodes";
const placeOf = (end) => end.namespace ?? (end.kind === "Node" ? NODES : OUTSIDE);
const isOutside = (end) => placeOf(end) === OUTSIDE;
const verdict = (from, to) => data.verdicts[verdictOf[from.group * groups + to.group]];

// What to look for: "8080", "53/udp", "TCP 443".
function portFilter(text) {
  const protocol = /\b(tcp|udp|sctp)\b/i.exec(text)?.[1].toUpperCase();
  const number = /\d+/.exec(text)?.[0];
  if (!protocol && !number) return null;
  return (v) => v.open.some(([p, low, high]) =>
    (!protocol || p === protocol) && (!number || (low !== undefined && low <= +number && +number <= high)));
}

const isOpen = (v, filter) => v.text !== "" && (!filter || filter(v));

// Those that everyone may connect to on every port, because nothing protects them.
const unprotected = new Set(ends.filter((end) => end.unprotected).map((end) => end.id));

// Which colour a connection has.
function styleOf(verdicts) {
  const protocols = new Set(verdicts.flatMap((v) => (v.all ? ["all"] : v.open.map(([p]) => p))));
  if (protocols.has("all")) return "all";
  if (protocols.has("TCP")) return "tcp";
  return protocols.has("UDP") ? "udp" : "other";
}

// Connections between two sets of ends: one entry for each text of ports, with the pairs that have it.
function between(sources, targets, filter) {
  if (sources.length === 1 && targets.length === 1) {
    const [from, to] = [sources[0], targets[0]];
    const v = verdict(from, to);
    const none = from === to || (isOutside(from) && isOutside(to)) || !isOpen(v, filter);
    return none ? [] : [{ verdict: v, pairs: [[from, to]], more: 0 }];
  }
  const found = new Map();
  const seen = new Set();
  for (const from of sources) {
    for (const to of targets) {
      if (from === to || (isOutside(from) && isOutside(to))) continue;
      const key = from.group * groups + to.group;
      const v = data.verdicts[verdictOf[key]];
      if (!isOpen(v, filter)) continue;
      const entry = found.get(v) ?? { verdict: v, pairs: [], more: 0 };
      found.set(v, entry);
      // Of a pair of groups one example is enough.
      if (seen.has(key)) entry.more += 1;
      else entry.pairs.push([from, to]);
      seen.add(key);
    }
  }
  return [...found.values()];
}
