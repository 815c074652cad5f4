//! One finding about the input: what is wrong, where, and what to do.
use std::ops::Range;

use crate::Location;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The API server would refuse it, or it cannot be read.
    Error,
    /// It is accepted, and most likely not what was meant.
    Warning,
    /// Good to know.
    Info,
}

impl Severity {
    /// `error`, `warning`, `info`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// What kind of mistake a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    /// The text is no YAML or JSON, or YAML that Kubernetes reads in another way than it looks.
    Syntax,
    /// A field that the kind does not have.
    UnknownField,
    /// A key that stands twice in its mapping.
    DuplicateKey,
    /// A value of another type than the field's.
    WrongType,
    /// A value that the API server refuses, or one that is missing.
    InvalidValue,
    /// The document lost its indentation.
    LostIndentation,
    /// An object that is given again.
    GivenTwice,
    /// A template that is to be rendered first.
    Template,
    /// A document that is no object: without a kind, a version or a name.
    NoObject,
    /// A document that is no object, and by its keys was not meant as one.
    Foreign,
    /// A value that is filled in later, and not judged.
    Unknown,
    /// An address that the API server refuses since 1.36, and warned of before.
    LooseAddress,
    /// A kind that its group does not have, or never had in this version.
    UnknownKind,
    /// A version of a kind that Kubernetes served once; the object is read as one of the version that succeeded it.
    FormerVersion,
    /// A kustomization or a chart, which is not applied.
    NotApplied,
    /// Objects that cannot exist together, or what the model of the cluster makes of them.
    Cluster,
    /// A pod that stays Pending in this cluster, or cannot listen where it runs.
    KeptOut,
}

/// A finding about the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What kind of mistake it is.
    pub cause: Cause,
    /// What is wrong, in a sentence.
    pub message: String,
    /// Where it begins.
    pub at: Location,
    /// Line and column (from 1) just behind its end. The same as `at` where there is nothing to underline.
    pub end: (u32, u32),
    /// What to do.
    pub help: Option<String>,
    /// Other places that belong to it, each with what it is.
    pub related: Vec<(Location, String)>,
    /// How the text can be repaired.
    pub repair: Option<Repair>,
}

/// A replacement in the source that a finding is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// What it does, in the imperative.
    pub title: String,
    /// Whether nothing else can be meant.
    pub safe: bool,
    /// The bytes that are replaced.
    pub bytes: Range<usize>,
    /// What stands there then.
    pub text: String,
}
