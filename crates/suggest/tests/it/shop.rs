//! The example shop without its policies: what is suggested comes close to those that were written by hand.
use std::collections::BTreeMap;

use netloom_reach::Reach;

use crate::support::{Asked, example, on, suggested};

/// What no manifest tells: who asks the frontend, what Prometheus scrapes, and how large the payment provider's network is.
const NEEDS: &str = "\
[production]
ingress/edge -> frontend:80
monitoring/prometheus -> backend:metrics
monitoring/prometheus -> monitoring/statsd:metrics
backend -> 198.51.100.0/25:443
";

fn table(reach: &Reach) -> BTreeMap<(String, String), String> {
    let mut table = BTreeMap::new();
    reach.rows(|row| {
        let (from, to) = (row.from.name().to_owned(), row.to.name().to_owned());
        table.insert((from, to), reach.ports(row.open).to_string());
    });
    table
}

#[test]
fn policies_are_derived_from_the_manifests() {
    on(&example("shop", Some("policies")), |ground| {
        let (suggestion, proof, report) = suggested(ground, &Asked { derive: true, ..Asked::default() });
        assert!(proof.unmet.is_empty());
        insta::assert_snapshot!("shop_derived", format!("{}\n{report}", suggestion.yaml()));
    });
}

#[test]
fn the_suggestion_is_what_was_written_by_hand_but_narrower() {
    let written = on(&example("shop", None), |ground| table(&ground.today));
    on(&example("shop", Some("policies/")), |ground| {
        let asked = Asked { derive: true, needs: NEEDS, ..Asked::default() };
        let (_, proof, _) = suggested(ground, &asked);
        let suggested = table(&proof.after);
        let shown = |from: &BTreeMap<(String, String), String>, but: &BTreeMap<(String, String), String>| {
            let differs = from.iter().filter(|(pair, open)| but.get(*pair) != Some(*open));
            differs.map(|((from, to), open)| format!("{from} => {to} : {open}\n")).collect::<String>()
        };
        // By hand: monitoring has no default deny, a range is kept out of the edge, and half of the provider's network.
        insta::assert_snapshot!(
            "shop_against_hand_written",
            format!(
                "only by hand:\n{}\nonly suggested:\n{}",
                shown(&written, &suggested),
                shown(&suggested, &written)
            )
        );
    });
}

#[test]
fn one_workload_is_isolated_by_its_own_policy() {
    on(&example("shop", None), |ground| {
        let asked =
            Asked { derive: true, needs: NEEDS, workloads: &["production/backend"], ..Asked::default() };
        let (suggestion, proof, report) = suggested(ground, &asked);
        assert!(proof.unmet.is_empty(), "{report}");
        insta::assert_snapshot!("shop_one_workload", format!("{}\n{report}", suggestion.yaml()));
    });
}

#[test]
fn todays_policies_may_stay_beside() {
    on(&example("shop", None), |ground| {
        let asked = Asked { derive: true, keep: true, namespaces: &["production"], ..Asked::default() };
        let (suggestion, proof, report) = suggested(ground, &asked);
        assert!(proof.unmet.is_empty(), "{report}");
        assert!(suggestion.replaced.is_empty());
        let names: Vec<&str> = suggestion.policies.iter().map(|p| p.name.as_str()).collect();
        // Applied, they must not take the place of what stays.
        assert_eq!(
            names,
            ["default-deny-least", "allow-dns-least", "backend-least", "frontend-least", "postgres-least"]
        );
        assert_eq!(table(&ground.today), table(&proof.after), "all that is needed is allowed today already");
    });
}
