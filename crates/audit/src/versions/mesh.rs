//! Kinds of extensions: Istio, Gateway API and cert-manager.
use super::{Change, Product, What, row};

const RELEASES: &str = "Gateway API: release notes";
const GATEWAY: &str = "gateway.networking.k8s.io";

const fn istio(
    group: &'static str,
    kinds: &'static [&'static str],
    what: What,
    source: &'static str,
) -> Change {
    row(group, kinds, what, source).of(Product::Istio)
}

const fn gateway(kinds: &'static [&'static str], version: &'static str) -> Change {
    row(GATEWAY, kinds, What::Version(version), RELEASES).of(Product::GatewayApi).by("GW035")
}

const fn cert_manager(version: &'static str) -> Change {
    row(
        "cert-manager.io",
        &["Certificate", "CertificateRequest", "ClusterIssuer", "Issuer"],
        What::Version(version),
        "cert-manager 1.6 release notes",
    )
    .of(Product::CertManager)
    .deprecated(1, 4)
    .removed(1, 6)
    .instead("write `apiVersion: cert-manager.io/v1`, with the key's settings under `privateKey`")
}

/// Where a traffic policy of a DestinationRule stands.
macro_rules! policies {
    ($field:literal) => {
        &[
            concat!("spec.trafficPolicy.", $field),
            concat!("spec.trafficPolicy.portLevelSettings[*].", $field),
            concat!("spec.subsets[*].trafficPolicy.", $field),
            concat!("spec.subsets[*].trafficPolicy.portLevelSettings[*].", $field),
        ]
    };
}

const NETWORKING: &str = "networking.istio.io";
const REFERENCE: &str = "Istio: configuration reference";

