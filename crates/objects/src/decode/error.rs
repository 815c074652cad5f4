//! What is wrong with a value, in words.
use std::fmt;

use serde::de::{self, Expected, Unexpected};

use crate::{
    Repair, repair,
    tree::{NodeId, Resolved, Tree, View, resolve, shorten},
};

/// What k8s-openapi expects where bytes stand.
const BASE64: &str = "base64";

/// A value that does not fit its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The value.
    pub(crate) at: Option<NodeId>,
    /// What was expected, in serde's words.
    expected: Option<String>,
    /// What is wrong, where that is not it.
    message: String,
}

/// The error of the deserializer; small, because every call returns it.
#[derive(Debug)]
pub(crate) struct DecodeError(Box<Fault>);

impl DecodeError {
    /// Says where, unless a value further in was named before.
    pub(crate) fn at(mut self, id: NodeId) -> Self {
        self.0.at.get_or_insert(id);
        self
    }

    pub(crate) fn into_fault(self) -> Fault {
        *self.0
    }

    /// The same in words, where it is about a byte of base64.
    pub(crate) fn of_base64(mut self) -> Self {
        if self.0.message.starts_with("Invalid ") {
            self.0.expected = Some(BASE64.to_owned());
        }
        self
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.expected {
            Some(expected) => write!(f, "expected {expected}"),
            None => f.write_str(&self.0.message),
        }
    }
}

impl std::error::Error for DecodeError {}

impl de::Error for DecodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(Box::new(Fault { at: None, expected: None, message: message.to_string() }))
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self(Box::new(Fault { at: None, expected: Some(expected.to_string()), message: String::new() }))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(Unexpected::Unit, expected)
    }
}

impl Fault {
    /// What to tell a person: the message, and help where there is an obvious repair.
    pub(crate) fn explain(&self, tree: &Tree, root: NodeId) -> (String, Option<String>) {
        let Some(at) = self.at else { return (self.message.clone(), None) };
        let path = tree.path_to(root, at);
        let Some(expected) = &self.expected else {
            return (format!("`{path}` cannot be read: {}", self.message), None);
        };
        let wanted = Wanted::of(expected);
        let message = format!("`{path}` must be {}, not {}", wanted.words(expected), describe(tree, at));
        (message, help(wanted, tree, at))
    }
}

impl Fault {
    /// The obvious repair: quotes where they are missing, or none where they are too much.
    pub(crate) fn repair(&self, tree: &Tree) -> Option<Repair> {
        let (at, wanted) = (self.at?, Wanted::of(self.expected.as_deref()?));
        let View::Scalar(value) = tree.view(at) else { return None };
        let plain = |is: fn(&Resolved<'_>) -> bool| match value {
            Resolved::Text(text) if is(&resolve(text)) => {
                let text = text.to_string();
                repair::rewrite(tree, at, text, true, |text| format!("write it without quotes: {text}"))
            }
            _ => None,
        };
        match wanted {
            Wanted::Text => repair::quote(tree, at),
            Wanted::Whole | Wanted::Number => plain(|value| matches!(value, Resolved::Int(_))),
            Wanted::Boolean => plain(|value| matches!(value, Resolved::Bool(_))),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Wanted {
    Text,
    Whole,
    Number,
    Boolean,
    NumberOrName,
    List,
    Mapping,
    Entries,
    Bytes,
    Other,
}

impl Wanted {
    fn of(expected: &str) -> Self {
        match expected {
            "a string" | "string" | "a borrowed string" => Self::Text,
            "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "a 32-bit integer" => Self::Whole,
            "f32" | "f64" => Self::Number,
            "a boolean" => Self::Boolean,
            "IntOrString" => Self::NumberOrName,
            "a sequence" => Self::List,
            "a map" => Self::Entries,
            BASE64 | "a base64-encoded string" => Self::Bytes,
            // k8s-openapi names the type; serde's derive puts "struct" before it.
            name if name.starts_with("struct ") || name.starts_with(|c: char| c.is_ascii_uppercase()) => {
                Self::Mapping
            }
            _ => Self::Other,
        }
    }

    fn words(self, expected: &str) -> String {
        match self {
            Self::Text => "text".into(),
            Self::Whole if matches!(expected, "i32" | "a 32-bit integer") => "a whole number (32 bit)".into(),
            Self::Whole => "a whole number".into(),
            Self::Number => "a number".into(),
            Self::Boolean => "true or false".into(),
            Self::NumberOrName => "a whole number (32 bit) or a name".into(),
            Self::List => "a list".into(),
            Self::Entries => "a mapping of names to values".into(),
            Self::Bytes => "bytes in base64".into(),
            Self::Mapping if expected == "Quantity" => "a quantity such as 100m or 64Mi".into(),
            Self::Mapping => {
                format!("a mapping ({})", expected.strip_prefix("struct ").unwrap_or(expected))
            }
            Self::Other => expected.to_owned(),
        }
    }
}

fn describe(tree: &Tree, at: NodeId) -> String {
    match tree.view(at) {
        View::Sequence(_) => "a list".into(),
        View::Mapping(_) => "a mapping".into(),
        View::Scalar(value) => {
            let written = tree.text(at).unwrap_or_default();
            let what = value.describe();
            let differs = match value {
                Resolved::Bool(value) => written != value.to_string(),
                Resolved::Int(value) => written != value.to_string(),
                _ => false,
            };
            if differs {
                format!("{what} (that is how Kubernetes reads unquoted `{}`)", shorten(written))
            } else {
                what
            }
        }
    }
}

fn help(wanted: Wanted, tree: &Tree, at: NodeId) -> Option<String> {
    let written = tree.text(at).map(shorten).unwrap_or_default();
    match (wanted, tree.view(at)) {
        (Wanted::Bytes, _) => Some(
            "encode it: `base64 -w0 FILE`; plain text stands under `stringData` (Secret) or `data` (ConfigMap)".into(),
        ),
        (Wanted::Text, View::Scalar(_)) => Some(format!("quote it: \"{written}\"")),
        (Wanted::Whole | Wanted::Number, View::Scalar(Resolved::Text(text)))
            if matches!(resolve(text), Resolved::Int(_)) =>
        {
            Some(format!("write it without quotes: {written}"))
        }
        (Wanted::Boolean, View::Scalar(Resolved::Text(text)))
            if matches!(resolve(text), Resolved::Bool(_)) =>
        {
            Some(format!("write it without quotes: {written}"))
        }
        (Wanted::List, View::Scalar(_)) => Some(format!("write it as an item of a list: [{written}]")),
        (Wanted::List, View::Mapping(_)) => Some("each item of a list begins with `- `".into()),
        (Wanted::Mapping | Wanted::Entries, View::Sequence(_)) => {
            Some("this is no list: take away the `- ` before its fields".into())
        }
        (Wanted::Mapping | Wanted::Entries, View::Scalar(_)) => {
            Some("put its fields on lines of their own, indented further".into())
        }
        _ => None,
    }
}
