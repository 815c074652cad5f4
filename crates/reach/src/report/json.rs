//! `-o json`: the table with the rules that allow each connection.
use std::{
    collections::HashMap,
    io::{self, Write},
};

use netloom_cluster::PodId;
use netloom_policy::Reason;
use serde::Serialize;

use super::{
    Texts,
    kinds::Kinds,
    reasons::{AllowedBy, Reasons},
};
use crate::{
    endpoints::Endpoint,
    exposure::Exposure,
    pool::PortSetId,
    ports::{PROTOCOLS, PortSet},
    reach::{Party, Reach},
    rows::{End, Row},
};

/// One open range of ports. A protocol without ports has none.
#[derive(Clone, Debug, Serialize)]
pub struct OpenPorts {
    /// `TCP`, `UDP`, `SCTP`, or `other` for all protocols without ports.
    pub protocol: &'static str,
    /// The first port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<u16>,
    /// The last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<u16>,
}

/// A set of ports as a list of ranges.
#[must_use]
pub fn ranges(set: &PortSet) -> Vec<OpenPorts> {
    let with_ports = PROTOCOLS.into_iter().flat_map(|protocol| {
        let range = move |(low, high): &(u16, u16)| OpenPorts {
            protocol: protocol.name(),
            from: Some(*low),
            to: Some(*high),
        };
        set.ranges(protocol).iter().map(range)
    });
    let other = set.other().then_some(OpenPorts { protocol: "other", from: None, to: None });
    with_ports.chain(other).collect()
}

#[derive(Serialize)]
struct Connection<'a> {
    src: &'a str,
    dst: &'a str,
    conn: &'a str,
    ports: &'a [OpenPorts],
    allowed_by: &'a AllowedBy,
}

/// Writes the table: `connections`, the `reasons` that these number, what is `published`, and where it is asked about
/// the `exposure`.
///
/// # Errors
/// When it cannot be written.
pub fn json(reach: &Reach, exposure: Option<&Exposure>, out: &mut impl Write) -> io::Result<()> {
    let mut table = Table::new(reach);
    let mut texts = Texts::new(reach);
    let mut of_set: HashMap<PortSetId, Vec<OpenPorts>> = HashMap::new();
    out.write_all(b"{\n  \"connections\": [")?;
    let mut separator = "\n    ";
    reach.try_rows(|row| {
        let allowed_by = table.allowed_by(&row);
        let connection = Connection {
            src: row.from.name(),
            dst: row.to.name(),
            conn: texts.get(row.open),
            ports: of_set.entry(row.open).or_insert_with(|| ranges(&reach.ports(row.open))),
            allowed_by: &allowed_by,
        };
        out.write_all(separator.as_bytes())?;
        separator = ",\n    ";
        serde_json::to_writer(&mut *out, &connection).map_err(io::Error::from)
    })?;
    out.write_all(b"\n  ],\n")?;
    table.reasons.write(out)?;
    out.write_all(b",\n  \"published\": [")?;
    let mut separator = "\n    ";
    for way in reach.ways() {
        write!(out, "{separator}{}", super::ways::json(reach, &way))?;
        separator = ",\n    ";
    }
    out.write_all(b"\n  ]")?;
    super::write_unread(reach, out)?;
    if let Some(exposure) = exposure {
        let exposed = super::exposure::json(reach, exposure);
        write!(
            out,
            ",\n  \"exposure\": {},\n  \"unprotected\": {}",
            exposed["exposure"], exposed["unprotected"]
        )?;
    }
    out.write_all(b"\n}\n")
}

impl Reasons {
    /// Writes the list.
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(b"  \"reasons\": [")?;
        let mut separator = "\n    ";
        for reason in self.all() {
            out.write_all(separator.as_bytes())?;
            separator = ",\n    ";
            serde_json::to_writer(&mut *out, reason)?;
        }
        out.write_all(b"\n  ]")
    }
}

/// The reasons of each pair of kinds, found once.
struct Table<'r> {
    reach: &'r Reach,
    reasons: Reasons,
    kinds: Kinds,
    of_endpoint: HashMap<*const Endpoint, usize>,
    known: HashMap<(usize, usize), AllowedBy>,
}

impl<'r> Table<'r> {
    fn new(reach: &'r Reach) -> Self {
        Self {
            reach,
            reasons: Reasons::default(),
            kinds: Kinds::default(),
            of_endpoint: HashMap::new(),
            known: HashMap::new(),
        }
    }

    fn allowed_by(&mut self, row: &Row<'_>) -> AllowedBy {
        let (sources, targets) = (self.ends(&row.from), self.ends(&row.to));
        let mut all = AllowedBy::default();
        for (from_kind, from) in &sources {
            for (to_kind, to) in &targets {
                let of_pair = match self.known.get(&(*from_kind, *to_kind)) {
                    Some(known) => known.clone(),
                    None => self.found((*from_kind, *from), (*to_kind, *to)),
                };
                for (list, more) in [(&mut all.egress, of_pair.egress), (&mut all.ingress, of_pair.ingress)] {
                    list.extend(more.into_iter().filter(|n| !list.contains(n)).collect::<Vec<_>>());
                }
            }
        }
        all
    }

    fn found(&mut self, from: (usize, Party), to: (usize, Party)) -> AllowedBy {
        let mut found = AllowedBy::default();
        let whys = self.reach.why(from.1, to.1);
        // Of two pods of a workload each may be asked; the table is not about a pod and itself, nor its own node.
        let counts = |reason: &Reason| !matches!(reason, Reason::Itself | Reason::OwnNode);
        let whys = whys.iter().filter(|why| counts(&why.egress.reason) && counts(&why.ingress.reason));
        self.reasons.allowing(whys, &mut found);
        self.known.insert((from.0, to.0), found.clone());
        found
    }

    fn ends(&mut self, end: &End<'_>) -> Vec<(usize, Party)> {
        match end {
            End::Endpoint(endpoint) => {
                let Some(party) = self.reach.find(&endpoint.name).map(Party::Endpoint) else {
                    return Vec::new();
                };
                let kind = match self.of_endpoint.get(&std::ptr::from_ref(*endpoint)) {
                    Some(kind) => *kind,
                    None => {
                        let kind = self.kind_of(party, endpoint.pods.first().copied());
                        self.of_endpoint.insert(*endpoint, kind);
                        kind
                    }
                };
                vec![(kind, party)]
            }
            End::External(range, _) => {
                let reach = self.reach;
                let within = reach.outside().iter().filter(|o| range.and(&o.range) == Some(o.range));
                let pieces: Vec<_> = within.map(|o| Party::Address(o.range.low)).collect();
                pieces.into_iter().map(|party| (self.kind_of(party, None), party)).collect()
            }
            End::Controller => {
                let parties = self.reach.controllers();
                parties.into_iter().map(|party| (self.kind_of(party, None), party)).collect()
            }
        }
    }

    fn kind_of(&mut self, party: Party, pod: Option<PodId>) -> usize {
        self.kinds.of(self.reach, party, pod)
    }
}
