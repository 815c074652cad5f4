//! Questions, and their answers as users read them.
use netloom_policy::Direction;
use netloom_reach::{Question, Who, report::answers};

use crate::support::{Set, namespace, pod, policy, set};

fn shop() -> Set {
    set(&[
        namespace("shop", "team: shop"),
        pod("shop/web", "app: web"),
        pod("shop/db", "app: db"),
        pod("jobs/backup", "app: backup"),
        "---\n{apiVersion: v1, kind: Service, metadata: {name: db, namespace: shop}, spec: {selector: {app: db}, ports: [{name: sql, port: 5432, targetPort: http}]}}\n".to_owned(),
        "---\n{apiVersion: v1, kind: Service, metadata: {name: front, namespace: shop}, spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}}\n".to_owned(),
        "---\n{apiVersion: v1, kind: Service, metadata: {name: empty, namespace: shop}, spec: {selector: {app: none}, ports: [{port: 80}]}}\n".to_owned(),
        policy("shop/db", "podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: http}]}, {from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.9.0.0/16]}}], ports: [{port: 22}]}]"),
        policy("shop/web", "podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: db}}}]}]"),
    ]
    .concat())
}

fn lines(s: &Set, from: &str, to: &str) -> Vec<String> {
    match Question::parse(&s.reach, from, to, Some("shop")).and_then(|q| q.answers(&s.reach)) {
        Ok(found) => answers::lines(&s.reach, &found).iter().map(answers::Line::text).collect(),
        Err(error) => vec![error.to_string()],
    }
}

#[test]
fn everyone_can_be_named_who_connects_or_is_connected_to() {
    let s = shop();
    let table: &[(&str, &str, &[&str])] = &[
        ("web", "db", &["shop/web[Pod] => shop/db[Pod] : TCP 8080"]),
        ("shop/web", "shop/db:8080", &["shop/web[Pod] => shop/db[Pod] : TCP 8080"]),
        ("web", "db:sql", &["shop/web[Pod] => shop/db[Pod] : TCP 8080"]),
        ("web", "db:5432", &["shop/web[Pod] => shop/db[Pod] : TCP 8080"]),
        ("web", "db:http", &["shop/web[Pod] => shop/db[Pod] : TCP 8080"]),
        ("web", "db:22", &["shop/web[Pod] => shop/db[Pod] : No Connections"]),
        ("web", "db:8080/UDP", &["shop/web[Pod] => shop/db[Pod] : No Connections"]),
        ("web", "shop/db[Pod]:8000-8100", &["shop/web[Pod] => shop/db[Pod] : TCP 8080"]),
        ("backup", "front:80", &["jobs/backup[Pod] => shop/web[Pod] : TCP 8080"]),
        (
            "jobs/*",
            "shop/*",
            &[
                "jobs/backup[Pod] => shop/db[Pod] : No Connections",
                "jobs/backup[Pod] => shop/web[Pod] : All Connections",
            ],
        ),
        (
            "*",
            "db:22",
            &[
                "jobs/backup[Pod] => shop/db[Pod] : No Connections",
                "shop/web[Pod] => shop/db[Pod] : No Connections",
            ],
        ),
        ("10.1.2.3", "db", &["10.1.2.3-10.1.2.3[External] => shop/db[Pod] : TCP 22"]),
        (
            "10.8.0.0/15",
            "db",
            &[
                "10.8.0.0-10.8.255.255[External] => shop/db[Pod] : TCP 22",
                "10.9.0.0-10.9.255.255[External] => shop/db[Pod] : No Connections",
            ],
        ),
        ("web", "203.0.113.9:443", &["shop/web[Pod] => 203.0.113.9-203.0.113.9[External] : No Connections"]),
        ("web", "2001:db8::1", &["shop/web[Pod] => 2001:db8::1-2001:db8::1[External] : No Connections"]),
        (
            "web",
            "[2001:db8::1]:443",
            &["shop/web[Pod] => 2001:db8::1-2001:db8::1[External] : No Connections"],
        ),
        ("wbe", "db", &["no workload, pod or Service `wbe`; did you mean web?"]),
        ("shop/wbe", "db", &["no workload, pod or Service `wbe` in namespace shop; did you mean web?"]),
        ("none/*", "db", &["`none/*` means nobody: there is no such namespace"]),
        ("backup", "front:81", &["Service shop/front has no port 81/TCP; it has 80/TCP"]),
        ("backup", "empty:80", &["`empty` means nobody: it is a Service, and the set has none of its pods"]),
        ("web", "db:sqll", &["shop/db has no port named `sqll`"]),
        (
            "web",
            "db:0",
            &[
                "`0` is no port: write 8080, 8000-8010 or a port's name, and /UDP or /SCTP behind it if it is not TCP",
            ],
        ),
        (
            "{ingress-controller}",
            "db",
            &["`{ingress-controller}` means nobody: no Ingress and no route leads to a Service of the set"],
        ),
    ];
    for (from, to, expected) in table {
        assert_eq!(lines(&s, from, to), *expected, "{from} -> {to}");
    }
}

#[test]
fn the_internet_is_the_outside_without_private_networks() {
    let s = shop();
    let found = lines(&s, "internet", "db");
    assert!(found.iter().all(|line| line.ends_with("No Connections")), "{found:?}");
    let starts = |ip: &str| found.iter().any(|line| line.starts_with(ip));
    assert!(starts("1.0.0.0-9.255.255.255") && starts("11.0.0.0-100.63.255.255"), "{found:?}");
    assert!(!starts("10.") && !starts("192.168."), "{found:?}");
    let admitted = "10.0.0.0-10.8.255.255[External] => shop/db[Pod] : TCP 22";
    assert!(lines(&s, "outside", "db").iter().any(|line| line == admitted));
}

#[test]
fn who_reaches_one_and_whom_one_reaches() {
    let s = shop();
    let around = |name: &str, direction| {
        let who = Who::find(&s.reach, name, Some("shop")).unwrap();
        let found = s.reach.around(&who, direction, None).unwrap();
        answers::lines(&s.reach, &found).iter().map(answers::Line::text).collect::<Vec<_>>()
    };
    assert_eq!(
        around("db", Direction::Ingress),
        [
            "10.0.0.0-10.8.255.255[External] => shop/db[Pod] : TCP 22",
            "10.10.0.0-10.255.255.255[External] => shop/db[Pod] : TCP 22",
            "shop/web[Pod] => shop/db[Pod] : TCP 8080",
        ]
    );
    assert_eq!(around("web", Direction::Egress), ["shop/web[Pod] => shop/db[Pod] : TCP 8080"]);
}

#[test]
fn an_answer_names_the_rules_on_both_sides() {
    let s = shop();
    let question = Question::parse(&s.reach, "web", "db", Some("shop")).unwrap();
    let found = answers::lines(&s.reach, &question.answers(&s.reach).unwrap());
    let [line] = found.as_slice() else { panic!("{found:?}") };
    insta::assert_snapshot!("answer_text", format!("{}\n{}", line.text(), line.reasons(&s.reach, true)));
    insta::assert_snapshot!("answer_json", serde_json::to_string_pretty(&line.json(&s.reach)).unwrap());
}
