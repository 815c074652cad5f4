//! From a Rust type to the objects of its kind.
use k8s_openapi::api::{
    apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet},
    batch::v1::{CronJob, Job},
    core::v1::{
        ConfigMap, Endpoints, Namespace, Node, Pod, ReplicationController, Secret, Service, ServiceAccount,
    },
    discovery::v1::EndpointSlice,
    networking::v1::NetworkPolicy,
};
use netloom_objects::{
    Typed,
    policy_api::{
        v1alpha1::{AdminNetworkPolicy, BaselineAdminNetworkPolicy},
        v1alpha2::ClusterNetworkPolicy,
    },
};

/// A kind that rules read.
pub trait Kind: Sized {
    /// `networking.k8s.io`; empty for the core group.
    const GROUP: &'static str;
    /// `NetworkPolicy`.
    const KIND: &'static str;
    /// The content, if it is of this kind.
    fn of(typed: &Typed) -> Option<&Self>;
}

macro_rules! kinds {
    ($($group:literal $kind:literal $variant:ident($type:ty),)*) => {$(
        impl Kind for $type {
            const GROUP: &'static str = $group;
            const KIND: &'static str = $kind;

            fn of(typed: &Typed) -> Option<&Self> {
                match typed {
                    Typed::$variant(content) => Some(content),
                    _ => None,
                }
            }
        }
    )*};
}

kinds! {
    "" "Namespace" Namespace(Namespace),
    "" "Node" Node(Node),
    "" "Pod" Pod(Pod),
    "" "ReplicationController" ReplicationController(ReplicationController),
    "" "Service" Service(Service),
    "" "Endpoints" Endpoints(Endpoints),
    "" "ConfigMap" ConfigMap(ConfigMap),
    "" "Secret" Secret(Secret),
    "" "ServiceAccount" ServiceAccount(ServiceAccount),
    "apps" "Deployment" Deployment(Deployment),
    "apps" "ReplicaSet" ReplicaSet(ReplicaSet),
    "apps" "StatefulSet" StatefulSet(StatefulSet),
    "apps" "DaemonSet" DaemonSet(DaemonSet),
    "batch" "Job" Job(Job),
    "batch" "CronJob" CronJob(CronJob),
    "discovery.k8s.io" "EndpointSlice" EndpointSlice(EndpointSlice),
    "networking.k8s.io" "NetworkPolicy" NetworkPolicy(NetworkPolicy),
    "policy.networking.k8s.io" "ClusterNetworkPolicy" ClusterNetworkPolicy(ClusterNetworkPolicy),
    "policy.networking.k8s.io" "AdminNetworkPolicy" AdminNetworkPolicy(AdminNetworkPolicy),
    "policy.networking.k8s.io" "BaselineAdminNetworkPolicy" BaselineAdminNetworkPolicy(BaselineAdminNetworkPolicy),
}
