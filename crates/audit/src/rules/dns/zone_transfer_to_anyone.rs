//! DN018: anyone may take the whole zone of the cluster.
use netloom_objects::Severity;

use crate::{Context, Findings, Group, Rule, rules::dns::corefile::corefiles, words::title};

pub static RULE: Rule = Rule {
    code: "DN018",
    name: "zone-transfer-to-anyone",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "The plugin `transfer` with `to *` in a server block that serves the cluster's zone.",
    why: "Whoever reaches the DNS, and that is every pod, gets the names of all Services and their pods of every \
          namespace with one query. The secondary servers that need the zone have addresses (coredns.io: transfer).",
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
        transfer {
            to *
        }
        prometheus :9153
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
        transfer {
            to 192.0.2.53
        }
        prometheus :9153
        forward . /etc/resolv.conf
        cache 30
    }
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, file) in corefiles(cx) {
        for block in file.blocks.iter().filter(|block| block.plugin("kubernetes").is_some()) {
            for plugin in block.plugins.iter().filter(|plugin| plugin.name.text == "transfer") {
                let mut to =
                    plugin.properties.iter().filter(|words| words.first().is_some_and(|w| w.text == "to"));
                let Some(anyone) = to.find_map(|words| words.iter().skip(1).find(|word| word.text == "*"))
                else {
                    continue;
                };
                let message = format!(
                    "{}: anyone who reaches the DNS may transfer the whole zone of the cluster",
                    title(object)
                );
                out.add_at(anyone.at.clone(), anyone.end(), Some(&object.reference), message)
                    .help("name the addresses of the secondary servers");
            }
        }
    }
}
