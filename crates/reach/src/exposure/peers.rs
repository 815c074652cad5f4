//! Whom exposure is asked about: pods that policies' peers select, and pods that they just leave out.
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::Arc,
};

use netloom_cluster::{
    Action, NamespaceMatch, Operator, Peer, Pod, PodPeer, Requirement, Selector, Snapshot,
};
use netloom_objects::Location;

use crate::stand_in::{Home, NAME_LABEL, StandIn};

/// A pod to ask about.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub stand_in: StandIn,
    /// What the pods are called that it stands for; none for one that only shows what not everybody has.
    pub name: Option<Arc<str>>,
    /// Whether it is one that a rule leaves out which admits all others.
    pub bounds: bool,
}

/// Everyone to ask about; first the pod of which nothing is known.
pub(super) fn asked(snapshot: &Snapshot) -> Vec<Asked> {
    let nobody = StandIn { home: Home::Labelled(BTreeMap::new()), labels: BTreeMap::new() };
    let mut all = vec![Asked { stand_in: nobody, name: None, bounds: false }];
    for (peer, accepts) in peers(snapshot) {
        if !is_met(snapshot, peer) {
            let own = stand_ins(snapshot, peer).into_iter();
            all.extend(own.map(|(stand_in, name)| Asked { stand_in, name: Some(name), bounds: false }));
        }
        for others in left_out(peer) {
            let others = stand_ins(snapshot, &others).into_iter();
            // Whom a denial leaves out may have more than others: that is told.
            all.extend(others.map(|(stand_in, name)| Asked {
                stand_in,
                name: (!accepts).then_some(name),
                bounds: accepts,
            }));
        }
    }
    all
}

/// The pods that policies speak of, each selection once, and whether it is to let them.
fn peers(snapshot: &Snapshot) -> BTreeSet<(&PodPeer, bool)> {
    let rules = snapshot.policies.iter().flat_map(|p| p.ingress.iter().chain(&p.egress).flatten());
    let peers = rules
        .flat_map(|rule| rule.peers.iter().flatten().map(move |peer| (peer, rule.action == Action::Accept)));
    let pods = peers.filter_map(|(peer, accepts)| match &peer.peer {
        Peer::Pods(pods) => Some((pods, accepts)),
        _ => None,
    });
    pods.collect()
}

/// Those that a peer does not select for one of its negative requirements, one for each.
fn left_out(peer: &PodPeer) -> Vec<PodPeer> {
    let turned = |selector: &Selector| -> Vec<Selector> {
        let turn = |nth: usize| {
            let operator = match &selector.requirements[nth].operator {
                Operator::NotIn(values) => Operator::In(values.clone()),
                Operator::DoesNotExist => Operator::Exists,
                Operator::In(_) | Operator::Exists => return None,
            };
            let mut turned = selector.clone();
            turned.requirements[nth].operator = operator;
            Some(turned)
        };
        (0..selector.requirements.len()).filter_map(turn).collect()
    };
    let by_pods = turned(&peer.pods).into_iter().map(|pods| PodPeer { pods, ..peer.clone() });
    let mut all: Vec<PodPeer> = by_pods.collect();
    if let NamespaceMatch::Labels(labels) = &peer.namespaces {
        let by_namespace = turned(labels).into_iter();
        all.extend(
            by_namespace.map(|labels| PodPeer { namespaces: NamespaceMatch::Labels(labels), ..peer.clone() }),
        );
    }
    all
}

/// Whether the pods that a peer asks for by their labels are there, in a namespace that it names: then they, and not
/// others, are meant. Any other namespace may have such pods, too.
fn is_met(snapshot: &Snapshot, peer: &PodPeer) -> bool {
    if peer.pods.requirements.is_empty() {
        // Any pod of any namespace is asked about anyway.
        return matches!(&peer.namespaces, NamespaceMatch::Labels(labels) if labels.requirements.is_empty());
    }
    let is_plain = |requirement: &Requirement| matches!(requirement.operator, Operator::In(_));
    let Some(homes) = named(&peer.namespaces).filter(|_| peer.pods.requirements.iter().all(is_plain)) else {
        return false;
    };
    let examples = examples(&peer.pods);
    let is_there = |namespace: &str, labels: &BTreeMap<String, String>| {
        let has = |pod: &Arc<Pod>| {
            let has_labels = labels.iter().all(|(key, value)| pod.labels.get(key) == Some(value));
            !pod.host_network && pod.origin.at != Location::builtin() && has_labels
        };
        pods_of(snapshot, namespace).iter().any(has)
    };
    homes.iter().all(|home| examples.iter().all(|labels| is_there(home, labels)))
}

