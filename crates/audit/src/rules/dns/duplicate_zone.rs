//! DN011: two server blocks for one zone and port.
use std::collections::HashMap;

use netloom_objects::Severity;

use crate::{Context, Findings, Group, Rule, rules::dns::corefile::corefiles, words::title};

pub static RULE: Rule = Rule {
    code: "DN011",
    name: "duplicate-zone",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A zone that two keys of a Corefile serve on the same port.",
    why: "CoreDNS refuses to start: \"cannot serve dns://.:53 - it is already defined\". Blocks that `bind` to \
          different addresses or choose by `view` are left alone.",
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
        forward . /etc/resolv.conf
    }
    acme.example {
        forward . 10.40.0.53 10.41.0.53
    }
    acme.example:53 {
        forward . 10.42.0.53
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
        forward . /etc/resolv.conf
    }
    acme.example {
        forward . 10.40.0.53 10.41.0.53 10.42.0.53
    }
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, file) in corefiles(cx) {
        let mut first = HashMap::new();
        for block in file.blocks.iter().filter(|block| !block.is_snippet()) {
            let told_apart = ["bind", "view"].iter().any(|name| block.plugin(name).is_some());
            if told_apart || block.imports() {
                continue;
            }
            for (key, zone, port) in block.zones() {
                let scheme = key.text.split_once("://").map_or("dns", |(scheme, _)| scheme);
                let Some(earlier) = first.insert((scheme, zone.clone(), port.clone()), key) else { continue };
                let message = format!(
                    "{}: zone {zone} is served twice on port {port}, and CoreDNS does not start",
                    title(object)
                );
                let finding = out.add_at(key.at.clone(), key.end(), Some(&object.reference), message);
                finding.help("make it one server block");
                finding.related.push((earlier.at.clone(), "first here".to_owned()));
            }
        }
    }
}
