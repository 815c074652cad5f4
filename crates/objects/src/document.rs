//! One document after the other: from text to objects and findings.
use std::{borrow::Cow, sync::Arc};

use crate::{
    Cause, Diagnostic, Location, Object, ObjectRef, Severity, Source, Typed,
    decode::{Decoded, nearest},
    defaults,
    findings::Findings,
    former::successor,
    kinds::{decode_other, decode_typed, home_of, is_growing, is_namespaced, refuse_kind},
    object::Place,
    packaging, shape,
    tree::{
        Broken, Builder, Chunk, Issue, IssueKind, NodeId, Resolved, Tree, View, looks_like_json, read_json,
        read_plain, read_yaml,
    },
    validate, visible,
};

/// Findings of one source beyond this many help nobody.
pub(crate) const MAX_DIAGNOSTICS: usize = 1000;

/// A chunk with what was read from it.
struct Part<'s> {
    chunk: Chunk<'s>,
    roots: Vec<NodeId>,
    issues: Vec<Issue>,
    broken: Option<Broken>,
}

/// What one document gave, as far as it counts in the lists of its group.
struct Share {
    objects: usize,
    diagnostics: usize,
}

/// Documents of a source that stand next to each other, read together.
#[derive(Default)]
pub(crate) struct Group {
    objects: Vec<Arc<Object>>,
    diagnostics: Vec<Diagnostic>,
    shares: Vec<Share>,
}

impl Group {
    /// How many findings there are in it.
    pub(crate) fn findings(&self) -> usize {
        self.diagnostics.len()
    }
}

