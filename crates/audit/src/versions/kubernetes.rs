//! Kubernetes' own kinds.
use super::{Change, What, row};

const GUIDE: &str = "Kubernetes: deprecated API migration guide";

/// Versions of kinds. "Removed" is the first version that does not serve it.
pub(super) static VERSIONS: &[Change] = &[
    row("networking.k8s.io", &["Ingress"], What::Version("extensions/v1beta1"), GUIDE)
        .deprecated(1, 14)
        .removed(1, 22)
        .instead("write `apiVersion: networking.k8s.io/v1`, with `backend.service.name` and `port`, and a `pathType`"),
    row("networking.k8s.io", &["Ingress"], What::Version("networking.k8s.io/v1beta1"), GUIDE)
        .deprecated(1, 19)
        .removed(1, 22)
        .instead("write `apiVersion: networking.k8s.io/v1`, with `backend.service.name` and `port`, and a `pathType`"),
    row("networking.k8s.io", &["IngressClass"], What::Version("networking.k8s.io/v1beta1"), GUIDE)
        .deprecated(1, 19)
        .removed(1, 22)
        .instead("write `apiVersion: networking.k8s.io/v1`; the fields are the same"),
    row("networking.k8s.io", &["Ingress", "IngressClass"], What::Version("networking.k8s.io/v1"), GUIDE).since(1, 19),
    row("networking.k8s.io", &["NetworkPolicy"], What::Version("extensions/v1beta1"), GUIDE)
        .deprecated(1, 9)
        .removed(1, 16)
        .instead("write `apiVersion: networking.k8s.io/v1`; the fields are the same"),
    row(
        "networking.k8s.io",
        &["ServiceCIDR", "IPAddress"],
        What::Version("networking.k8s.io/v1beta1"),
        "Kubernetes: lifecycle of networking/v1beta1",
    )
    .since(1, 31)
    .deprecated(1, 34)
    .removed(1, 37)
    .instead("write `apiVersion: networking.k8s.io/v1`, served since 1.33; the fields are the same"),
    row(
        "networking.k8s.io",
        &["ServiceCIDR", "IPAddress"],
        What::Version("networking.k8s.io/v1"),
        "Kubernetes 1.33 release notes, KEP-1880",
    )
    .since(1, 33),
    row("apps", &["DaemonSet", "Deployment", "ReplicaSet"], What::Version("extensions/v1beta1"), GUIDE)
        .deprecated(1, 8)
        .removed(1, 16)
        .instead("write `apiVersion: apps/v1`, with a `selector`"),
    row("apps", &["Deployment", "StatefulSet"], What::Version("apps/v1beta1"), GUIDE)
        .deprecated(1, 8)
        .removed(1, 16)
        .instead("write `apiVersion: apps/v1`, with a `selector`"),
    row(
        "apps",
        &["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"],
        What::Version("apps/v1beta2"),
        GUIDE,
    )
    .deprecated(1, 9)
    .removed(1, 16)
    .instead("write `apiVersion: apps/v1`, with a `selector`"),
    row("policy", &["PodDisruptionBudget"], What::Version("policy/v1beta1"), GUIDE)
        .deprecated(1, 21)
        .removed(1, 25)
        .instead("write `apiVersion: policy/v1`; an empty selector selects all pods there, and none before"),
    row("policy", &["PodDisruptionBudget"], What::Version("policy/v1"), GUIDE).since(1, 21),
    row("policy", &["PodSecurityPolicy"], What::Version("policy/v1beta1"), GUIDE)
        .deprecated(1, 21)
        .removed(1, 25)
        .instead("label the namespaces with `pod-security.kubernetes.io/enforce`"),
    row("batch", &["CronJob"], What::Version("batch/v1beta1"), GUIDE)
        .deprecated(1, 21)
        .removed(1, 25)
        .instead("write `apiVersion: batch/v1`; the fields are the same"),
    row("batch", &["CronJob"], What::Version("batch/v2alpha1"), "Kubernetes 1.21 release notes")
        .removed(1, 21)
        .instead("write `apiVersion: batch/v1`"),
    row("batch", &["CronJob"], What::Version("batch/v1"), GUIDE).since(1, 21),
    row("autoscaling", &["HorizontalPodAutoscaler"], What::Version("autoscaling/v2beta1"), GUIDE)
        .deprecated(1, 22)
        .removed(1, 25)
        .instead("write `apiVersion: autoscaling/v2`, with `target: {type: Utilization, averageUtilization: …}`"),
    row("autoscaling", &["HorizontalPodAutoscaler"], What::Version("autoscaling/v2beta2"), GUIDE)
        .deprecated(1, 23)
        .removed(1, 26)
        .instead("write `apiVersion: autoscaling/v2`; the fields are the same"),
    row("autoscaling", &["HorizontalPodAutoscaler"], What::Version("autoscaling/v2"), GUIDE).since(1, 23),
    row("discovery.k8s.io", &["EndpointSlice"], What::Version("discovery.k8s.io/v1beta1"), GUIDE)
        .deprecated(1, 21)
        .removed(1, 25)
        .instead("write `apiVersion: discovery.k8s.io/v1`, with `nodeName` and `zone` in place of `topology`"),
    row("discovery.k8s.io", &["EndpointSlice"], What::Version("discovery.k8s.io/v1"), GUIDE).since(1, 21),
    row(
        "rbac.authorization.k8s.io",
        &["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"],
        What::Version("rbac.authorization.k8s.io/v1beta1"),
        GUIDE,
    )
    .deprecated(1, 17)
    .removed(1, 22)
    .instead("write `apiVersion: rbac.authorization.k8s.io/v1`; the fields are the same"),
    row("apiextensions.k8s.io", &["CustomResourceDefinition"], What::Version("apiextensions.k8s.io/v1beta1"), GUIDE)
        .deprecated(1, 16)
        .removed(1, 22)
        .instead("write `apiVersion: apiextensions.k8s.io/v1`, with a schema for each version"),
    row(
        "admissionregistration.k8s.io",
        &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"],
        What::Version("admissionregistration.k8s.io/v1beta1"),
        GUIDE,
    )
    .deprecated(1, 16)
    .removed(1, 22)
    .instead("write `apiVersion: admissionregistration.k8s.io/v1`, with `sideEffects` and `admissionReviewVersions`"),
    row("apiregistration.k8s.io", &["APIService"], What::Version("apiregistration.k8s.io/v1beta1"), GUIDE)
        .deprecated(1, 19)
        .removed(1, 22)
        .instead("write `apiVersion: apiregistration.k8s.io/v1`; the fields are the same"),
    row("coordination.k8s.io", &["Lease"], What::Version("coordination.k8s.io/v1beta1"), GUIDE)
        .deprecated(1, 19)
        .removed(1, 22)
        .instead("write `apiVersion: coordination.k8s.io/v1`; the fields are the same"),
    row("scheduling.k8s.io", &["PriorityClass"], What::Version("scheduling.k8s.io/v1beta1"), GUIDE)
        .deprecated(1, 14)
        .removed(1, 22)
        .instead("write `apiVersion: scheduling.k8s.io/v1`; the fields are the same"),
];

