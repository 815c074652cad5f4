//! A realistic set, as a person would write it.
use netloom_cluster::{Options, build};

use crate::{files, print};

#[test]
fn shop() {
    let set = files(&[
        ("shop/nodes.yaml", include_str!("shop/nodes.yaml")),
        ("shop/app.yaml", include_str!("shop/app.yaml")),
        ("shop/policies.yaml", include_str!("shop/policies.yaml")),
    ]);
    insta::assert_snapshot!(print::built(&build(&set, &Options::default())));
}

#[test]
fn nothing_at_all() {
    insta::assert_snapshot!(print::built(&build(&files(&[]), &Options::default())));
}
