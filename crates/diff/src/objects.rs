//! Which objects changed between two sets, and at which fields.
use std::{collections::HashMap, sync::Arc};

use netloom_objects::{Location, Object, ObjectRef, ObjectSet};

use crate::{fields::fields, server};

/// An object that is not the same in both sets. One that was only moved, formatted or commented is, and so is one of
/// which only fields differ that the server writes.
#[derive(Clone, Debug)]
pub struct ObjectChange {
    /// Where it was; none where it was added.
    pub before: Option<Arc<ObjectRef>>,
    /// Where it is; none where it was removed.
    pub after: Option<Arc<ObjectRef>>,
    /// The fields of an object that is in both sets, in order; of many the first ones.
    pub fields: Vec<FieldChange>,
}

/// A field that is not the same in both sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// `spec.ingress[0].from[1]`, `spec.template.spec.containers[web].image`.
    pub path: String,
    /// Where it was, or what it would have been in.
    pub before: Location,
    /// Where it is, or what it was in.
    pub after: Location,
}

/// What makes two objects the same one to the API server.
type Identity<'o> = (&'o str, &'o str, Option<&'o str>, &'o str);

impl ObjectChange {
    /// The object, as it is now if it still is.
    #[must_use]
    pub fn object(&self) -> &ObjectRef {
        // One of them is always there.
        match (&self.after, &self.before) {
            (Some(object), _) | (None, Some(object)) => object,
            (None, None) => unreachable!("an object that is in neither set did not change"),
        }
    }

    /// `added`, `removed` or `edited`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match (&self.before, &self.after) {
            (None, _) => "added",
            (_, None) => "removed",
            _ => "edited",
        }
    }

    /// The line to look at: of an edited object that of the first field which differs.
    #[must_use]
    pub fn at(&self) -> &Location {
        match self.fields.first() {
            Some(field) => &field.after,
            None => &self.object().at,
        }
    }
}

/// Everything that changed, in the order of the sets: what is there now, then what was removed.
pub(crate) fn changes(before: &ObjectSet, after: &ObjectSet) -> Vec<ObjectChange> {
    let mut known: HashMap<Identity<'_>, &Arc<Object>> =
        before.objects().map(|object| (identity(object), object)).collect();
    let mut changes = Vec::new();
    for object in after.objects() {
        match known.remove(&identity(object)) {
            None => changes.push(ObjectChange {
                before: None,
                after: Some(object.reference.clone()),
                fields: Vec::new(),
            }),
            Some(old) => changes.extend(differing(old, object).map(|fields| ObjectChange {
                before: Some(old.reference.clone()),
                after: Some(object.reference.clone()),
                fields,
            })),
        }
    }
    let removed = before.objects().filter(|object| known.contains_key(&identity(object)));
    changes.extend(removed.map(|object| ObjectChange {
        before: Some(object.reference.clone()),
        after: None,
        fields: Vec::new(),
    }));
    changes
}

fn identity(object: &Object) -> Identity<'_> {
    let group = object.api_version.split_once('/').map_or("", |(group, _)| group);
    (group, &object.kind, object.reference.namespace.as_deref(), &object.name)
}

/// Whether both say the same but for what the server writes; if not, where they differ.
fn differing(before: &Arc<Object>, after: &Arc<Object>) -> Option<Vec<FieldChange>> {
    if Arc::ptr_eq(before, after) || is_alike(before, after) {
        return None;
    }
    let (Some(mut old), Some(mut new)) = (before.value(""), after.value("")) else { return Some(Vec::new()) };
    server::strip(&before.kind, &mut old);
    server::strip(&after.kind, &mut new);
    if old == new {
        return None;
    }
    let located = fields(&after.kind, &old, &new).into_iter().map(|field| FieldChange {
        before: before.locate(&field.before),
        after: after.locate(&field.after),
        path: field.shown,
    });
    Some(located.collect())
}

/// Whether the types say the same. Of a kind that is only kept, and where something could not be read, they do not
/// hold everything.
fn is_alike(before: &Object, after: &Object) -> bool {
    let typed = after.typed.is_known();
    before.api_version == after.api_version
        && before.typed == after.typed
        && typed
        && !before.holds_fault("")
        && !after.holds_fault("")
}

