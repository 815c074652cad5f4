//! Rules of Prometheus, and monitors of Services that stand in no manifest.
use std::sync::Arc;

use netloom_audit::{Settings, audit};
use netloom_objects::{ObjectSet, Source, parse_source};

use crate::table::{check, join};

fn rules_of(rules: &str) -> String {
    format!(
        "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: {{name: shop, namespace: shop}}\nspec:\n  groups:\n    - name: shop\n      rules:\n{rules}"
    )
}

fn record(name: &str, expr: &str) -> String {
    format!("        - record: {name}\n          expr: '{expr}'\n")
}

#[test]
fn recordings_of_one_name() {
    let two = |one: &str, other: &str| rules_of(&(record("a:b:rate5m", one) + &record("a:b:rate5m", other)));
    let rules = &["OB014"];
    check(&[
        (
            "each keeps other values of a label",
            two(r#"sum by (code) (rate(a{code=~"2.."}[5m]))"#, r#"sum by (code) (rate(a{code=~"5.."}[5m]))"#),
            false,
            rules,
            &[],
        ),
        (
            "the label is summed away",
            two(r#"sum(rate(a{code=~"2.."}[5m]))"#, r#"sum(rate(a{code=~"5.."}[5m]))"#),
            false,
            rules,
            &["OB014 warning"],
        ),
        ("the same twice", two("sum(a)", "sum(a)"), false, rules, &["OB014 warning"]),
        (
            "a group twice",
            rules_of(&record("a:b", "sum(a)"))
                + "    - name: shop\n      rules:\n        - record: c:d\n          expr: sum(c)\n",
            false,
            rules,
            &["OB014 error"],
        ),
    ]);
}

#[test]
fn quantiles_behind_operators() {
    let one = |expr: &str| rules_of(&record("a:b", expr));
    let rules = &["OB011"];
    check(&[
        (
            "the many side keeps le",
            one(
                "histogram_quantile(0.99, sum by (inst, le) (rate(b_bucket[5m])) * on (inst) group_left (node) max by (inst, node) (info))",
            ),
            false,
            rules,
            &[],
        ),
        (
            "the many side does not",
            one(
                "histogram_quantile(0.99, sum by (inst) (rate(b_bucket[5m])) * on (inst) group_left (node) max by (inst, node) (info))",
            ),
            false,
            rules,
            &["OB011 error"],
        ),
        (
            "sum without anything",
            one("histogram_quantile(0.9, sum(rate(b_bucket[5m])))"),
            false,
            rules,
            &["OB011 error"],
        ),
        (
            "the largest of them",
            one("histogram_quantile(0.9, topk(3, sum by (le) (rate(b_bucket[5m]))))"),
            false,
            rules,
            &[],
        ),
    ]);
}

/// A repair changes the aggregation that loses the buckets, and no other one.
#[test]
fn quantiles_are_repaired_where_the_buckets_are_lost() {
    let table = [
        (
            "histogram_quantile(0.9, sum by (i) (rate(b_bucket[5m])) * on (i) group_left (n) max by (i) (info))",
            Some(
                "histogram_quantile(0.9, sum by (i, le) (rate(b_bucket[5m])) * on (i) group_left (n) max by (i) (info))",
            ),
        ),
        (
            "max by (i) (x) * on (i) group_right () histogram_quantile(0.9, sum by (i) (rate(b_bucket[5m])))",
            Some(
                "max by (i) (x) * on (i) group_right () histogram_quantile(0.9, sum by (i, le) (rate(b_bucket[5m])))",
            ),
        ),
        (
            "histogram_quantile(0.9, sum(rate(b_bucket[5m])))",
            Some("histogram_quantile(0.9, sum by (le) (rate(b_bucket[5m])))"),
        ),
        // One more label would change which series the operator puts together.
        ("histogram_quantile(0.9, sum by (i) (rate(b_bucket[5m])) / sum by (i) (c))", None),
        ("histogram_quantile(0.9, sum by (i) (rate(b_bucket[5m])) * ignoring (n) group_left () c)", None),
    ];
    for (expr, repaired) in table {
        let text = rules_of(&record("a:b", expr));
        let set = ObjectSet::assemble(vec![Arc::new(parse_source(&Source::new("set.yaml", &text)))]);
        let report = audit(&set, &Settings::default(), &|rule| rule.code == "OB011");
        let fix = report.findings.first().and_then(|finding| finding.fix.clone());
        assert!(fix.as_ref().is_none_or(|fix| fix.safe), "{expr}");
        let written = fix.map(|fix| {
            let mut text = text.clone();
            let mut edits = fix.edits;
            edits.sort_by_key(|edit| std::cmp::Reverse(edit.start));
            edits.iter().for_each(|edit| text.replace_range(edit.range(), &edit.text));
            text
        });
        assert_eq!(written, repaired.map(|expr| rules_of(&record("a:b", expr))), "{expr}");
    }
}

fn monitor(namespace: &str, labels: &str, of: &str) -> String {
    format!(
        "apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {{name: m, namespace: {namespace}}}\nspec:\n  selector: {{matchLabels: {{{labels}}}}}\n  namespaceSelector: {{matchNames: [{of}]}}\n  endpoints: [{{port: metrics}}]\n"
    )
}

#[test]
fn services_that_stand_in_no_manifest() {
    let rules = &["OB003"];
    let prometheus = "apiVersion: monitoring.coreos.com/v1\nkind: Prometheus\nmetadata: {name: k8s, namespace: monitoring}\nspec: {}\n";
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: api, namespace: shop, labels: {tier: back}}\nspec: {selector: {run: api}, ports: [{name: metrics, port: 9090}]}\n";
    check(&[
        ("the API server", monitor("monitoring", "component: apiserver", "default"), true, rules, &[]),
        ("the DNS", monitor("monitoring", "k8s-app: kube-dns", "kube-system"), true, rules, &[]),
        (
            "the DNS, looked for elsewhere",
            monitor("monitoring", "k8s-app: kube-dns", "default"),
            true,
            rules,
            &["OB003 error"],
        ),
        (
            "what prometheus-operator makes",
            join(&[prometheus, &monitor("monitoring", "operated-prometheus: \"true\"", "monitoring")]),
            true,
            rules,
            &[],
        ),
        (
            "the same without a Prometheus",
            monitor("monitoring", "operated-prometheus: \"true\"", "monitoring"),
            true,
            rules,
            &["OB003 error"],
        ),
        ("something else", monitor("shop", "app: other", "shop"), true, rules, &["OB003 error"]),
        ("something else, in an open set", monitor("shop", "app: other", "shop"), false, rules, &[]),
        (
            "something else, where the set has Services",
            join(&[service, &monitor("shop", "app: other", "shop")]),
            false,
            rules,
            &["OB003 info"],
        ),
        (
            "a Service of the name without the label, in an open set",
            join(&[service, &monitor("shop", "app: api", "shop")]),
            false,
            rules,
            &["OB003 warning"],
        ),
    ]);
    let ingress = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: api, namespace: default}\nspec:\n  defaultBackend: {service: {name: kubernetes, port: {number: 443}}}\n";
    let external = "apiVersion: v1\nkind: Service\nmetadata: {name: dns, namespace: shop}\nspec: {type: ExternalName, externalName: kube-dns.kube-system.svc.cluster.local}\n";
    check(&[
        ("an Ingress to the API server", ingress.to_owned(), true, &["IN008"], &[]),
        (
            "an Ingress to another Service",
            ingress.replace("kubernetes, port", "other, port"),
            true,
            &["IN008"],
            &["IN008 error"],
        ),
        ("a name for the DNS", external.to_owned(), true, &["SV020"], &[]),
        (
            "a name for nothing",
            external.replace("kube-dns.", "core-dns."),
            true,
            &["SV020"],
            &["SV020 error"],
        ),
    ]);
}
