//! On which ports pods take mutual TLS and nothing else.
use std::collections::{BTreeMap, HashMap};

use netloom_objects::{
    Object,
    istio::{MutualTLS, PeerAuthentication, PeerAuthenticationSpec},
};

use super::support::{ROOT, mesh_of_workload};
use crate::{Context, Workload, words::namespace_of};

type Labels = BTreeMap<String, String>;

/// The PeerAuthentications of a set, as they stand above each other: for pods, for a namespace, for the mesh.
pub(in crate::rules) struct Strictness<'a> {
    whole: HashMap<&'a str, (&'a Object, &'a PeerAuthenticationSpec)>,
    special: HashMap<&'a str, Vec<(&'a Labels, &'a Object, &'a PeerAuthenticationSpec)>>,
}

impl<'a> Strictness<'a> {
    pub fn new(cx: &Context<'a>) -> Self {
        let (mut whole, mut special) = (HashMap::new(), HashMap::<_, Vec<_>>::new());
        for (object, peer) in cx.all::<PeerAuthentication>() {
            let labels = peer.spec.selector.as_ref().map(|selector| &selector.match_labels);
            match labels.filter(|labels| !labels.is_empty()) {
                Some(labels) => {
                    special.entry(namespace_of(object)).or_default().push((labels, object, &peer.spec));
                }
                None => {
                    whole.entry(namespace_of(object)).or_insert((object, &peer.spec));
                }
            }
        }
        Self { whole, special }
    }

    /// Whether the set has no PeerAuthentication.
    pub fn is_empty(&self) -> bool {
        self.whole.is_empty() && self.special.is_empty()
    }

    /// The PeerAuthentication by which the pods of a workload take only mutual TLS on a port. `None` where they take
    /// plain text too, or are not in the mesh.
    pub fn of(&self, cx: &Context<'a>, workload: &Workload<'a>, port: i32) -> Option<&'a Object> {
        mesh_of_workload(cx, workload)?;
        let excluded = workload.annotations().get("traffic.sidecar.istio.io/excludeInboundPorts");
        let port = port.to_string();
        if excluded.is_some_and(|ports| ports.split(',').any(|excluded| excluded.trim() == port)) {
            return None;
        }
        let selects =
            |labels: &Labels| labels.iter().all(|(key, value)| workload.labels().get(key) == Some(value));
        let own = self.special.get(workload.namespace()).into_iter().flatten();
        for (_, object, spec) in own.filter(|(labels, ..)| selects(labels)) {
            if let Some(mode) = mode(spec.port_level_mtls.get(&port)).or_else(|| mode(spec.mtls.as_ref())) {
                return (mode == "STRICT").then_some(*object);
            }
        }
        let (object, mode) = [workload.namespace(), ROOT].iter().find_map(|namespace| {
            let (object, spec) = self.whole.get(*namespace)?;
            Some((*object, mode(spec.mtls.as_ref())?))
        })?;
        (mode == "STRICT").then_some(object)
    }
}

fn mode(tls: Option<&MutualTLS>) -> Option<&str> {
    tls?.mode.as_deref().filter(|mode| *mode != "UNSET")
}
