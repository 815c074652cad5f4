//! Tables of connections, and what a comparison makes of one: read from CSV, line by line.
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use netloom_diff::{Diff, report};
use netloom_reach::{AddressRange, EndpointKind, Party, Reach};

/// Who connects, to whom, on what.
pub type Table = BTreeMap<(String, String), String>;

/// The fields of a line; one in quotes may have commas.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            c => fields.last_mut().unwrap().push(c),
        }
    }
    fields
}

fn lines(csv: Vec<u8>) -> Vec<Vec<String>> {
    String::from_utf8(csv).unwrap().lines().skip(1).map(fields).collect()
}

/// The lines of a comparison: change, from, to, before, after.
pub fn changes(diff: &Diff<'_>) -> Vec<Vec<String>> {
    let mut csv = Vec::new();
    report::csv(diff, &mut csv).unwrap();
    lines(csv)
}

fn rows(reach: &Reach) -> Vec<Vec<String>> {
    let mut csv = Vec::new();
    netloom_reach::report::csv(reach, &mut csv).unwrap();
    lines(csv)
}

pub fn range(name: &str) -> Option<AddressRange> {
    let (low, high) = name.strip_suffix("[External]")?.split_once('-')?;
    Some(AddressRange { low: low.parse().unwrap(), high: high.parse().unwrap() })
}

/// Addresses at which something begins in any of these names: one of each stretch that may be judged apart.
pub fn borders<'n>(names: impl Iterator<Item = &'n str>) -> BTreeSet<IpAddr> {
    let behind = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => ip.to_bits().checked_add(1).map(|bits| IpAddr::from(bits.to_be_bytes())),
        IpAddr::V6(ip) => ip.to_bits().checked_add(1).map(|bits| IpAddr::from(bits.to_be_bytes())),
    };
    names.filter_map(range).flat_map(|range| [Some(range.low), behind(range.high)]).flatten().collect()
}

/// The names of one end at the finest: addresses apart, and workloads by pods where they are so on either side.
fn finest(name: &str, reach: &Reach, split: &BTreeSet<String>, borders: &BTreeSet<IpAddr>) -> Vec<String> {
    if let Some(range) = range(name) {
        return borders.iter().filter(|ip| range.contains(**ip)).map(ToString::to_string).collect();
    }
    match reach.find(name).map(|id| reach.endpoint(id)) {
        Some(endpoint) if split.contains(name) => {
            endpoint.pods.iter().map(|pod| reach.name_of(Party::Pod(*pod), None)).collect()
        }
        _ => vec![name.to_owned()],
    }
}

/// The whole workloads of one side whose pods are apart on the other.
fn split(reach: &Reach, other: &Reach) -> BTreeSet<String> {
    let apart: Vec<_> = other
        .endpoints()
        .iter()
        .filter_map(|e| match &e.kind {
            EndpointKind::Pod(workload) => Some((e.namespace.clone(), workload.clone())),
            _ => None,
        })
        .collect();
    let is_apart = |e: &&netloom_reach::Endpoint| match &e.kind {
        EndpointKind::Workload(workload) if !e.builtin => {
            apart.contains(&(e.namespace.clone(), workload.clone()))
        }
        _ => false,
    };
    reach.endpoints().iter().filter(is_apart).map(|e| e.name.to_string()).collect()
}

/// Both tables at the finest, and the changes likewise.
pub fn all(before: &Reach, after: &Reach, diff: &Diff<'_>) -> ([Table; 2], Vec<(String, [String; 4])>) {
    let tables = [rows(before), rows(after)];
    let changes = changes(diff);
    let names =
        tables.iter().flatten().flat_map(|row| &row[..2]).chain(changes.iter().flat_map(|c| &c[1..3]));
    let borders = borders(names.map(String::as_str));
    let splits = [split(before, after), split(after, before)];
    let mut made = [Table::new(), Table::new()];
    for (nth, reach) in [before, after].into_iter().enumerate() {
        let finest = |name: &str| finest(name, reach, &splits[nth], &borders);
        for row in &tables[nth] {
            for from in finest(&row[0]) {
                for to in finest(&row[1]) {
                    let twice = made[nth].insert((from.clone(), to), row[2].clone());
                    assert!(twice.is_none(), "{row:?} is in the table twice");
                }
            }
        }
        // The table has no line of a workload with itself; its pods have connections all the same.
        for name in &splits[nth] {
            let endpoint = reach.endpoint(reach.find(name).unwrap());
            let open = reach.ports(reach.between(endpoint.class, endpoint.class));
            let pods = finest(name);
            let pairs = pods.iter().flat_map(|a| pods.iter().map(move |b| (a.clone(), b.clone())));
            for pair in pairs.filter(|(a, b)| a != b && !open.is_none()) {
                made[nth].insert(pair, open.to_string());
            }
        }
    }
    let mut finer = Vec::new();
    for change in changes {
        let ends = |name: &String| match range(name) {
            Some(_) => finest(name, before, &BTreeSet::new(), &borders),
            None => vec![name.clone()],
        };
        for from in ends(&change[1]) {
            for to in ends(&change[2]) {
                let [before, after] = [change[3].clone(), change[4].clone()];
                finer.push((change[0].clone(), [from.clone(), to, before, after]));
            }
        }
    }
    (made, finer)
}
