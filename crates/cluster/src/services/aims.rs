//! Where a Service's selector and named ports aim at nothing.
use std::sync::Arc;

use super::parse::Parsed;
use crate::{
    findings::Findings,
    model::{Pod, TargetPort},
};

/// Says where a selector or the name of a target port hits nothing.
pub fn say_aims(parsed: &Parsed, selected: &[(Arc<Pod>, bool)], empty: bool, findings: &mut Findings) {
    let name = format!("Service {}/{}", parsed.namespace, parsed.name);
    if parsed.selector.is_none() {
        return;
    }
    if selected.is_empty() {
        // Nobody wrote what an operator makes: that of the replicas of one instance has none, for example.
        if empty && &*parsed.origin.kind == "Service" {
            findings
                .warning(parsed.origin.at.clone(), format!("{name} selects no pod: it has no endpoints"))
                .help("compare spec.selector with the labels of the pods, in the same namespace");
        }
        return;
    }
    for port in &parsed.ports {
        // A number need not be declared to be listened on.
        let TargetPort::Name(target) = &port.target else { continue };
        if selected.iter().all(|(pod, _)| pod.named_port(target, port.protocol).is_none()) {
            findings
                .warning(
                    port.origin.at.clone(),
                    format!(
                        "{name}: none of its pods has a {} port named {target:?}: port {} leads nowhere",
                        port.protocol, port.port
                    ),
                )
                .help(known_ports(selected));
        }
    }
}

fn known_ports(selected: &[(Arc<Pod>, bool)]) -> String {
    let mut known: Vec<String> = Vec::new();
    for port in selected.iter().flat_map(|(pod, _)| pod.containers.iter()).flat_map(|c| &c.ports) {
        let text = match &port.name {
            Some(name) => format!("{name} ({}/{})", port.port, port.protocol),
            None => format!("{}/{}", port.port, port.protocol),
        };
        if !known.contains(&text) {
            known.push(text);
        }
    }
    match known.is_empty() {
        true => "its pods declare no ports".to_owned(),
        false => format!("its pods declare {}", known.join(", ")),
    }
}
