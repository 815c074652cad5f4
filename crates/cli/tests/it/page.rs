//! The page of `netloom reach -o html`, in a browser.
use std::{collections::BTreeSet, fmt::Write as _};

use crate::{
    browser::Browser,
    support::{folder, path, run, stderr, stdout},
};

/// The page of manifests, in a file.
fn page(manifests: &str) -> tempfile::TempDir {
    let output = run(&["reach", manifests, "-o", "html"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    folder(&[("reach.html", &stdout(&output))])
}

fn url(page: &tempfile::TempDir) -> String {
    format!("file://{}/reach.html", path(page))
}

/// Every pair that the page shows as open, as a line of the table.
const TABLE: &str = "return ends.flatMap((from) => ends.filter((to) => to !== from).map((to) => [from, to, verdict(from, to)]))
    .filter(([, , v]) => v.text !== '').map(([from, to, v]) => `${from.name},${to.name},${v.text}`);";

#[test]
fn every_connection_and_every_denial_can_be_clicked() {
    let page = page("examples/shop");
    let browser = Browser::start();
    browser.open(&url(&page));
    browser.text_with("#details", "Open to the outside");
    let item = |name: &str| {
        let found = browser.run(&format!(
            "return shown.items.find((item) => item.ends[0].name === '{name}').element.dataset.key"
        ));
        format!(".item[data-key='{}'] rect", found.as_str().unwrap())
    };

    // A workload, then another: the line that denies.
    browser.click(&item("production/frontend[Deployment]"));
    let text = browser.text_with("#details", "What it may connect to");
    assert!(text.contains("production/backend[Deployment]\nTCP 3000"), "{text}");
    browser.click(&item("production/postgres[StatefulSet]"));
    let text = browser.text_with("#details", "May not connect");
    assert!(text.contains("examples/shop/policies/frontend.yaml:"), "{text}");
    assert!(text.contains("entering production/postgres[StatefulSet]"), "{text}");

    // An arrow: the line that allows.
    browser.run("select(null)");
    let arrow = browser.run(
        "const edge = shown.edges.find((e) => e.from.label === 'backend' && e.to.label === 'postgres');
         edge.element.dispatchEvent(new MouseEvent('click', { bubbles: true })); return portsOf(edge.found);",
    );
    assert_eq!(arrow, "TCP 5432");
    let text = browser.text_with("#details", "May connect on TCP 5432");
    for line in ["examples/shop/policies/backend.yaml:", "examples/shop/policies/database.yaml:"] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
    assert!(text.contains("everything else"), "{text}");
    browser.click("#details p button");
    browser.text_with("#details", "May not connect");

    // The same by the matrix, where a denial has a cell of its own.
    browser.click("#tab-matrix");
    browser.click("#matrix td.denied");
    browser.text_with("#details", "✗ denied");
    browser.click("#matrix td.tcp");
    browser.text_with("#details", "✓ allowed");

    // Only what is asked for.
    browser.click("#tab-map");
    browser.write("#port", "udp");
    let styles = browser.run("return [...new Set(shown.edges.map((edge) => edge.style))]");
    assert_eq!(styles, serde_json::json!(["udp"]));
    browser.write("#search", "statsd\u{e007}");
    browser.text_with("#details h2", "monitoring/statsd[Deployment]");

    assert_eq!(browser.complaints(), serde_json::json!([]));
}

#[test]
fn the_page_says_what_the_table_says() {
    for manifests in ["examples/shop", "examples/shop-broken", "examples/platform"] {
        let page = page(manifests);
        let browser = Browser::start();
        browser.open(&url(&page));
        browser.text_with("#details h2", "workload");
        let shown = browser.run(TABLE);
        let inside = |line: &str| !line.contains("[External]");
        let shown: BTreeSet<&str> = shown
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|line| line.as_str())
            .filter(|line| inside(line))
            .collect();
        let output = run(&["reach", manifests, "-o", "csv"]);
        let table = stdout(&output);
        let rows: BTreeSet<String> = table.lines().skip(1).map(|row| row.replace('"', "")).collect();
        let rows: BTreeSet<&str> = rows.iter().map(String::as_str).filter(|row| inside(row)).collect();
        assert!(rows.len() > 3, "{manifests}: {table}");
        assert_eq!(shown, rows, "{manifests}");
        assert_eq!(browser.complaints(), serde_json::json!([]));
    }
}

#[test]
fn a_thousand_workloads_are_grouped_and_open_on_demand() {
    let mut manifests = String::new();
    for namespace in 0..20 {
        _ = write!(manifests, "---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: n{namespace}}}\n");
        for nth in 0..50 {
            _ = write!(
                manifests,
                "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: web-{nth}, namespace: n{namespace}, labels: {{tier: t{}}}}}\n\
                 spec: {{containers: [{{name: c, image: i, ports: [{{containerPort: 8080}}]}}]}}\n",
                nth % 2
            );
        }
        _ = write!(
            manifests,
            "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: t0, namespace: n{namespace}}}\n\
             spec: {{podSelector: {{matchLabels: {{tier: t0}}}}, ingress: [{{from: [{{namespaceSelector: {{matchLabels: \
             {{kubernetes.io/metadata.name: n0}}}}}}], ports: [{{port: 8080}}]}}]}}\n"
        );
    }
    let source = folder(&[("many.yaml", &manifests)]);
    let page = page(path(&source));
    let browser = Browser::start();
    browser.open(&url(&page));
    browser.text_with("#details h2", "1000 workloads in 20 namespaces");
    let items = || browser.run("return shown.items.length").as_u64().unwrap();
    // A namespace is one item, and so are those outside.
    assert_eq!(items(), 21);
    browser.click(".group[data-place=n7] .name");
    assert_eq!(items(), 22, "two kinds of workloads instead of one namespace");
    browser.run("openItem(shown.items.find((item) => item.place.name === 'n7'))");
    assert_eq!(items(), 22 - 1 + 25);
    browser.click("#open-all");
    assert_eq!(items(), 1 + 19 * 2 + 26);
    browser.write("#search", "n13/web-42[Pod]");
    browser.text_with("#details h2", "n13/web-42[Pod]");
    let from = browser.run("return between(ends.filter((e) => e.namespace === 'n0'), ends.filter((e) => e.name === 'n13/web-42[Pod]')).map((f) => f.verdict.text)");
    assert_eq!(from, serde_json::json!(["TCP 8080"]));
    assert_eq!(browser.complaints(), serde_json::json!([]));
}
