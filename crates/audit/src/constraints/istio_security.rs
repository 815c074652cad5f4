//! The same of security.istio.io: who may ask, with which certificates and tokens.
use super::{
    Constraint, Is, demand,
    istio::{DURATION, PORT, has_no_wildcard},
    text::*,
};

const PEER: &[&str] = &["PeerAuthentication"];
const AUTHORIZATION: &[&str] = &["AuthorizationPolicy"];
const REQUEST: &[&str] = &["RequestAuthentication"];
const SECURITY: &[&str] = &["AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication"];
const TARGETED: &[&str] = &["AuthorizationPolicy", "RequestAuthentication"];

/// A field of each source of an AuthorizationPolicy.
macro_rules! sources {
    ($($field:literal),* $(,)?) => { &[$(concat!("spec.rules[*].from[*].source.", $field),)*] };
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok_and(|port| port > 0)
}

/// What a condition of an AuthorizationPolicy can look at.
fn is_attribute(text: &str) -> bool {
    const KNOWN: [&str; 12] = [
        "source.ip",
        "source.trustDomain",
        "remote.ip",
        "source.namespace",
        "source.principal",
        "source.serviceAccount",
        "destination.ip",
        "destination.port",
        "connection.sni",
        "request.auth.principal",
        "request.auth.audiences",
        "request.auth.presenter",
    ];
    let keyed = |prefix: &str| {
        text.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('[') && rest.ends_with(']'))
    };
    KNOWN.contains(&text)
        || keyed("request.headers")
        || keyed("request.auth.claims")
        || text.starts_with("experimental.")
}

pub(crate) static ISTIO_SECURITY: &[Constraint] = &[
    demand(SECURITY, &["spec.selector.matchLabels.{*}"], Is::Text(has_no_wildcard, "a value without `*`")),
    demand(TARGETED, &["spec"], Is::AtMostOne(&["selector", "targetRef", "targetRefs"])),
    demand(
        TARGETED,
        &["spec.targetRef.kind", "spec.targetRef.name", "spec.targetRefs[*].kind", "spec.targetRefs[*].name"],
        Is::Required,
    ),
    demand(
        TARGETED,
        &["spec.targetRef.kind", "spec.targetRefs[*].kind"],
        Is::OneOf(&["Gateway", "GatewayClass", "Service", "ServiceEntry"]),
    ),
    demand(
        TARGETED,
        &["spec.targetRef.group", "spec.targetRefs[*].group"],
        Is::Text(is_group, "an API group"),
    ),
    demand(
        TARGETED,
        &["spec.targetRef.namespace", "spec.targetRefs[*].namespace"],
        Is::Text(str::is_empty, "left out, because a target is in the policy's own namespace"),
    ),
    demand(
        PEER,
        &["spec.mtls.mode", "spec.portLevelMtls.{*}.mode"],
        Is::OneOf(&["UNSET", "DISABLE", "PERMISSIVE", "STRICT"]),
    ),
    demand(PEER, &["spec.portLevelMtls"], Is::Items(1, usize::MAX)),
    demand(PEER, &["spec.portLevelMtls"], Is::Keys(is_port, "ports from 1 to 65535")),
    demand(AUTHORIZATION, &["spec.action"], Is::OneOf(&["ALLOW", "DENY", "AUDIT", "CUSTOM"])),
    demand(AUTHORIZATION, &["spec.rules[*].from", "spec.rules[*].to"], Is::Items(1, 512)),
    demand(AUTHORIZATION, &["spec.rules[*].from[*].source", "spec.rules[*].to[*].operation"], Is::Required),
    demand(
        AUTHORIZATION,
        &["spec.rules[*].from[*].source"],
        Is::AtLeastOne(&[
            "principals",
            "notPrincipals",
            "requestPrincipals",
            "notRequestPrincipals",
            "namespaces",
            "notNamespaces",
            "ipBlocks",
            "notIpBlocks",
            "remoteIpBlocks",
            "notRemoteIpBlocks",
            "serviceAccounts",
            "notServiceAccounts",
            "trustDomains",
            "notTrustDomains",
        ]),
    ),
    demand(
        AUTHORIZATION,
        &["spec.rules[*].from[*].source"],
        Is::AtMostOne(&["serviceAccounts", "namespaces"]),
    ),
    demand(
        AUTHORIZATION,
        &["spec.rules[*].from[*].source"],
        Is::AtMostOne(&["serviceAccounts", "principals"]),
    ),
    demand(
        AUTHORIZATION,
        &["spec.rules[*].to[*].operation"],
        Is::AtLeastOne(&[
            "hosts",
            "notHosts",
            "ports",
            "notPorts",
            "methods",
            "notMethods",
            "paths",
            "notPaths",
        ]),
    ),
    demand(
        AUTHORIZATION,
        sources![
            "principals[*]",
            "requestPrincipals[*]",
            "namespaces[*]",
            "ipBlocks[*]",
            "remoteIpBlocks[*]",
            "notPrincipals[*]",
            "notNamespaces[*]"
        ],
        Is::Text(is_something, "something"),
    ),
    demand(
        AUTHORIZATION,
        &["spec.rules[*].to[*].operation.ports[*]", "spec.rules[*].to[*].operation.notPorts[*]"],
        PORT,
    ),
    demand(AUTHORIZATION, &["spec.rules[*].when[*].key"], Is::Required),
    demand(
        AUTHORIZATION,
        &["spec.rules[*].when[*].key"],
        Is::Text(is_attribute, "an attribute that Istio knows"),
    ),
    demand(AUTHORIZATION, &["spec.rules[*].when[*]"], Is::AtLeastOne(&["values", "notValues"])),
    demand(REQUEST, &["spec.jwtRules[*].issuer"], Is::Required),
    demand(
        REQUEST,
        &[
            "spec.jwtRules[*].issuer",
            "spec.jwtRules[*].audiences[*]",
            "spec.jwtRules[*].fromParams[*]",
            "spec.jwtRules[*].fromCookies[*]",
            "spec.jwtRules[*].fromHeaders[*].name",
            "spec.jwtRules[*].outputClaimToHeaders[*].claim",
            "spec.jwtRules[*].spaceDelimitedClaims[*]",
        ],
        Is::Text(is_something, "something"),
    ),
    demand(REQUEST, &["spec.jwtRules[*]"], Is::AtMostOne(&["jwks", "jwksUri"])),
    demand(
        REQUEST,
        &["spec.jwtRules[*].jwksUri"],
        Is::Text(is_url, "an address that begins with `https://`"),
    ),
    demand(
        REQUEST,
        &[
            "spec.jwtRules[*].fromHeaders[*].name",
            "spec.jwtRules[*].outputClaimToHeaders[*].claim",
            "spec.jwtRules[*].outputClaimToHeaders[*].header",
        ],
        Is::Required,
    ),
    demand(
        REQUEST,
        &["spec.jwtRules[*].outputClaimToHeaders[*].header"],
        Is::Text(is_header, "the name of a header"),
    ),
    demand(REQUEST, &["spec.jwtRules[*].timeout"], DURATION),
    demand(REQUEST, &["spec.jwtRules[*].presence"], Is::OneOf(&["OPTIONAL", "REQUIRED"])),
];
