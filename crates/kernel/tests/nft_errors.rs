//! What a refused change says: which object, and what to do.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says so by panicking")]
mod common;

use common::{in_namespaces, list};
use netloom_kernel::nft::Field::{InetService, Ipv4Addr, Mark};
use netloom_kernel::nft::{Batch, Chain, Element, Expr, Key, Netfilter, NftError, Rule, Set, Source, Table};

fn key(last: u8) -> Key {
    Key::new().ip([10, 0, 0, last].into())
}

#[test]
fn refusals_name_the_object() {
    in_namespaces("refusals_name_the_object", || {
        let map =
            Set::map("ids", &[Ipv4Addr], &[Mark]).elements([Element::new(key(1)).with(Key::new().mark(1))]);
        let chain = Chain::regular("deny", vec![Rule::new().goto("end")]);
        let table = Table {
            sets: vec![map.clone()],
            chains: vec![chain, Chain::regular("end", vec![Rule::new().drop()])],
            ..Table::new("t")
        };
        let mut netfilter = Netfilter::open().unwrap();
        netfilter.load(&table).unwrap();
        let before = list("t");

        let mut texts = Vec::new();
        let mut refuse = |what: &str, fill: &dyn Fn(&mut Batch)| {
            let mut batch = Batch::new("t");
            fill(&mut batch);
            let Err(error) = netfilter.commit(batch) else { panic!("{what} is not refused") };
            texts.push(format!("{what}\n    {error}"));
            assert_eq!(list("t"), before, "a refused transaction changes nothing");
        };
        refuse("a rule in a chain that is missing", &|batch| {
            batch.flush_chain("deny").add_rule("gone", &Rule::new().counter().drop());
        });
        refuse("a rule with a set that is missing", &|batch| {
            batch.add_rule("deny", &Rule::new().in_set(&[Expr::Ip4Saddr], "gone").drop());
        });
        refuse("a rule with another type than its map", &|batch| {
            let mut wrong = table.clone();
            wrong.chains[0].rules.push(Rule::new().set_mark(Source::map(&[Expr::Dport], "ids")));
            batch.add_all(&wrong);
        });
        refuse("a rule with other data than its map", &|batch| {
            let mut wrong = table.clone();
            wrong.chains[0].rules.push(Rule::new().vmap(&[Expr::Ip4Saddr], "ids"));
            batch.add_all(&wrong);
        });
        refuse("a chain that is in use", &|batch| {
            batch.delete_chain("end");
        });
        refuse("elements that are missing", &|batch| {
            batch.delete_elements(&map, (1..=9).map(|last| Element::new(key(last))));
        });
        refuse("an element with other data", &|batch| {
            batch.add_elements(&map, (1..=3).map(|last| Element::new(key(last)).with(Key::new().mark(9))));
        });
        refuse("a name with a space", &|batch| {
            batch.add_chain(&Chain::regular("a b", vec![]));
        });
        refuse("an element with more fields", &|batch| {
            batch.add_elements(&map, [Element::new(key(1).port(80)).with(Key::new().mark(9))]);
        });
        insta::assert_snapshot!(texts.join("\n"));
    });
}

#[test]
fn what_is_too_large_at_once_goes_in_chunks() {
    in_namespaces("what_is_too_large_at_once_goes_in_chunks", || {
        let set = Set::new("many", &[Ipv4Addr, InetService]);
        let table = Table { sets: vec![set.clone()], ..Table::new("t") };
        let mut netfilter = Netfilter::open().unwrap();
        netfilter.load(&table).unwrap();
        // The kernel doubles what may be asked for; an element takes 20 bytes.
        let most = std::fs::read_to_string("/proc/sys/net/core/wmem_max").unwrap();
        let count = most.trim().parse::<u32>().unwrap() * 2 / 18;
        let fill = || {
            let mut batch = Batch::new("t");
            let element = |n: u32| Element::new(Key::new().ip4(n.into()).port(80));
            batch.add_elements(&set, (0..count).map(element));
            batch
        };
        match netfilter.commit(fill()) {
            Err(error @ NftError::TooLarge { .. }) => {
                assert!(error.to_string().contains("net.core.wmem_max"))
            }
            other => panic!("{count} elements in one transaction without privilege: {other:?}"),
        }
        netfilter.commit_chunked(fill()).unwrap();
        let mut last = Batch::new("t");
        last.delete_elements(
            &set,
            [0, count - 1].map(|n: u32| Element::new(Key::new().ip4(n.into()).port(80))),
        );
        netfilter.commit(last).unwrap();
        let mut batch = Batch::new("t");
        batch.flush_set("many");
        netfilter.commit(batch).unwrap();
        assert!(!list("t").contains("elements"));
        assert!(netfilter.commit(Batch::new("t")).is_ok(), "nothing to do is fine");
    });
}
