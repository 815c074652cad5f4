//! NP025: policies shut Prometheus out.
use k8s_openapi::{api::core::v1::Service, apimachinery::pkg::util::intstr::IntOrString};
use netloom_cluster::{NamespaceMatch, Peer, PodPeer, PortMatch, Protocol, Rule as PolicyRule, Selector};
use netloom_objects::{Object, Severity};
use netloom_policy::{Direction, Reason};

use super::support::{Group as Pods, group_words, has_foreign_policies, opens, words};
use crate::{
    Context, Findings, Group, Rule,
    scrapes::{self, SCRAPE, asked},
};

pub static RULE: Rule = Rule {
    code: "NP025",
    name: "scrape-blocked",
    group: Group::Reliability,
    severity: Severity::Warning,
    finds: "Pods that ask to be scraped (`prometheus.io/scrape: \"true\"` on them or on their Service), while the \
          policies do not let Prometheus in: by the evaluator where the set has Prometheus, and otherwise \
          where no rule on that port admits a namespace or pods that could be its.",
    why: "The target is down in Prometheus, its alerts go silent or fire for a service that is well, and the \
          cause is not in the application's log.",
    wrong: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: prometheus, namespace: monitoring}
spec:
  selector: {matchLabels: {app: prometheus}}
  template:
    metadata: {labels: {app: prometheus}}
    spec: {containers: [{name: prometheus, image: \"prometheus:1\"}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata:
      labels: {app: api}
      annotations:
        prometheus.io/scrape: \"true\"
        prometheus.io/port: \"8080\"
    spec: {containers: [{name: api, image: \"api:1\", ports: [{containerPort: 8080}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {matchLabels: {app: web}}
      ports:
        - port: 8080
",
    right: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: prometheus, namespace: monitoring}
spec:
  selector: {matchLabels: {app: prometheus}}
  template:
    metadata: {labels: {app: prometheus}}
    spec: {containers: [{name: prometheus, image: \"prometheus:1\"}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata:
      labels: {app: api}
      annotations:
        prometheus.io/scrape: \"true\"
        prometheus.io/port: \"8080\"
    spec: {containers: [{name: api, image: \"api:1\", ports: [{containerPort: 8080}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {matchLabels: {app: web}}
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}
      ports:
        - port: 8080
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let (index, snapshot) = (cx.policy_index(), cx.snapshot());
    if index.policies.is_empty() {
        return;
    }
    let scrapers: Vec<&Pods> = index.groups.iter().filter(|group| is_prometheus(cx, group)).collect();
    for (number, group) in index.groups.iter().enumerate() {
        let Some(workload) = group.workload.map(|number| &cx.workloads()[number]) else { continue };
        let Some(port) = asked(workload.annotations()) else { continue };
        let Some(port) = port.or_else(|| group.ports.first().map(|p| p.2)) else { continue };
        if is_blocked(cx, number, port, &scrapers) {
            report(cx, workload.object, &workload.path(SCRAPE), number, port, &scrapers, out);
        }
    }
    for (object, service) in cx.all::<Service>() {
        let Some(port) = asked(object.annotations()) else { continue };
        let Some(spec) = &service.spec else { continue };
        let (Some(selector), Some(namespace)) = (&spec.selector, object.reference.namespace.as_deref())
        else {
            continue;
        };
        let target = spec.ports.iter().flatten().next().and_then(|p| match &p.target_port {
            Some(IntOrString::Int(number)) => u16::try_from(*number).ok(),
            Some(IntOrString::String(_)) => None,
            None => u16::try_from(p.port).ok(),
        });
        let Some(port) = port.or(target) else { continue };
        let groups = index.behind(snapshot, namespace, selector);
        if let Some(number) = groups.into_iter().find(|number| is_blocked(cx, *number, port, &scrapers)) {
            report(cx, object, SCRAPE, number, port, &scrapers, out);
        }
    }
}

pub(in crate::rules) fn is_prometheus(cx: &Context<'_>, group: &Pods) -> bool {
    group.workload.is_some_and(|number| scrapes::is_prometheus(&cx.workloads()[number]))
}

pub(in crate::rules) fn is_blocked(cx: &Context<'_>, number: usize, port: u16, scrapers: &[&Pods]) -> bool {
    let index = cx.policy_index();
    let group = &index.groups[number];
    let Some(pod) = group.pod.filter(|_| !group.host_network) else { return false };
    if index.uncertain(group, Direction::Ingress) || has_foreign_policies(cx, &group.namespace) {
        return false;
    }
    let evaluator = index.evaluator(cx);
    if evaluator.selecting(pod, Direction::Ingress).next().is_none() {
        return false;
    }
    if scrapers.is_empty() {
        let mut rules = index.views_on(number).flat_map(|view| view.policy.ingress.iter().flatten());
        return !rules.any(|rule| {
            let named = rule.ports.iter().flatten().any(|p| matches!(p.port, PortMatch::Named(..)));
            (named || opens(rule, Protocol::Tcp, port)) && could_admit(rule)
        });
    }
    scrapers.iter().filter(|scraper| !scraper.host_network).all(|scraper| {
        let side = scraper.ip.map(|ip| evaluator.ingress(pod, ip, Protocol::Tcp, port));
        side.is_some_and(|side| matches!(side.reason, Reason::Isolated(_)))
    })
}

/// Whether a rule may be meant for a Prometheus that is not in the set.
fn could_admit(rule: &PolicyRule) -> bool {
    let tells = |selector: &Selector| {
        let text = words(selector).to_lowercase();
        ["monitor", "prometheus", "observ", "metric", "telemetry", "grafana", "victoria", "agent"]
            .iter()
            .any(|w| text.contains(w))
    };
    rule.peers.as_ref().is_none_or(|peers| {
        peers.iter().any(|peer| match &peer.peer {
            Peer::Pods(PodPeer { namespaces, pods }) => {
                let broad = |s: &Selector| s.requirements.is_empty() || tells(s);
                match namespaces {
                    NamespaceMatch::Named(_) => tells(pods),
                    NamespaceMatch::Labels(labels) => {
                        broad(labels) && (broad(pods) || tells(labels)) || tells(pods)
                    }
                }
            }
            Peer::Block(..) => true,
            Peer::Nodes(_) | Peer::Unknown => false,
        })
    })
}

fn report(
    cx: &Context<'_>,
    object: &Object,
    path: &str,
    number: usize,
    port: u16,
    scrapers: &[&Pods],
    out: &mut Findings<'_>,
) {
    let index = cx.policy_index();
    let whose = group_words(cx, &index.groups[number]);
    let by = scrapers.first().map_or_else(|| "Prometheus".to_owned(), |scraper| group_words(cx, scraper));
    let message = format!("{whose} asks to be scraped on {port}, and its policies do not admit {by}");
    let namespace = scrapers.first().map_or("monitoring", |scraper| &*scraper.namespace);
    let finding = out.add(object, path, message);
    finding.help(format!(
        "admit the namespace of Prometheus (`kubernetes.io/metadata.name: {namespace}`) on {port}"
    ));
    let mut views = index.views_on(number).filter(|view| view.policy.ingress.is_some());
    if let Some(view) = views.find(|view| !view.is_for_all()) {
        finding.related(view.object, "spec.ingress", "this policy isolates it");
    }
}
