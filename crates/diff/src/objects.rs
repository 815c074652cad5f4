//! Which objects changed between two sets, and at which fields.
use std::{collections::HashMap, sync::Arc};

use netloom_objects::{Location, Object, ObjectRef, ObjectSet};
use serde_json::Value;

/// An object that is not the same in both sets. One that was only moved, formatted or commented is.
#[derive(Clone, Debug)]
pub struct ObjectChange {
    /// Where it was; none where it was added.
    pub before: Option<Arc<ObjectRef>>,
    /// Where it is; none where it was removed.
    pub after: Option<Arc<ObjectRef>>,
    /// The fields of an object that is in both sets, in order; of many the first ones.
    pub fields: Vec<FieldChange>,
}

/// A field that is not the same in both sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// `spec.ingress[0].from[1]`.
    pub path: String,
    /// Where it was, or what it would have been in.
    pub before: Location,
    /// Where it is, or what it was in.
    pub after: Location,
}

/// Fields that are told of one object, at most.
const MOST_FIELDS: usize = 16;

/// What makes two objects the same one to the API server.
type Identity<'o> = (&'o str, &'o str, Option<&'o str>, &'o str);

impl ObjectChange {
    /// The object, as it is now if it still is.
    #[must_use]
    pub fn object(&self) -> &ObjectRef {
        // One of them is always there.
        match (&self.after, &self.before) {
            (Some(object), _) | (None, Some(object)) => object,
            (None, None) => unreachable!("an object that is in neither set did not change"),
        }
    }

    /// `added`, `removed` or `edited`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match (&self.before, &self.after) {
            (None, _) => "added",
            (_, None) => "removed",
            _ => "edited",
        }
    }

    /// The line to look at: of an edited object that of the first field which differs.
    #[must_use]
    pub fn at(&self) -> &Location {
        match self.fields.first() {
            Some(field) => &field.after,
            None => &self.object().at,
        }
    }
}

/// Everything that changed, in the order of the sets: what is there now, then what was removed.
pub(crate) fn changes(before: &ObjectSet, after: &ObjectSet) -> Vec<ObjectChange> {
    let mut known: HashMap<Identity<'_>, &Arc<Object>> =
        before.objects().map(|object| (identity(object), object)).collect();
    let mut changes = Vec::new();
    for object in after.objects() {
        match known.remove(&identity(object)) {
            None => changes.push(ObjectChange {
                before: None,
                after: Some(object.reference.clone()),
                fields: Vec::new(),
            }),
            Some(old) if same(old, object) => {}
            Some(old) => changes.push(ObjectChange {
                before: Some(old.reference.clone()),
                after: Some(object.reference.clone()),
                fields: fields(old, object),
            }),
        }
    }
    let removed = before.objects().filter(|object| known.contains_key(&identity(object)));
    changes.extend(removed.map(|object| ObjectChange {
        before: Some(object.reference.clone()),
        after: None,
        fields: Vec::new(),
    }));
    changes
}

fn identity(object: &Object) -> Identity<'_> {
    let group = object.api_version.split_once('/').map_or("", |(group, _)| group);
    (group, &object.kind, object.reference.namespace.as_deref(), &object.name)
}

fn same(before: &Arc<Object>, after: &Arc<Object>) -> bool {
    if Arc::ptr_eq(before, after) {
        return true;
    }
    if before.api_version != after.api_version || before.typed != after.typed {
        return false;
    }
    // Of a kind that is only kept, and where something could not be read, the types do not hold everything.
    let typed = after.typed.is_known();
    (typed && !before.holds_fault("") && !after.holds_fault("")) || before.value("") == after.value("")
}

fn fields(before: &Object, after: &Object) -> Vec<FieldChange> {
    let (Some(old), Some(new)) = (before.value(""), after.value("")) else { return Vec::new() };
    let mut paths = Vec::new();
    compare(&mut String::new(), &old, &new, &mut paths);
    let located = paths.into_iter().map(|path| FieldChange {
        before: before.locate(&path),
        after: after.locate(&path),
        path,
    });
    located.collect()
}

