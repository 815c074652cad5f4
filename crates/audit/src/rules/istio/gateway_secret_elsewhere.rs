//! IS036: a Gateway's Secret is not where the gateway's pods are.
use std::collections::{BTreeMap, BTreeSet, HashMap};

use k8s_openapi::api::core::v1::Secret;
use netloom_objects::{Object, Severity, cert_manager::Certificate, istio::Gateway};

use super::support::{ROOT, gateway_workloads, is_default_gateway};
use crate::{
    Context, Findings, Group, Rule,
    rules::tls::support::{shim_of, tls_entries},
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS036",
    name: "gateway-secret-elsewhere",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A `credentialName` for which the set has a Secret or Certificate, but in another namespace than the pods of the \
            gateway; in the closed world also one for which there is none.",
    why: "The gateway reads the Secret in the namespace of its own pods, wherever the Gateway object is. Without it the \
          server presents no certificate and the handshake is reset (Istio's reference of ServerTLSSettings, \
          `credentialName`; istioctl analyze, IST0101).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: shop, namespace: shop}
spec:
  selector: {istio: ingressgateway}
  servers:
    - port: {number: 443, name: https, protocol: HTTPS}
      hosts: [shop.example]
      tls: {mode: SIMPLE, credentialName: shop-tls}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: shop, namespace: shop}
spec:
  secretName: shop-tls
  dnsNames: [shop.example]
  issuerRef: {kind: ClusterIssuer, name: letsencrypt}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: gateway, namespace: edge}
spec:
  selector: {matchLabels: {istio: ingressgateway}}
  template:
    metadata: {labels: {istio: ingressgateway}}
    spec: {containers: [{name: istio-proxy, image: auto}]}
",
    right: "\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: shop, namespace: shop}
spec:
  selector: {istio: ingressgateway}
  servers:
    - port: {number: 443, name: https, protocol: HTTPS}
      hosts: [shop.example]
      tls: {mode: SIMPLE, credentialName: shop-tls}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: shop, namespace: edge}
spec:
  secretName: shop-tls
  dnsNames: [shop.example]
  issuerRef: {kind: ClusterIssuer, name: letsencrypt}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: gateway, namespace: edge}
spec:
  selector: {matchLabels: {istio: ingressgateway}}
  template:
    metadata: {labels: {istio: ingressgateway}}
    spec: {containers: [{name: istio-proxy, image: auto}]}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut sources: HashMap<&str, Vec<(&Object, String)>> = HashMap::new();
    for (object, _) in cx.all::<Secret>() {
        sources.entry(&object.name).or_default().push((object, "metadata.name".to_owned()));
    }
    for (object, certificate) in cx.all::<Certificate>() {
        sources
            .entry(&certificate.spec.secret_name)
            .or_default()
            .push((object, "spec.secretName".to_owned()));
    }
    for (group, kind) in [("bitnami.com", "SealedSecret"), ("external-secrets.io", "ExternalSecret")] {
        for object in cx.all_of(group, kind) {
            sources.entry(&object.name).or_default().push((object, "metadata.name".to_owned()));
        }
    }
    // cert-manager makes Secrets for Ingresses that ask for it.
    for (object, index, secret, _) in tls_entries(cx) {
        if shim_of(object).is_some() {
            sources.entry(secret).or_default().push((object, format!("spec.tls[{index}].secretName")));
        }
    }
    // Most Gateways share the pods of a few selectors.
    let mut places: HashMap<&BTreeMap<String, String>, BTreeSet<&str>> = HashMap::new();
    for (object, gateway) in cx.all::<Gateway>() {
        let pods = places.entry(&gateway.spec.selector).or_insert_with(|| {
            gateway_workloads(cx, gateway).iter().map(|workload| workload.namespace()).collect()
        });
        // Istio's own gateway is not in the set, and nearly always in the root namespace.
        let presumed = pods.is_empty() && is_default_gateway(gateway);
        let pods = if presumed { &BTreeSet::from([ROOT]) } else { &*pods };
        for (index, server) in gateway.spec.servers.iter().enumerate() {
            let Some(tls) = &server.tls else { continue };
            let path = format!("spec.servers[{index}].tls");
            let single = tls.credential_name.iter().map(|name| (format!("{path}.credentialName"), name));
            let several = tls.credential_names.iter().enumerate();
            let several = several.map(|(c, name)| (format!("{path}.credentialNames[{c}]"), name));
            for (path, name) in single.chain(several).filter(|(_, name)| !name.contains("://")) {
                let found = sources.get(&**name).map_or(&[][..], Vec::as_slice);
                for namespace in pods {
                    let here = found.iter().any(|(source, _)| namespace_of(source) == *namespace);
                    if here || (found.is_empty() && (presumed || !cx.is_closed("Secret", Some(namespace)))) {
                        continue;
                    }
                    let message = match found.first() {
                        Some((source, _)) => format!(
                            "{}: the pods of the gateway look for Secret `{name}` in {namespace}, but it is in {}",
                            title(object),
                            namespace_of(source)
                        ),
                        None => format!(
                            "{}: there is no Secret `{name}` in {namespace}, where the pods of the gateway are",
                            title(object)
                        ),
                    };
                    let finding = out.add(object, &path, message);
                    if let Some((source, field)) = found.first() {
                        finding.related(source, field, "the Secret comes from here");
                    }
                    if presumed {
                        finding.severity(Severity::Warning);
                    }
                    finding.help(format!(
                        "put the Secret, or the Certificate that makes it, into namespace {namespace}"
                    ));
                }
            }
        }
    }
}
