//! WL017: a pod that sees the node's processes without a sign that it needs them.
use netloom_objects::{Severity, Typed};

use crate::{
    Context, Findings, Group, Rule, Workload, rules::workloads::support::all_containers, words::title,
};

pub static RULE: Rule = Rule {
    code: "WL017",
    name: "host-processes",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "`hostPID` or `hostIPC` on a pod none of whose containers looks at the node's processes: none enters \
            namespaces (`nsenter`), mounts `/proc` or `/` of the node, or traces. Info for DaemonSets, which are \
            agents more often than not.",
    why: "With the node's processes in sight, a container that runs as root reads their environment and memory, \
          the secrets of other pods among them, and can end them. For settings of the network `hostNetwork` is \
          enough.",
    wrong: "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: reports
spec:
  selector: {matchLabels: {app: reports}}
  template:
    metadata: {labels: {app: reports}}
    spec:
      hostPID: true
      containers: [{name: reports, image: \"registry.example/reports:2.8\"}]
",
    right: "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: reports
spec:
  selector: {matchLabels: {app: reports}}
  template:
    metadata: {labels: {app: reports}}
    spec:
      containers: [{name: reports, image: \"registry.example/reports:2.8\"}]
",
    closed: false,
    check,
};

/// Words in commands and images of what looks at processes.
const USES: [&str; 9] =
    ["nsenter", "/proc", "exporter", "falco", "trac", "profil", "debug", "inspektor", "agent"];

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for workload in cx.workloads() {
        let spec = workload.spec;
        for (field, value) in [("hostPID", spec.host_pid), ("hostIPC", spec.host_ipc)] {
            if value != Some(true) || uses(workload) {
                continue;
            }
            let message = format!(
                "{} sees the node's {} (`{field}`), and nothing in it shows what for",
                title(workload.object),
                if field == "hostPID" { "processes" } else { "shared memory" }
            );
            let finding = out.add(workload.object, &workload.path(&format!("spec.{field}")), message);
            finding.help(match spec.host_network {
                Some(true) => {
                    format!("leave `{field}` out: settings of the node's network need `hostNetwork` only")
                }
                _ => format!("leave `{field}` out"),
            });
            if matches!(workload.object.typed, Typed::DaemonSet(_)) {
                finding.severity(Severity::Info);
            }
        }
    }
}

fn uses(workload: &Workload<'_>) -> bool {
    let mounts = workload.spec.volumes.iter().flatten().filter_map(|volume| volume.host_path.as_ref());
    if mounts.map(|mount| mount.path.as_str()).any(|path| path == "/" || path.starts_with("/proc")) {
        return true;
    }
    all_containers(workload).into_iter().any(|(_, container)| {
        let traces = container
            .security_context
            .as_ref()
            .and_then(|context| context.capabilities.as_ref())
            .is_some_and(|caps| {
                caps.add
                    .iter()
                    .flatten()
                    .any(|name| matches!(name.as_str(), "SYS_PTRACE" | "BPF" | "PERFMON"))
            });
        let words = container.command.iter().flatten().chain(container.args.iter().flatten());
        let mut words = words.chain(&container.image).chain([&container.name]);
        traces || words.any(|word| USES.iter().any(|used| word.contains(used)))
    })
}
