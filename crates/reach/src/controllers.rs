//! Ingress controllers and gateways: the pods of the set that are one, and what the usual ones look like.
use std::collections::BTreeMap;

use netloom_cluster::Pod;

use crate::stand_in::{Home, StandIn};

/// A controller as its own manifests install it.
struct Usual {
    /// How `spec.controller` of an IngressClass or `spec.controllerName` of a GatewayClass begins.
    controller: &'static str,
    /// What is in the name of its classes.
    class: &'static str,
    /// Where it is installed; none for the namespace of the Gateway.
    namespace: Option<&'static str>,
    labels: &'static [(&'static str, &'static str)],
}

/// In the labels of a Gateway's own pods, the name of the Gateway.
const GATEWAY: &str = "{gateway}";

const USUAL: &[Usual] = &[
    Usual {
        controller: "k8s.io/ingress-nginx",
        class: "nginx",
        namespace: Some("ingress-nginx"),
        labels: &[
            ("app.kubernetes.io/name", "ingress-nginx"),
            ("app.kubernetes.io/instance", "ingress-nginx"),
            ("app.kubernetes.io/component", "controller"),
        ],
    },
    Usual {
        controller: "nginx.org/ingress-controller",
        class: "nginx",
        namespace: Some("nginx-ingress"),
        labels: &[("app.kubernetes.io/name", "nginx-ingress"), ("app", "nginx-ingress")],
    },
    Usual {
        controller: "traefik.io/",
        class: "traefik",
        namespace: Some("traefik"),
        labels: &[("app.kubernetes.io/name", "traefik"), ("app.kubernetes.io/instance", "traefik-traefik")],
    },
    Usual {
        controller: "haproxy.org/",
        class: "haproxy",
        namespace: Some("haproxy-controller"),
        labels: &[("app.kubernetes.io/name", "kubernetes-ingress")],
    },
    Usual {
        controller: "projectcontour.io/",
        class: "contour",
        namespace: Some("projectcontour"),
        labels: &[
            ("app", "envoy"),
            ("app.kubernetes.io/name", "contour"),
            ("app.kubernetes.io/component", "envoy"),
        ],
    },
    Usual {
        controller: "openshift.io/ingress-to-route",
        class: "openshift",
        namespace: Some("openshift-ingress"),
        labels: &[("ingresscontroller.operator.openshift.io/deployment-ingresscontroller", "default")],
    },
    Usual {
        controller: "istio.io/",
        class: "istio",
        namespace: Some("istio-system"),
        labels: &[("istio", "ingressgateway"), ("app", "istio-ingressgateway")],
    },
    Usual {
        controller: "istio.io/gateway-controller",
        class: "istio",
        namespace: None,
        labels: &[
            ("gateway.networking.k8s.io/gateway-name", GATEWAY),
            ("istio.io/gateway-name", GATEWAY),
            ("gateway.istio.io/managed", "istio.io-gateway-controller"),
        ],
    },
    Usual {
        controller: "gateway.envoyproxy.io/",
        class: "eg",
        namespace: Some("envoy-gateway-system"),
        labels: &[
            ("app.kubernetes.io/name", "envoy"),
            ("app.kubernetes.io/component", "proxy"),
            ("app.kubernetes.io/managed-by", "envoy-gateway"),
            ("gateway.envoyproxy.io/owning-gateway-name", GATEWAY),
        ],
    },
    Usual {
        controller: "gateway.nginx.org/",
        class: "nginx",
        namespace: None,
        labels: &[
            ("gateway.networking.k8s.io/gateway-name", GATEWAY),
            ("app.kubernetes.io/managed-by", "nginx-gateway"),
        ],
    },
];

/// Who is asked to carry an Ingress or a route out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Carrier {
    /// The class.
    pub class: Option<String>,
    /// The controller that the class names, where the set has the class.
    pub controller: Option<String>,
    /// Namespace and name of the Gateway; none for an Ingress.
    pub gateway: Option<(String, String)>,
    /// The labels of its pods, where an Istio Gateway says them.
    pub selector: Option<BTreeMap<String, String>>,
}

impl Carrier {
    /// The pods that may carry it out, as the usual controllers have them, and for one that is not known a pod of which
    /// nothing is known.
    pub(crate) fn stand_ins(&self) -> Vec<StandIn> {
        if let Some(selector) = &self.selector {
            return istio_gateways(selector);
        }
        let meant: Vec<&Usual> = USUAL.iter().filter(|usual| self.means(usual)).collect();
        let unknown = meant.is_empty();
        let asked = if unknown { USUAL.iter().collect() } else { meant };
        let mut stand_ins: Vec<StandIn> =
            asked.into_iter().filter_map(|usual| self.stand_in(usual)).collect();
        if unknown {
            stand_ins.push(StandIn { home: Home::Labelled(BTreeMap::new()), labels: BTreeMap::new() });
        }
        stand_ins
    }