/// The names of the namespaces that a peer is in, where it says names and nothing else.
fn named(namespaces: &NamespaceMatch) -> Option<Vec<&str>> {
    match namespaces {
        NamespaceMatch::Named(name) => Some(vec![name]),
        NamespaceMatch::Labels(labels) => match labels.requirements.as_slice() {
            [Requirement { key, operator: Operator::In(names) }] if key == NAME_LABEL => {
                Some(names.iter().map(String::as_str).collect())
            }
            _ => None,
        },
    }
}

/// The pods of a namespace: they stand together.
fn pods_of<'s>(snapshot: &'s Snapshot, namespace: &str) -> &'s [Arc<Pod>] {
    let first = snapshot.pods.partition_point(|pod| *pod.namespace < *namespace);
    let behind = snapshot.pods.partition_point(|pod| *pod.namespace <= *namespace);
    &snapshot.pods[first..behind]
}

/// Pods that a peer selects, each with the name of those that it stands for.
fn stand_ins(snapshot: &Snapshot, peer: &PodPeer) -> Vec<(StandIn, Arc<str>)> {
    let pods = match peer.pods.requirements.as_slice() {
        [] => "[all pods]".to_owned(),
        _ => format!("[pod with {{{}}}]", words(&peer.pods.requirements)),
    };
    let (homes, namespaces) = match &peer.namespaces {
        NamespaceMatch::Named(name) => (vec![Home::Named(name.clone())], name.to_string()),
        NamespaceMatch::Labels(selector) => homes(snapshot, selector),
    };
    let name: Arc<str> = format!("{namespaces}/{pods}").into();
    let labels = examples(&peer.pods);
    let pairs =
        homes.into_iter().flat_map(|home| labels.iter().map(move |labels| (home.clone(), labels.clone())));
    pairs.map(|(home, labels)| (StandIn { home, labels }, name.clone())).collect()
}

fn homes(snapshot: &Snapshot, selector: &Selector) -> (Vec<Home>, String) {
    let named = |r: &Requirement| match &r.operator {
        Operator::In(names) if r.key == NAME_LABEL => Some(names.clone()),
        _ => None,
    };
    match selector.requirements.as_slice() {
        [] => (vec![Home::Labelled(BTreeMap::new())], "[all namespaces]".to_owned()),
        [only] if named(only).is_some() => {
            let names = named(only).unwrap_or_default();
            let homes = names.iter().map(|name| Home::Named(name.as_str().into())).collect();
            (homes, names.join("|"))
        }
        requirements => {
            let named = requirements.iter().find_map(named).unwrap_or_default();
            let known = |name: &&String| snapshot.find_namespace(name).is_some();
            let homes = match named.iter().any(|name| known(&name)) {
                // A namespace of the set has the labels that it has.
                true => named.iter().filter(known).map(|name| Home::Named(name.as_str().into())).collect(),
                false => examples(selector).into_iter().map(Home::Labelled).collect(),
            };
            (homes, format!("[namespace with {{{}}}]", words(requirements)))
        }
    }
}

/// Values that are tried of a list, at most.
const TRIED: usize = 8;

/// Labels that a selector selects, the fewest there can be: one for each value that it lists. None where nothing can
/// have them.
fn examples(selector: &Selector) -> Vec<BTreeMap<String, String>> {
    let mut examples = vec![BTreeMap::new()];
    for requirement in &selector.requirements {
        let values: Vec<String> = match &requirement.operator {
            Operator::In(values) => values.iter().take(TRIED).cloned().collect(),
            Operator::Exists => vec!["any".to_owned()],
            Operator::NotIn(_) | Operator::DoesNotExist => continue,
        };
        let with = |labels: &BTreeMap<String, String>| {
            let known = labels.contains_key(&requirement.key);
            let values = if known { Vec::new() } else { values.clone() };
            let added = values.into_iter().map(|value| {
                let mut labels = labels.clone();
                labels.insert(requirement.key.clone(), value);
                labels
            });
            added.chain(known.then(|| labels.clone())).collect::<Vec<_>>()
        };
        examples = examples.iter().flat_map(with).take(TRIED * TRIED).collect();
    }
    examples.retain(|labels| selector.matches(labels));
    examples
}

/// `app=web,env Exists,role NotIn (a,b)`.
fn words(requirements: &[Requirement]) -> String {
    let mut text = String::new();
    for (nth, Requirement { key, operator }) in requirements.iter().enumerate() {
        let comma = if nth > 0 { "," } else { "" };
        // Writing to a String cannot fail.
        _ = match operator {
            Operator::In(values) if values.len() == 1 => write!(text, "{comma}{key}={}", values[0]),
            Operator::In(values) => write!(text, "{comma}{key} In ({})", values.join(",")),
            Operator::NotIn(values) => write!(text, "{comma}{key} NotIn ({})", values.join(",")),
            Operator::Exists => write!(text, "{comma}{key} Exists"),
            Operator::DoesNotExist => write!(text, "{comma}{key} DoesNotExist"),
        };
    }
    text
}
