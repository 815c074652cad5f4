//! NP002: DNS is opened on UDP and not on TCP.
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use netloom_cluster::{Protocol, Rule as PolicyRule};
use netloom_objects::Severity;
use netloom_policy::Direction;

use super::support::{View, opens};
use crate::{Context, Findings, Fix, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP002",
    name: "dns-over-udp-only",
    group: Group::Reliability,
    severity: Severity::Warning,
    finds: "An egress rule that opens port 53 for DNS on UDP, while nothing opens it on TCP for the same pods.",
    why: "An answer that does not fit into a UDP datagram comes truncated, and the resolver asks again over \
          TCP (RFC 7766: every resolver must be able to). With TCP shut, exactly the names with many records \
          fail: headless Services of many pods, SRV and TXT records, DNSSEC.",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
    - to:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
          podSelector: {matchLabels: {k8s-app: kube-dns}}
      ports:
        - protocol: UDP
          port: 53
",
    right: "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
    - to:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
          podSelector: {matchLabels: {k8s-app: kube-dns}}
      ports:
        - protocol: UDP
          port: 53
        - protocol: TCP
          port: 53
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let index = cx.policy_index();
    for view in &index.policies {
        for rule in view.rules().iter().filter(|rule| rule.direction == Direction::Egress) {
            let udp = rule.ports.unwrap_or_default().iter().position(|port| {
                port.port == Some(IntOrString::Int(53)) && port.protocol.as_deref() == Some("UDP")
            });
            let Some(udp) = udp else { continue };
            if opens(rule.rule, Protocol::Tcp, 53) || opened_elsewhere(cx, view, rule.rule) {
                continue;
            }
            let path = format!("{}.ports[{udp}].protocol", rule.path());
            let message = format!("{} opens DNS on UDP only: answers that need TCP are lost", view.title());
            out.add(view.object, &path, message)
                .help("open port 53 with `protocol: TCP` too, beside this one")
                .fix(Fix::safe("open port 53 on TCP too").append_mapping(
                    view.object,
                    &format!("{}.ports", rule.path()),
                    &[("protocol", "TCP"), ("port", "53")],
                ));
        }
    }
}

/// Whether another rule opens TCP 53, to the same peers or to everyone, for all that the policy selects.
fn opened_elsewhere(cx: &Context<'_>, view: &View<'_>, rule: &PolicyRule) -> bool {
    let same = |other: &PolicyRule| match (&rule.peers, &other.peers) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(mine), Some(theirs)) => mine.iter().all(|m| theirs.iter().any(|t| t.peer == m.peer)),
    };
    let opens_it = |other: &View<'_>| {
        other.policy.egress.iter().flatten().any(|other| opens(other, Protocol::Tcp, 53) && same(other))
    };
    let index = cx.policy_index();
    opens_it(view)
        || (!view.subjects.is_empty()
            && view.subjects.iter().all(|group| index.views_on(*group).any(opens_it)))
        || index.views_for_all(view.namespace).any(opens_it)
}
