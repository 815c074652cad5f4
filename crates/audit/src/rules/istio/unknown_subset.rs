//! IS002: a subset that no DestinationRule defines.
use std::collections::HashMap;

use netloom_objects::{
    Object, Severity,
    istio::{DestinationRule, VirtualService},
};

use super::support::{destinations, full_host};
use crate::{
    Context, Findings, Group, Rule,
    words::{list_of, namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS002",
    name: "unknown-subset",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A VirtualService that sends requests to a subset which no DestinationRule of the host defines. In the open \
            world it speaks where the set has a DestinationRule of the host, in the closed world always.",
    why: "The proxy has no cluster of that name and answers 503 with the flag NC. Subsets are defined nowhere but in \
          `spec.subsets` of a DestinationRule (Istio's reference of DestinationRule, Subset).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cart, namespace: shop}
spec:
  hosts: [cart]
  http:
    - route:
        - destination:
            host: cart
            subset: stable
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: cart, namespace: shop}
spec:
  host: cart.shop.svc.cluster.local
  subsets:
    - name: v1
      labels: {version: v1}
",
    right: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cart, namespace: shop}
spec:
  hosts: [cart]
  http:
    - route:
        - destination:
            host: cart
            subset: stable
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: cart, namespace: shop}
spec:
  host: cart.shop.svc.cluster.local
  subsets:
    - name: stable
      labels: {version: v1}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut rules: HashMap<String, Vec<(&Object, &DestinationRule)>> = HashMap::new();
    for (object, rule) in cx.all::<DestinationRule>() {
        let host = full_host(cx, &rule.spec.host, namespace_of(object));
        rules.entry(host).or_default().push((object, rule));
    }
    let complete = cx.is_closed("DestinationRule", None);
    for (object, service) in cx.all::<VirtualService>() {
        for (path, destination) in destinations(&service.spec) {
            let Some(subset) = &destination.subset else { continue };
            let host = full_host(cx, &destination.host, namespace_of(object));
            let of_host = rules.get(&host).map_or(&[][..], Vec::as_slice);
            let mut subsets = of_host.iter().flat_map(|(_, rule)| &rule.spec.subsets);
            if subsets.any(|known| known.name == *subset) || (of_host.is_empty() && !complete) {
                continue;
            }
            let message = match of_host {
                [] => format!(
                    "{} sends to subset `{subset}` of {host}, for which there is no DestinationRule",
                    title(object)
                ),
                [(rule, _), ..] => format!(
                    "{} sends to subset `{subset}` of {host}, which {} does not define",
                    title(object),
                    title(rule)
                ),
            };
            let known: Vec<String> = of_host
                .iter()
                .flat_map(|(_, rule)| &rule.spec.subsets)
                .map(|subset| format!("`{}`", subset.name))
                .collect();
            let finding = out.add(object, &format!("{path}.subset"), message);
            finding.help(if known.is_empty() {
                "define it under `spec.subsets` of the host's DestinationRule, with the labels of its pods"
                    .to_owned()
            } else {
                format!("define it beside {}, or name one of these", list_of(&known))
            });
            for (rule, _) in of_host {
                let field = if known.is_empty() { "spec.host" } else { "spec.subsets" };
                finding.related(rule, field, "the subsets of the host are defined here");
            }
        }
    }
}
