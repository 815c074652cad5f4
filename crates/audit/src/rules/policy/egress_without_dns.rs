//! NP001: policies isolate a workload's egress, and none lets it ask the cluster's DNS.
use std::{collections::BTreeMap, net::IpAddr};

use netloom_cluster::{DnsPolicy, Peer, Protocol};
use netloom_objects::Severity;
use netloom_policy::{Direction, Reason};

use super::support::{Group as Pods, View, group_words, has_foreign_policies, is_store, opens};
use crate::{Context, Findings, Group, Rule, words::list_of};

pub static RULE: Rule = Rule {
    code: "NP001",
    name: "egress-without-dns",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A workload whose egress is isolated, while no policy allows it to reach the cluster's DNS on UDP 53. \
          It is reported where the repair belongs: at the egress rules of a policy for that workload, or at \
          the `policyTypes` of one that speaks only of its ingress, or at the default deny. A pod with nameservers of its own (a cache on each node) has to be let to one of \
          them.",
    why: "Whoever cannot resolve names cannot reach a Service by its name, whatever else is allowed. It shows \
          as timeouts of five seconds, not as a refusal. A policy without egress rules that is made for one \
          workload is taken at its word: that workload is to reach nothing; so is a store (a database, a \
          cache) that only answers, and a workload that is let to single addresses alone.",
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
    of_nameservers(cx, out);
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

/// Finds pods that ask nameservers of their own choice, a cache on each node before all, and are let to none of them.
fn of_nameservers(cx: &Context<'_>, out: &mut Findings<'_>) {
    let (index, snapshot) = (cx.policy_index(), cx.snapshot());
    let of_cluster = snapshot.dns_service.map(|id| snapshot.service(id).cluster_ips());
    for (number, group) in index.groups.iter().enumerate() {
        let Some(pod) = group.pod.filter(|_| !group.host_network && !index.selecting[number].is_empty())
        else {
            continue;
        };
        let Some(known) =
            snapshot.pods.get(pod.0 as usize).filter(|known| known.dns_policy == DnsPolicy::None)
        else {
            continue;
        };
        let servers = &known.dns_config.nameservers;
        let isolated = |server: &IpAddr| {
            let side = index.evaluator(cx).egress(pod, *server, Protocol::Udp, 53);
            matches!(side.reason, Reason::Isolated(_))
        };
        let asks_cluster = of_cluster.is_some_and(|ips| servers.iter().any(|server| ips.contains(*server)));
        let taken_at_its_word =
            index.views_on(number).any(|view| view.policy.egress.as_ref().is_some_and(Vec::is_empty));
        if servers.is_empty()
            || asks_cluster
            || taken_at_its_word
            || !servers.iter().all(isolated)
            || has_foreign_policies(cx, &group.namespace)
        {
            continue;
        }
        let mut views: Vec<&View<'_>> =
            index.views_on(number).filter(|view| view.policy.egress.is_some()).collect();
        views.sort_by_key(|view| view.is_for_all());
        let Some(view) = views.first() else { continue };
        let names: Vec<String> = servers.iter().map(ToString::to_string).collect();
        let names = list_of(&names);
        let message = format!(
            "{} asks {names} for names (`dnsConfig.nameservers`), and no policy allows UDP 53 there",
            group_words(cx, group)
        );
        let finding = out.add(view.object, "spec.egress", message);
        let first = servers[0];
        let length = if first.is_ipv4() { 32 } else { 128 };
        finding.help(format!("allow UDP and TCP 53 to `ipBlock: {{cidr: {first}/{length}}}`"));
        if let Some(workload) = group.workload.map(|number| &cx.workloads()[number]) {
            finding.related(workload.object, &workload.path("spec.dnsConfig.nameservers"), "asked for here");
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

/// Whether a rule leads to single addresses alone, such as a proxy's.
fn leads_to_addresses(rule: &netloom_cluster::Rule) -> bool {
    let is_one =
        |peer: &Peer| matches!(peer, Peer::Block(net, _) if net.prefix_len() == net.max_prefix_len());
    rule.peers.as_ref().is_some_and(|peers| !peers.is_empty() && peers.iter().all(|peer| is_one(&peer.peer)))
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
    let mut rules = views().flat_map(|(_, view)| view.policy.egress.iter().flatten()).peekable();
    let needs_no_names = rules.peek().is_some() && rules.all(leads_to_addresses);
    if tries || taken_at_its_word || needs_no_names {
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
