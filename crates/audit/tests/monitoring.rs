//! Certificates, monitoring and the CNI: legitimate manifests on which the rules are silent, and wrong ones that they
//! find.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be checked has to fail loudly")]
use std::{fs, sync::Arc};

use netloom_audit::{Closed, Rule, Settings, Version, audit, render};
use netloom_objects::{ObjectSet, Source, parse_source};

fn read(text: &str) -> ObjectSet {
    ObjectSet::assemble(vec![Arc::new(parse_source(&Source::new("set.yaml", text)))])
}

fn is_wanted(rule: &Rule) -> bool {
    ["TL", "OB", "CN"].iter().any(|area| rule.code.starts_with(area))
}

/// The codes of these areas that are found, each with its line, in order.
fn found(text: &str, closed: bool, kube_version: Version) -> (Vec<String>, String) {
    let set = read(text);
    assert!(!set.has_errors(), "{}", set.render(false));
    let closed = Closed { everything: closed, ..Closed::default() };
    let settings = Settings { closed, kube_version, ..Settings::default() };
    let report = audit(&set, &settings, &is_wanted);
    let codes = report.findings.iter().map(|f| format!("{}:{}", f.rule.code, f.at.line)).collect();
    (codes, render(&report.findings, &set, false))
}

fn certificate(name: &str, more: &str) -> String {
    format!(
        "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {{name: {name}, namespace: shop}}\nspec:\n  secretName: {name}\n{more}"
    )
}

fn rule(more: &str) -> String {
    format!(
        "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: {{name: shop}}\nspec:\n  groups:\n    - name: shop\n      rules:\n{more}"
    )
}

fn alert(expr: &str) -> String {
    rule(&format!(
        "        - alert: A\n          expr: {expr}\n          for: 5m\n          labels: {{severity: page}}\n          annotations: {{summary: s, runbook_url: r}}\n"
    ))
}

fn proxy(more: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: kube-proxy, namespace: kube-system}}\ndata:\n  config.conf: |\n    apiVersion: kubeproxy.config.k8s.io/v1alpha1\n    kind: KubeProxyConfiguration\n{more}    clientConnection: {{kubeconfig: /var/lib/kube-proxy/kubeconfig.conf}}\n"
    )
}

const INGRESS: &str = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: web\n  namespace: shop\n  annotations: {cert-manager.io/cluster-issuer: public}\nspec:\n  tls: [{hosts: [shop.acme.example], secretName: shop}]\n  defaultBackend: {service: {name: web, port: {number: 80}}}\n";

