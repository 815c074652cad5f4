//! Code actions: the repairs of findings, suppressing them, and repairing a whole file.
use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use gen_lsp_types::{
    CodeAction, CodeActionKind, CodeActionParams, OptionalVersionedTextDocumentIdentifier, TextDocumentEdit,
    TextDocumentIdentifier, TextEdit, Uri, WorkspaceEdit,
};
use netloom_audit::{Edit, Fix, suppression};
use netloom_objects::FileName;
use serde_json::json;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::{
    Checked,
    buffers::Buffers,
    capabilities::{Client, FIX_ALL},
    diagnostics::diagnostic,
    found::{Found, Places, touch},
    position::Text,
};

/// What the action that repairs a whole file is called.
pub(crate) const FIX_ALL_TITLE: &str = "Make all safe repairs of this file (netloom)";

/// The actions at a place of a file: repairs first, safe ones before others, then suppressions. The action that repairs
/// the whole file has no edit yet.
pub(crate) fn at(
    found: &Found,
    buffers: &Buffers,
    client: &Client,
    file: &Path,
    params: &CodeActionParams,
) -> Vec<CodeAction> {
    let wanted = |kind: &CodeActionKind| is_wanted(kind, params.context.only.as_deref());
    let (mut repairs, mut suppressions) = (Vec::new(), Vec::new());
    if wanted(&CodeActionKind::QuickFix) {
        for (_, checked) in found.checked() {
            let mut places = Places::new(checked, buffers, client.encoding);
            for finding in checked.report.findings.iter().filter(|f| Path::new(&*f.at.written().file) == file)
            {
                let Some(range) = places.range(finding).filter(|range| touch(range, &params.range)) else {
                    continue;
                };
                let Some(about) = diagnostic(finding, &mut places) else { continue };
                let mut action = |fix: &Fix| {
                    Some(CodeAction {
                        title: capitalised(&fix.title),
                        kind: Some(CodeActionKind::QuickFix),
                        diagnostics: Some(vec![about.clone()]),
                        is_preferred: fix.safe.then_some(true),
                        edit: Some(edit(&fix.edits, &mut places, buffers, client)?),
                        ..CodeAction::default()
                    })
                };
                repairs.extend(finding.fix.as_ref().and_then(&mut action));
                let is_its = |name: &FileName| !name.is_rendered() && *name == finding.at.file;
                let source = checked.set.sources.iter().find(|s| is_its(&s.source.name));
                let comment = source.and_then(|source| suppression(&source.source, finding));
                suppressions.extend(comment.as_ref().and_then(&mut action).map(|action| (range, action)));
            }
        }
    }
    repairs.sort_by_key(|action| action.is_preferred.is_none());
    suppressions.sort_by_key(|(range, _)| *range);
    let mut actions = repairs;
    actions.extend(suppressions.into_iter().map(|(_, action)| action));
    let mut unique: Vec<CodeAction> = Vec::with_capacity(actions.len());
    for action in actions {
        // A file of two roots is judged twice.
        if !unique.contains(&action) {
            unique.push(action);
        }
    }
    if wanted(&FIX_ALL) && repairable(found, file).is_some() {
        unique.push(CodeAction {
            title: FIX_ALL_TITLE.to_owned(),
            kind: Some(FIX_ALL),
            data: Some(json!({ "uri": params.text_document.uri })),
            ..CodeAction::default()
        });
    }
    unique
}

/// Whether the client asked for actions of whole files, and would apply what it gets.
pub(crate) fn asks_for_sources(params: &CodeActionParams) -> bool {
    params.context.only.is_some() && is_wanted(&FIX_ALL, params.context.only.as_deref())
}

/// A kind is wanted where it or what it is a kind of is asked for.
fn is_wanted(kind: &CodeActionKind, only: Option<&[CodeActionKind]>) -> bool {
    let kind = kind.to_string();
    only.is_none_or(|only| {
        only.iter().map(ToString::to_string).any(|asked| {
            kind.strip_prefix(&asked)
                .is_some_and(|rest| asked.is_empty() || rest.is_empty() || rest.starts_with('.'))
        })
    })
}

/// The root in which a file has a safe repair, and what was checked there.
pub(crate) fn repairable<'f>(found: &'f Found, file: &Path) -> Option<(&'f Path, &'f Checked)> {
    found.checked().find(|(_, checked)| {
        let fixes = checked.report.findings.iter().filter_map(|finding| finding.fix.as_ref());
        fixes.filter(|fix| fix.safe).any(|fix| fix.edits.iter().all(|e| Path::new(&*e.file) == file))
    })
}

fn capitalised(title: &str) -> String {
    let mut chars = title.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Replacements in files, as the client takes them; none where one of the files is not of the set.
fn edit(
    edits: &[Edit],
    places: &mut Places<'_>,
    buffers: &Buffers,
    client: &Client,
) -> Option<WorkspaceEdit> {
    let mut files: BTreeMap<&str, Vec<TextEdit>> = BTreeMap::new();
    let mut ordered: Vec<&Edit> = edits.iter().collect();
    ordered.sort();
    for edit in ordered {
        // There is no file of what a program printed.
        if edit.file.is_rendered() {
            return None;
        }
        let range = places.text(&edit.file)?.bytes(edit.start, edit.end);
        files.entry(&edit.file).or_default().push(TextEdit { range, new_text: edit.text.clone() });
    }
    let files = files.into_iter().map(|(file, edits)| {
        let version = buffers.get(Path::new(file)).map(|buffer| buffer.version);
        (places.uri(file), version, edits)
    });
    Some(workspace_edit(files, client))
}

fn workspace_edit(
    files: impl Iterator<Item = (Uri, Option<i32>, Vec<TextEdit>)>,
    client: &Client,
) -> WorkspaceEdit {
    if !client.document_changes {
        let changes: HashMap<Uri, Vec<TextEdit>> = files.map(|(uri, _, edits)| (uri, edits)).collect();
        return WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() };
    }
    let changes = files.map(|(uri, version, edits)| {
        let text_document = OptionalVersionedTextDocumentIdentifier {
            version,
            text_document_identifier: TextDocumentIdentifier { uri },
        };
        let edits = edits.into_iter().map(Into::into).collect();
        TextDocumentEdit { text_document, edits }.into()
    });
    WorkspaceEdit { document_changes: Some(changes.collect()), ..WorkspaceEdit::default() }
}

/// What makes one text of another, line by line, so that the rest of the document stays where it is.
pub(crate) fn rewrite(
    before: &str,
    after: &str,
    uri: Uri,
    version: Option<i32>,
    client: &Client,
) -> WorkspaceEdit {
    let places = match version {
        Some(_) => Text::open(before, client.encoding),
        None => Text::on_disk(before, client.encoding),
    };
    let (old, new): (Vec<&str>, Vec<&str>) =
        (before.split_inclusive('\n').collect(), after.split_inclusive('\n').collect());
    let starts: Vec<usize> = std::iter::once(0)
        .chain(old.iter().scan(0, |at, line| {
            *at += line.len();
            Some(*at)
        }))
        .collect();
    let edits = capture_diff_slices(Algorithm::Myers, &old, &new)
        .into_iter()
        .filter(|op| !matches!(op, DiffOp::Equal { .. }))
        .map(|op| {
            let (lines, replacement) = (op.old_range(), op.new_range());
            let range = places.bytes(starts[lines.start], starts[lines.end]);
            TextEdit { range, new_text: new[replacement].concat() }
        })
        .collect();
    workspace_edit(std::iter::once((uri, version, edits)), client)
}
