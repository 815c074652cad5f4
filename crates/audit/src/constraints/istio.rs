//! Istio's CRDs of networking.istio.io and the validation of its webhook (pkg/config/validation of istio/istio): required fields, words, ranges and
//! durations. What they demand across fields in other ways has rules of its own.
use super::{Constraint, Is, demand, text::*};

const VIRTUAL_SERVICE: &[&str] = &["VirtualService"];
const DESTINATION_RULE: &[&str] = &["DestinationRule"];
const GATEWAY: &[&str] = &["Gateway"];
const SERVICE_ENTRY: &[&str] = &["ServiceEntry"];
const SIDECAR: &[&str] = &["Sidecar"];

/// A field of each traffic policy of a DestinationRule.
macro_rules! policies {
    ($($field:literal),* $(,)?) => {
        &[$(
            concat!("spec.trafficPolicy.", $field),
            concat!("spec.trafficPolicy.portLevelSettings[*].", $field),
            concat!("spec.subsets[*].trafficPolicy.", $field),
            concat!("spec.subsets[*].trafficPolicy.portLevelSettings[*].", $field),
        )*]
    };
}

pub(super) const PORT: Is = Is::Between(1, 65535);
pub(super) const DURATION: Is = Is::Text(is_duration, "a duration of at least a millisecond, such as `10s`");
const PERCENT: Is = Is::Between(0, 100);
const COUNT: Is = Is::Between(0, i32::MAX as i64);
const LABEL: Is = Is::Text(is_label, "a name in lower case");
const STRING_MATCH: &[&str] = &["exact", "prefix", "regex"];

/// What a VirtualService sends to.
const DESTINATIONS: &[&str] = &[
    "spec.http[*].route[*].destination",
    "spec.http[*].mirrors[*].destination",
    "spec.tls[*].route[*].destination",
    "spec.tcp[*].route[*].destination",
];
const HOSTS: &[&str] = &[
    "spec.http[*].route[*].destination.host",
    "spec.http[*].mirror.host",
    "spec.http[*].mirrors[*].destination.host",
    "spec.tls[*].route[*].destination.host",
    "spec.tcp[*].route[*].destination.host",
];

/// `*` in a destination says nothing.
fn is_destination(text: &str) -> bool {
    !text.is_empty() && text != "*"
}

/// Wildcards in labels select nothing.
pub(super) fn has_no_wildcard(text: &str) -> bool {
    !text.contains('*')
}

fn is_retry_condition(text: &str) -> bool {
    const KNOWN: [&str; 18] = [
        "5xx",
        "gateway-error",
        "reset",
        "reset-before-request",
        "connect-failure",
        "retriable-4xx",
        "refused-stream",
        "retriable-status-codes",
        "retriable-headers",
        "envoy-ratelimited",
        "http3-post-connect-failure",
        "cancelled",
        "deadline-exceeded",
        "internal",
        "resource-exhausted",
        "unavailable",
        "unknown",
        "none",
    ];
    let is_status =
        |word: &str| word.len() == 3 && word.parse::<u16>().is_ok_and(|code| (100..600).contains(&code));
    text.is_empty() || text.split(',').all(|word| KNOWN.contains(&word) || is_status(word))
}

fn is_egress_host(text: &str) -> bool {
    text.split_once('/').is_some_and(|(namespace, host)| !namespace.is_empty() && !host.is_empty())
}

fn is_server_protocol(text: &str) -> bool {
    const KNOWN: [&str; 14] = [
        "HTTP",
        "HTTPS",
        "GRPC",
        "GRPC-WEB",
        "HTTP2",
        "HTTP_PROXY",
        "MONGO",
        "TCP",
        "TLS",
        "MYSQL",
        "REDIS",
        "UDP",
        "HBONE",
        "DOUBLEHBONE",
    ];
    KNOWN.iter().any(|known| known.eq_ignore_ascii_case(text))
}

