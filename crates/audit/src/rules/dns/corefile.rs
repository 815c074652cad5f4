//! The Corefiles of a set of manifests.
pub(super) use netloom_corefile::{Block, Corefile, Word, zone_of};
use netloom_objects::Object;

use crate::Context;

/// The Corefiles of a set, each with its ConfigMap.
pub(super) fn corefiles<'a>(cx: &Context<'a>) -> Vec<(&'a Object, Corefile)> {
    let maps = cx.all_of("", "ConfigMap").into_iter();
    maps.filter_map(|object| Some((object, Corefile::read(&object.text_lines("data.Corefile")?)))).collect()
}

/// Whether a ConfigMap is the one that the cluster's own CoreDNS reads.
pub(super) fn is_cluster_dns(object: &Object) -> bool {
    object.reference.namespace.as_deref() == Some("kube-system") && object.name.ends_with("coredns")
}
