//! CN007: a table of connections out of proportion.
use netloom_objects::Severity;

use super::support::proxies;
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "CN007",
    name: "conntrack-size",
    group: Group::Reliability,
    severity: Severity::Warning,
    finds: "`conntrack.maxPerCore` of kube-proxy of eight times the default or more, and one so small that `min` \
            is all that is left of it.",
    why: "The default is 32768 entries a core and at least 131072. Each entry takes about 320 bytes of the \
            kernel's memory that cannot be swapped and that no limit of a pod counts, and a table that is full \
            drops new connections on the whole node (KubeProxyConntrackConfiguration; Linux, \
            nf_conntrack-sysctl).",
    wrong: "\
apiVersion: v1
kind: ConfigMap
metadata: {name: kube-proxy, namespace: kube-system}
data:
  config.conf: |
    apiVersion: kubeproxy.config.k8s.io/v1alpha1
    kind: KubeProxyConfiguration
    conntrack:
      maxPerCore: 524288
      min: 131072
",
    right: "\
apiVersion: v1
kind: ConfigMap
metadata: {name: kube-proxy, namespace: kube-system}
data:
  config.conf: |
    apiVersion: kubeproxy.config.k8s.io/v1alpha1
    kind: KubeProxyConfiguration
    conntrack:
      maxPerCore: 65536
      min: 131072
",
    closed: false,
    check,
};

const DEFAULT: u64 = 32_768;
const PATH: &str = "conntrack.maxPerCore";

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for proxy in proxies(cx) {
        let number = |path: &str| proxy.yaml.text(path).and_then(|text| text.parse::<u64>().ok());
        // Nought leaves the system's own limit.
        let Some(most) = number(PATH).filter(|most| *most > 0) else { continue };
        let (at, end) = proxy.place(PATH);
        if most >= 8 * DEFAULT {
            let megabytes = most.saturating_mul(320) / 1_000_000;
            let message = format!(
                "{most} connections a core are {} times the default; full, the table takes {megabytes} MB a core",
                most / DEFAULT
            );
            out.add_at(at, end, Some(&proxy.object.reference), message)
                .help("begin with 32768 and raise it by what `nf_conntrack_count` of your busiest node says");
        } else if most < 1024 && number("conntrack.min").is_none_or(|min| min < 4096) {
            let message =
                format!("{most} connections a core are soon used up, and then new ones are dropped");
            out.add_at(at, end, Some(&proxy.object.reference), message)
                .help("leave it out: the default is 32768");
        }
    }
}
