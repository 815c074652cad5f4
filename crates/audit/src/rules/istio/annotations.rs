//! The annotations and labels of Istio: where they are read, and what they may say (annotations.yaml and labels.yaml of
//! istio/api, and its guides for ambient and gateways).
use ipnet::IpNet;
use netloom_objects::Object;

use crate::{Context, Workload, words::entry};

/// Where a key is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum On {
    Pod,
    Namespace,
    NamespaceOrPod,
    Service,
    /// Services, Namespaces, pods and ServiceEntries.
    Target,
    Gateway,
    /// Several kinds, or anything.
    Any,
}

/// What a value may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Any,
    /// `true` or `false`, also in the other words of YAML.
    Switch,
    /// A number from nought to this.
    Number(u32),
    /// Ports with commas between; `*` too where this is true.
    Ports(bool),
    /// Ranges of addresses with commas between; `*` too where this is true.
    Ranges(bool),
    OneOf(&'static [&'static str]),
}

/// A key that Istio reads.
pub(super) struct Known {
    pub(super) key: &'static str,
    pub(super) on: On,
    pub(super) form: Form,
    /// Whether the injection refuses pods for a value that it cannot read.
    pub(super) refuses: bool,
}

const fn known(key: &'static str, on: On, form: Form) -> Known {
    Known { key, on, form, refuses: false }
}

const fn checked(key: &'static str, form: Form) -> Known {
    Known { key, on: On::Pod, form, refuses: true }
}

const LEVELS: &[&str] = &["trace", "debug", "info", "warning", "warn", "error", "critical", "off"];

pub(super) const ANNOTATIONS: &[Known] = &[
    known("sidecar.istio.io/inject", On::Pod, Form::Switch),
    known("sidecar.istio.io/status", On::Pod, Form::Any),
    known("sidecar.istio.io/rewriteAppHTTPProbers", On::Pod, Form::Switch),
    known("sidecar.istio.io/controlPlaneAuthPolicy", On::Pod, Form::Any),
    known("sidecar.istio.io/discoveryAddress", On::Pod, Form::Any),
    known("sidecar.istio.io/proxyImage", On::Pod, Form::Any),
    known("sidecar.istio.io/proxyImageType", On::Pod, Form::Any),
    known("sidecar.istio.io/proxyCPU", On::Pod, Form::Any),
    known("sidecar.istio.io/proxyCPULimit", On::Pod, Form::Any),
    known("sidecar.istio.io/proxyMemory", On::Pod, Form::Any),
    known("sidecar.istio.io/proxyMemoryLimit", On::Pod, Form::Any),
    checked("sidecar.istio.io/interceptionMode", Form::OneOf(&["REDIRECT", "TPROXY", "NONE"])),
    known("sidecar.istio.io/bootstrapOverride", On::Pod, Form::Any),
    known("sidecar.istio.io/statsInclusionPrefixes", On::Pod, Form::Any),
    known("sidecar.istio.io/statsInclusionSuffixes", On::Pod, Form::Any),
    known("sidecar.istio.io/statsInclusionRegexps", On::Pod, Form::Any),
    known("sidecar.istio.io/statsHistogramBuckets", On::Pod, Form::Any),
    known("sidecar.istio.io/statsCompression", On::Pod, Form::Switch),
    known("sidecar.istio.io/statsEvictionInterval", On::Pod, Form::Any),
    known("sidecar.istio.io/extraStatTags", On::Pod, Form::Any),
    known("sidecar.istio.io/nativeSidecar", On::Pod, Form::Switch),
    known("sidecar.istio.io/userVolume", On::Pod, Form::Any),
    known("sidecar.istio.io/userVolumeMount", On::Pod, Form::Any),
    known("sidecar.istio.io/enableCoreDump", On::Pod, Form::Switch),
    known("sidecar.istio.io/logLevel", On::Pod, Form::OneOf(LEVELS)),
    known("sidecar.istio.io/componentLogLevel", On::Pod, Form::Any),
    known("sidecar.istio.io/agentLogLevel", On::Pod, Form::Any),
    checked("status.sidecar.istio.io/port", Form::Number(65535)),
    checked("readiness.status.sidecar.istio.io/initialDelaySeconds", Form::Number(u32::MAX)),
    checked("readiness.status.sidecar.istio.io/periodSeconds", Form::Number(u32::MAX)),
    checked("readiness.status.sidecar.istio.io/failureThreshold", Form::Number(u32::MAX)),
    checked("readiness.status.sidecar.istio.io/applicationPorts", Form::Ports(false)),
    checked("traffic.sidecar.istio.io/includeOutboundIPRanges", Form::Ranges(true)),
    checked("traffic.sidecar.istio.io/excludeOutboundIPRanges", Form::Ranges(false)),
    checked("traffic.sidecar.istio.io/includeInboundPorts", Form::Ports(true)),
    checked("traffic.sidecar.istio.io/excludeInboundPorts", Form::Ports(false)),
    checked("traffic.sidecar.istio.io/includeOutboundPorts", Form::Ports(true)),
    checked("traffic.sidecar.istio.io/excludeOutboundPorts", Form::Ports(false)),
    known("traffic.sidecar.istio.io/kubevirtInterfaces", On::Pod, Form::Any),
    known("traffic.sidecar.istio.io/excludeInterfaces", On::Pod, Form::Any),
    known("istio.io/reroute-virtual-interfaces", On::Pod, Form::Any),
    known("prometheus.istio.io/merge-metrics", On::Pod, Form::Switch),
    known("proxy.istio.io/config", On::Pod, Form::Any),
    known("proxy.istio.io/overrides", On::Pod, Form::Any),
    known("inject.istio.io/templates", On::Pod, Form::Any),
    known("ambient.istio.io/redirection", On::Pod, Form::Any),
    known("ambient.istio.io/bypass-inbound-capture", On::Pod, Form::Switch),
    known("ambient.istio.io/dns-capture", On::Pod, Form::Switch),
    known("ambient.istio.io/waypoint-inbound-binding", On::Any, Form::Any),
    known("networking.istio.io/exportTo", On::Service, Form::Any),
    known("networking.istio.io/traffic-distribution", On::Any, Form::Any),
    known("networking.istio.io/address-type", On::Gateway, Form::Any),
    known(
        "networking.istio.io/service-type",
        On::Gateway,
        Form::OneOf(&["ClusterIP", "NodePort", "LoadBalancer"]),
    ),
    known("gateway.istio.io/controller-version", On::Any, Form::Any),
    known("gateway.istio.io/name-override", On::Gateway, Form::Any),
    known("gateway.istio.io/service-account", On::Gateway, Form::Any),
    known("gateway.istio.io/tls-terminate-mode", On::Any, Form::Any),
    known("alpha.istio.io/kubernetes-serviceaccounts", On::Service, Form::Any),
    known("alpha.istio.io/canonical-serviceaccounts", On::Service, Form::Any),
    known("alpha.istio.io/identity", On::Pod, Form::Any),
    known("galley.istio.io/analyze-suppress", On::Any, Form::Any),
    known("istio.io/dry-run", On::Any, Form::Switch),
    known("istio.io/autoRegistrationGroup", On::Any, Form::Any),
    known("istio.io/workloadController", On::Any, Form::Any),
    known("istio.io/connectedAt", On::Any, Form::Any),
    known("istio.io/disconnectedAt", On::Any, Form::Any),
    known("topology.istio.io/controlPlaneClusters", On::Any, Form::Any),
];