#[cfg(test)]
mod tests {
    use super::*;
    use netloom_objects::{Source, parse_sources};

    fn set(file: &str, text: &str) -> ObjectSet {
        ObjectSet::assemble(parse_sources(&[Source::new(file, text)]))
    }

    fn show(before: &str, after: &str) -> Vec<String> {
        let changes = changes(&set("old.yaml", before), &set("new.yaml", after));
        changes
            .iter()
            .map(|change| {
                let fields: Vec<String> =
                    change.fields.iter().map(|f| format!(" {} {} {}", f.path, f.before, f.after)).collect();
                format!("{} {}{}", change.name(), change.object(), fields.concat())
            })
            .collect()
    }

    const POLICY: &str = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\nspec:\n  podSelector: {}\n  ingress:\n";

    #[test]
    fn what_is_only_formatted_is_the_same() {
        let before = format!("{POLICY}  - {{ports: [{{port: 80}}]}}\n");
        let after = format!("# A comment.\n---\n{POLICY}  - ports:\n    - port: 80 # web\n");
        assert_eq!(show(&before, &after), Vec::<String>::new());
    }

    #[test]
    fn fields_are_found_at_their_lines() {
        let before = format!("{POLICY}  - ports: [{{port: 80}}]\n  - ports: [{{port: 90}}]\n");
        let after = format!("{POLICY}  - ports: [{{port: 81}}]\n  - ports: [{{port: 90}}]\n    from: []\n");
        assert_eq!(
            show(&before, &after),
            [
                "edited NetworkPolicy default/p (new.yaml:1) spec.ingress[0].ports[0].port old.yaml:7 new.yaml:7 \
              spec.ingress[1].from old.yaml:8 new.yaml:9"
            ]
        );
        // One rule in front of the others moves them, and changes none.
        let more = format!(
            "{POLICY}  - ports: [{{port: 70}}]\n  - ports: [{{port: 80}}]\n  - ports: [{{port: 90}}]\n"
        );
        assert_eq!(
            show(&before, &more),
            ["edited NetworkPolicy default/p (new.yaml:1) spec.ingress[0] old.yaml:7 new.yaml:7"]
        );
    }

    #[test]
    fn objects_are_added_and_removed() {
        let map = |name: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n---\n");
        assert_eq!(
            show(&(map("a") + &map("b")), &(map("b") + &map("c"))),
            ["added ConfigMap default/c (new.yaml:5)", "removed ConfigMap default/a (old.yaml:1)"]
        );
    }

    #[test]
    fn kinds_that_are_only_kept_are_compared_whole() {
        let widget = |size: u8| {
            format!("apiVersion: a.example/v1\nkind: Widget\nmetadata: {{name: w}}\nspec: {{size: {size}}}\n")
        };
        assert_eq!(show(&widget(1), &widget(1)), Vec::<String>::new());
        assert_eq!(
            show(&widget(1), &widget(2)),
            ["edited Widget default/w (new.yaml:1) spec.size old.yaml:4 new.yaml:4"]
        );
    }

    #[test]
    fn keys_with_dots_are_found() {
        let service = |value: &str| {
            format!(
                "apiVersion: v1\nkind: Service\nmetadata:\n  name: s\n  annotations:\n    a.example/b: {value}\n"
            )
        };
        assert_eq!(
            show(&service("x"), &service("y")),
            [
                "edited Service default/s (new.yaml:1) metadata.annotations.a\\.example/b old.yaml:6 new.yaml:6"
            ]
        );
    }

    const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\n";

    fn deployment(metadata: &str, env: &str, rest: &str) -> String {
        format!(
            "{DEPLOYMENT}metadata: {{name: d{metadata}}}\nspec:\n  selector: {{matchLabels: {{app: d}}}}\n  template:\n    \
             metadata: {{labels: {{app: d}}}}\n    spec:\n      containers:\n      - name: c\n        image: x:1\n        \
             env: [{env}]\n{rest}"
        )
    }

