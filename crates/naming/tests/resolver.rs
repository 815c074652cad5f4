//! What pods make of names: resolv.conf, hosts, search lists, and whole resolutions.
mod common;

use std::sync::Arc;

use common::*;
use netloom_cluster::{DnsConfig, DnsPolicy, Family, HostAlias, Pod};
use netloom_naming::{Hosts, Outcome, ResolvConf, Servers, Zone, expand, resolv_conf, resolve};

fn host() -> ResolvConf {
    ResolvConf::parse("search corp.example\nnameserver 192.0.2.53\noptions timeout:2\n")
}

fn config(nameservers: &[&str], searches: &[&str], options: &[(&str, Option<&str>)]) -> Arc<DnsConfig> {
    Arc::new(DnsConfig {
        nameservers: nameservers.iter().map(|n| ip(n)).collect(),
        searches: searches.iter().map(|s| (*s).to_owned()).collect(),
        options: options.iter().map(|(n, v)| ((*n).to_owned(), v.map(str::to_owned))).collect(),
    })
}

const CLUSTER: &str = "search production.svc.cluster.local svc.cluster.local cluster.local corp.example\nnameserver 10.96.0.10\noptions ndots:5\n";
const NODE: &str = "search corp.example\nnameserver 192.0.2.53\noptions timeout:2\n";

#[test]
fn files_by_policy() {
    let base = pod("production", "p", &["10.244.0.9"]);
    let table: [(&str, Pod, &str); 8] = [
        ("cluster first", base.clone(), CLUSTER),
        ("host network", Pod { host_network: true, ..base.clone() }, NODE),
        (
            "with host net",
            Pod { host_network: true, dns_policy: DnsPolicy::ClusterFirstWithHostNet, ..base.clone() },
            CLUSTER,
        ),
        ("default", Pod { dns_policy: DnsPolicy::Default, ..base.clone() }, NODE),
        (
            "none",
            Pod {
                dns_policy: DnsPolicy::None,
                dns_config: config(&["192.0.2.9"], &["a.example."], &[("edns0", None)]),
                ..base.clone()
            },
            "search a.example\nnameserver 192.0.2.9\noptions edns0\n",
        ),
        (
            "options override, lists append without repetition",
            Pod {
                dns_config: config(
                    &["10.96.0.10", "192.0.2.9"],
                    &["cluster.local", "b.example"],
                    &[("ndots", Some("2")), ("use-vc", None)],
                ),
                ..base.clone()
            },
            "search production.svc.cluster.local svc.cluster.local cluster.local corp.example b.example\n\
             nameserver 10.96.0.10\nnameserver 192.0.2.9\noptions ndots:2 use-vc\n",
        ),
        (
            "three nameservers",
            Pod { dns_config: config(&["192.0.2.1", "192.0.2.2", "192.0.2.3"], &[], &[]), ..base.clone() },
            "search production.svc.cluster.local svc.cluster.local cluster.local corp.example\n\
             nameserver 10.96.0.10\nnameserver 192.0.2.1\nnameserver 192.0.2.2\noptions ndots:5\n",
        ),
        (
            "IPv6 only",
            Pod { ips: addrs(&["fd00:10:244::9"]), ..base },
            "search production.svc.cluster.local svc.cluster.local cluster.local corp.example\n\
             nameserver fd00:10:96::a\noptions ndots:5\n",
        ),
    ];
    let snapshot = everything().snapshot();
    for (what, pod, expected) in table {
        let conf = resolv_conf(&snapshot, &pod, &host());
        assert_eq!(conf.to_string(), expected, "{what}");
        assert_eq!(conf.warnings.is_empty(), what != "three nameservers", "{what}: {:?}", conf.warnings);
    }
}

