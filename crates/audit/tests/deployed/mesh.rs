//! Objects of Istio and what they are about, for tables.

pub const ROUTE: &str = "http: [{route: [{destination: {host: a}}]}]";

pub fn istio(kind: &str, namespace: &str, name: &str, spec: &str) -> String {
    let group = match kind {
        "PeerAuthentication" | "AuthorizationPolicy" | "RequestAuthentication" => "security.istio.io/v1",
        "Telemetry" => "telemetry.istio.io/v1",
        "WasmPlugin" => "extensions.istio.io/v1alpha1",
        "EnvoyFilter" => "networking.istio.io/v1alpha3",
        _ => "networking.istio.io/v1",
    };
    format!(
        "apiVersion: {group}\nkind: {kind}\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {spec}\n"
    )
}

pub fn gateway(namespace: &str, name: &str, selector: &str, host: &str) -> String {
    let spec = format!(
        "{{selector: {{{selector}}}, servers: [{{port: {{number: 80, name: http, protocol: HTTP}}, hosts: ['{host}']}}]}}"
    );
    istio("Gateway", namespace, name, &spec)
}

pub fn bound(namespace: &str, name: &str, host: &str, gateways: &str) -> String {
    istio("VirtualService", namespace, name, &format!("{{hosts: [{host}], gateways: [{gateways}], {ROUTE}}}"))
}

pub fn kube_gateway(listener: &str) -> String {
    format!(
        "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{name: gw, namespace: shop}}\nspec: {{gatewayClassName: istio, listeners: [{{name: http, port: 80, protocol: HTTP, {listener}}}]}}\n"
    )
}

pub fn namespace(name: &str, labels: &str) -> String {
    format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{{labels}}}}}\n")
}

pub fn service(namespace: &str, name: &str, ports: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {{selector: {{app: {name}}}, ports: [{ports}]}}\n"
    )
}

pub fn pod(namespace: &str, name: &str, labels: &str, more: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {namespace}, labels: {{app: {name}{labels}}}}}\nspec: {{{more}containers: [{{name: c, image: auto, ports: [{{containerPort: 8080}}]}}]}}\n"
    )
}
