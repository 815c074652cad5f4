//! How findings name things.
use netloom_objects::Object;

/// The namespace that an object is in.
pub(crate) fn namespace_of(object: &Object) -> &str {
    object.reference.namespace.as_deref().unwrap_or("default")
}

/// `Deployment production/web`; without the namespace where the kind has none.
pub(crate) fn title(object: &Object) -> String {
    match &object.reference.namespace {
        Some(namespace) => format!("{} {namespace}/{}", object.kind, object.name),
        None => format!("{} {}", object.kind, object.name),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn list_of<T: AsRef<str>>(words: &[T]) -> String {
    match words {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

/// The path of an entry of a mapping whose key may have dots in it.
pub(crate) fn entry(path: &str, key: &str) -> String {
    let mut out = format!("{path}.");
    for c in key.chars() {
        if matches!(c, '.' | '[' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
