//! The language server: what the audit finds, in an editor.
//!
//! [`Session`] is the server without its effects: it takes messages and results, and gives messages and work. [`serve`]
//! joins it to a client and to an [`Engine`], which reads files and audits them.
#![forbid(unsafe_code)]

mod actions;
mod buffers;
mod capabilities;
mod diagnostics;
mod found;
mod hover;
mod position;
mod serve;
mod session;
mod uri;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use netloom_audit::Report;
use netloom_objects::ObjectSet;

pub use serve::{Ended, serve};
pub use session::{Done, Session, Work};

/// The texts of open documents, by path: they go over what is on disk.
pub type Open = BTreeMap<PathBuf, Arc<str>>;

/// What came of a check.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The manifests. Their names are paths from the root.
    pub set: ObjectSet,
    /// What was found in them.
    pub report: Report,
}

/// Why nothing could be checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The reason, and the next step.
    pub message: String,
    /// The file, line and column (from 1) where it is, if it has a place.
    pub at: Option<(PathBuf, u32, u32)>,
}

/// Checks manifests for the server.
pub trait Engine: Send {
    /// Checks the manifests below a folder, or one file, with the open documents over what is on disk.
    ///
    /// # Errors
    /// When the configuration or a file cannot be read.
    fn check(&mut self, root: &Path, open: &Open) -> Result<Checked, Trouble>;

    /// The text of one file of a set after every repair in it that is safe.
    ///
    /// # Errors
    /// As [`Self::check`].
    fn repair(&mut self, root: &Path, set: ObjectSet, file: &str) -> Result<Arc<str>, Trouble>;
}
