//! One fact gives one finding, although several rules may see it.
use std::collections::{HashMap, HashSet};

use netloom_objects::Location;

use crate::Finding;

/// Rules that see the same at the same place, the best words first.
const FACTS: [&[&str]; 2] = [
    // A value that the API server refuses, and of which no cluster can be made.
    &["MF006", "MF002"],
    // A Service port of the mesh whose name says nothing.
    &["IS051", "SV007", "SV006"],
];

/// The fact that a rule sees, and how good its words for it are.
fn fact(code: &str) -> Option<(usize, usize)> {
    let place = |(nth, codes): (usize, &&[&str])| Some((nth, codes.iter().position(|known| *known == code)?));
    FACTS.iter().enumerate().find_map(place)
}

/// Leaves the gravest finding of each fact. Whoever suppressed one of them has suppressed the fact.
pub(crate) fn once(findings: &mut Vec<Finding>, suppressed: &[Finding]) {
    let mut best: HashMap<(usize, Location), (netloom_objects::Severity, usize)> = HashMap::new();
    for finding in &*findings {
        if let Some((fact, words)) = fact(finding.rule.code) {
            let rank = (finding.severity, words);
            let known = best.entry((fact, finding.at.clone())).or_insert(rank);
            *known = rank.min(*known);
        }
    }
    if best.is_empty() {
        return;
    }
    let excused: HashSet<(usize, &Location)> =
        suppressed.iter().filter_map(|finding| Some((fact(finding.rule.code)?.0, &finding.at))).collect();
    findings.retain(|finding| {
        let Some((fact, words)) = fact(finding.rule.code) else { return true };
        !excused.contains(&(fact, &finding.at))
            && best.get(&(fact, finding.at.clone())) == Some(&(finding.severity, words))
    });
}

/// Takes out what is said of a Namespace again, because the input holds several copies of it: it is one namespace.
pub(crate) fn once_a_namespace(findings: &mut Vec<Finding>) {
    let mut said: HashSet<(&'static str, String)> = HashSet::new();
    findings.retain(|finding| {
        let is_of_namespace = finding.object.as_ref().is_some_and(|object| &*object.kind == "Namespace");
        !is_of_namespace
            || finding.rule.code.starts_with("MF")
            || said.insert((finding.rule.code, finding.message.clone()))
    });
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use netloom_objects::{ObjectSet, Source, parse_source};

    use crate::{Settings, audit};

    /// The codes that are found among some, each with its line.
    fn found(text: &str, codes: &[&str]) -> Vec<String> {
        let set = ObjectSet::assemble(vec![Arc::new(parse_source(&Source::new("a.yaml", text)))]);
        let report = audit(&set, &Settings::default(), &|_| true);
        let wanted = report.findings.iter().filter(|finding| codes.contains(&finding.rule.code));
        wanted.map(|finding| format!("{} {}", finding.rule.code, finding.at.line)).collect()
    }

    fn service(ports: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Namespace\nmetadata: {{name: shop, labels: {{istio-injection: enabled}}}}\n---\napiVersion: v1\nkind: \
             Service\nmetadata: {{name: cart, namespace: shop}}\nspec:\n  selector: {{app: cart}}\n  ports:\n{ports}"
        )
    }

    #[test]
    fn a_port_that_says_no_protocol_is_one_finding() {
        let port = ["IS051", "SV006", "SV007"];
        for (ports, expected) in [
            ("  - port: 80\n", vec!["IS051 11"]),
            ("  - {name: api, port: 80}\n", vec!["IS051 11"]),
            ("  - port: 3306\n", vec!["SV007 11"]),
            ("  - {name: main, port: 3306}\n", vec!["SV007 11"]),
            ("  - {name: api, port: 80}\n  - {name: rpc, port: 81}\n", vec!["IS051 11", "IS051 12"]),
            ("  - {name: http, port: 80}\n", vec![]),
            // Whoever excuses one of them means the port.
            ("  - port: 3306 # netloom: ignore[SV007] it is tried\n", vec![]),
            ("  - port: 80 # netloom: ignore[SV006] it is tried\n", vec![]),
        ] {
            assert_eq!(found(&service(ports), &port), expected, "{ports}");
        }
        let outside = service("  - port: 80\n").replace("istio-injection: enabled", "a: b");
        assert_eq!(found(&outside, &port), ["SV006 11"], "where there is no mesh");
    }

    #[test]
    fn a_value_that_can_be_nowhere_is_one_finding() {
        let service = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec:\n  ports: [{name: http, port: 80}]\n";
        for (field, expected) in [
            ("  externalIPs: [224.0.0.9]\n", vec!["MF006 6"]),
            ("  type: LoadBalancer\n  loadBalancerIP: 239.1.2.3\n", vec!["MF002 7"]),
            ("  externalIPs: [203.0.113.9]\n", vec![]),
        ] {
            assert_eq!(found(&format!("{service}{field}"), &["MF002", "MF006"]), expected, "{field}");
        }
    }

    #[test]
    fn copies_of_a_namespace_are_one_namespace() {
        let namespace = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n---\n";
        let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop}\nspec: {containers: [{name: c, image: 'x:1'}]}\n";
        let text =
            format!("{namespace}{}{namespace}{pod}", namespace.replace("shop", "shop\n  labels: {a: b}"));
        let found = found(&text, &["NP021", "WL027"]);
        let count = |code: &str| found.iter().filter(|one| one.starts_with(code)).count();
        assert_eq!((count("NP021"), count("WL027")), (1, 1), "{found:?}");
    }
}
