//! Patterns of paths: `legacy/**`, `*.gen.yaml`, `vendor`.
use std::path::Path;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Some patterns. One without a slash fits at any depth, as in `.gitignore`; one that fits a folder fits all below it.
#[derive(Clone, Debug, Default)]
pub struct Patterns(GlobSet);

impl Patterns {
    /// Reads patterns.
    ///
    /// # Errors
    /// When one is not a pattern.
    pub fn new<'p>(patterns: impl IntoIterator<Item = &'p str>) -> Result<Self, globset::Error> {
        let mut set = GlobSetBuilder::new();
        for pattern in patterns {
            let pattern = pattern.strip_prefix("./").unwrap_or(pattern);
            let inner = pattern.trim_end_matches('/');
            let whole = match inner.strip_prefix('/') {
                Some(anchored) => anchored.to_owned(),
                None if inner.contains('/') => inner.to_owned(),
                None => format!("**/{inner}"),
            };
            for glob in [whole.clone(), format!("{whole}/**")] {
                set.add(GlobBuilder::new(&glob).literal_separator(true).build()?);
            }
        }
        Ok(Self(set.build()?))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one fits.
    #[must_use]
    pub fn matches(&self, path: &Path) -> bool {
        self.0.is_match(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_as_in_gitignore() {
        for (pattern, path, fits) in [
            ("legacy/**", "legacy/a/b.yaml", true),
            ("legacy", "x/legacy/a.yaml", true),
            ("legacy/", "legacy/a.yaml", true),
            ("/legacy", "x/legacy/a.yaml", false),
            ("*.gen.yaml", "a/b.gen.yaml", true),
            ("a/*.yaml", "a/b/c.yaml", false),
            ("a/*.yaml", "a/b.yaml", true),
            ("./a/b.yaml", "a/b.yaml", true),
            ("b.yaml", "a/bb.yaml", false),
        ] {
            assert_eq!(Patterns::new([pattern]).unwrap().matches(Path::new(path)), fits, "{pattern} {path}");
        }
        assert!(Patterns::new(["a[/b"]).is_err());
    }
}
