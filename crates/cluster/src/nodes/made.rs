//! Nodes that are made up, because the set declares none: they have what the pods ask of nodes.
//!
//! Pods that ask for the same or for what goes together share a *kind* of node; where two asks contradict each other
//! there is a kind of node for each. Nodes are of the kinds in turn.
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    NodeSpec,
    fit::{HOSTNAME, Wants},
    terms::Rule,
};
use crate::workloads::template::Template;

/// No more nodes than this are made for pods that ask for them.
pub const MOST: usize = 64;

/// The names that labels had, with those that they have.
const RENAMED: [(&str, &str); 5] = [
    ("beta.kubernetes.io/os", "kubernetes.io/os"),
    ("beta.kubernetes.io/arch", "kubernetes.io/arch"),
    ("beta.kubernetes.io/instance-type", "node.kubernetes.io/instance-type"),
    ("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"),
    ("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"),
];

/// Nodes with the same labels, but for those of which each node has one of several values.
#[derive(Clone, Debug, Default)]
struct Kind<'a> {
    labels: BTreeMap<String, Vec<String>>,
    /// The names that pods ask for by the label that every node has.
    names: Vec<String>,
    asked_by: Vec<&'a Wants>,
}

/// What the nodes that are made have to be like.
#[derive(Clone, Debug, Default)]
pub struct Making<'a> {
    kinds: Vec<Kind<'a>>,
    /// Labels that tell domains apart, which pods ask about.
    domains: BTreeSet<String>,
}

impl<'a> Making<'a> {
    /// Looks at what pods ask for.
    pub fn of(templates: impl Iterator<Item = &'a Arc<Template>>) -> Self {
        let mut making = Self::default();
        let mut seen: Vec<&Wants> = Vec::new();
        for template in templates {
            let required = template.neighbours.iter().filter(|term| !matches!(term.rule, Rule::Rather(_)));
            let keys = required.map(|term| current(&term.key)).filter(|key| *key != HOSTNAME);
            making.domains.extend(keys.map(str::to_owned));
            let wants = &template.wants;
            if wants.node_name.is_none() && wants.asks_for_labels() && !seen.contains(&wants) {
                seen.push(wants);
                making.add(wants);
            }
        }
        making
    }

    fn add(&mut self, wants: &'a Wants) {
        let alternatives: Vec<Kind<'a>> =
            wants.labels_that_fit().into_iter().map(|labels| Kind::of(labels, wants)).collect();
        for kind in &mut self.kinds {
            if let Some(both) = alternatives.iter().find_map(|asked| kind.and(asked)) {
                *kind = both;
                return;
            }
        }
        let fits = |kind: &Kind<'_>| kind.takes(wants);
        if self.kinds.len() < MOST {
            self.kinds.extend(alternatives.into_iter().find(fits));
        }
    }

    /// Adds nodes until there are so many, with one of each kind at least, and gives all of them their labels.
    pub fn make(&self, nodes: &mut Vec<NodeSpec>, wanted: usize) {
        for kind in &self.kinds {
            for name in &kind.names {
                if !nodes.iter().any(|node| *node.name == **name) && nodes.len() < MOST {
                    nodes.push(NodeSpec::named(name));
                }
            }
        }
        let mut next = 1;
        while nodes.len() < wanted.max(self.kinds.len().min(MOST)) {
            push_numbered(nodes, &mut next);
        }
        let unnamed: Vec<usize> = (0..self.kinds.len()).filter(|&k| self.kinds[k].names.is_empty()).collect();
        let mut turn = 0;
        for (nth, node) in nodes.iter_mut().enumerate() {
            let by_name = self.kinds.iter().position(|kind| kind.names.iter().any(|n| **n == *node.name));
            let kind = by_name.or_else(|| unnamed.get(turn % unnamed.len().max(1)).copied());
            turn += usize::from(by_name.is_none());
            self.equip(node, nth, kind);
        }
    }

    /// Adds a node that fits a pod; whether there can be one.
    pub fn make_another(&self, nodes: &mut Vec<NodeSpec>, wants: &Wants) -> bool {
        let open = |kind: &Kind<'_>| kind.names.is_empty() && kind.takes(wants);
        let kind = self.kinds.iter().position(open);
        if nodes.len() >= MOST || (kind.is_none() && wants.asks_for_labels()) {
            return false;
        }
        push_numbered(nodes, &mut 1);
        let nth = nodes.len() - 1;
        self.equip(&mut nodes[nth], nth, kind);
        true
    }

    fn equip(&self, node: &mut NodeSpec, nth: usize, kind: Option<usize>) {
        let mut labels = (*node.labels).clone();
        if let Some(kind) = kind.map(|kind| &self.kinds[kind]) {
            kind.put(&mut labels, nth);
        }
        for key in &self.domains {
            let short = key.rsplit('/').next().unwrap_or(key);
            labels.entry(key.clone()).or_insert_with(|| format!("{short}-{}", nth + 1));
        }
        with_former_names(&mut labels);
        node.labels = Arc::new(labels);
    }
}

impl<'a> Kind<'a> {
    fn of(asked: BTreeMap<String, Vec<String>>, wants: &'a Wants) -> Self {
        let mut kind = Self { asked_by: vec![wants], ..Self::default() };
        for (key, values) in asked {
            match current(&key) {
                HOSTNAME => kind.names = values,
                key => _ = kind.labels.insert(key.to_owned(), values),
            }
        }
        kind
    }

