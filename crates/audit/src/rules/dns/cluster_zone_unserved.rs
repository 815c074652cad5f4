//! DN013: the cluster's DNS does not serve the cluster's zone.
use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule,
    rules::dns::corefile::{corefiles, is_cluster_dns, zone_of},
    words::title,
};

pub static RULE: Rule = Rule {
    code: "DN013",
    name: "cluster-zone-unserved",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "The Corefile of CoreDNS in kube-system without a `kubernetes` plugin for the cluster's zone.",
    why: "Names of Services are answered by this plugin and by nothing else. Without it, or with another zone in \
          it, they go to the upstream, and nothing in the cluster finds anything.",
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
        kubernetes cluster.lokal {
            pods verified
        }
        forward . /etc/resolv.conf
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
    }
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let zone = cx.snapshot().zone.to_ascii_lowercase();
    let under = |of: &str| of == "." || of == zone || zone.ends_with(&format!(".{of}"));
    for (object, file) in corefiles(cx).into_iter().filter(|(object, _)| is_cluster_dns(object)) {
        let broken = file.blocks.is_empty() || !file.faults.is_empty();
        if broken
            || file.blocks.iter().any(|b| b.imports() || b.keys.iter().any(|key| key.text.contains('{')))
        {
            continue;
        }
        let plugins = || {
            file.blocks
                .iter()
                .flat_map(|b| b.plugins.iter().filter(|p| p.name.text == "kubernetes").map(move |p| (b, p)))
        };
        // Without zones of its own the plugin takes those of its block.
        let served = plugins().any(|(block, plugin)| match plugin.args.is_empty() {
            true => block.zones().any(|(_, of, _)| under(&of)),
            false => plugin.args.iter().any(|arg| under(&zone_of(&arg.text).0)),
        });
        if served {
            continue;
        }
        let place = plugins().next().map(|(_, plugin)| plugin.args.first().unwrap_or(&plugin.name));
        let place = place.or_else(|| file.blocks.first().and_then(|block| block.keys.first()));
        let Some(word) = place else { continue };
        let message = format!("{}: nothing here answers for {zone}, the cluster's zone", title(object));
        out.add_at(word.at.clone(), word.end(), Some(&object.reference), message)
            .help(format!("write `kubernetes {zone} in-addr.arpa ip6.arpa`; if the cluster has another zone, say so with --zone"));
    }
}
