//! Linkerd and Dapr: their sidecars, which are in no manifest, need their control planes and each other.
use std::collections::BTreeMap;

use netloom_audit::Workload;
use netloom_cluster::Protocol;
use netloom_objects::{Location, Typed};
use netloom_reach::{Home, StandIn};

use super::{Owners, workloads};
use crate::{
    ground::Ground,
    need::{End, Need, Needs, Reason, port},
};

/// A part of a control plane, as its own manifests install it.
struct Part {
    /// The namespace and the label of its pods.
    namespace: &'static str,
    label: (&'static str, &'static str),
    /// The ports of its pods that sidecars connect to.
    ports: &'static [u16],
    /// What for.
    what: &'static str,
}

const LINKERD: [Part; 2] = [
    Part {
        namespace: "linkerd",
        label: ("linkerd.io/control-plane-component", "destination"),
        ports: &[8086, 8090],
        what: "the Linkerd proxy asks it for destinations and policies",
    },
    Part {
        namespace: "linkerd",
        label: ("linkerd.io/control-plane-component", "identity"),
        ports: &[8080],
        what: "the Linkerd proxy gets its certificate from it",
    },
];
/// Where a Linkerd proxy takes what comes from another one, whatever port was dialled.
const LINKERD_INBOUND: u16 = 4143;

const DAPR: [Part; 4] = [
    Part {
        namespace: "dapr-system",
        label: ("app", "dapr-operator"),
        ports: &[6500],
        what: "the Dapr sidecar gets its components from it",
    },
    Part {
        namespace: "dapr-system",
        label: ("app", "dapr-sentry"),
        ports: &[50001],
        what: "the Dapr sidecar gets its certificate from it",
    },
    Part {
        namespace: "dapr-system",
        label: ("app", "dapr-placement-server"),
        ports: &[50005],
        what: "the Dapr sidecar is told by it where actors are",
    },
    Part {
        namespace: "dapr-system",
        label: ("app", "dapr-scheduler-server"),
        ports: &[50006],
        what: "the Dapr sidecar is called by it when jobs are due",
    },
];

/// Called last: it adds to what was found.
pub(super) fn add(ground: &Ground<'_>, owners: &Owners<'_>, out: &mut Needs) {
    let namespaces = injected_namespaces(ground);
    let mut meshed: Vec<End> = Vec::new();
    for workload in workloads(ground) {
        let own = workload.annotations().get("linkerd.io/inject").map(String::as_str);
        let of_namespace = namespaces.get(workload.namespace());
        let at = match (own, of_namespace) {
            (Some("enabled" | "ingress"), _) => Some(said(&workload, "linkerd.io/inject")),
            (None, Some(at)) => Some(at.clone()),
            _ => None,
        };
        let ends = owners.ends(ground, workload.object, out);
        if let Some(at) = at {
            let units = ends.iter().filter(|end| end.unit().is_some());
            meshed.extend(units.filter(|end| !is_part(ground, end, &LINKERD)).cloned());
            control_plane(ground, &ends, &LINKERD, &at, out);
        }
        if workload.annotations().get("dapr.io/enabled").is_some_and(|on| on == "true") {
            let at = said(&workload, "dapr.io/enabled");
            control_plane(ground, &ends, &DAPR, &at, out);
            let who = format!("{}/{}", workload.namespace(), workload.object.name);
            let text = format!(
                "{who} has a Dapr sidecar, and whom it invokes is in no manifest; declare `{who} -> WORKLOAD:50002`"
            );
            out.doubt(text, Some(at));
        }
    }
    between(&meshed, out);
}

fn said(workload: &Workload<'_>, annotation: &str) -> Location {
    let key = annotation.replace('.', "\\.");
    workload.object.locate(&workload.path(&format!("metadata.annotations.{key}")))
}

/// Namespaces whose pods get Linkerd's proxy, with the line that says so.
fn injected_namespaces<'g>(ground: &Ground<'g>) -> BTreeMap<&'g str, Location> {
    let injected = ground.objects.objects().filter_map(|object| {
        let Typed::Namespace(_) = &object.typed else { return None };
        let said = object.annotations().get("linkerd.io/inject")?;
        let at = object.locate("metadata.annotations.linkerd\\.io/inject");
        matches!(said.as_str(), "enabled" | "ingress").then_some((&*object.name, at))
    });
    injected.collect()
}

/// Whether an end is itself a part of a control plane.
fn is_part(ground: &Ground<'_>, end: &End, parts: &[Part]) -> bool {
    let Some(unit) = end.unit() else { return false };
    ground.units.get(unit).pods.iter().any(|pod| {
        let labels = &ground.snapshot.pod(*pod).labels;
        parts.iter().any(|part| labels.get(part.label.0).is_some_and(|value| value == part.label.1))
    })
}

/// Needs of a control plane: of the set's own where it has one, else of the usual one.
fn control_plane(ground: &Ground<'_>, from: &[End], parts: &[Part], at: &Location, out: &mut Needs) {
    for part in parts {
        let ports = part.ports.iter().map(|number| port(Protocol::Tcp, *number));
        let ports = ports.reduce(|all, one| all.or(&one)).unwrap_or_default();
        let own = ground.units.all().iter().map(|unit| End::Unit(unit.id));
        let own: Vec<End> = own.filter(|end| is_part(ground, end, std::slice::from_ref(part))).collect();
        let to = if own.is_empty() {
            let labels = BTreeMap::from([(part.label.0.to_owned(), part.label.1.to_owned())]);
            vec![End::Elsewhere(StandIn { home: Home::Named(part.namespace.into()), labels })]
        } else {
            own
        };
        for from in from.iter().filter(|from| from.unit().is_some() && !to.contains(from)) {
            for to in &to {
                let reason = Reason::derived(part.what, at.clone());
                out.add(Need { from: from.clone(), to: to.clone(), ports: ports.clone(), reason });
            }
        }
    }
}

/// What two meshed pods open goes to the other one's proxy.
fn between(meshed: &[End], out: &mut Needs) {
    let is_between = |need: &&Need| meshed.contains(&need.from) && meshed.contains(&need.to);
    let found: Vec<Need> = out.needs.iter().filter(is_between).cloned().collect();
    for need in found {
        let reason = Reason { text: format!("{}, by Linkerd's proxies", need.reason.text), ..need.reason };
        out.add(Need { ports: port(Protocol::Tcp, LINKERD_INBOUND), reason, ..need });
    }
}
