//! Prometheus and what it scrapes.
use netloom_audit::{
    Context,
    scrapes::{by_annotations, by_monitors, is_prometheus},
};
use netloom_cluster::Protocol;

use super::Owners;
use crate::{
    ground::Ground,
    need::{End, Need, Needs, Reason, port},
};

pub(super) fn add(ground: &Ground<'_>, cx: &Context<'_>, owners: &Owners<'_>, out: &mut Needs) {
    let by_monitor = by_monitors(cx).into_iter().map(|scrape| (scrape, true));
    let all: Vec<_> =
        by_monitor.chain(by_annotations(cx).into_iter().map(|scrape| (scrape, false))).collect();
    if all.is_empty() {
        return;
    }
    let prometheus = cx.workloads().iter().filter(|workload| is_prometheus(workload));
    let scrapers: Vec<End> =
        prometheus.flat_map(|workload| owners.ends(ground, workload.object, out)).collect();
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
