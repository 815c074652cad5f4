//! How long a first build takes, and a rebuild after one change.
fn main() {}
