//! DN005: an option that the resolver does not know, or cuts down.
use netloom_objects::Severity;

use crate::{Context, Findings, Fix, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "DN005",
    name: "resolver-option",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "An entry of `dnsConfig.options` with a name that resolv.conf(5) does not have, or with a value above \
            what the resolver takes (`ndots` 15, `timeout` 30, `attempts` 5) or none where it needs one.",
    why: "Kubernetes copies the options into resolv.conf and checks nothing. The resolver skips what it does not \
          know and silently lowers what is too high.",
    wrong: "\
apiVersion: v1
kind: Pod
metadata:
  name: orders
spec:
  dnsConfig:
    options:
      - name: ndot
        value: \"2\"
  containers: [{name: orders, image: \"registry.example/orders:3.1\"}]
",
    right: "\
apiVersion: v1
kind: Pod
metadata:
  name: orders
spec:
  dnsConfig:
    options:
      - name: ndots
        value: \"2\"
  containers: [{name: orders, image: \"registry.example/orders:3.1\"}]
",
    closed: false,
    check,
};

/// The options of resolv.conf(5), as glibc has them.
const OPTIONS: [&str; 17] = [
    "attempts",
    "debug",
    "edns0",
    "inet6",
    "ip6-bytestring",
    "ip6-dotint",
    "ndots",
    "no-aaaa",
    "no-check-names",
    "no-ip6-dotint",
    "no-reload",
    "no-tld-query",
    "rotate",
    "single-request",
    "single-request-reopen",
    "timeout",
    "trust-ad",
];

/// Options with a number, and the highest that counts.
const LIMITS: [(&str, u32); 3] = [("ndots", 15), ("timeout", 30), ("attempts", 5)];

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for workload in cx.workloads() {
        let options = workload.spec.dns_config.iter().flat_map(|config| config.options.iter().flatten());
        for (index, option) in options.enumerate() {
            let path = workload.path(&format!("spec.dnsConfig.options[{index}]"));
            let name = option.name.as_deref().unwrap_or_default();
            let value = option.value.as_deref().unwrap_or_default();
            if name.is_empty() || name == "use-vc" {
                continue;
            }
            let whose = title(workload.object);
            if !OPTIONS.contains(&name) {
                let near = OPTIONS.iter().min_by_key(|known| netloom_objects::edit_distance(known, name));
                let near = near.filter(|known| netloom_objects::edit_distance(known, name) <= 2);
                let message = format!("{whose}: the resolver has no option `{name}` and skips it");
                let path = format!("{path}.name");
                let finding = out.add(workload.object, &path, message);
                if let Some(near) = near {
                    let fix = Fix::proposed(format!("write `{near}`"));
                    finding.help(format!("did you mean `{near}`?")).fix(fix.set_text(
                        workload.object,
                        &path,
                        near,
                    ));
                }
                continue;
            }
            let Some((_, most)) = LIMITS.iter().find(|(limited, _)| *limited == name) else { continue };
            match value.parse::<u32>() {
                Ok(number) if number <= *most => {}
                Ok(number) => {
                    let message =
                        format!("{whose}: `{name}` is {number}, and the resolver takes {most} at most");
                    let path = format!("{path}.value");
                    out.add(workload.object, &path, message).help(format!("write \"{most}\" or less")).fix(
                        Fix::safe(format!("write \"{most}\", which is what counts")).set(
                            workload.object,
                            &path,
                            &format!("\"{most}\""),
                        ),
                    );
                }
                Err(_) => {
                    let message = match value {
                        "" => format!("{whose}: `{name}` needs a number, and has none"),
                        value => format!("{whose}: `{name}` needs a number, not \"{value}\""),
                    };
                    out.add(workload.object, &format!("{path}.value"), message).help("such as \"2\"");
                }
            }
        }
    }
}