pub(super) const LABELS: &[Known] = &[
    known("sidecar.istio.io/inject", On::Pod, Form::OneOf(&["true", "false"])),
    known("istio-injection", On::Namespace, Form::Any),
    known("istio.io/rev", On::Any, Form::Any),
    known("istio.io/tag", On::Any, Form::Any),
    known("istio.io/dataplane-mode", On::NamespaceOrPod, Form::OneOf(&["ambient", "none"])),
    known("istio.io/use-waypoint", On::Target, Form::Any),
    known("istio.io/use-waypoint-namespace", On::Target, Form::Any),
    known("istio.io/ingress-use-waypoint", On::Target, Form::OneOf(&["true", "false"])),
    known("istio.io/waypoint-for", On::Gateway, Form::OneOf(&["service", "workload", "all", "none"])),
    known("istio.io/gateway-name", On::Any, Form::Any),
    known("istio.io/global", On::Any, Form::OneOf(&["true", "false"])),
    known("security.istio.io/tlsMode", On::Pod, Form::OneOf(&["istio", "disabled"])),
    known("service.istio.io/canonical-name", On::Pod, Form::Any),
    known("service.istio.io/canonical-revision", On::Pod, Form::Any),
    known("service.istio.io/workload-name", On::Pod, Form::Any),
    known("networking.istio.io/gatewayPort", On::Service, Form::Number(65535)),
    known("networking.istio.io/tunnel", On::Pod, Form::Any),
    known("topology.istio.io/network", On::Any, Form::Any),
    known("topology.istio.io/cluster", On::Any, Form::Any),
    known("topology.istio.io/subzone", On::Any, Form::Any),
    known("gateway.istio.io/managed", On::Any, Form::Any),
    known("operator.istio.io/component", On::Any, Form::Any),
    known("operator.istio.io/managed", On::Any, Form::Any),
    known("operator.istio.io/version", On::Any, Form::Any),
    known(
        "experimental.istio.io/disable-gateway-port-translation",
        On::Service,
        Form::OneOf(&["true", "false"]),
    ),
];

