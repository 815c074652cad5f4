//! Which network a load balancer stands in: what each cloud reads from annotations.
use std::net::IpAddr;

use super::support::Svc;

/// What an annotation says: of which cloud it is, and whether it makes the load balancer internal.
pub(super) struct Said<'a> {
    pub cloud: &'static str,
    pub key: &'a str,
    pub internal: bool,
}

/// Prefixes of annotations, and the cloud that reads them. The longer go first.
const CLOUDS: [(&str, &str); 13] = [
    ("service.beta.kubernetes.io/aws-", "AWS"),
    ("service.beta.kubernetes.io/azure-", "Azure"),
    ("cloud.google.com/", "Google Cloud"),
    ("networking.gke.io/", "Google Cloud"),
    ("service.beta.kubernetes.io/oci-", "Oracle Cloud"),
    ("oci.oraclecloud.com/", "Oracle Cloud"),
    ("service.beta.kubernetes.io/do-", "DigitalOcean"),
    ("service.beta.kubernetes.io/openstack-", "OpenStack"),
    ("loadbalancer.openstack.org/", "OpenStack"),
    ("service.beta.kubernetes.io/alibaba-", "Alibaba Cloud"),
    ("service.beta.kubernetes.io/scw-", "Scaleway"),
    ("service.kubernetes.io/ibm-", "IBM Cloud"),
    ("load-balancer.hetzner.cloud/", "Hetzner"),
];

/// Annotations that take a load balancer off the internet: the key, and its value (none: anything but `false`).
const INTERNAL: [(&str, Option<&str>); 13] = [
    ("service.beta.kubernetes.io/aws-load-balancer-internal", None),
    ("service.beta.kubernetes.io/aws-load-balancer-scheme", Some("internal")),
    ("service.beta.kubernetes.io/azure-load-balancer-internal", None),
    ("cloud.google.com/load-balancer-type", Some("internal")),
    ("networking.gke.io/load-balancer-type", Some("internal")),
    ("service.beta.kubernetes.io/oci-load-balancer-internal", None),
    ("oci.oraclecloud.com/oci-network-load-balancer-internal", None),
    ("service.beta.kubernetes.io/do-loadbalancer-network", Some("internal")),
    ("service.beta.kubernetes.io/openstack-internal-load-balancer", None),
    ("service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type", Some("intranet")),
    ("service.beta.kubernetes.io/scw-loadbalancer-private", None),
    ("service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type", Some("private")),
    ("load-balancer.hetzner.cloud/disable-public-network", None),
];

/// Annotations that restrict who may connect, in place of `loadBalancerSourceRanges`.
const RESTRICTED: [&str; 6] = [
    "service.beta.kubernetes.io/load-balancer-source-ranges",
    "service.beta.kubernetes.io/aws-load-balancer-security-groups",
    "service.beta.kubernetes.io/azure-allowed-ip-ranges",
    "service.beta.kubernetes.io/azure-allowed-service-tags",
    "service.beta.kubernetes.io/do-loadbalancer-allow-rules",
    "service.beta.kubernetes.io/oci-load-balancer-security-list-management-mode",
];

/// Annotations with which the load balancer ends TLS itself.
const ENDS_TLS: [&str; 5] = [
    "service.beta.kubernetes.io/aws-load-balancer-ssl-cert",
    "service.beta.kubernetes.io/do-loadbalancer-certificate-id",
    "service.beta.kubernetes.io/oci-load-balancer-tls-secret",
    "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-cert-id",
    "load-balancer.hetzner.cloud/http-certificates",
];

/// What a Service's annotations say to each cloud, one entry for each annotation.
pub(super) fn said<'a>(service: &Svc<'a>) -> Vec<Said<'a>> {
    let annotations = service.object.annotations().iter();
    let said = annotations.filter_map(|(key, value)| {
        let (_, cloud) = CLOUDS.iter().find(|(prefix, _)| key.starts_with(prefix))?;
        Some(Said { cloud, key, internal: is_internal_annotation(key, value) })
    });
    said.collect()
}

fn is_internal_annotation(key: &str, value: &str) -> bool {
    INTERNAL.iter().any(|(internal, wanted)| {
        *internal == key
            && match wanted {
                Some(wanted) => value.eq_ignore_ascii_case(wanted),
                None => !value.is_empty() && !value.eq_ignore_ascii_case("false"),
            }
    })
}

/// Whether a Service's load balancer stands in a private network.
pub(super) fn is_internal(service: &Svc<'_>) -> bool {
    let annotations = service.object.annotations();
    let spec = service.spec;
    let class = spec.load_balancer_class.as_deref();
    let aws = |key: &str| annotations.get(&format!("service.beta.kubernetes.io/aws-load-balancer-{key}"));
    // The AWS Load Balancer Controller makes internal ones unless the scheme says otherwise.
    let by_controller = class.is_some_and(|class| class.starts_with("service.k8s.aws/"))
        || aws("type").is_some_and(|kind| kind == "external" || kind == "nlb-ip");
    annotations.iter().any(|(key, value)| is_internal_annotation(key, value))
        || by_controller && aws("scheme").is_none_or(|scheme| scheme != "internet-facing")
        || class == Some("tailscale")
        || spec.load_balancer_ip.as_deref().and_then(|ip| ip.parse().ok()).is_some_and(is_private)
        || annotations.keys().any(|key| {
            key.starts_with("metallb.")
                || key.starts_with("lbipam.cilium.io/")
                || key.starts_with("io.cilium/lb-ipam")
        })
}

/// Whether a Service is a load balancer that, as far as its manifest says, anyone on the internet can reach.
pub(super) fn is_open(service: &Svc<'_>) -> bool {
    let annotations = service.object.annotations();
    let spec = service.spec;
    let restricted = spec.load_balancer_source_ranges.as_ref().is_some_and(|ranges| !ranges.is_empty());
    let everyone = spec.load_balancer_source_ranges.iter().flatten().any(|range| is_everyone(range));
    let restricted =
        restricted && !everyone || annotations.keys().any(|key| RESTRICTED.contains(&key.as_str()));
    service.kind() == "LoadBalancer" && !is_internal(service) && !restricted
}

/// Whether the load balancer itself ends TLS.
pub(super) fn ends_tls(service: &Svc<'_>) -> bool {
    service.object.annotations().keys().any(|key| ENDS_TLS.contains(&key.as_str()))
}

/// Whether a range is every address of its family.
pub(super) fn is_everyone(range: &str) -> bool {
    range.trim().parse::<ipnet::IpNet>().is_ok_and(|net| net.prefix_len() == 0)
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private(),
        IpAddr::V6(ip) => ip.is_unique_local(),
    }
}
