//! IS079: a plugin that is not always the same program.
use netloom_objects::{Severity, istio::WasmPlugin};

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IS079",
    name: "wasm-plugin-unpinned",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "A WasmPlugin whose image has no tag or the tag `latest`, and no digest; or one that is fetched over \
            plain HTTP without `sha256`.",
    why: "The proxies run the program with every request that they see. Over plain HTTP anyone on the way can put \
            another one in its place; behind a tag that moves, proxies that start later run another one than those \
            that run (Istio's reference of WasmPlugin, `url`, `sha256`, `imagePullPolicy`).",
    wrong: "\
apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: {name: auth, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  url: oci://registry.example/auth:latest
  phase: AUTHN
",
    right: "\
apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: {name: auth, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  url: oci://registry.example/auth:1.4.0
  phase: AUTHN
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, plugin) in cx.all::<WasmPlugin>() {
        let spec = &plugin.spec;
        if spec.sha256.as_ref().is_some_and(|digest| !digest.is_empty()) {
            continue;
        }
        let fault = match spec.url.split_once("://") {
            Some(("http", _)) => Some((
                "fetched over plain HTTP, and nothing says what it has to be",
                "add `sha256`, or use `https://` or `oci://`",
            )),
            Some(("https" | "file", _)) => None,
            Some((_, image)) => moves(image),
            None => moves(&spec.url),
        };
        let Some((what, help)) = fault else { continue };
        out.add(object, "spec.url", format!("{}: the plugin is {what}", title(object))).help(help);
    }
}

/// How an image may change, if it may.
fn moves(image: &str) -> Option<(&'static str, &'static str)> {
    const HELP: &str = "name a version, or a digest (`@sha256:…`)";
    let name = image.rsplit('/').next().unwrap_or(image);
    if name.is_empty() || name.contains('@') {
        return None;
    }
    match name.split_once(':') {
        None => Some(("an image without a tag, which is `latest`", HELP)),
        Some((_, "latest")) => Some(("the image that is `latest` when a proxy starts", HELP)),
        Some(_) => None,
    }
}
