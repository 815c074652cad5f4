//! Files of expectations and tables of verdicts, held against prediction and packets.
use std::path::Path;

use netloom_cluster::{PodId, Protocol};
use netloom_embedded::{
    Network,
    verify::{Disagreement, Plan},
};
use netloom_explain::World;
use netloom_reach::{
    Party, Reach,
    expect::{Broken, Expectation, Outcome, table::Table},
};

use crate::{load::Stop, reach::expect::Expected};

pub fn read_table(path: &Path) -> Result<Table, Stop> {
    match Expected::read(path)? {
        Expected::Table(table) => Ok(table),
        Expected::Lines(_) => Err(Stop::Because(format!("{} is no table of verdicts", path.display()))),
    }
}

/// Expectations that the prediction does not agree with.
pub fn refused(file: &str, outcomes: &[Outcome]) -> Vec<Disagreement> {
    let of_outcome = |outcome: &Outcome| {
        let wanted = if outcome.expectation.allowed { "allowed" } else { "denied" };
        let predicted = if outcome.expectation.allowed { "denied" } else { "allowed" };
        let line = format!("{file}:{}", outcome.expectation.line);
        let of_pair = move |broken: &Broken| Disagreement {
            from: broken.from.clone(),
            to: broken.to.clone(),
            address: broken.ports.to_string(),
            protocol: "",
            predicted: predicted.to_owned(),
            observed: format!("{line} expects {wanted}"),
            object: None,
        };
        outcome.broken.iter().map(of_pair).collect::<Vec<_>>()
    };
    outcomes.iter().flat_map(of_outcome).collect()
}

/// Ports of an expectation that are probed, at most: a range is no reason to try each of its ports.
const PROBED_PORTS: usize = 4;

/// Probes for an expectation about ports of pods, so that the packets are held against it by way of the prediction.
pub fn add_pairs(
    network: &Network,
    reach: &Reach,
    file: &str,
    expectation: &Expectation,
    plan: &mut Plan,
) -> Result<(), Stop> {
    let question = expectation.question(file, reach)?;
    if question.port.is_none() {
        return Ok(());
    }
    let own = |pod: &PodId| !network.world().snapshot.pod(*pod).host_network;
    let pods = |party| -> Vec<PodId> {
        let pods = match party {
            Party::Pod(pod) => vec![pod],
            Party::Endpoint(id) => reach.endpoint(id).pods.clone(),
            _ => Vec::new(),
        };
        pods.into_iter().filter(own).collect()
    };
    for answer in question.answers(reach)? {
        for protocol in [Protocol::Tcp, Protocol::Udp] {
            let ports = answer.asked.ranges(protocol).iter().flat_map(|(low, high)| *low..=*high);
            for port in ports.take(PROBED_PORTS) {
                for from in pods(answer.from) {
                    for to in pods(answer.to).into_iter().filter(|to| *to != from) {
                        plan.pair(network, from, to, protocol, port);
                    }
                }
            }
        }
    }
    Ok(())
}

/// Rows that the prediction does not agree with. A pod's connections to itself are not asked: they are always allowed.
pub fn held_against(world: &World, table: &Table) -> Result<Vec<Disagreement>, Stop> {
    let mut broken = Vec::new();
    for row in table.asked() {
        let (from, to) = row.pods(&world.snapshot)?;
        let (source, target) = (world.snapshot.pod(from), world.snapshot.pod(to));
        let pair = target
            .ips
            .iter()
            .find_map(|ip| Some((source.ips.iter().find(|own| own.is_ipv4() == ip.is_ipv4())?, ip)));
        let Some((source_ip, target_ip)) = pair else { continue };
        let decision = world.policies.evaluate(source_ip, target_ip, row.protocol, row.port);
        let predicted = [decision.ingress.allowed, decision.egress.allowed, decision.allowed()];
        if predicted != [row.ingress, row.egress, row.combined] {
            let text = |[ingress, egress, combined]: [bool; 3]| {
                let word = |allowed| if allowed { "allowed" } else { "blocked" };
                format!("ingress {}, egress {}, combined {}", word(ingress), word(egress), word(combined))
            };
            broken.push(Disagreement {
                from: row.from.clone(),
                to: format!("{}:{}", row.to, row.port),
                address: target_ip.to_string(),
                protocol: row.protocol.name(),
                predicted: text(predicted),
                observed: format!(
                    "the table (line {}) expects {}",
                    row.line,
                    text([row.ingress, row.egress, row.combined])
                ),
                object: None,
            });
        }
    }
    Ok(broken)
}

/// A probe for every row, so that the packets are held against the table by way of the prediction.
pub fn add_rows(network: &Network, table: &Table, plan: &mut Plan) -> Result<(), Stop> {
    for row in table.asked().filter(|r| matches!(r.protocol, Protocol::Tcp | Protocol::Udp | Protocol::Sctp))
    {
        let (from, to) = row.pods(&network.world().snapshot)?;
        plan.pair(network, from, to, row.protocol, row.port);
    }
    Ok(())
}
