//! SV010: a range of every address among those that may connect.
use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule,
    rules::services::{balancers::is_everyone, support::services},
};

pub static RULE: Rule = Rule {
    code: "SV010",
    name: "open-source-range",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "`0.0.0.0/0` or `::/0` in the `loadBalancerSourceRanges` of a Service.",
    why: "A list of ranges is there to shut out everyone else, and this one lets everyone of its family in: the \
          other entries have no effect. Where that is meant, no list at all says so.",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: partners
spec:
  type: LoadBalancer
  selector: {app: partners}
  loadBalancerSourceRanges:
    - 198.51.100.0/24
    - 0.0.0.0/0
  ports:
    - {name: https, port: 443, targetPort: 8443}
",
    right: "\
apiVersion: v1
kind: Service
metadata:
  name: partners
spec:
  type: LoadBalancer
  selector: {app: partners}
  loadBalancerSourceRanges:
    - 198.51.100.0/24
  ports:
    - {name: https, port: 443, targetPort: 8443}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for service in services(cx).filter(|service| service.kind() == "LoadBalancer") {
        let ranges: Vec<&str> =
            service.spec.load_balancer_source_ranges.iter().flatten().map(|range| range.trim()).collect();
        // Every address of both families: that everyone may connect is said in full.
        let is_said = ranges.len() > 1 && ranges.iter().all(|range| is_everyone(range));
        for (index, range) in ranges.iter().enumerate() {
            if !is_everyone(range) || is_said {
                continue;
            }
            let family = if range.contains(':') { "IPv6" } else { "IPv4" };
            let others = match ranges.len() {
                1 => "the list restricts nobody",
                _ => "the other entries restrict nobody",
            };
            let message = format!("{}: {range} is every {family} address, so that {others}", service.title());
            let path = format!("spec.loadBalancerSourceRanges[{index}]");
            out.add(service.object, &path, message)
                .help("take it out; where everyone is meant, leave the whole list out");
        }
    }
}
