//! Versions of kinds that Kubernetes served once, and one that has another shape than its successor: each is read as the
//! version that is served.
use k8s_openapi::{
    api::{
        autoscaling::v2::{
            ContainerResourceMetricSource, CrossVersionObjectReference, ExternalMetricSource,
            HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec, MetricIdentifier, MetricSpec, MetricTarget,
            ObjectMetricSource, PodsMetricSource, ResourceMetricSource,
        },
        core::v1::TypedLocalObjectReference,
        networking::v1::{
            HTTPIngressPath, HTTPIngressRuleValue, Ingress, IngressBackend, IngressRule,
            IngressServiceBackend, IngressSpec, IngressTLS, ServiceBackendPort,
        },
    },
    apimachinery::pkg::{api::resource::Quantity, apis::meta::v1::LabelSelector, util::intstr::IntOrString},
};

use crate::schema::{kinds, schema};

/// What is no longer served: apiVersion, kinds, and the apiVersion that succeeded it.
pub(crate) const FORMER: [(&str, &[&str], &str); 11] = [
    ("extensions/v1beta1", &["Ingress", "NetworkPolicy"], "networking.k8s.io/v1"),
    ("extensions/v1beta1", &["DaemonSet", "Deployment", "ReplicaSet"], "apps/v1"),
    ("apps/v1beta1", &["Deployment", "StatefulSet"], "apps/v1"),
    ("apps/v1beta2", &["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"], "apps/v1"),
    ("networking.k8s.io/v1beta1", &["Ingress", "IngressClass"], "networking.k8s.io/v1"),
    ("discovery.k8s.io/v1beta1", &["EndpointSlice"], "discovery.k8s.io/v1"),
    ("policy/v1beta1", &["PodDisruptionBudget"], "policy/v1"),
    ("batch/v1beta1", &["CronJob"], "batch/v1"),
    ("batch/v2alpha1", &["CronJob"], "batch/v1"),
    ("autoscaling/v2beta1", &["HorizontalPodAutoscaler"], "autoscaling/v2"),
    ("autoscaling/v2beta2", &["HorizontalPodAutoscaler"], "autoscaling/v2"),
];

/// The apiVersion that succeeded the one that a kind is written in, if Kubernetes served that once.
pub(crate) fn successor(api_version: &str, kind: &str) -> Option<&'static str> {
    FORMER.iter().find(|(api, kinds, _)| *api == api_version && kinds.contains(&kind)).map(|(.., new)| *new)
}

kinds! {
    /// An Ingress of networking.k8s.io/v1beta1.
    pub struct OldIngress { spec: OldIngressSpec }

    /// A HorizontalPodAutoscaler of autoscaling/v1.
    pub struct OldestScaler { spec: OldestScalerSpec }

    /// A HorizontalPodAutoscaler of autoscaling/v2beta1.
    pub struct OldScaler { spec: OldScalerSpec }
}

schema! {
    pub struct OldIngressSpec {
        pub ingress_class_name: Option<String>,
        pub backend: Option<OldBackend>,
        pub tls: Option<Vec<IngressTLS>>,
        pub rules: Option<Vec<OldRule>>,
    }

    pub struct OldRule {
        pub host: Option<String>,
        pub http: Option<OldHttp>,
    }

    pub struct OldHttp {
        pub paths: Vec<OldPath>,
    }

    pub struct OldPath {
        pub path: Option<String>,
        pub path_type: Option<String>,
        pub backend: OldBackend,
    }

    pub struct OldBackend {
        pub service_name: Option<String>,
        pub service_port: Option<IntOrString>,
        pub resource: Option<TypedLocalObjectReference>,
    }

    pub struct OldestScalerSpec {
        pub scale_target_ref: CrossVersionObjectReference,
        pub min_replicas: Option<i32>,
        pub max_replicas: i32,
        #[serde(rename = "targetCPUUtilizationPercentage")]
        pub target_cpu_utilization_percentage: Option<i32>,
    }

    pub struct OldScalerSpec {
        pub scale_target_ref: CrossVersionObjectReference,
        pub min_replicas: Option<i32>,
        pub max_replicas: i32,
        pub metrics: Option<Vec<OldMetric>>,
    }

    pub struct OldMetric {
        #[serde(rename = "type")]
        pub type_: String,
        pub resource: Option<OldResource>,
        pub container_resource: Option<OldResource>,
        pub pods: Option<OldNamed>,
        pub object: Option<OldNamed>,
        pub external: Option<OldNamed>,
    }

    pub struct OldResource {
        pub name: String,
        pub container: Option<String>,
        pub target_average_utilization: Option<i32>,
        pub target_average_value: Option<Quantity>,
    }

    pub struct OldNamed {
        pub metric_name: String,
        pub target: CrossVersionObjectReference,
        pub selector: Option<LabelSelector>,
        pub metric_selector: Option<LabelSelector>,
        pub target_value: Option<Quantity>,
        pub target_average_value: Option<Quantity>,
        pub average_value: Option<Quantity>,
    }
}

