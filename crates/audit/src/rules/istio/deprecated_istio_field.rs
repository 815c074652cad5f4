//! IS011: fields of Istio's kinds that are deprecated.
use netloom_objects::{
    Severity,
    istio::{DestinationRule, Gateway, VirtualService},
};

use super::support::{parts, title};
use crate::{Context, Findings, Fix, Group, Rule, Version};

pub static RULE: Rule = Rule {
    code: "IS011",
    name: "deprecated-istio-field",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A field that Istio has deprecated for another one, as of the version that is targeted.",
    why: "Istio warns when it is applied, and drops such fields in later versions: the setting is then no longer made, \
          without an error (Istio's references of DestinationRule and VirtualService, each at its field).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: cart, namespace: shop}
spec:
  host: cart
  trafficPolicy:
    outlierDetection:
      consecutiveErrors: 7
",
    right: "\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: cart, namespace: shop}
spec:
  host: cart
  trafficPolicy:
    outlierDetection:
      consecutive5xxErrors: 7
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let version = cx.istio_version();
    let mut found = Vec::new();
    for (object, rule) in cx.all::<DestinationRule>() {
        for part in parts(&rule.spec) {
            let errors = part.outlier_detection.is_some_and(|o| o.consecutive_errors.is_some());
            let ring = part
                .load_balancer
                .and_then(|lb| lb.consistent_hash.as_ref())
                .is_some_and(|hash| hash.minimum_ring_size.is_some());
            let warmup = part.load_balancer.is_some_and(|lb| lb.warmup_duration_secs.is_some());
            let path = &part.path;
            if errors {
                let field = format!("{path}.outlierDetection.consecutiveErrors");
                found.push((
                    object,
                    field,
                    "write `consecutive5xxErrors`, or `consecutiveGatewayErrors` for 502, 503 and 504 only",
                ));
            }
            if ring {
                let field = format!("{path}.loadBalancer.consistentHash.minimumRingSize");
                found.push((object, field, "write `ringHash: {minimumRingSize: …}`"));
            }
            if warmup && version >= Version::new(1, 25) {
                let field = format!("{path}.loadBalancer.warmupDurationSecs");
                found.push((object, field, "write `warmup: {duration: …}`"));
            }
        }
    }
    for (object, service) in cx.all::<VirtualService>() {
        for (index, route) in service.spec.http.iter().enumerate() {
            let path = format!("spec.http[{index}]");
            if route.mirror_percent.is_some() {
                found.push((object, format!("{path}.mirrorPercent"), "write `mirrorPercentage: {value: …}`"));
            }
            if route.mirror_percent_snake.is_some() {
                found.push((
                    object,
                    format!("{path}.mirror_percent"),
                    "write `mirrorPercentage: {value: …}`",
                ));
            }
            if route
                .fault
                .as_ref()
                .and_then(|f| f.delay.as_ref())
                .is_some_and(|delay| delay.percent.is_some())
            {
                found.push((object, format!("{path}.fault.delay.percent"), "write `percentage: {value: …}`"));
            }
            if route.cors_policy.as_ref().is_some_and(|cors| !cors.allow_origin.is_empty()) {
                found.push((
                    object,
                    format!("{path}.corsPolicy.allowOrigin"),
                    "write `allowOrigins`, each with `exact`, `prefix` or `regex`",
                ));
            }
        }
    }
    for (object, gateway) in cx.all::<Gateway>() {
        for (index, server) in gateway.spec.servers.iter().enumerate() {
            if server.port.target_port.is_some() {
                found.push((
                    object,
                    format!("spec.servers[{index}].port.targetPort"),
                    "remove it: the gateway's Service says which port the pods listen on",
                ));
            }
        }
    }
    for (object, field, help) in found {
        let name = field.rsplit('.').next().unwrap_or(&field).to_owned();
        let finding = out.add(object, &field, format!("{}: `{name}` is deprecated", title(object)));
        finding.help(help);
        if name == "consecutiveErrors" {
            let fix = Fix::proposed("rename it to `consecutive5xxErrors`");
            finding.fix(fix.rename(object, &field, "consecutive5xxErrors"));
        }
    }
}
