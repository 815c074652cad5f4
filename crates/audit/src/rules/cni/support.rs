//! What rules about the CNI and kube-proxy share: pools and other ranges with their places, and kube-proxy's file.
use ipnet::IpNet;
use netloom_objects::{
    EmbeddedYaml, Location, Object,
    calico::{IPPool, Installation},
};

use crate::{Context, words::title};

/// A range with its place.
#[derive(Clone)]
pub(super) struct Range<'a> {
    pub object: &'a Object,
    pub at: Location,
    pub end: (u32, u32),
    pub net: IpNet,
    /// `IPPool blue`, `clusterCIDR of kube-proxy`.
    pub what: String,
}

/// A range that is written in an object's field.
pub(super) fn range_at<'a>(object: &'a Object, path: &str, text: &str, what: String) -> Option<Range<'a>> {
    let net = text.trim().parse::<IpNet>().ok()?.trunc();
    let at = object.locate(path);
    let end = object.key_span(path).map_or((at.line, at.column), |span| span.end);
    Some(Range { object, at, end, net, what })
}

/// A pool of Calico.
pub(super) struct Pool<'a> {
    pub range: Range<'a>,
    /// The path of the pool in its object.
    pub path: String,
    /// Whether the operator makes it.
    pub from_installation: bool,
    pub disabled: bool,
    pub block_size: Option<i32>,
}

/// The pools of Calico, of both forms.
pub(super) fn pools<'a>(cx: &Context<'a>) -> Vec<Pool<'a>> {
    let mut found = Vec::new();
    for (object, installation) in cx.all::<Installation>() {
        let network = installation.spec.calico_network.iter();
        for (index, pool) in network.flat_map(|network| &network.ip_pools).enumerate() {
            let path = format!("spec.calicoNetwork.ipPools[{index}]");
            let what = format!("the pool of {}", title(object));
            let Some(range) = range_at(object, &format!("{path}.cidr"), &pool.cidr, what) else { continue };
            let disabled =
                pool.node_selector.as_deref() == Some("!all()") || pool.disable_new_allocations == Some(true);
            let block_size = pool.block_size;
            found.push(Pool { range, path, from_installation: true, disabled, block_size });
        }
    }
    for (object, pool) in cx.all::<IPPool>() {
        let spec = &pool.spec;
        let Some(range) = range_at(object, "spec.cidr", &spec.cidr, title(object)) else { continue };
        let disabled = spec.disabled == Some(true) || spec.node_selector.as_deref() == Some("!all()");
        let block_size = spec.block_size;
        found.push(Pool { range, path: "spec".to_owned(), from_installation: false, disabled, block_size });
    }
    found
}

/// kube-proxy's configuration in a ConfigMap.
pub(super) struct Proxy<'a> {
    pub object: &'a Object,
    pub yaml: EmbeddedYaml,
}

/// The configurations of kube-proxy in the set's ConfigMaps.
pub(super) fn proxies<'a>(cx: &Context<'a>) -> Vec<Proxy<'a>> {
    embedded(cx, "KubeProxyConfiguration").into_iter().map(|(object, yaml)| Proxy { object, yaml }).collect()
}

/// The YAML of a kind in the ConfigMaps of `kube-system`, and of those that are named after kube-proxy.
pub(super) fn embedded<'a>(cx: &Context<'a>, kind: &str) -> Vec<(&'a Object, EmbeddedYaml)> {
    let mut found = Vec::new();
    for object in cx.all_of("", "ConfigMap") {
        let system = object.reference.namespace.as_deref() == Some("kube-system");
        if !system && !object.name.contains("kube-proxy") {
            continue;
        }
        for key in object.keys("data") {
            let path = crate::words::entry("data", key);
            if !object.text(&path).is_some_and(|text| text.contains(kind)) {
                continue;
            }
            found.extend(
                object.embedded(&path).filter(|yaml| yaml.text("kind") == Some(kind)).map(|y| (object, y)),
            );
        }
    }
    found
}

impl<'a> Proxy<'a> {
    /// Where a field's key begins and ends.
    pub fn place(&self, path: &str) -> (Location, (u32, u32)) {
        place(&self.yaml, path)
    }

    /// How it forwards; iptables where nothing is said.
    pub fn mode(&self) -> &str {
        self.yaml.text("mode").filter(|mode| !mode.is_empty()).unwrap_or("iptables")
    }
}

/// Where the key of a field of an embedded file begins and ends.
pub(super) fn place(yaml: &EmbeddedYaml, path: &str) -> (Location, (u32, u32)) {
    let at = yaml.locate(path);
    let end = yaml.key_span(path).map_or((at.line, at.column), |span| span.end);
    (at, end)
}

/// The ranges in the text of a field of an embedded file, which may be several with commas between.
pub(super) fn embedded_ranges<'a>(
    object: &'a Object,
    yaml: &EmbeddedYaml,
    path: &str,
    what: &str,
) -> Vec<Range<'a>> {
    let (at, end) = place(yaml, path);
    let nets =
        yaml.text(path).unwrap_or_default().split(',').filter_map(|text| text.trim().parse::<IpNet>().ok());
    nets.map(|net| Range { object, at: at.clone(), end, net: net.trunc(), what: what.to_owned() }).collect()
}

/// Whether two ranges have an address in common.
pub(super) fn overlap(a: &IpNet, b: &IpNet) -> bool {
    a.contains(&b.network()) || b.contains(&a.network())
}
