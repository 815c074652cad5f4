//! WL028: pods that may do everything in the cluster.
use netloom_objects::{Object, Severity};

use crate::{
    Context, Findings, Group, Rule,
    rules::workloads::access::{Subject, bindings},
    words::title,
};

pub static RULE: Rule = Rule {
    code: "WL028",
    name: "cluster-admin-account",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "A binding that gives a ServiceAccount the ClusterRole `cluster-admin`, or a role of the set that allows every \
            verb on every resource of every group.",
    why: "Whoever takes over one of its pods takes over the cluster: it reads every Secret, and removes every network \
          policy. A role that lists what the program does is enough for all but a few programs that apply arbitrary manifests.",
    wrong: "\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: reports}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects:
  - {kind: ServiceAccount, name: reports, namespace: shop}
",
    right: "\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reports}
rules:
  - apiGroups: ['']
    resources: [services, pods]
    verbs: [get, list, watch]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: reports}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reports}
subjects:
  - {kind: ServiceAccount, name: reports, namespace: shop}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for binding in bindings(cx) {
        let role = binding.role(cx);
        if binding.role_name != "cluster-admin" && !role.is_some_and(allows_everything) {
            continue;
        }
        for (path, subject) in &binding.subjects {
            let Subject::Account { namespace, name } = subject else { continue };
            let extent = match binding.namespace {
                Some(namespace) => format!("in namespace {namespace}"),
                None => "in the whole cluster".to_owned(),
            };
            let message = format!(
                "{} lets ServiceAccount {namespace}/{name} do everything {extent}",
                title(binding.object)
            );
            let finding = out.add(binding.object, path, message);
            finding.help("bind a role that lists the resources and verbs that the program needs");
            if let Some(role) = role.filter(|_| binding.role_name != "cluster-admin") {
                finding.related(role, "rules", "every verb on every resource");
            }
            let user = cx.workloads_in(namespace).find(|workload| workload.account().0 == *name);
            if let Some(workload) = user {
                let path = workload.path("spec.serviceAccountName");
                finding.related(workload.object, &path, "its pods have this account");
            }
        }
    }
}

fn allows_everything(role: &Object) -> bool {
    (0..role.count("rules")).any(|index| {
        ["apiGroups", "resources", "verbs"].iter().all(|field| {
            let list = role.value(&format!("rules[{index}].{field}"));
            list.and_then(|list| list.as_array().map(|list| list.iter().any(|item| item == "*")))
                .unwrap_or(false)
        })
    })
}
