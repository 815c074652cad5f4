//! `-o dot`: a graph for Graphviz, with namespaces as clusters.
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    io::{self, Write},
};

use super::{Texts, short};
use crate::{
    endpoints::Endpoint,
    reach::Reach,
    rows::{End, Row},
};

/// Writes the table as a graph.
///
/// # Errors
/// When it cannot be written.
pub fn dot(reach: &Reach, out: &mut impl Write) -> io::Result<()> {
    let mut namespaces: BTreeMap<&str, Vec<&Endpoint>> = BTreeMap::new();
    let mut alone: Vec<&Endpoint> = Vec::new();
    for endpoint in reach.endpoints().iter().filter(|e| !e.builtin) {
        match &endpoint.namespace {
            Some(namespace) => namespaces.entry(namespace).or_default().push(endpoint),
            None => alone.push(endpoint),
        }
    }
    writeln!(out, "digraph {{")?;
    for (namespace, endpoints) in namespaces {
        writeln!(out, "\tsubgraph {} {{", quoted(&format!("cluster_{namespace}")))?;
        for endpoint in endpoints {
            let label = quoted(short(endpoint));
            let name = quoted(&endpoint.name);
            writeln!(out, "\t\t{name} [label={label} color=\"blue\" fontcolor=\"blue\"]")?;
        }
        writeln!(out, "\t\tlabel={}\n\t}}", quoted(namespace))?;
    }
    for endpoint in alone {
        let name = quoted(&endpoint.name);
        writeln!(out, "\t{name} [label={name} color=\"blue\" fontcolor=\"blue\"]")?;
    }
    let mut texts = Texts::new(reach);
    let (mut guests, mut edges) = (BTreeMap::new(), String::new());
    reach.rows(|Row { from, to, open }| {
        for end in [from, to] {
            match end {
                End::External(_, name) => _ = guests.insert(quoted(name), "red2"),
                End::Controller => _ = guests.insert(quoted(end.name()), "blue"),
                End::Endpoint(_) => {}
            }
        }
        let (from, to, label) = (quoted(from.name()), quoted(to.name()), quoted(texts.get(open)));
        // Writing to a String cannot fail.
        _ = writeln!(edges, "\t{from} -> {to} [label={label} color=\"gold2\" fontcolor=\"darkgreen\"]");
    });
    for (name, color) in guests {
        writeln!(out, "\t{name} [label={name} color=\"{color}\" fontcolor=\"{color}\"]")?;
    }
    let sorted: BTreeSet<&str> = edges.lines().collect();
    sorted.iter().try_for_each(|edge| writeln!(out, "{edge}"))?;
    writeln!(out, "}}")
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
