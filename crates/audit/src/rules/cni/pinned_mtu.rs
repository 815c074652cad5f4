//! CN001: the MTU of pods is fixed by hand.
use netloom_objects::{Severity, calico::Installation};

use crate::{Context, Findings, Fix, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "CN001",
    name: "pinned-mtu",
    group: Group::Performance,
    severity: Severity::Info,
    finds: "`mtu` in `calicoNetwork` of an Installation.",
    why: "Calico finds the MTU of the nodes' interfaces and takes off what its encapsulation needs (20 bytes \
            for IPIP, 50 for VXLAN, 60 for WireGuard). A fixed number is wasteful where it is too small, and \
            loses packets where it is too large or the nodes change (Calico: \"Configure MTU to maximize network \
            performance\").",
    wrong: "\
apiVersion: operator.tigera.io/v1
kind: Installation
metadata: {name: default}
spec:
  calicoNetwork:
    ipPools:
      - cidr: 10.244.0.0/16
        encapsulation: VXLANCrossSubnet
        natOutgoing: Enabled
        nodeSelector: all()
    mtu: 1440
",
    right: "\
apiVersion: operator.tigera.io/v1
kind: Installation
metadata: {name: default}
spec:
  calicoNetwork:
    ipPools:
      - cidr: 10.244.0.0/16
        encapsulation: VXLANCrossSubnet
        natOutgoing: Enabled
        nodeSelector: all()
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    const PATH: &str = "spec.calicoNetwork.mtu";
    for (object, installation) in cx.all::<Installation>() {
        let Some(network) = &installation.spec.calico_network else { continue };
        let Some(mtu) = network.mtu.filter(|mtu| *mtu != 0) else { continue };
        let overhead =
            network.ip_pools.iter().map(|pool| match pool.encapsulation.as_deref().unwrap_or("IPIP") {
                "VXLAN" | "VXLANCrossSubnet" => 50,
                "IPIP" | "IPIPCrossSubnet" => 20,
                _ => 0,
            });
        let mut help = "leave it out: the operator finds the MTU of the nodes".to_owned();
        if let Some(most) = overhead.max() {
            help.push_str(&format!("; with this encapsulation it is {} where theirs is 1500", 1500 - most));
        }
        out.add(object, PATH, format!("{}: the MTU of pods is fixed at {mtu}", title(object)))
            .help(help)
            .fix(Fix::proposed("remove `mtu`").remove(object, PATH));
    }
}
