//! The lines of the input that a hop points at.
use std::sync::Arc;

use netloom_cluster::Policy;
use netloom_objects::{Object, ObjectRef, ObjectSet, Typed};
use netloom_policy::Direction;

use crate::Excerpt;

/// How many lines of an item are shown behind its first.
const MORE: usize = 2;
/// Longer lines are not shown.
const LONGEST: usize = 160;

/// Finds lines; without the objects it stays with the lines that the Snapshot knows.
#[derive(Clone, Copy)]
pub(crate) struct Lines<'a> {
    pub objects: Option<&'a ObjectSet>,
}

impl<'a> Lines<'a> {
    /// The object that a reference names.
    pub fn object(self, reference: &ObjectRef) -> Option<&'a Arc<Object>> {
        self.objects?.objects().find(|o| {
            let own = &o.reference;
            own.kind == reference.kind && own.name == reference.name && own.namespace == reference.namespace
        })
    }

    /// The object at the line of the first of these fields that is written.
    pub fn field(self, reference: &Arc<ObjectRef>, paths: &[&str]) -> Arc<ObjectRef> {
        let Some(object) = self.object(reference) else { return reference.clone() };
        let written = paths.iter().find(|path| object.is_written(path));
        written.map_or_else(|| reference.clone(), |path| object.refer(path))
    }

    /// A field of the list item that a reference points at: `targetPort` of a Service's port.
    pub fn field_of_item(self, item: &Arc<ObjectRef>, list: &str, field: &str) -> Arc<ObjectRef> {
        let Some(object) = self.object(item) else { return item.clone() };
        let mut paths = (0..).map(|i| format!("{list}[{i}]")).take_while(|path| object.is_written(path));
        let path = paths.find(|path| object.locate(path) == item.at).map(|path| format!("{path}.{field}"));
        match path {
            Some(path) if object.is_written(&path) => object.refer(&path),
            _ => item.clone(),
        }
    }

    /// Where a policy speaks of a direction: its rules, or the `policyTypes` that make it isolate without any.
    pub fn direction(self, policy: &Policy, direction: Direction) -> Arc<ObjectRef> {
        let rules = match direction {
            Direction::Ingress => &policy.ingress,
            Direction::Egress => &policy.egress,
        };
        let first = rules.as_deref().and_then(|r| r.first()).map(|r| r.origin.clone());
        let Some(object) = self.object(&policy.origin) else {
            return first.unwrap_or_else(|| policy.origin.clone());
        };
        let section = format!("spec.{}", direction.name());
        let listed = match &object.typed {
            Typed::NetworkPolicy(p) => {
                let types = p.spec.as_ref().and_then(|s| s.policy_types.as_deref()).unwrap_or_default();
                types.iter().position(|t| t.eq_ignore_ascii_case(direction.name()))
            }
            _ => None,
        };
        let listed = listed.map(|i| format!("spec.policyTypes[{i}]"));
        let paths = [Some(section.as_str()), listed.as_deref(), Some("spec.podSelector"), Some("spec")];
        let paths: Vec<&str> = paths.into_iter().flatten().collect();
        self.field(&policy.origin, &paths)
    }

    /// The text of a line.
    pub fn excerpt(self, reference: &ObjectRef) -> Option<Excerpt> {
        let at = &reference.at;
        let source = self.objects?.sources.iter().find(|s| s.source.name == at.file)?;
        let mut lines = source.source.text.lines().skip((at.line as usize).checked_sub(1)?);
        let first = lines.next()?;
        let indent = first.len() - first.trim_start().len();
        let first = first.trim();
        let mut text = first.to_owned();
        // `- namespaceSelector:` alone shows nothing of what it selects.
        if first.starts_with("- ") && first.ends_with(':') {
            let deeper = |l: &&str| l.len() - l.trim_start().len() > indent + 2 && !l.trim().is_empty();
            for line in lines.take_while(deeper).take(MORE) {
                text = format!("{text}\n{}", line.get(indent..).unwrap_or(line).trim_end());
            }
        }
        let shown = !text.is_empty() && text.lines().all(|l| l.chars().count() <= LONGEST);
        shown.then_some(Excerpt { line: at.line, text })
    }
}
