//! What rules about Ingress share: paths and backends with their places, and the annotations of ingress-nginx.
use k8s_openapi::api::networking::v1::{
    Ingress, IngressBackend, IngressClass, IngressServiceBackend, IngressSpec,
};
use netloom_objects::Object;

use crate::Context;

/// The prefix of ingress-nginx's annotations.
pub(super) const NGINX: &str = "nginx.ingress.kubernetes.io/";

/// All Ingresses that have a spec.
pub(super) fn ingresses<'a>(
    cx: &Context<'a>,
) -> impl Iterator<Item = (&'a Object, &'a IngressSpec)> + use<'a> {
    cx.all::<Ingress>().filter_map(|(object, ingress)| Some((object, ingress.spec.as_ref()?)))
}

/// All Ingresses, also those whose spec is empty.
pub(super) fn annotated<'a>(cx: &Context<'a>) -> impl Iterator<Item = &'a Object> + use<'a> {
    cx.all::<Ingress>().map(|(object, _)| object)
}

/// One path of an Ingress.
pub(super) struct PathOf<'a> {
    /// `spec.rules[0].http.paths[0]`.
    pub at: String,
    /// None for every host.
    pub host: Option<&'a str>,
    /// `/` where unset.
    pub path: &'a str,
    pub type_: &'a str,
    pub backend: &'a IngressBackend,
}

/// The paths of an Ingress, in order.
pub(super) fn paths(spec: &IngressSpec) -> Vec<PathOf<'_>> {
    let mut found = Vec::new();
    for (i, rule) in spec.rules.iter().flatten().enumerate() {
        for (j, path) in rule.http.iter().flat_map(|http| &http.paths).enumerate() {
            found.push(PathOf {
                at: format!("spec.rules[{i}].http.paths[{j}]"),
                host: rule.host.as_deref().filter(|host| !host.is_empty()),
                path: path.path.as_deref().filter(|path| !path.is_empty()).unwrap_or("/"),
                type_: &path.path_type,
                backend: &path.backend,
            });
        }
    }
    found
}

/// The Services that an Ingress leads to, each with the path of the reference.
pub(in crate::rules) fn services(spec: &IngressSpec) -> Vec<(String, &IngressServiceBackend)> {
    let default = spec.default_backend.iter().map(|backend| ("spec.defaultBackend".to_owned(), backend));
    let of_paths = paths(spec).into_iter().map(|path| (format!("{}.backend", path.at), path.backend));
    default
        .chain(of_paths)
        .filter_map(|(at, backend)| Some((format!("{at}.service"), backend.service.as_ref()?)))
        .collect()
}

/// The value of an annotation of ingress-nginx.
pub(super) fn nginx<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    object.annotations().get(&format!("{NGINX}{name}")).map(String::as_str)
}

/// The path of an annotation.
pub(super) fn annotation(key: &str) -> String {
    format!("metadata.annotations.{}", key.replace('\\', "\\\\").replace('.', "\\.").replace('[', "\\["))
}

/// The path of an annotation of ingress-nginx.
pub(super) fn nginx_at(name: &str) -> String {
    annotation(&format!("{NGINX}{name}"))
}

/// The class of an Ingress, by its field or by the old annotation.
pub(super) fn class_of<'a>(object: &'a Object, spec: &'a IngressSpec) -> Option<&'a str> {
    let old = object.annotations().get("kubernetes.io/ingress.class").map(String::as_str);
    spec.ingress_class_name.as_deref().or(old).filter(|class| !class.is_empty())
}

/// The controller of an Ingress's class, where the set has the class.
pub(super) fn controller_of<'a>(cx: &Context<'a>, object: &Object, spec: &IngressSpec) -> Option<&'a str> {
    let (_, class) = cx.find::<IngressClass>(None, class_of(object, spec)?)?;
    class.spec.as_ref()?.controller.as_deref()
}

/// Whether ingress-nginx most likely carries an Ingress out: by its class, or by its annotations.
pub(super) fn is_nginx(cx: &Context<'_>, object: &Object, spec: &IngressSpec) -> bool {
    if let Some(controller) = controller_of(cx, object, spec) {
        return controller == "k8s.io/ingress-nginx";
    }
    match class_of(object, spec) {
        Some(class) => class.contains("nginx"),
        None => object.annotations().keys().any(|key| key.starts_with(NGINX)),
    }
}

/// Whether an Ingress adds to another one as a canary of ingress-nginx.
pub(super) fn is_canary(object: &Object) -> bool {
    nginx(object, "canary") == Some("true")
}

/// Whether an Ingress adds paths to a master of NGINX's own controller, which has the host and its certificate.
pub(super) fn is_minion(object: &Object) -> bool {
    object.annotations().get("nginx.org/mergeable-ingress-type").is_some_and(|kind| kind == "minion")
}

/// Whether a path has characters that only patterns have.
pub(super) fn is_pattern(path: &str) -> bool {
    path.contains(['(', ')', '[', ']', '{', '}', '^', '$', '|', '\\', '?', '+']) || path.contains(".*")
}
