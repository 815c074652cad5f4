//! NP018: only one side of a connection is opened.
use std::sync::Arc;

use netloom_cluster::{Peer, PortMatch, Protocol};
use netloom_objects::{ObjectRef, Severity};
use netloom_policy::{Direction, Reason};

use super::support::{
    Group as Pods, RuleView, View, group_words, has_foreign_policies, is_elsewhere, label_words,
};
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP018",
    name: "only-one-side-opened",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A rule that admits pods whose own egress to that port is denied, or allows a way to pods whose \
          ingress denies it: judged by the policies together.",
    why: "A connection needs both: egress at the source, ingress at the destination (Kubernetes documentation, \
          \"The two sorts of pod isolation\"). Under a default deny every allowed way takes two rules, and one \
          of them is easily forgotten.",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: \"web:1\", ports: [{containerPort: 8080}]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
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
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: \"web:1\", ports: [{containerPort: 8080}]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
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
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let (index, snapshot) = (cx.policy_index(), cx.snapshot());
    for view in &index.policies {
        let subjects: Vec<usize> = view.subjects.iter().copied().take(FEW).collect();
        if subjects.is_empty() || view.is_for_all() || has_foreign_policies(cx, view.namespace) {
            continue;
        }
        for rule in view.rules() {
            for (number, peer) in rule.rule.peers.iter().flatten().enumerate() {
                let Peer::Pods(pods) = &peer.peer else { continue };
                // Pods of another namespace, meant for the policy's own: another mistake.
                if pods.pods.requirements.is_empty() || is_elsewhere(cx, pods, view.namespace) {
                    continue;
                }
                let others: Vec<usize> = index.select(snapshot, pods).take(MANY).collect();
                if let Some(denied) = denied(cx, &rule, &subjects, &others) {
                    report(cx, view, &rule, number, &denied, out);
                }
            }
        }
    }
}

/// Enough to tell a rule for which nothing gets through.
const FEW: usize = 4;
const MANY: usize = 16;

struct Denied {
    from: usize,
    to: usize,
    protocol: Protocol,
    port: u16,
    by: Option<Arc<ObjectRef>>,
}

/// What the other side denies, if it denies all that the rule allows.
fn denied(cx: &Context<'_>, rule: &RuleView<'_>, subjects: &[usize], others: &[usize]) -> Option<Denied> {
    let index = cx.policy_index();
    let evaluator = index.evaluator(cx);
    let mut first = None;
    for subject in subjects {
        for other in others {
            let (from, to, judged) = match rule.direction {
                Direction::Ingress => (*other, *subject, Direction::Egress),
                Direction::Egress => (*subject, *other, Direction::Ingress),
            };
            let (source, target) = (&index.groups[from], &index.groups[to]);
            let uncertain = match judged {
                Direction::Egress => index.uncertain(source, judged),
                Direction::Ingress => index.uncertain(target, judged),
            };
            if from == to || uncertain || source.host_network || target.host_network {
                return None;
            }
            for (protocol, port) in ports(rule, target)? {
                // A port that the pods do not have is another mistake.
                if target.lacks(protocol, port) {
                    return None;
                }
                let side = match judged {
                    Direction::Egress => evaluator.egress(source.pod?, target.ip?, protocol, port),
                    Direction::Ingress => evaluator.ingress(target.pod?, source.ip?, protocol, port),
                };
                let Reason::Isolated(by) = side.reason else { return None };
                first.get_or_insert(Denied { from, to, protocol, port, by: by.first().cloned() });
            }
        }
    }
    first
}

/// The ports that a rule opens on a destination.
fn ports(rule: &RuleView<'_>, target: &Pods) -> Option<Vec<(Protocol, u16)>> {
    let Some(open) = &rule.rule.ports else {
        let declared: Vec<_> = target.ports.iter().map(|p| (p.1, p.2)).take(FEW).collect();
        return (!declared.is_empty()).then_some(declared);
    };
    let one = |port: &PortMatch| match port {
        PortMatch::Range(protocol, low, _) => Some((*protocol, *low)),
        PortMatch::Named(protocol, name) => {
            let mut named = target.ports.iter().filter(|p| p.0.as_ref() == Some(name));
            named.find(|p| protocol.is_none_or(|protocol| p.1 == protocol)).map(|p| (p.1, p.2))
        }
        PortMatch::All(_) => None,
    };
    let open: Vec<_> = open.iter().filter_map(|p| one(&p.port)).take(FEW).collect();
    (!open.is_empty()).then_some(open)
}

fn report(
    cx: &Context<'_>,
    view: &View<'_>,
    rule: &RuleView<'_>,
    number: usize,
    denied: &Denied,
    out: &mut Findings<'_>,
) {
    let groups = &cx.policy_index().groups;
    let (from, to) = (&groups[denied.from], &groups[denied.to]);
    let (from_words, to_words) = (group_words(cx, from), group_words(cx, to));
    let at = format!("{} {}", denied.protocol, denied.port);
    let (message, help) = match rule.direction {
        Direction::Ingress => (
            format!("{} admits {from_words} on {at}, whose own egress to it is denied", view.title()),
            format!(
                "add a policy for {} with egress to {} on {at}",
                label_words(&from.labels),
                label_words(&to.labels)
            ),
        ),
        Direction::Egress => (
            format!("{} allows a way to {to_words} on {at}, whose ingress denies it", view.title()),
            format!(
                "add a policy for {} with ingress from {} on {at}",
                label_words(&to.labels),
                label_words(&from.labels)
            ),
        ),
    };
    let types = view.spec.policy_types.as_deref().unwrap_or_default();
    let wanted = if rule.direction == Direction::Ingress { "Ingress" } else { "Egress" };
    let path = match types.iter().position(|t| t == wanted) {
        Some(index) => format!("spec.policyTypes[{index}]"),
        None => rule.path(),
    };
    let finding = out.add(view.object, &path, message);
    finding.help(help).related(view.object, &format!("{}[{number}]", rule.peers_path()), "this side is open");
    if let Some(by) = &denied.by {
        finding.related.push((by.at.clone(), "this policy isolates the other".to_owned()));
    }
}
