//! DN009: CoreDNS answers for pods that do not exist.
use netloom_objects::Severity;

use crate::{Context, Findings, Group, Rule, rules::dns::corefile::corefiles, words::title};

pub static RULE: Rule = Rule {
    code: "DN009",
    name: "forged-pod-names",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "`pods insecure` in the `kubernetes` plugin of a Corefile.",
    why: "A name such as `203-0-113-9.shop.pod.cluster.local` then resolves to 203.0.113.9, whoever has that \
          address and whether the namespace exists: with a wildcard certificate for the cluster's names, anyone \
          can pose as one of them. CoreDNS has the mode only for old clients of kube-dns.",
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
            pods insecure
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
    for (object, file) in corefiles(cx) {
        let plugins = file.blocks.iter().flat_map(|block| &block.plugins);
        for words in plugins.filter(|p| p.name.text == "kubernetes").flat_map(|plugin| &plugin.properties) {
            let [property, mode, ..] = words.as_slice() else { continue };
            if property.text != "pods" || mode.text != "insecure" {
                continue;
            }
            let message = format!(
                "{}: `pods insecure` answers for any address, whether a pod has it or not",
                title(object)
            );
            out.add_at(property.at.clone(), mode.end(), Some(&object.reference), message)
                .help("write `pods verified`, which answers for pods that exist (and watches them all), or leave it out, which answers for none");
        }
    }
}
