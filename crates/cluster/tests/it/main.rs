//! Manifests in, Snapshot out: one table for each topic.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test binary: what panics is a failed test")]
mod dns;
mod edits;
mod endpoints;
mod kinds;
mod live;
mod nodes;
mod operated;
mod policies;
mod print;
mod rebuild;
mod services;
mod whole;
mod workloads;

use std::sync::Arc;

use netloom_cluster::{Builder, Built, Options, Pod, Service, Snapshot};
use netloom_objects::{ObjectSet, Severity, Source, parse_source};

/// The objects of files, each a name and its text.
pub fn files(files: &[(&str, &str)]) -> ObjectSet {
    let parse = |(name, text): &(&str, &str)| {
        let source = Source::new(name, text);
        let parsed = parse_source(&source);
        let errors: Vec<_> = parsed.diagnostics.iter().filter(|d| d.severity == Severity::Error).collect();
        assert!(errors.is_empty(), "{name} is not what the test means: {errors:#?}");
        Arc::new(parsed)
    };
    ObjectSet::assemble(files.iter().map(parse).collect())
}

/// Options without the DNS that is added, so that a test sees only what it wrote.
pub fn plain() -> Options {
    Options { add_dns: false, ..Options::default() }
}

pub fn built_with(options: Options, yaml: &str) -> Built {
    Builder::new(options).build(&files(&[("a.yaml", yaml)]))
}

pub fn built(yaml: &str) -> Built {
    built_with(plain(), yaml)
}

pub fn pods(snapshot: &Snapshot) -> Vec<String> {
    snapshot.pods.iter().map(|p| p.qualified_name()).collect()
}

pub fn pod<'a>(built: &'a Built, name: &str) -> &'a Arc<Pod> {
    let (namespace, name) = name.split_once('/').unwrap();
    built
        .snapshot
        .find_pod(namespace, name)
        .unwrap_or_else(|| panic!("{name} of {:?}", pods(&built.snapshot)))
}

pub fn service<'a>(built: &'a Built, name: &str) -> &'a Arc<Service> {
    let (namespace, name) = name.split_once('/').unwrap();
    built.snapshot.find_service(namespace, name).unwrap()
}

/// `severity line message` of each finding.
pub fn findings(built: &Built) -> Vec<String> {
    built.diagnostics.iter().map(|d| format!("{} {} {}", d.severity.name(), d.at.line, d.message)).collect()
}

/// How many pods each node has.
pub fn loads(snapshot: &Snapshot) -> Vec<usize> {
    snapshot.nodes.iter().map(|n| snapshot.pods.iter().filter(|p| p.node == n.id).count()).collect()
}
