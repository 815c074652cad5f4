//! Where an object or a field stands in the input.
use std::{fmt, sync::Arc};

use serde::{Serialize, Serializer};

use crate::FileName;

/// A place in an input file. Where a program made the input, it is shown with the place where it was written first. Lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location {
    /// The file as the user named it; `<stdin>` for standard input, `<netloom>` for what netloom added itself.
    pub file: FileName,
    /// Line, from 1; 0 where there is no line (an object that netloom added).
    pub line: u32,
    /// Column, from 1; 0 where there is none.
    pub column: u32,
}

impl Location {
    /// The place of objects that no file holds, such as the cluster DNS that netloom adds.
    #[must_use]
    pub fn builtin() -> Self {
        Self { file: "<netloom>".into(), line: 0, column: 0 }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(written) = self.origin() {
            write!(f, "{written} → ")?;
        }
        match self.line {
            0 => write!(f, "{}", self.file),
            line => write!(f, "{}:{line}", self.file),
        }
    }
}

/// Names one object and the line of one place in it: the object's first line, or the rule that decides.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectRef {
    /// `NetworkPolicy`, `Service`, …
    pub kind: Arc<str>,
    /// The namespace; none for cluster-scoped kinds.
    pub namespace: Option<Arc<str>>,
    /// `metadata.name`.
    pub name: Arc<str>,
    /// The line that is meant.
    pub at: Location,
}

impl ObjectRef {
    /// The same object, at another of its lines.
    #[must_use]
    pub fn at(&self, at: Location) -> Self {
        Self { at, ..self.clone() }
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{} ({})", self.kind, self.name, self.at),
            None => write!(f, "{} {} ({})", self.kind, self.name, self.at),
        }
    }
}

/// A place in what a program made, beside the one where it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Rendered<'a> {
    /// What was made.
    pub file: &'a FileName,
    /// Line, from 1.
    pub line: u32,
}

impl<'a> Rendered<'a> {
    /// The place, if a program made it.
    #[must_use]
    pub fn of(at: &'a Location) -> Option<Self> {
        at.file.is_rendered().then_some(Self { file: &at.file, line: at.line })
    }
}

impl Serialize for ObjectRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let origin = self.at.origin();
        let at = origin.as_ref().unwrap_or(&self.at);
        let mut s = serializer.serialize_struct("ObjectRef", if origin.is_some() { 6 } else { 5 })?;
        s.serialize_field("kind", &self.kind)?;
        s.serialize_field("namespace", &self.namespace)?;
        s.serialize_field("name", &self.name)?;
        s.serialize_field("file", &at.file)?;
        s.serialize_field("line", &at.line)?;
        if origin.is_some() {
            s.serialize_field("rendered", &Rendered::of(&self.at))?;
        }
        s.end()
    }
}
