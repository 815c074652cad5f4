//! NP013: all namespaces, where the outside is meant.
use netloom_cluster::{NamespaceMatch, Peer, PodPeer};
use netloom_objects::Severity;
use netloom_policy::Direction;

use super::support::{Group as Pods, plain_port};
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP013",
    name: "outside-by-namespace-selector",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "An egress rule to `namespaceSelector: {}` on the ports of the web (80, 443), while no pod of the set \
          listens there: most likely the outside is meant. An error where the set is complete.",
    why: "An empty `namespaceSelector` selects all pods of all namespaces, and nothing outside of the cluster: \
          those are addresses, and only `ipBlock` (or another kind of policy, by domain name) names them. The \
          rule opens what was not meant and leaves shut what was.",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: payments, namespace: shop}
spec:
  podSelector: {matchLabels: {app: payments}}
  policyTypes: [Egress]
  egress:
    - to:
        - namespaceSelector: {}
      ports:
        - port: 443
",
    right: "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: payments, namespace: shop}
spec:
  podSelector: {matchLabels: {app: payments}}
  policyTypes: [Egress]
  egress:
    - to:
        - ipBlock: {cidr: 198.51.100.0/24}
      ports:
        - port: 443
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let index = cx.policy_index();
    let on_web = |group: &Pods| group.ports.iter().any(|p| WEB.contains(&p.2));
    let mut served = None;
    for view in &index.policies {
        for rule in view.rules().iter().filter(|rule| rule.direction == Direction::Egress) {
            let ports = rule.ports.unwrap_or_default();
            let web = !ports.is_empty()
                && ports.iter().all(|p| plain_port(p).is_some_and(|(_, port)| WEB.contains(&port)));
            let all = rule.rule.peers.iter().flatten().position(|peer| match &peer.peer {
                Peer::Pods(PodPeer { namespaces: NamespaceMatch::Labels(namespaces), pods }) => {
                    namespaces.requirements.is_empty() && pods.requirements.is_empty()
                }
                _ => false,
            });
            let blocks = rule.rule.peers.iter().flatten().any(|peer| matches!(peer.peer, Peer::Block(..)));
            let Some(all) = all.filter(|_| web && !blocks) else { continue };
            if *served.get_or_insert_with(|| index.groups.iter().any(on_web)) {
                return;
            }
            let message = format!(
                "{} opens its ports to every pod of the cluster, and to nothing outside of it",
                view.title()
            );
            let finding = out.add(view.object, &format!("{}[{all}]", rule.peers_path()), message);
            finding.help("name what is outside by `ipBlock`; by domain name only CNI-specific policies can");
            if cx.is_closed("Pod", None) {
                finding.severity(Severity::Error);
            }
        }
    }
}

const WEB: [u16; 2] = [80, 443];