pub(super) static CHANGES: &[Change] = &[
    istio(
        NETWORKING,
        &["DestinationRule", "Gateway", "ServiceEntry", "Sidecar", "VirtualService", "WorkloadEntry", "WorkloadGroup"],
        What::Version("networking.istio.io/v1"),
        "Istio 1.22 change notes",
    )
    .since(1, 22)
    .instead("write `networking.istio.io/v1beta1`; the fields are the same"),
    istio("security.istio.io", &["PeerAuthentication"], What::Version("security.istio.io/v1"), "Istio 1.22 change notes")
        .since(1, 22)
        .instead("write `security.istio.io/v1beta1`; the fields are the same"),
    istio("telemetry.istio.io", &["Telemetry"], What::Version("telemetry.istio.io/v1"), "Istio 1.22 change notes")
        .since(1, 22)
        .instead("write `telemetry.istio.io/v1alpha1`; the fields are the same"),
    istio(
        "authentication.istio.io",
        &["MeshPolicy", "Policy"],
        What::Version("authentication.istio.io/v1alpha1"),
        "Istio 1.6 upgrade notes",
    )
    .deprecated(1, 5)
    .removed(1, 6)
    .instead("write a PeerAuthentication and a RequestAuthentication of security.istio.io: this one protects nothing any more"),
    istio(
        "rbac.istio.io",
        &["ClusterRbacConfig", "RbacConfig", "ServiceRole", "ServiceRoleBinding"],
        What::Version("rbac.istio.io/v1alpha1"),
        "Istio 1.6 upgrade notes",
    )
    .deprecated(1, 4)
    .removed(1, 6)
    .instead("write an AuthorizationPolicy of security.istio.io: this one protects nothing any more"),
    istio(NETWORKING, &["DestinationRule"], What::Field(policies!("outlierDetection.consecutiveErrors")), REFERENCE)
        .deprecated(1, 5)
        .instead("write `consecutive5xxErrors`, or `consecutiveGatewayErrors` for 502, 503 and 504 only")
        .by("IS011"),
    istio(
        NETWORKING,
        &["DestinationRule"],
        What::Field(policies!("loadBalancer.consistentHash.minimumRingSize")),
        REFERENCE,
    )
    .deprecated(1, 14)
    .instead("write `ringHash: {minimumRingSize: …}`")
    .by("IS011"),
    istio(NETWORKING, &["DestinationRule"], What::Field(policies!("loadBalancer.warmupDurationSecs")), REFERENCE)
        .deprecated(1, 25)
        .instead("write `warmup: {duration: …}`")
        .by("IS011"),
    istio(NETWORKING, &["DestinationRule"], What::Field(policies!("loadBalancer.warmup")), "Istio 1.24 change notes")
        .since(1, 24)
        .instead("write `warmupDurationSecs`"),
    istio(NETWORKING, &["VirtualService"], What::Field(&["spec.http[*].mirrorPercent", "spec.http[*].mirror_percent"]), REFERENCE)
        .deprecated(1, 4)
        .instead("write `mirrorPercentage: {value: …}`")
        .by("IS011"),
    istio(NETWORKING, &["VirtualService"], What::Field(&["spec.http[*].fault.delay.percent"]), REFERENCE)
        .deprecated(1, 1)
        .instead("write `percentage: {value: …}`")
        .by("IS011"),
    istio(NETWORKING, &["VirtualService"], What::Field(&["spec.http[*].corsPolicy.allowOrigin"]), REFERENCE)
        .deprecated(1, 6)
        .instead("write `allowOrigins`, each with `exact`, `prefix` or `regex`")
        .by("IS011"),
    istio(NETWORKING, &["Gateway"], What::Field(&["spec.servers[*].port.targetPort"]), REFERENCE)
        .deprecated(1, 10)
        .instead("remove it: the gateway's Service says which port the pods listen on")
        .by("IS011"),
    istio(
        "security.istio.io",
        &["AuthorizationPolicy"],
        What::Field(&["spec.rules[*].from[*].source.serviceAccounts", "spec.rules[*].from[*].source.notServiceAccounts"]),
        "Istio 1.25 change notes",
    )
    .since(1, 25)
    .instead("write `principals`: without the field the rule holds for every client"),
    gateway(&["Gateway", "GatewayClass", "HTTPRoute"], "gateway.networking.k8s.io/v1alpha1")
        .removed(0, 6)
        .instead("write `apiVersion: gateway.networking.k8s.io/v1`"),
    gateway(&["Gateway", "GatewayClass", "HTTPRoute"], "gateway.networking.k8s.io/v1alpha2")
        .removed(1, 0)
        .instead("write `apiVersion: gateway.networking.k8s.io/v1`"),
    gateway(&["Gateway", "GatewayClass", "HTTPRoute"], "gateway.networking.k8s.io/v1beta1")
        .deprecated(1, 0)
        .instead("write `apiVersion: gateway.networking.k8s.io/v1`; the fields are the same"),
    gateway(&["ReferenceGrant"], "gateway.networking.k8s.io/v1alpha2")
        .removed(1, 2)
        .instead("write `apiVersion: gateway.networking.k8s.io/v1beta1`; the fields are the same"),
    gateway(&["GRPCRoute"], "gateway.networking.k8s.io/v1alpha2")
        .deprecated(1, 1)
        .removed(1, 2)
        .instead("write `apiVersion: gateway.networking.k8s.io/v1`; the fields are the same"),
    gateway(&["TLSRoute"], "gateway.networking.k8s.io/v1alpha2")
        .deprecated(1, 5)
        .instead("write `apiVersion: gateway.networking.k8s.io/v1`, with `hostnames`"),
    gateway(&["TLSRoute"], "gateway.networking.k8s.io/v1alpha3")
        .deprecated(1, 5)
        .instead("write `apiVersion: gateway.networking.k8s.io/v1`"),
    gateway(&["TLSRoute", "ListenerSet"], "gateway.networking.k8s.io/v1")
        .since(1, 5)
        .instead("install the CRDs of Gateway API 1.5 or later"),
    gateway(&["TCPRoute", "UDPRoute"], "gateway.networking.k8s.io/v1alpha2")
        .deprecated(1, 6)
        .instead("write `apiVersion: gateway.networking.k8s.io/v1`; the fields are the same"),
    gateway(&["TCPRoute", "UDPRoute"], "gateway.networking.k8s.io/v1")
        .since(1, 6)
        .instead("write `apiVersion: gateway.networking.k8s.io/v1alpha2`, of the experimental CRDs"),
    gateway(&["BackendTLSPolicy"], "gateway.networking.k8s.io/v1")
        .since(1, 4)
        .instead("write `apiVersion: gateway.networking.k8s.io/v1alpha3`, of the experimental CRDs"),
    gateway(&["ReferenceGrant"], "gateway.networking.k8s.io/v1")
        .since(1, 5)
        .instead("write `apiVersion: gateway.networking.k8s.io/v1beta1`; the fields are the same"),
    gateway(&["GRPCRoute"], "gateway.networking.k8s.io/v1")
        .since(1, 1)
        .instead("install the CRDs of Gateway API 1.1 or later"),
    gateway(&["Gateway", "GatewayClass", "HTTPRoute"], "gateway.networking.k8s.io/v1")
        .since(1, 0)
        .instead("write `apiVersion: gateway.networking.k8s.io/v1beta1`; the fields are the same"),
    gateway(&["BackendTLSPolicy"], "gateway.networking.k8s.io/v1alpha2")
        .removed(1, 1)
        .instead("write `apiVersion: gateway.networking.k8s.io/v1`"),
    gateway(&["BackendTLSPolicy"], "gateway.networking.k8s.io/v1alpha3")
        .deprecated(1, 4)
        .instead("write `apiVersion: gateway.networking.k8s.io/v1`"),
    cert_manager("cert-manager.io/v1alpha2"),
    cert_manager("cert-manager.io/v1alpha3"),
    cert_manager("cert-manager.io/v1beta1"),
    row("certmanager.k8s.io", &["Certificate", "ClusterIssuer", "Issuer"], What::Version("certmanager.k8s.io/v1alpha1"), "cert-manager 0.11 release notes")
        .of(Product::CertManager)
        .removed(0, 11)
        .instead("write `apiVersion: cert-manager.io/v1`"),
];
