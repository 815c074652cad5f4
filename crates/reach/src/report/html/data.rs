//! What the page knows: the ends, and for each pair of their kinds what is open and which rules decide. The page
//! decides nothing itself.
use std::collections::{BTreeMap, HashMap};

use netloom_policy::{Direction, Reason};
use serde::Serialize;

use super::super::{
    json::{OpenPorts, ranges},
    kinds::Kinds,
    reasons::{ReasonOf, Reasons},
};
use crate::{
    endpoints::{Endpoint, EndpointId, EndpointKind},
    names,
    outside::AddressRange,
    ports::PortSet,
    reach::{Party, Reach},
    report::short,
    why::Why,
};

#[derive(Serialize)]
pub(super) struct Data<'a> {
    title: &'a str,
    ends: Vec<End>,
    verdicts: Vec<Verdict>,
    /// By group of the source: verdict, how often, verdict, how often, … over the groups of the target.
    rows: Vec<Vec<usize>>,
    reasons: Vec<Words>,
}

/// Someone who connects or is connected to.
#[derive(Serialize)]
struct End {
    name: String,
    short: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    kind: String,
    pods: usize,
    group: usize,
    #[serde(skip_serializing_if = "String::is_empty")]
    at: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    detail: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unprotected: bool,
}

/// What is open between two groups, and why.
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
struct Verdict {
    text: String,
    all: bool,
    open: Vec<Open>,
    why: Vec<Stretch>,
}

