//! DN007: a Corefile that CoreDNS cannot read.
use netloom_objects::Severity;

use crate::{Context, Findings, Group, Rule, rules::dns::corefile::corefiles, words::title};

pub static RULE: Rule = Rule {
    code: "DN007",
    name: "corefile-syntax",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "Braces in a Corefile that open or close nothing, and words outside of every server block.",
    why: "CoreDNS does not start with such a file. One that runs keeps its old configuration when the `reload` \
          plugin finds the new one broken, until its pod is replaced: weeks later, all names of the cluster are \
          gone at once.",
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
        kubernetes cluster.local {
            pods verified
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
        kubernetes cluster.local {
            pods verified
        }
        forward . /etc/resolv.conf
        cache 30
    }
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, file) in corefiles(cx) {
        for (word, why) in &file.faults {
            let message = format!("{}: CoreDNS cannot read this Corefile: {why}", title(object));
            out.add_at(word.at.clone(), word.end(), Some(&object.reference), message)
                .help("let each `{` at the end of a line have its `}` on a line of its own");
        }
    }
}
