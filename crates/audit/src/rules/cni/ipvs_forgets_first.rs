//! CN017: IPVS forgets connections that conntrack still knows.
use netloom_objects::Severity;

use super::support::{Proxy, proxies};
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "CN017",
    name: "ipvs-forgets-first",
    group: Group::Reliability,
    severity: Severity::Warning,
    finds: "A timeout of IPVS in kube-proxy's configuration that is shorter than conntrack's for the same \
            connections: `ipvs.tcpTimeout` below `conntrack.tcpEstablishedTimeout` (24 hours where unset), \
            `ipvs.udpTimeout` below `conntrack.udpStreamTimeout` where both are set.",
    why: "A connection that is idle for longer than IPVS remembers it is sent nowhere: the next packet is answered \
            with a reset, or lost, while both ends believe in it. Keep-alives of TCP begin after two hours where a \
            program does not say otherwise; pools of database connections are what breaks (ipvsadm(8), `--set`; \
            KubeProxyIPVSConfiguration).",
    wrong: "\
apiVersion: v1
kind: ConfigMap
metadata: {name: kube-proxy, namespace: kube-system}
data:
  config.conf: |
    apiVersion: kubeproxy.config.k8s.io/v1alpha1
    kind: KubeProxyConfiguration
    mode: ipvs
    ipvs:
      strictARP: true
      tcpTimeout: 900s
    clientConnection: {kubeconfig: /var/lib/kube-proxy/kubeconfig.conf}
",
    right: "\
apiVersion: v1
kind: ConfigMap
metadata: {name: kube-proxy, namespace: kube-system}
data:
  config.conf: |
    apiVersion: kubeproxy.config.k8s.io/v1alpha1
    kind: KubeProxyConfiguration
    mode: ipvs
    ipvs:
      strictARP: true
      tcpTimeout: 24h
    clientConnection: {kubeconfig: /var/lib/kube-proxy/kubeconfig.conf}
",
    closed: false,
    check,
};

/// What kube-proxy sets for established connections where nothing is written.
const ESTABLISHED: u64 = 24 * 3600;

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for proxy in proxies(cx).iter().filter(|proxy| proxy.mode() == "ipvs") {
        let seconds = |path: &str| proxy.yaml.text(path).and_then(seconds).filter(|seconds| *seconds > 0);
        let tracked = |path: &str| proxy.yaml.text(path).and_then(self::seconds);
        let pairs = [
            ("TCP", "ipvs.tcpTimeout", "conntrack.tcpEstablishedTimeout", Some(ESTABLISHED)),
            ("UDP", "ipvs.udpTimeout", "conntrack.udpStreamTimeout", None),
        ];
        for (protocol, ours, theirs, default) in pairs {
            let known = tracked(theirs).filter(|seconds| *seconds > 0).or(default);
            let (Some(ours_is), Some(known)) = (seconds(ours), known) else { continue };
            if ours_is < known {
                report(proxy, protocol, (ours, ours_is), (theirs, known), out);
            }
        }
    }
}

fn report(
    proxy: &Proxy<'_>,
    protocol: &str,
    (path, ours): (&str, u64),
    (theirs, known): (&str, u64),
    out: &mut Findings<'_>,
) {
    let message = format!(
        "IPVS forgets {protocol} connections after {} without a packet, while conntrack keeps them for {} (`{theirs}`): \
         what is idle for longer breaks",
        words(ours),
        words(known)
    );
    let (at, end) = proxy.place(path);
    out.add_at(at, end, Some(&proxy.object.reference), message).help(format!(
        "raise `{path}` to {}, or have the programs keep their connections alive more often than every {}",
        words(known),
        words(ours)
    ));
}

/// A duration of Go in whole seconds.
fn seconds(text: &str) -> Option<u64> {
    let (mut rest, mut total) = (text.trim(), 0.0);
    if rest == "0" {
        return Some(0);
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').filter(|digits| *digits > 0)?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let units =
            [("ms", 1e-3), ("us", 1e-6), ("µs", 1e-6), ("ns", 1e-9), ("h", 3600.0), ("m", 60.0), ("s", 1.0)];
        let (unit, factor) = units.into_iter().find(|(unit, _)| rest.starts_with(unit))?;
        rest = &rest[unit.len()..];
        total += number * factor;
    }
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is bounded, and not negative"
    )]
    (!text.trim().is_empty() && total < 1e15).then_some(total as u64)
}

fn words(seconds: u64) -> String {
    match seconds {
        hours if hours % 3600 == 0 => format!("{}h", hours / 3600),
        minutes if minutes % 60 == 0 => format!("{}m", minutes / 60),
        seconds => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_go() {
        for (text, found) in [
            ("900s", Some(900)),
            ("24h0m0s", Some(86_400)),
            ("1.5h", Some(5400)),
            ("0s", Some(0)),
            ("0", Some(0)),
            ("", None),
            ("ten", None),
            ("10", None),
        ] {
            assert_eq!(seconds(text), found, "{text}");
        }
        assert_eq!((words(900), words(86_400), words(61)), ("15m".into(), "24h".into(), "61s".into()));
    }
}
