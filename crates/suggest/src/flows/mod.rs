//! Needs that were seen: flow logs in JSON lines.
mod forms;
mod resolve;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
};

use ipnet::IpNet;
use netloom_cluster::Protocol;
use netloom_objects::Location;

use crate::{
    ground::Ground,
    need::{Block, End, Learnt, Need, Needs, Reason, listening, port},
};
use forms::{Flow, Line, Side};
use resolve::{Found, find};

/// What a flow log says.
#[derive(Debug, Default)]
pub struct Observed {
    /// The connections that were seen.
    pub needs: Needs,
    /// How many lines were taken, and why others were not.
    pub counts: Counts,
}

/// Flows by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Taken as connections.
    pub taken: usize,
    /// Replies to connections.
    pub replies: usize,
    /// Denied.
    pub denied: usize,
    /// Of a protocol without ports, or no flow at all.
    pub without_ports: usize,
    /// Nothing tells which side is the client.
    pub unclear: usize,
    /// From a node to its own pods, or about nobody whom policies can name.
    pub beside: usize,
}

/// Why a flow log cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {reason}")]
pub struct FlowError {
    /// The file.
    pub file: String,
    /// The line.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

/// A connection, told by its ends.
type Key = (Vec<End>, Vec<End>, Protocol, u16);

/// How often something was seen, and in which line first.
#[derive(Clone, Copy, Debug)]
struct Seen {
    times: usize,
    line: usize,
}

impl Observed {
    /// Reads a log of this name.
    ///
    /// # Errors
    /// The first line that is no flow in a known form.
    pub fn read(ground: &Ground<'_>, file: &str, text: &str) -> Result<Self, FlowError> {
        let mut observed = Self::default();
        let mut reader =
            Reader { ground, known: HashMap::new(), seen: BTreeMap::new(), outside: BTreeMap::new() };
        for (line, flow) in forms::lines(file, text)? {
            match flow {
                Line::Flow(flow) => reader.take(file, line, &flow, &mut observed)?,
                Line::Reply => observed.counts.replies += 1,
                Line::Denied => observed.counts.denied += 1,
                Line::WithoutPorts => observed.counts.without_ports += 1,
            }
        }
        reader.finish(file, &mut observed.needs);
        Ok(observed)
    }
}

/// The other end, whether that is the target, and the port.
type Beyond = (End, bool, Protocol, u16);

struct Reader<'g, 'a> {
    ground: &'g Ground<'a>,
    known: HashMap<Side, Found>,
    seen: BTreeMap<Key, Seen>,
    /// Addresses outside.
    outside: BTreeMap<Beyond, (BTreeSet<IpAddr>, Seen)>,
}

impl Reader<'_, '_> {
    fn take(&mut self, file: &str, line: usize, flow: &Flow, out: &mut Observed) -> Result<(), FlowError> {
        let ends = [&flow.from, &flow.to].map(|side| {
            let found = self.known.entry(side.clone()).or_insert_with(|| find(self.ground, side));
            found.clone()
        });
        let mut all = Vec::new();
        for (found, side) in ends.into_iter().zip([&flow.from, &flow.to]) {
            match found {
                Found::Ends(ends) => all.push(Ok(ends)),
                Found::Outside(ip) => all.push(Err(ip)),
                Found::Beside => {
                    out.counts.beside += 1;
                    return Ok(());
                }
                Found::Unknown(text) => {
                    out.counts.beside += 1;
                    let at = Location { file: file.into(), line: line as u32, column: 1 };
                    let side_of = if std::ptr::eq(side, &flow.from) { "from" } else { "to" };
                    out.needs.doubt(format!("a flow {side_of} {text}"), Some(at));
                    return Ok(());
                }
                Found::Wrong(reason) => return Err(FlowError { file: file.to_owned(), line, reason }),
            }
        }
        let Ok([from, to]) = <[_; 2]>::try_from(all) else { return Ok(()) };
        if !flow.sure && !self.listens(to.as_ref().ok(), flow) {
            out.counts.unclear += 1;
            return Ok(());
        }
        out.counts.taken += 1;
        let ports = (flow.protocol, flow.port);
        match (from, to) {
            (Ok(from), Ok(to)) => count(self.seen.entry((from, to, ports.0, ports.1)), line),
            (Ok(ends), Err(ip)) => ends.into_iter().for_each(|end| self.outside(end, false, ports, ip, line)),
            (Err(ip), Ok(ends)) => ends.into_iter().for_each(|end| self.outside(end, true, ports, ip, line)),
            (Err(_), Err(_)) => {
                out.counts.taken -= 1;
                out.counts.beside += 1;
            }
        }
        Ok(())
    }

    fn listens(&self, to: Option<&Vec<End>>, flow: &Flow) -> bool {
        let ground = self.ground;
        let on = |end: &End| match end {
            End::Unit(unit) => {
                listening(&ground.snapshot, &ground.units, *unit).contains(flow.protocol, flow.port)
            }
            End::Elsewhere(_) | End::Blocks(_) => false,
        };
        to.is_some_and(|ends| ends.iter().any(on))
    }

    fn outside(&mut self, end: End, is_target: bool, ports: (Protocol, u16), ip: IpAddr, line: usize) {
        let entry = self.outside.entry((end, is_target, ports.0, ports.1));
        let (ips, seen) = entry.or_insert_with(|| (BTreeSet::new(), Seen { times: 0, line }));
        ips.insert(ip);
        seen.times += 1;
    }

    fn finish(self, file: &str, out: &mut Needs) {
        let reason = |seen: Seen| Reason {
            learnt: Learnt::Observed,
            text: match seen.times {
                1 => "seen once".to_owned(),
                times => format!("seen {times} times"),
            },
            at: Some(Location { file: file.into(), line: seen.line as u32, column: 1 }),
        };
        for ((from, to, protocol, number), seen) in self.seen {
            for (from, to) in from.iter().flat_map(|from| to.iter().map(move |to| (from, to))) {
                let (from, to) = (from.clone(), to.clone());
                out.add(Need { from, to, ports: port(protocol, number), reason: reason(seen) });
            }
        }
        for ((end, is_target, protocol, number), (ips, seen)) in self.outside {
            let nets: Vec<IpNet> = ips.into_iter().map(IpNet::from).collect();
            let blocks = End::Blocks(IpNet::aggregate(&nets).into_iter().map(Block::from).collect());
            let (from, to) = if is_target { (blocks, end) } else { (end, blocks) };
            out.add(Need { from, to, ports: port(protocol, number), reason: reason(seen) });
        }
    }
}

fn count(entry: std::collections::btree_map::Entry<'_, Key, Seen>, line: usize) {
    entry.or_insert(Seen { times: 0, line }).times += 1;
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} flows taken", self.taken)?;
        let others = [
            (self.replies, "replies"),
            (self.denied, "denied"),
            (self.without_ports, "without ports"),
            (self.unclear, "of which nothing tells the client"),
            (self.beside, "about nobody that policies name"),
        ];
        let left: Vec<String> =
            others.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
        if left.is_empty() { Ok(()) } else { write!(f, "; left out: {}", left.join(", ")) }
    }
}
