//! Who may do what at the API server: bindings of roles, which are kinds that have no type here.
use netloom_objects::Object;

use crate::Context;

const GROUP: &str = "rbac.authorization.k8s.io";

/// Who gets a role.
pub(super) enum Subject<'a> {
    Account { namespace: &'a str, name: &'a str },
    Group(&'a str),
}

/// A RoleBinding or ClusterRoleBinding.
pub(super) struct Binding<'a> {
    pub object: &'a Object,
    /// Where the role holds; none for everywhere.
    pub namespace: Option<&'a str>,
    pub role_name: &'a str,
    role_kind: &'a str,
    /// Each with its path.
    pub subjects: Vec<(String, Subject<'a>)>,
}

impl<'a> Binding<'a> {
    /// The role that is bound, if the set has it.
    pub fn role(&self, cx: &Context<'a>) -> Option<&'a Object> {
        let namespace = self.namespace.filter(|_| self.role_kind == "Role");
        cx.find_any(GROUP, self.role_kind, namespace, self.role_name)
    }
}

/// All bindings of a set.
pub(super) fn bindings<'a>(cx: &Context<'a>) -> Vec<Binding<'a>> {
    let kinds = ["RoleBinding", "ClusterRoleBinding"];
    let objects = kinds.into_iter().flat_map(|kind| cx.all_of(GROUP, kind));
    objects
        .filter_map(|object| {
            let subjects = (0..object.count("subjects")).filter_map(|index| {
                let path = format!("subjects[{index}]");
                let name = object.text(&format!("{path}.name"))?;
                let subject = match object.text(&format!("{path}.kind"))? {
                    "ServiceAccount" => {
                        Subject::Account { namespace: object.text(&format!("{path}.namespace"))?, name }
                    }
                    "Group" => Subject::Group(name),
                    _ => return None,
                };
                Some((path, subject))
            });
            Some(Binding {
                object,
                namespace: object.reference.namespace.as_deref(),
                role_name: object.text("roleRef.name")?,
                role_kind: object.text("roleRef.kind")?,
                subjects: subjects.collect(),
            })
        })
        .collect()
}
