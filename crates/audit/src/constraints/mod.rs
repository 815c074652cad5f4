//! What the schemas of extensions demand of single fields: the API server refuses an object that does not keep it.
mod gateway;
mod istio;
mod istio_extensions;
mod istio_security;
mod text;

pub(crate) use gateway::GATEWAY;
pub(crate) use istio::ISTIO_NETWORKING;
pub(crate) use istio_extensions::{ENVOY_FILTER, TELEMETRIES, WASM_PLUGIN};
pub(crate) use istio_security::ISTIO_SECURITY;
pub(crate) use text::is_host;

use netloom_objects::Object;

use crate::{
    Context, Findings,
    paths::{containers, expand},
    words::{entry, list_of, title},
};

/// What is demanded.
#[derive(Clone, Copy)]
pub(crate) enum Is {
    /// It is written, where what it stands in is.
    Required,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Text that a test lets through, and what it has to be.
    Text(fn(&str) -> bool, &'static str),
    /// A mapping, the keys of which a test lets through, and what they have to be.
    Keys(fn(&str) -> bool, &'static str),
    /// A number from one to another.
    Between(i64, i64),
    /// A list or mapping of so many.
    Items(usize, usize),
    /// Text of so many characters.
    Length(usize, usize),
    /// The items of a list differ in this field; in themselves where it is empty.
    Distinct(&'static str),
    /// Not more than one of these fields is written in the mapping.
    AtMostOne(&'static [&'static str]),
    /// At least one of these fields is written in the mapping.
    AtLeastOne(&'static [&'static str]),
    /// The second field is written only beside the first.
    OnlyBeside(&'static str, &'static str),
}

/// A demand on fields of some kinds of one group.
pub(crate) struct Constraint {
    kinds: &'static [&'static str],
    paths: &'static [&'static str],
    is: Is,
}

const fn demand(kinds: &'static [&'static str], paths: &'static [&'static str], is: Is) -> Constraint {
    Constraint { kinds, paths, is }
}

/// Reports what does not keep the demands of a group's kinds.
pub(crate) fn check(cx: &Context<'_>, out: &mut Findings<'_>, group: &str, constraints: &[Constraint]) {
    for constraint in constraints {
        for object in constraint.kinds.iter().flat_map(|kind| cx.all_of(group, kind)) {
            for pattern in constraint.paths {
                judge(object, pattern, constraint.is, out);
            }
        }
    }
}

fn judge(object: &Object, pattern: &str, is: Is, out: &mut Findings<'_>) {
    if let Is::Required = is {
        for path in containers(object, pattern) {
            // What could not be read was reported as that.
            if !object.is_written(&path) && !object.holds_fault(parent(&path)) {
                let message =
                    format!("{}: `{path}` is missing, and the API server demands it", title(object));
                out.add(object, &path, message);
            }
        }
        return;
    }
    for path in expand(object, pattern) {
        if object.holds_fault(&path) {
            continue;
        }
        let Some((at, wrong)) = broken(object, &path, is) else { continue };
        let place = if object.is_written(&at) { &at } else { &path };
        out.add(object, place, format!("{}: {wrong}", title(object)));
    }
}

/// Where a demand is broken, and how.
fn broken(object: &Object, path: &str, is: Is) -> Option<(String, String)> {
    let here = |wrong: String| Some((path.to_owned(), wrong));
    let text = object.text(path);
    match is {
        Is::Required => None,
        Is::OneOf(words) => {
            let text = text?;
            (!words.contains(&text)).then_some(())?;
            let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            here(format!("`{path}` must be {}, not `{text}`", list_of(&quoted).replace(" and ", " or ")))
        }
        Is::Text(test, what) => {
            let text = text?;
            (!test(text)).then_some(())?;
            here(format!("`{path}` must be {what}, not `{}`", shortened(text)))
        }
        Is::Keys(test, what) => {
            let key = object.keys(path).into_iter().find(|key| !test(key))?;
            Some((
                entry(path, key),
                format!("the keys of `{path}` must be {what}, unlike `{}`", shortened(key)),
            ))
        }
        Is::Between(least, most) => {
            let written = text?;
            let number: f64 = written.parse().ok()?;
            (!(least as f64..=most as f64).contains(&number)).then_some(())?;
            here(format!("`{path}` must be from {least} to {most}, not {written}"))
        }
        Is::Items(least, most) => {
            let count = object.count(path).max(object.keys(path).len());
            (!(least..=most).contains(&count)).then_some(())?;
            let bound = if count < least { format!("at least {least}") } else { format!("at most {most}") };
            here(format!("`{path}` must have {bound} entries, and has {count}"))
        }
        Is::Length(least, most) => {
            let length = text?.chars().count();
            (!(least..=most).contains(&length)).then_some(())?;
            let bound = if length < least { format!("at least {least}") } else { format!("at most {most}") };
            here(format!("`{path}` must have {bound} characters, and has {length}"))
        }
        Is::Distinct(field) => {
            let name = |index: usize| match field {
                "" => format!("{path}[{index}]"),
                field => format!("{path}[{index}].{field}"),
            };
            let values: Vec<Option<&str>> =
                (0..object.count(path)).map(|index| object.text(&name(index))).collect();
            let twice = (1..values.len())
                .find(|index| values[*index].is_some() && values[..*index].contains(&values[*index]))?;
            let what = if field.is_empty() { "entries" } else { field };
            Some((
                name(twice),
                format!("the {what} of `{path}` must differ, and `{}` is there twice", values[twice]?),
            ))
        }
        Is::AtMostOne(fields) => {
            let written: Vec<&str> = fields
                .iter()
                .copied()
                .filter(|field| object.is_written(&format!("{path}.{field}")))
                .collect();
            let second = written.get(1)?;
            let quoted: Vec<String> = written.iter().map(|field| format!("`{field}`")).collect();
            Some((format!("{path}.{second}"), format!("`{path}` may have one of {} only", list_of(&quoted))))
        }
        Is::AtLeastOne(fields) => {
            let none = fields.iter().all(|field| !object.is_written(&format!("{path}.{field}")));
            none.then_some(())?;
            let quoted: Vec<String> = fields.iter().map(|field| format!("`{field}`")).collect();
            here(format!("`{path}` must have {}", list_of(&quoted).replace(" and ", " or ")))
        }
        Is::OnlyBeside(first, second) => {
            let lone = object.is_written(&format!("{path}.{second}"))
                && !object.is_written(&format!("{path}.{first}"));
            lone.then_some(())?;
            Some((format!("{path}.{second}"), format!("`{path}.{second}` is for use with `{first}` only")))
        }
    }
}

fn parent(path: &str) -> &str {
    path.rfind(['.', '[']).map_or("", |at| &path[..at])
}

/// Long text is cut.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
