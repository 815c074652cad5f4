//! NP011: an empty list of peers or ports.
use netloom_objects::Severity;
use netloom_policy::Direction;

use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP011",
    name: "empty-list-opens-all",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "A rule with an empty list as `from`, `to` or `ports`.",
    why: "An empty list in a rule is the same as none: `from: []` admits everyone, `ports: []` opens every \
          port. It reads as its opposite, and templates that loop over no values produce it. To admit nobody \
          the rule itself has to go: `ingress: []`.",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Ingress]
  ingress:
    - from: []
      ports:
        - port: 8080
",
    right: "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Ingress]
  ingress: []
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for view in &cx.policy_index().policies {
        for rule in view.rules() {
            let everyone = match rule.direction {
                Direction::Ingress => "admits everyone",
                Direction::Egress => "allows a way to everywhere",
            };
            let peers = (rule.peers_field(), rule.peers.is_some_and(<[_]>::is_empty), everyone);
            let ports = ("ports", rule.ports.is_some_and(<[_]>::is_empty), "opens every port");
            for (field, is_empty, does) in [peers, ports] {
                if !is_empty {
                    continue;
                }
                let message = format!("{} {does}: an empty `{field}` means all, not none", view.title());
                out.add(view.object, &format!("{}.{field}", rule.path()), message)
                    .help(format!("remove `{field}` if all is meant; to open nothing remove the whole rule"));
            }
        }
    }
}
