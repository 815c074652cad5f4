//! NP001: policies isolate a workload's egress, and none lets it ask the cluster's DNS.
use std::{collections::BTreeMap, net::IpAddr};

use netloom_cluster::{DnsPolicy, Protocol};
use netloom_objects::Severity;
use netloom_policy::{Direction, Reason};

use super::support::{Group as Pods, View, group_words, has_foreign_policies, is_store, opens};
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP001",
    name: "egress-without-dns",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A workload whose egress is isolated, while no policy allows it to reach the cluster's DNS on UDP 53. \
          It is reported where the repair belongs: at the egress rules of a policy for that workload, or at \
          the `policyTypes` of one that speaks only of its ingress, or at the default deny.",
    why: "Whoever cannot resolve names cannot reach a Service by its name, whatever else is allowed. It shows \
          as timeouts of five seconds, not as a refusal. A policy without egress rules that is made for one \
          workload is taken at its word: that workload is to reach nothing; so is a store (a database, a \
          cache) that only answers.",
    wrong: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: \"web:1\", ports: [{containerPort: 8080}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
    - to:
        - podSelector: {matchLabels: {app: api}}
      ports:
        - port: 8080
",
    right: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: \"web:1\", ports: [{containerPort: 8080}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
    - to:
        - podSelector: {matchLabels: {app: api}}
      ports:
        - port: 8080
    - to:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
          podSelector: {matchLabels: {k8s-app: kube-dns}}
      ports:
        - {port: 53, protocol: UDP}
        - {port: 53, protocol: TCP}
",
    closed: false,
    check,
};

/// Where the repair belongs, and the groups that it would help.
type Places = BTreeMap<(usize, String), (String, Vec<usize>)>;

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let Some((server, port)) = dns_server(cx) else { return };
    let index = cx.policy_index();
    let mut places = Places::new();
    for (number, group) in index.groups.iter().enumerate() {
        let Some(pod) = group.pod.filter(|_| !group.host_network) else { continue };
        if index.selecting[number].is_empty()
            || !asks_dns(cx, group)
            || index.uncertain(group, Direction::Egress)
        {
            continue;
        }
        let side = index.evaluator(cx).egress(pod, server, Protocol::Udp, port);
        if matches!(side.reason, Reason::Isolated(_)) && !has_foreign_policies(cx, &group.namespace) {
            place(cx, number, &mut places);
        }
    }
    for ((view, path), (why, groups)) in places {
        let view = &index.policies[view];
        let first = &index.groups[groups[0]];
        let others = match groups.len() - 1 {
            0 => String::new(),
            1 => " (and one other workload)".to_owned(),
            n => format!(" (and {n} other workloads)"),
        };
        let message = format!("{}{others} cannot ask the cluster's DNS: {why}", group_words(cx, first));
        let finding = out.add(view.object, &path, message);
        finding
            .help("allow UDP and TCP 53 to the pods labelled `k8s-app: kube-dns` in namespace kube-system");
        if let Some(workload) = first.workload {
            finding.related(cx.workloads()[workload].object, "metadata.name", "this workload");
        }
    }
}

fn dns_server(cx: &Context<'_>) -> Option<(IpAddr, u16)> {
    let snapshot = cx.snapshot();
    let service = snapshot.service(snapshot.dns_service?);
    let udp = service.ports.iter().position(|p| p.protocol == Protocol::Udp && p.port == 53)?;
    service.endpoints.iter().find_map(|e| Some((e.ips.iter().next()?, e.ports.get(udp).copied()??)))
}

/// Whether pods ask the cluster's DNS; a store that only answers does not.
fn asks_dns(cx: &Context<'_>, group: &Pods) -> bool {
    let snapshot = cx.snapshot();
    let known = group.pod.and_then(|pod| snapshot.pods.get(pod.0 as usize));
    let resolves = known.is_none_or(|pod| !matches!(pod.dns_policy, DnsPolicy::Default | DnsPolicy::None));
    resolves && (group.workload.is_some() || group.stand_in)
}

fn place(cx: &Context<'_>, number: usize, places: &mut Places) {
    let index = cx.policy_index();
    let group = &index.groups[number];
    let views = || index.selecting[number].iter().map(|v| (*v, &index.policies[*v]));
    let egress_rules = |view: &View<'_>| view.policy.egress.as_ref().map(Vec::len);
    // A rule on port 53 is meant for DNS: whether its peers are the right ones, other rules say.
    let tries = views().any(|(_, view)| {
        view.policy.egress.iter().flatten().any(|rule| rule.ports.is_some() && opens(rule, Protocol::Udp, 53))
    });
    let taken_at_its_word = views().any(|(_, v)| !v.is_for_all() && egress_rules(v) == Some(0));
    if tries || taken_at_its_word {
        return;
    }
    let rank = |view: &View<'_>| match (view.is_for_all(), egress_rules(view)) {
        (false, Some(_)) => 0,
        (false, None) => 1,
        (true, Some(1..)) => 2,
        (true, Some(0)) => 3,
        (true, None) => 4,
    };
    let Some((view_number, view)) = views().min_by_key(|(_, view)| rank(view)) else { return };
    let only_answers = !group.ports.is_empty() && group.ports.iter().all(|p| is_store(p.2));
    let (path, why) = match rank(view) {
        0 | 2 => ("spec.egress", "the egress is isolated, and no rule allows UDP 53"),
        _ if only_answers => return,
        1 => (
            "spec.policyTypes",
            "the egress is isolated, and this policy for these pods speaks of ingress only",
        ),
        3 if !group.stand_in => {
            ("spec.policyTypes", "this policy denies all egress, and no other allows UDP 53")
        }
        _ => return,
    };
    let place = places.entry((view_number, path.to_owned())).or_default();
    why.clone_into(&mut place.0);
    place.1.push(number);
}
