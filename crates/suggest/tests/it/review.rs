//! The review of today's policies.
use netloom_suggest::{report, review};

use crate::support::{example, on, on_text};

const PODS: &str = "\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, image: i, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: api, tier: back}}
spec: {containers: [{name: c, image: i, ports: [{containerPort: 8080, name: http}, {containerPort: 9090}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db, tier: back}}
spec: {containers: [{name: c, image: i, ports: [{containerPort: 5432}]}]}
---
";

fn policy(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}, namespace: shop}}\nspec:\n{spec}---\n"
    )
}

fn reviewed(policies: &[String]) -> String {
    on_text(&format!("{PODS}{}", policies.concat()), |ground| report::review::text(&review(ground)))
}

#[test]
fn rules_that_others_make_superfluous_are_named() {
    let narrow = policy(
        "api",
        "  podSelector: {matchLabels: {app: api}}\n  policyTypes: [Ingress]\n  ingress:\n    - from:\n        - podSelector: {matchLabels: {app: web}}\n      ports: [{port: http}]\n",
    );
    // Another selector, other words for the ports: only the evaluator sees that it covers the first.
    let wide = policy(
        "back",
        "  podSelector: {matchLabels: {tier: back}}\n  policyTypes: [Ingress]\n  ingress:\n    - from:\n        - podSelector: {matchExpressions: [{key: app, operator: In, values: [web, db]}]}\n      ports: [{port: 8000, endPort: 9000}]\n",
    );
    insta::assert_snapshot!("review_redundant", reviewed(&[narrow, wide]));
}

#[test]
fn of_two_alike_one_is_named() {
    let one = |name| {
        policy(
            name,
            "  podSelector: {matchLabels: {app: db}}\n  policyTypes: [Ingress]\n  ingress:\n    - from:\n        - podSelector: {matchLabels: {app: api}}\n      ports: [{port: 5432}]\n",
        )
    };
    let by_another_label = policy(
        "db-too",
        "  podSelector: {matchLabels: {app: db, tier: back}}\n  policyTypes: [Ingress]\n  ingress:\n    - from:\n        - podSelector: {matchLabels: {app: api, tier: back}}\n      ports: [{port: 5432}]\n",
    );
    insta::assert_snapshot!("review_alike", reviewed(&[one("db"), by_another_label]));
}

#[test]
fn peers_of_one_rule_are_told_apart() {
    let peers = policy(
        "api",
        "  podSelector: {matchLabels: {app: api}}\n  policyTypes: [Ingress]\n  ingress:\n    - from:\n        - podSelector: {matchLabels: {app: web}}\n        - podSelector: {matchLabels: {app: db}}\n        - podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [db]}]}\n      ports: [{port: http}]\n",
    );
    insta::assert_snapshot!("review_peers", reviewed(&[peers]));
}

#[test]
fn tiers_shadow_and_contradict() {
    let allow = policy(
        "api",
        "  podSelector: {matchLabels: {app: api}}\n  policyTypes: [Ingress]\n  ingress:\n    - from:\n        - podSelector: {matchLabels: {app: web}}\n      ports: [{port: 9090}]\n    - from:\n        - podSelector: {matchLabels: {app: db}}\n      ports: [{port: http}]\n",
    );
    let tiers = "\
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: guard}
spec:
  tier: Admin
  priority: 1
  subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: shop}}}
  ingress:
    - name: no-metrics
      action: Deny
      from: [{namespaces: {}}]
      protocols: [{tcp: {destinationPort: {number: 9090}}}]
    - name: never-asked
      action: Accept
      from: [{pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}}]
      protocols: [{tcp: {destinationPort: {number: 9090}}}]
    - name: passes
      action: Pass
      from: [{namespaces: {}}]
---
";
    insta::assert_snapshot!("review_tiers", reviewed(&[allow, tiers.to_owned()]));
}

#[test]
fn what_decides_something_is_not_named() {
    for name in ["shop", "platform"] {
        on(&example(name, None), |ground| assert_eq!(review(ground), [], "{name}"));
    }
    on(&example("shop-broken", None), |ground| {
        insta::assert_snapshot!("review_shop_broken", report::review::text(&review(ground)));
    });
}

