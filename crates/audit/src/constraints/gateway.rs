//! The CRDs of Gateway API (config/crd of kubernetes-sigs/gateway-api, 1.4 to 1.7): required fields, words, patterns, ranges
//! and lengths. What their CEL rules demand of several fields at once has rules of its own.
use super::{Constraint, Is, demand, text::*};

const CLASS: &[&str] = &["GatewayClass"];
const GATEWAY_KIND: &[&str] = &["Gateway"];
const ROUTES: &[&str] = &["GRPCRoute", "HTTPRoute", "TCPRoute", "TLSRoute", "UDPRoute"];
const HTTP: &[&str] = &["HTTPRoute"];
const GRPC: &[&str] = &["GRPCRoute"];
const L7: &[&str] = &["GRPCRoute", "HTTPRoute"];
const L4: &[&str] = &["TCPRoute", "TLSRoute", "UDPRoute"];
const GRANT: &[&str] = &["ReferenceGrant"];
const BACKEND_TLS: &[&str] = &["BackendTLSPolicy"];
const HOSTED: &[&str] = &["GRPCRoute", "HTTPRoute", "TLSRoute"];

/// A field of each filter.
macro_rules! filters {
    ($($field:literal),* $(,)?) => {
        &[$(
            concat!("spec.rules[*].filters[*].", $field),
            concat!("spec.rules[*].backendRefs[*].filters[*].", $field),
        )*]
    };
}