/// Finds the deepest paths that differ.
fn compare(path: &mut String, before: &Value, after: &Value, found: &mut Vec<String>) {
    if before == after || found.len() == MOST_FIELDS {
        return;
    }
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            let added = new.keys().filter(|key| !old.contains_key(*key));
            for key in old.keys().chain(added) {
                let values = [old.get(key), new.get(key)].map(|value| value.unwrap_or(&Value::Null));
                below(path, &key_of(key), values, found);
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            let start = old.iter().zip(new).take_while(|(a, b)| a == b).count();
            let ends = old[start..].iter().rev().zip(new[start..].iter().rev());
            let end = ends.take_while(|(a, b)| a == b).count();
            for nth in start..old.len().max(new.len()) - end {
                let item = |list: &[Value]| list[..list.len() - end].get(nth).cloned().unwrap_or(Value::Null);
                below(path, &format!("[{nth}]"), [&item(old), &item(new)], found);
            }
        }
        _ => found.push(path.clone()),
    }
}

fn below(path: &mut String, part: &str, [before, after]: [&Value; 2], found: &mut Vec<String>) {
    let length = path.len();
    if length > 0 && !part.starts_with('[') {
        path.push('.');
    }
    path.push_str(part);
    compare(path, before, after, found);
    path.truncate(length);
}

/// A key as it is written in a path.
fn key_of(key: &str) -> String {
    let escape = |c: char| matches!(c, '.' | '[' | '\\').then_some('\\').into_iter().chain([c]);
    key.chars().flat_map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use netloom_objects::{Source, parse_sources};

    fn set(file: &str, text: &str) -> ObjectSet {
        ObjectSet::assemble(parse_sources(&[Source::new(file, text)]))
    }

    fn show(before: &str, after: &str) -> Vec<String> {
        let changes = changes(&set("old.yaml", before), &set("new.yaml", after));
        changes
            .iter()
            .map(|change| {
                let fields: Vec<String> =
                    change.fields.iter().map(|f| format!(" {} {} {}", f.path, f.before, f.after)).collect();
                format!("{} {}{}", change.name(), change.object(), fields.concat())
            })
            .collect()
    }

    const POLICY: &str = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\nspec:\n  podSelector: {}\n  ingress:\n";

    #[test]
    fn what_is_only_formatted_is_the_same() {
        let before = format!("{POLICY}  - {{ports: [{{port: 80}}]}}\n");
        let after = format!("# A comment.\n---\n{POLICY}  - ports:\n    - port: 80 # web\n");
        assert_eq!(show(&before, &after), Vec::<String>::new());
    }

    #[test]
    fn fields_are_found_at_their_lines() {
        let before = format!("{POLICY}  - ports: [{{port: 80}}]\n  - ports: [{{port: 90}}]\n");
        let after = format!("{POLICY}  - ports: [{{port: 81}}]\n  - ports: [{{port: 90}}]\n    from: []\n");
        assert_eq!(
            show(&before, &after),
            [
                "edited NetworkPolicy default/p (new.yaml:1) spec.ingress[0].ports[0].port old.yaml:7 new.yaml:7 \
              spec.ingress[1].from old.yaml:8 new.yaml:9"
            ]
        );
        // One rule in front of the others moves them, and changes none.
        let more = format!(
            "{POLICY}  - ports: [{{port: 70}}]\n  - ports: [{{port: 80}}]\n  - ports: [{{port: 90}}]\n"
        );
        assert_eq!(
            show(&before, &more),
            ["edited NetworkPolicy default/p (new.yaml:1) spec.ingress[0] old.yaml:7 new.yaml:7"]
        );
    }

    #[test]
    fn objects_are_added_and_removed() {
        let map = |name: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n---\n");
        assert_eq!(
            show(&(map("a") + &map("b")), &(map("b") + &map("c"))),
            ["added ConfigMap default/c (new.yaml:5)", "removed ConfigMap default/a (old.yaml:1)"]
        );
    }

    #[test]
    fn kinds_that_are_only_kept_are_compared_whole() {
        let widget = |size: u8| {
            format!("apiVersion: a.example/v1\nkind: Widget\nmetadata: {{name: w}}\nspec: {{size: {size}}}\n")
        };
        assert_eq!(show(&widget(1), &widget(1)), Vec::<String>::new());
        assert_eq!(
            show(&widget(1), &widget(2)),
            ["edited Widget default/w (new.yaml:1) spec.size old.yaml:4 new.yaml:4"]
        );
    }

    #[test]
    fn keys_with_dots_are_found() {
        let service = |value: &str| {
            format!(
                "apiVersion: v1\nkind: Service\nmetadata:\n  name: s\n  annotations:\n    a.example/b: {value}\n"
            )
        };
        assert_eq!(
            show(&service("x"), &service("y")),
            [
                "edited Service default/s (new.yaml:1) metadata.annotations.a\\.example/b old.yaml:6 new.yaml:6"
            ]
        );
    }
}
