//! SV020: a CNAME to a Service of the cluster that does not exist, or back to itself.
use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule,
    rules::services::support::{find_service, services},
    standing::has_service,
};

pub static RULE: Rule = Rule {
    code: "SV020",
    name: "external-name-dangling",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "An `externalName` in the cluster's own zone that names a Service which does not exist, or leads in a \
            circle. The first is judged only where the Services of that namespace are known to be complete.",
    why: "The CNAME resolves to NXDOMAIN: whoever uses this Service does not learn that another one was renamed.",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: cache
  namespace: shop
spec:
  type: ExternalName
  externalName: redis.data.svc.cluster.local
---
apiVersion: v1
kind: Service
metadata:
  name: redis-primary
  namespace: data
spec:
  selector: {app: redis}
  ports:
    - {name: redis, port: 6379}
",
    right: "\
apiVersion: v1
kind: Service
metadata:
  name: cache
  namespace: shop
spec:
  type: ExternalName
  externalName: redis-primary.data.svc.cluster.local
---
apiVersion: v1
kind: Service
metadata:
  name: redis-primary
  namespace: data
spec:
  selector: {app: redis}
  ports:
    - {name: redis, port: 6379}
",
    closed: true,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for service in services(cx).filter(|service| service.is_external_name()) {
        let Some((name, namespace)) = service.spec.external_name.as_deref().and_then(|n| inside(cx, n))
        else {
            continue;
        };
        let start = (&*service.object.name, service.namespace);
        let Some(first) = find_service(cx, namespace, name) else {
            if cx.is_closed("Service", Some(namespace)) && !has_service(cx, namespace, name) {
                let message =
                    format!("{} leads to Service {namespace}/{name}, which does not exist", service.title());
                let near = services(cx)
                    .filter(|s| s.namespace == namespace)
                    .map(|s| &*s.object.name)
                    .min_by_key(|other| netloom_objects::edit_distance(other, name));
                let finding = out.add(service.object, "spec.externalName", message);
                if let Some(near) = near {
                    finding.help(format!("namespace {namespace} has Service {near}"));
                }
            }
            continue;
        };
        // A chain of CNAMEs has an end, or comes back to where it began.
        let mut at = first;
        for _ in 0..16 {
            if (&*at.object.name, at.namespace) == start {
                let message =
                    format!("{} leads in a circle: its CNAME comes back to itself", service.title());
                out.add(service.object, "spec.externalName", message)
                    .help("name the Service that has the pods");
                break;
            }
            let next = at.spec.external_name.as_deref().filter(|_| at.is_external_name());
            let Some(next) = next.and_then(|n| inside(cx, n)).and_then(|(n, ns)| find_service(cx, ns, n))
            else {
                break;
            };
            at = next;
        }
    }
}

/// Name and namespace of the Service that a name of the cluster's zone is about.
fn inside<'n>(cx: &Context<'_>, name: &'n str) -> Option<(&'n str, &'n str)> {
    let rest = name.trim_end_matches('.').strip_suffix(&*cx.snapshot().zone)?.strip_suffix(".svc.")?;
    let (name, namespace) = rest.split_once('.')?;
    (!namespace.contains('.')).then_some((name, namespace))
}
