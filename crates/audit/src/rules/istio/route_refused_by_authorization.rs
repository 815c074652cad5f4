//! IS075: a route to pods whose AuthorizationPolicies refuse what comes by it.
use std::collections::{BTreeMap, HashMap};

use netloom_objects::{
    Object, Severity,
    istio::{AuthorizationPolicy, Gateway, HTTPMatchRequest, HTTPRoute, VirtualService},
};

use super::{
    admission::{Path, Sent, may_match, must_match},
    support::{
        ROOT, full_host, gateway_names, gateway_workloads, is_default_gateway, mesh_of_workload, service_name,
    },
};
use crate::{
    Context, Findings, Group, Rule, Workload,
    rules::services::support::{find_service, pod_port},
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS075",
    name: "route-refused-by-authorization",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A route of a VirtualService behind an Istio Gateway to pods of the mesh whose AuthorizationPolicies \
            refuse every request of it: none of the ALLOW policies can match the identity of the gateway's pods with \
            the methods, paths, hosts and the port of the route; or a DENY policy matches all of them. Where the set \
            does not have the gateway's pods they are taken to be those that Istio is installed with, and it is a \
            warning.",
    why: "The gateway is the client of the pods: its ServiceAccount is what they see, and the path is the one \
            behind a rewrite. Requests are answered 403 with `RBAC: access denied` (Istio's reference of \
            AuthorizationPolicy).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: shop, namespace: edge}
spec:
  selector: {istio: gw}
  servers:
    - port: {number: 443, name: https, protocol: HTTPS}
      hosts: [shop.example]
      tls: {mode: SIMPLE, credentialName: shop-tls}
---
apiVersion: v1
kind: Pod
metadata: {name: gw, namespace: edge, labels: {istio: gw}}
spec: {serviceAccountName: gw, containers: [{name: istio-proxy, image: auto}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop, namespace: shop}
spec:
  hosts: [shop.example]
  gateways: [edge/shop]
  http:
    - match: [{uri: {prefix: /api}}]
      timeout: 5s
      route: [{destination: {host: web, port: {number: 80}}}]
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: 8080}]
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: web, image: \"registry.example/web:1.0\"}]}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  rules:
    - from: [{source: {principals: [cluster.local/ns/edge/sa/web]}}]
      to: [{operation: {paths: [/api*]}}]
",
    right: "\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: shop, namespace: edge}
spec:
  selector: {istio: gw}
  servers:
    - port: {number: 443, name: https, protocol: HTTPS}
      hosts: [shop.example]
      tls: {mode: SIMPLE, credentialName: shop-tls}
---
apiVersion: v1
kind: Pod
metadata: {name: gw, namespace: edge, labels: {istio: gw}}
spec: {serviceAccountName: gw, containers: [{name: istio-proxy, image: auto}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop, namespace: shop}
spec:
  hosts: [shop.example]
  gateways: [edge/shop]
  http:
    - match: [{uri: {prefix: /api}}]
      timeout: 5s
      route: [{destination: {host: web, port: {number: 80}}}]
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: 8080}]
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: web, image: \"registry.example/web:1.0\"}]}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  rules:
    - from: [{source: {principals: [cluster.local/ns/edge/sa/gw]}}]
      to: [{operation: {paths: [/api*]}}]
",
    closed: false,
    check,
};

type Policies<'a> = HashMap<&'a str, Vec<(&'a Object, &'a AuthorizationPolicy)>>;

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut policies = Policies::new();
    for (object, policy) in cx.all::<AuthorizationPolicy>() {
        // What a target is named for holds at its gateway or waypoint.
        if policy.spec.target_ref.is_none() && policy.spec.target_refs.is_empty() {
            policies.entry(namespace_of(object)).or_default().push((object, policy));
        }
    }
    if policies.is_empty() {
        return;
    }
    for (object, service) in cx.all::<VirtualService>() {
        let Some(client) = client(cx, object, service) else { continue };
        for (index, route) in service.spec.http.iter().enumerate() {
            for at in 0..route.route.len() {
                judge(cx, &policies, object, service, &client, (index, route, at), out);
            }
        }
    }
}

/// The gateway's pods, as the destination sees them.
struct Client<'a> {
    namespace: &'a str,
    account: &'a str,
    gateway: &'a Object,
    /// The pods of the set. `None` if they are assumed to be those of Istio's installation.
    workload: Option<&'a Object>,
}

fn client<'a>(cx: &Context<'a>, object: &'a Object, service: &'a VirtualService) -> Option<Client<'a>> {
    let mut names = gateway_names(object, &service.spec);
    let (_, namespace, name) = names.next()?;
    // With several gateways one of them may be admitted.
    if names.next().is_some() || service.spec.gateways.len() > 1 {
        return None;
    }
    let (gateway, content) = cx.find::<Gateway>(Some(namespace), name)?;
    let pods = gateway_workloads(cx, content);
    match pods.as_slice() {
        [] if is_default_gateway(content) => Some(Client {
            namespace: ROOT,
            account: "istio-ingressgateway-service-account",
            gateway,
            workload: None,
        }),
        [] => None,
        [first, others @ ..] => {
            let who = |workload: &Workload<'a>| (workload.namespace(), workload.account().0);
            let (namespace, account) = who(first);
            let same = others.iter().all(|other| who(other) == (namespace, account));
            same.then_some(Client { namespace, account, gateway, workload: Some(first.object) })
        }
    }
}

