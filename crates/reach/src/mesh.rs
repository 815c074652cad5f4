//! Names of hosts as Istio's objects write them.

/// A host as Istio resolves it: a name without a dot is a Service of the namespace in which it is written, and every
/// other name is taken as it is.
#[must_use]
pub fn full_host(host: &str, namespace: &str, zone: &str) -> String {
    if host.contains('.') || host == "*" || host.contains(':') {
        host.to_owned()
    } else {
        format!("{host}.{namespace}.svc.{zone}")
    }
}

/// The name and namespace of the Service that a full host names.
#[must_use]
pub fn service_of<'h>(full: &'h str, zone: &str) -> Option<(&'h str, &'h str)> {
    let rest = full.strip_suffix(zone)?.strip_suffix(".svc.")?;
    rest.split_once('.').filter(|(name, namespace)| *name != "*" && !namespace.contains('.'))
}

/// What every proxy of the mesh is, in lists of gateways.
pub const MESH: &str = "mesh";

/// The namespace and name of a Gateway that a VirtualService of a namespace names: `name`, `namespace/name`, `./name`.
#[must_use]
pub fn gateway<'n>(named: &'n str, namespace: &'n str) -> (&'n str, &'n str) {
    match named.split_once('/') {
        None => (namespace, named),
        Some((".", name)) => (namespace, name),
        Some(other) => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_name_services() {
        for (host, service) in [
            ("web", Some(("web", "shop"))),
            ("web.other.svc.cluster.local", Some(("web", "other"))),
            // Istio takes names with dots as they are.
            ("web.other", None),
            ("*.other.svc.cluster.local", None),
            ("api.example.com", None),
            ("*", None),
        ] {
            let full = full_host(host, "shop", "cluster.local");
            assert_eq!(service_of(&full, "cluster.local"), service, "{host}");
        }
    }

    #[test]
    fn gateways_are_of_the_same_namespace_where_none_is_named() {
        for (named, found) in [("gw", ("shop", "gw")), ("./gw", ("shop", "gw")), ("edge/gw", ("edge", "gw"))]
        {
            assert_eq!(gateway(named, "shop"), found, "{named}");
        }
    }
}
