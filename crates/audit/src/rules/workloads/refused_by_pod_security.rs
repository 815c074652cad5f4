//! WL014: a pod that its namespace's Pod Security Standard refuses.
use k8s_openapi::api::core::v1::Namespace;
use netloom_objects::{Object, Severity};

use crate::{
    Context, Findings, Group, Rule,
    rules::workloads::support::all_containers,
    words::{entry, title},
};

pub static RULE: Rule = Rule {
    code: "WL014",
    name: "refused-by-pod-security",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A workload that asks for what the level forbids that its namespace enforces: the node's namespaces and \
            ports, privileges, capabilities (NET_ADMIN, NET_RAW, …), sysctls.",
    why: "The label `pod-security.kubernetes.io/enforce` makes the API server refuse such pods. A Deployment is \
          accepted, and its ReplicaSet then makes no pod: the reason stands only in its events. See \"Pod Security \
          Standards\".",
    wrong: "\
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels:
    pod-security.kubernetes.io/enforce: restricted
---
apiVersion: v1
kind: Pod
metadata:
  name: trace
  namespace: shop
spec:
  containers:
    - name: trace
      image: registry.example/trace:2.0
      securityContext:
        capabilities:
          add: [NET_RAW]
",
    right: "\
apiVersion: v1
kind: Namespace
metadata:
  name: debug
  labels:
    pod-security.kubernetes.io/enforce: privileged
---
apiVersion: v1
kind: Pod
metadata:
  name: trace
  namespace: debug
spec:
  containers:
    - name: trace
      image: registry.example/trace:2.0
      securityContext:
        capabilities:
          add: [NET_RAW]
",
    closed: false,
    check,
};

const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

/// What `baseline` lets containers add.
const BASELINE: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// What `baseline` lets pods set.
const SYSCTLS: [&str; 10] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_syncookies",
];

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for workload in cx.workloads() {
        let Some((namespace, _)) = cx.find::<Namespace>(None, workload.namespace()) else { continue };
        let Some(level) = namespace.labels().get(ENFORCE).map(String::as_str) else { continue };
        if matches!(level, "baseline" | "restricted") {
            judge(workload, namespace, level == "restricted", out);
        }
    }
}

fn judge(workload: &crate::Workload<'_>, namespace: &Object, restricted: bool, out: &mut Findings<'_>) {
    let spec = workload.spec;
    let level = if restricted { "restricted" } else { "baseline" };
    let mut refuse = |path: &str, what: String| {
        let message = format!(
            "{} asks for {what}, and namespace {} enforces `{level}`: its pods are refused",
            title(workload.object),
            namespace.name
        );
        out.add(workload.object, path, message)
            .help("take it away, or run this in a namespace of its own with a level that allows it")
            .related(namespace, &entry("metadata.labels", ENFORCE), "enforced here");
    };
    let host = [("hostNetwork", spec.host_network), ("hostPID", spec.host_pid), ("hostIPC", spec.host_ipc)];
    for (field, _) in host.iter().filter(|(_, value)| *value == Some(true)) {
        refuse(&workload.path(&format!("spec.{field}")), format!("`{field}`"));
    }
    let sysctls = spec.security_context.iter().flat_map(|context| context.sysctls.iter().flatten());
    for (index, sysctl) in sysctls.enumerate().filter(|(_, sysctl)| !SYSCTLS.contains(&sysctl.name.as_str()))
    {
        let path = workload.path(&format!("spec.securityContext.sysctls[{index}]"));
        refuse(&path, format!("the sysctl {}", sysctl.name));
    }
    for (path, container) in all_containers(workload) {
        for (index, port) in container.ports.iter().flatten().enumerate() {
            if let Some(port) = port.host_port.filter(|port| *port != 0) {
                refuse(&format!("{path}.ports[{index}].hostPort"), format!("port {port} of the node"));
            }
        }
        let Some(context) = &container.security_context else { continue };
        if context.privileged == Some(true) {
            refuse(&format!("{path}.securityContext.privileged"), "a privileged container".to_owned());
        }
        let added = context.capabilities.iter().flat_map(|c| c.add.iter().flatten());
        let forbidden: Vec<&str> = added
            .map(String::as_str)
            .filter(|name| match restricted {
                true => *name != "NET_BIND_SERVICE",
                false => !BASELINE.contains(name),
            })
            .collect();
        if !forbidden.is_empty() {
            let what = crate::words::list_of(&forbidden);
            let noun = if forbidden.len() == 1 { "capability" } else { "capabilities" };
            refuse(&format!("{path}.securityContext.capabilities.add"), format!("the {noun} {what}"));
        }
    }
}
