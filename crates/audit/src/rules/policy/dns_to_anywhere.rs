//! NP036: DNS to any server.
use netloom_objects::Severity;
use netloom_policy::Direction;

use super::support::plain_port;
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP036",
    name: "dns-to-anywhere",
    group: Group::Security,
    severity: Severity::Info,
    finds: "An egress rule that opens port 53 and names no destination.",
    why: "DNS to any server is a way out for data, and around the names that the cluster's DNS logs and \
          filters (MITRE ATT&CK T1071.004). The pods of the cluster's DNS are enough.",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
    - ports:
        - {port: 53, protocol: UDP}
        - {port: 53, protocol: TCP}
",
    right: "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
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

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for view in &cx.policy_index().policies {
        for rule in view.rules().iter().filter(|rule| rule.direction == Direction::Egress) {
            let ports = rule.ports.unwrap_or_default();
            let only_dns =
                !ports.is_empty() && ports.iter().all(|port| plain_port(port).is_some_and(|(_, p)| p == 53));
            if !only_dns || rule.rule.peers.is_some() {
                continue;
            }
            let message =
                format!("{} lets its pods ask any DNS server, outside of the cluster too", view.title());
            out.add(view.object, &rule.path(), message)
                .help("add `to` with namespace kube-system and the pods `k8s-app: kube-dns`");
        }
    }
}
