//! WL023: a kernel setting that the kubelet refuses unless it was told otherwise.
use netloom_objects::Severity;

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "WL023",
    name: "unsafe-sysctl",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A pod with a sysctl that is not in Kubernetes' safe set, or (error) one of the network on a pod with \
            `hostNetwork`.",
    why: "The kubelet lets a pod set only sysctls that cannot harm others. With any other the pod is scheduled and \
          then fails with SysctlForbidden, unless the node's kubelet has `allowedUnsafeSysctls` for it. Network \
          sysctls belong to a network namespace, and a pod on the node's has none of its own.",
    wrong: "\
apiVersion: v1
kind: Pod
metadata:
  name: proxy
spec:
  securityContext:
    sysctls:
      - {name: net.core.somaxconn, value: \"4096\"}
  containers: [{name: proxy, image: \"registry.example/proxy:1.9\"}]
",
    right: "\
apiVersion: v1
kind: Pod
metadata:
  name: proxy
spec:
  securityContext:
    sysctls:
      - {name: net.ipv4.ip_local_port_range, value: \"10240 65000\"}
  containers: [{name: proxy, image: \"registry.example/proxy:1.9\"}]
",
    closed: false,
    check,
};

/// Sysctls that the kubelet lets pods set by itself.
const SAFE: [&str; 12] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
];

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for workload in cx.workloads() {
        let sysctls =
            workload.spec.security_context.iter().flat_map(|context| context.sysctls.iter().flatten());
        for (index, sysctl) in sysctls.enumerate() {
            let name = sysctl.name.replace('/', ".");
            let path = workload.path(&format!("spec.securityContext.sysctls[{index}].name"));
            if workload.host_network() && name.starts_with("net.") {
                let message = format!(
                    "{}: {name} is a setting of the network, and the pod uses the node's (`hostNetwork`): it is refused",
                    title(workload.object)
                );
                out.add(workload.object, &path, message)
                    .help("set it on the node")
                    .related(workload.object, &workload.path("spec.hostNetwork"), "the node's network")
                    .severity(Severity::Error);
            } else if !SAFE.contains(&name.as_str()) {
                let message = format!(
                    "{}: {name} is not in the safe set: the pod fails with SysctlForbidden wherever the kubelet does not allow it",
                    title(workload.object)
                );
                out.add(workload.object, &path, message).help(format!(
                    "leave it out, or let the kubelets that run it have `allowedUnsafeSysctls: [{name}]`"
                ));
            }
        }
    }
}
