//! Looks for the rows of the table in a set.
use netloom_objects::{Object, Severity};

use super::{Change, Product, What, table};
use crate::{
    Context, Finding, Findings, Workload,
    paths::expand,
    words::{entry, title},
};

/// What becomes of it in the targeted version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is not there yet.
    New,
    Deprecated,
    Removed,
}

impl Change {
    /// What becomes of it in the version that the manifests are for; `None` where it is as usual.
    pub(crate) fn fate(&self, cx: &Context<'_>) -> Option<Fate> {
        let target = self.product.target(cx);
        if self.since.is_some_and(|since| target < since) {
            return Some(Fate::New);
        }
        if self.removed.is_some_and(|removed| target >= removed) {
            return Some(Fate::Removed);
        }
        self.deprecated.is_some_and(|deprecated| target >= deprecated).then_some(Fate::Deprecated)
    }

    /// `Kubernetes 1.25`.
    fn version(&self, version: Option<crate::Version>) -> String {
        version.map_or_else(String::new, |version| format!("{} {version}", self.product.name()))
    }
}

/// Reports the rows of a rule that the targeted version has a word on: `wanted` chooses among them and their fates,
/// `finish` adds to a finding.
pub(crate) fn report(
    cx: &Context<'_>,
    out: &mut Findings<'_>,
    wanted: &dyn Fn(&Change, Fate) -> bool,
    finish: &dyn Fn(&mut Finding, &Object, &str, Fate),
) {
    for change in table() {
        let Some(fate) = change.fate(cx).filter(|fate| wanted(change, *fate)) else { continue };
        for (object, path) in places(cx, change) {
            let finding = out.add(object, &path, words(change, fate, object, &path));
            if !change.instead.is_empty() {
                finding.help(change.instead);
            }
            finish(finding, object, &path, fate);
        }
    }
}

/// Removed is worse than deprecated, whatever the rule's own severity is.
pub(crate) fn graver(finding: &mut Finding, fate: Fate, severity: Severity) {
    if fate == Fate::Removed {
        finding.severity(severity);
    }
}

fn words(change: &Change, fate: Fate, object: &Object, path: &str) -> String {
    let who = title(object);
    let what = match change.what {
        What::Version(version) => {
            return match fate {
                Fate::New => format!(
                    "{who} is written as `{version}`, which is served from {} on",
                    change.version(change.since)
                ),
                Fate::Removed => format!(
                    "{who} is written as `{version}`, which is not served since {}",
                    change.version(change.removed)
                ),
                Fate::Deprecated => {
                    let end = match change.removed {
                        Some(removed) => format!(", and goes with {removed}"),
                        None => String::new(),
                    };
                    let is = match change.product {
                        Product::GatewayApi => "superseded",
                        _ => "deprecated",
                    };
                    format!(
                        "{who} is written as `{version}`, which is {is} since {}{end}",
                        change.version(change.deprecated)
                    )
                }
            };
        }
        What::Value(_, value) => format!("`{}: {value}`", last(path)),
        What::Field(_) => format!("`{}`", last(path)),
        What::Key([place, ..], key) if place.ends_with("annotations") => format!("annotation {key}"),
        What::Key(_, key) => format!("label {key}"),
    };
    let does = match fate {
        Fate::New => format!("is there from {} on", change.version(change.since)),
        Fate::Removed => format!("is not read since {}", change.version(change.removed)),
        Fate::Deprecated => format!("is deprecated since {}", change.version(change.deprecated)),
    };
    format!("{who}: {what} {does}")
}

/// The name of a field of a path, without the index of an item.
fn last(path: &str) -> &str {
    let name = path.rsplit('.').next().unwrap_or(path);
    name.split('[').next().unwrap_or(name)
}

/// Where a row is met: objects, each with the path in it.
fn places<'a>(cx: &Context<'a>, change: &Change) -> Vec<(&'a Object, String)> {
    let mut found = Vec::new();
    if change.kinds == ["Pod"] && !matches!(change.what, What::Version(_)) {
        for workload in cx.workloads() {
            in_object(change, workload.object, &|path| Workload::path(workload, path), &mut found);
        }
        return found;
    }
    for object in change.kinds.iter().flat_map(|kind| cx.all_of(change.group, kind)) {
        in_object(change, object, &str::to_owned, &mut found);
    }
    found
}

fn in_object<'a>(
    change: &Change,
    object: &'a Object,
    full: &dyn Fn(&str) -> String,
    found: &mut Vec<(&'a Object, String)>,
) {
    let fields = match change.what {
        What::Version(version) => {
            if *object.api_version == *version {
                found.push((object, "apiVersion".to_owned()));
            }
            return;
        }
        What::Field(fields) | What::Value(fields, _) | What::Key(fields, _) => fields,
    };
    for pattern in fields {
        for path in expand(object, &full(pattern)) {
            match change.what {
                What::Value(_, value) if object.text(&path) != Some(value) => {}
                What::Key(_, key) => {
                    let is_it = |one: &&&str| **one == key || key.ends_with('/') && one.starts_with(key);
                    let keys = object.keys(&path);
                    let own = keys.iter().filter(is_it);
                    found.extend(own.map(|own| (object, entry(&path, own))));
                }
                _ => found.push((object, path)),
            }
        }
    }
}
