//! CN005: a mode of kube-proxy that is gone or going.
use netloom_objects::Severity;

use super::support::proxies;
use crate::{Context, Findings, Group, Rule, Version};

pub static RULE: Rule = Rule {
    code: "CN005",
    name: "proxy-mode",
    group: Group::Reliability,
    severity: Severity::Warning,
    finds: "`mode` of kube-proxy that the version of Kubernetes does not have, and `ipvs` from 1.35 on.",
    why: "Mode `userspace` was removed in 1.26; kube-proxy does not start with a mode that it does not know. \
            Mode `ipvs` is deprecated since 1.35 (KEP-5495); `nftables`, stable since 1.33, is meant to replace \
            it (KEP-3866).",
    wrong: "\
apiVersion: v1
kind: ConfigMap
metadata: {name: kube-proxy, namespace: kube-system}
data:
  config.conf: |
    apiVersion: kubeproxy.config.k8s.io/v1alpha1
    kind: KubeProxyConfiguration
    mode: ipvs
",
    right: "\
apiVersion: v1
kind: ConfigMap
metadata: {name: kube-proxy, namespace: kube-system}
data:
  config.conf: |
    apiVersion: kubeproxy.config.k8s.io/v1alpha1
    kind: KubeProxyConfiguration
    mode: nftables
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let version = cx.kube_version();
    for proxy in proxies(cx) {
        let mode = proxy.mode();
        let (severity, message, help) = match mode {
            "iptables" | "kernelspace" => continue,
            "nftables" if version >= Version::new(1, 29) => continue,
            "ipvs" if version < Version::new(1, 35) => continue,
            "ipvs" => (
                Severity::Warning,
                format!("mode `ipvs` of kube-proxy is deprecated in Kubernetes {version}"),
                "use `mode: nftables`; it needs Linux 5.13",
            ),
            "userspace" if version < Version::new(1, 26) => continue,
            _ => (
                Severity::Error,
                format!("kube-proxy of Kubernetes {version} has no mode `{mode}`, and does not start"),
                "use `iptables`, or `nftables` from 1.33 on",
            ),
        };
        let (at, end) = proxy.place("mode");
        out.add_at(at, end, Some(&proxy.object.reference), message).severity(severity).help(help);
    }
}
