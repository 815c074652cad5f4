//! IS031: a source that no client can be.
use std::collections::HashSet;

use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use netloom_objects::{
    Object, Severity,
    istio::{AuthorizationPolicy, AuthorizationPolicySpec, VirtualService},
};

use super::support::{destinations, full_host, gateway_names, mesh_of, mesh_of_workload, service_name};
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS031",
    name: "principal-outside-mesh",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A principal of an ALLOW policy whose pods are not in the mesh or (closed world) whose ServiceAccount does not \
            exist; and that of an ingress controller where requests come through an Istio gateway that is not allowed.",
    why: "Only proxies of the mesh have identities. A client without one presents none, the rule does not match, and the \
          request is answered 403 with `RBAC: access denied` (Istio's concept Security, Dependency on mutual TLS).",
    wrong: "\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  rules:
    - from:
        - source:
            principals: [cluster.local/ns/edge/sa/nginx]
---
apiVersion: v1
kind: Namespace
metadata: {name: edge}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: nginx, namespace: edge}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: nginx, namespace: edge}
spec:
  selector: {matchLabels: {app: nginx}}
  template:
    metadata: {labels: {app: nginx}}
    spec:
      serviceAccountName: nginx
      containers: [{name: nginx, image: nginx:1}]
",
    right: "\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  rules:
    - from:
        - source:
            principals: [cluster.local/ns/edge/sa/nginx]
---
apiVersion: v1
kind: Namespace
metadata:
  name: edge
  labels: {istio-injection: enabled}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: nginx, namespace: edge}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: nginx, namespace: edge}
spec:
  selector: {matchLabels: {app: nginx}}
  template:
    metadata: {labels: {app: nginx}}
    spec:
      serviceAccountName: nginx
      containers: [{name: nginx, image: nginx:1}]
",
    closed: false,
    check,
};

/// Names by which ingress controllers that are not of the mesh go.
const CONTROLLERS: [&str; 6] =
    ["ingress-nginx", "nginx-ingress", "traefik", "haproxy-ingress", "contour", "kong"];

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let of_pods = cx.snapshot().pods.iter().map(|pod| (&*pod.namespace, &*pod.service_account));
    let accounts: HashSet<(&str, &str)> =
        cx.workloads().iter().map(|w| (w.namespace(), w.account().0)).chain(of_pods).collect();
    for (object, policy) in cx.all::<AuthorizationPolicy>() {
        if !matches!(policy.spec.action.as_deref(), None | Some("ALLOW")) {
            continue;
        }
        for (r, rule) in policy.spec.rules.iter().enumerate() {
            for (f, from) in rule.from.iter().enumerate() {
                let path = format!("spec.rules[{r}].from[{f}].source");
                for (p, principal) in from.source.principals.iter().enumerate() {
                    let Some((namespace, account)) = identity(cx, principal) else { continue };
                    let path = format!("{path}.principals[{p}]");
                    let known = accounts.contains(&(namespace, account));
                    judge(cx, object, &policy.spec, &path, (namespace, account, known), out);
                }
                for (n, name) in from.source.namespaces.iter().enumerate() {
                    if cx.is_closed("Namespace", None) && !is_there(cx, name) {
                        let what = if name.contains('*') {
                            "of which there is none"
                        } else {
                            "which does not exist"
                        };
                        let message = format!("{} allows clients of namespace {name}, {what}", title(object));
                        let finding = out.add(object, &format!("{path}.namespaces[{n}]"), message);
                        finding.help("name the namespace of the clients");
                    }
                }
            }
        }
    }
}

/// Whether there is a namespace of a name, or one that a pattern (`prod-*`, `*-prod`) fits.
fn is_there(cx: &Context<'_>, name: &str) -> bool {
    let fits = |namespace: &str| match (name.strip_suffix('*'), name.strip_prefix('*')) {
        (Some(start), _) => namespace.starts_with(start),
        (_, Some(end)) => namespace.ends_with(end),
        _ => namespace == name,
    };
    cx.all::<Namespace>().any(|(object, _)| fits(&object.name))
        || cx.workloads().iter().any(|workload| fits(workload.namespace()))
}

/// Namespace and ServiceAccount of a principal of this cluster.
fn identity<'p>(cx: &Context<'_>, principal: &'p str) -> Option<(&'p str, &'p str)> {
    let (domain, rest) = principal.split_once("/ns/")?;
    let is_ours = domain == cx.settings.cluster.zone || domain == "cluster.local" || domain == "*";
    rest.split_once("/sa/").filter(|_| is_ours && !rest.contains('*'))
}

