//! What a whole check costs, from text to findings: `cargo bench -p netloom-audit --bench check [-- OBJECTS…]`.
//!
//! Clusters of 1,000, 10,000 and 100,000 objects, each in a process of its own, so that each has its own peak of memory.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be measured has to fail loudly")]
mod cluster;

use std::{fs, hint::black_box, process::Command, time::Instant};

use netloom_audit::{Report, Settings, audit};
use netloom_objects::{ObjectSet, Source, parse_sources};

/// The allocator that the program has.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Objects, and how often they are checked.
const SETS: [(usize, usize); 3] = [(1_000, 15), (10_000, 5), (100_000, 1)];

/// Begins the arguments of the process that checks one set.
const CHILD: &str = "--one-set";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut numbers = arguments.iter().filter_map(|argument| argument.parse::<usize>().ok());
    if arguments.iter().any(|argument| argument == CHILD) {
        let (objects, runs) = (numbers.next().expect("objects"), numbers.next().expect("runs"));
        return one(objects, runs);
    }
    // `cargo bench` passes `--bench`; numbers choose sets.
    let wanted: Vec<usize> = numbers.collect();
    println!(
        "{:>8} {:>7} {:>10} {:>10} {:>10} {:>8} {:>11} {:>9} {:>9}  findings",
        "objects", "MB", "parsed ms", "judged ms", "whole ms", "MB/s", "objects/s", "peak MB", "× input"
    );
    for (objects, runs) in SETS.iter().filter(|(objects, _)| wanted.is_empty() || wanted.contains(objects)) {
        let status = Command::new(std::env::current_exe().unwrap())
            .args([CHILD, &objects.to_string(), &runs.to_string()])
            .status()
            .unwrap();
        assert!(status.success(), "the check of {objects} objects ended with {status}");
    }
}

/// The fastest of several checks of one set.
fn one(objects: usize, runs: usize) {
    let sources = cluster::sources(objects);
    let megabytes = sources.iter().map(|source| source.text.len()).sum::<usize>() as f64 / 1e6;
    let mut best = (f64::MAX, f64::MAX, Report::default());
    for _ in 0..runs {
        let begun = Instant::now();
        let (read, report) = check(&sources);
        let whole = begun.elapsed().as_secs_f64();
        if whole < best.0 {
            best = (whole, read, report);
        }
    }
    let (whole, read, report) = best;
    assert_eq!(report.objects, objects, "the bench makes as many objects as it says");
    let peak = peak_megabytes();
    println!(
        "{objects:>8} {megabytes:>7.2} {:>10.1} {:>10.1} {:>10.1} {:>8.1} {:>11.0} {peak:>9.1} {:>9.1}  {}",
        read * 1e3,
        (whole - read) * 1e3,
        whole * 1e3,
        megabytes / whole,
        objects as f64 / whole,
        peak / megabytes,
        report.findings.len()
    );
}

/// One check, and how long reading took of it.
fn check(sources: &[Source]) -> (f64, Report) {
    let begun = Instant::now();
    let set = ObjectSet::assemble(parse_sources(black_box(sources)));
    let read = begun.elapsed().as_secs_f64();
    assert!(!set.has_errors(), "{}", set.render(false));
    let report = audit(&set, &Settings::default(), &|_| true);
    (read, black_box(report))
}

/// The most memory that this process has had, the text of the manifests included.
fn peak_megabytes() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("VmHWM");
    let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kibibytes * 1024.0 / 1e6
}
