//! DN014: the cluster's DNS does not answer its probes, or keeps no answers.
use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule,
    rules::dns::corefile::{corefiles, is_cluster_dns},
    words::{list_of, title},
};

pub static RULE: Rule = Rule {
    code: "DN014",
    name: "coredns-without-probes",
    group: Group::Reliability,
    severity: Severity::Warning,
    finds: "The Corefile of CoreDNS in kube-system without `health`, `ready` or (info) `cache`, `errors`, \
            `reload`.",
    why: "The Deployment's probes ask :8080/health and :8181/ready, which these plugins answer: without them the \
          pods are restarted or never become ready. Without `cache` every query goes upstream, without `errors` no \
          failure is logged, and without `reload` a change waits for the next restart.",
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
        health
        kubernetes cluster.local {
            pods verified
        }
        forward . /etc/resolv.conf
        cache 30
        reload
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
        health
        ready
        kubernetes cluster.local {
            pods verified
        }
        forward . /etc/resolv.conf
        cache 30
        reload
    }
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, file) in corefiles(cx).into_iter().filter(|(object, _)| is_cluster_dns(object)) {
        if !file.faults.is_empty() || file.blocks.iter().any(|block| block.imports()) {
            continue;
        }
        let Some(main) = file.blocks.iter().find(|b| b.plugin("kubernetes").is_some()) else { continue };
        let Some(key) = main.keys.first() else { continue };
        // One that answers for the whole process may stand in any block.
        let lacks = |name: &&str| file.blocks.iter().all(|block| block.plugin(name).is_none());
        let probes: Vec<&str> = ["health", "ready"].into_iter().filter(lacks).collect();
        let rest: Vec<&str> = ["cache", "errors", "reload"].into_iter().filter(lacks).collect();
        for (names, what, severity) in [
            (probes, "which the probes of its Deployment ask", Severity::Warning),
            (rest, "which a cluster's DNS should have", Severity::Info),
        ] {
            if names.is_empty() {
                continue;
            }
            let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            let message = format!("{}: the server block has no {}, {what}", title(object), list_of(&quoted));
            out.add_at(key.at.clone(), key.end(), Some(&object.reference), message)
                .help(format!("add {} to the block", list_of(&quoted)))
                .severity(severity);
        }
    }
}
