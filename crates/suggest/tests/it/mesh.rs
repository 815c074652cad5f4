//! Istio: what sidecars and the ambient mesh need, and what its gateways lead to.
use netloom_suggest::derive;

use crate::support::{Asked, lines, on_text, suggested};

fn set(namespace_labels: &str) -> String {
    format!(
        "\
{{apiVersion: v1, kind: Namespace, metadata: {{name: shop, labels: {{{namespace_labels}}}}}}}
---
{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: web, namespace: shop}}, spec: {{selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: c, image: 'i:1', ports: [{{containerPort: 8080}}]}}]}}}}}}}}
---
{{apiVersion: v1, kind: Service, metadata: {{name: web, namespace: shop}}, spec: {{selector: {{app: web}}, ports: [{{name: http, port: 80, targetPort: 8080}}]}}}}
---
{{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {{name: gw, namespace: shop}}, spec: {{selector: {{istio: ingressgateway}}, servers: [{{port: {{number: 80, name: http, protocol: HTTP}}, hosts: ['*']}}]}}}}
---
{{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {{name: web, namespace: shop}}, spec: {{hosts: [shop.example], gateways: [gw], http: [{{route: [{{destination: {{host: web}}}}]}}]}}}}
"
    )
}

fn needs(labels: &str) -> Vec<String> {
    on_text(&set(labels), |ground| {
        let (_, proof, report) = suggested(ground, &Asked { derive: true, ..Asked::default() });
        assert!(proof.unmet.is_empty(), "{report}");
        let all = lines(ground, &derive(ground));
        let without_reason = |line: String| line.split(": ").next().unwrap_or_default().to_owned();
        let mut lines: Vec<String> = all.into_iter().map(without_reason).collect();
        lines.sort();
        lines
    })
}

#[test]
fn the_mesh_has_needs_of_its_own() {
    let gateways = needs("");
    assert_eq!(gateways.len(), 2, "{gateways:?}");
    assert!(gateways.iter().all(|line| line.ends_with("-> shop/web on TCP 8080")), "{gateways:?}");
    let sidecars = needs("istio-injection: enabled");
    let more: Vec<&String> = sidecars.iter().filter(|line| !gateways.contains(line)).collect();
    assert!(
        matches!(&*more, [only] if only.contains("istiod") && only.starts_with("shop/web -> ") && only.ends_with("on TCP 15012")),
        "{more:?}"
    );
    let ambient = needs("istio.io/dataplane-mode: ambient");
    let more: Vec<&String> = ambient.iter().filter(|line| !gateways.contains(line)).collect();
    assert_eq!(more.len(), 2, "{more:?}");
    assert!(more.iter().all(|line| line.ends_with("-> shop/web on TCP 15008")), "{more:?}");
}
