//! CN010: an encapsulation that cannot work.
use k8s_openapi::api::core::v1::Node;
use netloom_objects::{
    Severity,
    calico::{IPPool, Installation},
};

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "CN010",
    name: "pool-encapsulation",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "An IPPool with both `ipipMode` and `vxlanMode`; a pool of an Installation with IPIP where `bgp` is \
            disabled; and IPIP on Azure.",
    why: "Calico refuses a pool with both, and the operator one with IPIP and without BGP, which carries its \
            routes (Calico: \"IP pool\"; tigera-operator, validation of the Installation). Azure's network drops \
            IPIP packets (Calico: \"Overlay networking\").",
    wrong: "\
apiVersion: crd.projectcalico.org/v1
kind: IPPool
metadata: {name: blue}
spec:
  cidr: 10.250.0.0/16
  natOutgoing: true
  ipipMode: Always
  vxlanMode: Always
",
    right: "\
apiVersion: crd.projectcalico.org/v1
kind: IPPool
metadata: {name: blue}
spec:
  cidr: 10.250.0.0/16
  natOutgoing: true
  vxlanMode: Always
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let azure = || {
        let mut nodes = cx.all::<Node>();
        nodes.any(|(_, node)| {
            let id = node.spec.as_ref().and_then(|spec| spec.provider_id.as_deref());
            id.is_some_and(|id| id.starts_with("azure://"))
        })
    };
    let on = |mode: &Option<String>| mode.as_deref().is_some_and(|mode| mode != "Never" && !mode.is_empty());
    for (object, pool) in cx.all::<IPPool>() {
        let who = title(object);
        if on(&pool.spec.ipip_mode) && on(&pool.spec.vxlan_mode) {
            out.add(object, "spec.ipipMode", format!("{who}: a pool has IPIP or VXLAN, not both"))
                .help("set one of them to `Never`, or leave it out")
                .related(object, "spec.vxlanMode", "VXLAN");
        } else if on(&pool.spec.ipip_mode) && azure() {
            out.add(object, "spec.ipipMode", format!("{who}: the network of Azure drops IPIP"))
                .help("use `vxlanMode`");
        }
    }
    for (object, installation) in cx.all::<Installation>() {
        let Some(network) = &installation.spec.calico_network else { continue };
        for (index, pool) in network.ip_pools.iter().enumerate() {
            let Some(mode) = pool.encapsulation.as_deref().filter(|mode| mode.starts_with("IPIP")) else {
                continue;
            };
            let path = format!("spec.calicoNetwork.ipPools[{index}].encapsulation");
            if network.bgp.as_deref() == Some("Disabled") {
                let message =
                    format!("{}: {mode} needs BGP for its routes, and BGP is disabled", title(object));
                out.add(object, &path, message).help("use `VXLAN`, or enable BGP").related(
                    object,
                    "spec.calicoNetwork.bgp",
                    "disabled here",
                );
            } else if installation.spec.kubernetes_provider.as_deref() == Some("AKS") || azure() {
                out.add(object, &path, format!("{}: the network of Azure drops IPIP", title(object)))
                    .help("use `VXLAN`");
            }
        }
    }
}
