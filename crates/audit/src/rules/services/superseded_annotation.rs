//! SV036: an annotation of a Service that something else has taken the place of.
use netloom_objects::Severity;

use super::support::services;
use crate::{Context, Findings, Fix, Group, Rule, words::entry};

pub static RULE: Rule = Rule {
    code: "SV036",
    name: "superseded-annotation",
    group: Group::Style,
    severity: Severity::Warning,
    finds: "An annotation of a Service that the cloud's controller, MetalLB or Kubernetes has replaced: by another \
            annotation or by a field.",
    why: "It is read for now, by old controllers, or not at all any more: newer ones know the successor only, and \
            what the annotation asked for (an internal load balancer, say) is silently not there.",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
  annotations: {cloud.google.com/load-balancer-type: Internal}
spec:
  type: LoadBalancer
  selector: {app: web}
  ports: [{name: https, port: 443, targetPort: 8443}]
",
    right: "\
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
  annotations: {networking.gke.io/load-balancer-type: Internal}
spec:
  type: LoadBalancer
  selector: {app: web}
  ports: [{name: https, port: 443, targetPort: 8443}]
",
    closed: false,
    check,
};

/// What takes the place of an annotation.
enum Successor {
    /// Another key, with the same values.
    Key(&'static str),
    /// Something that has to be written otherwise.
    Other(&'static str),
}

use Successor::{Key, Other};

/// Annotations of load balancers and Services, and what takes their place.
const SUPERSEDED: [(&str, Successor); 15] = [
    (
        "service.beta.kubernetes.io/aws-load-balancer-internal",
        Other("`service.beta.kubernetes.io/aws-load-balancer-scheme: internal`"),
    ),
    (
        "service.beta.kubernetes.io/aws-load-balancer-access-log-enabled",
        Other("`access_logs.s3.enabled=…` in `service.beta.kubernetes.io/aws-load-balancer-attributes`"),
    ),
    (
        "service.beta.kubernetes.io/aws-load-balancer-access-log-s3-bucket-name",
        Other("`access_logs.s3.bucket=…` in `service.beta.kubernetes.io/aws-load-balancer-attributes`"),
    ),
    (
        "service.beta.kubernetes.io/aws-load-balancer-access-log-s3-bucket-prefix",
        Other("`access_logs.s3.prefix=…` in `service.beta.kubernetes.io/aws-load-balancer-attributes`"),
    ),
    (
        "service.beta.kubernetes.io/aws-load-balancer-cross-zone-load-balancing-enabled",
        Other(
            "`load_balancing.cross_zone.enabled=…` in `service.beta.kubernetes.io/aws-load-balancer-attributes`",
        ),
    ),
    ("cloud.google.com/load-balancer-type", Key("networking.gke.io/load-balancer-type")),
    ("beta.cloud.google.com/backend-config", Key("cloud.google.com/backend-config")),
    (
        "service.beta.kubernetes.io/azure-load-balancer-mixed-protocols",
        Other("nothing: ports of both protocols are supported by themselves"),
    ),
    ("service.beta.kubernetes.io/load-balancer-source-ranges", Other("`spec.loadBalancerSourceRanges`")),
    ("service.beta.kubernetes.io/external-traffic", Other("`spec.externalTrafficPolicy: Local`")),
    (
        "service.alpha.kubernetes.io/tolerate-unready-endpoints",
        Other("`spec.publishNotReadyAddresses: true`"),
    ),
    ("service.kubernetes.io/topology-aware-hints", Other("`spec.trafficDistribution: PreferSameZone`")),
    ("service.kubernetes.io/topology-mode", Other("`spec.trafficDistribution: PreferSameZone`")),
    ("metallb.universe.tf/address-pool", Key("metallb.io/address-pool")),
    ("metallb.universe.tf/loadBalancerIPs", Key("metallb.io/loadBalancerIPs")),
];

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for service in services(cx) {
        let annotations = service.object.annotations();
        for (key, successor) in &SUPERSEDED {
            if !annotations.contains_key(*key) {
                continue;
            }
            let instead = match successor {
                Key(new) => format!("`{new}`"),
                Other(what) => (*what).to_owned(),
            };
            let place = entry("metadata.annotations", key);
            let message = format!("{}: `{key}` is superseded by {instead}", service.title());
            let finding = out.add(service.object, &place, message);
            match successor {
                Key(new) if !annotations.contains_key(*new) => {
                    let fix = Fix::proposed(format!("write `{new}`"));
                    finding.fix(fix.rename(service.object, &place, new));
                }
                _ => {
                    finding.help(
                        "write the new form, and keep the old one only while an old controller reads it",
                    );
                }
            }
        }
        in_tree(&service, out);
    }
}

/// The Network Load Balancers that the controller inside of Kubernetes made.
fn in_tree(service: &super::support::Svc<'_>, out: &mut Findings<'_>) {
    const TYPE: &str = "service.beta.kubernetes.io/aws-load-balancer-type";
    let kind = service.object.annotations().get(TYPE).map(String::as_str);
    if service.spec.load_balancer_class.is_some() {
        return;
    }
    let Some(kind @ ("nlb" | "nlb-ip")) = kind else { return };
    let message = format!(
        "{}: `aws-load-balancer-type: {kind}` asks the controller for AWS that was part of Kubernetes, which gets no \
         new features and is superseded by the AWS Load Balancer Controller",
        service.title()
    );
    let target = if kind == "nlb-ip" { "ip" } else { "instance" };
    out.add(service.object, &entry("metadata.annotations", TYPE), message).severity(Severity::Info).help(format!(
        "write `loadBalancerClass: service.k8s.aws/nlb` with `aws-load-balancer-nlb-target-type: {target}`; the type of a \
         Service that runs cannot be changed, so make a new one beside it"
    ));
}
