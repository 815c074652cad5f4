//! Services that a cluster has though no manifest says so: those of every cluster, and those that operators make.
use netloom_cluster::Selector;
use netloom_objects::Object;

use crate::{Context, words::namespace_of};

/// A Service that stands in no manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    labels: &'static [(&'static str, &'static str)],
}

/// What every cluster has: the API server's Service, and that of its DNS.
const ALWAYS: [Standing<'static>; 2] = [
    Standing {
        namespace: "default",
        name: "kubernetes",
        labels: &[("component", "apiserver"), ("provider", "kubernetes")],
    },
    Standing {
        namespace: "kube-system",
        name: "kube-dns",
        labels: &[
            ("k8s-app", "kube-dns"),
            ("kubernetes.io/cluster-service", "true"),
            ("kubernetes.io/name", "CoreDNS"),
        ],
    },
];

/// Labels by their keys.
type Labels = &'static [(&'static str, &'static str)];

/// The kinds for each of which prometheus-operator makes one Service a namespace.
const OPERATED: [(&str, &str, Labels); 3] = [
    ("Prometheus", "prometheus-operated", &[("operated-prometheus", "true")]),
    ("Alertmanager", "alertmanager-operated", &[("operated-alertmanager", "true")]),
    ("ThanosRuler", "thanos-ruler-operated", &[("operated-thanos-ruler", "true")]),
];

const KUBELET: &[(&str, &str)] = &[
    ("k8s-app", "kubelet"),
    ("app.kubernetes.io/name", "kubelet"),
    ("app.kubernetes.io/managed-by", "prometheus-operator"),
];

/// All of them.
pub(crate) fn services<'a>(cx: &Context<'a>) -> Vec<Standing<'a>> {
    let mut found = ALWAYS.to_vec();
    for (kind, name, labels) in OPERATED {
        let objects: Vec<&'a Object> = cx.all_of("monitoring.coreos.com", kind);
        let made = |object: &'a Object| Standing { namespace: namespace_of(object), name, labels };
        found.extend(objects.into_iter().map(made));
    }
    // prometheus-operator keeps the addresses of all kubelets in a Service that its arguments name.
    for workload in cx.workloads() {
        let words = workload.spec.containers.iter().flat_map(|c| c.args.iter().chain(&c.command).flatten());
        let named = words.filter_map(|word| word.strip_prefix("--kubelet-service=")?.split_once('/'));
        found.extend(named.map(|(namespace, name)| Standing { namespace, name, labels: KUBELET }));
    }
    found
}

/// Whether a cluster has a Service, though the set has not.
pub(crate) fn has_service(cx: &Context<'_>, namespace: &str, name: &str) -> bool {
    services(cx).iter().any(|service| service.namespace == namespace && service.name == name)
}

impl Standing<'_> {
    /// Whether a selector of labels selects it.
    pub(crate) fn is_selected(&self, selector: &Selector) -> bool {
        let labels = self.labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        selector.matches(&labels.collect())
    }
}