fn judge(
    cx: &Context<'_>,
    object: &Object,
    spec: &AuthorizationPolicySpec,
    path: &str,
    (namespace, account, known): (&str, &str, bool),
    out: &mut Findings<'_>,
) {
    let declared = cx.find::<Namespace>(None, namespace);
    let of_account = |w: &&crate::Workload<'_>| w.account().0 == account;
    let mut workloads = cx.workloads_in(namespace).filter(of_account).peekable();
    if let (Some(first), Some((declaration, _))) = (workloads.peek().copied(), declared) {
        if workloads.all(|workload| mesh_of_workload(cx, workload).is_none()) {
            let message = format!(
                "{} allows {namespace}/{account}, but {} {namespace}/{} is not in the mesh and has no identity",
                title(object),
                first.object.kind,
                first.object.name
            );
            let finding = out.add(object, path, message);
            finding.related(first.object, &first.path("metadata.labels"), "the pods that run as it");
            finding.related(declaration, "metadata.labels", "nothing puts this namespace into the mesh");
            finding.help("put the clients into the mesh, or allow them by `ipBlocks`");
        }
        return;
    }
    let is_controller = CONTROLLERS.contains(&namespace) || CONTROLLERS.contains(&account);
    let in_mesh = declared.is_some_and(|(o, _)| mesh_of(o.labels()).is_some());
    let shut_out = is_controller && !in_mesh && !allows_gateway(spec);
    if shut_out && behind_gateway(cx, object, path, (namespace, account), out) {
        return;
    }
    let exists = known
        || account == "default"
        || cx.find::<ServiceAccount>(Some(namespace), account).is_some()
        || is_made_for_gateway(cx, namespace, account);
    let complete = cx.is_closed("ServiceAccount", Some(namespace)) && cx.is_closed("Pod", Some(namespace));
    if complete && !exists {
        let message =
            format!("{} allows {namespace}/{account}, a ServiceAccount that does not exist", title(object));
        out.add(object, path, message).help("name the ServiceAccount that the clients run as");
    }
}

/// Whether Istio makes a ServiceAccount for a Gateway of the Gateway API: `NAME` of a waypoint, else `NAME-CLASS`.
fn is_made_for_gateway(cx: &Context<'_>, namespace: &str, account: &str) -> bool {
    cx.find_any("gateway.networking.k8s.io", "Gateway", Some(namespace), account).is_some()
        || account.strip_suffix("-istio").is_some_and(|name| {
            cx.find_any("gateway.networking.k8s.io", "Gateway", Some(namespace), name).is_some()
        })
}

/// Whether a policy lets any Istio gateway in.
fn allows_gateway(spec: &AuthorizationPolicySpec) -> bool {
    spec.rules.iter().any(|rule| {
        rule.from.is_empty()
            || rule.from.iter().any(|from| {
                let source = &from.source;
                let all = source.principals.iter().chain(&source.namespaces).chain(&source.service_accounts);
                source.principals.is_empty()
                    && source.namespaces.is_empty()
                    && source.service_accounts.is_empty()
                    || all
                        .into_iter()
                        .any(|one| one.contains("istio") || one.contains("gateway") || one == "*")
            })
    })
}

/// Finds that requests reach the policy's namespace through an Istio Gateway, whose identity is not the ingress
/// controller's; tells whether it did.
fn behind_gateway(
    cx: &Context<'_>,
    object: &Object,
    path: &str,
    (namespace, account): (&str, &str),
    out: &mut Findings<'_>,
) -> bool {
    let here = namespace_of(object);
    for (route, service) in cx.all::<VirtualService>() {
        let Some((gateway_path, gateway_namespace, gateway)) = gateway_names(route, &service.spec).next()
        else {
            continue;
        };
        let reaches = destinations(&service.spec).into_iter().any(|(_, to)| {
            let full = full_host(cx, &to.host, namespace_of(route));
            service_name(cx, &full).is_some_and(|(_, namespace)| namespace == here)
        });
        if !reaches {
            continue;
        }
        let message = format!(
            "{} allows only {namespace}/{account}, which nothing puts into the mesh; requests through Gateway \
             {gateway_namespace}/{gateway} come with the identity of the Istio gateway, and are denied",
            title(object)
        );
        let finding = out.add(object, path, message);
        finding.related(route, &gateway_path, "requests to this namespace come through here");
        finding.help(
            "allow the ServiceAccount of the gateway's pods, e.g. \
             `cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account`",
        );
        return true;
    }
    false
}