/// Protocol, first and last port; the protocol alone where it has no ports.
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
enum Open {
    Ports(&'static str, u16, u16),
    Protocol([&'static str; 1]),
}

/// What decides about some ports.
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
struct Stretch {
    ports: String,
    allowed: bool,
    egress: usize,
    ingress: usize,
}

/// A reason in words, and the rules behind it.
#[derive(Serialize)]
struct Words {
    allowed: bool,
    text: String,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
struct Rule {
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    name: String,
    file: String,
    line: u32,
}

impl<'a> Data<'a> {
    pub fn of(reach: &Reach, title: &'a str) -> Self {
        let mut made = Made {
            reach,
            published: reach.controller_lines(),
            kinds: Kinds::default(),
            groups: HashMap::new(),
            parties: Vec::new(),
        };
        let mut ends = made.outside();
        ends.extend(made.controllers());
        let unprotected: Vec<_> = reach.unprotected(Direction::Ingress).collect();
        for (nth, endpoint) in reach.endpoints().iter().enumerate().filter(|(_, e)| !e.builtin) {
            let open = unprotected.iter().any(|id| id.index() == nth);
            ends.push(made.endpoint(endpoint, open));
        }
        let mut reasons = Reasons::default();
        let (rows, verdicts) = made.rows(&mut reasons);
        let reasons = reasons.all().iter().map(Words::of).collect();
        Self { title, ends, verdicts, rows, reasons }
    }
}

/// Who stands for a group in questions.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Standing {
    Party(Party),
    /// An ingress controller, which connects only where something is published.
    Controller,
}

struct Made<'r> {
    reach: &'r Reach,
    /// What controllers may open on each endpoint.
    published: BTreeMap<EndpointId, PortSet>,
    kinds: Kinds,
    /// By kind and what controllers may open there.
    groups: HashMap<(usize, String), usize>,
    /// By group.
    parties: Vec<Standing>,
}

impl Made<'_> {
    fn group(&mut self, kind: usize, published: String, standing: Standing) -> usize {
        let fresh = self.parties.len();
        let group = *self.groups.entry((kind, published)).or_insert(fresh);
        if group == fresh {
            self.parties.push(standing);
        }
        group
    }

    /// The outside: one end for all ranges about which the same rules decide.
    fn outside(&mut self) -> Vec<End> {
        let mut by_group: Vec<(usize, Vec<AddressRange>)> = Vec::new();
        for outside in self.reach.outside() {
            let party = Party::Address(outside.range.low);
            let kind = self.kinds.of(self.reach, party, None);
            let group = self.group(kind, String::new(), Standing::Party(party));
            match by_group.iter_mut().find(|(known, _)| *known == group) {
                Some((_, ranges)) => match ranges.last_mut().filter(|last| last.meets(&outside.range)) {
                    Some(last) => last.high = outside.range.high,
                    None => ranges.push(outside.range),
                },
                None => by_group.push((group, vec![outside.range])),
            }
        }
        let end = |(group, ranges): (usize, Vec<AddressRange>)| {
            let written: Vec<String> = ranges.iter().map(|r| format!("{}-{}", r.low, r.high)).collect();
            let more = if written.len() > 1 { ", …" } else { "" };
            End {
                name: ranges.first().map(|r| names::external(r.low, r.high)).unwrap_or_default(),
                short: format!("{}{more}", written.first().map_or("", String::as_str)),
                namespace: None,
                kind: "External".to_owned(),
                pods: 0,
                group,
                at: String::new(),
                detail: if written.len() > 1 { written.join(", ") } else { String::new() },
                unprotected: false,
            }
        };
        by_group.into_iter().map(end).collect()
    }

    /// An end for ingress controllers and gateways, if something is published by one.
    fn controllers(&mut self) -> Option<End> {
        let publish = !self.published.is_empty();
        publish.then(|| End {
            name: names::INGRESS_CONTROLLER.to_owned(),
            short: names::INGRESS_CONTROLLER.to_owned(),
            namespace: None,
            kind: "Controller".to_owned(),
            pods: 0,
            group: self.group(usize::MAX, String::new(), Standing::Controller),
            at: String::new(),
            detail: "ingress controllers and gateways, where an Ingress or a route leads".to_owned(),
            unprotected: false,
        })
    }

    fn endpoint(&mut self, endpoint: &Endpoint, unprotected: bool) -> End {
        let reach = self.reach;
        // The endpoint's own name leads to it.
        let party = reach.find(&endpoint.name).map(Party::Endpoint);
        let group = party.map_or(0, |party| {
            let kind = self.kinds.of(reach, party, endpoint.pods.first().copied());
            let published = match party {
                Party::Endpoint(id) => self.published.get(&id).map(ToString::to_string),
                _ => None,
            };
            self.group(kind, published.unwrap_or_default(), Standing::Party(party))
        });
        let name = short(endpoint);
        End {
            name: endpoint.name.to_string(),
            short: name.rsplit_once('[').map_or(name, |(name, _)| name).to_owned(),
            namespace: endpoint.namespace.as_ref().map(ToString::to_string),
            kind: match &endpoint.kind {
                EndpointKind::Workload(workload) => workload.kind.to_string(),
                EndpointKind::Pod(_) => "Pod".to_owned(),
                EndpointKind::Node(_) => "Node".to_owned(),
            },
            pods: endpoint.pods.len(),
            group,
            at: endpoint.origin.at.to_string(),
            detail: String::new(),
            unprotected,
        }
    }

    fn rows(&self, reasons: &mut Reasons) -> (Vec<Vec<usize>>, Vec<Verdict>) {
        let mut numbers: HashMap<Verdict, usize> = HashMap::new();
        let mut rows = Vec::with_capacity(self.parties.len());
        for from in &self.parties {
            let mut row: Vec<usize> = Vec::new();
            for to in &self.parties {
                let verdict = self.verdict(*from, *to, reasons);
                let fresh = numbers.len();
                let number = *numbers.entry(verdict).or_insert(fresh);
                match row.as_mut_slice() {
                    [.., last, often] if *last == number => *often += 1,
                    _ => row.extend([number, 1]),
                }
            }
            rows.push(row);
        }
        let mut verdicts: Vec<(usize, Verdict)> =
            numbers.into_iter().map(|(v, number)| (number, v)).collect();
        verdicts.sort_by_key(|(number, _)| *number);
        (rows, verdicts.into_iter().map(|(_, verdict)| verdict).collect())
    }

    fn verdict(&self, from: Standing, to: Standing, reasons: &mut Reasons) -> Verdict {
        match (from, to) {
            (Standing::Party(from), Standing::Party(to)) => {
                let outside = |party| matches!(party, Party::Address(_));
                if outside(from) && outside(to) {
                    return Verdict::new(&PortSet::none(), Vec::new());
                }
                let (open, whys) = self.judged(from, to);
                Verdict::new(&open, stretches(&whys, reasons))
            }
            (Standing::Controller, Standing::Party(to)) => self.published(to, reasons),
            (_, Standing::Controller) => Verdict::new(&PortSet::none(), Vec::new()),
        }
    }

    /// What is open between two parties. Of two members of one group it is said what is open to the other, never that
    /// everyone reaches itself.
    fn judged(&self, from: Party, to: Party) -> (PortSet, Vec<Why>) {
        let own = |reason: &Reason| matches!(reason, Reason::Itself | Reason::OwnNode);
        let whys = self.reach.why(from, to);
        let open = self.reach.ports(self.reach.between(self.reach.class_of(from), self.reach.class_of(to)));
        let whys = whys.into_iter().filter(|why| !own(&why.egress.reason) && !own(&why.ingress.reason));
        ((*open).clone(), whys.collect())
    }

    /// What the controllers may open.
    fn published(&self, to: Party, reasons: &mut Reasons) -> Verdict {
        let Party::Endpoint(id) = to else { return Verdict::new(&PortSet::none(), Vec::new()) };
        let ways: Vec<_> = self.reach.ways().filter(|way| way.to == id && !way.by.is_empty()).collect();
        let (mut open, mut whys) = (PortSet::none(), Vec::new());
        for way in ways {
            open = open.or(&way.open);
            for by in &way.by {
                let mut of_party = self.reach.why(*by, to);
                of_party.iter_mut().for_each(|why| why.ports = why.ports.and(&way.aims));
                of_party.retain(|why| !why.ports.is_none() && !whys.contains(why));
                whys.extend(of_party);
            }
        }
        Verdict::new(&open, stretches(&whys, reasons))
    }
}

impl Verdict {
    fn new(open: &PortSet, why: Vec<Stretch>) -> Self {
        let port = |ports: OpenPorts| match (ports.from, ports.to) {
            (Some(from), Some(to)) => Open::Ports(ports.protocol, from, to),
            _ => Open::Protocol([ports.protocol]),
        };
        let text = if open.is_none() { String::new() } else { open.to_string() };
        Self { text, all: open.is_all(), open: ranges(open).into_iter().map(port).collect(), why }
    }
}

/// What decides, allowed ports first, and last what no rule names.
fn stretches(whys: &[Why], reasons: &mut Reasons) -> Vec<Stretch> {
    let mut whys: Vec<&Why> = whys.iter().collect();
    whys.sort_by_key(|why| (why.ports.other(), !why.allowed()));
    let alone = whys.len() == 1;
    let stretch = |why: &Why, reasons: &mut Reasons| Stretch {
        ports: match (&why.ports, why.family) {
            (ports, None) if alone && ports.is_all() => "every port".to_owned(),
            (ports, None) if ports.other() => "everything else".to_owned(),
            (ports, None) => ports.to_string(),
            (ports, Some(family)) => {
                let family = if family == netloom_cluster::Family::V4 { "IPv4" } else { "IPv6" };
                let what = if ports.other() { "everything else".to_owned() } else { ports.to_string() };
                format!("{what} over {family}")
            }
        },
        allowed: why.allowed(),
        egress: reasons.number(Direction::Egress, &why.egress),
        ingress: reasons.number(Direction::Ingress, &why.ingress),
    };
    whys.into_iter().map(|why| stretch(why, reasons)).collect()
}

impl Words {
    fn of(reason: &ReasonOf) -> Self {
        let side = reason.side;
        let tier = match reason.tier {
            Some("admin") => "a rule of the admin tier",
            Some("baseline") => "a rule of the baseline tier",
            _ => "a rule",
        };
        let text = match (reason.reason, reason.allowed) {
            ("not-subject", _) => "no policy is about it".to_owned(),
            ("own-node", _) => "a node always reaches its own pods".to_owned(),
            ("itself", _) => "it is itself".to_owned(),
            ("no-policy", _) => format!("no policy selects it for {side}"),
            ("no-rule-matches", _) => {
                format!("policies select it for {side}, and no rule of theirs is about this")
            }
            ("isolated", _) => {
                format!("these policies isolate it for {side}, and no rule of theirs allows this")
            }
            (_, true) => format!("{tier} allows it"),
            (_, false) => format!("{tier} denies it"),
        };
        let rules = reason.rules.iter().map(|rule| {
            let at = rule.at.written();
            Rule {
                kind: rule.kind.to_string(),
                namespace: rule.namespace.as_ref().map(ToString::to_string),
                name: rule.name.to_string(),
                file: at.file.to_string(),
                line: at.line,
            }
        });
        Self { allowed: reason.allowed, text, rules: rules.collect() }
    }
}
