//! What is published to the outside: the ways to pods, and what policies make of them.
use serde_json::{Value, json};

use netloom_policy::{Direction, Reason};

use super::{json::ranges, reasons::ReasonOf, sides::in_words};
use crate::{
    ask::internet,
    carriers::Way,
    outside::AddressRange,
    ports::PortSet,
    published::Entry,
    reach::{Party, Reach},
    rows::Side,
    why::Why,
};

/// A way by which the internet reaches an endpoint.
#[derive(Debug)]
pub struct OpenWay<'r> {
    /// The way.
    pub way: Way<'r>,
    /// The ports of the endpoint that it opens.
    pub open: PortSet,
    /// Who connects to the pods, as policies see them.
    client: Party,
}

impl Reach {
    /// The ways that lead from the internet to endpoints, and that policies leave open.
    #[must_use]
    pub fn open_to_internet(&self) -> Vec<OpenWay<'_>> {
        let internet = internet(self);
        let mut open: Vec<OpenWay<'_>> =
            self.ways().filter_map(|way| self.open_way(way, &internet)).collect();
        open.sort_by(|a, b| self.endpoint(a.way.to).name.cmp(&self.endpoint(b.way.to).name));
        open
    }

    fn open_way<'r>(&self, way: Way<'r>, internet: &[AddressRange]) -> Option<OpenWay<'r>> {
        if matches!(way.published.entry, Entry::Controller(_)) {
            let admitted =
                |party: &&Party| !self.allowed(**party, Party::Endpoint(way.to)).and(&way.aims).is_none();
            let client = *way.by.iter().find(admitted)?;
            return Some(OpenWay { open: way.open.clone(), way, client });
        }
        let target = self.class_of(Party::Endpoint(way.to));
        let (mut open, mut client) = (PortSet::none(), None);
        for (range, ports) in self.stretches(target, Side::In) {
            let ports = self.ports(ports).and(&way.aims);
            let from =
                internet.iter().filter_map(|part| part.and(&range)).find(|part| way.published.is_for(part));
            if let (Some(from), false) = (from, ports.is_none()) {
                open = open.or(&ports);
                client.get_or_insert(Party::Address(from.low));
            }
        }
        if internet.iter().any(|part| way.published.is_for(part)) {
            for node in &way.nodes {
                let ports = self.open_to_node(*node, way.to).and(&way.aims);
                if !ports.minus(&open).is_none() {
                    open = open.or(&ports);
                    client.get_or_insert(*node);
                }
            }
        }
        client.map(|client| OpenWay { open, way, client })
    }
}

impl OpenWay<'_> {
    /// The node under whose address clients come, where they are not let in under their own.
    #[must_use]
    pub fn node(&self) -> Option<Party> {
        matches!(self.client, Party::Node(_)).then_some(self.client)
    }

    /// The rules that let it in.
    fn whys(&self, reach: &Reach) -> Vec<Why> {
        let whys = reach.why(self.client, Party::Endpoint(self.way.to));
        whys.into_iter().filter(|why| why.allowed() && !why.ports.and(&self.open).is_none()).collect()
    }

    /// `shop/web[Deployment] : TCP 8080 by Ingress …`, and below it what admits it.
    #[must_use]
    pub fn text(&self, reach: &Reach) -> String {
        let published = self.way.published;
        let name = &reach.endpoint(self.way.to).name;
        let mut text = format!("{name} : {} by {} ({})\n", self.open, published.by, title(self));
        let mut sides: Vec<String> = Vec::new();
        for why in self.whys(reach) {
            let words = in_words(Direction::Ingress, &why.ingress);
            if !sides.contains(&words) {
                sides.push(words);
            }
        }
        for side in sides {
            text.push_str(&format!("  {side}\n"));
        }
        if self.node().is_some() {
            text.push_str("  clients come under a node's address (externalTrafficPolicy: Cluster)\n");
        }
        text
    }

    /// For programs.
    #[must_use]
    pub fn json(&self, reach: &Reach) -> Value {
        let published = self.way.published;
        let mut reasons: Vec<ReasonOf> = Vec::new();
        for why in self.whys(reach) {
            let reason = ReasonOf::of(Direction::Ingress, &why.ingress);
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        json!({
            "dst": reach.endpoint(self.way.to).name,
            "conn": self.open.to_string(),
            "ports": ranges(&self.open),
            "entry": published.entry.name(),
            "address": published.address,
            "by": *published.by,
            "admitted_by": reasons,
            "masqueraded": self.node().is_some(),
        })
    }
}

/// A way, open or not, for programs.
pub(super) fn json(reach: &Reach, way: &Way<'_>) -> Value {
    json!({
        "dst": reach.endpoint(way.to).name,
        "entry": way.published.entry.name(),
        "address": way.published.address,
        "by": *way.published.by,
        "leads_to": ranges(&way.aims),
        "open": ranges(&way.open),
    })
}

fn title(open: &OpenWay<'_>) -> String {
    format!("{} {}", open.way.published.entry.name(), open.way.published.address)
}

/// Ways that policies shut, in words: what is published, and answers nobody.
pub fn shut(reach: &Reach) -> impl Iterator<Item = String> {
    reach.ways().filter(|way| way.open.is_none() && !way.aims.is_none()).map(|way| {
        let client = match way.by.first() {
            Some(Party::StandIn(_)) => "the usual ingress controllers",
            Some(_) => "the ingress controller",
            None => "anyone outside",
        };
        let name = &reach.endpoint(way.to).name;
        let mut text = format!(
            "{} leads to {name} on {}, and policies do not let {client} in",
            way.published.by, way.aims
        );
        let client = way
            .by
            .first()
            .copied()
            .or_else(|| reach.outside().first().map(|outside| Party::Address(outside.range.low)));
        let whys = client.map(|client| reach.why(client, Party::Endpoint(way.to))).unwrap_or_default();
        let denying = whys.iter().find(|why| !why.allowed() && !why.ports.and(&way.aims).is_none());
        if let Some(why) = denying {
            let side = if why.ingress.allowed {
                (Direction::Egress, &why.egress)
            } else {
                (Direction::Ingress, &why.ingress)
            };
            if !matches!(side.1.reason, Reason::NotSubject) {
                text.push_str(&format!(": {}", in_words(side.0, side.1)));
            }
        }
        text
    })
}
