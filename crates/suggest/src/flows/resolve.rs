//! Who a side of a flow is: a unit of the set, pods that it does not have, addresses.
use std::net::IpAddr;

use netloom_cluster::{PodId, Workload};
use netloom_reach::{Home, Party, StandIn, Who};

use super::forms::{Place, Side};
use crate::{
    declared::end_of,
    dns::blocks,
    ground::Ground,
    need::End,
    selector::lasting,
    units::{Unit, UnitId},
};

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Ends(Vec<End>),
    Outside(IpAddr),
    /// A node that speaks to its own pods, or the like.
    Beside,
    /// Nobody; in words.
    Unknown(String),
    /// What a person wrote means nobody.
    Wrong(String),
}

pub(super) fn find(ground: &Ground<'_>, side: &Side) -> Found {
    if let Some(text) = &side.text {
        return written(ground, text);
    }
    if side.place == Place::OwnNode {
        return Found::Beside;
    }
    if let Some(unit) = unit(ground, side) {
        return Found::Ends(vec![End::Unit(unit)]);
    }
    // A pod on the host's network is its node to policies.
    if let Some(ends) = side.pod.as_deref().and_then(|pod| host_pod(ground, side.namespace.as_deref(), pod)) {
        return ends;
    }
    match (side.place, &side.namespace, side.ip) {
        (Place::Node, _, Some(ip)) => Found::Ends(vec![End::Blocks(blocks(std::iter::once(ip)))]),
        (Place::World, _, Some(ip)) => Found::Outside(ip),
        (Place::World | Place::Node, _, None) => Found::Unknown(
            "addresses that the log does not tell: keep them in the log, or declare the network in --needs"
                .to_owned(),
        ),
        (Place::Somewhere, Some(namespace), _) => elsewhere(namespace, side),
        (Place::Somewhere, None, Some(ip)) => match at(ground, ip) {
            Some(end) => Found::Ends(vec![end]),
            None => Found::Outside(ip),
        },
        (Place::Somewhere, None, None) | (Place::OwnNode, ..) => Found::Beside,
    }
}

/// As a person writes it; a pod may have the name that it has in the cluster that runs.
fn written(ground: &Ground<'_>, text: &str) -> Found {
    match Who::find(&ground.today, text, None) {
        Ok(who) => {
            let ends =
                who.ends(&ground.today).into_iter().map(|(party, _)| (party, end_of(ground, &who, party)));
            let mut found: Vec<End> = Vec::new();
            for (party, end) in ends {
                match (party, end) {
                    (Party::Address(ip), _) if text.parse::<IpAddr>().is_ok() => return Found::Outside(ip),
                    (_, Some(end)) if found.contains(&end) => {}
                    (_, Some(end)) => found.push(end),
                    (party, None) => {
                        return Found::Unknown(format!(
                            "{}, on its node's network, whose address is not known; say --node-cidr",
                            ground.today.name_of(party, None)
                        ));
                    }
                }
            }
            Found::Ends(found)
        }
        Err(error) => {
            let pod = text.split_once('/').and_then(|(namespace, pod)| named(ground, namespace, pod));
            pod.map_or_else(|| Found::Wrong(error.to_string()), |unit| Found::Ends(vec![End::Unit(unit)]))
        }
    }
}

fn unit(ground: &Ground<'_>, side: &Side) -> Option<UnitId> {
    let namespace = side.namespace.as_deref()?;
    let by_workload =
        side.workload.as_ref().and_then(|(kind, name)| ground.units.of_workload(namespace, kind, name));
    by_workload
        .or_else(|| side.pod.as_deref().and_then(|pod| named(ground, namespace, pod)))
        .or_else(|| labelled(ground, namespace, side))
}

/// The unit that a pod of this name belongs to: the pod itself, or a workload whose pods are called so.
fn named(ground: &Ground<'_>, namespace: &str, pod: &str) -> Option<UnitId> {
    if let Some(pod) = ground.snapshot.find_pod(namespace, pod) {
        return ground.units.of_pod(pod.id);
    }
    let here = ground.units.all().iter().filter(|unit| *unit.namespace == *namespace);
    let all = here.flat_map(|unit| unit.workloads.iter().map(move |workload| (unit, workload)));
    let fitting = all.filter(|(_, workload)| is_pod_of(pod, workload));
    fitting.max_by_key(|(_, workload)| workload.name.len()).map(|(unit, _)| unit.id)
}

