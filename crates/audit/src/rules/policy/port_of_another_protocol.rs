//! NP010: a port that the destination has for another protocol.
use netloom_objects::Severity;

use super::support::{group_words, opens, plain_port, targets};
use crate::{Context, Findings, Fix, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP010",
    name: "port-of-another-protocol",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A rule that opens a port for one protocol, while the destination's containers declare that number \
          for another only. Without `protocol` a port is a TCP port.",
    why: "`port: 53` alone opens TCP 53 and leaves DNS shut; the same happens with syslog, SIP, QUIC and every \
          other protocol over UDP or SCTP.",
    wrong: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: syslog, namespace: shop}
spec:
  selector: {matchLabels: {app: syslog}}
  template:
    metadata: {labels: {app: syslog}}
    spec: {containers: [{name: syslog, image: \"syslog:1\", ports: [{containerPort: 5514, protocol: UDP}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: syslog, namespace: shop}
spec:
  podSelector: {matchLabels: {app: syslog}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {matchLabels: {app: web}}
      ports:
        - port: 5514
",
    right: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: syslog, namespace: shop}
spec:
  selector: {matchLabels: {app: syslog}}
  template:
    metadata: {labels: {app: syslog}}
    spec: {containers: [{name: syslog, image: \"syslog:1\", ports: [{containerPort: 5514, protocol: UDP}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: syslog, namespace: shop}
spec:
  podSelector: {matchLabels: {app: syslog}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {matchLabels: {app: web}}
      ports:
        - port: 5514
          protocol: UDP
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for view in &cx.policy_index().policies {
        for rule in view.rules() {
            let groups = targets(cx, view, &rule);
            for (number, written) in rule.ports.unwrap_or_default().iter().enumerate() {
                let Some((protocol, port)) = plain_port(written) else { continue };
                let mut declared = groups.iter().flat_map(|g| g.ports.iter().map(move |p| (g, p)));
                let mut same = declared.clone().filter(|(_, p)| p.2 == port);
                let Some((group, (_, other, _))) = same.next() else { continue };
                if declared.any(|(_, p)| p.2 == port && p.1 == protocol) || opens(rule.rule, *other, port) {
                    continue;
                }
                let said = if written.protocol.is_some() { "" } else { ", as it names no protocol" };
                let path = format!("{}.ports[{number}].protocol", rule.path());
                let path = if written.protocol.is_some() {
                    path
                } else {
                    format!("{}.ports[{number}].port", rule.path())
                };
                let message = format!(
                    "{} opens {protocol} {port}{said}; in {} it is {other} {port}",
                    view.title(),
                    group_words(cx, group)
                );
                let finding = out.add(view.object, &path, message);
                finding.help(format!("write `protocol: {other}`"));
                if same.all(|(_, port)| port.1 == *other) {
                    let fix = Fix::safe(format!("write `protocol: {other}`"));
                    let port = format!("{}.ports[{number}]", rule.path());
                    finding.fix(match written.protocol {
                        Some(_) => fix.set(view.object, &path, other.name()),
                        None => fix.insert_last(view.object, &port, "protocol", other.name()),
                    });
                }
            }
        }
    }
}
