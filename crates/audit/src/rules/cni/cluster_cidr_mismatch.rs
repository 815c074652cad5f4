//! CN004: kube-proxy takes pods for strangers.
use netloom_objects::Severity;

use super::support::{embedded_ranges, pools, proxies};
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "CN004",
    name: "cluster-cidr-mismatch",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A pool of Calico outside of the `clusterCIDR` of kube-proxy.",
    why: "kube-proxy takes whatever comes from outside of `clusterCIDR` for outside traffic and masquerades \
            what goes to Services: the backends see the address of a node in place of that of the pod, and \
            policies on pods judge the wrong one (KubeProxyConfiguration, `clusterCIDR`; `detectLocalMode: \
            ClusterCIDR`).",
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
---
apiVersion: v1
kind: ConfigMap
metadata: {name: kube-proxy, namespace: kube-system}
data:
  config.conf: |
    apiVersion: kubeproxy.config.k8s.io/v1alpha1
    kind: KubeProxyConfiguration
    clusterCIDR: 10.245.0.0/16
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
---
apiVersion: v1
kind: ConfigMap
metadata: {name: kube-proxy, namespace: kube-system}
data:
  config.conf: |
    apiVersion: kubeproxy.config.k8s.io/v1alpha1
    kind: KubeProxyConfiguration
    clusterCIDR: 10.244.0.0/16
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let pools = pools(cx);
    for proxy in proxies(cx) {
        let local = proxy.yaml.text("detectLocalMode").filter(|mode| !mode.is_empty());
        if local.is_some_and(|mode| mode != "ClusterCIDR") {
            continue;
        }
        let known = embedded_ranges(proxy.object, &proxy.yaml, "clusterCIDR", "clusterCIDR");
        let strange = pools.iter().filter(|pool| !pool.disabled).find(|pool| {
            let net = &pool.range.net;
            let is_v4 = net.addr().is_ipv4();
            let mut same = known.iter().filter(|range| range.net.addr().is_ipv4() == is_v4).peekable();
            same.peek().is_some() && !same.any(|range| range.net.contains(net))
        });
        let (Some(pool), Some(range)) = (strange, known.first()) else { continue };
        let message = format!(
            "kube-proxy takes pods of {} ({}) for outside traffic: its clusterCIDR is {}",
            pool.range.net, pool.range.what, range.net
        );
        let finding = out.add_at(range.at.clone(), range.end, Some(&proxy.object.reference), message);
        finding.help("set `clusterCIDR` to the range of all pools, or leave it out");
        finding.related.push((pool.range.at.clone(), "the pool".to_owned()));
    }
}
