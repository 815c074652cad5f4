//! Prints the Snapshot of manifests: `cargo run -p netloom-cluster --example snapshot PATH…`.
use std::{path::PathBuf, process::ExitCode};

use netloom_cluster::{Options, build};
use netloom_objects::ObjectSet;

fn main() -> ExitCode {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let objects = match ObjectSet::load(&paths) {
        Ok(objects) => objects,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    eprint!("{}", objects.render(false));
    let built = build(&objects, &Options::default());
    for note in &built.notes {
        println!("note: {note}");
    }
    for finding in &built.diagnostics {
        println!("{}: {}: {}", finding.at, finding.severity.name(), finding.message);
    }
    let snapshot = &built.snapshot;
    println!("{:?}", snapshot.plan);
    for node in snapshot.nodes.iter() {
        println!("node {} {:?} {:?}", node.name, node.ips, node.pod_cidrs);
    }
    for pod in snapshot.pods.iter() {
        println!(
            "pod {} {:?} node {} {:?} {}",
            pod.qualified_name(),
            pod.ips,
            pod.node.0,
            pod.listening,
            pod.origin
        );
    }
    for service in snapshot.services.iter() {
        println!("service {} {:?} {:?}", service.qualified_name(), service.kind, service.endpoints);
    }
    for policy in snapshot.policies.iter() {
        println!("policy {policy:?}");
    }
    ExitCode::SUCCESS
}
