//! Objects of kinds that have no type here and run pods all the same: the pod templates in them.
//!
//! A pod template is a mapping under a key that ends in `template` whose `spec` lists containers, wherever it stands:
//! Argo's Rollout, OpenShift's DeploymentConfig, Knative's Service, jobs of every operator. KubeVirt's machines have a
//! template of their own form, and are pods too.
use k8s_openapi::{
    api::core::v1::{Container, ContainerPort, PodSpec, PodTemplateSpec},
    apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta},
};

use crate::{
    decode::{Decoded, decode},
    tree::{NodeId, Tree, View, escape},
};

/// An object of any other kind that runs pods.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Runner {
    /// `metadata`.
    pub metadata: ObjectMeta,
    /// Its pod templates, in order; at least one.
    pub groups: Vec<PodGroup>,
}

/// The pods of one template.
#[derive(Clone, Debug, PartialEq)]
pub struct PodGroup {
    /// Where the template is: `spec.template`. Empty where the object itself is in the form of one.
    pub path: String,
    /// What tells it from the object's other templates; none where there is one only.
    pub part: Option<String>,
    /// What its pods are called after: the object, and the part.
    pub name: String,
    /// The template.
    pub template: PodTemplateSpec,
    /// How many pods are wanted, where the object says it.
    pub replicas: Option<i32>,
    /// `spec.selector`, also where it is a plain map.
    pub selector: Option<LabelSelector>,
    /// What the pods are.
    pub form: Form,
}

/// What pods of a template are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Containers that serve.
    Serving,
    /// Containers that run to an end.
    Job,
    /// A virtual machine in a pod.
    Machine,
}

/// Groups whose objects hold templates that nobody runs from there: they judge, change or make other objects.
const NOT_RUN: [&str; 9] = [
    "admissionregistration.k8s.io",
    "apiextensions.crossplane.io",
    "apiextensions.k8s.io",
    "kyverno.io",
    "mutations.gatekeeper.sh",
    "policies.kyverno.io",
    "template.openshift.io",
    "templates.gatekeeper.sh",
    "work.open-cluster-management.io",
];

/// Templates stand no deeper than this.
const DEPTH: usize = 10;

/// Decodes the templates of an object; none where it has none.
pub(crate) fn decode_runner(
    api_version: &str,
    kind: &str,
    tree: &Tree,
    root: NodeId,
) -> Option<Decoded<Runner>> {
    let group = api_version.split_once('/')?.0;
    if NOT_RUN.contains(&group) {
        return None;
    }
    let mut search = Search { tree, kind, masked: Vec::new(), faults: Vec::new(), groups: Vec::new() };
    if group == "kubevirt.io" {
        search.machine(root);
    } else {
        search.below("spec", tree.get(root, "spec")?, None, 0);
    }
    if search.groups.is_empty() {
        return None;
    }
    let metadata = tree.get(root, "metadata").map(|metadata| decode::<ObjectMeta>(tree, metadata));
    let Search { mut masked, mut faults, mut groups, .. } = search;
    let mut runner = Runner::default();
    if let Some(read) = metadata {
        masked.extend(read.masked);
        faults.extend(read.faults);
        runner.metadata = read.value?;
    }
    masked.sort_unstable();
    if groups.len() == 1 {
        groups[0].part = None;
    }
    let name = runner.metadata.name.as_deref().or(runner.metadata.generate_name.as_deref());
    name_groups(name.unwrap_or_default().trim_end_matches('-'), &mut groups);
    runner.groups = groups;
    Some(Decoded { value: Some(runner), masked, faults, unknown: Vec::new(), gave_up: false })
}

struct Search<'t> {
    tree: &'t Tree,
    kind: &'t str,
    masked: Vec<NodeId>,
    faults: Vec<crate::decode::Fault>,
    groups: Vec<PodGroup>,
}

