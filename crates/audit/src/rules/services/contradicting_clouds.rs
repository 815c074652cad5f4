//! SV011: annotations for several clouds that say different things.
use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule,
    rules::services::{balancers, support::services},
    words::{entry, list_of},
};

pub static RULE: Rule = Rule {
    code: "SV011",
    name: "contradicting-clouds",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "A LoadBalancer Service with annotations for several clouds, which make it internal on some of them and \
            leave it on the internet on others.",
    why: "Each cloud reads its own annotations and ignores the rest. The same manifest is a private address in one \
          place and a public one in the other; copied together from examples, it is most often public where nobody \
          looks.",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: reports
  annotations:
    service.beta.kubernetes.io/aws-load-balancer-type: nlb
    service.beta.kubernetes.io/azure-load-balancer-internal: \"true\"
spec:
  type: LoadBalancer
  selector: {app: reports}
  ports:
    - {name: https, port: 443, targetPort: 8443}
",
    right: "\
apiVersion: v1
kind: Service
metadata:
  name: reports
  annotations:
    service.beta.kubernetes.io/aws-load-balancer-type: nlb
    service.beta.kubernetes.io/aws-load-balancer-scheme: internal
    service.beta.kubernetes.io/azure-load-balancer-internal: \"true\"
spec:
  type: LoadBalancer
  selector: {app: reports}
  ports:
    - {name: https, port: 443, targetPort: 8443}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for service in services(cx).filter(|service| service.kind() == "LoadBalancer") {
        let said = balancers::said(&service);
        let place = |key: &str| service.object.locate(&entry("metadata.annotations", key));
        let Some(last) = said.iter().filter(|said| said.internal).max_by_key(|said| place(said.key)) else {
            continue;
        };
        let mut internal: Vec<&str> = said.iter().filter(|s| s.internal).map(|s| s.cloud).collect();
        internal.dedup();
        let public: Vec<_> = said.iter().filter(|s| !internal.contains(&s.cloud)).collect();
        // The controller of AWS makes internal load balancers of this type by default.
        let is_internal_by_default = |key: &str| {
            key.ends_with("/aws-load-balancer-type")
                && service.object.annotations().get(key).is_some_and(|kind| kind == "external")
        };
        let Some(first) = public.first().filter(|_| !public.iter().any(|s| is_internal_by_default(s.key)))
        else {
            continue;
        };
        let mut clouds: Vec<&str> = public.iter().map(|s| s.cloud).collect();
        clouds.dedup();
        let message = format!(
            "{} is internal on {} and on the internet on {}: its annotations are for several clouds, and each \
             reads only its own",
            service.title(),
            list_of(&internal),
            list_of(&clouds)
        );
        out.add(service.object, &entry("metadata.annotations", last.key), message)
            .help("keep the annotations of the cloud that it runs on, or make it internal on all of them or on none")
            .related(service.object, &entry("metadata.annotations", first.key), format!("{} reads this", first.cloud));
    }
}
