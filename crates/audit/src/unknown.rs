//! Findings about values that nobody knows yet are taken out, and it is said once a file that there were some.
use std::collections::{HashMap, HashSet};

use netloom_objects::{Location, ObjectSet};

use crate::{Finding, rules::manifests::UNKNOWN_VALUE};

/// The places of a set at which what is said depends on an unknown value, by file.
pub(crate) struct Unknown<'s> {
    files: HashMap<&'s str, HashSet<(u32, u32)>>,
}

impl<'s> Unknown<'s> {
    pub(crate) fn of(set: &'s ObjectSet) -> Self {
        let mut files: HashMap<&str, HashSet<(u32, u32)>> = HashMap::new();
        for source in &set.sources {
            for object in &source.objects {
                let places = object.unknown_places();
                if !places.is_empty() {
                    files.entry(&source.source.name).or_default().extend(places);
                }
            }
        }
        Self { files }
    }

    fn has(&self, at: &Location) -> bool {
        self.files.get(&*at.file).is_some_and(|places| places.contains(&(at.line, at.column)))
    }

    /// Takes out what nobody can know.
    pub(crate) fn take_out(&self, findings: &mut Vec<Finding>) {
        if self.files.is_empty() {
            return;
        }
        let mut open: HashMap<String, Location> = HashMap::new();
        findings.retain(|finding| {
            let of_rule = *finding.rule == UNKNOWN_VALUE;
            let related = || finding.related.iter().any(|(at, _)| self.has(at));
            let unknown = !of_rule && (self.has(&finding.at) || related());
            if unknown {
                let at = open.entry(finding.at.file.to_string()).or_insert_with(|| finding.at.clone());
                if (finding.at.line, finding.at.column) < (at.line, at.column) {
                    *at = finding.at.clone();
                }
            }
            !unknown
        });
        for (file, at) in open {
            let said = |finding: &Finding| *finding.rule == UNKNOWN_VALUE && *finding.at.file == *file;
            if !findings.iter().any(said) {
                findings.push(not_judged(at));
            }
        }
    }
}

fn not_judged(at: Location) -> Finding {
    Finding {
        rule: &UNKNOWN_VALUE,
        severity: UNKNOWN_VALUE.severity,
        message: "a value here is not known yet; it and others like it are not judged".to_owned(),
        end: (at.line, at.column),
        at,
        object: None,
        help: Some("fill it in first to have it judged: `flux build`, `envsubst`, `sops decrypt`".to_owned()),
        related: Vec::new(),
        fix: None,
        sets: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use netloom_objects::{ObjectSet, Severity, Source, parse_source};

    use crate::{Settings, Version, audit};

    fn codes(text: &str, kube: Version) -> Vec<(String, Severity)> {
        let set = ObjectSet::assemble(vec![Arc::new(parse_source(&Source::new("a.yaml", text)))]);
        let settings = Settings { kube_version: kube, ..Settings::default() };
        let report = audit(&set, &settings, &|_| true);
        report.findings.iter().map(|f| (f.rule.code.to_owned(), f.severity)).collect()
    }

    const GATEWAY: &str = "\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge}
spec:
  gatewayClassName: istio
  listeners:
  - {name: http, port: 80, protocol: HTTP, hostname: \"HOST\"}
";

    #[test]
    fn hostnames_that_are_filled_in_are_not_judged() {
        let of = |host: &str| codes(&GATEWAY.replace("HOST", host), Version::KUBERNETES);
        let has = |codes: &[(String, Severity)], code: &str| codes.iter().any(|(found, _)| found == code);
        assert!(has(&of("Shop.example.com"), "GW003"));
        for host in ["${HOST}", "${HOST:=Shop.example.com}", "shop.${DOMAIN}"] {
            let codes = of(host);
            assert!(!has(&codes, "GW003"), "{host} {codes:?}");
            assert_eq!(codes.iter().filter(|(code, _)| code == "MF015").count(), 1, "{host} {codes:?}");
        }
    }

    #[test]
    fn a_variable_is_itself_with_another_default() {
        let ingress = "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  ingressClassName: nginx
  tls:
  - {hosts: [\"${HOST:=shop.example.com}\"], secretName: tls}
  rules:
  - host: ${HOST}
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
";
        let codes = codes(ingress, Version::KUBERNETES);
        assert!(
            !codes.iter().any(|(code, _)| matches!(code.as_str(), "IN002" | "IN003" | "MF006")),
            "{codes:?}"
        );
    }

    #[test]
    fn loose_addresses_are_refused_since_1_36() {
        let policy = "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: a}
spec:
  podSelector: {}
  ingress:
  - from:
    - ipBlock: {cidr: 010.0.0.0/8}
    - ipBlock: {cidr: \"::ffff:192.0.2.0/120\"}
    - ipBlock: {cidr: 192.0.2.5/24}
";
        for (kube, severity) in
            [(Version::new(1, 36), Severity::Error), (Version::new(1, 35), Severity::Warning)]
        {
            let found: Vec<_> = codes(policy, kube).into_iter().filter(|(code, _)| code == "MF006").collect();
            assert_eq!(found, vec![("MF006".to_owned(), severity); 3]);
        }
    }
}
