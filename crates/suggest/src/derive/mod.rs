//! Needs that the manifests imply.
mod accounts;
mod aim;
mod alerting;
mod api_server;
mod members;
mod mesh;
mod published;
mod scraped;
mod sidecars;
mod values;

use std::collections::HashMap;

use netloom_audit::{Context, Settings, Workload};
use netloom_cluster::PodId;
use netloom_objects::Object;

use crate::{
    ground::Ground,
    need::{End, Needs},
};

/// Everything that the manifests imply: settings that name Services, routes, what is published, scraped and called.
#[must_use]
pub fn derive(ground: &Ground<'_>) -> Needs {
    let mut needs = Needs::default();
    let settings = Settings::default();
    let cx = Context::new(ground.objects, &ground.snapshot, &settings);
    let owners = Owners::of(ground);
    values::add(ground, &owners, &mut needs);
    members::add(ground, &owners, &mut needs);
    published::add(ground, &mut needs);
    scraped::add(ground, &cx, &owners, &mut needs);
    alerting::add(ground, &owners, &mut needs);
    api_server::add(ground, &mut needs);
    let of_programs = needs.needs.len();
    mesh::add(ground, &cx, &owners, &mut needs);
    sidecars::add(ground, &owners, &mut needs);
    needs.of_sidecars = needs.needs[of_programs..].iter().map(|need| need.reason.clone()).collect();
    needs
}

/// The pods of workloads, by namespace, kind and name.
struct Owners<'a> {
    pods: HashMap<(&'a str, &'a str, &'a str), Vec<PodId>>,
}

impl<'a> Owners<'a> {
    fn of(ground: &'a Ground<'_>) -> Self {
        let mut pods: HashMap<_, Vec<PodId>> = HashMap::new();
        for pod in ground.snapshot.pods.iter() {
            pods.entry((&*pod.namespace, &*pod.workload.kind, &*pod.workload.name)).or_default().push(pod.id);
            if &*pod.workload.kind != "Pod" {
                pods.entry((&pod.namespace, "Pod", &pod.name)).or_default().push(pod.id);
            }
        }
        Self { pods }
    }

    fn pods<'s>(&'s self, object: &'s Object) -> &'s [PodId] {
        let namespace = object.reference.namespace.as_deref().unwrap_or("default");
        self.pods.get(&(namespace, &*object.kind, &*object.name)).map_or(&[], Vec::as_slice)
    }

    /// The ends that the pods of an object are. Says where an address is not known.
    fn ends(&self, ground: &Ground<'_>, object: &Object, out: &mut Needs) -> Vec<End> {
        ends(ground, self.pods(object).iter().copied(), out)
    }
}

/// The ends that pods are. Says where an address is not known.
fn ends(ground: &Ground<'_>, pods: impl IntoIterator<Item = PodId>, out: &mut Needs) -> Vec<End> {
    let mut ends = Vec::new();
    for pod in pods {
        for end in ground.ends([pod]) {
            match end {
                Some(end) if ends.contains(&end) => {}
                Some(end) => ends.push(end),
                None => {
                    let pod = ground.snapshot.pod(pod);
                    let text = format!(
                        "{}/{} is on the network of its node, whose address these manifests do not tell; say --node-cidr",
                        pod.namespace, pod.workload.name
                    );
                    out.doubt(text, Some(pod.origin.at.clone()));
                }
            }
        }
    }
    ends
}

/// All that has pods.
fn workloads<'g>(ground: &Ground<'g>) -> impl Iterator<Item = Workload<'g>> {
    ground.objects.objects().flat_map(|object| Workload::all_of(object))
}
