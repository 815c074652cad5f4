//! NP033: an exception that another peer undoes.
use netloom_cluster::{Peer, PortRef};
use netloom_objects::Severity;

use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP033",
    name: "exception-undone",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "An `except` whose addresses another peer of the same policy opens again, on at least the same ports.",
    why: "`except` takes addresses out of its own `ipBlock` only. Peers and rules add up, so what one excepts \
          another may allow.",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
    - to:
        - ipBlock:
            cidr: 198.51.100.0/24
            except:
              - 198.51.100.64/26
        - ipBlock:
            cidr: 198.51.100.0/25
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
        - ipBlock:
            cidr: 198.51.100.0/24
            except:
              - 198.51.100.64/26
        - ipBlock:
            cidr: 198.51.100.0/26
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for view in &cx.policy_index().policies {
        let rules = view.rules();
        for rule in &rules {
            for (number, peer) in rule.rule.peers.iter().flatten().enumerate() {
                let Peer::Block(_, except) = &peer.peer else { continue };
                for (exception, net) in except.iter().enumerate() {
                    let wider = rules.iter().filter(|other| {
                        other.direction == rule.direction && covers_ports(&other.rule.ports, &rule.rule.ports)
                    });
                    let undone =
                        wider.flat_map(|r| r.rule.peers.iter().flatten().enumerate().map(move |p| (r, p)));
                    let undone = undone.filter(|(_, (_, p))| !std::ptr::eq(*p, peer)).find(|(_, (_, p))| {
                        matches!(&p.peer, Peer::Block(block, but) if block.contains(net)
                            && !but.iter().any(|b| b.contains(net) || net.contains(b)))
                    });
                    let Some((by, (at, _))) = undone else { continue };
                    let path = format!("{}[{number}].ipBlock.except[{exception}]", rule.peers_path());
                    let message =
                        format!("{} excepts {net} here, and opens it again elsewhere", view.title());
                    out.add(view.object, &path, message)
                        .related(
                            view.object,
                            &format!("{}[{at}].ipBlock.cidr", by.peers_path()),
                            "this opens it",
                        )
                        .help("make the same exception there, or leave it out here");
                }
            }
        }
    }
}

fn covers_ports(wide: &Option<Vec<PortRef>>, narrow: &Option<Vec<PortRef>>) -> bool {
    match (wide, narrow) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(wide), Some(narrow)) => narrow.iter().all(|n| wide.iter().any(|w| w.port == n.port)),
    }
}