/// Reads documents of a source, into a tree of their own.
pub(crate) fn read_group(source: &Source, chunks: &[Chunk<'_>]) -> Group {
    let text = chunks.iter().map(|c| c.text.len()).sum();
    let mut builder = Builder::new(Tree::new(source.clone(), text));
    let parts: Vec<Part<'_>> = chunks.iter().map(|c| read_part(&mut builder, *c, source)).collect();
    let mut tree = builder.tree;
    tree.shrink();
    let tree = Arc::new(tree);
    let mut group = Group::default();
    for part in parts {
        let mut reader = Reader {
            tree: &tree,
            findings: Findings::new(&tree),
            objects: std::mem::take(&mut group.objects),
            twice: Vec::new(),
        };
        let before = reader.objects.len();
        reader.part(&part);
        let found = reader.findings.finish();
        group.shares.push(Share { objects: reader.objects.len() - before, diagnostics: found.len() });
        group.objects = reader.objects;
        group.diagnostics.extend(found);
        if group.diagnostics.len() > MAX_DIAGNOSTICS {
            break;
        }
    }
    group
}

/// Puts the groups of a source together again. Ends after the document with which there are too many findings.
pub(crate) fn join(source: &Source, groups: Vec<Group>) -> (Vec<Arc<Object>>, Vec<Diagnostic>) {
    let mut objects = Vec::with_capacity(groups.iter().map(|g| g.objects.len()).sum());
    let mut diagnostics = Vec::new();
    for mut group in groups {
        if diagnostics.len() + group.diagnostics.len() <= MAX_DIAGNOSTICS {
            objects.append(&mut group.objects);
            diagnostics.append(&mut group.diagnostics);
            continue;
        }
        let (mut from_objects, mut from_diagnostics) =
            (group.objects.into_iter(), group.diagnostics.into_iter());
        for share in group.shares {
            objects.extend(from_objects.by_ref().take(share.objects));
            diagnostics.extend(from_diagnostics.by_ref().take(share.diagnostics));
            if diagnostics.len() > MAX_DIAGNOSTICS {
                too_many(&mut diagnostics, source);
                break;
            }
        }
        break;
    }
    if objects.is_empty() {
        foreign(&mut diagnostics, source);
    }
    let mut said = false;
    diagnostics.retain(|d| d.cause != Cause::Unknown || !std::mem::replace(&mut said, true));
    (objects, diagnostics)
}

/// Folders hold the files of other programs too, and nobody means these: it is enough to say so once.
fn foreign(diagnostics: &mut Vec<Diagnostic>, source: &Source) {
    let is_foreign = |d: &Diagnostic| d.cause == Cause::Foreign;
    let is_form = |d: &Diagnostic| matches!(d.cause, Cause::Foreign | Cause::Syntax | Cause::DuplicateKey);
    let Some(first) = diagnostics.iter().position(is_foreign) else { return };
    let all = diagnostics.iter().all(is_foreign)
        || diagnostics.iter().all(is_form) && !shape::names_objects(&source.text);
    if !all {
        return;
    }
    let mut first = diagnostics.swap_remove(first);
    first.severity = Severity::Info;
    first.message = "skipped: nothing in this file has an `apiVersion` or a `kind`".to_owned();
    first.help = None;
    first.related.clear();
    first.repair = None;
    *diagnostics = vec![first];
}

fn too_many(diagnostics: &mut Vec<Diagnostic>, source: &Source) {
    diagnostics.truncate(MAX_DIAGNOSTICS);
    let line = diagnostics.last().map_or(0, |d| d.at.line);
    diagnostics.push(Diagnostic {
        severity: Severity::Error,
        cause: Cause::Syntax,
        message: format!("there is more wrong than this; {} was read only up to here", source.name),
        at: Location { file: source.name.clone(), line, column: 1 },
        end: (line, 1),
        help: None,
        related: Vec::new(),
        repair: None,
    });
}

fn read_part<'s>(builder: &mut Builder, chunk: Chunk<'s>, source: &Source) -> Part<'s> {
    let start = builder.len();
    if looks_like_json(chunk) {
        match read_json(builder, chunk) {
            Ok(roots) => {
                return Part { chunk, roots, issues: std::mem::take(&mut builder.issues), broken: None };
            }
            Err(broken) => {
                builder.back_to(start);
                if source.name.ends_with(".json") {
                    return Part { chunk, roots: Vec::new(), issues: Vec::new(), broken: Some(broken) };
                }
            }
        }
    }
    if let Some(root) = read_plain(builder, chunk) {
        let roots = root.into_iter().collect();
        return Part { chunk, roots, issues: std::mem::take(&mut builder.issues), broken: None };
    }
    let (roots, broken) = read_yaml(builder, chunk);
    let broken = broken.map(|broken| shape::tabbed(chunk, &broken).unwrap_or(broken));
    Part { chunk, roots, issues: std::mem::take(&mut builder.issues), broken }
}

struct Reader<'t> {
    tree: &'t Arc<Tree>,
    findings: Findings<'t>,
    objects: Vec<Arc<Object>>,
    /// Keys of the document that stand in their mapping before.
    twice: Vec<NodeId>,
}

/// apiVersion and kind that the items of a typed list may leave out.
#[derive(Clone, Copy)]
struct Inherited<'a> {
    api_version: &'a str,
    kind: &'a str,
}

/// Keys at the root that say of a document that it was meant as an object.
const OF_OBJECTS: [&str; 4] = ["apiVersion", "kind", "metadata", "spec"];

