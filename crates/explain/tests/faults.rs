//! A policy with a fault in it that is used all the same (`--keep-going`) opens nothing that it would close when repaired.
mod common;

use common::Fixture;
use netloom_cluster::{Families, Options};

const PODS: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: shop}}
---
apiVersion: v1
kind: Namespace
metadata: {name: other}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {containers: [{name: c, image: x, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, image: x, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: stranger, namespace: other}
spec: {containers: [{name: c, image: x, ports: [{containerPort: 80}]}]}
";

fn keep_going(policy: &str) -> Fixture {
    let options = Options { families: Families::V4, ..Options::default() };
    Fixture::keep_going(&[("pods.yaml", PODS), ("policy.yaml", policy)], &options)
}

fn verdict(fixture: &Fixture, question: &str) -> (bool, String) {
    let (from, to) = question.split_once(" > ").unwrap_or_else(|| panic!("{question}"));
    let told = fixture.explain(from, to);
    (told.allowed(), told.render(false))
}

/// A policy with a fault, what it closes, and what stays open.
type Row = (&'static str, &'static [&'static str], &'static [&'static str]);

fn judge(head: &str, rows: &[Row]) {
    for (spec, closed, open) in rows {
        let fixture = keep_going(&format!("{head}{spec}\n"));
        assert!(fixture.objects.has_errors(), "this is meant to hold a fault: {spec}");
        for (questions, expected) in [(closed, false), (open, true)] {
            for question in *questions {
                let (allowed, told) = verdict(&fixture, question);
                assert_eq!(allowed, expected, "{question}: {spec}\n{told}");
            }
        }
    }
}

#[test]
fn network_policies() {
    const IN: &str = "stranger > db:80";
    const NEAR: &str = "web > db:80";
    const OUT: &str = "db > stranger:80";
    let rows: [Row; 34] = [
        // Peers.
        ("{podSelector: {}, ingress: [{form: [{podSelector: {}}]}]}", &[IN, NEAR], &[]),
        ("{podSelector: {}, ingress: [{from: {podSelector: {}}}]}", &[IN, NEAR], &[]),
        ("{podSelector: {}, ingress: [{from: [web]}]}", &[IN, NEAR], &[]),
        ("{podSelector: {}, ingress: [{from: [web, {podSelector: {}}]}]}", &[IN], &[NEAR]),
        ("{podSelector: {}, ingress: [{from: [{podSelector: {}}], fro: []}]}", &[IN, NEAR], &[]),
        ("{podSelector: {}, ingress: [{from: [{podSelector: {}}], from: []}]}", &[IN, NEAR], &[]),
        (
            "{podSelector: {}, ingress: [{from: [{namespaceSelector: {}, podSelectors: {}}]}]}",
            &[IN, NEAR],
            &[],
        ),
        (
            "{podSelector: {}, ingress: [{from: [{namespaceSelector: {}, podSelector: web}]}]}",
            &[IN, NEAR],
            &[],
        ),
        (
            "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabel: {a: b}}}]}]}",
            &[IN, NEAR],
            &[],
        ),
        (
            "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {a: 1}}}]}]}",
            &[IN, NEAR],
            &[],
        ),
        (
            "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchExpressions: [x]}}]}]}",
            &[IN, NEAR],
            &[],
        ),
        (
            "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0, except: 10.0.0.0/8}}]}]}",
            &[IN, NEAR],
            &[],
        ),
        (
            "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0, excpt: [10.0.0.0/8]}}]}]}",
            &[IN, NEAR],
            &[],
        ),
        (
            "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0, except: [10]}}]}]}",
            &[IN, NEAR],
            &[],
        ),
        ("{podSelector: {}, ingress: [{from: [{podSelecto: {}}, {podSelector: {}}]}]}", &[IN], &[NEAR]),
        // Ports.
        ("{podSelector: {}, ingress: [{port: [{port: 81}]}]}", &[IN, NEAR], &[]),
        ("{podSelector: {}, ingress: [{ports: {port: 81}}]}", &[IN, NEAR], &[]),
        ("{podSelector: {}, ingress: [{ports: [81]}]}", &[IN, NEAR], &[]),
        ("{podSelector: {}, ingress: [{ports: [{prt: 81}]}]}", &[IN, NEAR], &[]),
        ("{podSelector: {}, ingress: [{ports: [{port: [81]}]}]}", &[IN, NEAR], &[]),
        ("{podSelector: {}, ingress: [{ports: [{prt: 81}, {port: 80}]}]}", &[], &[IN, NEAR]),
        // Rules.
        ("{podSelector: {}, ingress: [x]}", &[IN, NEAR], &[]),
        ("{podSelector: {}, ingress: {from: []}}", &[IN, NEAR], &[]),
        ("{podSelector: {}, ingres: [{}]}", &[IN, NEAR], &[]),
        ("{podSelector: {}, egress: {to: []}}", &[OUT], &[]),
        ("{podSelector: {}, ingress: [{}], egres: [{to: [{podSelector: {}}]}]}", &[OUT], &[IN]),
        ("{podSelector: {}, egress: [{too: [{podSelector: {}}]}]}", &[OUT], &[]),
        // Directions.
        ("{podSelector: {}, ingress: [{}], policyTypes: Egress}", &[OUT], &[IN]),
        ("{podSelector: {}, ingress: [{}], policyTypes: [Ingress, 5]}", &[OUT], &[IN]),
        ("{podSelector: {}, ingress: [{}], policyTypes: [Ingress, Egres]}", &[OUT], &[IN]),
        ("{podSelector: {}, ingress: [{}], policyType: [Egress]}", &[OUT], &[IN]),
        // Whom it is about.
        ("{podSelecter: {matchLabels: {app: web}}, ingress: [{}]}", &[IN, NEAR], &[]),
        ("{podSelector: web, ingress: [{}]}", &[IN, NEAR], &[]),
        ("web", &[IN, NEAR, OUT], &[]),
    ];
    let head =
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: shop}\nspec: ";
    judge(head, &rows);
    let elsewhere = head.replace("spec: ", "spce: ");
    judge(&elsewhere, &[("{podSelector: {matchLabels: {app: web}}, ingress: [{}]}", &[IN, NEAR, OUT], &[])]);
}

#[test]
fn a_policy_about_pods_that_cannot_be_read_says_so() {
    let fixture = keep_going(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: shop}\nspec: {podSelector: web}\n",
    );
    let built = netloom_cluster::Builder::new(Options::default()).build(&fixture.objects);
    let told: Vec<_> = built.diagnostics.iter().map(|d| (d.at.line, d.message.as_str())).collect();
    let said = "which pods NetworkPolicy shop/p selects cannot be read: it isolates all pods of its namespace and allows nothing";
    assert!(told.contains(&(4, said)), "{told:?}");
}

/// In `{}` stands the rule under test, before a rule that denies everything, or behind it one that allows everything.
#[test]
fn cluster_wide_policies() {
    const IN: &str = "stranger > db:80";
    const NEAR: &str = "web > db:80";
    let all = "namespaces: {}";
    let accepts: [Row; 7] = [
        ("{action: Accept, form: [{namespaces: {}}]}", &[IN, NEAR], &[]),
        ("{action: Accept, from: [{namespace: {}}]}", &[IN, NEAR], &[]),
        ("{action: Accept, from: [{namespaces: {matchLabel: {team: shop}}}]}", &[IN, NEAR], &[]),
        ("{action: Accept, from: [{pods: {namespaceSelector: {}, podSelektor: {}}}]}", &[IN, NEAR], &[]),
        (
            "{action: Accept, from: [{namespaces: {}}], protocol: [{tcp: {destinationPort: {number: 81}}}]}",
            &[IN],
            &[],
        ),
        (
            "{action: Accept, from: [{namespaces: {}}], protocols: [{tcp: {destinationPorts: {number: 81}}}]}",
            &[IN],
            &[],
        ),
        ("{action: Accept, from: [{namespaces: {}}], protocols: {tcp: {}}}", &[IN], &[]),
    ];
    let denies: [Row; 8] = [
        ("{action: Deny, form: [{namespaces: {}}]}", &[IN, NEAR], &[]),
        ("{action: Deny, from: [{namespace: {}}]}", &[IN, NEAR], &[]),
        ("{action: Deny, from: {namespaces: {}}}", &[IN, NEAR], &[]),
        ("{action: Deny, from: [{namespaces: {matchLabels: {team: [a]}}}]}", &[IN, NEAR], &[]),
        (
            "{action: Deny, from: [{namespaces: {}}], protocols: [{tcp: {destinationPort: {numbr: 80}}}]}",
            &[IN],
            &[],
        ),
        ("{action: Deny, from: [{namespaces: {matchLabels: {team: shop}}}], nam: x}", &[NEAR], &[IN]),
        ("deny", &[IN, NEAR], &[]),
        ("{acton: Accept, from: [{namespaces: {}}]}", &[IN, NEAR], &[]),
    ];
    let head = |subject: &str| {
        format!(
            "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {{name: p}}\nspec:\n  tier: Admin\n  priority: 1\n  subject: {{{subject}}}\n"
        )
    };
    let with = |rows: &[Row], before: &str, behind: &str| {
        for (rule, closed, open) in rows {
            let text = format!("{}  ingress: [{before}{rule}{behind}]", head(all));
            let fixture = keep_going(&text);
            assert!(fixture.objects.has_errors(), "this is meant to hold a fault: {rule}");
            for (question, expected) in
                closed.iter().map(|q| (q, false)).chain(open.iter().map(|q| (q, true)))
            {
                let (allowed, told) = verdict(&fixture, question);
                assert_eq!(allowed, expected, "{question}: {rule}\n{told}");
            }
        }
    };
    with(&accepts, "", ", {action: Deny, from: [{namespaces: {}}]}");
    with(&denies, "", ", {action: Accept, from: [{namespaces: {}}]}");
    // The subject, the place among others, the list itself.
    let deny = "{action: Deny, from: [{namespaces: {}}]}";
    let accept = "{action: Accept, from: [{namespaces: {}}]}";
    let later =
        format!("---\n{}", head(all).replace("priority: 1", "priority: 9").replace("name: p", "name: q"));
    let rest: [(String, bool); 7] = [
        (format!("{}  ingress: [{deny}]\n", head("namespace: {}")), false),
        (format!("{}  ingress: [{deny}]\n", head("namespaces: web")), false),
        (format!("{}  ingress: [{accept}]\n{later}  ingress: [{deny}]\n", head("namespace: {}")), false),
        (
            format!(
                "{}  ingress: [{accept}]\n{later}  ingress: [{deny}]\n",
                head(all).replace("priority: 1", "priority: first")
            ),
            false,
        ),
        (format!("{}  ingres: [{deny}]\n", head(all)), false),
        (format!("{}  ingress: {deny}\n", head(all)), false),
        (format!("{}  ingress: [{accept}]\n{later}  ingress: [{deny}, x]\n", head(all)), true),
    ];
    for (text, expected) in rest {
        let fixture = keep_going(&text);
        assert!(fixture.objects.has_errors(), "this is meant to hold a fault: {text}");
        let (allowed, told) = verdict(&fixture, IN);
        assert_eq!(allowed, expected, "{text}\n{told}");
    }
}
