//! NP014: egress to all addresses, private ones and the metadata service included.
use ipnet::IpNet;
use netloom_cluster::{Peer, Protocol};
use netloom_objects::Severity;
use netloom_policy::Direction;

use super::support::opens;
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP014",
    name: "internet-egress-reaches-inside",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "An egress `ipBlock` of all addresses that does not except the private ranges, or not the metadata \
          service of the cloud (169.254.169.254) where port 80 is open.",
    why: "`0.0.0.0/0` is written for the internet and covers the pods, the nodes and the company's network as \
          well, so the policy no longer separates anything inside. Whoever takes over the pod reads the node's \
          credentials from the metadata service (MITRE ATT&CK T1552.005). Only information where single ports \
          other than 80 are open.",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: payments, namespace: shop}
spec:
  podSelector: {matchLabels: {app: payments}}
  policyTypes: [Egress]
  egress:
    - to:
        - ipBlock:
            cidr: 0.0.0.0/0
      ports:
        - port: 443
",
    right: "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: payments, namespace: shop}
spec:
  podSelector: {matchLabels: {app: payments}}
  policyTypes: [Egress]
  egress:
    - to:
        - ipBlock:
            cidr: 0.0.0.0/0
            except: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 169.254.0.0/16]
      ports:
        - port: 443
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for view in &cx.policy_index().policies {
        for rule in view.rules().iter().filter(|rule| rule.direction == Direction::Egress) {
            for (number, peer) in rule.rule.peers.iter().flatten().enumerate() {
                let Peer::Block(net, except) = &peer.peer else { continue };
                if net.prefix_len() != 0 {
                    continue;
                }
                let metadata = opens(rule.rule, Protocol::Tcp, 80);
                let open: Vec<&str> = INSIDE
                    .iter()
                    .filter(|(inside, is_metadata)| {
                        let inside: Option<IpNet> = inside.parse().ok();
                        let inside =
                            inside.filter(|inside| net.contains(inside) && (metadata || !is_metadata));
                        inside.is_some_and(|inside| !except.iter().any(|e| e.contains(&inside)))
                    })
                    .map(|(inside, _)| *inside)
                    .collect();
                if open.is_empty() {
                    continue;
                }
                let path = format!("{}[{number}].ipBlock.cidr", rule.peers_path());
                let message =
                    format!("{} lets {net} through, which holds {} too", view.title(), open.join(", "));
                let finding = out.add(view.object, &path, message);
                finding.help(format!(
                    "add `except: [{}]`, or name the networks that are meant",
                    open.join(", ")
                ));
                if !metadata {
                    finding.severity(Severity::Info);
                }
            }
        }
    }
}

/// What is not the internet (RFC 1918, RFC 4193), and the metadata service.
const INSIDE: [(&str, bool); 5] = [
    ("10.0.0.0/8", false),
    ("172.16.0.0/12", false),
    ("192.168.0.0/16", false),
    ("169.254.169.254/32", true),
    ("fc00::/7", false),
];
