//! What makes a finding the same one after an edit elsewhere in its file.
use std::{collections::HashMap, fmt::Write as _};

use netloom_objects::Repository;

use crate::Finding;

/// What a finding is about, without the lines that it stands at.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint {
    /// The rule's code.
    pub code: String,
    /// The file.
    pub file: String,
    /// Kind and name of the object.
    pub object: Option<String>,
    /// The message, without numbers of lines.
    pub message: String,
}

impl Fingerprint {
    /// The fingerprint of a finding in a file that is called `file`.
    #[must_use]
    pub fn of(finding: &Finding, file: String) -> Self {
        Self {
            code: finding.rule.code.to_owned(),
            file,
            object: finding.object.as_ref().map(|object| match &object.namespace {
                Some(namespace) => format!("{} {namespace}/{}", object.kind, object.name),
                None => format!("{} {}", object.kind, object.name),
            }),
            message: without_lines(&finding.message),
        }
    }

    /// FNV-1a of 64 bits: the same on every machine and in every version.
    fn hash(&self) -> u64 {
        let parts = [&self.code, &self.file, self.object.as_deref().unwrap_or_default(), &self.message];
        parts
            .iter()
            .flat_map(|part| part.bytes().chain([0]))
            .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    }
}

/// Gives each finding an identity that no other finding of the report has, in the order of the report.
pub(crate) fn identities<'f>(
    findings: impl IntoIterator<Item = &'f Finding>,
    repository: &Repository,
) -> Vec<String> {
    let mut seen: HashMap<u64, usize> = HashMap::new();
    findings
        .into_iter()
        .map(|finding| {
            let hash = Fingerprint::of(finding, repository.path(&finding.at.written().file)).hash();
            let nth = seen.entry(hash).or_default();
            *nth += 1;
            format!("{hash:016x}:{nth}")
        })
        .collect()
}

/// Leaves out the numbers of `web.yaml:12` and `line 12`.
fn without_lines(message: &str) -> String {
    let mut text = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, number) = rest.split_at(at);
        let digits = number.bytes().take_while(u8::is_ascii_digit).count();
        text.push_str(before);
        let is_line = text.ends_with("line ")
            || text.strip_suffix(':').is_some_and(|head| {
                let head = head.trim_end_matches(|c: char| c.is_ascii_digit() || c == ':');
                [".yaml", ".yml", ".json", "<stdin>"].iter().any(|end| head.ends_with(end))
            });
        let _ = write!(text, "{}", if is_line { "" } else { &number[..digits] });
        rest = &number[digits..];
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::without_lines;

    #[test]
    fn numbers_of_lines_are_left_out_and_no_others() {
        for (message, expected) in [
            ("port 8080 is closed", "port 8080 is closed"),
            ("shadowed by web.yaml:12", "shadowed by web.yaml:"),
            ("shadowed by web.yaml:12:7 and line 3", "shadowed by web.yaml:: and line "),
            ("web:8080 is not open", "web:8080 is not open"),
            ("10.0.0.0/8", "10.0.0.0/8"),
        ] {
            assert_eq!(without_lines(message), expected);
        }
    }
}
