//! The page of the rule that found something where the pointer is.
use std::path::Path;

use gen_lsp_types::{Hover, MarkupContent, MarkupKind, Position, Range};
use netloom_audit::reference;

use crate::{
    buffers::Buffers,
    found::{Found, Places, touch},
    position::Encoding,
};

/// What is found at a position, with the page of each rule.
pub(crate) fn hover(
    found: &Found,
    buffers: &Buffers,
    encoding: Encoding,
    file: &Path,
    position: Position,
) -> Option<Hover> {
    let pointed = Range { start: position, end: position };
    let mut pages: Vec<String> = Vec::new();
    let mut whole: Option<Range> = None;
    for (_, checked) in found.checked() {
        let mut places = Places::new(checked, buffers, encoding);
        for finding in checked.report.findings.iter().filter(|f| Path::new(&*f.at.written().file) == file) {
            let Some(range) = places.range(finding).filter(|range| touch(range, &pointed)) else { continue };
            let page = format!("{}\n\n{}", finding.message, reference::markdown_page(finding.rule));
            if !pages.contains(&page) {
                pages.push(page);
            }
            whole = Some(whole.map_or(range, |whole| Range {
                start: whole.start.min(range.start),
                end: whole.end.max(range.end),
            }));
        }
    }
    let contents = MarkupContent { kind: MarkupKind::Markdown, value: pages.join("\n\n---\n\n") };
    Some(Hover { contents: contents.into(), range: Some(whole?) })
}
