//! DN017: nothing measures the cluster's DNS.
use netloom_objects::Severity;

use crate::{Context, Findings, Group, Rule, rules::dns::corefile::corefiles, words::title};

pub static RULE: Rule = Rule {
    code: "DN017",
    name: "dns-not-measured",
    group: Group::Reliability,
    severity: Severity::Info,
    finds: "A Corefile that serves the cluster's zone without the plugin `prometheus`.",
    why: "How long answers take, how often they fail and how well the cache works is then known to nobody, and slow \
          DNS looks like a slow application. The plugin gives `coredns_dns_request_duration_seconds` and its kin.",
    wrong: "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: coredns
  namespace: kube-system
data:
  Corefile: |
    .:53 {
        errors
        kubernetes cluster.local
        forward . /etc/resolv.conf
        cache 30
    }
",
    right: "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: coredns
  namespace: kube-system
data:
  Corefile: |
    .:53 {
        errors
        kubernetes cluster.local
        prometheus :9153
        forward . /etc/resolv.conf
        cache 30
    }
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, file) in corefiles(cx).into_iter().filter(|(_, file)| file.faults.is_empty()) {
        if file.blocks.iter().any(|block| block.imports() || block.plugin("prometheus").is_some()) {
            continue;
        }
        let main = file.blocks.iter().find(|block| block.plugin("kubernetes").is_some());
        let Some(key) = main.and_then(|main| main.keys.first()) else { continue };
        let message =
            format!("{}: no server block has `prometheus`, so nothing measures the DNS", title(object));
        out.add_at(key.at.clone(), key.end(), Some(&object.reference), message)
            .help("add `prometheus :9153` to each server block");
    }
}
