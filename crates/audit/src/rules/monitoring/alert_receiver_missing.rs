//! OB019: a route that leads to nobody.
use netloom_objects::{Object, Severity};
use serde_json::Value;

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "OB019",
    name: "alert-receiver-missing",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A route of an AlertmanagerConfig whose receiver is none of its `receivers`, or that names none.",
    why: "The operator refuses the object as a whole and writes that to its own log: the alerts go on to whoever got them \
          before, or to nobody (prometheus-operator: AlertmanagerConfig).",
    wrong: "\
apiVersion: monitoring.coreos.com/v1alpha1
kind: AlertmanagerConfig
metadata: {name: shop, namespace: shop}
spec:
  route:
    receiver: on-call
    groupBy: [alertname]
  receivers:
    - name: oncall
      webhookConfigs: [{url: \"https://pager.acme.example/hook\"}]
",
    right: "\
apiVersion: monitoring.coreos.com/v1alpha1
kind: AlertmanagerConfig
metadata: {name: shop, namespace: shop}
spec:
  route:
    receiver: oncall
    groupBy: [alertname]
  receivers:
    - name: oncall
      webhookConfigs: [{url: \"https://pager.acme.example/hook\"}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for object in cx.all_of("monitoring.coreos.com", "AlertmanagerConfig") {
        let names: Vec<&str> = (0..object.count("spec.receivers"))
            .filter_map(|index| object.text(&format!("spec.receivers[{index}].name")))
            .collect();
        let Some(route) = object.value("spec.route") else { continue };
        visit(object, "spec.route", &route, &names, true, out);
    }
}

fn visit(object: &Object, path: &str, route: &Value, names: &[&str], is_root: bool, out: &mut Findings<'_>) {
    match route.get("receiver").and_then(Value::as_str).filter(|name| !name.is_empty()) {
        Some(name) if !names.contains(&name) => {
            let message = format!("{}: there is no receiver `{name}`", title(object));
            let finding = out.add(object, &format!("{path}.receiver"), message);
            finding.help(match names {
                [] => "list it under `spec.receivers`".to_owned(),
                names => format!("its receivers are {}", names.join(", ")),
            });
        }
        None if is_root => {
            out.add(object, path, format!("{}: its route names no receiver", title(object)))
                .help("name one of `spec.receivers` in `receiver`");
        }
        _ => {}
    }
    let below = route.get("routes").and_then(Value::as_array).into_iter().flatten().enumerate();
    for (index, route) in below {
        visit(object, &format!("{path}.routes[{index}]"), route, names, false, out);
    }
}
