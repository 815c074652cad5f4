//! The one table from code to rule.
pub(crate) mod cni;
pub(crate) mod dns;
mod gateway;
mod ingress;
pub(crate) mod istio;
pub(crate) mod manifests;
pub(crate) mod monitoring;
pub(crate) mod policy;
pub(crate) mod services;
mod tls;
mod workloads;

use crate::Rule;

/// Rules about one part of the network; their codes begin with the same two letters.
#[derive(Debug)]
pub struct Area {
    /// `NP`.
    pub prefix: &'static str,
    /// What they are about.
    pub title: &'static str,
    /// The rules, by code.
    pub rules: &'static [&'static Rule],
}

/// All areas.
pub static AREAS: [Area; 11] = [
    Area { prefix: "MF", title: "Manifests", rules: manifests::RULES },
    Area { prefix: "NP", title: "Network policies", rules: policy::RULES },
    Area { prefix: "SV", title: "Services", rules: services::RULES },
    Area { prefix: "DN", title: "DNS", rules: dns::RULES },
    Area { prefix: "IN", title: "Ingress", rules: ingress::RULES },
    Area { prefix: "GW", title: "Gateway API", rules: gateway::RULES },
    Area { prefix: "IS", title: "Istio", rules: istio::RULES },
    Area { prefix: "TL", title: "TLS and certificates", rules: tls::RULES },
    Area { prefix: "WL", title: "Workloads, as they bear on the network", rules: workloads::RULES },
    Area { prefix: "OB", title: "Monitoring", rules: monitoring::RULES },
    Area { prefix: "CN", title: "CNI and kube-proxy", rules: cni::RULES },
];

/// All rules, area by area.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    AREAS.iter().flat_map(|area| area.rules.iter().copied())
}

/// The rule of a code (`NP003`) or name (`egress-without-dns`), in any case.
#[must_use]
pub fn find_rule(code_or_name: &str) -> Option<&'static Rule> {
    rules().find(|rule| {
        rule.code.eq_ignore_ascii_case(code_or_name) || rule.name.eq_ignore_ascii_case(code_or_name)
    })
}