mod removal {
    //! What a review calls redundant can go, and nothing else can.
    use std::{fmt::Write as _, sync::Arc};

    use netloom_cluster::{PodId, Policy, Protocol, Rule, Snapshot};
    use netloom_objects::Location;
    use netloom_policy::{PolicySet, Remote};
    use netloom_suggest::{Fault, Ground, Remark, review};
    use proptest::prelude::*;

    use super::on_text;

    const PORTS: [(Protocol, u16); 8] = [
        (Protocol::Tcp, 82),
        (Protocol::Tcp, 90),
        (Protocol::Tcp, 80),
        (Protocol::Tcp, 81),
        (Protocol::Tcp, 5000),
        (Protocol::Udp, 53),
        (Protocol::Udp, 81),
        (Protocol::Sctp, 80),
    ];

    fn selector() -> impl Strategy<Value = String> {
        let value = || prop::sample::select(vec!["a", "b", "c"]);
        prop_oneof![
            Just("{}".to_owned()),
            value().prop_map(|v| format!("{{matchLabels: {{app: {v}}}}}")),
            value().prop_map(|v| format!("{{matchLabels: {{tier: {v}}}}}")),
            value().prop_map(|v| format!(
                "{{matchExpressions: [{{key: app, operator: NotIn, values: [{v}]}}]}}"
            )),
        ]
    }

    fn peer() -> impl Strategy<Value = String> {
        prop_oneof![
            3 => selector().prop_map(|s| format!("podSelector: {s}")),
            1 => selector().prop_map(|s| format!("namespaceSelector: {{}}\n          podSelector: {s}")),
            1 => Just("ipBlock: {cidr: 203.0.113.0/24}".to_owned()),
        ]
    }

    fn policy() -> impl Strategy<Value = String> {
        let port = prop::sample::select(vec![
            "{port: 80}",
            "{port: http}",
            "{port: 80, endPort: 90}",
            "{protocol: UDP}",
            "{protocol: UDP, port: 53}",
        ]);
        let ports = proptest::option::weighted(0.7, proptest::collection::vec(port, 1..3));
        let rule = (proptest::collection::vec(peer(), 0..3), ports);
        let rules = proptest::collection::vec(rule, 0..3);
        (selector(), prop::sample::select(vec![("Ingress", "from"), ("Egress", "to")]), rules).prop_map(
            |(pods, (kind, side), rules)| {
                let mut text = format!(
                    "spec:\n  podSelector: {pods}\n  policyTypes: [{kind}]\n  {}:",
                    kind.to_lowercase()
                );
                if rules.is_empty() {
                    text.push_str(" []");
                }
                text.push('\n');
                for (peers, ports) in rules {
                    let ports = ports.map_or_else(String::new, |p| format!("ports: [{}]", p.join(", ")));
                    match (peers.is_empty(), ports.is_empty()) {
                        (true, true) => text.push_str("    - {}\n"),
                        (true, false) => _ = writeln!(text, "    - {ports}"),
                        (false, _) => {
                            _ = writeln!(text, "    - {side}:");
                            peers.iter().for_each(|peer| _ = writeln!(text, "        - {peer}"));
                            if !ports.is_empty() {
                                _ = writeln!(text, "      {ports}");
                            }
                        }
                    }
                }
                text
            },
        )
    }

    /// Every verdict of both sides.
    fn verdicts(snapshot: &Snapshot) -> Vec<bool> {
        let set = PolicySet::compile(snapshot);
        let own: Vec<PodId> =
            snapshot.pods.iter().filter(|p| *p.namespace == *"shop").map(|p| p.id).collect();
        let outside = ["203.0.113.9", "198.51.100.1"].map(|ip| Remote::Address(ip.parse().unwrap()));
        let others: Vec<Remote> = snapshot.pods.iter().map(|p| Remote::Pod(p.id)).chain(outside).collect();
        let mut verdicts = Vec::new();
        for pod in &own {
            for other in others.iter().filter(|other| **other != Remote::Pod(*pod)) {
                for (protocol, port) in PORTS {
                    verdicts.push(set.ingress(*pod, *other, protocol, port).allowed);
                    verdicts.push(set.egress(*pod, *other, protocol, port).allowed);
                }
            }
        }
        verdicts
    }

