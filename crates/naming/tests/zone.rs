//! The zone's answers, record type by record type.
mod common;

use common::*;
use netloom_cluster::{Service, Snapshot};
use netloom_naming::{Answer, Ending, RecordType, TTL, Zone};

/// An answer in one line: records, then `+` additionals, or what kind of nothing.
fn line(zone: &Zone, name: &str, rtype: RecordType) -> String {
    match zone.lookup(name, rtype) {
        Answer::NoData { .. } => "nodata".into(),
        Answer::NxDomain { .. } => "nxdomain".into(),
        Answer::NotOurs => "not ours".into(),
        Answer::Failed { rcode } => format!("failed {rcode}"),
        Answer::Records { records, additionals, ending, .. } => {
            assert!(records.iter().chain(&additionals).all(|r| r.ttl == TTL));
            let short = |r: &netloom_naming::Record| {
                r.to_string().replacen(" 5 IN", "", 1).replace(".cluster.local.", "~")
            };
            let mut text = records.iter().map(short).collect::<Vec<_>>().join(" | ");
            if !additionals.is_empty() {
                text += &format!(" + {}", additionals.iter().map(short).collect::<Vec<_>>().join(" | "));
            }
            if ending != Ending::Complete {
                text += &format!(" => {ending:?}");
            }
            text
        }
    }
}

