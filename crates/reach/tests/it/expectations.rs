//! Files of expectations, and what CI gets of them.
use netloom_reach::{
    expect::{Expectations, table::Table},
    report::expectations,
};

use crate::support::{Set, pod, policy, set};

fn shop() -> Set {
    set(&[
        pod("shop/web", "app: web"),
        pod("shop/db", "app: db"),
        pod("jobs/backup", "app: backup"),
        policy("shop/db", "podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 8080}]}]"),
    ]
    .concat())
}

const FILE: &str = "\
# What must hold.
jobs/backup -> shop/db denied

[shop]
web -> db:8080 allowed
web -> db:8081 allowed     # it is not
web -> db allowed
outside -> db denied
outside -> web:8080 denied # it is not
* -> db:8080 denied        # it is not, for web
10.0.0.0/8 -> web:1-65535 allowed
* -> kube-system/kube-dns:53/UDP allowed
";

#[test]
fn each_line_is_held_against_every_pair_that_it_means() {
    let s = shop();
    let outcomes = Expectations::parse("reach.txt", FILE).unwrap().judge("reach.txt", &s.reach).unwrap();
    let held: Vec<bool> = outcomes.iter().map(netloom_reach::expect::Outcome::held).collect();
    assert_eq!(held, [true, true, false, true, true, false, false, true, true]);
    insta::assert_snapshot!("expectations_text", expectations::text("reach.txt", &outcomes, &s.reach));
    insta::assert_snapshot!("expectations_junit", expectations::junit("reach.txt", &outcomes, &s.reach));
    let json = serde_json::to_string_pretty(&expectations::json("reach.txt", &outcomes, &s.reach)).unwrap();
    insta::assert_snapshot!("expectations_json", json);
}

#[test]
fn an_expectation_about_nobody_is_an_error_at_its_line() {
    let s = shop();
    for (line, reason) in [
        (
            "shop/wbe -> shop/db denied",
            "no workload, pod or Service `wbe` in namespace shop; did you mean web?",
        ),
        ("other/* -> shop/db denied", "`other/*` means nobody: there is no such namespace"),
        ("shop/web -> shop/db:sql allowed", "shop/db has no port named `sql`"),
        ("outside -> 10.0.0.1 denied", "`outside` and `10.0.0.1` are no two ends of a connection"),
        ("shop/web -> shop/web denied", "`shop/web` and `shop/web` are no two ends of a connection"),
    ] {
        let read = Expectations::parse("e.txt", &format!("\n{line}\n")).unwrap();
        let error = read.judge("e.txt", &s.reach).unwrap_err();
        assert_eq!((error.line, &*error.reason), (2, reason), "{line}");
    }
}

#[test]
fn a_table_of_verdicts_is_held_by_each_side() {
    let s = shop();
    let text = "from,to,protocol,port,ingress,egress,combined\n\
                shop/web,shop/db,TCP,8080,allowed,allowed,allowed\n\
                shop/web,shop/db,TCP,8081,allowed,allowed,allowed\n\
                jobs/backup,shop/db,UDP,8080,blocked,allowed,blocked\n\
                shop/db,shop/db,TCP,1,blocked,blocked,blocked\n";
    let table = Table::parse(text).unwrap();
    let wrong = table.judge(&s.reach).unwrap();
    insta::assert_snapshot!("table_text", expectations::table_text("e.csv", &table, &wrong));
    insta::assert_snapshot!("table_junit", expectations::table_junit("e.csv", &table, &wrong));
}
