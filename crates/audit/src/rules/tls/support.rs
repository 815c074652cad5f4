//! What rules about certificates share: who issues, who makes a Secret, which names a certificate is for.
use std::collections::HashMap;

use k8s_openapi::api::networking::v1::{Ingress, IngressSpec};
use netloom_objects::{
    Object, Typed,
    cert_manager::{Certificate, IssuerSpec},
};

use crate::{
    Context, Kind as _,
    words::{entry, namespace_of},
};

/// The annotations by which cert-manager's shim takes an Ingress or Gateway, each with the kind of issuer.
pub(super) const SHIM: [(&str, &str); 2] =
    [("cert-manager.io/cluster-issuer", "ClusterIssuer"), ("cert-manager.io/issuer", "Issuer")];

/// A name of an issuer, and where it stands.
pub(super) struct IssuerName<'a> {
    pub object: &'a Object,
    pub path: String,
    pub kind: &'a str,
    pub name: &'a str,
}

/// The issuers that Certificates and the shim's annotations name; those of other groups are left out.
pub(super) fn issuer_names<'a>(cx: &Context<'a>) -> Vec<IssuerName<'a>> {
    let mut names = Vec::new();
    for (object, certificate) in cx.all::<Certificate>() {
        let issuer = &certificate.spec.issuer_ref;
        if issuer.group.as_deref().is_none_or(|group| group.is_empty() || group == "cert-manager.io") {
            let kind = issuer.kind.as_deref().filter(|kind| !kind.is_empty()).unwrap_or("Issuer");
            names.push(IssuerName {
                object,
                path: "spec.issuerRef.name".to_owned(),
                kind,
                name: &issuer.name,
            });
        }
    }
    let gateways = cx.all_of("gateway.networking.k8s.io", "Gateway").into_iter();
    for object in cx.all_of(Ingress::GROUP, Ingress::KIND).into_iter().chain(gateways) {
        let group = object.annotations().get("cert-manager.io/issuer-group");
        if group.is_some_and(|group| group != "cert-manager.io") {
            continue;
        }
        for (key, kind) in SHIM {
            if let Some(name) = object.annotations().get(key) {
                let kind = match object.annotations().get("cert-manager.io/issuer-kind") {
                    Some(other) if kind == "Issuer" => other,
                    _ => kind,
                };
                names.push(IssuerName { object, path: entry("metadata.annotations", key), kind, name });
            }
        }
    }
    names
}

impl<'a> IssuerName<'a> {
    /// The issuer, if the set has it.
    pub fn find(&self, cx: &Context<'a>) -> Option<(&'a Object, &'a IssuerSpec)> {
        let namespace = (self.kind == "Issuer").then(|| namespace_of(self.object));
        let object = cx.find_any("cert-manager.io", self.kind, namespace, self.name)?;
        Some((object, spec_of(object)?))
    }

    /// `ClusterIssuer public`.
    pub fn title(&self) -> String {
        match self.kind {
            "Issuer" => format!("Issuer {}/{}", namespace_of(self.object), self.name),
            kind => format!("{kind} {}", self.name),
        }
    }
}

/// The issuers of both kinds.
pub(super) fn issuers<'a>(cx: &Context<'a>) -> impl Iterator<Item = (&'a Object, &'a IssuerSpec)> + use<'a> {
    let all = cx.all_of("cert-manager.io", "Issuer").into_iter();
    all.chain(cx.all_of("cert-manager.io", "ClusterIssuer"))
        .filter_map(|object| Some((object, spec_of(object)?)))
}

fn spec_of(object: &Object) -> Option<&IssuerSpec> {
    match &object.typed {
        Typed::Issuer(issuer) => Some(&issuer.spec),
        Typed::ClusterIssuer(issuer) => Some(&issuer.spec),
        _ => None,
    }
}

/// The Certificates by the namespace and name of the Secret that they make.
pub(super) fn makers<'a>(
    cx: &Context<'a>,
) -> HashMap<(&'a str, &'a str), Vec<(&'a Object, &'a Certificate)>> {
    let mut made: HashMap<_, Vec<_>> = HashMap::new();
    for (object, certificate) in cx.all::<Certificate>() {
        let secret = (namespace_of(object), certificate.spec.secret_name.as_str());
        made.entry(secret).or_default().push((object, certificate));
    }
    made
}

/// The entries for TLS of all Ingresses: object, index, Secret, hosts. Those too that are given again further on: each
/// of them may be the one that is applied.
pub(in crate::rules) fn tls_entries<'a>(cx: &Context<'a>) -> Vec<(&'a Object, usize, &'a str, &'a [String])> {
    let mut found = Vec::new();
    for object in cx.set.sources.iter().flat_map(|source| &source.objects) {
        let Typed::Ingress(ingress) = &object.typed else { continue };
        let Some(IngressSpec { tls: Some(tls), .. }) = &ingress.spec else { continue };
        for (index, entry) in tls.iter().enumerate() {
            if let Some(secret) = entry.secret_name.as_deref().filter(|name| !name.is_empty()) {
                found.push((&**object, index, secret, entry.hosts.as_deref().unwrap_or_default()));
            }
        }
    }
    found
}

/// Whether the shim makes Certificates for an Ingress.
pub(in crate::rules) fn shim_of(object: &Object) -> Option<&'static str> {
    SHIM.iter().map(|(key, _)| *key).find(|key| object.annotations().contains_key(*key))
}

/// Whether a name of a certificate covers a host; a wildcard stands for one label (RFC 9525, section 6.3).
pub(super) fn covers(name: &str, host: &str) -> bool {
    let (name, host) = (name.to_ascii_lowercase(), host.to_ascii_lowercase());
    name == host
        || name.strip_prefix("*.").is_some_and(|parent| {
            host.split_once('.').is_some_and(|(label, rest)| label != "*" && rest == parent)
        })
}

/// The seconds of a duration of Go: `2160h`, `1h30m`; none for any other text.
pub(super) fn seconds(text: &str) -> Option<f64> {
    let (mut rest, mut total) = (text, 0.0);
    if rest == "0" {
        return Some(0.0);
    }
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let tail = &rest[digits..];
        let unit = &tail[..tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len())];
        let factor = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        total += rest[..digits].parse::<f64>().ok()? * factor;
        rest = &tail[unit.len()..];
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_go() {
        for (text, wanted) in [
            ("2160h", Some(7_776_000.0)),
            ("1h30m", Some(5400.0)),
            ("0", Some(0.0)),
            ("90d", None),
            ("", None),
            ("h", None),
            ("12", None),
        ] {
            assert_eq!(seconds(text), wanted, "{text}");
        }
    }
}