const HEADER_NAMES: &[&str] = filters![
    "requestHeaderModifier.set[*].name",
    "requestHeaderModifier.add[*].name",
    "responseHeaderModifier.set[*].name",
    "responseHeaderModifier.add[*].name",
];
const HEADER_VALUES: &[&str] = filters![
    "requestHeaderModifier.set[*].value",
    "requestHeaderModifier.add[*].value",
    "responseHeaderModifier.set[*].value",
    "responseHeaderModifier.add[*].value",
];
const HEADER_LISTS: &[&str] = filters![
    "requestHeaderModifier.set",
    "requestHeaderModifier.add",
    "requestHeaderModifier.remove",
    "responseHeaderModifier.set",
    "responseHeaderModifier.add",
    "responseHeaderModifier.remove",
];
const PATHS: &[&str] = filters!["requestRedirect.path.type", "urlRewrite.path.type"];
const PORT: Is = Is::Between(1, 65535);
const HOST: Is = Is::Text(is_host, "a host in lower case, the first label of which may be `*`");
const PRECISE: Is = Is::Text(is_precise_host, "a host in lower case, without a wildcard");
const NAMESPACE: Is = Is::Text(is_label, "the name of a namespace");
const SECTION: Is = Is::Text(is_subdomain, "a name in lower case");
const KIND: Is = Is::Text(is_kind, "the name of a kind");
const GROUP: Is = Is::Text(is_group, "an API group");
const DURATION: Is = Is::Text(is_gateway_duration, "a duration such as `10s` or `1m30s`, without fractions");
const KEYS: Is = Is::Keys(is_qualified, "names, with a domain before a `/` if at all");
const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];
const METHODS_OR_ANY: &[&str] =
    &["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "*"];

pub(crate) static GATEWAY: &[Constraint] = &[
    demand(CLASS, &["spec", "spec.controllerName"], Is::Required),
    demand(
        CLASS,
        &["spec.controllerName"],
        Is::Text(is_controller, "a domain and a path, such as `acme.example/gateway`"),
    ),
    demand(CLASS, &["spec.description"], Is::Length(0, 64)),
    demand(
        CLASS,
        &["spec.parametersRef.group", "spec.parametersRef.kind", "spec.parametersRef.name"],
        Is::Required,
    ),
    demand(GATEWAY_KIND, &["spec", "spec.gatewayClassName", "spec.listeners"], Is::Required),
    demand(GATEWAY_KIND, &["spec.gatewayClassName"], Is::Length(1, 253)),
    demand(GATEWAY_KIND, &["spec.listeners"], Is::Items(1, 64)),
    demand(
        GATEWAY_KIND,
        &["spec.listeners[*].name", "spec.listeners[*].port", "spec.listeners[*].protocol"],
        Is::Required,
    ),
    demand(GATEWAY_KIND, &["spec.listeners[*].name"], SECTION),
    demand(GATEWAY_KIND, &["spec.listeners[*].port", "spec.tls.frontend.perPort[*].port"], PORT),
    demand(
        GATEWAY_KIND,
        &["spec.listeners[*].protocol"],
        Is::Text(is_protocol, "`HTTP`, `HTTPS`, `TLS`, `TCP`, `UDP`, or one with a domain before it"),
    ),
    demand(GATEWAY_KIND, &["spec.listeners[*].tls.mode"], Is::OneOf(&["Terminate", "Passthrough"])),
    demand(GATEWAY_KIND, &["spec.listeners[*].tls.certificateRefs"], Is::Items(0, 64)),
    demand(GATEWAY_KIND, &["spec.listeners[*].tls.certificateRefs[*].name"], Is::Required),
    demand(GATEWAY_KIND, &["spec.listeners[*].tls.options"], Is::Items(0, 16)),
    demand(
        GATEWAY_KIND,
        &["spec.listeners[*].allowedRoutes.namespaces.from"],
        Is::OneOf(&["All", "Selector", "Same"]),
    ),
    demand(
        GATEWAY_KIND,
        &["spec.allowedListeners.namespaces.from"],
        Is::OneOf(&["All", "Selector", "Same", "None"]),
    ),
    demand(GATEWAY_KIND, &["spec.listeners[*].allowedRoutes.kinds"], Is::Items(0, 8)),
    demand(GATEWAY_KIND, &["spec.listeners[*].allowedRoutes.kinds[*].kind"], Is::Required),
    demand(GATEWAY_KIND, &["spec.listeners[*].allowedRoutes.kinds[*].kind"], KIND),
    demand(GATEWAY_KIND, &["spec.addresses"], Is::Items(0, 16)),
    demand(GATEWAY_KIND, &["spec.addresses[*].value"], Is::Length(0, 253)),
    demand(GATEWAY_KIND, &["spec.infrastructure.labels", "spec.infrastructure.annotations"], Is::Items(0, 8)),
    demand(
        GATEWAY_KIND,
        &["spec.infrastructure.labels", "spec.infrastructure.annotations", "spec.listeners[*].tls.options"],
        KEYS,
    ),
    demand(
        GATEWAY_KIND,
        &[
            "spec.infrastructure.parametersRef.group",
            "spec.infrastructure.parametersRef.kind",
            "spec.infrastructure.parametersRef.name",
        ],
        Is::Required,
    ),
    demand(GATEWAY_KIND, &["spec.tls.frontend.default"], Is::Required),
    demand(
        GATEWAY_KIND,
        &["spec.tls.frontend.perPort[*].port", "spec.tls.frontend.perPort[*].tls"],
        Is::Required,
    ),
    demand(GATEWAY_KIND, &["spec.tls.frontend.perPort"], Is::Distinct("port")),
    demand(GATEWAY_KIND, &["spec.tls.frontend.perPort"], Is::Items(0, 64)),
    demand(
        GATEWAY_KIND,
        &[
            "spec.tls.frontend.default.validation.caCertificateRefs",
            "spec.tls.frontend.perPort[*].tls.validation.caCertificateRefs",
        ],
        Is::Required,
    ),
    demand(
        GATEWAY_KIND,
        &[
            "spec.tls.frontend.default.validation.caCertificateRefs",
            "spec.tls.frontend.perPort[*].tls.validation.caCertificateRefs",
        ],
        Is::Items(1, 16),
    ),
    demand(
        GATEWAY_KIND,
        &["spec.tls.frontend.default.validation.mode", "spec.tls.frontend.perPort[*].tls.validation.mode"],
        Is::OneOf(&["AllowValidOnly", "AllowInsecureFallback"]),
    ),
    demand(ROUTES, &["spec"], Is::Required),
    demand(ROUTES, &["spec.parentRefs"], Is::Items(0, 32)),
    demand(ROUTES, &["spec.parentRefs[*].name"], Is::Required),
    demand(ROUTES, &["spec.parentRefs[*].name", "spec.rules[*].backendRefs[*].name"], Is::Length(1, 253)),
    demand(ROUTES, &["spec.parentRefs[*].namespace", "spec.rules[*].backendRefs[*].namespace"], NAMESPACE),
    demand(ROUTES, &["spec.parentRefs[*].kind", "spec.rules[*].backendRefs[*].kind"], KIND),
    demand(ROUTES, &["spec.parentRefs[*].group", "spec.rules[*].backendRefs[*].group"], GROUP),
    demand(ROUTES, &["spec.parentRefs[*].sectionName", "spec.rules[*].name"], SECTION),
    demand(ROUTES, &["spec.parentRefs[*].port", "spec.rules[*].backendRefs[*].port"], PORT),
    demand(ROUTES, &["spec.rules[*].backendRefs[*].name"], Is::Required),
    demand(ROUTES, &["spec.rules[*].backendRefs[*].weight"], Is::Between(0, 1_000_000)),
    demand(ROUTES, &["spec.rules[*].backendRefs"], Is::Items(0, 16)),
    demand(ROUTES, &["spec.rules"], Is::Distinct("name")),
    demand(L7, &["spec.rules"], Is::Items(1, 16)),
    demand(&["TCPRoute", "UDPRoute"], &["spec.rules"], Is::Items(1, 16)),
    demand(&["TLSRoute"], &["spec.rules"], Is::Items(1, 1024)),
    demand(L4, &["spec.rules", "spec.rules[*].backendRefs"], Is::Required),
    demand(L4, &["spec.rules[*].backendRefs"], Is::Items(1, 16)),
    demand(L7, &["spec.hostnames"], Is::Items(0, 16)),
    demand(&["TLSRoute"], &["spec.hostnames"], Is::Items(1, 1024)),
    demand(HOSTED, &["spec.hostnames[*]"], HOST),
    demand(L7, &["spec.rules[*].matches"], Is::Items(0, 64)),
    demand(L7, &["spec.rules[*].filters", "spec.rules[*].backendRefs[*].filters"], Is::Items(0, 16)),
    demand(L7, filters!["type"], Is::Required),
    demand(
        HTTP,
        filters!["type"],
        Is::OneOf(&[
            "RequestHeaderModifier",
            "ResponseHeaderModifier",
            "RequestMirror",
            "RequestRedirect",
            "URLRewrite",
            "ExtensionRef",
            "CORS",
            "ExternalAuth",
        ]),
    ),
    demand(
        GRPC,
        filters!["type"],
        Is::OneOf(&["RequestHeaderModifier", "ResponseHeaderModifier", "RequestMirror", "ExtensionRef"]),
    ),
    demand(L7, HEADER_LISTS, Is::Items(0, 16)),
    demand(L7, HEADER_NAMES, Is::Required),
    demand(L7, HEADER_NAMES, Is::Text(is_header, "the name of a header")),
    demand(L7, HEADER_VALUES, Is::Required),
    demand(L7, HEADER_VALUES, Is::Length(1, 4096)),
    demand(L7, HEADER_VALUES, Is::Text(is_header_value, "text without line breaks")),
    demand(
        L7,
        &["spec.rules[*].matches[*].headers[*].name", "spec.rules[*].matches[*].headers[*].value"],
        Is::Required,
    ),
    demand(L7, &["spec.rules[*].matches[*].headers[*].name"], Is::Text(is_header, "the name of a header")),
    demand(L7, &["spec.rules[*].matches[*].headers[*].value"], Is::Length(1, 4096)),
    demand(
        L7,
        &["spec.rules[*].matches[*].headers", "spec.rules[*].matches[*].queryParams"],
        Is::Items(0, 16),
    ),
    demand(
        L7,
        &[
            "spec.rules[*].matches[*].headers[*].type",
            "spec.rules[*].matches[*].queryParams[*].type",
            "spec.rules[*].matches[*].method.type",
        ],
        Is::OneOf(&["Exact", "RegularExpression"]),
    ),
    demand(
        HTTP,
        &["spec.rules[*].matches[*].queryParams[*].name", "spec.rules[*].matches[*].queryParams[*].value"],
        Is::Required,
    ),
    demand(HTTP, &["spec.rules[*].matches[*].queryParams[*].value"], Is::Length(1, 1024)),
    demand(HTTP, &["spec.rules[*].matches[*].method"], Is::OneOf(METHODS)),
    demand(HTTP, &["spec.rules[*].matches[*].path.value"], Is::Length(0, 1024)),
    demand(
        GRPC,
        &["spec.rules[*].matches[*].method.service", "spec.rules[*].matches[*].method.method"],
        Is::Length(0, 1024),
    ),
    demand(HTTP, &["spec.rules[*].timeouts.request", "spec.rules[*].timeouts.backendRequest"], DURATION),
    demand(
        L7,
        &["spec.rules[*].sessionPersistence.absoluteTimeout", "spec.rules[*].sessionPersistence.idleTimeout"],
        DURATION,
    ),
    demand(L7, &["spec.rules[*].sessionPersistence.sessionName"], Is::Length(0, 128)),
    demand(L7, &["spec.rules[*].sessionPersistence.type"], Is::OneOf(&["Cookie", "Header"])),
    demand(
        L7,
        &["spec.rules[*].sessionPersistence.cookieConfig.lifetimeType"],
        Is::OneOf(&["Permanent", "Session"]),
    ),
    demand(HTTP, &["spec.rules[*].retry.codes[*]"], Is::Between(400, 599)),
    demand(HTTP, &["spec.rules[*].retry.codes"], Is::Distinct("")),
    demand(HTTP, &["spec.rules[*].retry.backoff"], DURATION),
    demand(HTTP, filters!["requestRedirect.scheme"], Is::OneOf(&["http", "https"])),
    demand(HTTP, filters!["requestRedirect.hostname", "urlRewrite.hostname"], PRECISE),
    demand(HTTP, filters!["requestRedirect.port"], PORT),
    demand(HTTP, filters!["requestRedirect.statusCode"], Is::OneOf(&["301", "302", "303", "307", "308"])),
    demand(HTTP, PATHS, Is::Required),
    demand(HTTP, PATHS, Is::OneOf(&["ReplaceFullPath", "ReplacePrefixMatch"])),
    demand(L7, filters!["requestMirror.backendRef"], Is::Required),
    demand(L7, filters!["requestMirror.backendRef.name"], Is::Required),
    demand(L7, filters!["requestMirror.percent"], Is::Between(0, 100)),
    demand(L7, filters!["requestMirror.fraction.numerator"], Is::Required),
    demand(L7, filters!["requestMirror.fraction.denominator"], Is::Between(1, i32::MAX as i64)),
    demand(L7, filters!["extensionRef.group", "extensionRef.kind", "extensionRef.name"], Is::Required),
    demand(HTTP, filters!["cors.allowOrigins", "cors.allowHeaders", "cors.exposeHeaders"], Is::Items(0, 64)),
    demand(HTTP, filters!["cors.allowMethods"], Is::Items(0, 9)),
    demand(
        HTTP,
        filters!["cors.allowOrigins[*]"],
        Is::Text(is_origin, "`*`, or a scheme and a host such as `https://a.example`"),
    ),
    demand(HTTP, filters!["cors.allowMethods[*]"], Is::OneOf(METHODS_OR_ANY)),
    demand(
        HTTP,
        filters!["cors.allowHeaders[*]", "cors.exposeHeaders[*]"],
        Is::Text(is_header_or_any, "the name of a header, or `*`"),
    ),
    demand(HTTP, filters!["cors.maxAge"], Is::Between(1, i32::MAX as i64)),
    demand(HTTP, filters!["externalAuth.protocol", "externalAuth.backendRef"], Is::Required),
    demand(HTTP, filters!["externalAuth.protocol"], Is::OneOf(&["GRPC", "HTTP"])),
    demand(HTTP, filters!["externalAuth"], Is::AtMostOne(&["grpc", "http"])),
    demand(GRANT, &["spec", "spec.from", "spec.to"], Is::Required),
    demand(GRANT, &["spec.from", "spec.to"], Is::Items(1, 16)),
    demand(
        GRANT,
        &[
            "spec.from[*].group",
            "spec.from[*].kind",
            "spec.from[*].namespace",
            "spec.to[*].group",
            "spec.to[*].kind",
        ],
        Is::Required,
    ),
    demand(GRANT, &["spec.from[*].namespace"], NAMESPACE),
    demand(GRANT, &["spec.from[*].kind", "spec.to[*].kind"], KIND),
    demand(GRANT, &["spec.from[*].group", "spec.to[*].group"], GROUP),
    demand(
        BACKEND_TLS,
        &["spec", "spec.targetRefs", "spec.validation", "spec.validation.hostname"],
        Is::Required,
    ),
    demand(BACKEND_TLS, &["spec.targetRefs"], Is::Items(1, 16)),
    demand(
        BACKEND_TLS,
        &["spec.targetRefs[*].group", "spec.targetRefs[*].kind", "spec.targetRefs[*].name"],
        Is::Required,
    ),
    demand(BACKEND_TLS, &["spec.validation.hostname"], PRECISE),
    demand(BACKEND_TLS, &["spec.validation.caCertificateRefs"], Is::Items(0, 16)),
    demand(BACKEND_TLS, &["spec.validation.subjectAltNames"], Is::Items(0, 5)),
    demand(BACKEND_TLS, &["spec.validation.subjectAltNames[*].type"], Is::Required),
    demand(BACKEND_TLS, &["spec.validation.subjectAltNames[*].type"], Is::OneOf(&["Hostname", "URI"])),
    demand(BACKEND_TLS, &["spec.options"], Is::Items(0, 16)),
    demand(BACKEND_TLS, &["spec.options"], KEYS),
];