impl From<OldIngress> for Ingress {
    fn from(old: OldIngress) -> Self {
        let spec = IngressSpec {
            ingress_class_name: old.spec.ingress_class_name,
            default_backend: old.spec.backend.map(Into::into),
            tls: old.spec.tls,
            rules: old.spec.rules.map(|rules| rules.into_iter().map(Into::into).collect()),
        };
        Self { metadata: old.metadata, spec: Some(spec), ..Self::default() }
    }
}

impl From<OldRule> for IngressRule {
    fn from(old: OldRule) -> Self {
        let path = |path: OldPath| HTTPIngressPath {
            path: path.path,
            // What an unset one meant.
            path_type: path.path_type.unwrap_or_else(|| "ImplementationSpecific".to_owned()),
            backend: path.backend.into(),
        };
        let http =
            old.http.map(|http| HTTPIngressRuleValue { paths: http.paths.into_iter().map(path).collect() });
        Self { host: old.host, http }
    }
}

impl From<OldBackend> for IngressBackend {
    fn from(old: OldBackend) -> Self {
        let port = old.service_port.map(|port| match port {
            IntOrString::Int(number) => ServiceBackendPort { number: Some(number), name: None },
            IntOrString::String(name) => ServiceBackendPort { number: None, name: Some(name) },
        });
        Self {
            service: old.service_name.map(|name| IngressServiceBackend { name, port }),
            resource: old.resource,
        }
    }
}

impl From<OldestScaler> for HorizontalPodAutoscaler {
    fn from(old: OldestScaler) -> Self {
        let cpu = |share| {
            let target = MetricTarget {
                type_: "Utilization".to_owned(),
                average_utilization: Some(share),
                ..Default::default()
            };
            let resource = ResourceMetricSource { name: "cpu".to_owned(), target };
            MetricSpec { type_: "Resource".to_owned(), resource: Some(resource), ..Default::default() }
        };
        let spec = HorizontalPodAutoscalerSpec {
            scale_target_ref: old.spec.scale_target_ref,
            min_replicas: old.spec.min_replicas,
            max_replicas: old.spec.max_replicas,
            metrics: old.spec.target_cpu_utilization_percentage.map(|share| vec![cpu(share)]),
            behavior: None,
        };
        Self { metadata: old.metadata, spec, ..Self::default() }
    }
}

impl From<OldScaler> for HorizontalPodAutoscaler {
    fn from(old: OldScaler) -> Self {
        let spec = HorizontalPodAutoscalerSpec {
            scale_target_ref: old.spec.scale_target_ref,
            min_replicas: old.spec.min_replicas,
            max_replicas: old.spec.max_replicas,
            metrics: old.spec.metrics.map(|metrics| metrics.into_iter().map(Into::into).collect()),
            behavior: None,
        };
        Self { metadata: old.metadata, spec, ..Self::default() }
    }
}

impl From<OldMetric> for MetricSpec {
    fn from(old: OldMetric) -> Self {
        let pods =
            |named: OldNamed| PodsMetricSource { target: named.target_value(), metric: named.identifier() };
        let object = |named: OldNamed| ObjectMetricSource {
            described_object: named.target.clone(),
            target: named.target_value(),
            metric: named.identifier(),
        };
        let external = |named: OldNamed| ExternalMetricSource {
            target: named.target_value(),
            metric: named.identifier(),
        };
        Self {
            type_: old.type_,
            resource: old.resource.map(|r| ResourceMetricSource { target: r.target(), name: r.name }),
            container_resource: old.container_resource.map(|r| ContainerResourceMetricSource {
                target: r.target(),
                container: r.container.unwrap_or_default(),
                name: r.name,
            }),
            pods: old.pods.map(pods),
            object: old.object.map(object),
            external: old.external.map(external),
        }
    }
}

impl OldResource {
    fn target(&self) -> MetricTarget {
        let type_ = if self.target_average_utilization.is_some() { "Utilization" } else { "AverageValue" };
        MetricTarget {
            type_: type_.to_owned(),
            average_utilization: self.target_average_utilization,
            average_value: self.target_average_value.clone(),
            value: None,
        }
    }
}

impl OldNamed {
    fn target_value(&self) -> MetricTarget {
        let average_value = self.target_average_value.clone().or_else(|| self.average_value.clone());
        let type_ = if average_value.is_some() { "AverageValue" } else { "Value" };
        MetricTarget {
            type_: type_.to_owned(),
            average_utilization: None,
            average_value,
            value: self.target_value.clone(),
        }
    }

    fn identifier(self) -> MetricIdentifier {
        MetricIdentifier { name: self.metric_name, selector: self.selector.or(self.metric_selector) }
    }
}
