//! `-o csv`: `change,src,dst,before,after`, a line each connection that is not the same, sorted by the names.
use std::{
    collections::{BTreeMap, HashMap},
    io::{self, Write},
    sync::Arc,
};

use crate::diff::{Diff, End, Group};

/// Writes the lines.
///
/// # Errors
/// When they cannot be written.
pub fn csv(diff: &Diff<'_>, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"change,src,dst,before,after\n")?;
    let groups: Vec<&Group> = diff.groups().collect();
    // Only the lines of one source at a time are held: of large clusters there are millions.
    let mut of_source: BTreeMap<Arc<str>, (End, Vec<usize>)> = BTreeMap::new();
    for (nth, group) in groups.iter().enumerate() {
        for end in &group.from {
            of_source.entry(diff.name_of(end)).or_insert_with(|| (*end, Vec::new())).1.push(nth);
        }
    }
    let mut texts: HashMap<usize, String> = HashMap::new();
    for (src, (source, own)) in &of_source {
        let mut lines: Vec<(Arc<str>, usize)> = Vec::new();
        for nth in own {
            let to = groups[*nth].to.iter().filter(|end| *end != source);
            lines.extend(to.map(|end| (diff.name_of(end), *nth)));
        }
        lines.sort_unstable();
        for (dst, nth) in lines {
            let group = groups[nth];
            let ports = texts.entry(nth).or_insert_with(|| {
                format!("{},{}", quoted(&group.before.to_string()), quoted(&group.after.to_string()))
            });
            writeln!(out, "{},{src},{dst},{ports}", group.name())?;
        }
    }
    Ok(())
}

/// Names have no comma; a list of ports may.
fn quoted(text: &str) -> String {
    if text.contains(',') { format!("\"{text}\"") } else { text.to_owned() }
}