impl Reader<'_> {
    fn part(&mut self, part: &Part<'_>) {
        if self.lost_indentation(part) {
            return;
        }
        let before = self.objects.len();
        for issue in &part.issues {
            self.findings.issue(issue);
            if matches!(issue.kind, IssueKind::Duplicate { .. }) {
                self.twice.push(issue.at);
            }
        }
        for &root in &part.roots {
            self.document(root);
        }
        let foreign = || !shape::names_objects(&self.tree.source().text);
        if let Some(broken) = &part.broken {
            self.findings.broken(broken, foreign());
        }
        // Where a document parses, an action is only what an error is about: texts of alerts have actions of their own.
        let parses = part.broken.is_none();
        if self.findings.has_errors()
            && let Some(spot) =
                shape::template(part.chunk, |line| !parses || self.findings.has_error_on(line))
        {
            self.objects.truncate(before);
            self.findings.replace_by_template(&spot, foreign());
        }
        if self.objects.len() > before {
            for spot in shape::refused_by_kubectl(part.chunk) {
                self.findings.refused(&spot);
            }
        }
    }

    /// A document that cannot be parsed, or whose metadata or spec is empty, may have lost its indentation.
    fn lost_indentation(&mut self, part: &Part<'_>) -> bool {
        let hollow = |root: &NodeId| {
            ["metadata", "spec"]
                .iter()
                .any(|key| self.tree.get(*root, key).is_some_and(|v| self.tree.is_null(v)))
        };
        if part.broken.is_none() && !part.roots.iter().any(hollow) {
            return false;
        }
        let Some(flattened) = shape::flattened(part.chunk) else { return false };
        self.findings.lost_indentation(&flattened);
        true
    }

    fn document(&mut self, root: NodeId) {
        match self.tree.view(root) {
            View::Scalar(Resolved::Null) => {}
            View::Scalar(value) => {
                let message =
                    format!("skipped: this document is {}, not a Kubernetes object", value.describe());
                self.findings.add((Severity::Warning, Cause::Foreign), root, message, None);
            }
            View::Sequence(items) => {
                // Ansible, JSON patches and others write lists; only one of objects was meant as something to apply.
                let is_meant = items.iter().any(|item| self.is_like_an_object(*item));
                self.findings.add(
                    (Severity::Error, if is_meant { Cause::NoObject } else { Cause::Foreign }),
                    root,
                    "this document is a list, not a Kubernetes object".into(),
                    Some("put each object in a document of its own, with `---` between them, or make it `kind: List` with `items:`".into()),
                );
            }
            View::Mapping(_) if packaging::take(self.tree, root, &mut self.findings, &mut self.objects) => {}
            View::Mapping(_) => self.object(root, None),
        }
    }

    fn is_like_an_object(&self, item: NodeId) -> bool {
        let has = |key| self.tree.get(item, key).is_some();
        has("apiVersion") || (has("kind") && (has("metadata") || has("spec")))
    }

    fn object(&mut self, root: NodeId, inherited: Option<Inherited<'_>>) {
        let Some((api_version, kind)) = self.identify(root, inherited) else { return };
        let items = self.tree.get(root, "items").map(|items| (items, self.tree.view(items)));
        if let (Some(item_kind), Some((_, View::Sequence(items)))) = (kind.strip_suffix("List"), items) {
            let inherited = Inherited { api_version: &api_version, kind: item_kind };
            for &item in items {
                match self.tree.view(item) {
                    View::Mapping(_) => self.object(item, (!item_kind.is_empty()).then_some(inherited)),
                    _ => self.findings.add(
                        (Severity::Error, Cause::NoObject),
                        item,
                        "an item of a list must be an object".into(),
                        None,
                    ),
                }
            }
            return;
        }
        if &*kind == "List" && &*api_version == "v1" {
            if items.is_none_or(|(items, _)| !self.tree.is_null(items)) {
                self.findings.add(
                    (Severity::Error, Cause::NoObject),
                    root,
                    "a List has a list of objects as `items`".into(),
                    None,
                );
            }
            return;
        }
        self.single(root, api_version, kind);
    }

    fn identify(&mut self, root: NodeId, inherited: Option<Inherited<'_>>) -> Option<(Arc<str>, Arc<str>)> {
        let api_version = self.tree.get_text(root, "apiVersion").filter(|t| !t.is_empty());
        let kind = self.tree.get_text(root, "kind").filter(|t| !t.is_empty());
        let api_version = api_version.or(inherited.map(|i| i.api_version));
        let kind = kind.or(inherited.map(|i| i.kind));
        if let (Some(api_version), Some(kind)) = (api_version, kind) {
            return Some((api_version.into(), kind.into()));
        }
        let mut said = false;
        for key in ["apiVersion", "kind"] {
            if let Some((_, value)) = self.tree.entry(root, key)
                && !self.tree.is_null(value)
                && self.tree.get_text(root, key).is_none()
            {
                self.findings.add(
                    (Severity::Error, Cause::NoObject),
                    value,
                    format!("`{key}` must be text"),
                    None,
                );
                said = true;
            }
        }
        if !said {
            self.nameless_kind(root, api_version, kind);
        }
        None
    }

    /// Whether a mapping was meant as an object, by its keys.
    fn is_meant(&self, root: NodeId) -> bool {
        let View::Mapping(entries) = self.tree.view(root) else { return false };
        let is_of_objects = |key: &str| OF_OBJECTS.iter().any(|of| key.eq_ignore_ascii_case(of));
        entries.iter().step_by(2).filter_map(|key| self.tree.text(*key)).any(is_of_objects)
    }

    fn nameless_kind(&mut self, root: NodeId, api_version: Option<&str>, kind: Option<&str>) {
        let keys: Vec<&str> = match self.tree.view(root) {
            View::Mapping(entries) => entries.iter().step_by(2).filter_map(|k| self.tree.text(*k)).collect(),
            _ => Vec::new(),
        };
        let slip = |wanted: &str| keys.iter().find(|k| nearest(k, [wanted]).is_some() && **k != wanted);
        let (message, help) = match (api_version, kind) {
            (None, Some(kind)) => (
                format!("`apiVersion` is missing from this {kind}"),
                slip("apiVersion").map(|k| format!("did you mean `apiVersion` instead of `{k}`?")).or_else(|| {
                    home_of(kind).map(|home| format!("a {kind} has `apiVersion: {home}`"))
                }),
            ),
            (Some(api_version), None) => (
                format!("`kind` is missing from this object of {api_version}"),
                slip("kind").map(|k| format!("did you mean `kind` instead of `{k}`?")),
            ),
            _ => (
                "this is no Kubernetes object: it has neither `apiVersion` nor `kind`".into(),
                Some("name only manifests, or leave this file out; values files and configuration of other programs are not read".into()),
            ),
        };
        let cause = if self.is_meant(root) { Cause::NoObject } else { Cause::Foreign };
        self.findings.add((Severity::Error, cause), root, message, help);
    }

    fn single(&mut self, root: NodeId, api_version: Arc<str>, kind: Arc<str>) {
        if let Some(successor) = successor(&api_version, &kind) {
            let at = self.tree.get(root, "apiVersion").unwrap_or(root);
            let message =
                format!("Kubernetes serves no {kind} in {api_version} any more: it is read as {successor}");
            let help =
                format!("write `apiVersion: {successor}`, and see whether its fields are still the same");
            self.findings.add((Severity::Warning, Cause::FormerVersion), at, message, Some(help));
        } else if let Some((message, help)) = refuse_kind(&api_version, &kind) {
            let at = self.tree.get(root, "kind").unwrap_or(root);
            self.findings.add((Severity::Error, Cause::UnknownKind), at, message, Some(help));
        }
        let mut decoded = self.decode(root, &api_version, &kind, Vec::new());
        decoded.unknown.retain(|unknown| !self.is_encryption(root, unknown.key));
        self.findings.faults(root, &decoded.faults, decoded.gave_up);
        self.findings.unknown(root, &decoded.unknown, is_growing(&api_version));
        let Some(object) = self.put_together(root, (&api_version, &kind), decoded) else { return };
        let left_out = validate::object(&object, &mut self.findings);
        if left_out.is_empty() {
            return self.objects.push(Arc::new(object));
        }
        // The object again, without what nobody knows yet.
        let decoded = self.decode(root, &api_version, &kind, left_out);
        if let Some(object) = self.put_together(root, (&api_version, &kind), decoded) {
            self.objects.push(Arc::new(object));
        }
    }

    fn decode(&self, root: NodeId, api_version: &str, kind: &str, left_out: Vec<NodeId>) -> Decoded<Typed> {
        decode_typed(api_version, kind, self.tree, root, left_out)
            .unwrap_or_else(|| decode_other(api_version, kind, self.tree, root))
    }

    fn put_together(
        &mut self,
        root: NodeId,
        (api_version, kind): (&Arc<str>, &Arc<str>),
        decoded: Decoded<Typed>,
    ) -> Option<Object> {
        let Decoded { value, masked, unknown, .. } = decoded;
        let mut typed = value?;
        defaults::apply(&mut typed);
        let twice = self.twice.iter().copied();
        let strange = unknown.iter().map(|unknown| unknown.key).chain(twice).collect();
        self.name(root, (api_version.clone(), kind.clone(), typed), masked, strange)
    }

    /// `sops` beside the fields of an object: with what, and by whom, its values were encrypted. It is gone before the API
    /// server sees the object.
    fn is_encryption(&self, root: NodeId, key: NodeId) -> bool {
        self.tree
            .entry(root, "sops")
            .is_some_and(|(own, value)| own == key && self.tree.get(value, "mac").is_some())
    }

    /// Puts an object together, if it has a name.
    fn name(
        &mut self,
        root: NodeId,
        (api_version, kind, typed): (Arc<str>, Arc<str>, Typed),
        masked: Vec<NodeId>,
        strange: Vec<NodeId>,
    ) -> Option<Object> {
        let metadata = typed.metadata();
        // The API server refuses them; until somebody repairs them, they do no harm where they are shown.
        let named = |text: &str| Arc::<str>::from(visible(text));
        let shown = |text: Arc<str>| {
            let hidden = match visible(&text) {
                Cow::Owned(shown) => Some(shown),
                Cow::Borrowed(_) => None,
            };
            hidden.map_or(text, Arc::from)
        };
        let (api_version, kind) = (shown(api_version), shown(kind));
        let written = |text: &Option<String>| text.as_deref().filter(|t| !t.is_empty()).map(named);
        let name = written(&metadata.name)
            .or_else(|| metadata.generate_name.as_deref().map(|n| named(n.trim_end_matches('-'))))
            .filter(|name: &Arc<str>| !name.is_empty());
        let namespace = written(&metadata.namespace);
        let Some(name) = name else {
            self.missing_name(root, &kind, !typed.is_known(), &masked);
            return None;
        };
        let effective = is_namespaced(&api_version, &kind)
            .then(|| namespace.clone().unwrap_or_else(|| Arc::from("default")));
        let at = self.tree.location(root);
        let reference =
            Arc::new(ObjectRef { kind: kind.clone(), namespace: effective, name: name.clone(), at });
        let place = Place::new(self.tree.clone(), root, masked, strange);
        Some(Object { api_version, kind, namespace, name, typed, reference, place })
    }

    fn missing_name(&mut self, root: NodeId, kind: &str, is_other: bool, masked: &[NodeId]) {
        let metadata = self.tree.entry(root, "metadata");
        let name = metadata.and_then(|(_, m)| self.tree.entry(m, "name"));
        // A name or metadata of a wrong type was reported as that.
        if [metadata, name].into_iter().flatten().any(|(_, value)| masked.contains(&value)) {
            return;
        }
        let at = name.or(metadata).map_or(root, |(key, _)| key);
        let message = format!("`metadata.name` is missing from this {kind}");
        let stray = self
            .tree
            .entry(root, "name")
            .map(|_| "`name` belongs under `metadata:`, indented by two spaces".to_owned());
        if is_other {
            // kubeadm, kind, kustomize, istioctl and others write their configuration in this form.
            let help =
                "a cluster would refuse it; the configuration of a program has no name, and is not read";
            return self.findings.add(
                (Severity::Info, Cause::NoObject),
                at,
                message,
                stray.or(Some(help.into())),
            );
        }
        self.findings.add((Severity::Error, Cause::NoObject), at, message, stray);
    }
}