fn judge(
    cx: &Context<'_>,
    policies: &Policies<'_>,
    object: &Object,
    service: &VirtualService,
    client: &Client<'_>,
    (index, route, at): (usize, &HTTPRoute, usize),
    out: &mut Findings<'_>,
) {
    let destination = &route.route[at].destination;
    let full = full_host(cx, &destination.host, namespace_of(object));
    let Some((name, namespace)) = service_name(cx, &full) else { return };
    let Some(target) = find_service(cx, namespace, name) else { return };
    let mut ports = target.ports().map(|(_, port)| port);
    let port = match &destination.port {
        Some(wanted) => ports.find(|port| u32::try_from(port.port) == Ok(wanted.number)),
        None => ports.next().filter(|_| target.ports().count() == 1),
    };
    let Some(port) = port else { return };
    let everything = [HTTPMatchRequest::default()];
    let matches = if route.match_.is_empty() { &everything[..] } else { &route.match_[..] };
    // All pods of the Service have to refuse: as long as one answers, requests get through.
    let mut found = None;
    for workload in target.workloads(cx) {
        let number = pod_port(workload, port);
        let refused = number.filter(|_| mesh_of_workload(cx, workload).is_some()).and_then(|number| {
            matches
                .iter()
                .map(|one| refusal(policies, workload, &sent(service, client, route, one, number)))
                .next_back()?
        });
        let all = number.is_some_and(|number| {
            matches
                .iter()
                .all(|one| refusal(policies, workload, &sent(service, client, route, one, number)).is_some())
        });
        let Some(refused) = refused.filter(|_| all) else { return };
        found = Some((workload, refused));
    }
    let Some((workload, (policy, how))) = found else { return };
    let message = format!(
        "{}: what comes through {} is refused by the AuthorizationPolicies of {}: {how} {}/{}",
        title(object),
        title(client.gateway),
        title(workload.object),
        client.namespace,
        client.account
    );
    let finding = out.add(object, &format!("spec.http[{index}].route[{at}].destination"), message);
    finding.related(policy, "spec", "this policy decides");
    match client.workload {
        Some(pods) => {
            finding.related(pods, "metadata.name", "the pods of the gateway");
        }
        None => {
            finding.severity(Severity::Warning);
        }
    }
    finding.help(format!(
        "allow `principals: [\"cluster.local/ns/{}/sa/{}\"]` with the paths and methods of this route, as they are behind a rewrite",
        client.namespace, client.account
    ));
}

/// What a route sends for one of its matches.
fn sent<'s>(
    service: &'s VirtualService,
    client: &Client<'s>,
    route: &'s HTTPRoute,
    one: &'s HTTPMatchRequest,
    port: i32,
) -> Sent<'s> {
    let rewrite = route.rewrite.as_ref();
    let path = match (&one.uri, rewrite) {
        (_, Some(rewrite)) if rewrite.uri_regex_rewrite.is_some() => Path::Any,
        (Some(uri), rewrite) => {
            let new = rewrite.and_then(|rewrite| rewrite.uri.clone());
            match (&uri.exact, &uri.prefix) {
                (Some(exact), _) if one.ignore_uri_case != Some(true) => {
                    Path::Exact(new.unwrap_or_else(|| exact.clone()))
                }
                (_, Some(prefix)) if one.ignore_uri_case != Some(true) => {
                    Path::Prefix(new.unwrap_or_else(|| prefix.clone()))
                }
                _ => Path::Any,
            }
        }
        (None, _) => Path::Any,
    };
    let authority = rewrite.and_then(|rewrite| rewrite.authority.as_ref());
    Sent {
        namespace: client.namespace,
        account: client.account,
        hosts: authority.map_or(&service.spec.hosts[..], std::slice::from_ref),
        port,
        method: one.method.as_ref().and_then(|method| method.exact.as_deref()),
        path,
    }
}

/// The policy that refuses a request at a workload, and how.
fn refusal<'a>(
    policies: &Policies<'a>,
    workload: &Workload<'_>,
    sent: &Sent<'_>,
) -> Option<(&'a Object, &'static str)> {
    let home = workload.namespace();
    let selects = |labels: &BTreeMap<String, String>| {
        labels.iter().all(|(key, value)| workload.labels().get(key) == Some(value))
    };
    let here = [home, ROOT].into_iter().take(if home == ROOT { 1 } else { 2 });
    let all: Vec<(&'a Object, &'a AuthorizationPolicy)> = here
        .flat_map(|namespace| policies.get(namespace).into_iter().flatten().copied())
        .filter(|(_, policy)| {
            policy.spec.selector.as_ref().is_none_or(|selector| selects(&selector.match_labels))
        })
        .collect();
    let of = |action: &'static str| {
        let has =
            move |policy: &AuthorizationPolicy| policy.spec.action.as_deref().unwrap_or("ALLOW") == action;
        all.iter().filter(move |(_, policy)| has(policy))
    };
    for (object, policy) in of("DENY") {
        if policy.spec.rules.iter().any(|rule| must_match(rule, sent, namespace_of(object))) {
            return Some((object, "a rule denies all that is sent by"));
        }
    }
    let first = of("ALLOW").next()?.0;
    let allowed = of("ALLOW").any(|(object, policy)| {
        // What could not be read may allow it.
        object.holds_fault("spec")
            || policy.spec.rules.iter().any(|rule| may_match(rule, sent, namespace_of(object)))
    });
    (!allowed).then_some((first, "no rule allows it for"))
}
