//! WL029: a role that pods get without asking for it.
use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule,
    rules::workloads::access::{Subject, bindings},
    words::title,
};

pub static RULE: Rule = Rule {
    code: "WL029",
    name: "role-for-every-pod",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "A binding of a role to the ServiceAccount `default`, to all ServiceAccounts, or to everybody who is \
            authenticated or not. Silent for the roles of discovery that Kubernetes itself binds in this way.",
    why: "Every pod that names no account has `default`. The role that one program needs is then held by all pods of \
          the namespace, those of the next program too, and nothing in their manifests shows it.",
    wrong: "\
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: read-config, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: read-config}
subjects:
  - {kind: ServiceAccount, name: default, namespace: shop}
",
    right: "\
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: read-config, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: read-config}
subjects:
  - {kind: ServiceAccount, name: orders, namespace: shop}
",
    closed: false,
    check,
};

/// Roles that tell what everybody may know.
const DISCOVERY: [&str; 5] = [
    "system:basic-user",
    "system:discovery",
    "system:public-info-viewer",
    "system:service-account-issuer-discovery",
    "cluster-info",
];

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for binding in bindings(cx).into_iter().filter(|binding| !DISCOVERY.contains(&binding.role_name)) {
        for (path, subject) in &binding.subjects {
            let whom = match subject {
                Subject::Account { namespace, name: "default" } => {
                    format!("every pod of namespace {namespace} that names no account")
                }
                Subject::Group("system:serviceaccounts") => "every pod of the cluster".to_owned(),
                Subject::Group("system:authenticated") => "every pod and every user".to_owned(),
                Subject::Group("system:unauthenticated") => "everybody who reaches the API server".to_owned(),
                Subject::Group(group) => match group.strip_prefix("system:serviceaccounts:") {
                    Some(namespace) => format!("every pod of namespace {namespace}"),
                    None => continue,
                },
                Subject::Account { .. } => continue,
            };
            let message = format!("{} gives the role {} to {whom}", title(binding.object), binding.role_name);
            out.add(binding.object, path, message).help(
                "make a ServiceAccount for the program that needs the role, name it in `serviceAccountName`, and bind that",
            );
        }
    }
}