/// Whether a pod is called as a workload's pods are: `web-5d8f9c7b6-x2k4q`, `db-0`, and with a `*` for what is left out.
fn is_pod_of(pod: &str, workload: &Workload) -> bool {
    let Some(rest) = pod.strip_prefix(&*workload.name) else { return false };
    if rest.is_empty() || rest == "*" {
        return true;
    }
    let Some(rest) = rest.strip_prefix('-') else { return false };
    // What controllers add has no vowels, so that it is no word, and neither 0, 1 nor 3.
    let random =
        |part: &str| part.trim_end_matches('*').bytes().all(|b| b"bcdfghjklmnpqrstvwxz2456789".contains(&b));
    let parts: Vec<&str> = rest.split('-').collect();
    match &*workload.kind {
        "StatefulSet" => rest == "*" || rest.bytes().all(|b| b.is_ascii_digit()),
        // The runs of a CronJob are numbered by minutes.
        "CronJob" | "Job" => {
            parts.len() <= 3 && parts.iter().all(|p| random(p) || p.bytes().all(|b| b.is_ascii_digit()))
        }
        _ => parts.len() <= 2 && parts.iter().all(|part| random(part)),
    }
}

/// The only unit whose selector these labels fit.
fn labelled(ground: &Ground<'_>, namespace: &str, side: &Side) -> Option<UnitId> {
    if side.labels.is_empty() {
        return None;
    }
    let here = ground.units.all().iter().filter(|unit| *unit.namespace == *namespace);
    let fits = |unit: &&Unit| !unit.selector.requirements.is_empty() && unit.selector.matches(&side.labels);
    let mut fitting = here.filter(fits);
    match (fitting.next(), fitting.next()) {
        (Some(unit), None) => Some(unit.id),
        _ => None,
    }
}

/// A pod on the host's network by its name.
fn host_pod(ground: &Ground<'_>, namespace: Option<&str>, pod: &str) -> Option<Found> {
    let namespace = namespace?;
    let hosts = ground.snapshot.pods.iter().filter(|p| p.host_network && *p.namespace == *namespace);
    let pods: Vec<PodId> =
        hosts.filter(|p| *p.name == *pod || is_pod_of(pod, &p.workload)).map(|p| p.id).collect();
    if pods.is_empty() {
        return None;
    }
    let ends: Option<Vec<End>> = ground.ends(pods).into_iter().collect();
    Some(ends.map_or_else(
        || {
            Found::Unknown(format!(
                "{namespace}/{pod}, on its node's network, whose address is not known; say --node-cidr"
            ))
        },
        Found::Ends,
    ))
}

/// Pods that the set does not have, by their labels.
fn elsewhere(namespace: &str, side: &Side) -> Found {
    let labels = lasting(&side.labels);
    if labels.is_empty() {
        let pod = side.pod.as_deref().unwrap_or("*");
        return Found::Unknown(format!(
            "{namespace}/{pod}, of which these manifests know nothing and the log no labels"
        ));
    }
    Found::Ends(vec![End::Elsewhere(StandIn { home: Home::Named(namespace.into()), labels })])
}

/// Who of the set has an address.
fn at(ground: &Ground<'_>, ip: IpAddr) -> Option<End> {
    let pod = ground.snapshot.pods.iter().find(|pod| pod.ips.contains(ip))?;
    ground.ends([pod.id]).pop().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_are_known_by_the_names_that_controllers_give() {
        for (pod, kind, name, is) in [
            ("web-5d8f9c7b6-x2k4q", "Deployment", "web", true),
            ("web-5d8f9c7b6-*", "Deployment", "web", true),
            ("web-*", "Deployment", "web", true),
            ("web", "Pod", "web", true),
            ("web-canary-5d8f9c7b6-x2k4q", "Deployment", "web", false),
            ("web-canary-x2k4q", "DaemonSet", "web", false),
            ("web-canary-x2k4q", "DaemonSet", "web-canary", true),
            ("webx-5d8f9c7b6-x2k4q", "Deployment", "web", false),
            ("db-0", "StatefulSet", "db", true),
            ("db-*", "StatefulSet", "db", true),
            ("db-backup", "StatefulSet", "db", false),
            ("nightly-29012345-x2k4q", "CronJob", "nightly", true),
        ] {
            let workload = Workload { kind: kind.into(), name: name.into() };
            assert_eq!(is_pod_of(pod, &workload), is, "{pod} of {kind} {name}");
        }
    }
}