impl Search<'_> {
    /// Looks through a value. `named` is what the nearest item of a list is called.
    fn below(&mut self, path: &str, at: NodeId, named: Option<&str>, depth: usize) {
        if depth > DEPTH {
            return;
        }
        match self.tree.view(at) {
            View::Mapping(entries) => {
                for entry in entries.chunks_exact(2) {
                    let Some(key) = self.tree.text(entry[0]) else { continue };
                    let path = format!("{path}.{}", escape(key));
                    if is_template_key(key) && self.is_template(entry[1]) {
                        self.template(path, at, entry[1], named);
                    } else {
                        let named = named.filter(|_| matches!(key, "spec" | "template"));
                        self.below(&path, entry[1], named.or(Some(key)), depth + 1);
                    }
                }
            }
            View::Sequence(items) => {
                for (nth, item) in items.iter().enumerate() {
                    let called = ["name", "groupName"].iter().find_map(|key| self.tree.get(*item, key));
                    let called = called.and_then(|name| self.tree.text(name));
                    self.below(&format!("{path}[{nth}]"), *item, called.or(named), depth + 1);
                }
            }
            View::Scalar(_) => {}
        }
    }

    fn is_template(&self, at: NodeId) -> bool {
        let containers = self.tree.get(at, "spec").and_then(|spec| self.tree.get(spec, "containers"));
        let first = containers.and_then(|list| match self.tree.view(list) {
            View::Sequence(items) => items.first().copied(),
            _ => None,
        });
        let is_container = |item| ["name", "image"].iter().any(|key| self.tree.get(item, key).is_some());
        self.tree.get(at, "kind").is_none() && first.is_some_and(is_container)
    }

    fn template(&mut self, path: String, parent: NodeId, at: NodeId, named: Option<&str>) {
        let read = decode::<PodTemplateSpec>(self.tree, at);
        self.masked.extend(read.masked);
        let Some(template) = read.value else { return };
        let is_job = self.kind.ends_with("Job") || path.contains("obTemplate.") || path.contains("Jobs[");
        let parallel = self.number(parent, "parallelism").filter(|_| is_job);
        self.groups.push(PodGroup {
            part: named.map(label),
            name: String::new(),
            template,
            replicas: if self.is_suspended(parent) {
                Some(0)
            } else {
                parallel.or_else(|| self.number(parent, "replicas"))
            },
            selector: self.selector(parent),
            form: if is_job { Form::Job } else { Form::Serving },
            path,
        });
    }

    /// KubeVirt: a machine, or what makes machines.
    fn machine(&mut self, root: NodeId) {
        let Some(spec) = self.tree.get(root, "spec") else { return };
        let (path, at) = match self.tree.get(spec, "template") {
            Some(template) => ("spec.template", template),
            None => ("", root),
        };
        let Some(domain) = self.tree.get(at, "spec").and_then(|spec| self.tree.get(spec, "domain")) else {
            return;
        };
        let mut template = decode::<PodTemplateSpec>(self.tree, at).value.unwrap_or_default();
        let pod = template.spec.get_or_insert_with(PodSpec::default);
        pod.volumes = None;
        pod.containers = vec![Container {
            name: "compute".to_owned(),
            ports: Some(self.ports_of_machine(domain)).filter(|ports| !ports.is_empty()),
            ..Container::default()
        }];
        let said = |key: &str| self.tree.get(spec, key).and_then(|value| self.tree.text(value));
        let is_halted = said("running") == Some("false") || said("runStrategy") == Some("Halted");
        self.groups.push(PodGroup {
            path: path.to_owned(),
            part: None,
            name: String::new(),
            template,
            replicas: if is_halted { Some(0) } else { self.number(spec, "replicas") },
            selector: self.selector(spec),
            form: Form::Machine,
        });
    }

    fn ports_of_machine(&self, domain: NodeId) -> Vec<ContainerPort> {
        let interfaces = self.tree.get(domain, "devices").and_then(|d| self.tree.get(d, "interfaces"));
        let lists = self.items(interfaces).filter_map(|interface| self.tree.get(interface, "ports"));
        let ports = lists.flat_map(|list| self.items(Some(list)).collect::<Vec<_>>());
        let read = |port: NodeId| {
            let text = |key: &str| self.tree.get(port, key).and_then(|value| self.tree.text(value));
            Some(ContainerPort {
                name: text("name").map(str::to_owned),
                container_port: self.number(port, "port")?,
                protocol: text("protocol").map(str::to_owned),
                ..ContainerPort::default()
            })
        };
        ports.filter_map(read).collect()
    }

    fn items(&self, list: Option<NodeId>) -> impl Iterator<Item = NodeId> {
        let items = match list.map(|list| self.tree.view(list)) {
            Some(View::Sequence(items)) => items,
            _ => &[],
        };
        items.iter().copied()
    }

    fn number(&self, mapping: NodeId, key: &str) -> Option<i32> {
        self.tree.text(self.tree.get(mapping, key)?)?.parse().ok()
    }

    fn is_suspended(&self, mapping: NodeId) -> bool {
        let suspend = self.tree.get(mapping, "suspend").and_then(|value| self.tree.text(value));
        suspend == Some("true")
    }

    /// A selector in either of its forms.
    fn selector(&self, mapping: NodeId) -> Option<LabelSelector> {
        let at = self.tree.get(mapping, "selector")?;
        let in_full = ["matchLabels", "matchExpressions"].iter().any(|key| self.tree.get(at, key).is_some());
        match in_full {
            true => decode::<LabelSelector>(self.tree, at).value,
            false => {
                let labels = decode::<std::collections::BTreeMap<String, String>>(self.tree, at).value?;
                Some(LabelSelector { match_labels: Some(labels), match_expressions: None })
            }
        }
    }
}

fn is_template_key(key: &str) -> bool {
    key.ends_with("emplate") || key.ends_with("emplateSpec")
}

/// Names groups after their object and part, no two alike.
fn name_groups(name: &str, groups: &mut [PodGroup]) {
    let mut taken: Vec<String> = Vec::new();
    for group in groups {
        let plain = match group.part.as_deref().filter(|part| !part.is_empty()) {
            Some(part) => format!("{name}-{part}"),
            None => name.to_owned(),
        };
        let mut numbered = (2..).map(|nth| format!("{plain}-{nth}"));
        let mut own = plain.clone();
        while taken.contains(&own) {
            own = numbered.next().unwrap_or_default();
        }
        taken.push(own.clone());
        group.name = own;
    }
}

/// A name as a part of a pod's name.
fn label(name: &str) -> String {
    let kept = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    name.chars().take(40).map(kept).collect::<String>().trim_matches('-').to_owned()
}
