//! IS009: weights that do not say what was meant.
use netloom_objects::{Severity, istio::VirtualService};

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IS009",
    name: "lopsided-weights",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "Several destinations of a route of which one has no weight, none has one, or whose weights look like \
            percentages and do not add up to 100.",
    why: "Among several destinations, one without a weight has weight 0 and gets nothing, and a sum of 0 is refused. \
          Weights are shares of their sum (Istio's reference of HTTPRouteDestination): 90 and 20 are not 90 percent.",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cart, namespace: shop}
spec:
  hosts: [cart]
  http:
    - route:
        - destination: {host: cart}
          weight: 95
        - destination: {host: cart-next}
          weight: 10
",
    right: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cart, namespace: shop}
spec:
  hosts: [cart]
  http:
    - route:
        - destination: {host: cart}
          weight: 90
        - destination: {host: cart-next}
          weight: 10
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, service) in cx.all::<VirtualService>() {
        let http = service.spec.http.iter().map(|route| route.route.iter().map(|to| to.weight).collect());
        let tls = service.spec.tls.iter().map(|route| route.route.iter().map(|to| to.weight).collect());
        let tcp = service.spec.tcp.iter().map(|route| route.route.iter().map(|to| to.weight).collect());
        let lists = http.enumerate().map(|route| ("http", route));
        let lists = lists.chain(tls.enumerate().map(|route| ("tls", route)));
        for (list, (index, weights)) in lists.chain(tcp.enumerate().map(|route| ("tcp", route))) {
            let weights: Vec<Option<i32>> = weights;
            if weights.len() < 2 {
                continue;
            }
            let path = format!("spec.{list}[{index}].route");
            let sum: i64 = weights.iter().flatten().map(|weight| i64::from(*weight)).sum();
            let unset = weights.iter().position(Option::is_none);
            if sum == 0 {
                let message =
                    format!("{} has {} destinations whose weights add up to 0", title(object), weights.len());
                out.add(object, &path, message)
                    .severity(Severity::Error)
                    .help("give each destination a weight");
            } else if let Some(unset) = unset {
                let message = format!(
                    "a destination of {} has no weight beside others that have: it gets nothing",
                    title(object)
                );
                let finding = out.add(object, &format!("{path}[{unset}]"), message);
                finding.help("give it a weight; `weight: 0` says that nothing is meant");
            } else if sum != 100 && (85..=115).contains(&sum) {
                let message = format!("the weights of {} add up to {sum}, not to 100", title(object));
                let shares: Vec<String> = weights
                    .iter()
                    .flatten()
                    .map(|weight| format!("{}%", (i64::from(*weight) * 100 + sum / 2) / sum))
                    .collect();
                let finding = out.add(object, &format!("{path}[0].weight"), message);
                finding.help(format!("they are shares of the sum: what is sent is {}", shares.join(" and ")));
            }
        }
    }
}
