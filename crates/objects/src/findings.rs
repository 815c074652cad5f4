//! Collects the findings of one document.
use std::sync::Arc;

use crate::{
    Cause, Diagnostic, Location, Repair, Severity,
    decode::{Fault, Unknown, nearest},
    repair,
    shape::{Flattened, Spot},
    tree::{Broken, Issue, IssueKind, NodeId, Tree, shorten},
    unknown,
};

pub(crate) struct Findings<'t> {
    tree: &'t Arc<Tree>,
    items: Vec<Diagnostic>,
}

impl<'t> Findings<'t> {
    pub(crate) fn new(tree: &'t Arc<Tree>) -> Self {
        Self { tree, items: Vec::new() }
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.items.iter().any(|d| d.severity == Severity::Error)
    }

    pub(crate) fn has_error_on(&self, line: u32) -> bool {
        self.items.iter().any(|d| d.severity == Severity::Error && d.at.line == line)
    }

    /// The findings in the order of the text, each once.
    pub(crate) fn finish(mut self) -> Vec<Diagnostic> {
        self.items.sort_by_key(|d| (d.at.line, d.at.column));
        self.items.dedup();
        self.items
    }

    /// A finding about a node.
    pub(crate) fn add(
        &mut self,
        (severity, cause): (Severity, Cause),
        at: NodeId,
        message: String,
        help: Option<String>,
    ) {
        self.add_related((severity, cause), at, message, help, Vec::new(), None);
    }

    fn add_related(
        &mut self,
        (severity, cause): (Severity, Cause),
        at: NodeId,
        message: String,
        help: Option<String>,
        related: Vec<(Location, String)>,
        repair: Option<Repair>,
    ) {
        let (location, end) = (self.tree.location(at), self.tree.end(at));
        self.items.push(Diagnostic { severity, cause, message, at: location, end, help, related, repair });
    }

    fn location(&self, line: u32, column: u32) -> Location {
        Location { file: self.tree.source().name.clone(), line, column }
    }

    /// Something wrong with a document's structure.
    pub(crate) fn issue(&mut self, issue: &Issue) {
        let key = shorten(self.tree.text(issue.at).unwrap_or_default());
        let (severity, message, help, related) = match &issue.kind {
            IssueKind::Duplicate { first } => (
                Severity::Error,
                format!("the key `{key}` stands twice in this mapping"),
                Some("the last one would win, silently; put both under one key".into()),
                vec![(self.tree.location(*first), "first here".into())],
            ),
            IssueKind::NotText => (
                Severity::Error,
                "a key must be text, not a list or a mapping".into(),
                Some("quote it if it begins with one of `{ [`".into()),
                vec![],
            ),
            IssueKind::NullKey => (Severity::Error, "this key is empty".into(), None, vec![]),
            IssueKind::Renamed { written, read } => (
                Severity::Warning,
                format!("Kubernetes reads the unquoted key `{}` as `{read}`", shorten(written)),
                Some(format!("quote it: \"{}\"", shorten(written))),
                vec![],
            ),
            IssueKind::BadMerge => (
                Severity::Error,
                "`<<` takes a mapping or a list of mappings".into(),
                Some("it usually stands as `<<: *name`, with `&name` at a mapping before".into()),
                vec![],
            ),
            IssueKind::LateMerge { key } => (
                Severity::Warning,
                format!("`<<` replaces the `{}` that stands before it", shorten(key)),
                Some("put `<<` first, so that what is written out wins".into()),
                vec![],
            ),
            IssueKind::Binary => (
                Severity::Error,
                "the text behind !!binary is no base64".into(),
                Some("take the tag away: Kubernetes takes base64 as ordinary text".into()),
                vec![],
            ),
        };
        let repair = match &issue.kind {
            IssueKind::Duplicate { first } => repair::remove_repeated(self.tree, *first, issue.at),
            IssueKind::Renamed { .. } => repair::quote(self.tree, issue.at),
            _ => None,
        };
        let cause = match &issue.kind {
            IssueKind::Duplicate { .. } => Cause::DuplicateKey,
            _ => Cause::Syntax,
        };
        self.add_related((severity, cause), issue.at, message, help, related, repair);
    }

