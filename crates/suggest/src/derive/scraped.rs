//! Prometheus and what it scrapes.
use netloom_audit::{
    Context,
    scrapes::{by_annotations, by_monitors, is_prometheus},
};
use netloom_cluster::Protocol;
use netloom_objects::Object;
use netloom_reach::{Home, StandIn};

use super::Owners;
use crate::{
    ground::Ground,
    need::{End, Need, Needs, Reason, port},
    units::namespace_of,
};

pub(super) fn add(ground: &Ground<'_>, cx: &Context<'_>, owners: &Owners<'_>, out: &mut Needs) {
    let by_monitor = by_monitors(cx).into_iter().map(|scrape| (scrape, true));
    let all: Vec<_> =
        by_monitor.chain(by_annotations(cx).into_iter().map(|scrape| (scrape, false))).collect();
    if all.is_empty() {
        return;
    }
    let prometheus = cx.workloads().iter().filter(|workload| is_prometheus(workload));
    let mut scrapers: Vec<End> =
        prometheus.flat_map(|workload| owners.ends(ground, workload.object, out)).collect();
    for object in ground.objects.objects().filter(|object| is_operated(object)) {
        let own = owners.ends(ground, object, out);
        let theirs = if own.is_empty() { vec![operated(object)] } else { own };
        let fresh: Vec<End> = theirs.into_iter().filter(|end| !scrapers.contains(end)).collect();
        scrapers.extend(fresh);
    }
    if scrapers.is_empty() {
        let (first, _) = &all[0];
        let text = format!(
            "{} ports are to be scraped, and the set has no Prometheus; declare `PROMETHEUS -> {}/{}:{}` and the like",
            all.len(),
            first.workload.namespace(),
            first.workload.object.name,
            first.port
        );
        out.doubt(text, Some(first.object.locate(&first.path)));
        return;
    }
    for (scrape, monitor) in all {
        let targets = owners.ends(ground, scrape.workload.object, out);
        let text = match monitor {
            true => format!("{} {} has it scraped", scrape.object.kind, scrape.object.name),
            false => format!("{} {} asks to be scraped", scrape.object.kind, scrape.object.name),
        };
        let reason = Reason::derived(text, scrape.object.locate(&scrape.path));
        for to in &targets {
            for from in scrapers.iter().filter(|from| from.unit().is_some() || to.unit().is_some()) {
                let (from, to) = (from.clone(), to.clone());
                out.add(Need { from, to, ports: port(Protocol::Tcp, scrape.port), reason: reason.clone() });
            }
        }
    }
}

/// Whether an operator runs Prometheus for an object.
fn is_operated(object: &Object) -> bool {
    object.api_version.starts_with("monitoring.coreos.com/")
        && matches!(&*object.kind, "Prometheus" | "PrometheusAgent")
}

/// The pods that the operator makes for an object, by the labels that it gives them.
fn operated(object: &Object) -> End {
    let name = match &*object.kind {
        "Prometheus" => "prometheus",
        _ => "prometheus-agent",
    };
    let labels = [("app.kubernetes.io/name", name), ("operator.prometheus.io/name", &*object.name)];
    let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    End::Elsewhere(StandIn { home: Home::Named(namespace_of(object).into()), labels })
}
