//! IS076: a patch of an EnvoyFilter that changes nothing, or that Envoy refuses.
use netloom_objects::{Object, Severity, istio::EnvoyFilter};

use crate::{Context, Findings, Group, Rule, Version, words::title};

pub static RULE: Rule = Rule {
    code: "IS076",
    name: "envoy-filter-without-effect",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A patch whose operation does nothing for what it is applied to (ADD and REMOVE for routes, REPLACE and \
            INSERT for anything but filters); one for a version of the proxy that is not the targeted one \
            (`--istio-version`); and (errors) a filter without `typed_config` and its `@type`, or with a type of \
            Envoy's second API, which is gone.",
    why: "Istio leaves such a patch out without a word. What Envoy refuses it refuses with the whole listener: the \
            proxies keep the old one, and new pods have none (Istio's reference of EnvoyFilter, Patch.Operation; \
            istioctl analyze, IST0151 to IST0155; Envoy: Well known type, v2 API deprecation).",
    wrong: "\
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: lua, namespace: shop}
spec:
  workloadSelector: {labels: {app: web}}
  configPatches:
    - applyTo: HTTP_FILTER
      match:
        context: SIDECAR_INBOUND
        listener: {filterChain: {filter: {name: envoy.filters.network.http_connection_manager}}}
      patch:
        operation: INSERT_BEFORE
        value:
          name: envoy.filters.http.lua
          typed_config:
            \"@type\": type.googleapis.com/envoy.config.filter.http.lua.v2.Lua
            inlineCode: function envoy_on_request(handle) end
",
    right: "\
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: lua, namespace: shop}
spec:
  workloadSelector: {labels: {app: web}}
  configPatches:
    - applyTo: HTTP_FILTER
      match:
        context: SIDECAR_INBOUND
        listener: {filterChain: {filter: {name: envoy.filters.network.http_connection_manager}}}
      patch:
        operation: INSERT_BEFORE
        value:
          name: envoy.filters.http.lua
          typed_config:
            \"@type\": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua
            inlineCode: function envoy_on_request(handle) end
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, filter) in cx.all::<EnvoyFilter>() {
        for (index, patch) in filter.spec.config_patches.iter().enumerate() {
            let path = format!("spec.configPatches[{index}]");
            let apply_to = patch.apply_to.as_deref().unwrap_or_default();
            let operation =
                patch.patch.as_ref().and_then(|patch| patch.operation.as_deref()).unwrap_or_default();
            if let Some(instead) = idle(apply_to, operation) {
                let message = format!("{}: {operation} does nothing for {apply_to}", title(object));
                out.add(object, &format!("{path}.patch.operation"), message).help(instead);
            }
            let proxy = patch.match_.as_ref().and_then(|one| one.proxy.as_ref()?.proxy_version.as_deref());
            if let Some(version) = proxy.and_then(named).filter(|version| *version != cx.istio_version()) {
                let message = format!(
                    "{}: the patch is for proxies of Istio {version}, and these are of {}",
                    title(object),
                    cx.istio_version()
                );
                out.add(object, &format!("{path}.match.proxy.proxyVersion"), message)
                    .help("see whether the patch still fits, and name the version that runs (or give `--istio-version`)");
            }
            typed(object, &path, apply_to, operation, out);
        }
    }
}

/// What to do instead of an operation that has no effect.
fn idle(apply_to: &str, operation: &str) -> Option<&'static str> {
    let of_filters = matches!(apply_to, "HTTP_FILTER" | "NETWORK_FILTER" | "LISTENER_FILTER");
    match operation {
        "ADD" if matches!(apply_to, "ROUTE_CONFIGURATION" | "HTTP_ROUTE") => {
            Some("write `MERGE`; new routes come from a VirtualService")
        }
        "REMOVE" if apply_to == "ROUTE_CONFIGURATION" => {
            Some("remove what is in it: VIRTUAL_HOST, or HTTP_ROUTE")
        }
        "REPLACE" if !of_filters => Some("write `MERGE`: REPLACE is for filters only"),
        "INSERT_BEFORE" | "INSERT_AFTER" | "INSERT_FIRST" if !of_filters && apply_to != "HTTP_ROUTE" => {
            Some("write `ADD`: INSERT is for what has an order, which filters and routes have")
        }
        _ => None,
    }
}

/// The version in a pattern such as `^1\.29.*`, where it names just one.
fn named(pattern: &str) -> Option<Version> {
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let pattern = pattern.trim_start_matches('^');
    let (major, rest) = pattern.split_at(digits(pattern));
    let rest = rest.strip_prefix("\\.").or_else(|| rest.strip_prefix('.'))?;
    let (minor, rest) = rest.split_at(digits(rest));
    let (major, minor) = (major.parse().ok()?, minor.parse::<u16>().ok()?);
    // `1.2.*` is that of 1.20 too, and `1.2[0-9]` is several.
    let ends = rest.is_empty()
        || rest.starts_with("\\.")
        || rest.starts_with('.') && (minor > 9 || !rest.starts_with(".*"));
    ends.then_some(Version::new(major, minor))
}

/// Finds filters that Envoy refuses by their type.
fn typed(object: &Object, path: &str, apply_to: &str, operation: &str, out: &mut Findings<'_>) {
    let value = format!("{path}.patch.value");
    let adds = !matches!(operation, "REMOVE" | "MERGE" | "");
    let is_filter = matches!(apply_to, "HTTP_FILTER" | "NETWORK_FILTER" | "LISTENER_FILTER");
    let kind = format!("{value}.typed_config.@type");
    let camel = format!("{value}.typedConfig.@type");
    let written =
        object.text(&kind).map(|text| (&kind, text)).or_else(|| Some((&camel, object.text(&camel)?)));
    match written {
        Some((place, text)) if text.contains("/envoy.config.filter.") || text.contains("/envoy.api.v2") => {
            let message =
                format!("{}: Envoy does not know `{text}`, a type of its second API", title(object));
            out.add(object, place, message).severity(Severity::Error).help(
                "write the type of the third API, `type.googleapis.com/envoy.extensions.filters.….v3.…`",
            );
        }
        None if adds && is_filter && object.is_written(&value) => {
            let unfinished = object.is_written(&format!("{value}.config_discovery"))
                || object.is_written(&format!("{value}.configDiscovery"));
            if unfinished || object.holds_fault(&value) {
                return;
            }
            let message = format!(
                "{}: the filter has no `typed_config` with its `@type`, and Envoy refuses it",
                title(object)
            );
            out.add(object, &value, message)
                .severity(Severity::Error)
                .help("add `typed_config: {\"@type\": type.googleapis.com/envoy.extensions.filters.….v3.…}`");
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_proxies() {
        for (pattern, version) in [
            ("^1\\.29.*", Some(Version::new(1, 29))),
            ("^1\\.29\\..*", Some(Version::new(1, 29))),
            ("1.29.0", Some(Version::new(1, 29))),
            ("^1\\.2[0-9].*", None),
            ("1.2.*", None),
            ("^1\\.9\\..*", Some(Version::new(1, 9))),
            ("", None),
        ] {
            assert_eq!(named(pattern), version, "{pattern}");
        }
    }
}
