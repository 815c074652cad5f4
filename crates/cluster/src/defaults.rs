//! The address plan where nothing says otherwise: the ranges of kind and kubeadm, so that they look familiar.
//!
//! Load balancers get addresses of 198.18.0.0/24 (RFC 2544, benchmarking) and 2001:db8:1b::/112 (RFC 3849,
//! documentation), the client outside is 203.0.113.10 (RFC 5737) and 2001:db8:ffff::10: no cluster, home or
//! company network uses these, so a manifest's own addresses never collide with them.
use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

use crate::model::{Addrs, Nets};

const fn nets(v4: (Ipv4Addr, u8), v6: (Ipv6Addr, u8)) -> Nets {
    Nets { v4: Some(Ipv4Net::new_assert(v4.0, v4.1)), v6: Some(Ipv6Net::new_assert(v6.0, v6.1)) }
}

/// Nodes.
pub const NODE_CIDRS: Nets =
    nets((Ipv4Addr::new(172, 18, 0, 0), 16), (Ipv6Addr::new(0xfc00, 0xf853, 0xccd, 0xe793, 0, 0, 0, 0), 64));

/// Pods: a /24 and a /64 a node, more where a node has more pods.
pub const POD_CIDRS: Nets =
    nets((Ipv4Addr::new(10, 244, 0, 0), 16), (Ipv6Addr::new(0xfd00, 0x10, 0x244, 0, 0, 0, 0, 0), 56));

/// Pods, where they are too many for [`POD_CIDRS`]: the half of 10.0.0.0/8 that this range lies in.
pub const MANY_PODS: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(10, 128, 0, 0), 9);

/// ClusterIPs.
pub const SERVICE_CIDRS: Nets =
    nets((Ipv4Addr::new(10, 96, 0, 0), 16), (Ipv6Addr::new(0xfd00, 0x10, 0x96, 0, 0, 0, 0, 0), 112));

/// ClusterIPs, where there are too many Services for [`SERVICE_CIDRS`].
pub const MANY_SERVICES: Nets =
    nets((Ipv4Addr::new(10, 96, 0, 0), 12), (Ipv6Addr::new(0xfd00, 0x10, 0x96, 0, 0, 0, 0, 0), 104));

/// LoadBalancer addresses.
pub const LB_CIDRS: Nets =
    nets((Ipv4Addr::new(198, 18, 0, 0), 24), (Ipv6Addr::new(0x2001, 0xdb8, 0x1b, 0, 0, 0, 0, 0), 112));

/// The client outside.
pub const OUTSIDE: Addrs = Addrs {
    v4: Some(Ipv4Addr::new(203, 0, 113, 10)),
    v6: Some(Ipv6Addr::new(0x2001, 0xdb8, 0xffff, 0, 0, 0, 0, 0x10)),
};