pub(crate) static ISTIO_NETWORKING: &[Constraint] = &[
    demand(VIRTUAL_SERVICE, &["spec"], Is::AtLeastOne(&["http", "tls", "tcp"])),
    demand(VIRTUAL_SERVICE, &["spec.hosts", "spec.exportTo"], Is::Distinct("")),
    demand(VIRTUAL_SERVICE, DESTINATIONS, Is::Required),
    demand(VIRTUAL_SERVICE, HOSTS, Is::Required),
    demand(VIRTUAL_SERVICE, HOSTS, Is::Text(is_destination, "a host")),
    demand(
        VIRTUAL_SERVICE,
        &[
            "spec.http[*].route[*].destination.port.number",
            "spec.http[*].mirror.port.number",
            "spec.http[*].mirrors[*].destination.port.number",
            "spec.tls[*].route[*].destination.port.number",
            "spec.tcp[*].route[*].destination.port.number",
            "spec.http[*].redirect.port",
            "spec.http[*].match[*].port",
            "spec.tls[*].match[*].port",
            "spec.tcp[*].match[*].port",
        ],
        PORT,
    ),
    demand(
        VIRTUAL_SERVICE,
        &[
            "spec.http[*].route[*].destination.subset",
            "spec.tls[*].route[*].destination.subset",
            "spec.tcp[*].route[*].destination.subset",
            "spec.http[*].match[*].sourceNamespace",
        ],
        LABEL,
    ),
    demand(
        VIRTUAL_SERVICE,
        &[
            "spec.http[*].route[*].weight",
            "spec.tls[*].route[*].weight",
            "spec.tcp[*].route[*].weight",
            "spec.http[*].retries.attempts",
        ],
        COUNT,
    ),
    demand(
        VIRTUAL_SERVICE,
        &[
            "spec.http[*].timeout",
            "spec.http[*].retries.perTryTimeout",
            "spec.http[*].retries.backoff",
            "spec.http[*].fault.delay.fixedDelay",
            "spec.http[*].corsPolicy.maxAge",
        ],
        DURATION,
    ),
    demand(
        VIRTUAL_SERVICE,
        &["spec.http[*].retries.retryOn"],
        Is::Text(is_retry_condition, "a list of Envoy's conditions and of statuses, without blanks"),
    ),
    demand(VIRTUAL_SERVICE, &["spec.http[*].redirect.redirectCode"], Is::Between(300, 399)),
    demand(VIRTUAL_SERVICE, &["spec.http[*].redirect.scheme"], Is::OneOf(&["http", "https"])),
    demand(
        VIRTUAL_SERVICE,
        &["spec.http[*].redirect"],
        Is::AtLeastOne(&["uri", "authority", "scheme", "port", "derivePort"]),
    ),
    demand(VIRTUAL_SERVICE, &["spec.http[*].redirect"], Is::AtMostOne(&["port", "derivePort"])),
    demand(
        VIRTUAL_SERVICE,
        &["spec.http[*].rewrite"],
        Is::AtLeastOne(&["uri", "uriRegexRewrite", "authority"]),
    ),
    demand(VIRTUAL_SERVICE, &["spec.http[*].rewrite"], Is::AtMostOne(&["uri", "uriRegexRewrite"])),
    demand(
        VIRTUAL_SERVICE,
        &["spec.http[*].rewrite.uriRegexRewrite.match", "spec.http[*].rewrite.uriRegexRewrite.rewrite"],
        Is::Required,
    ),
    demand(VIRTUAL_SERVICE, &["spec.http[*].directResponse.status"], Is::Required),
    demand(
        VIRTUAL_SERVICE,
        &["spec.http[*].directResponse.status", "spec.http[*].fault.abort.httpStatus"],
        Is::Between(200, 599),
    ),
    demand(
        VIRTUAL_SERVICE,
        &["spec.http[*]"],
        Is::AtMostOne(&["route", "redirect", "directResponse", "delegate"]),
    ),
    demand(
        VIRTUAL_SERVICE,
        &["spec.http[*]"],
        Is::AtLeastOne(&["route", "redirect", "directResponse", "delegate"]),
    ),
    demand(VIRTUAL_SERVICE, &["spec.http[*]"], Is::AtMostOne(&["redirect", "fault"])),
    demand(VIRTUAL_SERVICE, &["spec.http[*]"], Is::AtMostOne(&["redirect", "rewrite"])),
    demand(VIRTUAL_SERVICE, &["spec.http[*].fault"], Is::AtLeastOne(&["delay", "abort"])),
    demand(
        VIRTUAL_SERVICE,
        &["spec.http[*].fault.abort"],
        Is::AtMostOne(&["httpStatus", "grpcStatus", "http2Error"]),
    ),
    demand(
        VIRTUAL_SERVICE,
        &[
            "spec.http[*].fault.delay.percentage.value",
            "spec.http[*].fault.abort.percentage.value",
            "spec.http[*].mirrorPercentage.value",
            "spec.http[*].mirrors[*].percentage.value",
            "spec.http[*].mirrorPercent",
        ],
        PERCENT,
    ),
    demand(
        VIRTUAL_SERVICE,
        &[
            "spec.http[*].match[*].uri",
            "spec.http[*].match[*].scheme",
            "spec.http[*].match[*].method",
            "spec.http[*].match[*].authority",
            "spec.http[*].match[*].headers.{*}",
            "spec.http[*].match[*].queryParams.{*}",
            "spec.http[*].corsPolicy.allowOrigins[*]",
        ],
        Is::AtMostOne(STRING_MATCH),
    ),
    demand(
        VIRTUAL_SERVICE,
        &["spec.http[*].corsPolicy.allowMethods[*]"],
        Is::OneOf(&["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "*"]),
    ),
    demand(VIRTUAL_SERVICE, &["spec.tls[*].match", "spec.tls[*].route", "spec.tcp[*].route"], Is::Required),
    demand(
        VIRTUAL_SERVICE,
        &["spec.tls[*].match", "spec.tls[*].route", "spec.tcp[*].route"],
        Is::Items(1, usize::MAX),
    ),
    demand(VIRTUAL_SERVICE, &["spec.tls[*].match[*].sniHosts"], Is::Required),
    demand(VIRTUAL_SERVICE, &["spec.tls[*].match[*].sniHosts"], Is::Items(1, usize::MAX)),
    demand(DESTINATION_RULE, &["spec", "spec.host", "spec.subsets[*].name"], Is::Required),
    demand(DESTINATION_RULE, &["spec.host"], Is::Text(is_something, "a host")),
    demand(DESTINATION_RULE, &["spec.subsets[*].name"], LABEL),
    demand(DESTINATION_RULE, &["spec.subsets"], Is::Distinct("name")),
    demand(
        DESTINATION_RULE,
        &["spec.trafficPolicy", "spec.subsets[*].trafficPolicy"],
        Is::AtLeastOne(&[
            "loadBalancer",
            "connectionPool",
            "outlierDetection",
            "tls",
            "portLevelSettings",
            "tunnel",
            "proxyProtocol",
            "retryBudget",
        ]),
    ),
    demand(
        DESTINATION_RULE,
        &["spec.trafficPolicy", "spec.subsets[*].trafficPolicy"],
        Is::AtMostOne(&["tunnel", "proxyProtocol"]),
    ),
    demand(
        DESTINATION_RULE,
        &[
            "spec.trafficPolicy.portLevelSettings[*].port",
            "spec.subsets[*].trafficPolicy.portLevelSettings[*].port",
        ],
        Is::Required,
    ),
    demand(DESTINATION_RULE, policies!["connectionPool"], Is::AtLeastOne(&["tcp", "http"])),
    demand(
        DESTINATION_RULE,
        policies![
            "connectionPool.tcp.maxConnections",
            "connectionPool.http.http1MaxPendingRequests",
            "connectionPool.http.http2MaxRequests",
            "connectionPool.http.maxRequestsPerConnection",
            "connectionPool.http.maxRetries",
            "connectionPool.http.maxConcurrentStreams",
        ],
        COUNT,
    ),
    demand(
        DESTINATION_RULE,
        policies![
            "connectionPool.tcp.connectTimeout",
            "connectionPool.tcp.idleTimeout",
            "connectionPool.tcp.maxConnectionDuration",
            "connectionPool.tcp.tcpKeepalive.time",
            "connectionPool.tcp.tcpKeepalive.interval",
            "connectionPool.http.idleTimeout",
            "outlierDetection.interval",
            "outlierDetection.baseEjectionTime",
            "loadBalancer.warmupDurationSecs",
            "loadBalancer.warmup.duration",
            "connectionPool.http.http2KeepAlive.interval",
            "connectionPool.http.http2KeepAlive.timeout",
        ],
        DURATION,
    ),
    demand(
        DESTINATION_RULE,
        policies![
            "outlierDetection.maxEjectionPercent",
            "outlierDetection.minHealthPercent",
            "outlierDetection.failurePercentageThreshold",
            "retryBudget.percent",
        ],
        PERCENT,
    ),
    demand(
        DESTINATION_RULE,
        policies!["outlierDetection"],
        Is::OnlyBeside("splitExternalLocalOriginErrors", "consecutiveLocalOriginFailures"),
    ),
    demand(
        DESTINATION_RULE,
        policies!["connectionPool.http.h2UpgradePolicy"],
        Is::OneOf(&["DEFAULT", "DO_NOT_UPGRADE", "UPGRADE"]),
    ),
    demand(
        DESTINATION_RULE,
        policies!["loadBalancer.simple"],
        Is::OneOf(&["UNSPECIFIED", "RANDOM", "PASSTHROUGH", "ROUND_ROBIN", "LEAST_REQUEST", "LEAST_CONN"]),
    ),
    demand(DESTINATION_RULE, policies!["loadBalancer"], Is::AtMostOne(&["simple", "consistentHash"])),
    demand(
        DESTINATION_RULE,
        policies!["loadBalancer.consistentHash"],
        Is::AtMostOne(&["httpHeaderName", "httpCookie", "useSourceIp", "httpQueryParameterName"]),
    ),
    demand(
        DESTINATION_RULE,
        policies!["loadBalancer.consistentHash"],
        Is::AtMostOne(&["ringHash", "maglev"]),
    ),
    demand(DESTINATION_RULE, policies!["loadBalancer.consistentHash.httpCookie.name"], Is::Required),
    demand(
        DESTINATION_RULE,
        policies!["loadBalancer.localityLbSetting"],
        Is::AtMostOne(&["distribute", "failover"]),
    ),
    demand(DESTINATION_RULE, policies!["loadBalancer.warmup.duration"], Is::Required),
    demand(DESTINATION_RULE, policies!["loadBalancer.warmup.minimumPercent"], PERCENT),
    demand(DESTINATION_RULE, policies!["loadBalancer.warmup.aggression"], COUNT),
    demand(
        DESTINATION_RULE,
        policies!["outlierDetection.outlierDetectionHttpErrorCodes[*]"],
        Is::Between(100, 599),
    ),
    demand(
        DESTINATION_RULE,
        policies!["tls.mode"],
        Is::OneOf(&["DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL"]),
    ),
    demand(
        DESTINATION_RULE,
        &["spec.trafficPolicy.tunnel.targetHost", "spec.trafficPolicy.tunnel.targetPort"],
        Is::Required,
    ),
    demand(DESTINATION_RULE, &["spec.trafficPolicy.tunnel.protocol"], Is::OneOf(&["CONNECT", "POST"])),
    demand(GATEWAY, &["spec.servers"], Is::Required),
    demand(GATEWAY, &["spec.servers"], Is::Items(1, usize::MAX)),
    demand(GATEWAY, &["spec.servers[*].port", "spec.servers[*].hosts"], Is::Required),
    demand(GATEWAY, &["spec.servers[*].hosts"], Is::Items(1, usize::MAX)),
    demand(
        GATEWAY,
        &["spec.servers[*].port.number", "spec.servers[*].port.name", "spec.servers[*].port.protocol"],
        Is::Required,
    ),
    demand(GATEWAY, &["spec.servers[*].port.number"], PORT),
    demand(GATEWAY, &["spec.servers"], Is::Distinct("port.name")),
    demand(
        GATEWAY,
        &["spec.servers[*].port.protocol"],
        Is::Text(is_server_protocol, "a protocol that Istio knows"),
    ),
    demand(
        GATEWAY,
        &["spec.servers[*].tls.mode"],
        Is::OneOf(&[
            "PASSTHROUGH",
            "SIMPLE",
            "MUTUAL",
            "AUTO_PASSTHROUGH",
            "ISTIO_MUTUAL",
            "OPTIONAL_MUTUAL",
        ]),
    ),
    demand(
        GATEWAY,
        &["spec.servers[*].tls.minProtocolVersion", "spec.servers[*].tls.maxProtocolVersion"],
        Is::OneOf(&["TLS_AUTO", "TLSV1_0", "TLSV1_1", "TLSV1_2", "TLSV1_3"]),
    ),
    demand(SERVICE_ENTRY, &["spec", "spec.hosts"], Is::Required),
    demand(SERVICE_ENTRY, &["spec.hosts"], Is::Items(1, 256)),
    demand(SERVICE_ENTRY, &["spec.hosts[*]"], Is::Text(is_destination, "a host; `*` alone is none")),
    demand(SERVICE_ENTRY, &["spec.addresses", "spec.ports"], Is::Items(0, 256)),
    demand(SERVICE_ENTRY, &["spec.endpoints"], Is::Items(0, 4096)),
    demand(SERVICE_ENTRY, &["spec.location"], Is::OneOf(&["MESH_EXTERNAL", "MESH_INTERNAL"])),
    demand(
        SERVICE_ENTRY,
        &["spec.resolution"],
        Is::OneOf(&["NONE", "STATIC", "DNS", "DNS_ROUND_ROBIN", "DYNAMIC_DNS"]),
    ),
    demand(SERVICE_ENTRY, &["spec.ports[*].name", "spec.ports[*].number"], Is::Required),
    demand(
        SERVICE_ENTRY,
        &["spec.ports[*].number", "spec.ports[*].targetPort", "spec.endpoints[*].ports.{*}"],
        PORT,
    ),
    demand(SERVICE_ENTRY, &["spec.ports"], Is::Distinct("name")),
    demand(SERVICE_ENTRY, &["spec.ports"], Is::Distinct("number")),
    demand(SERVICE_ENTRY, &["spec"], Is::AtMostOne(&["workloadSelector", "endpoints"])),
    demand(
        SERVICE_ENTRY,
        &["spec.workloadSelector.labels.{*}"],
        Is::Text(has_no_wildcard, "a value without `*`"),
    ),
    demand(
        SIDECAR,
        &["spec"],
        Is::AtLeastOne(&["ingress", "egress", "outboundTrafficPolicy", "inboundConnectionPool"]),
    ),
    demand(SIDECAR, &["spec.egress[*].hosts", "spec.ingress[*].port"], Is::Required),
    demand(SIDECAR, &["spec.egress[*].hosts"], Is::Items(1, usize::MAX)),
    demand(
        SIDECAR,
        &["spec.egress[*].hosts[*]"],
        Is::Text(is_egress_host, "`NAMESPACE/HOST`, such as `./*` or `istio-system/*`"),
    ),
    demand(SIDECAR, &["spec.ingress[*].port.number"], PORT),
    demand(SIDECAR, &["spec.ingress"], Is::Distinct("port.number")),
    demand(SIDECAR, &["spec.outboundTrafficPolicy.mode"], Is::OneOf(&["REGISTRY_ONLY", "ALLOW_ANY"])),
];