const SERVICE: &[&str] = &["Service"];
const POD: &[&str] = &["Pod"];
const ANNOTATIONS: &[&str] = &["metadata.annotations"];
/// Where the name of a label of nodes stands as a topology.
const TOPOLOGIES: &[&str] = &[
    "spec.topologySpreadConstraints[*].topologyKey",
    "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[*].topologyKey",
    "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[*].podAffinityTerm.topologyKey",
    "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[*].topologyKey",
    "spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[*].podAffinityTerm.topologyKey",
];
const NODES: &[&str] = &["spec.nodeSelector"];
const LABELS: &str = "Kubernetes: well-known labels, annotations and taints";

/// Fields, values and annotations that are deprecated or gone.
pub(super) static FIELDS: &[Change] = &[
    row("", SERVICE, What::Field(&["spec.topologyKeys"]), "Kubernetes 1.22 release notes, KEP-2433")
        .deprecated(1, 21)
        .removed(1, 22)
        .instead("write `trafficDistribution: PreferSameZone`"),
    row("", SERVICE, What::Field(&["spec.ipFamily"]), "Kubernetes 1.20 release notes, KEP-563")
        .removed(1, 20)
        .instead("write `ipFamilyPolicy` and `ipFamilies`"),
    row("", SERVICE, What::Field(&["spec.loadBalancerIP"]), "Kubernetes 1.24 release notes: Service")
        .deprecated(1, 24)
        .instead("ask for the address by the annotation of the load balancer's implementation")
        .by("SV023"),
    row("", SERVICE, What::Value(&["spec.trafficDistribution"], "PreferClose"), "KEP-3015")
        .deprecated(1, 34)
        .instead("write `trafficDistribution: PreferSameZone`, its new name")
        .by("SV023"),
    row("", SERVICE, What::Key(ANNOTATIONS, "service.kubernetes.io/topology-mode"), "KEP-2433, KEP-4444")
        .deprecated(1, 31)
        .instead("write `trafficDistribution: PreferSameZone` into the spec")
        .by("SV023"),
    row("", SERVICE, What::Key(ANNOTATIONS, "service.kubernetes.io/topology-aware-hints"), LABELS)
        .deprecated(1, 27)
        .instead("write `trafficDistribution: PreferSameZone` into the spec")
        .by("SV023"),
    row(
        "",
        SERVICE,
        What::Key(ANNOTATIONS, "service.alpha.kubernetes.io/tolerate-unready-endpoints"),
        LABELS,
    )
    .deprecated(1, 11)
    .removed(1, 24)
    .instead("write `publishNotReadyAddresses: true` into the spec")
    .by("SV023"),
    row(
        "",
        SERVICE,
        What::Key(ANNOTATIONS, "service.beta.kubernetes.io/external-traffic"),
        "Kubernetes 1.7 release notes",
    )
    .removed(1, 7)
    .instead("write `externalTrafficPolicy: Local` into the spec")
    .by("SV023"),
    row(
        "",
        &["Namespace"],
        What::Key(ANNOTATIONS, "net.beta.kubernetes.io/network-policy"),
        "Kubernetes 1.7 release notes",
    )
    .removed(1, 7)
    .instead("write a NetworkPolicy with `podSelector: {}`: the annotation isolates nothing any more"),
    row("", POD, What::Key(ANNOTATIONS, "seccomp.security.alpha.kubernetes.io/pod"), LABELS)
        .deprecated(1, 19)
        .removed(1, 27)
        .instead("write `securityContext.seccompProfile`"),
    row("", POD, What::Key(ANNOTATIONS, "container.seccomp.security.alpha.kubernetes.io/"), LABELS)
        .deprecated(1, 19)
        .removed(1, 27)
        .instead("write `securityContext.seccompProfile` of the container"),
    row("", POD, What::Key(ANNOTATIONS, "container.apparmor.security.beta.kubernetes.io/"), LABELS)
        .deprecated(1, 30)
        .instead("write `securityContext.appArmorProfile` of the container"),
    row(
        "",
        POD,
        What::Key(ANNOTATIONS, "scheduler.alpha.kubernetes.io/critical-pod"),
        "Kubernetes 1.16 release notes",
    )
    .deprecated(1, 13)
    .removed(1, 16)
    .instead("write `priorityClassName: system-cluster-critical`, or `system-node-critical`"),
    row("", POD, What::Field(&["spec.serviceAccount"]), "Kubernetes: API reference of PodSpec")
        .deprecated(1, 1)
        .instead("write `serviceAccountName`"),
    row("", POD, What::Key(NODES, "beta.kubernetes.io/os"), LABELS)
        .deprecated(1, 14)
        .instead("write `kubernetes.io/os`"),
    row("", POD, What::Key(NODES, "beta.kubernetes.io/arch"), LABELS)
        .deprecated(1, 14)
        .instead("write `kubernetes.io/arch`"),
    row("", POD, What::Key(NODES, "beta.kubernetes.io/instance-type"), LABELS)
        .deprecated(1, 17)
        .instead("write `node.kubernetes.io/instance-type`"),
    row("", POD, What::Key(NODES, "failure-domain.beta.kubernetes.io/zone"), LABELS)
        .deprecated(1, 17)
        .instead("write `topology.kubernetes.io/zone`"),
    row("", POD, What::Key(NODES, "failure-domain.beta.kubernetes.io/region"), LABELS)
        .deprecated(1, 17)
        .instead("write `topology.kubernetes.io/region`"),
    row("", POD, What::Key(NODES, "node-role.kubernetes.io/master"), "KEP-2067").deprecated(1, 20).instead(
        "write `node-role.kubernetes.io/control-plane`; since 1.24 kubeadm labels no node with the old name",
    ),
    row("", POD, What::Value(TOPOLOGIES, "failure-domain.beta.kubernetes.io/zone"), LABELS)
        .deprecated(1, 17)
        .instead("write `topology.kubernetes.io/zone`"),
    row("", POD, What::Value(TOPOLOGIES, "failure-domain.beta.kubernetes.io/region"), LABELS)
        .deprecated(1, 17)
        .instead("write `topology.kubernetes.io/region`"),
    row("apps", &["Deployment"], What::Field(&["spec.rollbackTo"]), GUIDE)
        .removed(1, 16)
        .instead("remove it, and use `kubectl rollout undo`"),
    row("apps", &["DaemonSet"], What::Field(&["spec.templateGeneration"]), GUIDE)
        .removed(1, 16)
        .instead("remove it"),
    row("discovery.k8s.io", &["EndpointSlice"], What::Field(&["endpoints[*].topology"]), GUIDE)
        .removed(1, 25)
        .instead("write `nodeName` and `zone` of the endpoint"),
    row("discovery.k8s.io", &["EndpointSlice"], What::Field(&["endpoints[*].deprecatedTopology"]), GUIDE)
        .deprecated(1, 21)
        .instead("write `nodeName` and `zone` of the endpoint"),
];