    /// The kind of node that is as both ask for, if they can share one.
    fn and(&self, other: &Self) -> Option<Self> {
        if self.names != other.names {
            return None;
        }
        let mut both = self.clone();
        for (key, values) in &other.labels {
            let own = both.labels.entry(key.clone()).or_insert_with(|| values.clone());
            own.retain(|value| values.contains(value));
            if own.is_empty() {
                return None;
            }
        }
        both.asked_by.extend(&other.asked_by);
        both.asked_by.iter().all(|wants| both.takes(wants)).then_some(both)
    }

    fn takes(&self, wants: &Wants) -> bool {
        let name = self.names.first().map_or("node", String::as_str);
        let mut node = NodeSpec::named(name);
        let mut labels = (*node.labels).clone();
        self.put(&mut labels, 0);
        with_former_names(&mut labels);
        node.labels = Arc::new(labels);
        wants.check(node.candidate()).is_ok()
    }

    /// The `nth` node's labels: what a node has anyway stays where it fits.
    fn put(&self, labels: &mut BTreeMap<String, String>, nth: usize) {
        for (key, values) in &self.labels {
            if labels.get(key).is_none_or(|own| !values.contains(own)) {
                labels.insert(key.clone(), values[nth % values.len()].clone());
            }
        }
    }
}

fn push_numbered(nodes: &mut Vec<NodeSpec>, next: &mut usize) {
    let name = loop {
        let name = format!("node-{next}");
        *next += 1;
        if !nodes.iter().any(|node| *node.name == *name) {
            break name;
        }
    };
    nodes.push(NodeSpec::named(&name));
}

/// The name that a label has today.
fn current(key: &str) -> &str {
    RENAMED.iter().find(|(former, _)| *former == key).map_or(key, |(_, current)| current)
}

/// A kubelet and a cloud's controller set labels under their former names too.
pub fn with_former_names(labels: &mut BTreeMap<String, String>) {
    for (former, current) in RENAMED {
        if let Some(value) = labels.get(current).cloned() {
            labels.insert(former.to_owned(), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::PodSpec;
    use serde_json::{Value, json};

    use super::*;

    fn template(spec: Value) -> Arc<Template> {
        let mut spec = spec;
        spec["containers"] = json!([]);
        let spec: PodSpec = serde_json::from_value(spec).unwrap();
        Arc::new(Template::new(&None, &None, &spec))
    }

    fn made(specs: &[Value]) -> (Vec<NodeSpec>, Vec<Arc<Template>>) {
        let templates: Vec<_> = specs.iter().cloned().map(template).collect();
        let mut nodes = Vec::new();
        Making::of(templates.iter()).make(&mut nodes, 2);
        (nodes, templates)
    }

    fn required(expressions: Value) -> Value {
        json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution":
            {"nodeSelectorTerms": [{"matchExpressions": expressions}]}}}})
    }

    #[test]
    fn every_pod_finds_a_node() {
        let pool = |name: &str| json!({"nodeSelector": {"pool": name}});
        for (specs, count) in [
            (vec![json!({"nodeSelector": {"beta.kubernetes.io/os": "linux"}})], 2),
            (vec![json!({"nodeSelector": {"kubernetes.io/os": "windows"}})], 2),
            (vec![pool("a"), pool("b")], 2),
            (vec![pool("a"), pool("b"), pool("c")], 3),
            (vec![pool("a"), json!({"nodeSelector": {"disk": "ssd"}}), json!({})], 2),
            (vec![required(json!([{"key": "zone", "operator": "In", "values": ["x", "y"]}]))], 2),
            (vec![required(json!([{"key": "gpu", "operator": "Exists"}]))], 2),
            (vec![required(json!([{"key": "cores", "operator": "Gt", "values": ["8"]}]))], 2),
            (
                vec![
                    required(json!([{"key": "gpu", "operator": "Exists"}])),
                    required(json!([{"key": "gpu", "operator": "DoesNotExist"}])),
                ],
                2,
            ),
            (
                vec![
                    json!({"nodeSelector": {"topology.kubernetes.io/zone": "a"}}),
                    json!({"nodeSelector": {"failure-domain.beta.kubernetes.io/zone": "b"}}),
                ],
                2,
            ),
            (vec![json!({"nodeSelector": {"kubernetes.io/hostname": "worker-7", "disk": "ssd"}})], 2),
        ] {
            let (nodes, templates) = made(&specs);
            assert_eq!(nodes.len(), count, "{specs:?}");
            for template in &templates {
                let fits = nodes.iter().any(|node| template.wants.check(node.candidate()).is_ok());
                assert!(fits, "{specs:?} on {nodes:?}");
            }
        }
    }

    #[test]
    fn what_goes_together_is_on_every_node() {
        let (nodes, templates) =
            made(&[json!({"nodeSelector": {"pool": "a"}}), json!({"nodeSelector": {"disk": "ssd"}})]);
        assert!(nodes.iter().all(|n| templates.iter().all(|t| t.wants.check(n.candidate()).is_ok())));
    }

    #[test]
    fn what_contradicts_itself_has_no_node() {
        let ask = json!([{"key": "a", "operator": "In", "values": ["b"]}, {"key": "a", "operator": "DoesNotExist"}]);
        let (nodes, templates) = made(&[required(ask)]);
        assert!(nodes.iter().all(|n| templates[0].wants.check(n.candidate()).is_err()));
    }

    #[test]
    fn domains_that_pods_ask_about_are_a_node_each() {
        let spread = json!({"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {}}]});
        let (nodes, _) = made(&[spread]);
        let zone = |n: &NodeSpec| n.labels["topology.kubernetes.io/zone"].clone();
        assert_eq!(nodes.iter().map(zone).collect::<Vec<_>>(), ["zone-1", "zone-2"]);
    }
}
