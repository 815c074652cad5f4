//! NP012: a store's port is open to everyone.
use netloom_cluster::{Peer, Protocol};
use netloom_objects::Severity;
use netloom_policy::Direction;

use super::support::{is_store, opens, plain_port};
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP012",
    name: "store-open-to-everyone",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "A rule that opens the port of a database, cache or queue to everyone: it names no peers, or an \
          `ipBlock` of all addresses. Information where the set may not be complete: no worse than a pod without \
          any policy.",
    why: "A rule without `from` admits every pod of the cluster, and whoever reaches a pod from outside. \
          Stores hold what the rest is protected for; the clients of one can be named.",
    wrong: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: db, namespace: shop}
spec:
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: \"db:1\", ports: [{containerPort: 5432}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress]
  ingress:
    - ports:
        - port: 5432
",
    right: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: db, namespace: shop}
spec:
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: \"db:1\", ports: [{containerPort: 5432}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {matchLabels: {app: api}}
      ports:
        - port: 5432
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let index = cx.policy_index();
    for view in index.policies.iter().filter(|view| !view.is_for_all()) {
        for rule in view.rules().iter().filter(|rule| rule.direction == Direction::Ingress) {
            let all = rule.rule.peers.iter().flatten().position(
                |p| matches!(&p.peer, Peer::Block(net, except) if net.prefix_len() == 0 && except.is_empty()),
            );
            if rule.rule.peers.is_some() && all.is_none() {
                continue;
            }
            let groups = view.subjects.iter().map(|group| &index.groups[*group]);
            let declared = groups.flat_map(|group| group.ports.iter().map(|p| p.2));
            let named = rule.ports.unwrap_or_default().iter().filter_map(|p| Some(plain_port(p)?.1));
            let Some(port) =
                declared.chain(named).find(|port| is_store(*port) && opens(rule.rule, Protocol::Tcp, *port))
            else {
                continue;
            };
            let path = all.map_or_else(|| rule.path(), |at| format!("{}[{at}]", rule.peers_path()));
            let message = format!("{} opens port {port}, that of a store, to everyone", view.title());
            let finding = out.add(view.object, &path, message);
            finding.help("name the pods that use it under `from`");
            if !cx.is_closed("NetworkPolicy", Some(view.namespace)) {
                finding.severity(Severity::Info);
            }
        }
    }
}