    /// The set without what stands at some lines: policies, rules or peers.
    fn without(snapshot: &Snapshot, gone: &[Location]) -> Snapshot {
        let is_gone = |at: &Location| gone.contains(at);
        let left = |rules: &Option<Vec<Rule>>| {
            rules.as_ref().map(|rules| {
                let own = rules.iter().filter(|rule| !is_gone(&rule.origin.at));
                let narrower = own.map(|rule| {
                    let peers = rule.peers.as_ref();
                    let peers = peers.map(|p| p.iter().filter(|p| !is_gone(&p.origin.at)).cloned().collect());
                    Rule { peers, ..rule.clone() }
                });
                narrower.collect::<Vec<Rule>>()
            })
        };
        let staying = snapshot.policies.iter().filter(|policy| !is_gone(&policy.origin.at));
        let policies = staying.map(|policy| {
            let (ingress, egress) = (left(&policy.ingress), left(&policy.egress));
            Arc::new(Policy { ingress, egress, ..(**policy).clone() })
        });
        Snapshot { policies: Arc::new(policies.collect()), ..snapshot.clone() }
    }

    fn check(ground: &Ground<'_>, text: &str) -> Result<(), TestCaseError> {
        let remarks = review(ground);
        let redundant = remarks.iter().filter(|r| r.fault == Fault::Redundant);
        // Of a policy that says the same as another the audit names the name.
        let line = |r: &Remark| match (r.code, &r.object) {
            (Some("NP019"), Some(object)) => object.at.clone(),
            _ => r.at.clone(),
        };
        let redundant: Vec<Location> = redundant.map(line).collect();
        let today = verdicts(&ground.snapshot);
        prop_assert_eq!(&verdicts(&without(&ground.snapshot, &redundant)), &today, "{:?}\n{}", remarks, text);
        // Whoever is not named does something that would be missed.
        for policy in ground.snapshot.policies.iter() {
            let told = |at: &Location| {
                remarks.iter().any(|r| r.at == *at || r.at.line == at.line)
                    || remarks.iter().any(|r| {
                        r.at == policy.origin.at
                            || (r.code.is_some()
                                && r.object.as_ref().is_some_and(|o| o.name == policy.origin.name))
                    })
            };
            for rule in policy.ingress.iter().chain(&policy.egress).flatten() {
                let lines: Vec<&Location> = match &rule.peers {
                    None => vec![&rule.origin.at],
                    Some(peers) => peers.iter().map(|peer| &peer.origin.at).collect(),
                };
                for line in lines.into_iter().filter(|line| !told(line) && !told(&rule.origin.at)) {
                    let gone: Vec<Location> = redundant.iter().cloned().chain([line.clone()]).collect();
                    prop_assert_ne!(
                        &verdicts(&without(&ground.snapshot, &gone)),
                        &today,
                        "{} of\n{}\n{:?}",
                        line,
                        text,
                        remarks
                    );
                }
            }
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

        #[test]
        fn what_is_redundant_can_go(
            pods in proptest::collection::vec((prop::sample::select(vec!["a", "b", "c"]), prop::sample::select(vec!["a", "b"]), 80..83u16), 2..5),
            policies in proptest::collection::vec(policy(), 1..5),
        ) {
            let mut text = String::from("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n");
            for (nth, (app, tier, port)) in pods.iter().enumerate() {
                _ = write!(
                    text,
                    "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p{nth}, namespace: shop, labels: {{app: {app}, tier: {tier}}}}}\n\
                     spec: {{containers: [{{name: c, image: i, ports: [{{containerPort: {port}, name: http}}]}}]}}\n"
                );
            }
            for (nth, policy) in policies.iter().enumerate() {
                _ = write!(
                    text,
                    "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: n{nth}, namespace: shop}}\n{policy}"
                );
            }
            on_text(&text, |ground| check(ground, &text))?;
        }
    }
}
