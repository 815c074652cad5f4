//! `--by-class` as text, csv and Markdown: the classes with their members, and what is open between them.
use std::io::{self, Write};

use serde_json::json;

use super::{Texts, field, ranges};
use crate::{
    by_class::{Members, Places},
    names::INGRESS_CONTROLLER,
    reach::Reach,
};

/// The classes of a Reach and the lines between them.
fn table(reach: &Reach) -> (Vec<Members>, Vec<crate::ClassRow>) {
    let members = reach.members();
    let rows = reach.class_rows(&members);
    (members, rows)
}

/// Members that are named of one class in text, where more would bury the rest.
const NAMED: usize = 6;

/// For people.
///
/// # Errors
/// When it cannot be written.
pub fn text(reach: &Reach, out: &mut impl Write) -> io::Result<()> {
    let (members, rows) = table(reach);
    for (nth, class) in members.iter().enumerate() {
        let named: Vec<&str> = class.names.iter().take(NAMED).map(|name| &**name).collect();
        write!(out, "c{}\t{}", nth + 1, named.join(" "))?;
        match class.names.len() {
            more if more > NAMED => writeln!(out, " and {} more", more - NAMED)?,
            _ => writeln!(out)?,
        }
    }
    writeln!(out)?;
    let mut texts = Texts::new(reach);
    for row in &rows {
        writeln!(out, "{} => c{} : {}", Places(&row.from, ","), row.to + 1, texts.get(row.open))?;
    }
    for (to, open) in reach.controller_lines() {
        writeln!(out, "{INGRESS_CONTROLLER} => {} : {open}", reach.endpoint(to).name)?;
    }
    Ok(())
}

/// Two tables, an empty line between them: `class,member`, and `src,dst,conn`.
///
/// # Errors
/// When it cannot be written.
pub fn csv(reach: &Reach, out: &mut impl Write) -> io::Result<()> {
    let (members, rows) = table(reach);
    writeln!(out, "class,member")?;
    for (nth, class) in members.iter().enumerate() {
        class.names.iter().try_for_each(|name| writeln!(out, "c{},{name}", nth + 1))?;
    }
    writeln!(out, "\nsrc,dst,conn")?;
    let mut texts = Texts::new(reach);
    for row in &rows {
        writeln!(out, "{},c{},{}", Places(&row.from, " "), row.to + 1, field(texts.get(row.open)))?;
    }
    for (to, open) in reach.controller_lines() {
        writeln!(out, "{INGRESS_CONTROLLER},{},{}", reach.endpoint(to).name, field(&open.to_string()))?;
    }
    Ok(())
}

/// Two tables.
///
/// # Errors
/// When it cannot be written.
pub fn markdown(reach: &Reach, out: &mut impl Write) -> io::Result<()> {
    let (members, rows) = table(reach);
    writeln!(out, "| class | members |\n|-------|---------|")?;
    for (nth, class) in members.iter().enumerate() {
        let named: Vec<&str> = class.names.iter().map(|name| &**name).collect();
        writeln!(out, "| c{} | {} |", nth + 1, named.join("<br>"))?;
    }
    writeln!(out, "\n| src | dst | conn |\n|-----|-----|------|")?;
    let mut texts = Texts::new(reach);
    for row in &rows {
        writeln!(out, "| {} | c{} | {} |", Places(&row.from, ", "), row.to + 1, texts.get(row.open))?;
    }
    for (to, open) in reach.controller_lines() {
        writeln!(out, "| {INGRESS_CONTROLLER} | {} | {open} |", reach.endpoint(to).name)?;
    }
    Ok(())
}

/// For programs: `classes` with their members, and `connections` between them by number.
///
/// # Errors
/// When it cannot be written.
pub fn json(reach: &Reach, out: &mut impl Write) -> io::Result<()> {
    let (members, rows) = table(reach);
    write!(out, "{{\n  \"classes\": [")?;
    for (nth, class) in members.iter().enumerate() {
        let separator = if nth == 0 { "" } else { "," };
        let names: Vec<&str> = class.names.iter().map(|name| &**name).collect();
        let class = json!({"class": format!("c{}", nth + 1), "members": names});
        write!(out, "{separator}\n    {class}")?;
    }
    write!(out, "\n  ],\n  \"connections\": [")?;
    let mut texts = Texts::new(reach);
    for (nth, row) in rows.iter().enumerate() {
        let separator = if nth == 0 { "" } else { "," };
        let from: Vec<String> = row.from.iter().map(|place| format!("c{}", place + 1)).collect();
        let row = json!({
            "src": from,
            "dst": format!("c{}", row.to + 1),
            "conn": texts.get(row.open),
            "ports": ranges(&reach.ports(row.open)),
        });
        write!(out, "{separator}\n    {row}")?;
    }
    let controller_lines = reach.controller_lines();
    write!(out, "\n  ],\n  \"from_ingress_controllers\": [")?;
    for (nth, (to, open)) in controller_lines.iter().enumerate() {
        let separator = if nth == 0 { "" } else { "," };
        let line = json!({
            "dst": reach.endpoint(*to).name,
            "conn": open.to_string(),
            "ports": ranges(open),
        });
        write!(out, "{separator}\n    {line}")?;
    }
    write!(out, "\n  ]")?;
    super::write_unread(reach, out)?;
    writeln!(out, "\n}}")
}