/// A key with Istio's domain, or one that it reads, in the metadata of an object or of its pods.
pub(super) struct Written<'a> {
    pub(super) object: &'a Object,
    pub(super) path: String,
    pub(super) key: &'a str,
    pub(super) value: &'a str,
    pub(super) is_label: bool,
    /// The workload, where it stands in the metadata of pods.
    pub(super) of_pods: bool,
}

impl Written<'_> {
    pub(super) fn known(&self) -> Option<&'static Known> {
        self.table().iter().find(|known| known.key == self.key)
    }

    pub(super) fn table(&self) -> &'static [Known] {
        if self.is_label { LABELS } else { ANNOTATIONS }
    }

    pub(super) fn what(&self) -> &'static str {
        if self.is_label { "label" } else { "annotation" }
    }
}

/// Whether a key has Istio's domain.
fn is_of_istio(key: &str) -> bool {
    key.split_once('/').is_some_and(|(domain, _)| domain == "istio.io" || domain.ends_with(".istio.io"))
        || key == "istio-injection"
}

/// Everything that is written with Istio's keys, in the order of the input.
pub(super) fn written<'a>(cx: &Context<'a>) -> Vec<Written<'a>> {
    let mut found = Vec::new();
    let maps = [("labels", true), ("annotations", false)];
    for object in cx.set.objects() {
        let object: &'a Object = object;
        let workload = Workload::of(object);
        let own =
            (&*object.kind == "Pod" && object.group().is_empty(), object.labels(), object.annotations());
        for (name, is_label) in maps {
            let entries = if is_label { own.1 } else { own.2 };
            for (key, value) in entries.iter().filter(|(key, _)| is_of_istio(key)) {
                let path = entry(&format!("metadata.{name}"), key);
                found.push(Written { object, path, key, value, is_label, of_pods: own.0 });
            }
            let Some(workload) = workload.filter(|_| !own.0) else { continue };
            let entries = if is_label { workload.labels() } else { workload.annotations() };
            for (key, value) in entries.iter().filter(|(key, _)| is_of_istio(key)) {
                let path = entry(&workload.path(&format!("metadata.{name}")), key);
                found.push(Written { object, path, key, value, is_label, of_pods: true });
            }
        }
    }
    found
}

/// What a value has to be, if it is not.
pub(super) fn fault(form: Form, value: &str) -> Option<String> {
    let list = |all: bool, test: &dyn Fn(&str) -> bool| {
        let value = value.trim();
        value.is_empty() || all && value == "*" || value.split(',').all(|one| test(one.trim()))
    };
    match form {
        Form::Any => None,
        Form::Switch => {
            const WORDS: [&str; 8] = ["true", "false", "yes", "no", "on", "off", "y", "n"];
            (!WORDS.contains(&value.to_ascii_lowercase().as_str())).then(|| "`true` or `false`".to_owned())
        }
        Form::Number(most) => {
            let fits = value.trim().parse::<u32>().is_ok_and(|number| number <= most);
            (!fits).then(|| {
                if most == u32::MAX { "a number".to_owned() } else { format!("a number up to {most}") }
            })
        }
        Form::Ports(all) => (!list(all, &|one| one.parse::<u16>().is_ok()))
            .then(|| format!("ports with commas between{}", if all { ", or `*`" } else { "" })),
        Form::Ranges(all) => (!list(all, &|one| one.parse::<IpNet>().is_ok())).then(|| {
            format!("ranges such as 10.0.0.0/8 with commas between{}", if all { ", or `*`" } else { "" })
        }),
        Form::OneOf(words) => (!words.contains(&value)).then(|| {
            let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            crate::words::list_of(&quoted).replace(" and ", " or ")
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_forms() {
        let table = [
            (Form::Switch, "true", true),
            (Form::Switch, "Yes", true),
            (Form::Switch, "enabled", false),
            (Form::Number(65535), "15020", true),
            (Form::Number(65535), "70000", false),
            (Form::Ports(false), "80, 443", true),
            (Form::Ports(false), "*", false),
            (Form::Ports(true), "*", true),
            (Form::Ports(true), "", true),
            (Form::Ports(false), "80-90", false),
            (Form::Ranges(true), "10.0.0.0/8,fd00::/8", true),
            (Form::Ranges(false), "10.0.0.1", false),
            (Form::OneOf(&["a"]), "b", false),
        ];
        for (form, value, good) in table {
            assert_eq!(fault(form, value).is_none(), good, "{form:?} {value}");
        }
    }

    #[test]
    fn no_key_is_there_twice() {
        for table in [ANNOTATIONS, LABELS] {
            let mut keys: Vec<&str> = table.iter().map(|known| known.key).collect();
            keys.sort_unstable();
            assert!(keys.windows(2).all(|pair| pair[0] != pair[1]), "{keys:?}");
        }
    }
}
