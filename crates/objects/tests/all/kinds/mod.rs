//! Good objects of every kind that checks read, and wrong fields in them.
use netloom_objects::{Cause, ObjectSet, Severity, Typed};
use std::sync::Arc;

use crate::{findings, parse};

const KUBERNETES: &str = include_str!("kubernetes.yaml");
const GATEWAY_API: &str = include_str!("gateway_api.yaml");
const ISTIO: &str = include_str!("istio.yaml");
const OPERATORS: &str = include_str!("operators.yaml");
const GROUPS: [&str; 4] = [KUBERNETES, GATEWAY_API, ISTIO, OPERATORS];

#[test]
fn good_objects_of_every_kind_are_read_without_findings() {
    for group in GROUPS {
        let parsed = parse(group);
        assert_eq!(findings(group), Vec::<String>::new());
        for object in &parsed.objects {
            assert!(!matches!(object.typed, Typed::Other(_)), "{}", object.reference);
            assert_eq!(object.metadata().name.as_deref(), Some(&*object.name));
        }
        let set = ObjectSet::assemble(vec![Arc::new(parsed)]);
        assert!(set.other_kinds().is_empty());
        assert_eq!(set.objects().count(), group.matches("\nkind: ").count());
    }
}

#[test]
fn a_field_that_no_schema_has_is_reported_wherever_it_stands() {
    // Below these anything may stand: labels and the like, and what is kept as it is written.
    let open =
        ["matchLabels", "labels", "annotations", "options", "selector: {", "subject", "params", "headers:"];
    let mut tried = 0;
    for group in GROUPS {
        for (number, line) in group.lines().enumerate() {
            let key = line.trim_start().trim_start_matches("- ").trim_end();
            let opens = key.ends_with(':') && !open.iter().any(|o| key.starts_with(o));
            let Some(next) = group.lines().nth(number + 1).filter(|_| opens && key != "metadata:") else {
                continue;
            };
            let item = if next.trim_start().starts_with("- ") { 2 } else { 0 };
            let indent = next.len() - next.trim_start().len() + item;
            let is_map = next
                .trim_start()
                .trim_start_matches("- ")
                .split_once(':')
                .is_some_and(|(k, _)| k.chars().all(|c| c.is_ascii_alphanumeric()));
            if !is_map || indent == 0 {
                continue;
            }
            let mut lines: Vec<String> = group.lines().map(str::to_owned).collect();
            if item == 2 {
                let dash = next.replacen("- ", "  ", 1);
                lines[number + 1] = format!("{}- noSuchField: 1", " ".repeat(indent - 2));
                lines.insert(number + 2, dash);
            } else {
                lines.insert(number + 1, format!("{}noSuchField: 1", " ".repeat(indent)));
            }
            tried += 1;
            let found = findings(&lines.join("\n"));
            let at = format!("{}:{} ", number + 2, indent + 1);
            assert!(
                found
                    .iter()
                    .any(|f| f.starts_with(&at) && f.contains("unknown field") && f.contains("noSuch")),
                "below line {}: {line}\n{found:?}",
                number + 1
            );
        }
    }
    assert!(tried > 80, "{tried}");
}

#[test]
fn values_of_a_wrong_type_are_reported_at_their_place() {
    let table = [
        (
            KUBERNETES,
            "maxReplicas: 10",
            "maxReplicas: ten",
            "`spec.maxReplicas` must be a whole number (32 bit)",
        ),
        (
            GATEWAY_API,
            "port: 443",
            "port: \"443\"",
            "`spec.listeners[1].port` must be a whole number (32 bit)",
        ),
        (ISTIO, "timeout: 5s", "timeout: 5", "`spec.http[0].timeout` must be text"),
        (OPERATORS, "bgp: Disabled", "bgp: off", "`spec.calicoNetwork.bgp` must be text"),
    ];
    for (group, good, bad, message) in table {
        let text = group.replacen(good, bad, 1);
        let line = 1 + group[..group.find(good).unwrap()].matches('\n').count();
        let parsed = parse(&text);
        let [only] = parsed.diagnostics.as_slice() else { panic!("{bad}: {:?}", parsed.diagnostics) };
        assert!(only.message.starts_with(message), "{}", only.message);
        assert_eq!((only.at.line as usize, only.severity), (line, Severity::Error));
    }
}

#[test]
fn kinds_of_one_name_are_told_apart_by_their_group() {
    let gateway =
        |group: &str| parse(&format!("apiVersion: {group}\nkind: Gateway\nmetadata: {{name: a}}\n"));
    let kind_of = |group: &str| gateway(group).objects[0].typed.clone();
    assert!(matches!(kind_of("gateway.networking.k8s.io/v1"), Typed::Gateway(_)));
    assert!(matches!(kind_of("networking.istio.io/v1alpha3"), Typed::IstioGateway(_)));
    assert!(matches!(kind_of("example.com/v1"), Typed::Other(_)));
}