    /// A document that cannot be parsed.
    pub(crate) fn broken(&mut self, broken: &Broken, foreign: bool) {
        let at = self.location(broken.line, broken.column);
        let end = (broken.line, broken.column);
        let help = syntax_help(&broken.message);
        let message = format!("this document cannot be parsed: {}", broken.message);
        self.items.push(Diagnostic {
            severity: Severity::Error,
            cause: if foreign { Cause::Foreign } else { Cause::Syntax },
            message,
            at,
            end,
            help,
            related: vec![],
            repair: None,
        });
    }

    /// Values of a wrong type.
    pub(crate) fn faults(&mut self, root: NodeId, faults: &[Fault], gave_up: bool) {
        let is_unknown = |at| self.tree.text(at).is_some_and(unknown::is_unknown);
        let (open, faults): (Vec<&Fault>, Vec<&Fault>) =
            faults.iter().partition(|fault| fault.at.is_some_and(is_unknown));
        open.first().and_then(|fault| fault.at).into_iter().for_each(|at| self.left_open(at));
        for fault in faults {
            let (message, help) = fault.explain(self.tree, root);
            let repair = fault.repair(self.tree);
            let how = (Severity::Error, Cause::WrongType);
            self.add_related(how, fault.at.unwrap_or(root), message, help, Vec::new(), repair);
        }
        if gave_up {
            let message = "this object has more wrong values than these; it is not used".into();
            self.add((Severity::Error, Cause::WrongType), root, message, None);
        }
    }

    /// Fields that their type does not have. A kind that others define may have got fields since: there only what
    /// looks like a slip of the pen is certainly wrong.
    pub(crate) fn unknown(&mut self, root: NodeId, unknown: &[Unknown], growing: bool) {
        for Unknown { key, known } in unknown {
            let name = self.tree.text(*key).unwrap_or_default();
            let near = nearest(name, known.iter().copied());
            let severity = if growing && near.is_none() { Severity::Warning } else { Severity::Error };
            let help = match near {
                _ if name == "topologyKeys" => Some(
                    "Kubernetes has it no more; `trafficDistribution: PreferSameZone` is its successor"
                        .into(),
                ),
                Some(near) => Some(format!("did you mean `{near}`?")),
                None if growing => Some(
                    "netloom does not know it, and the API server drops it unless the definition that is installed \
                     has it; look it up in the documentation of that version"
                        .into(),
                ),
                None if known.is_empty() => None,
                None if known.len() <= 8 => Some(format!("known here: {}", known.join(", "))),
                None => None,
            };
            let message = format!("unknown field `{}`", shorten(&self.tree.path_to(root, *key)));
            let repair = near.and_then(|near| repair::rename(self.tree, root, *key, near));
            self.add_related((severity, Cause::UnknownField), *key, message, help, Vec::new(), repair);
        }
    }

    /// One finding instead of all others: the document is a template.
    pub(crate) fn replace_by_template(&mut self, spot: &Spot, foreign: bool) {
        let (whose, help) = match spot.text.as_str() {
            text if text.starts_with("#@") => ("ytt", "render it first: `ytt -f FOLDER | netloom … -`"),
            text if text.starts_with("{%") => ("Jinja", "render it first, and check what comes of it"),
            _ => ("Helm", "render it first: `helm template CHART | netloom … -`"),
        };
        // To kubectl what ytt reads is a comment.
        let severity = if whose == "ytt" { Severity::Warning } else { Severity::Error };
        self.items.clear();
        self.items.push(Diagnostic {
            severity,
            cause: if foreign { Cause::Foreign } else { Cause::Template },
            message: format!("this looks like a {whose} template: `{}`", shorten(&spot.text)),
            at: self.location(spot.line, spot.column),
            end: (spot.line, spot.end),
            help: Some(help.into()),
            related: vec![],
            repair: None,
        });
    }