    fn means(&self, usual: &Usual) -> bool {
        match (&self.controller, &self.class) {
            (Some(controller), _) => controller.starts_with(usual.controller),
            (None, Some(class)) => class.contains(usual.class),
            (None, None) => false,
        }
    }

    fn stand_in(&self, usual: &Usual) -> Option<StandIn> {
        let home = match (usual.namespace, &self.gateway) {
            (Some(namespace), _) => namespace,
            (None, Some((namespace, _))) => namespace,
            (None, None) => return None,
        };
        let label = |(key, value): &(&str, &str)| {
            let value = if *value == GATEWAY { &*self.gateway.as_ref()?.1 } else { *value };
            Some(((*key).to_owned(), value.to_owned()))
        };
        Some(StandIn {
            home: Home::Named(home.into()),
            labels: usual.labels.iter().filter_map(label).collect(),
        })
    }

    /// Whether a pod is one that carries this out: a known controller's, and of this class where both are known.
    pub(crate) fn is(&self, pod: &Pod) -> bool {
        if let Some(selector) = &self.selector {
            return selector.iter().all(|(key, value)| pod.labels.get(key) == Some(value));
        }
        let own_gateway = |(namespace, name): &(String, String)| {
            let owner =
                ["gateway.networking.k8s.io/gateway-name", "gateway.envoyproxy.io/owning-gateway-name"];
            owner.iter().filter_map(|key| pod.labels.get(*key)).any(|owner| owner == name)
                && (*pod.namespace == **namespace
                    || pod.labels.contains_key("gateway.envoyproxy.io/owning-gateway-name"))
        };
        if self.gateway.as_ref().is_some_and(own_gateway) {
            return true;
        }
        let Some(family) = controller_family(pod) else { return false };
        match (&self.controller, &self.class) {
            (Some(controller), _) => controller.contains(family),
            (None, Some(class)) => {
                let known = FAMILIES.iter().any(|(known, ..)| class.contains(known));
                !known || class.contains(family)
            }
            (None, None) => true,
        }
    }
}

/// Gateways as istioctl and Istio's chart install them: `istio: ingressgateway` is `app: istio-ingressgateway` too.
fn istio_gateways(selector: &BTreeMap<String, String>) -> Vec<StandIn> {
    let mut labels = selector.clone();
    if let Some(name) = selector.get("istio") {
        labels.entry("app".to_owned()).or_insert_with(|| format!("istio-{name}"));
    }
    let homes = ["istio-system", "istio-ingress"].map(|name| Home::Named(name.into()));
    homes.into_iter().map(|home| StandIn { home, labels: labels.clone() }).collect()
}

/// Families of controllers: the word in the names of their classes and controllers, values of their labels, and parts
/// of their images.
const FAMILIES: &[(&str, &[&str], &[&str])] = &[
    ("nginx", &["ingress-nginx", "nginx-ingress"], &["ingress-nginx/controller", "nginx-ingress"]),
    ("traefik", &["traefik"], &["traefik:", "/traefik/"]),
    ("haproxy", &["haproxy-ingress", "kubernetes-ingress"], &["haproxytech/kubernetes-ingress"]),
    ("contour", &["contour"], &["projectcontour/contour"]),
    ("istio", &["istio-ingressgateway"], &[]),
];

/// The family of the ingress controller that a pod is, by the usual labels and images; jobs of its installation bear
/// its name too, and are none.
fn controller_family(pod: &Pod) -> Option<&'static str> {
    if matches!(&*pod.workload.kind, "Job" | "CronJob") {
        return None;
    }
    let labels = ["app.kubernetes.io/name", "app"].iter().filter_map(|key| pod.labels.get(*key));
    let labels: Vec<&str> = labels.map(String::as_str).collect();
    let images: Vec<&str> = pod.containers.iter().filter_map(|c| c.image.as_deref()).collect();
    FAMILIES
        .iter()
        .find(|(_, names, parts)| {
            labels.iter().any(|label| names.contains(label))
                || images.iter().any(|image| parts.iter().any(|part| image.contains(part)))
        })
        .map(|(family, ..)| *family)
}

/// Whether a pod is an ingress controller.
#[must_use]
pub fn is_ingress_controller(pod: &Pod) -> bool {
    controller_family(pod).is_some()
}