#[test]
fn kinds_without_a_namespace_have_none() {
    let table = [
        ("gateway.networking.k8s.io/v1", "GatewayClass", None),
        ("networking.k8s.io/v1", "IngressClass", None),
        ("cert-manager.io/v1", "ClusterIssuer", None),
        ("operator.tigera.io/v1", "Installation", None),
        ("crd.projectcalico.org/v1", "IPPool", None),
        ("whereabouts.cni.cncf.io/v1alpha1", "IPPool", Some("default")),
        ("cert-manager.io/v1", "Issuer", Some("default")),
        ("networking.istio.io/v1", "Gateway", Some("default")),
        ("autoscaling/v2", "HorizontalPodAutoscaler", Some("default")),
    ];
    for (api_version, kind, namespace) in table {
        let parsed = parse(&format!("apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: a}}\n"));
        assert_eq!(parsed.objects[0].reference.namespace.as_deref(), namespace, "{api_version} {kind}");
    }
}

/// Each with a value that has another place in its successor.
#[test]
fn versions_that_kubernetes_serves_no_more_are_read_as_their_successors() {
    let table = [
        (
            "networking.k8s.io/v1beta1",
            "Ingress",
            "backend: {serviceName: web, servicePort: http}\n  rules: [{host: a.example, http: {paths: [{path: /, backend: {serviceName: api, servicePort: 80}}]}}]",
            "networking.k8s.io/v1",
            "defaultBackend: {service: {name: web, port: {name: http}}}\n  rules: [{host: a.example, http: {paths: [{path: /, pathType: ImplementationSpecific, backend: {service: {name: api, port: {number: 80}}}}]}}]",
        ),
        (
            "extensions/v1beta1",
            "Ingress",
            "backend: {serviceName: web, servicePort: 80}",
            "networking.k8s.io/v1",
            "defaultBackend: {service: {name: web, port: {number: 80}}}",
        ),
        (
            "policy/v1beta1",
            "PodDisruptionBudget",
            "minAvailable: 1\n  selector: {matchLabels: {app: a}}",
            "policy/v1",
            "minAvailable: 1\n  selector: {matchLabels: {app: a}}",
        ),
        (
            "autoscaling/v2beta1",
            "HorizontalPodAutoscaler",
            "scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}\n  maxReplicas: 3\n  metrics: [{type: Resource, resource: {name: cpu, targetAverageUtilization: 70}}, {type: Pods, pods: {metricName: rps, targetAverageValue: 10}}]",
            "autoscaling/v2",
            "scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}\n  maxReplicas: 3\n  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}, {type: Pods, pods: {metric: {name: rps}, target: {type: AverageValue, averageValue: 10}}}]",
        ),
        (
            "extensions/v1beta1",
            "NetworkPolicy",
            "podSelector: {matchLabels: {app: a}}",
            "networking.k8s.io/v1",
            "podSelector: {matchLabels: {app: a}}",
        ),
    ];
    for (old, kind, old_spec, new, new_spec) in table {
        let read = |api_version: &str, spec: &str| {
            parse(&format!(
                "apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: a}}\nspec:\n  {spec}\n"
            ))
        };
        let (before, after) = (read(old, old_spec), read(new, new_spec));
        let said: Vec<_> = before.diagnostics.iter().map(|d| (d.severity, d.cause)).collect();
        assert_eq!(said, [(Severity::Warning, Cause::FormerVersion)], "{old} {kind}");
        assert!(after.diagnostics.is_empty(), "{:?}", after.diagnostics);
        let [before, after] = [&before.objects[0], &after.objects[0]];
        assert_eq!(&*before.api_version, old);
        assert_eq!(before.group(), after.group(), "the same object, however it is written");
        assert_eq!(before.typed, after.typed, "{old} {kind}");
    }
    // Served still, in a shape of its own.
    let parsed = parse(
        "apiVersion: autoscaling/v1\nkind: HorizontalPodAutoscaler\nmetadata: {name: a}\nspec: {scaleTargetRef: {kind: Deployment, name: a}, maxReplicas: 3, targetCPUUtilizationPercentage: 60}\n",
    );
    assert!(parsed.diagnostics.is_empty());
    let Typed::HorizontalPodAutoscaler(scaler) = &parsed.objects[0].typed else { panic!("not typed") };
    let target = &scaler.spec.metrics.as_ref().unwrap()[0].resource.as_ref().unwrap().target;
    assert_eq!(target.average_utilization, Some(60));
}