    /// What kubectl refuses, though it is YAML.
    pub(crate) fn refused(&mut self, spot: &Spot) {
        let directive = spot.text.starts_with('%');
        let (message, help) = match directive {
            true => (
                format!("kubectl refuses the directive `{}`", shorten(&spot.text)),
                "take the line away: Kubernetes reads YAML in one way only",
            ),
            false => (
                format!("kubectl and helm refuse text behind `---`: `{}`", shorten(&spot.text)),
                "begin the document on the next line",
            ),
        };
        self.items.push(Diagnostic {
            severity: Severity::Error,
            cause: Cause::Syntax,
            message,
            at: self.location(spot.line, spot.column),
            end: (spot.line, spot.end),
            help: Some(help.into()),
            related: vec![],
            repair: None,
        });
    }

    /// One finding instead of a flood: the document lost its indentation.
    pub(crate) fn lost_indentation(&mut self, flattened: &Flattened) {
        let Flattened { first, child, parent } = flattened;
        self.items.push(Diagnostic {
            severity: Severity::Error,
            cause: Cause::LostIndentation,
            message: format!(
                "this document lost its indentation: `{}` belongs under `{}` but stands at column 1, beside it",
                child.text, parent.text
            ),
            at: self.location(first.line, first.column),
            end: (first.line, first.end),
            help: Some(
                "indent the lines that belong under `metadata:` and `spec:` by two spaces for each level, or copy \
                 the document again from where the spaces are still there (web pages often drop them)"
                    .into(),
            ),
            related: vec![
                (self.location(child.line, child.column), "the first line that should be indented".into()),
                (self.location(parent.line, parent.column), "it belongs under this".into()),
            ],
            repair: None,
        });
    }

    /// A value that is not judged, because it is not known yet. It is enough to say so once a file.
    pub(crate) fn left_open(&mut self, at: NodeId) {
        if self.items.iter().any(|item| item.cause == Cause::Unknown) {
            return;
        }
        let text = self.tree.text(at).map(shorten).unwrap_or_default();
        let message = format!("values such as `{text}` are not known yet, and not judged");
        let help = "fill them in first to have them judged: `flux build`, `envsubst`, `sops decrypt`";
        self.add((Severity::Info, Cause::Unknown), at, message, Some(help.into()));
    }

    /// A finding of a validator about a field's value.
    pub(crate) fn invalid(
        &mut self,
        how: (Severity, Cause),
        at: NodeId,
        message: String,
        help: Option<String>,
        related: Option<(NodeId, &str)>,
        repair: Option<Repair>,
    ) {
        let related = related.map(|(id, what)| (self.tree.location(id), what.to_owned()));
        let help = help.or_else(|| placeholder_help(self.tree, at));
        let related = related.into_iter().collect();
        self.add_related(how, at, message, help, related, repair);
    }
}

/// Values such as `<your-name>` were meant to be replaced.
fn placeholder_help(tree: &Tree, at: NodeId) -> Option<String> {
    let text = tree.text(at)?;
    let is_placeholder = text.find('<').is_some_and(|from| text[from..].contains('>'));
    is_placeholder.then(|| "this looks like a placeholder that was meant to be replaced".to_owned())
}

/// What usually is behind a parser's message.
fn syntax_help(message: &str) -> Option<String> {
    let table = [
        ("tab", "YAML is indented with spaces; replace the tabs"),
        (
            "mapping values are not allowed",
            "is the line indented further than the one before it, or does a value with `: ` in it lack quotes?",
        ),
        ("simple key expected", "does this line lack a colon, or its key a space behind the colon?"),
        ("did not find expected key", "does this line stand at the same column as its neighbours?"),
        ("invalid indentation", "does this line stand at the same column as its neighbours?"),
        ("expected <block end>", "does this line stand at the same column as its neighbours?"),
        ("unknown anchor", "an alias `*name` needs an anchor `&name` before it, in the same document"),
        ("no unquoted text within brackets", "put it into quotes"),
        ("unexpected character", "a value that begins with this character needs quotes"),
        ("block sequence entries are not allowed", "a list begins on a line of its own, below its key"),
    ];
    table.iter().find(|(part, _)| message.contains(part)).map(|(_, help)| (*help).to_owned())
}
