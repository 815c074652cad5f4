//! PeerAuthentication, AuthorizationPolicy and RequestAuthentication.
use std::collections::BTreeMap;

use super::LabelMatch;
use crate::schema::{kinds, schema};

kinds! {
    /// Whether pods take connections without mutual TLS.
    pub struct PeerAuthentication { spec: PeerAuthenticationSpec }

    /// Which requests pods take.
    pub struct AuthorizationPolicy { spec: AuthorizationPolicySpec }

    /// Which tokens pods take.
    pub struct RequestAuthentication { spec: RequestAuthenticationSpec }
}

schema! {
    /// What a PeerAuthentication says.
    pub struct PeerAuthenticationSpec {
        /// All pods of the namespace where unset, of the mesh in the root namespace.
        pub selector: Option<LabelMatch>,
        pub mtls: Option<MutualTLS>,
        pub port_level_mtls: BTreeMap<String, MutualTLS>,
    }

    /// A mode of mutual TLS.
    pub struct MutualTLS {
        /// `UNSET`, `DISABLE`, `PERMISSIVE` or `STRICT`.
        pub mode: Option<String>,
    }

    /// What an AuthorizationPolicy says. Without rules it matches nothing; with an empty rule, everything.
    pub struct AuthorizationPolicySpec {
        /// All pods of the namespace where unset, of the mesh in the root namespace.
        pub selector: Option<LabelMatch>,
        pub target_ref: Option<PolicyTargetReference>,
        pub target_refs: Vec<PolicyTargetReference>,
        pub rules: Vec<Rule>,
        /// `ALLOW` (where unset), `DENY`, `AUDIT` or `CUSTOM`.
        pub action: Option<String>,
        pub provider: Option<ExtensionProvider>,
    }

    /// What a policy is about.
    pub struct PolicyTargetReference {
        pub group: Option<String>,
        pub kind: String,
        pub name: String,
        pub namespace: Option<String>,
    }

    /// Who decides for `CUSTOM`.
    pub struct ExtensionProvider {
        pub name: String,
    }

    /// All three parts must match; an empty part matches everything.
    pub struct Rule {
        pub from: Vec<RuleFrom>,
        pub to: Vec<RuleTo>,
        pub when: Vec<Condition>,
    }

    /// One origin.
    pub struct RuleFrom {
        pub source: Source,
    }

    /// Who asks: all fields that are set must match.
    pub struct Source {
        pub principals: Vec<String>,
        pub not_principals: Vec<String>,
        pub request_principals: Vec<String>,
        pub not_request_principals: Vec<String>,
        pub namespaces: Vec<String>,
        pub not_namespaces: Vec<String>,
        pub ip_blocks: Vec<String>,
        pub not_ip_blocks: Vec<String>,
        pub remote_ip_blocks: Vec<String>,
        pub not_remote_ip_blocks: Vec<String>,
        pub service_accounts: Vec<String>,
        pub not_service_accounts: Vec<String>,
        pub trust_domains: Vec<String>,
        pub not_trust_domains: Vec<String>,
    }

    /// One operation.
    pub struct RuleTo {
        pub operation: Operation,
    }

    /// What is asked: all fields that are set must match.
    pub struct Operation {
        pub hosts: Vec<String>,
        pub not_hosts: Vec<String>,
        pub ports: Vec<String>,
        pub not_ports: Vec<String>,
        pub methods: Vec<String>,
        pub not_methods: Vec<String>,
        pub paths: Vec<String>,
        pub not_paths: Vec<String>,
    }

    /// A condition on an attribute.
    pub struct Condition {
        pub key: String,
        pub values: Vec<String>,
        pub not_values: Vec<String>,
    }

    /// What a RequestAuthentication says.
    pub struct RequestAuthenticationSpec {
        /// All pods of the namespace where unset, of the mesh in the root namespace.
        pub selector: Option<LabelMatch>,
        pub target_ref: Option<PolicyTargetReference>,
        pub target_refs: Vec<PolicyTargetReference>,
        pub jwt_rules: Vec<JWTRule>,
    }

    /// Tokens of one issuer.
    pub struct JWTRule {
        pub issuer: String,
        pub audiences: Vec<String>,
        pub jwks_uri: Option<String>,
        /// The same; the CRD has it in both spellings.
        #[serde(rename = "jwks_uri")]
        pub jwks_uri_snake: Option<String>,
        pub jwks: Option<String>,
        pub from_headers: Vec<JWTHeader>,
        pub from_params: Vec<String>,
        pub from_cookies: Vec<String>,
        pub output_payload_to_header: Option<String>,
        pub forward_original_token: Option<bool>,
        pub output_claim_to_headers: Vec<ClaimToHeader>,
        pub timeout: Option<String>,
        pub space_delimited_claims: Vec<String>,
        /// `OPTIONAL` (where unset) or `REQUIRED`.
        pub presence: Option<String>,
    }

    /// A header that holds a token.
    pub struct JWTHeader {
        pub name: String,
        pub prefix: Option<String>,
    }

    /// A claim that is passed on as a header.
    pub struct ClaimToHeader {
        pub header: String,
        pub claim: String,
    }
}
