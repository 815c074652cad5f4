//! Patterns of paths: `[*]` stands for each item of a list, `{*}` for each value of a mapping.
use netloom_objects::Object;

use crate::words::entry;

/// The paths of an object that a pattern stands for and that are written.
pub(crate) fn expand(object: &Object, pattern: &str) -> Vec<String> {
    let mut found = containers(object, pattern);
    found.retain(|path| object.is_written(path));
    found
}

/// As [`expand`], where the last step need not be written: what it stands in is.
pub(crate) fn containers(object: &Object, pattern: &str) -> Vec<String> {
    let list = pattern.find("[*]");
    let mapping = pattern.find(".{*}");
    match (list, mapping) {
        (Some(at), other) if other.is_none_or(|other| at < other) => {
            let (list, rest) = (&pattern[..at], &pattern[at + 3..]);
            let items = 0..object.count(list);
            items.flat_map(|index| containers(object, &format!("{list}[{index}]{rest}"))).collect()
        }
        (_, Some(at)) => {
            let (mapping, rest) = (&pattern[..at], &pattern[at + 4..]);
            let keys = object.keys(mapping).into_iter();
            keys.flat_map(|key| containers(object, &format!("{}{rest}", entry(mapping, key)))).collect()
        }
        _ => match pattern.rfind(['.', '[']) {
            Some(at) if !object.is_written(&pattern[..at]) => Vec::new(),
            _ => vec![pattern.to_owned()],
        },
    }
}