#[test]
fn what_is_cut_or_missing_is_said() {
    let snapshot = everything().snapshot();
    let base = pod("production", "p", &["10.244.0.9"]);
    let many: Vec<String> = (0..40).map(|i| format!("d{i}.example")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let conf = resolv_conf(
        &snapshot,
        &Pod { dns_config: config(&[], &many, &[]), ..base.clone() },
        &ResolvConf::default(),
    );
    assert_eq!(conf.searches.len(), 32);
    assert!(conf.warnings[0].contains("left out: d29.example"), "{:?}", conf.warnings);

    let long = "x".repeat(1100);
    let conf = resolv_conf(
        &snapshot,
        &Pod { dns_config: config(&[], &[&long, &format!("{long}y")], &[]), ..base.clone() },
        &ResolvConf::default(),
    );
    assert_eq!(conf.searches.len(), 4);
    assert_eq!(conf.warnings.len(), 1);

    let none = Pod { dns_policy: DnsPolicy::None, ..base.clone() };
    let conf = resolv_conf(&snapshot, &none, &host());
    assert_eq!(conf.to_string(), "");
    assert!(conf.warnings[0].contains("needs `dnsConfig.nameservers`"), "{:?}", conf.warnings);

    let without_dns = Cluster::default().namespace("production").snapshot();
    let conf = resolv_conf(&without_dns, &base, &host());
    assert_eq!(conf.to_string(), NODE);
    assert!(conf.warnings[0].contains("no DNS Service"), "{:?}", conf.warnings);
}

#[test]
fn hosts_files() {
    let snapshot = everything().snapshot();
    let base = pod("production", "web-0", &["10.244.0.7", "fd00:10:244::7"]);
    let last = |pod: &Pod| {
        Hosts::of(&snapshot, pod)
            .to_string()
            .lines()
            .map(str::to_owned)
            .skip(7)
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert!(Hosts::of(&snapshot, &base).to_string().contains("\n127.0.0.1\tlocalhost\n"));
    assert_eq!(last(&base), "10.244.0.7\tweb-0\nfd00:10:244::7\tweb-0");
    let member = Pod { hostname: Some("db-0".into()), subdomain: Some("db".into()), ..base.clone() };
    assert_eq!(
        last(&member),
        "10.244.0.7\tdb-0.db.production.svc.cluster.local\tdb-0\nfd00:10:244::7\tdb-0.db.production.svc.cluster.local\tdb-0"
    );
    let long = Pod { name: format!("{}-{}", "a".repeat(62), "b".repeat(20)).into(), ..base.clone() };
    assert_eq!(last(&long).lines().next(), Some(format!("10.244.0.7\t{}", "a".repeat(62)).as_str()));
    let alias = HostAlias { ip: "192.0.2.7".parse().unwrap(), names: vec!["a".into(), "b.example".into()] };
    let aliased = Pod { host_aliases: Arc::new(vec![alias]), ..base.clone() };
    assert_eq!(
        last(&aliased),
        "10.244.0.7\tweb-0\nfd00:10:244::7\tweb-0\n\n# Entries added by HostAliases.\n192.0.2.7\ta\tb.example"
    );
    let on_host = Pod { host_network: true, ips: addrs(&["172.18.0.2"]), ..base };
    assert_eq!(last(&on_host), "172.18.0.2\tnode-1");
}

#[test]
fn candidates() {
    let conf = |text: &str| ResolvConf::parse(text);
    let cluster = conf("search a b\noptions ndots:5");
    let table: [(&ResolvConf, &str, &[&str]); 8] = [
        (&cluster, "web", &["web.a", "web.b", "web"]),
        (&cluster, "web.", &["web"]),
        (&cluster, "1.2.3.4.web", &["1.2.3.4.web.a", "1.2.3.4.web.b", "1.2.3.4.web"]),
        (&cluster, "1.2.3.4.5.web", &["1.2.3.4.5.web", "1.2.3.4.5.web.a", "1.2.3.4.5.web.b"]),
        (&conf("search a"), "web.prod", &["web.prod", "web.prod.a"]),
        (&conf("search a"), "web", &["web.a", "web"]),
        (&conf("search . a\noptions ndots:3"), "web", &["web", "web.a"]),
        (&conf(""), "web", &["web"]),
    ];
    for (conf, name, expected) in table {
        assert_eq!(expand(conf, name), expected, "{name} with {conf}");
    }
}

fn told(name: &str, family: Option<Family>) -> String {
    let snapshot = everything().snapshot();
    let servers = Servers::plain(&Arc::new(Zone::compile(&snapshot)));
    let alias = |ip: &str, names: &[&str]| HostAlias {
        ip: common::ip(ip),
        names: names.iter().map(|n| (*n).to_owned()).collect(),
    };
    let aliases = vec![
        alias("192.0.2.7", &["web.alias"]),
        alias("fd00::7", &["web.alias"]),
        alias("192.0.2.8", &["two"]),
    ];
    let pod = Pod { host_aliases: Arc::new(aliases), ..pod("production", "p", &["10.244.0.9"]) };
    let conf = resolv_conf(&snapshot, &pod, &host());
    let hosts = Hosts::of(&snapshot, &pod);
    let resolution = resolve(&servers, &conf, &hosts, name, family, None);
    let outcome = match &resolution.outcome {
        Outcome::Literal(ip) => format!("literal {ip}"),
        Outcome::File(ips) => format!("file {ips:?}"),
        Outcome::Addresses { name, addresses, .. } => format!("{name} {addresses:?}"),
        Outcome::Alias { name, target, .. } => format!("{name} -> {target}"),
        Outcome::Outside(names) => format!("outside {}", names.join(" ")),
        Outcome::NoAddress { name, .. } => format!("no address {name}"),
        Outcome::Failed { name, rcode, .. } => format!("failed {name} {rcode}"),
        Outcome::NotFound { source } => format!("not found {}", source.is_some()),
    };
    format!("{} tried: {outcome}", resolution.tried.len())
}

#[test]
fn resolutions() {
    let table = [
        ("web", None, "2 tried: web.production.svc.cluster.local [10.96.7.7, fd00:10:96::7]"),
        ("web", Some(Family::V6), "1 tried: web.production.svc.cluster.local [fd00:10:96::7]"),
        (
            "kube-dns.kube-system",
            Some(Family::V4),
            "2 tried: kube-dns.kube-system.svc.cluster.local [10.96.0.10]",
        ),
        (
            "web.production.svc.cluster.local",
            Some(Family::V4),
            "5 tried: web.production.svc.cluster.local [10.96.7.7]",
        ),
        (
            "web.production.svc.cluster.local.",
            Some(Family::V4),
            "1 tried: web.production.svc.cluster.local [10.96.7.7]",
        ),
        ("db-0.db", Some(Family::V4), "1 tried: db-0.db.production.svc.cluster.local [10.244.0.20]"),
        ("near", Some(Family::V4), "1 tried: near.production.svc.cluster.local [10.96.7.7]"),
        ("web.alias", None, "0 tried: file [192.0.2.7, fd00::7]"),
        ("WEB.Alias", Some(Family::V6), "0 tried: file [fd00::7]"),
        ("two", Some(Family::V6), "0 tried: no address two"),
        ("p", None, "0 tried: file [10.244.0.9]"),
        ("localhost", Some(Family::V4), "0 tried: file [127.0.0.1]"),
        ("api", None, "2 tried: api.production.svc.cluster.local -> api.example.com"),
        ("idle", Some(Family::V6), "5 tried: no address idle.production.svc.cluster.local"),
        ("starting", Some(Family::V4), "5 tried: not found true"),
        ("wbe", Some(Family::V4), "5 tried: outside wbe.corp.example wbe"),
        ("example.com.", Some(Family::V4), "1 tried: outside example.com"),
        ("wbe.production.svc.cluster.local.", Some(Family::V4), "1 tried: not found false"),
        (
            "ring-a.production.svc.cluster.local.",
            None,
            "2 tried: no address ring-a.production.svc.cluster.local",
        ),
        ("10.96.7.7", None, "0 tried: literal 10.96.7.7"),
        ("[fd00::1]", None, "0 tried: literal fd00::1"),
        ("10.96.7.7", Some(Family::V6), "0 tried: no address 10.96.7.7"),
    ];
    for (name, family, expected) in table {
        assert_eq!(told(name, family), expected, "{name} {family:?}");
    }
}
