//! Gateway API, gateway.networking.k8s.io: the standard and the experimental fields of its 1.5 release.
mod filters;
mod gateway;
mod policy;
mod route;

use std::collections::BTreeMap;

pub use filters::*;
pub use gateway::*;
pub use policy::*;
pub use route::*;

use crate::schema::schema;

schema! {
    /// An object in the namespace of the one that names it.
    pub struct LocalObjectReference {
        pub group: String,
        pub kind: String,
        pub name: String,
    }

    /// A Secret, or what else holds a certificate.
    pub struct SecretObjectReference {
        /// The core group where unset.
        pub group: Option<String>,
        /// `Secret` where unset.
        pub kind: Option<String>,
        pub name: String,
        /// Its own namespace where unset; another one needs a ReferenceGrant.
        pub namespace: Option<String>,
    }

    /// An object such as a ConfigMap with certificates of authorities.
    pub struct ObjectReference {
        pub group: String,
        pub kind: String,
        pub name: String,
        /// Its own namespace where unset; another one needs a ReferenceGrant.
        pub namespace: Option<String>,
    }

    /// Configuration that the controller understands.
    pub struct ParametersReference {
        pub group: String,
        pub kind: String,
        pub name: String,
        pub namespace: Option<String>,
    }
}

/// Options that an implementation understands.
pub type Options = BTreeMap<String, String>;
