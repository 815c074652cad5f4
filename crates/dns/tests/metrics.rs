//! The page of metrics: Prometheus' text format has every series once, and CoreDNS' names.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot run has to fail")]
#[path = "../../naming/tests/common/corefile.rs"]
mod corefile;
mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read, Write},
    net::{TcpListener, TcpStream},
};

use netloom_dns::{Responder, serve_admin};
use support::{Server, cluster::everything};

fn page(responder: &Responder) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let responder = responder.clone();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.spawn(serve_admin(listener, "/metrics", responder));
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text.split_once("\r\n\r\n").unwrap().1.to_owned()
}

/// The page's series; a name, a family or a series that stands twice is refused.
fn series(page: &str) -> BTreeMap<String, f64> {
    let mut families = BTreeSet::new();
    let (mut family, mut found) = (String::new(), BTreeMap::new());
    for line in page.lines().filter(|line| !line.starts_with("# HELP ")) {
        if let Some(of) = line.strip_prefix("# TYPE ") {
            of.split(' ').next().unwrap().clone_into(&mut family);
            assert!(families.insert(family.clone()), "{family} stands twice\n{page}");
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        assert!(name.starts_with(&family), "{name} stands under {family}\n{page}");
        let mut labels: Vec<&str> = labels.strip_suffix('}').unwrap().split("\",").collect();
        labels.sort_unstable();
        let names: BTreeSet<&str> = labels.iter().filter_map(|label| label.split('=').next()).collect();
        assert_eq!(names.len(), labels.len(), "a label stands twice in {line}");
        let key = format!("{name} {}", labels.join(" ").replace('"', ""));
        assert!(found.insert(key, value.parse().unwrap()).is_none(), "{line} stands twice\n{page}");
    }
    found
}

/// The labels of a name's series, and their values.
fn of<'s>(series: &'s BTreeMap<String, f64>, name: &str) -> Vec<(&'s str, f64)> {
    let own = series.iter().filter_map(|(key, value)| Some((key.strip_prefix(name)?, *value)));
    own.filter_map(|(labels, value)| Some((labels.strip_prefix(' ')?, value))).collect()
}

#[test]
fn every_series_stands_once_and_has_coredns_name_and_value() {
    let upstream = Server::start(Some(&everything().snapshot()));
    let text = format!(
        ".:53 {{\n  errors\n  health\n  reload\n  acl blocked.example {{\n    block\n  }}\n  acl filtered.example {{\n    filter\n  }}\n  acl dropped.example {{\n    drop\n  }}\n  hosts {{\n    10.0.0.9 a.example\n    10.0.0.9 b.example\n    10.0.0.10 b.example\n    fallthrough\n  }}\n  template IN A t.example {{\n    answer \"{{{{ .Name }}}} 60 IN A 192.0.2.7\"\n  }}\n  template IN A u.t.example {{\n    match ^x\n    rcode NXDOMAIN\n  }}\n  rewrite name c.example a.example\n  rewrite name d.example a.example\n  prometheus :9153\n  forward . {0}\n  cache 30 cluster.local\n}}\nstub.example:53 {{\n  rewrite name suffix .stub.example .svc.cluster.local answer auto\n  hosts {{\n    10.0.0.1 c.stub.example\n  }}\n  forward . {0}\n  cache 30 cluster.local\n}}\n",
        upstream.address
    );
    let snapshot = corefile::with_files(everything().snapshot(), &[("Corefile", &text)]);
    let plan = corefile::servers(&snapshot).cluster;
    let server = Server::of(Some((*plan).clone()), Vec::new());
    for question in [
        "a.example A",
        "a.example A",
        "c.example A",
        "x.t.example A",
        "x.t.example A",
        "x.blocked.example A",
        "blocked.example AAAA",
        "x.filtered.example A",
        "web.production.svc.cluster.local A",
        "web.production.svc.cluster.local A",
        "web.production.stub.example A",
    ] {
        server.ask(question);
    }
    assert!(server.dig("+time=1 x.dropped.example A").contains("timed out"));
    let series = series(&page(&server.responder));
    let at = "server=dns://:53 view=";
    let value = |name: &str| of(&series, name);
    assert_eq!(value("coredns_acl_blocked_requests_total"), [(&*format!("{at} zone=blocked.example."), 2.0)]);
    assert_eq!(
        value("coredns_acl_filtered_requests_total"),
        [(&*format!("{at} zone=filtered.example."), 1.0)]
    );
    assert_eq!(value("coredns_acl_dropped_requests_total"), [(&*format!("{at} zone=dropped.example."), 1.0)]);
    assert_eq!(value("coredns_acl_allowed_requests_total"), [(at, 7.0)]);
    let template = "class=IN server=dns://:53 type=A view= zone=t.example.";
    assert_eq!(value("coredns_template_matches_total"), [(template, 2.0)]);
    // There and back: six of the first, two of the second, and eight of `localhost`, which is not in the second's zone.
    assert_eq!(value("coredns_hosts_entries"), [("hostsfile=/etc/hosts", 16.0)]);
    assert_eq!(value("coredns_reload_failed_total"), [("", 0.0)]);
    let evictions = value("coredns_cache_evictions_total");
    assert_eq!(evictions.len(), 2, "{evictions:?}");
    assert!(evictions.iter().all(|(_, count)| *count == 0.0));
    let hits = "server=dns://:53 type=success view= zones=cluster.local.";
    assert!(value("coredns_cache_hits_total").contains(&(hits, 1.0)), "{series:#?}");
    let to = format!("proxy_name=forward rcode=NOERROR to={}", upstream.address);
    // Both blocks ask the same server, by one series.
    let asked = value("coredns_proxy_request_duration_seconds_count");
    assert_eq!(asked, [(&*to, 2.0)]);
    let names: Vec<&str> = value("coredns_plugin_enabled")
        .into_iter()
        .filter(|(labels, _)| labels.ends_with("zone=."))
        .filter_map(|(labels, _)| labels.strip_prefix("name=")?.split(' ').next())
        .collect();
    // Those that set the server up, such as `reload` and `health`, are not in CoreDNS' list.
    assert_eq!(names, ["acl", "cache", "errors", "forward", "hosts", "prometheus", "rewrite", "template"]);
}