    #[test]
    fn what_the_server_writes_is_no_change() {
        let export = |generation: u8, more: &str, status: &str| {
            let metadata = format!(
                ", uid: u{generation}, resourceVersion: '{generation}', generation: {generation}, creationTimestamp: \
                 '2026-01-0{generation}T00:00:00Z', annotations: {{deployment.kubernetes.io/revision: '{generation}'{more}}}, \
                 managedFields: [{{manager: m{generation}}}]"
            );
            deployment(&metadata, "", &format!("status: {{readyReplicas: {generation}{status}}}\n"))
        };
        let applied = ", kubectl.kubernetes.io/last-applied-configuration: '{}'";
        assert_eq!(show(&export(1, "", ""), &export(2, applied, ", replicas: 3")), Vec::<String>::new());
        // An export, and the manifest that it was made of.
        assert_eq!(show(&export(1, applied, ""), &deployment("", "", "")), Vec::<String>::new());
        let [only] = show(&export(1, "", ""), &export(2, ", team: x", "")).try_into().unwrap();
        assert!(only.contains(" metadata.annotations.team "), "{only}");
        assert!(!only.contains("revision"), "{only}");
    }

    #[test]
    fn heartbeats_are_no_change_and_addresses_are_one() {
        let node = |beat: u8, ip: u8| {
            format!(
                "apiVersion: v1\nkind: Node\nmetadata: {{name: node-1, resourceVersion: '{beat}'}}\nstatus:\n  addresses: \
                 [{{type: InternalIP, address: 192.0.2.{ip}}}]\n  conditions: [{{type: Ready, status: 'True', \
                 lastHeartbeatTime: '2026-01-01T00:00:0{beat}Z'}}]\n"
            )
        };
        assert_eq!(show(&node(1, 1), &node(2, 1)), Vec::<String>::new());
        let [only] = show(&node(1, 1), &node(2, 2)).try_into().unwrap();
        assert!(only.contains(" status.addresses[InternalIP].address "), "{only}");
        let lease = |beat: u8, holder: &str| {
            format!(
                "apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {{name: node-1}}\nspec: {{holderIdentity: {holder}, \
                 renewTime: '2026-01-01T00:00:0{beat}.000000Z'}}\n"
            )
        };
        assert_eq!(show(&lease(1, "node-1"), &lease(2, "node-1")), Vec::<String>::new());
        assert_eq!(show(&lease(1, "node-1"), &lease(1, "node-2")).len(), 1);
    }

    #[test]
    fn items_are_found_by_their_keys() {
        let before = deployment("", "{name: A, value: a}, {name: B_URL, value: b}, {name: C, value: c}", "");
        let after = deployment("", "{name: NEW, value: n}, {name: A, value: a}, {name: B_URL, value: x}", "");
        let [only] = show(&before, &after).try_into().unwrap();
        let paths: Vec<&str> = only.split(' ').filter(|word| word.starts_with("spec.")).collect();
        let list = "spec.template.spec.containers[c].env";
        assert_eq!(paths, [format!("{list}[B_URL].value"), format!("{list}[C]"), format!("{list}[NEW]")]);
        // Another order is a change of the list.
        let turned = deployment("", "{name: B_URL, value: b}, {name: A, value: a}, {name: C, value: c}", "");
        let [only] = show(&before, &turned).try_into().unwrap();
        assert!(only.contains(&format!(" {list} ")), "{only}");
    }

    #[test]
    fn schemas_are_one_field() {
        let crd = |a: &str, b: &str| {
            let version = |name: &str, of: &str| {
                format!(
                    "  - name: {name}\n    served: true\n    storage: {}\n    schema: {{openAPIV3Schema: {{type: object, \
                     properties: {{a: {{type: {of}}}, b: {{type: {of}}}}}}}}}\n",
                    name == "v1"
                )
            };
            format!(
                "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: \
                 widgets.a.example}}\nspec:\n  group: a.example\n  scope: Namespaced\n  names: {{plural: widgets, kind: \
                 Widget}}\n  versions:\n{}{}",
                version("v1beta1", a),
                version("v1", b)
            )
        };
        let [only] = show(&crd("string", "string"), &crd("string", "integer")).try_into().unwrap();
        let paths: Vec<&str> = only.split(' ').filter(|word| word.starts_with("spec.")).collect();
        assert_eq!(paths, ["spec.versions[v1].schema.openAPIV3Schema"]);
    }
}
