//! The same of what changes the proxies themselves: EnvoyFilter, Telemetry and WasmPlugin.
use super::{
    Constraint, Is, demand,
    istio::{DURATION, PORT, has_no_wildcard},
    text::*,
};

const FILTER: &[&str] = &["EnvoyFilter"];
const TELEMETRY: &[&str] = &["Telemetry"];
const PLUGIN: &[&str] = &["WasmPlugin"];
const MODES: Is = Is::OneOf(&["UNDEFINED", "CLIENT", "SERVER", "CLIENT_AND_SERVER"]);

fn is_digest(text: &str) -> bool {
    text.is_empty()
        || text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase())
}

pub(crate) static ENVOY_FILTER: &[Constraint] = &[
    demand(FILTER, &["spec"], Is::AtMostOne(&["workloadSelector", "targetRefs"])),
    demand(FILTER, &["spec.configPatches[*].patch"], Is::Required),
    demand(
        FILTER,
        &["spec.configPatches[*].applyTo"],
        Is::OneOf(&[
            "INVALID",
            "LISTENER",
            "FILTER_CHAIN",
            "NETWORK_FILTER",
            "HTTP_FILTER",
            "ROUTE_CONFIGURATION",
            "VIRTUAL_HOST",
            "HTTP_ROUTE",
            "CLUSTER",
            "EXTENSION_CONFIG",
            "BOOTSTRAP",
            "LISTENER_FILTER",
        ]),
    ),
    demand(
        FILTER,
        &["spec.configPatches[*].match.context"],
        Is::OneOf(&["ANY", "SIDECAR_INBOUND", "SIDECAR_OUTBOUND", "GATEWAY", "WAYPOINT"]),
    ),
    demand(
        FILTER,
        &["spec.configPatches[*].match"],
        Is::AtMostOne(&["listener", "routeConfiguration", "cluster", "waypoint"]),
    ),
    demand(
        FILTER,
        &["spec.configPatches[*].patch.operation"],
        Is::OneOf(&[
            "INVALID",
            "MERGE",
            "ADD",
            "REMOVE",
            "INSERT_BEFORE",
            "INSERT_AFTER",
            "INSERT_FIRST",
            "REPLACE",
        ]),
    ),
    demand(
        FILTER,
        &["spec.configPatches[*].patch.filterClass"],
        Is::OneOf(&["UNSPECIFIED", "AUTHN", "AUTHZ", "STATS"]),
    ),
];

pub(crate) static TELEMETRIES: &[Constraint] = &[
    demand(TELEMETRY, &["spec"], Is::AtMostOne(&["selector", "targetRef", "targetRefs"])),
    demand(TELEMETRY, &["spec.selector.matchLabels.{*}"], Is::Text(has_no_wildcard, "a value without `*`")),
    demand(TELEMETRY, &["spec.tracing[*].randomSamplingPercentage"], Is::Between(0, 100)),
    demand(
        TELEMETRY,
        &[
            "spec.tracing[*].providers[*].name",
            "spec.metrics[*].providers[*].name",
            "spec.accessLogging[*].providers[*].name",
        ],
        Is::Required,
    ),
    demand(
        TELEMETRY,
        &[
            "spec.tracing[*].match.mode",
            "spec.metrics[*].overrides[*].match.mode",
            "spec.accessLogging[*].match.mode",
        ],
        Is::OneOf(&["CLIENT_AND_SERVER", "CLIENT", "SERVER"]),
    ),
    demand(
        TELEMETRY,
        &["spec.metrics[*].overrides[*].match.metric"],
        Is::OneOf(&[
            "ALL_METRICS",
            "REQUEST_COUNT",
            "REQUEST_DURATION",
            "REQUEST_SIZE",
            "RESPONSE_SIZE",
            "TCP_OPENED_CONNECTIONS",
            "TCP_CLOSED_CONNECTIONS",
            "TCP_SENT_BYTES",
            "TCP_RECEIVED_BYTES",
            "GRPC_REQUEST_MESSAGES",
            "GRPC_RESPONSE_MESSAGES",
        ]),
    ),
    demand(TELEMETRY, &["spec.metrics[*].overrides[*].match"], Is::AtMostOne(&["metric", "customMetric"])),
    demand(
        TELEMETRY,
        &["spec.metrics[*].overrides[*].tagOverrides.{*}.operation"],
        Is::OneOf(&["UPSERT", "REMOVE"]),
    ),
    demand(TELEMETRY, &["spec.metrics[*].reportingInterval"], DURATION),
];

pub(crate) static WASM_PLUGIN: &[Constraint] = &[
    demand(PLUGIN, &["spec"], Is::AtMostOne(&["selector", "targetRef", "targetRefs"])),
    demand(PLUGIN, &["spec.selector.matchLabels.{*}"], Is::Text(has_no_wildcard, "a value without `*`")),
    demand(PLUGIN, &["spec.url"], Is::Required),
    demand(PLUGIN, &["spec.url"], Is::Text(is_something, "an address")),
    demand(PLUGIN, &["spec.sha256"], Is::Text(is_digest, "64 hexadecimal digits in lower case")),
    demand(PLUGIN, &["spec.imagePullPolicy"], Is::OneOf(&["UNSPECIFIED_POLICY", "IfNotPresent", "Always"])),
    demand(PLUGIN, &["spec.phase"], Is::OneOf(&["UNSPECIFIED_PHASE", "AUTHN", "AUTHZ", "STATS"])),
    demand(PLUGIN, &["spec.failStrategy"], Is::OneOf(&["FAIL_CLOSE", "FAIL_OPEN", "FAIL_RELOAD"])),
    demand(PLUGIN, &["spec.type"], Is::OneOf(&["UNSPECIFIED_PLUGIN_TYPE", "HTTP", "NETWORK"])),
    demand(PLUGIN, &["spec.match[*].mode"], MODES),
    demand(PLUGIN, &["spec.match[*].ports[*].number"], PORT),
    demand(PLUGIN, &["spec.vmConfig.env"], Is::Distinct("name")),
    demand(PLUGIN, &["spec.vmConfig.env[*].valueFrom"], Is::OneOf(&["INLINE", "HOST"])),
];
