//! Argo CD's ApplicationSet, as far as its parameters stand in the repository.
use std::{collections::BTreeMap, fs};

use netloom_objects::Object;
use serde_json::Value;

use super::{Claims, Repository, argo, list, scalar, text};

/// Applications of one ApplicationSet, at most.
const MOST: usize = 1000;

type Parameters = BTreeMap<String, String>;

pub(super) fn expand(object: &Object, repository: &Repository, claims: &mut Claims) {
    let Some(spec) = object.value("spec") else { return };
    let Some(template) = spec.get("template") else { return };
    for generator in list(&spec, &["generators"]) {
        let Some(all) = parameters(generator, repository) else {
            let kinds: Vec<&str> =
                generator.as_object().into_iter().flatten().map(|(kind, _)| &**kind).collect();
            claims.note(
                object,
                &format!("what its generator {} lists is known to the cluster only", kinds.join(", ")),
            );
            continue;
        };
        for parameters in all.into_iter().take(MOST) {
            let made = filled(template, &parameters);
            let name = text(&made, &["metadata", "name"]).unwrap_or(&object.name).to_owned();
            match made.get("spec") {
                Some(spec) if !spec.to_string().contains("{{") => {
                    argo::claim(object, &name, spec, repository, claims);
                }
                Some(_) => claims
                    .note(object, &format!("the template of {name} takes what is not in this repository")),
                None => {}
            }
        }
    }
}

/// The parameters that a generator lists; none where only the cluster knows.
fn parameters(generator: &Value, repository: &Repository) -> Option<Vec<Parameters>> {
    if let Some(elements) = generator.get("list") {
        return Some(list(elements, &["elements"]).iter().map(flat).collect());
    }
    if let Some(git) = generator.get("git") {
        let directories = list(git, &["directories"]);
        let is_excluded = |entry: &&Value| entry.get("exclude") == Some(&Value::Bool(true));
        let matching =
            |entry: &Value, files| repository.matching(text(entry, &["path"]).unwrap_or_default(), files);
        let excluded: Vec<String> =
            directories.iter().filter(is_excluded).flat_map(|entry| matching(entry, false)).collect();
        let folders =
            directories.iter().filter(|entry| !is_excluded(entry)).flat_map(|entry| matching(entry, false));
        let mut all: Vec<Parameters> =
            folders.filter(|path| !excluded.contains(path)).map(|path| of_path(&path)).collect();
        for file in list(git, &["files"]).iter().flat_map(|entry| matching(entry, true)) {
            let mut found = of_path(file.rsplit_once('/').map_or(".", |(folder, _)| folder));
            let read = repository.file(&file).and_then(|path| fs::read_to_string(path).ok());
            let written = read.and_then(|text| serde_json::from_str::<Value>(&text).ok());
            found.extend(written.map(|value| flat(&value)).unwrap_or_default());
            all.push(found);
        }
        return Some(all);
    }
    let inner = list(generator, &["matrix", "generators"]);
    if inner.is_empty() {
        return None;
    }
    inner.iter().try_fold(vec![Parameters::new()], |all, generator| {
        let own = parameters(generator, repository)?;
        let joined = |one: &Parameters| {
            own.iter()
                .map(|more| one.iter().chain(more).map(|(k, v)| (k.clone(), v.clone())).collect())
                .collect()
        };
        Some(all.iter().flat_map(|one| -> Vec<Parameters> { joined(one) }).take(MOST).collect())
    })
}

fn of_path(path: &str) -> Parameters {
    let parts: Vec<&str> = path.split('/').collect();
    let base = parts.last().copied().unwrap_or_default();
    let normal: String =
        base.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
    let mut all = Parameters::from([
        ("path".to_owned(), path.to_owned()),
        ("path.path".to_owned(), path.to_owned()),
        ("path.basename".to_owned(), base.to_owned()),
        ("path.basenameNormalized".to_owned(), normal),
    ]);
    for (nth, part) in parts.iter().enumerate() {
        all.insert(format!("path[{nth}]"), (*part).to_owned());
        all.insert(format!("index .path.segments {nth}"), (*part).to_owned());
    }
    all
}

/// The scalars of a value by their keys, `a.b`.
fn flat(value: &Value) -> Parameters {
    fn add(value: &Value, key: &str, all: &mut Parameters) {
        match value {
            Value::Object(entries) => {
                for (inner, value) in entries {
                    add(value, &if key.is_empty() { inner.clone() } else { format!("{key}.{inner}") }, all);
                }
            }
            value => all.extend(scalar(value).map(|text| (key.to_owned(), text))),
        }
    }
    let mut all = Parameters::new();
    add(value, "", &mut all);
    all
}

/// A template with its `{{name}}` and `{{ .name }}` filled in; what is not known stays.
fn filled(template: &Value, parameters: &Parameters) -> Value {
    match template {
        Value::String(text) => Value::String(fill(text, parameters)),
        Value::Array(items) => Value::Array(items.iter().map(|item| filled(item, parameters)).collect()),
        Value::Object(entries) => Value::Object(
            entries.iter().map(|(key, value)| (fill(key, parameters), filled(value, parameters))).collect(),
        ),
        other => other.clone(),
    }
}

fn fill(text: &str, parameters: &Parameters) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((name, behind)) = after.split_once("}}") else {
            out.push_str("{{");
            rest = after;
            continue;
        };
        match parameters.get(name.trim().trim_start_matches('.')) {
            Some(value) => out.push_str(value),
            None => out.push_str(&format!("{{{{{name}}}}}")),
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_filled() {
        let parameters = of_path("apps/web");
        for (text, expected) in [
            ("{{path}}", "apps/web"),
            ("x-{{ .path.basename }}-{{path.basename}}", "x-web-web"),
            ("{{ index .path.segments 0 }}/{{path[1]}}", "apps/web"),
            ("{{server}} {{", "{{server}} {{"),
        ] {
            assert_eq!(fill(text, &parameters), expected, "{text}");
        }
    }
}
