//! What we write, nft prints; and what we print, nft reads: both must be the same table.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says so by panicking")]
mod common;
mod sample;

use common::{in_namespaces, list, run};
use netloom_kernel::nft::{Batch, Netfilter};

#[test]
fn nft_prints_what_is_written() {
    in_namespaces("nft_prints_what_is_written", || {
        let table = sample::table();
        Netfilter::open().unwrap().load(&table).unwrap();
        let written = list(&table.name);

        let mut batch = Batch::new(table.name.clone());
        batch.delete_table_if_exists().add_all(&table);
        Netfilter::open().unwrap().commit(batch).unwrap();
        let at_once = list(&table.name);
        assert_eq!(sorted(&at_once), sorted(&written), "one transaction and a chunked load differ");

        run("nft", &["delete", "table", "inet", &table.name], "");
        run("nft", &["-f", "-"], &table.to_string());
        assert_eq!(list(&table.name), at_once, "the text and the messages differ");

        insta::assert_snapshot!(at_once);
    });
}

#[test]
fn the_text_is_stable() {
    insta::assert_snapshot!(sample::table());
}

/// The objects of a listing in an order of their own, for a load makes base chains last.
fn sorted(listing: &str) -> Vec<&str> {
    let inner = listing.trim_end().trim_end_matches('}');
    let mut objects: Vec<&str> = inner.split("\n\t}\n").map(str::trim).collect();
    objects.sort_unstable();
    objects
}
