//! SV024: a Service takes over addresses by `externalIPs`.
use netloom_objects::Severity;

use crate::{Context, Findings, Group, Rule, Version, rules::services::support::services, words::list_of};

pub static RULE: Rule = Rule {
    code: "SV024",
    name: "external-ips",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "A Service with `externalIPs`.",
    why: "kube-proxy sends what any pod or node addresses to these IPs to this Service, whoever they belong to. \
          Whoever may create Services can so take over traffic to any address (CVE-2020-8554), which is why \
          clusters disable the field by admission; Kubernetes 1.36 deprecates it (KEP-5707).",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: storefront
spec:
  selector: {app: storefront}
  externalIPs: [198.51.100.7]
  ports:
    - {name: https, port: 443, targetPort: 8443}
",
    right: "\
apiVersion: v1
kind: Service
metadata:
  name: storefront
spec:
  type: LoadBalancer
  selector: {app: storefront}
  ports:
    - {name: https, port: 443, targetPort: 8443}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let deprecated = match cx.kube_version() >= Version::new(1, 36) {
        true => "; the field is deprecated since Kubernetes 1.36",
        false => "",
    };
    for service in services(cx) {
        let Some(ips) = service.spec.external_ips.as_ref().filter(|ips| !ips.is_empty()) else { continue };
        let message = format!(
            "{} takes what the cluster sends to {}, whoever the address belongs to{deprecated}",
            service.title(),
            list_of(ips)
        );
        out.add(service.object, "spec.externalIPs", message)
            .help("use `type: LoadBalancer` with an implementation that owns the address (MetalLB, Cilium, the cloud), or a Gateway");
    }
}
