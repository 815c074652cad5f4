//! DN019: a zone that is asked upstream every time.
use netloom_objects::Severity;

use crate::{Context, Findings, Group, Rule, rules::dns::corefile::corefiles, words::title};

pub static RULE: Rule = Rule {
    code: "DN019",
    name: "uncached-zone",
    group: Group::Performance,
    severity: Severity::Warning,
    finds: "A server block that forwards queries and has no `cache`, in a Corefile in which another block has one.",
    why: "Plugins count per server block: every query for this zone goes upstream and waits for it, and a second of an \
          upstream that is down is a second in which the names do not resolve.",
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
        prometheus :9153
        forward . /etc/resolv.conf
        cache 30
    }
    acme.example:53 {
        errors
        prometheus :9153
        forward . 10.40.0.53 10.41.0.53
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
    acme.example:53 {
        errors
        prometheus :9153
        cache 30
        forward . 10.40.0.53 10.41.0.53
    }
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, file) in corefiles(cx) {
        if file.blocks.iter().all(|block| block.plugin("cache").is_none()) {
            continue;
        }
        for block in file.blocks.iter().filter(|block| !block.is_snippet() && !block.imports()) {
            let (Some(forward), None, Some(key)) =
                (block.plugin("forward"), block.plugin("cache"), block.keys.first())
            else {
                continue;
            };
            let message = format!("{}: the server block of {} keeps no answers", title(object), key.text);
            let finding = out.add_at(key.at.clone(), key.end(), Some(&object.reference), message);
            finding.help("add `cache 30` to the block");
            finding.related.push((forward.name.at.clone(), "every query goes there".to_owned()));
        }
    }
}
