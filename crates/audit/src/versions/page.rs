//! docs/versions.md: the table.
use std::fmt::Write as _;

use super::{Change, What, table};
use crate::Version;

/// The page, in Markdown.
#[must_use]
pub fn page() -> String {
    let mut page = String::from(
        "# What versions add and remove\n\n\
         `netloom check --kube-version 1.30 --istio-version 1.24 --gateway-api-version 1.4` judges manifests for these versions by \
         this table; for cert-manager it is the current one. *Since* is the first version that has it by default, *removed* the first that has \
         it no more.\n\n\
         This page is generated; `NETLOOM_WRITE_REFERENCE=1 cargo test -p netloom-audit --test reference` writes it.\n",
    );
    for product in ["Kubernetes", "Istio", "Gateway API", "cert-manager"] {
        let _ = write!(
            page,
            "\n## {product}\n\n| kind | what | since | deprecated | removed | instead | source |\n|---|---|---|---|---|---|---|\n"
        );
        for change in table().filter(|change| change.product.name() == product) {
            write_row(change, &mut page);
        }
    }
    page
}

fn write_row(change: &Change, page: &mut String) {
    let version = |version: Option<Version>| version.map_or_else(String::new, |version| version.to_string());
    let what = match change.what {
        What::Version(version) => format!("`{version}`"),
        What::Field(paths) => paths.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", "),
        What::Value(paths, value) => {
            paths.iter().map(|path| format!("`{path}: {value}`")).collect::<Vec<_>>().join(", ")
        }
        What::Key(paths, key) => format!("`{key}` in `{}`", paths.join("`, `")),
    };
    let _ = writeln!(
        page,
        "| {} | {what} | {} | {} | {} | {} | {} |",
        change.kinds.join(", "),
        version(change.since),
        version(change.deprecated),
        version(change.removed),
        change.instead,
        change.source
    );
}
