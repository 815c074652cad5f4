//! `--exposure`: what each endpoint is open to beyond the set, and what no policy protects.
use std::fmt::Write as _;

use netloom_policy::Direction;
use serde_json::{Value, json};

use super::{field, json::ranges};
use crate::{
    exposure::{Exposed, Exposure},
    reach::Reach,
};

/// For people, as the analyzers of network policies write it.
#[must_use]
pub fn text(reach: &Reach, exposure: &Exposure) -> String {
    let found = reach.exposure(exposure);
    let mut text = String::from("Exposure Analysis Result:\n");
    for (direction, title, arrow) in
        [(Direction::Egress, "Egress Exposure:", "=>"), (Direction::Ingress, "\nIngress Exposure:", "<=")]
    {
        // Writing to a String cannot fail.
        _ = writeln!(text, "{title}");
        for exposed in of(&found, direction) {
            let name = &reach.endpoint(exposed.endpoint).name;
            _ = writeln!(text, "{name}\t{arrow}\t{} : {}", exposed.to.name(), ports(reach, exposed));
        }
    }
    let unprotected = unprotected_text(reach);
    if !unprotected.is_empty() {
        _ = write!(text, "\nWorkloads not protected by network policies:\n{unprotected}");
    }
    text
}

fn of(found: &[Exposed], direction: Direction) -> impl Iterator<Item = &Exposed> {
    found.iter().filter(move |exposed| exposed.direction == direction)
}

/// The ports, with those that only the other one's pods know the numbers of: `TCP 80,TCP http`.
fn ports(reach: &Reach, exposed: &Exposed) -> String {
    let open = reach.ports(exposed.open);
    let numbers = (!open.is_none() || exposed.named.is_empty()).then(|| open.to_string());
    let names = exposed.named.iter().map(|(protocol, name)| format!("{protocol} {name}"));
    numbers.into_iter().chain(names).collect::<Vec<_>>().join(",")
}

const DIRECTIONS: [(Direction, &str); 2] = [(Direction::Egress, "Egress"), (Direction::Ingress, "Ingress")];

/// `shop/web[Deployment] is not protected on Ingress`, sorted.
#[must_use]
pub fn unprotected_text(reach: &Reach) -> String {
    let of_direction = |(direction, name): (Direction, &str)| {
        let words = move |id| format!("{} is not protected on {name}\n", reach.endpoint(id).name);
        reach.unprotected(direction).map(words).collect::<Vec<_>>()
    };
    let mut lines: Vec<String> = DIRECTIONS.into_iter().flat_map(of_direction).collect();
    lines.sort();
    lines.concat()
}

/// Sections below the table of connections, in csv as the analyzers write them.
#[must_use]
pub fn csv(reach: &Reach, exposure: &Exposure) -> String {
    let found = reach.exposure(exposure);
    let mut text = String::from("Exposure Analysis Result:,,\n");
    for (direction, title) in [
        (Direction::Egress, "Egress Exposure:,,\nsrc,dst,conn"),
        (Direction::Ingress, "Ingress Exposure:,,\ndst,src,conn"),
    ] {
        _ = writeln!(text, "{title}");
        for exposed in of(&found, direction) {
            let (to, open) = (exposed.to.name(), ports(reach, exposed));
            let name = &reach.endpoint(exposed.endpoint).name;
            _ = writeln!(text, "{},{},{}", field(name), field(&to), field(&open));
        }
    }
    text
}

/// Likewise in Markdown.
#[must_use]
pub fn markdown(reach: &Reach, exposure: &Exposure) -> String {
    let found = reach.exposure(exposure);
    let mut text = String::from("\n## Exposure Analysis Result:\n");
    for (direction, title, head) in [
        (Direction::Egress, "### Egress Exposure:", "| src | dst | conn |"),
        (Direction::Ingress, "\n### Ingress Exposure:", "| dst | src | conn |"),
    ] {
        _ = writeln!(text, "{title}\n{head}\n|-----|-----|------|");
        for exposed in of(&found, direction) {
            let (name, to) = (&reach.endpoint(exposed.endpoint).name, exposed.to.name());
            _ = writeln!(text, "| {name} | {} | {} |", to.replace('|', "\\|"), ports(reach, exposed));
        }
    }
    text
}

/// For programs.
#[must_use]
pub fn json(reach: &Reach, exposure: &Exposure) -> Value {
    let of_exposed = |exposed: &Exposed| {
        let open = reach.ports(exposed.open);
        let named: Vec<Value> = exposed
            .named
            .iter()
            .map(|(protocol, name)| json!({"protocol": protocol.to_string(), "name": name}))
            .collect();
        json!({
            "workload": reach.endpoint(exposed.endpoint).name,
            "direction": exposed.direction.name(),
            "to": exposed.to.name(),
            "conn": ports(reach, exposed),
            "ports": ranges(&open),
            "named_ports": named,
        })
    };
    json!({
        "exposure": reach.exposure(exposure).iter().map(of_exposed).collect::<Vec<_>>(),
        "unprotected": unprotected_json(reach),
    })
}

/// What no policy protects, for programs.
#[must_use]
pub fn unprotected_json(reach: &Reach) -> Value {
    let of = |direction| -> Vec<&str> {
        reach.unprotected(direction).map(|id| &*reach.endpoint(id).name).collect()
    };
    json!({"egress": of(Direction::Egress), "ingress": of(Direction::Ingress)})
}
