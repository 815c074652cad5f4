//! Names of sources, and where the lines of one come from that a program made.
use std::{
    borrow::{Borrow, Cow},
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    ops::Deref,
    sync::Arc,
};

use serde::{Serialize, Serializer};

use crate::{Location, Source, visible};

/// What a source is called: its path as the user named it. Shown, its control characters are escaped. It knows where the source's lines come from, if a program
/// made them. Two are the same if they read the same.
#[derive(Clone)]
pub struct FileName(Arc<Named>);

struct Named {
    name: Box<str>,
    origins: Option<Origins>,
}

/// Where the lines of a rendered source were written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins {
    /// The files that lines come from. The first is named where nothing is known of a line.
    pub files: Vec<FileName>,
    /// The origin of each line, from the first on.
    pub lines: Vec<Origin>,
    /// Those of the files that have comments for netloom, whole: programs take comments away.
    pub commented: Vec<Source>,
}

/// Where a rendered line was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The place of its file among [`Origins::files`].
    pub file: u32,
    /// The line there, from 1; 0 where only the file is known.
    pub line: u32,
    /// By how many columns the text stands further right there.
    pub shift: i32,
}

impl FileName {
    /// The name of a source that a program made.
    #[must_use]
    pub fn rendered(name: &str, origins: Origins) -> Self {
        Self(Arc::new(Named { name: name.into(), origins: Some(origins) }))
    }

    /// Whether a program made the source: there is no such file.
    #[must_use]
    pub fn is_rendered(&self) -> bool {
        self.0.origins.is_some()
    }

    /// Where the source's lines come from, if a program made them.
    #[must_use]
    pub fn origins(&self) -> Option<&Origins> {
        self.0.origins.as_ref()
    }
}

impl Origins {
    /// Where a place of the rendered source was written.
    fn place(&self, line: u32, column: u32) -> Option<Location> {
        let index = (line as usize).checked_sub(1);
        let origin = index.and_then(|index| self.lines.get(index)).copied().unwrap_or_default();
        let file = self.files.get(origin.file as usize)?.clone();
        let column = match (origin.line, column) {
            (0, _) | (_, 0) => 0,
            _ => column.saturating_add_signed(origin.shift).max(1),
        };
        Some(Location { file, line: origin.line, column })
    }
}

impl Location {
    /// The place that a person can open: where this was written. The place itself, unless a program made it.
    #[must_use]
    pub fn written(&self) -> Self {
        self.origin().unwrap_or_else(|| self.clone())
    }

    /// Where this was written, if a program made it.
    #[must_use]
    pub fn origin(&self) -> Option<Self> {
        self.file.origins()?.place(self.line, self.column)
    }

    /// Where a finding that begins here and ends at a line and column ends in the file in which it was [`written`].
    ///
    /// [`written`]: Self::written
    #[must_use]
    pub fn written_end(&self, end: (u32, u32)) -> (u32, u32) {
        let Some(start) = self.origin() else { return end };
        let last = Self { file: self.file.clone(), line: end.0, column: end.1 }.written();
        let end = (last.line, last.column);
        if last.file == start.file && end > (start.line, start.column) {
            end
        } else {
            (start.line, start.column)
        }
    }
}

impl Deref for FileName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0.name
    }
}

impl AsRef<str> for FileName {
    fn as_ref(&self) -> &str {
        self
    }
}

impl Borrow<str> for FileName {
    fn borrow(&self) -> &str {
        self
    }
}

impl From<&str> for FileName {
    fn from(name: &str) -> Self {
        Self(Arc::new(Named { name: name.into(), origins: None }))
    }
}

impl From<Cow<'_, str>> for FileName {
    fn from(name: Cow<'_, str>) -> Self {
        Self::from(&*name)
    }
}

impl From<String> for FileName {
    fn from(name: String) -> Self {
        Self(Arc::new(Named { name: name.into(), origins: None }))
    }
}

impl PartialEq for FileName {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || **self == **other
    }
}

impl Eq for FileName {}

impl PartialEq<str> for FileName {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl PartialEq<&str> for FileName {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

impl Hash for FileName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl PartialOrd for FileName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for FileName {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&visible(self))
    }
}

impl fmt::Debug for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl Serialize for FileName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rendered_place_is_shown_where_it_was_written() {
        let files = vec!["k/kustomization.yaml".into(), "base/a.yaml".into()];
        let lines = vec![
            Origin { file: 1, line: 7, shift: 2 },
            Origin { file: 1, line: 9, shift: -2 },
            Origin { file: 1, line: 0, shift: 0 },
        ];
        let file = FileName::rendered("k/<kustomize build>", Origins { files, lines, ..Origins::default() });
        let at = |line, column| Location { file: file.clone(), line, column };
        for (line, column, written, shown) in [
            (1, 3, ("base/a.yaml", 7, 5), "base/a.yaml:7 → k/<kustomize build>:1"),
            (2, 1, ("base/a.yaml", 9, 1), "base/a.yaml:9 → k/<kustomize build>:2"),
            (3, 1, ("base/a.yaml", 0, 0), "base/a.yaml → k/<kustomize build>:3"),
            (4, 1, ("k/kustomization.yaml", 0, 0), "k/kustomization.yaml → k/<kustomize build>:4"),
        ] {
            let found = at(line, column).written();
            assert_eq!((&*found.file, found.line, found.column), written);
            assert_eq!(at(line, column).to_string(), shown);
        }
        assert_eq!(at(1, 3).written_end((1, 6)), (7, 8));
        assert_eq!(at(1, 3).written_end((2, 6)), (9, 4));
        assert_eq!(at(2, 3).written_end((1, 6)), (9, 1), "never before its beginning");
        let plain = Location { file: "a.yaml".into(), line: 2, column: 1 };
        assert_eq!((plain.written(), plain.to_string()), (plain.clone(), "a.yaml:2".to_owned()));
    }
}
