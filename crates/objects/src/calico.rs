//! Calico: the operator's Installation and the IPPool. What says nothing of the network is kept as it is written.
use serde_json::Value;

use crate::schema::{kinds, schema};

kinds! {
    /// How Calico is installed, operator.tigera.io/v1; cluster-scoped.
    pub struct Installation { spec: InstallationSpec }

    /// Addresses for pods, projectcalico.org/v3 and crd.projectcalico.org/v1; cluster-scoped.
    pub struct IPPool { spec: IPPoolSpec }
}

schema! {
    /// What an Installation says.
    pub struct InstallationSpec {
        /// `Calico` (where unset) or an enterprise product.
        pub variant: Option<String>,
        pub registry: Option<String>,
        pub image_path: Option<String>,
        pub image_prefix: Option<String>,
        pub image_pull_secrets: Vec<Value>,
        pub kubernetes_provider: Option<String>,
        pub cni: Option<CniSpec>,
        pub calico_network: Option<CalicoNetwork>,
        pub typha_affinity: Option<Value>,
        pub control_plane_node_selector: Option<Value>,
        pub control_plane_tolerations: Vec<Value>,
        pub control_plane_replicas: Option<i32>,
        pub node_metrics_port: Option<i32>,
        pub typha_metrics_port: Option<i32>,
        pub flex_volume_path: Option<String>,
        pub kubelet_volume_plugin_path: Option<String>,
        pub node_update_strategy: Option<Value>,
        pub component_resources: Vec<Value>,
        pub certificate_management: Option<Value>,
        pub tls_cipher_suites: Vec<Value>,
        pub non_privileged: Option<String>,
        pub calico_node_daemon_set: Option<Value>,
        pub csi_node_driver_daemon_set: Option<Value>,
        pub calico_kube_controllers_deployment: Option<Value>,
        pub typha_deployment: Option<Value>,
        pub calico_windows_upgrade_daemon_set: Option<Value>,
        pub calico_node_windows_daemon_set: Option<Value>,
        #[serde(rename = "fipsMode")]
        pub fips_mode: Option<String>,
        pub logging: Option<Value>,
        pub windows_nodes: Option<Value>,
        #[serde(rename = "serviceCIDRs")]
        pub service_cidrs: Vec<String>,
        pub azure: Option<Value>,
        pub proxy: Option<Value>,
    }

    /// Which plugin gives pods their network.
    pub struct CniSpec {
        /// `Calico`, `GKE`, `AmazonVPC` or `AzureVNET`.
        #[serde(rename = "type")]
        pub type_: String,
        pub ipam: Option<IpamSpec>,
        pub bin_dir: Option<String>,
        pub conf_dir: Option<String>,
    }

    /// Who gives pods their addresses.
    pub struct IpamSpec {
        /// `Calico`, `HostLocal`, `AmazonVPC` or `AzureVNET`.
        #[serde(rename = "type")]
        pub type_: String,
    }

    /// The network of Calico.
    pub struct CalicoNetwork {
        /// `Iptables`, `BPF`, `VPP` or `Nftables`.
        pub linux_dataplane: Option<String>,
        pub windows_dataplane: Option<String>,
        /// `Enabled` or `Disabled`.
        pub bgp: Option<String>,
        pub ip_pools: Vec<InstallationIPPool>,
        pub mtu: Option<i32>,
        #[serde(rename = "nodeAddressAutodetectionV4")]
        pub node_address_autodetection_v4: Option<NodeAddressAutodetection>,
        #[serde(rename = "nodeAddressAutodetectionV6")]
        pub node_address_autodetection_v6: Option<NodeAddressAutodetection>,
        pub host_ports: Option<String>,
        pub multi_interface_mode: Option<String>,
        #[serde(rename = "containerIPForwarding")]
        pub container_ip_forwarding: Option<String>,
        pub sysctl: Vec<Value>,
        pub linux_policy_setup_timeout_seconds: Option<i32>,
        pub bpf_network_bootstrap: Option<String>,
        pub kube_proxy_management: Option<String>,
        pub cluster_routing_mode: Option<String>,
    }

    /// A pool that the operator makes.
    pub struct InstallationIPPool {
        pub name: Option<String>,
        pub cidr: String,
        /// `IPIP` (where unset), `VXLAN`, `IPIPCrossSubnet`, `VXLANCrossSubnet` or `None`.
        pub encapsulation: Option<String>,
        /// `Enabled` (where unset) or `Disabled`.
        pub nat_outgoing: Option<String>,
        pub node_selector: Option<String>,
        pub namespace_selector: Option<String>,
        /// 26 for IPv4 and 122 for IPv6 where unset.
        pub block_size: Option<i32>,
        #[serde(rename = "disableBGPExport")]
        pub disable_bgp_export: Option<bool>,
        pub disable_new_allocations: Option<bool>,
        pub allowed_uses: Vec<String>,
        pub assignment_mode: Option<String>,
    }

    /// How a node's address is found; one field is set.
    pub struct NodeAddressAutodetection {
        pub first_found: Option<bool>,
        pub kubernetes: Option<String>,
        pub interface: Option<String>,
        pub skip_interface: Option<String>,
        pub can_reach: Option<String>,
        pub cidrs: Vec<String>,
    }

    /// What an IPPool says.
    pub struct IPPoolSpec {
        pub cidr: String,
        /// `Always`, `CrossSubnet` or `Never` (where unset).
        pub vxlan_mode: Option<String>,
        /// `Always`, `CrossSubnet` or `Never` (where unset).
        pub ipip_mode: Option<String>,
        pub nat_outgoing: Option<bool>,
        pub disabled: Option<bool>,
        #[serde(rename = "disableBGPExport")]
        pub disable_bgp_export: Option<bool>,
        pub block_size: Option<i32>,
        pub node_selector: Option<String>,
        pub namespace_selector: Option<String>,
        pub allowed_uses: Vec<String>,
        pub assignment_mode: Option<String>,
        #[serde(rename = "awsSubnetID")]
        pub aws_subnet_id: Option<String>,
        /// The form of Calico 2; not used since.
        pub ipip: Option<Value>,
        /// The form of Calico 2; not used since.
        #[serde(rename = "nat-outgoing")]
        pub nat_outgoing_v1: Option<bool>,
    }
}
