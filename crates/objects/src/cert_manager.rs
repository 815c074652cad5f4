//! cert-manager: Certificate, Issuer and ClusterIssuer of cert-manager.io/v1.
use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    gateway_api::ParentReference,
    schema::{kinds, schema},
};

kinds! {
    /// A certificate that is to be issued and kept.
    pub struct Certificate { spec: CertificateSpec }

    /// An authority for its namespace.
    pub struct Issuer { spec: IssuerSpec }

    /// An authority for the whole cluster.
    pub struct ClusterIssuer { spec: IssuerSpec }
}

schema! {
    /// What a Certificate says.
    pub struct CertificateSpec {
        pub subject: Option<Value>,
        pub literal_subject: Option<String>,
        pub common_name: Option<String>,
        /// 2160h where unset.
        pub duration: Option<String>,
        pub renew_before: Option<String>,
        pub renew_before_percentage: Option<i32>,
        pub renewal: Option<Renewal>,
        pub dns_names: Vec<String>,
        pub ip_addresses: Vec<String>,
        pub uris: Vec<String>,
        pub other_names: Vec<Value>,
        pub email_addresses: Vec<String>,
        pub secret_name: String,
        pub secret_template: Option<SecretTemplate>,
        pub keystores: Option<Value>,
        pub issuer_ref: IssuerReference,
        #[serde(rename = "isCA")]
        pub is_ca: Option<bool>,
        pub usages: Vec<String>,
        pub private_key: Option<PrivateKey>,
        pub signature_algorithm: Option<String>,
        pub encode_usages_in_request: Option<bool>,
        pub revision_history_limit: Option<i32>,
        pub additional_output_formats: Vec<Value>,
        pub name_constraints: Option<Value>,
    }

    /// Whether and when a certificate is renewed.
    pub struct Renewal {
        /// `RenewBefore` (where unset) or `Disabled`.
        pub policy: Option<String>,
        pub windows: Vec<RenewalWindow>,
    }

    /// A time in which certificates may be renewed.
    pub struct RenewalWindow {
        pub cron: String,
        pub window_duration: String,
        pub timezone: Option<String>,
    }

    /// Labels and annotations of the Secret.
    pub struct SecretTemplate {
        pub annotations: BTreeMap<String, String>,
        pub labels: BTreeMap<String, String>,
    }

    /// Who issues.
    pub struct IssuerReference {
        pub name: String,
        /// `Issuer` where unset.
        pub kind: Option<String>,
        /// cert-manager.io where unset.
        pub group: Option<String>,
    }

    /// The key of a certificate.
    pub struct PrivateKey {
        /// `Always` or `Never`.
        pub rotation_policy: Option<String>,
        pub encoding: Option<String>,
        /// `RSA` (where unset), `ECDSA` or `Ed25519`.
        pub algorithm: Option<String>,
        pub size: Option<i32>,
    }

    /// What an Issuer or a ClusterIssuer says; one field is set.
    pub struct IssuerSpec {
        pub acme: Option<AcmeIssuer>,
        pub ca: Option<CaIssuer>,
        pub vault: Option<Value>,
        pub self_signed: Option<SelfSignedIssuer>,
        pub venafi: Option<Value>,
    }

    /// An authority whose key is in a Secret.
    pub struct CaIssuer {
        pub secret_name: String,
        pub crl_distribution_points: Vec<String>,
        pub ocsp_servers: Vec<String>,
        #[serde(rename = "issuingCertificateURLs")]
        pub issuing_certificate_urls: Vec<String>,
    }

    /// Certificates that sign themselves.
    pub struct SelfSignedIssuer {
        pub crl_distribution_points: Vec<String>,
    }

    /// An authority that speaks ACME.
    pub struct AcmeIssuer {
        pub email: Option<String>,
        pub server: String,
        pub preferred_chain: Option<String>,
        pub ca_bundle: Option<String>,
        #[serde(rename = "skipTLSVerify")]
        pub skip_tls_verify: Option<bool>,
        pub external_account_binding: Option<ExternalAccountBinding>,
        pub private_key_secret_ref: SecretKeySelector,
        pub solvers: Vec<AcmeSolver>,
        pub disable_account_key_generation: Option<bool>,
        pub enable_duration_feature: Option<bool>,
        pub profile: Option<String>,
    }

    /// An account that was opened elsewhere.
    pub struct ExternalAccountBinding {
        #[serde(rename = "keyID")]
        pub key_id: String,
        pub key_secret_ref: SecretKeySelector,
        pub key_algorithm: Option<String>,
    }

    /// A key of a Secret.
    pub struct SecretKeySelector {
        pub name: String,
        pub key: Option<String>,
    }

    /// How an ACME server is shown that a name is ours; one of the last two is set.
    pub struct AcmeSolver {
        /// Skips cert-manager's own look at the challenge.
        pub wait_instead_of_self_check: Option<String>,
        /// All names where unset.
        pub selector: Option<SolverSelector>,
        pub http01: Option<Http01Solver>,
        pub dns01: Option<Dns01Solver>,
    }

    /// Which certificates a solver is for.
    pub struct SolverSelector {
        pub match_labels: BTreeMap<String, String>,
        pub dns_names: Vec<String>,
        pub dns_zones: Vec<String>,
    }

    /// Over HTTP; one field is set.
    pub struct Http01Solver {
        pub ingress: Option<Http01Ingress>,
        #[serde(rename = "gatewayHTTPRoute")]
        pub gateway_http_route: Option<Http01Gateway>,
    }

    /// Through an Ingress; at most one of class, class name and name is set.
    pub struct Http01Ingress {
        pub service_type: Option<String>,
        pub ingress_class_name: Option<String>,
        pub class: Option<String>,
        pub name: Option<String>,
        pub pod_template: Option<Value>,
        pub ingress_template: Option<Value>,
    }

    /// Through an HTTPRoute.
    pub struct Http01Gateway {
        pub service_type: Option<String>,
        pub labels: BTreeMap<String, String>,
        pub parent_refs: Vec<ParentReference>,
        pub pod_template: Option<Value>,
    }

    /// Over DNS; one provider is set.
    pub struct Dns01Solver {
        pub cname_strategy: Option<String>,
        pub akamai: Option<Value>,
        #[serde(rename = "cloudDNS")]
        pub cloud_dns: Option<CloudDns>,
        pub cloudflare: Option<Cloudflare>,
        pub route53: Option<Route53>,
        #[serde(rename = "azureDNS")]
        pub azure_dns: Option<AzureDns>,
        pub digitalocean: Option<DigitalOcean>,
        #[serde(rename = "acmeDNS")]
        pub acme_dns: Option<AcmeDns>,
        pub rfc2136: Option<Rfc2136>,
        pub webhook: Option<Webhook>,
    }

    /// Google Cloud DNS.
    pub struct CloudDns {
        pub service_account_secret_ref: Option<SecretKeySelector>,
        pub project: String,
        pub hosted_zone_name: Option<String>,
    }

    /// Cloudflare.
    pub struct Cloudflare {
        pub email: Option<String>,
        pub api_key_secret_ref: Option<SecretKeySelector>,
        pub api_token_secret_ref: Option<SecretKeySelector>,
    }

    /// AWS Route 53.
    pub struct Route53 {
        pub auth: Option<Value>,
        #[serde(rename = "accessKeyID")]
        pub access_key_id: Option<String>,
        #[serde(rename = "accessKeyIDSecretRef")]
        pub access_key_id_secret_ref: Option<SecretKeySelector>,
        pub secret_access_key_secret_ref: Option<SecretKeySelector>,
        pub role: Option<String>,
        #[serde(rename = "hostedZoneID")]
        pub hosted_zone_id: Option<String>,
        pub region: Option<String>,
    }

    /// Azure DNS.
    pub struct AzureDns {
        #[serde(rename = "clientID")]
        pub client_id: Option<String>,
        pub client_secret_secret_ref: Option<SecretKeySelector>,
        #[serde(rename = "subscriptionID")]
        pub subscription_id: String,
        #[serde(rename = "tenantID")]
        pub tenant_id: Option<String>,
        pub resource_group_name: String,
        pub hosted_zone_name: Option<String>,
        pub environment: Option<String>,
        pub managed_identity: Option<Value>,
        pub zone_type: Option<String>,
    }

    /// DigitalOcean.
    pub struct DigitalOcean {
        pub token_secret_ref: SecretKeySelector,
    }

    /// A server of acme-dns.
    pub struct AcmeDns {
        pub host: String,
        pub account_secret_ref: SecretKeySelector,
    }

    /// Any DNS server that takes updates.
    pub struct Rfc2136 {
        pub nameserver: String,
        pub tsig_secret_secret_ref: Option<SecretKeySelector>,
        pub tsig_key_name: Option<String>,
        pub tsig_algorithm: Option<String>,
        pub protocol: Option<String>,
    }

    /// A solver of one's own.
    pub struct Webhook {
        pub group_name: String,
        pub solver_name: String,
        pub config: Option<Value>,
    }
}