#[test]
fn legitimate_sets_have_no_finding() {
    let issuer = "  issuerRef: {name: public, kind: ClusterIssuer}\n";
    let table = [
        ("an issuer that is elsewhere", certificate("shop", &format!("  dnsNames: [a.acme.example]\n{issuer}"))),
        (
            "an issuer of another group",
            certificate("shop", "  dnsNames: [a.acme.example]\n  issuerRef: {name: public, kind: AWSPCAIssuer, group: awspca.cert-manager.io}\n"),
        ),
        (
            "the certificate of a client",
            certificate("shop", &format!("  commonName: jobs.shop\n  usages: [client auth]\n{issuer}")),
        ),
        ("an authority", certificate("ca", &format!("  commonName: acme.internal\n  isCA: true\n{issuer}"))),
        (
            "a Certificate that the shim leaves as it is",
            format!("{}---\n{INGRESS}", certificate("shop", &format!("  dnsNames: ['*.acme.example']\n{issuer}"))),
        ),
        (
            "a wildcard and a solver for its zone",
            format!(
                "{}---\napiVersion: cert-manager.io/v1\nkind: ClusterIssuer\nmetadata: {{name: public}}\nspec:\n  acme:\n    server: https://acme-v02.api.letsencrypt.org/directory\n    privateKeySecretRef: {{name: account}}\n    solvers:\n      - http01: {{ingress: {{}}}}\n      - selector: {{dnsZones: [acme.example]}}\n        dns01: {{route53: {{region: eu-west-1}}}}\n",
                certificate("shop", &format!("  dnsNames: ['*.acme.example']\n{issuer}"))
            ),
        ),
        (
            "a Secret for TLS that something fills in",
            "apiVersion: v1\nkind: Secret\nmetadata: {name: shop}\ntype: kubernetes.io/tls\ndata: {tls.crt: '', tls.key: ''}\n".to_owned(),
        ),
        (
            "a monitor of the operator's own for what is elsewhere",
            "apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: node-exporter, namespace: monitoring}\nspec:\n  selector: {matchLabels: {app: node-exporter}}\n  endpoints: [{port: metrics}]\n".to_owned(),
        ),
        ("a plain number with a unit of time", alert("probe_duration_seconds > 2")),
        ("a quantile of a summary", alert("\"http_request_duration_seconds{quantile='0.99'} > 1\"")),
        ("a native histogram", alert("histogram_quantile(0.99, sum(rate(http_request_duration_seconds[5m]))) > 1")),
        ("a subquery", alert("\"max_over_time(rate(http_requests_total[5m])[1h:1m]) > 1\"")),
        ("brackets in quotes", alert("\"sum(rate(a{path=~'/x/(y|z'}[5m])) > 1\"")),
        ("by behind the aggregation", alert("histogram_quantile(0.9, sum(rate(a_bucket[5m])) by (le)) > 1")),
        (
            "one alert with two severities",
            rule("        - alert: A\n          expr: rate(a[5m]) > 1\n          labels: {severity: warning}\n          annotations: {summary: s, runbook_url: r}\n        - alert: A\n          expr: rate(a[5m]) > 9\n          labels: {severity: critical}\n          annotations: {summary: s, runbook_url: r}\n"),
        ),
        (
            "variables that a template makes",
            rule("        - alert: A\n          expr: rate(a[5m]) > 1\n          labels: {severity: warning}\n          annotations:\n            runbook_url: r\n            summary: '{{ with $x := query \"up\" }}{{ range $i, $e := $x }}{{ $e.Value }}{{ end }}{{ end }} ${{ $value }}'\n"),
        ),
        (
            "what kubeadm writes",
            proxy("    mode: \"\"\n    clusterCIDR: 10.244.0.0/16\n    metricsBindAddress: \"\"\n    conntrack:\n      maxPerCore: null\n      min: null\n    ipvs:\n      scheduler: \"\"\n      strictARP: false\n"),
        ),
        (
            "a pool of the Installation and the IPPool that the operator made of it",
            "apiVersion: operator.tigera.io/v1\nkind: Installation\nmetadata: {name: default}\nspec:\n  calicoNetwork:\n    ipPools: [{cidr: 10.244.0.0/16}]\n---\napiVersion: crd.projectcalico.org/v1\nkind: IPPool\nmetadata: {name: default-ipv4-ippool}\nspec: {cidr: 10.244.0.0/16, ipipMode: Always, vxlanMode: Never}\n".to_owned(),
        ),
        (
            "an old pool beside the new one",
            "apiVersion: crd.projectcalico.org/v1\nkind: IPPool\nmetadata: {name: old}\nspec: {cidr: 10.244.0.0/16, disabled: true}\n".to_owned(),
        ),
        (
            "pods by both families",
            "apiVersion: crd.projectcalico.org/v1\nkind: IPPool\nmetadata: {name: six}\nspec: {cidr: 'fd00:10:244::/56'}\n---\n".to_owned() + &proxy("    clusterCIDR: 10.244.0.0/16,fd00:10:244::/56\n"),
        ),
    ];
    for (what, text) in table {
        let (codes, shown) = found(&text, false, Version::new(1, 36));
        assert!(codes.is_empty(), "{what}:\n{shown}");
    }
}

#[test]
fn mistakes_are_found_at_their_line() {
    let new = Version::new(1, 36);
    let issuer = "  issuerRef: {name: public, kind: ClusterIssuer}\n";
    let table = [
        (certificate("shop", &format!("  dnsNames: [a.acme.example]\n{issuer}  duration: 90d\n")), false, new, "TL010:8"),
        (certificate("shop", &format!("  dnsNames: [a.acme.example]\n{issuer}")), true, new, "TL001:7"),
        (
            "apiVersion: v1\nkind: Secret\nmetadata: {name: shop}\ntype: kubernetes.io/tls\nstringData:\n  tls.crt: MIIB\n  tls.key: ''\n".to_owned(),
            false,
            new,
            "TL014:6",
        ),
        (alert("\"sum(rate(a{b='}'}[5m]) > 1\""), false, new, "OB012:9"),
        (alert("histogram_quantile(0.9, a_bucket) > 1"), false, new, "OB011:9"),
        (proxy("    mode: userspace\n"), false, new, "CN005:8"),
        (proxy("    mode: ipvs\n"), false, new, "CN005:8"),
        (proxy("    conntrack: {maxPerCore: 1000000}\n"), false, new, "CN007:8"),
    ];
    for (text, closed, version, wanted) in table {
        let (codes, shown) = found(&text, closed, version);
        assert_eq!(codes, [wanted], "{shown}");
    }
    let (codes, shown) = found(&proxy("    mode: ipvs\n"), false, Version::new(1, 34));
    assert!(codes.is_empty(), "ipvs before it was deprecated:\n{shown}");
}

#[test]
fn the_platform_is_good() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/platform");
    let mut paths: Vec<_> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    assert!(!paths.is_empty());
    let source = |path: &std::path::PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        Arc::new(parse_source(&Source::new(name.as_str(), fs::read_to_string(path).unwrap().as_str())))
    };
    let set = ObjectSet::assemble(paths.iter().map(source).collect());
    for everything in [false, true] {
        let closed = Closed { everything, ..Closed::default() };
        let report = audit(&set, &Settings { closed, ..Settings::default() }, &is_wanted);
        assert!(report.findings.is_empty(), "{}", render(&report.findings, &set, false));
    }
}
