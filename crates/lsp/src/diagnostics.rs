//! What was found, as the diagnostics of each file.
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use gen_lsp_types::{
    Code, CodeDescription, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag,
    Message, Position, Range, Uri,
};
use netloom_audit::{Finding, reference};
use netloom_objects::Severity;

use crate::{
    Trouble,
    buffers::Buffers,
    found::{Found, Places},
    position::Encoding,
};

/// The diagnostics of every file that has some.
pub(crate) fn by_file(
    found: &Found,
    buffers: &Buffers,
    encoding: Encoding,
) -> BTreeMap<PathBuf, Vec<Diagnostic>> {
    let mut files: BTreeMap<PathBuf, Vec<Diagnostic>> = BTreeMap::new();
    for (_, checked) in found.checked() {
        let mut places = Places::new(checked, buffers, encoding);
        for finding in &checked.report.findings {
            let Some(diagnostic) = diagnostic(finding, &mut places) else {
                // Nobody can look at what netloom added itself.
                tracing::info!("{} {}: {}", finding.rule.code, finding.at, finding.message);
                continue;
            };
            let of_file = files.entry(PathBuf::from(&*finding.at.written().file)).or_default();
            // A file of two roots is judged twice.
            if !of_file.contains(&diagnostic) {
                of_file.push(diagnostic);
            }
        }
    }
    for trouble in found.troubles() {
        if let Some((path, diagnostic)) = in_configuration(trouble) {
            let of_file = files.entry(path.to_owned()).or_default();
            if !of_file.contains(&diagnostic) {
                of_file.push(diagnostic);
            }
        }
    }
    files
}

/// A finding as a diagnostic; none where it stands in no file of the set.
pub(crate) fn diagnostic(finding: &Finding, places: &mut Places<'_>) -> Option<Diagnostic> {
    let range = places.range(finding)?;
    let related: Vec<DiagnosticRelatedInformation> = finding
        .related
        .iter()
        .filter_map(|(at, what)| {
            Some(DiagnosticRelatedInformation { location: places.location(at)?, message: what.clone() })
        })
        .collect();
    let message = match &finding.help {
        Some(help) => format!("{}\nhelp: {help}", finding.message),
        None => finding.message.clone(),
    };
    // A suppression that nothing needs is shown as code that nothing needs.
    let unneeded = finding.rule.name == "unused-suppression";
    Some(Diagnostic {
        range,
        severity: Some(severity(finding.severity)),
        code: Some(Code::String(finding.rule.code.to_owned())),
        code_description: Some(CodeDescription { href: Uri::from(reference::url(finding.rule)) }),
        source: Some("netloom".to_owned()),
        message: Message::String(message),
        tags: unneeded.then(|| vec![DiagnosticTag::Unnecessary]),
        related_information: (!related.is_empty()).then_some(related),
        data: None,
    })
}

const fn severity(severity: Severity) -> DiagnosticSeverity {
    match severity {
        Severity::Error => DiagnosticSeverity::Error,
        Severity::Warning => DiagnosticSeverity::Warning,
        Severity::Info => DiagnosticSeverity::Information,
    }
}

/// What is wrong with the configuration, where it stands.
fn in_configuration(trouble: &Trouble) -> Option<(&Path, Diagnostic)> {
    let (path, line, column) = trouble.at.as_ref()?;
    let place = |column: u32| Position { line: line.saturating_sub(1), character: column };
    let start = column.saturating_sub(1);
    Some((
        path,
        Diagnostic {
            range: Range { start: place(start), end: place(start + 1) },
            severity: Some(DiagnosticSeverity::Error),
            source: Some("netloom".to_owned()),
            message: Message::String(trouble.message.clone()),
            ..Diagnostic::default()
        },
    ))
}
