//! Needs that somebody wrote down, in the language of expectations.
use ipnet::IpNet;
use netloom_objects::Location;
use netloom_reach::{
    Answer, Party, PortSet, Who,
    expect::{ExpectError, Expectation, Expectations},
    internet_exceptions,
};

use crate::{
    ground::Ground,
    need::{Block, End, Learnt, Need, Needs, Reason, listening},
};

/// Needs of a file, and what it says must stay shut.
#[derive(Debug, Default)]
pub struct Declared {
    /// The lines that are needs.
    pub needs: Needs,
    /// The lines that end in `denied`.
    pub shut: Expectations,
}

impl Declared {
    /// Reads a file of this name.
    ///
    /// # Errors
    /// The first line that is no need, or whose names mean nobody.
    pub fn read(ground: &Ground<'_>, file: &str, text: &str) -> Result<Self, ExpectError> {
        let mut declared = Self::default();
        for line in Expectations::parse_needs(file, text)?.lines {
            match line.allowed {
                true => add(ground, file, &line, &mut declared.needs)?,
                false => {
                    let question = line.question(file, &ground.today)?;
                    let named = [&question.from, &question.to].into_iter().filter(|who| who.label() != "*");
                    let ends = named.map(|who| who.ends(&ground.today));
                    let pods = ends.flatten().flat_map(|(party, _)| ground.pods(party));
                    let units = pods.filter_map(|pod| ground.units.of_pod(pod));
                    declared.needs.said.extend(units);
                    declared.shut.lines.push(line);
                }
            }
        }
        Ok(declared)
    }
}

fn add(ground: &Ground<'_>, file: &str, line: &Expectation, out: &mut Needs) -> Result<(), ExpectError> {
    let fails = |reason: String| ExpectError { file: file.to_owned(), line: line.line, reason };
    let question = line.question(file, &ground.today)?;
    let answers = question.answers(&ground.today).map_err(|error| fails(error.to_string()))?;
    if answers.is_empty() {
        return Err(fails(format!("`{}` and `{}` are no two ends of a connection", line.from, line.to)));
    }
    let at = Location { file: file.into(), line: line.line as u32, column: 1 };
    let reason = Reason {
        learnt: Learnt::Declared,
        text: format!("declared: {} -> {}", line.from, line.to),
        at: Some(at.clone()),
    };
    for answer in &answers {
        let from = end_of(ground, &question.from, answer.from);
        let to = end_of(ground, &question.to, answer.to);
        for (party, _) in [(answer.from, &from), (answer.to, &to)].iter().filter(|(_, ends)| ends.is_none()) {
            let text = format!(
                "{} is on its node's network, and these manifests do not tell the node's address; name it: --node-cidr",
                ground.today.name_of(*party, None)
            );
            out.doubt(text, Some(at.clone()));
        }
        let (Some(from), Some(to)) = (from, to) else { continue };
        let ports = asked(ground, answer, &to, question.port.is_none());
        out.add(Need { from, to, ports, reason: reason.clone() });
    }
    Ok(())
}

/// The ports that are meant: without any those on which the target answers.
fn asked(ground: &Ground<'_>, answer: &Answer, to: &End, any: bool) -> PortSet {
    match to {
        End::Unit(unit) if any => listening(&ground.snapshot, &ground.units, *unit),
        _ => answer.asked.clone(),
    }
}

/// The end that a party is, as it was written; none where its addresses are not known.
pub(crate) fn end_of(ground: &Ground<'_>, who: &Who, party: Party) -> Option<End> {
    match party {
        Party::Address(_) => Some(End::Blocks(blocks(ground, who.label(), party))),
        Party::StandIn(nth) => Some(End::Elsewhere(ground.today.stand_ins()[nth].clone())),
        Party::Node(node) => {
            let ips: Vec<Block> =
                ground.snapshot.node(node).ips.iter().map(|ip| Block::from(IpNet::from(ip))).collect();
            (!ips.is_empty()).then_some(End::Blocks(ips))
        }
        Party::Endpoint(_) | Party::Pod(_) => ground.ends(ground.pods(party)).into_iter().next().flatten(),
    }
}

/// Addresses as a person writes them.
fn blocks(ground: &Ground<'_>, text: &str, party: Party) -> Vec<Block> {
    match text {
        "outside" | "*" => ground.everyone(),
        "internet" => internet(ground),
        _ => match (text.parse::<IpNet>(), party) {
            (Ok(net), _) => vec![Block::from(net)],
            (Err(_), Party::Address(ip)) => vec![Block::from(IpNet::from(ip))],
            (Err(_), _) => Vec::new(),
        },
    }
}

/// The internet: everyone but the networks that are not of it.
fn internet(ground: &Ground<'_>) -> Vec<Block> {
    let mut blocks = ground.everyone();
    for block in &mut blocks {
        match block.cidr {
            IpNet::V4(_) => block.except = internet_exceptions(),
            // Global unicast addresses (RFC 4291).
            IpNet::V6(_) => {
                block.cidr = IpNet::V6(ipnet::Ipv6Net::new_assert(
                    std::net::Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0),
                    3,
                ));
            }
        }
    }
    blocks
}