fn check(table: &[(&str, RecordType, &str)]) {
    let zone = Zone::compile(&everything().snapshot());
    let wrong: Vec<String> = table
        .iter()
        .map(|(name, rtype, expected)| {
            (name, rtype, expected, line(&zone, &name.replace('~', ".cluster.local"), *rtype))
        })
        .filter(|(.., expected, got)| *expected != got)
        .map(|(name, rtype, expected, got)| {
            format!("{name} {rtype}\n  expected {expected}\n  got      {got}")
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

use RecordType::{A, Aaaa, Cname, Ns, Ptr, Soa, Srv, Txt};

#[test]
fn virtual_services() {
    check(&[
        ("web.production.svc~", A, "web.production.svc~ A 10.96.7.7"),
        ("web.production.svc~.", A, "web.production.svc~ A 10.96.7.7"),
        ("WEB.Production.SVC.Cluster.Local.", A, "web.production.svc~ A 10.96.7.7"),
        ("web.production.svc~", Aaaa, "web.production.svc~ AAAA fd00:10:96::7"),
        ("idle.production.svc~", A, "idle.production.svc~ A 10.96.7.8"),
        ("idle.production.svc~", Aaaa, "nodata"),
        ("web.production.svc~", Txt, "nodata"),
        ("web.production.svc~", Cname, "nodata"),
        ("web.production.svc~", RecordType::Other(15), "nodata"),
        ("nope.production.svc~", A, "nxdomain"),
        ("web.nowhere.svc~", A, "nxdomain"),
        ("*.production.svc~", A, "nxdomain"),
        ("web..svc~", A, "nxdomain"),
        (".web.production.svc~", A, "nxdomain"),
        ("a.b.c.d.web.production.svc~", A, "nxdomain"),
    ]);
}

#[test]
fn ports_of_virtual_services() {
    let host = "web.production.svc~ A 10.96.7.7 | web.production.svc~ AAAA fd00:10:96::7";
    check(&[
        (
            "_http._tcp.web.production.svc~",
            Srv,
            &format!("_http._tcp.web.production.svc~ SRV 0 100 80 web.production.svc~ + {host}"),
        ),
        (
            "_HTTP._TCP.web.production.svc~",
            Srv,
            &format!("_http._tcp.web.production.svc~ SRV 0 100 80 web.production.svc~ + {host}"),
        ),
        (
            "web.production.svc~",
            Srv,
            &format!(
                "web.production.svc~ SRV 0 50 80 web.production.svc~ | web.production.svc~ SRV 0 50 443 web.production.svc~ + {host}"
            ),
        ),
        ("_http._tcp.web.production.svc~", A, "nodata"),
        ("_tcp.web.production.svc~", Srv, "nodata"),
        ("_udp.web.production.svc~", Srv, "nxdomain"),
        ("_http._udp.web.production.svc~", Srv, "nxdomain"),
        ("_443._tcp.web.production.svc~", Srv, "nxdomain"),
        ("_._tcp.web.production.svc~", Srv, "nxdomain"),
        ("http._tcp.web.production.svc~", Srv, "nxdomain"),
    ]);
}

#[test]
fn endpoints_of_virtual_services() {
    check(&[
        ("10-244-0-7.web.production.svc~", A, "10-244-0-7.web.production.svc~ A 10.244.0.7"),
        ("10-244-0-7.web.production.svc~", Aaaa, "nodata"),
        (
            "fd00-10-244--7.web.production.svc~",
            Aaaa,
            "fd00-10-244--7.web.production.svc~ AAAA fd00:10:244::7",
        ),
        ("10-244-1-8.web.production.svc~", A, "nxdomain"),
        ("10-96-7-7.web.production.svc~", A, "nxdomain"),
    ]);
}

#[test]
fn headless_services() {
    check(&[
        (
            "db.production.svc~",
            A,
            "db.production.svc~ A 10.244.0.20 | db.production.svc~ A 10.244.1.21 | db.production.svc~ A 10.244.1.23",
        ),
        (
            "db.production.svc~",
            Aaaa,
            "db.production.svc~ AAAA fd00:10:244::20 | db.production.svc~ AAAA fd00:10:244:1::21",
        ),
        ("db-0.db.production.svc~", A, "db-0.db.production.svc~ A 10.244.0.20"),
        ("DB-0.db.production.svc~", Aaaa, "db-0.db.production.svc~ AAAA fd00:10:244::20"),
        ("db-0.db.production.svc~", Txt, "nodata"),
        ("db-2.db.production.svc~", A, "nxdomain"),
        ("10-244-0-20.db.production.svc~", A, "nxdomain"),
        ("10-244-1-23.db.production.svc~", A, "10-244-1-23.db.production.svc~ A 10.244.1.23"),
        (
            "_pg._tcp.db.production.svc~",
            Srv,
            "_pg._tcp.db.production.svc~ SRV 0 33 5432 db-0.db.production.svc~ \
             | _pg._tcp.db.production.svc~ SRV 0 33 5432 db-1.db.production.svc~ \
             | _pg._tcp.db.production.svc~ SRV 0 33 15432 10-244-1-23.db.production.svc~ \
             + 10-244-1-23.db.production.svc~ A 10.244.1.23 \
             | db-0.db.production.svc~ A 10.244.0.20 | db-0.db.production.svc~ AAAA fd00:10:244::20 \
             | db-1.db.production.svc~ A 10.244.1.21 | db-1.db.production.svc~ AAAA fd00:10:244:1::21",
        ),
        (
            "_gossip._udp.db.production.svc~",
            Srv,
            "_gossip._udp.db.production.svc~ SRV 0 50 7946 db-0.db.production.svc~ \
             | _gossip._udp.db.production.svc~ SRV 0 50 7946 db-1.db.production.svc~ \
             + db-0.db.production.svc~ A 10.244.0.20 | db-0.db.production.svc~ AAAA fd00:10:244::20 \
             | db-1.db.production.svc~ A 10.244.1.21 | db-1.db.production.svc~ AAAA fd00:10:244:1::21",
        ),
        (
            "db-0.db.production.svc~",
            Srv,
            "db-0.db.production.svc~ SRV 0 50 5432 db-0.db.production.svc~ \
             | db-0.db.production.svc~ SRV 0 50 7946 db-0.db.production.svc~ \
             + db-0.db.production.svc~ A 10.244.0.20 | db-0.db.production.svc~ AAAA fd00:10:244::20",
        ),
        ("starting.production.svc~", A, "nxdomain"),
        ("_pg._tcp.starting.production.svc~", Srv, "nxdomain"),
        ("peers.production.svc~", A, "peers.production.svc~ A 10.244.1.22"),
        ("p-0.peers.production.svc~", A, "p-0.peers.production.svc~ A 10.244.1.22"),
        ("portless.production.svc~", A, "portless.production.svc~ A 10.244.1.30"),
        ("portless.production.svc~", Srv, "nodata"),
    ]);
}

#[test]
fn external_names() {
    let web = "web.production.svc~ A 10.96.7.7";
    let ring = "ring-a.production.svc~ CNAME ring-b.production.svc~ | ring-b.production.svc~ CNAME ring-a.production.svc~";
    check(&[
        ("api.production.svc~", Cname, "api.production.svc~ CNAME api.example.com."),
        (
            "api.production.svc~",
            A,
            "api.production.svc~ CNAME api.example.com. => Outside(\"api.example.com\")",
        ),
        ("x.api.production.svc~", A, "nxdomain"),
        ("near.production.svc~", Cname, "near.production.svc~ CNAME web.production.svc~"),
        ("near.production.svc~", A, &format!("near.production.svc~ CNAME web.production.svc~ | {web}")),
        (
            "far.production.svc~",
            A,
            &format!(
                "far.production.svc~ CNAME near.production.svc~ | near.production.svc~ CNAME web.production.svc~ | {web}"
            ),
        ),
        ("gone.production.svc~", A, "gone.production.svc~ CNAME no.production.svc~ => NxDomain"),
        ("four.production.svc~", Aaaa, "four.production.svc~ CNAME idle.production.svc~ => NoData"),
        ("ring-a.production.svc~", A, &format!("{ring} => Loop")),
        ("number.production.svc~", A, "nxdomain"),
    ]);
}

#[test]
fn pods() {
    check(&[
        ("10-244-0-7.production.pod~", A, "10-244-0-7.production.pod~ A 10.244.0.7"),
        ("10-244-0-7.production.pod~", Aaaa, "nodata"),
        ("fd00-10-244--7.production.pod~", Aaaa, "fd00-10-244--7.production.pod~ AAAA fd00:10:244::7"),
        (
            "fd00-10-244-0-0-0-0-7.production.pod~",
            Aaaa,
            "fd00-10-244-0-0-0-0-7.production.pod~ AAAA fd00:10:244::7",
        ),
        ("10-244-0-7.default.pod~", A, "nxdomain"),
        ("10-244-9-9.production.pod~", A, "nxdomain"),
        ("web-0.production.pod~", A, "nxdomain"),
        ("x.10-244-0-7.production.pod~", A, "nxdomain"),
    ]);
}

#[test]
fn the_zone_itself_and_names_between() {
    check(&[
        ("dns-version~", Txt, "dns-version~ TXT \"1.1.0\""),
        ("dns-version~", A, "nodata"),
        ("x.dns-version~", Txt, "nxdomain"),
        (
            "cluster.local",
            Soa,
            "cluster.local. SOA ns.dns~ hostmaster~ 1 7200 1800 86400 5 + ns.dns~ A 10.96.0.10 | ns.dns~ AAAA fd00:10:96::a",
        ),
        (
            "cluster.local",
            Ns,
            "cluster.local. NS ns.dns~ + ns.dns~ A 10.96.0.10 | ns.dns~ AAAA fd00:10:96::a",
        ),
        ("cluster.local", A, "nodata"),
        ("ns.dns~", A, "ns.dns~ A 10.96.0.10"),
        ("ns.dns~", Aaaa, "ns.dns~ AAAA fd00:10:96::a"),
        ("dns~", A, "nodata"),
        ("svc~", A, "nodata"),
        ("pod~", A, "nodata"),
        ("production.svc~", A, "nodata"),
        ("production.pod~", A, "nodata"),
        ("nowhere.svc~", A, "nxdomain"),
        ("nowhere.pod~", A, "nxdomain"),
        ("other~", A, "nxdomain"),
        ("local", A, "not ours"),
        ("example.com", A, "not ours"),
        ("notcluster.local", A, "not ours"),
        ("", A, "not ours"),
        (".", A, "not ours"),
    ]);
}

fn v6_reverse(text: &str) -> String {
    let std::net::IpAddr::V6(address) = ip(text) else { panic!("{text} is no IPv6 address") };
    let nibbles =
        address.octets().into_iter().rev().flat_map(|b| [b & 0xf, b >> 4]).map(|n| format!("{n:x}."));
    nibbles.collect::<String>() + "ip6.arpa"
}

#[test]
fn reverse_names() {
    let vip6 = v6_reverse("fd00:10:96::7");
    let db6 = v6_reverse("fd00:10:244::20");
    let free6 = v6_reverse("fd00:10:244::99");
    let far6 = v6_reverse("2001:db8::1");
    check(&[
        ("7.7.96.10.in-addr.arpa", Ptr, "7.7.96.10.in-addr.arpa. PTR web.production.svc~"),
        ("7.7.96.10.IN-ADDR.ARPA.", Ptr, "7.7.96.10.in-addr.arpa. PTR web.production.svc~"),
        ("7.7.96.10.in-addr.arpa", A, "nodata"),
        (&vip6, Ptr, &format!("{vip6}. PTR web.production.svc~")),
        ("20.0.244.10.in-addr.arpa", Ptr, "20.0.244.10.in-addr.arpa. PTR db-0.db.production.svc~"),
        (&db6, Ptr, &format!("{db6}. PTR db-0.db.production.svc~")),
        ("7.0.244.10.in-addr.arpa", Ptr, "7.0.244.10.in-addr.arpa. PTR 10-244-0-7.web.production.svc~"),
        ("8.1.244.10.in-addr.arpa", Ptr, "nxdomain"),
        ("22.1.244.10.in-addr.arpa", Ptr, "22.1.244.10.in-addr.arpa. PTR p-0.peers.production.svc~"),
        ("99.0.244.10.in-addr.arpa", Ptr, "nxdomain"),
        (&free6, Ptr, "nxdomain"),
        (&far6, Ptr, "not ours"),
        ("1.2.0.192.in-addr.arpa", Ptr, "not ours"),
        ("10.in-addr.arpa", Ptr, "not ours"),
        ("0.244.10.in-addr.arpa", Ptr, "nodata"),
        ("x.0.244.10.in-addr.arpa", Ptr, "nxdomain"),
        (
            "244.10.in-addr.arpa",
            Soa,
            "244.10.in-addr.arpa. SOA ns.dns~ hostmaster~ 1 7200 1800 86400 5 + ns.dns~ A 10.96.0.10 | ns.dns~ AAAA fd00:10:96::a",
        ),
    ]);
}

#[test]
fn what_the_zone_contains() {
    let zone = Zone::compile(&everything().snapshot());
    for (name, ours) in [
        ("anything.Cluster.local.", true),
        ("cluster.local", true),
        ("example.com", false),
        ("1.0.244.10.in-addr.arpa", true),
        ("1.0.111.10.in-addr.arpa", true),
        ("1.0.112.10.in-addr.arpa", false),
        ("x.1.0.244.10.in-addr.arpa", true),
    ] {
        assert_eq!(zone.contains(name), ours, "{name}");
    }
    assert_eq!(zone.soa("x.production.svc.cluster.local").name.as_ref(), "cluster.local");
    assert_eq!(zone.soa("9.9.244.10.in-addr.arpa").name.as_ref(), "244.10.in-addr.arpa");
    assert_eq!(zone.soa("9.9.99.10.in-addr.arpa").name.as_ref(), "99.10.in-addr.arpa");
}

#[test]
fn answers_name_the_object_that_they_are_from() {
    let zone = Zone::compile(&everything().snapshot());
    for (name, rtype, expected) in [
        ("web.production.svc.cluster.local", A, Some("Service production/web (cluster.yaml:10)")),
        ("idle.production.svc.cluster.local", Aaaa, Some("Service production/idle (cluster.yaml:10)")),
        ("starting.production.svc.cluster.local", A, Some("Service production/starting (cluster.yaml:10)")),
        ("number.production.svc.cluster.local", A, Some("Service production/number (cluster.yaml:10)")),
        ("10-244-0-7.production.pod.cluster.local", A, Some("Pod production/web-0 (cluster.yaml:20)")),
        ("7.7.96.10.in-addr.arpa", Ptr, Some("Service production/web (cluster.yaml:10)")),
        ("nope.production.svc.cluster.local", A, None),
        ("nope.web.production.svc.cluster.local", A, None),
        ("cluster.local", Soa, None),
    ] {
        let answer = zone.lookup(name, rtype);
        assert_eq!(answer.source().map(ToString::to_string).as_deref(), expected, "{name}");
    }
}

#[test]
fn another_zone_name() {
    let cluster = Cluster { zone: Some("K8s.Example.Org."), ..everything() };
    let zone = Zone::compile(&cluster.snapshot());
    assert_eq!(zone.name(), "k8s.example.org");
    let answer = zone.lookup("web.production.svc.k8s.example.org", A);
    assert_eq!(answer.addresses().collect::<Vec<_>>(), [ip("10.96.7.7")]);
    assert_eq!(zone.lookup("web.production.svc.cluster.local", A), Answer::NotOurs);
}

/// Every question that could tell two zones apart.
fn questions() -> Vec<String> {
    let below = ["web", "db", "db-0.db", "10-244-0-7.web", "extra", "idle", "_pg._tcp.db", "api"];
    let mut names: Vec<String> = below.iter().map(|n| format!("{n}.production.svc.cluster.local")).collect();
    names.extend(["10-244-0-7", "10-244-5-5"].map(|n| format!("{n}.production.pod.cluster.local")));
    names
        .extend(["20.0.244.10", "7.7.96.10", "9.9.96.10", "5.5.244.10"].map(|n| format!("{n}.in-addr.arpa")));
    names
}

fn answers(zone: &Zone) -> Vec<Answer> {
    let types = [A, Aaaa, Srv, Ptr, Cname];
    questions().iter().flat_map(|name| types.map(|rtype| zone.lookup(name, rtype))).collect()
}

#[test]
fn an_updated_zone_is_as_a_compiled_one() {
    let base = everything().snapshot();
    let states: Vec<Snapshot> = vec![
        base.clone(),
        everything().service(service("production", "extra", vip(&["10.96.9.9"]), &[], vec![])).snapshot(),
        {
            let mut cluster = everything();
            cluster.services.retain(|s| &*s.name != "db" && &*s.name != "web");
            cluster.snapshot()
        },
        {
            let mut cluster = everything().pod(pod("production", "late", &["10.244.5.5"]));
            cluster.pods.retain(|p| &*p.name != "web-0");
            let db = cluster.services.iter_mut().find(|s| &*s.name == "db").unwrap();
            *db = std::sync::Arc::new(Service {
                endpoints: std::sync::Arc::new(vec![endpoint(&["10.244.5.5"], &[5432])]),
                ..(**db).clone()
            });
            cluster.snapshot()
        },
    ];
    for from in &states {
        for to in &states {
            let updated = Zone::compile(from).update(to);
            assert_eq!(answers(&updated), answers(&Zone::compile(to)));
        }
    }
}

#[test]
fn a_copy_of_a_zone_does_not_change_with_its_successor() {
    let old = Zone::compile(&everything().snapshot());
    let before = answers(&old);
    let next = old.update(&Cluster::default().namespace("production").snapshot());
    assert_eq!(answers(&old), before);
    assert_eq!(next.lookup("web.production.svc.cluster.local", A), Answer::NxDomain { source: None });
}

#[test]
fn short_forms_of_the_clusters_names() {
    let zone = Zone::compile(&everything().snapshot());
    for name in [
        "web",
        "WEB.Production.",
        "db-0.db",
        "db-9.db",
        "web.production.svc",
        "x.production.pod",
        "starting.production",
    ] {
        assert!(zone.is_short_form(name), "{name}");
    }
    for name in
        ["www.example.com", "example.production", "a.web", "production.web", "db-0.db.example", "x.com"]
    {
        assert!(!zone.is_short_form(name), "{name}");
    }
}
