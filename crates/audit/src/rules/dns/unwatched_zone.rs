//! DN012: a zone of its own without metrics or errors, or with a single upstream.
use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule,
    rules::dns::corefile::{Block, corefiles},
    words::{list_of, title},
};

pub static RULE: Rule = Rule {
    code: "DN012",
    name: "unwatched-zone",
    group: Group::Reliability,
    severity: Severity::Info,
    finds: "A server block for a zone of its own that lacks `prometheus` or `errors` although the main block has \
            them, or that forwards to a single server.",
    why: "Plugins count per server block. Queries for this zone are in no metric and their failures in no log, so \
          that the one upstream that it hangs on can be down without a trace.",
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
        prometheus :9153
        forward . /etc/resolv.conf
        cache 30
    }
    acme.example:53 {
        errors
        cache 30
        forward . 10.40.0.53
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
        let Some(main) = file.blocks.iter().find(|b| is_root(b)) else { continue };
        for block in file.blocks.iter().filter(|b| !is_root(b) && !b.is_snippet() && !b.imports()) {
            let missing: Vec<&str> = ["prometheus", "errors"]
                .into_iter()
                .filter(|name| main.plugin(name).is_some() && block.plugin(name).is_none())
                .collect();
            let single = block.plugin("forward").filter(|forward| {
                // Behind the address of a Service there may be many.
                matches!(forward.args.as_slice(), [_, upstream] if !upstream.text.starts_with('/')
                    && !upstream.text.parse().is_ok_and(|ip| cx.snapshot().plan.service_cidrs.contains(ip)))
            });
            let mut faults = Vec::new();
            if !missing.is_empty() {
                let quoted: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
                faults.push(format!("has no {}, unlike the main block", list_of(&quoted)));
            }
            if let Some(upstream) = single.and_then(|forward| forward.args.last()) {
                faults.push(format!("hangs on one upstream, {}", upstream.text));
            }
            let Some(key) = block.keys.first().filter(|_| !faults.is_empty()) else { continue };
            let message =
                format!("{}: the server block of {} {}", title(object), key.text, faults.join(", and "));
            let help = match (missing.first(), single) {
                (Some(_), Some(_)) => "write the plugins here too, and a second upstream",
                (Some(_), None) => "write the plugins here too: each server block has its own",
                _ => "name a second upstream: `forward` goes on to it when the first fails",
            };
            out.add_at(key.at.clone(), key.end(), Some(&object.reference), message).help(help);
        }
    }
}

fn is_root(block: &Block) -> bool {
    block.zones().any(|(_, zone, _)| zone == ".")
}