const GATES: &str = "Kubernetes: feature gates";

/// Fields and values that came with a version. "Since" is the first in which they are on by default.
pub(super) static NEW: &[Change] = &[
    row("", SERVICE, What::Field(&["spec.trafficDistribution"]), "feature gate ServiceTrafficDistribution")
        .since(1, 31),
    row(
        "",
        SERVICE,
        What::Value(&["spec.trafficDistribution"], "PreferSameZone"),
        "feature gate PreferSameTrafficDistribution",
    )
    .since(1, 34)
    .instead("write `PreferClose`, its name until then"),
    row(
        "",
        SERVICE,
        What::Value(&["spec.trafficDistribution"], "PreferSameNode"),
        "feature gate PreferSameTrafficDistribution",
    )
    .since(1, 34),
    row(
        "",
        SERVICE,
        What::Field(&["spec.internalTrafficPolicy"]),
        "feature gate ServiceInternalTrafficPolicy",
    )
    .since(1, 22),
    row("", SERVICE, What::Field(&["spec.ipFamilyPolicy", "spec.ipFamilies"]), "feature gate IPv6DualStack")
        .since(1, 20),
    row("", SERVICE, What::Field(&["spec.loadBalancerClass"]), "feature gate ServiceLoadBalancerClass")
        .since(1, 22),
    row(
        "",
        SERVICE,
        What::Field(&["spec.allocateLoadBalancerNodePorts"]),
        "feature gate ServiceLBNodePortControl",
    )
    .since(1, 22),
    row(
        "networking.k8s.io",
        &["NetworkPolicy"],
        What::Field(&["spec.ingress[*].ports[*].endPort", "spec.egress[*].ports[*].endPort"]),
        "feature gate NetworkPolicyEndPort",
    )
    .since(1, 22)
    .instead("list the ports one by one: without `endPort` the rule opens the first port only"),
    row(
        "policy",
        &["PodDisruptionBudget"],
        What::Field(&["spec.unhealthyPodEvictionPolicy"]),
        "feature gate PDBUnhealthyPodEvictionPolicy",
    )
    .since(1, 27),
    row(
        "autoscaling",
        &["HorizontalPodAutoscaler"],
        What::Field(&["spec.metrics[*].containerResource"]),
        "feature gate HPAContainerMetrics",
    )
    .since(1, 27),
    row("batch", &["CronJob"], What::Field(&["spec.timeZone"]), "feature gate CronJobTimeZone").since(1, 25),
    row(
        "",
        POD,
        What::Value(&["spec.initContainers[*].restartPolicy"], "Always"),
        "feature gate SidecarContainers",
    )
    .since(1, 29)
    .instead("make it an ordinary container: before 1.29 the pod waits for it to end, for ever"),
    row(
        "",
        POD,
        What::Field(&[
            "spec.containers[*].lifecycle.preStop.sleep",
            "spec.containers[*].lifecycle.postStart.sleep",
        ]),
        "feature gate PodLifecycleSleepAction",
    )
    .since(1, 30)
    .instead("write `exec: {command: [sleep, \"10\"]}`"),
    row(
        "",
        POD,
        What::Field(&[
            "spec.containers[*].readinessProbe.grpc",
            "spec.containers[*].livenessProbe.grpc",
            "spec.containers[*].startupProbe.grpc",
        ]),
        "feature gate GRPCContainerProbe",
    )
    .since(1, 24)
    .instead("run `grpc_health_probe` by `exec`"),
    row(
        "",
        POD,
        What::Field(&["spec.topologySpreadConstraints[*].matchLabelKeys"]),
        "feature gate MatchLabelKeysInPodTopologySpread",
    )
    .since(1, 27),
    row(
        "",
        POD,
        What::Field(&[
            "spec.topologySpreadConstraints[*].nodeAffinityPolicy",
            "spec.topologySpreadConstraints[*].nodeTaintsPolicy",
        ]),
        "feature gate NodeInclusionPolicyInPodTopologySpread",
    )
    .since(1, 26),
    row("", POD, What::Field(&["spec.hostUsers"]), "feature gate UserNamespacesSupport").since(1, 33),
    row("", POD, What::Field(&["spec.resources"]), "feature gate PodLevelResources").since(1, 34),
    row("", POD, What::Field(&["spec.schedulingGates"]), "feature gate PodSchedulingReadiness").since(1, 27),
    row(
        "",
        POD,
        What::Field(&[
            "spec.securityContext.appArmorProfile",
            "spec.containers[*].securityContext.appArmorProfile",
        ]),
        GATES,
    )
    .since(1, 30)
    .instead("write the annotation `container.apparmor.security.beta.kubernetes.io/NAME`"),
    row("apps", &["StatefulSet"], What::Field(&["spec.ordinals"]), "feature gate StatefulSetStartOrdinal")
        .since(1, 27),
];
