//! The examples of the repository: everything in the shop works, and each mistake of the broken one is named.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod common;

use std::path::Path;

use common::Fixture;

fn example(name: &str) -> Fixture {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name);
    let mut files = Vec::new();
    for folder in [folder.clone(), folder.join("policies")] {
        let mut entries: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
        entries.sort();
        for file in entries.into_iter().filter(|f| f.extension().is_some_and(|e| e == "yaml")) {
            let short = file.strip_prefix(folder.parent().unwrap()).unwrap().display().to_string();
            files.push((short, std::fs::read_to_string(&file).unwrap()));
        }
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
    Fixture::new(&files)
}

const REQUESTS: [(&str, &str); 5] = [
    ("frontend", "http://backend:8080"),
    ("backend", "postgres-0.postgres.production.svc.cluster.local:5432"),
    ("edge", "http://frontend.production"),
    ("backend", "https://198.51.100.10"),
    ("prometheus", "production/backend:metrics"),
];

#[test]
fn the_shop_does_what_it_is_for() {
    let shop = example("shop");
    for (from, to) in REQUESTS {
        let told = shop.explain(from, to);
        assert!(told.allowed(), "{}", told.render(false));
        assert!(told.hops.iter().all(|h| h.fix.is_none()), "{}", told.render(false));
    }
}

#[test]
fn each_mistake_of_the_broken_shop_is_named_at_its_line() {
    let broken = example("shop-broken");
    let asked = [REQUESTS[0], REQUESTS[2], ("grafana", "production/backend:metrics")];
    let told = asked.map(|(from, to)| broken.explain(from, to).render(false));
    insta::assert_snapshot!(told.join("\n"));
}
