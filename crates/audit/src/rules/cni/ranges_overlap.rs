//! CN003: pods, Services and nodes share addresses.
use std::net::IpAddr;

use k8s_openapi::api::core::v1::Node;
use netloom_objects::{Severity, calico::Installation};

use super::support::{Range, embedded, embedded_ranges, overlap, pools, proxies, range_at};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "CN003",
    name: "ranges-overlap",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A range of pods (Calico's pools, `clusterCIDR` of kube-proxy, `podSubnet` of kubeadm, `Network` of \
            flannel) that overlaps a range of Services (`serviceSubnet`, `serviceCIDRs`, ServiceCIDR objects, \
            the configured ranges of the cluster) or holds an address of a node.",
    why: "An address then means two things: traffic to a Service may go to a pod of the same address, and a \
            node whose address is in the pods' range is not reached from them (Kubernetes: \"Cluster Networking\", \
            the ranges must not overlap).",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: ServiceCIDR
metadata: {name: kubernetes}
spec:
  cidrs: [10.244.0.0/20]
---
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
    right: "\
apiVersion: networking.k8s.io/v1
kind: ServiceCIDR
metadata: {name: kubernetes}
spec:
  cidrs: [10.96.0.0/16]
---
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
    let pods = pod_ranges(cx);
    let services = service_ranges(cx);
    for range in &pods {
        if let Some(other) = services.iter().find(|other| overlap(&other.net, &range.net)) {
            let message = format!(
                "{}: {} overlaps {}, which is for Services ({})",
                range.what, range.net, other.net, other.what
            );
            let finding = out.add_at(range.at.clone(), range.end, Some(&range.object.reference), message);
            finding.help("take ranges for pods and for Services that have no address in common");
            finding.related.push((other.at.clone(), "the range of Services".to_owned()));
            continue;
        }
        let settings = &cx.settings.cluster;
        let known = settings.service_cidrs.iter().map(|net| (net, "Services"));
        let mut known = known.chain(settings.node_cidrs.iter().map(|net| (net, "nodes")));
        if let Some((net, whose)) = known.find(|(net, _)| overlap(net, &range.net)) {
            let message =
                format!("{}: {} overlaps {net}, the configured range of {whose}", range.what, range.net);
            out.add_at(range.at.clone(), range.end, Some(&range.object.reference), message)
                .help("take a range that nothing else in the network has");
        }
    }
    for (object, node) in cx.all::<Node>() {
        let addresses = node.status.iter().flat_map(|status| status.addresses.iter().flatten());
        let address = addresses
            .filter(|address| address.type_ == "InternalIP")
            .find_map(|address| address.address.parse::<IpAddr>().ok());
        let Some(address) = address else { continue };
        if let Some(range) = pods.iter().find(|range| range.net.contains(&address)) {
            let message = format!(
                "{} has address {address}, which is in {} of {}",
                title(object),
                range.net,
                range.what
            );
            let finding = out.add(object, "status.addresses", message);
            finding.help("take a range for pods that the nodes are not in");
            finding.related.push((range.at.clone(), "the range of pods".to_owned()));
        }
    }
}

fn pod_ranges<'a>(cx: &Context<'a>) -> Vec<Range<'a>> {
    let mut found: Vec<Range<'a>> = pools(cx).into_iter().map(|pool| pool.range).collect();
    for proxy in proxies(cx) {
        found.extend(embedded_ranges(
            proxy.object,
            &proxy.yaml,
            "clusterCIDR",
            "`clusterCIDR` of kube-proxy",
        ));
    }
    for (object, yaml) in embedded(cx, "ClusterConfiguration") {
        found.extend(embedded_ranges(object, &yaml, "networking.podSubnet", "`podSubnet` of kubeadm"));
    }
    for object in cx.all_of("", "ConfigMap") {
        let path = "data.net-conf\\.json";
        if let Some(yaml) = object.text(path).and_then(|_| object.embedded(path)) {
            found.extend(embedded_ranges(object, &yaml, "Network", "`Network` of flannel"));
            found.extend(embedded_ranges(object, &yaml, "IPv6Network", "`IPv6Network` of flannel"));
        }
    }
    found
}

fn service_ranges<'a>(cx: &Context<'a>) -> Vec<Range<'a>> {
    let mut found = Vec::new();
    for (object, installation) in cx.all::<Installation>() {
        for (at, text) in installation.spec.service_cidrs.iter().enumerate() {
            found.extend(range_at(object, &format!("spec.serviceCIDRs[{at}]"), text, title(object)));
        }
    }
    for (object, yaml) in embedded(cx, "ClusterConfiguration") {
        found.extend(embedded_ranges(
            object,
            &yaml,
            "networking.serviceSubnet",
            "`serviceSubnet` of kubeadm",
        ));
    }
    for object in cx.all_of("networking.k8s.io", "ServiceCIDR") {
        for at in 0..object.count("spec.cidrs") {
            let path = format!("spec.cidrs[{at}]");
            found.extend(object.text(&path).and_then(|text| range_at(object, &path, text, title(object))));
        }
    }
    found
}
