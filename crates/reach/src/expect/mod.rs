//! Expectations: what must be reachable and what must not, as people write it down.
//!
//! ```text
//! # Lines of one namespace.
//! [shop]
//! frontend -> backend:8080 allowed
//! outside -> database denied
//! * -> kube-system/kube-dns:53/UDP allowed
//! ```
mod judge;
pub mod table;

pub use judge::{Broken, Outcome};

/// A file of expectations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectations {
    /// Its lines, but comments and sections.
    pub lines: Vec<Expectation>,
}

/// One expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// Its line in the file.
    pub line: usize,
    /// The namespace of its section, in which short names are looked for first.
    pub namespace: Option<String>,
    /// Who connects, as it is written.
    pub from: String,
    /// To whom, and on which port.
    pub to: String,
    /// Whether it must be allowed.
    pub allowed: bool,
}

/// Why a file of expectations cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{file}:{line}: {reason}; write `FROM -> TO[:PORT[/PROTOCOL]] allowed` or `… denied`, `[namespace]`, or `# a comment`"
)]
pub struct ExpectError {
    /// The file.
    pub file: String,
    /// The line.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

/// Whether a text is written as expectations, and not as a table of verdicts.
#[must_use]
pub fn is_expectations(text: &str) -> bool {
    let told = text.lines().map(content).find(|line| !line.is_empty());
    told.is_none_or(|line| {
        line.starts_with('[') || line.contains("->") || line.contains('→') || !line.contains(',')
    })
}

/// A line without its comment. A `#` inside of a word is none.
fn content(line: &str) -> &str {
    let comment = line.match_indices('#').find(|(at, _)| *at == 0 || line[..*at].ends_with([' ', '\t']));
    comment.map_or(line, |(at, _)| &line[..at]).trim()
}

impl Expectations {
    /// Reads a file of this name.
    ///
    /// # Errors
    /// The first line that is none.
    pub fn parse(file: &str, text: &str) -> Result<Self, ExpectError> {
        Self::read(file, text, None)
    }

    /// Reads a file of needs: as expectations, but a line need not say that it is to be allowed.
    ///
    /// # Errors
    /// The first line that is none.
    pub fn parse_needs(file: &str, text: &str) -> Result<Self, ExpectError> {
        Self::read(file, text, Some(true))
    }

    /// Reads lines; `silent` is what one without a verdict means.
    fn read(file: &str, text: &str, silent: Option<bool>) -> Result<Self, ExpectError> {
        let mut lines = Vec::new();
        let mut namespace = None;
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let fail = |reason: String| ExpectError { file: file.to_owned(), line: index + 1, reason };
            let content = content(line);
            if content.is_empty() {
                continue;
            }
            if let Some(section) = content.strip_prefix('[') {
                let name = section.strip_suffix(']').map(str::trim).filter(|name| !name.is_empty());
                let name = name.ok_or_else(|| fail(format!("`{content}` is no section")))?;
                namespace = Some(name.to_owned());
                continue;
            }
            let (from, rest) = content
                .split_once("->")
                .or_else(|| content.split_once('→'))
                .ok_or_else(|| fail("there is no `->`".to_owned()))?;
            let (to, allowed) = match (rest.trim().rsplit_once(char::is_whitespace), silent) {
                (Some((to, "allowed")), _) => (to, true),
                (Some((to, "denied" | "blocked")), _) => (to, false),
                (Some((_, other)), _) => {
                    return Err(fail(format!("`{other}` is neither `allowed` nor `denied`")));
                }
                (None, Some(allowed)) => (rest, allowed),
                (None, None) => return Err(fail("it does not end in `allowed` or `denied`".to_owned())),
            };
            let [from, to] = [from, to].map(str::trim);
            if from.is_empty() || to.is_empty() {
                return Err(fail("one side of the `->` is empty".to_owned()));
            }
            let (namespace, from, to) = (namespace.clone(), from.to_owned(), to.to_owned());
            lines.push(Expectation { line: index + 1, namespace, from, to, allowed });
        }
        Ok(Self { lines })
    }
}

impl std::fmt::Display for Expectation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let verdict = if self.allowed { "allowed" } else { "denied" };
        write!(f, "{} -> {} {verdict}", self.from, self.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_line_by_line() {
        let text = "# all of it\nfrontend -> backend:8080 allowed # why\n\n[shop]\n* → kube-system/kube-dns:53/UDP  denied\na#b->c denied\n";
        let read = Expectations::parse("e.txt", text).unwrap();
        let shown: Vec<_> =
            read.lines.iter().map(|e| (e.line, e.namespace.as_deref(), e.to_string())).collect();
        assert_eq!(
            shown,
            [
                (2, None, "frontend -> backend:8080 allowed".to_owned()),
                (5, Some("shop"), "* -> kube-system/kube-dns:53/UDP denied".to_owned()),
                (6, Some("shop"), "a#b -> c denied".to_owned()),
            ]
        );
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_its_line() {
        for (text, reason) in [
            ("a b allowed", "there is no `->`"),
            ("a -> b", "it does not end in `allowed` or `denied`"),
            ("a -> b permitted", "`permitted` is neither `allowed` nor `denied`"),
            ("-> b allowed", "one side of the `->` is empty"),
            ("[shop", "`[shop` is no section"),
            ("[ ]", "`[ ]` is no section"),
        ] {
            let error = Expectations::parse("e.txt", &format!("# first\n{text}\n")).unwrap_err();
            assert_eq!(error.reason, reason, "{text}");
            assert!(error.to_string().starts_with("e.txt:2: "), "{error}");
        }
    }

    #[test]
    fn tables_and_expectations_are_told_apart() {
        for (text, expected) in [
            ("from,to,protocol,port,ingress,egress,combined\n", false),
            ("x/a,x/b,TCP,80,allowed,allowed,allowed\n", false),
            ("# a comment\na -> b allowed\n", true),
            ("[shop]\n", true),
            ("a → b denied", true),
            ("nonsense", true),
            ("", true),
        ] {
            assert_eq!(is_expectations(text), expected, "{text:?}");
        }
    }
}
