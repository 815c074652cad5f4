//! ReferenceGrant and BackendTLSPolicy.
use super::{LocalObjectReference, Options};
use crate::schema::{kinds, schema};

kinds! {
    /// Allows objects of other namespaces to name objects of its own.
    pub struct ReferenceGrant { spec: ReferenceGrantSpec }

    /// How a gateway speaks TLS to a Service.
    pub struct BackendTLSPolicy { spec: BackendTlsPolicySpec }
}

schema! {
    /// What a ReferenceGrant says.
    pub struct ReferenceGrantSpec {
        pub from: Vec<ReferenceGrantFrom>,
        pub to: Vec<ReferenceGrantTo>,
    }

    /// Who may refer.
    pub struct ReferenceGrantFrom {
        pub group: String,
        pub kind: String,
        pub namespace: String,
    }

    /// What may be referred to.
    pub struct ReferenceGrantTo {
        pub group: String,
        pub kind: String,
        /// All objects of the kind where unset.
        pub name: Option<String>,
    }

    /// What a BackendTLSPolicy says.
    pub struct BackendTlsPolicySpec {
        pub target_refs: Vec<PolicyTarget>,
        pub validation: BackendTlsValidation,
        pub options: Options,
    }

    /// What a policy is about, in its own namespace.
    pub struct PolicyTarget {
        pub group: String,
        pub kind: String,
        pub name: String,
        /// Of a Service, the name of a port.
        pub section_name: Option<String>,
    }

    /// How a backend's certificate is checked.
    pub struct BackendTlsValidation {
        pub ca_certificate_refs: Vec<LocalObjectReference>,
        /// `System`.
        #[serde(rename = "wellKnownCACertificates")]
        pub well_known_ca_certificates: Option<String>,
        pub hostname: String,
        pub subject_alt_names: Vec<SubjectAltName>,
    }

    /// A name that a backend's certificate may have.
    pub struct SubjectAltName {
        /// `Hostname` or `URI`.
        #[serde(rename = "type")]
        pub type_: String,
        pub hostname: Option<String>,
        pub uri: Option<String>,
    }
}
