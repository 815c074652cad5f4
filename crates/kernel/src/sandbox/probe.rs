//! What the kernel must be able to do, tried out.
use std::{fmt, io, net::Ipv4Addr};

use netlink_packet_core::{NLM_F_ACK, NLM_F_REQUEST};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_NETFILTER};

use crate::{
    netns::{NsError, Worker},
    rtnl::{Batch, Mac, Rtnl, RtnlError, Veth, VethEnd, Vxlan, first_reply},
};

/// A feature that this kernel lacks, with the module that brings it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The module.
    pub module: &'static str,
    /// What it is needed for.
    pub needed_for: &'static str,
    /// What the kernel answered.
    pub because: String,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { module, needed_for, because } = self;
        write!(
            f,
            "the kernel has no {module}, which {needed_for} need: {because}; try `sudo modprobe {module}`"
        )
    }
}

/// Tries what netloom needs of the kernel in a namespace of its own and lists what is missing. `overlay`: whether
/// nodes are to be joined by VXLAN.
///
/// # Errors
/// When no namespace can be made at all.
pub fn probe(worker: &Worker, overlay: bool) -> Result<Vec<Missing>, NsError> {
    worker.run(move |here| {
        here.create()?;
        let mut missing = Vec::new();
        let mut check = |module, needed_for, outcome: Result<(), String>| {
            missing.extend(outcome.err().map(|because| Missing { module, needed_for, because }));
        };
        check("veth", "pods", link(|batch| _ = batch.add_veth(&veth())));
        if overlay {
            check("vxlan", "nodes joined by an overlay", link(|batch| _ = batch.add_vxlan(&vxlan())));
        }
        check("nf_tables", "Services and policies", netfilter(NFNL_SUBSYS_NFTABLES, NFT_MSG_GETGEN));
        check(
            "nf_conntrack_netlink",
            "Services and policies",
            netfilter(NFNL_SUBSYS_CTNETLINK, CT_GET_STATS),
        );
        Ok(missing)
    })?
}

fn veth() -> Veth<'static> {
    let end = |name| VethEnd { name, index: 0, mac: None };
    Veth { here: end("probe0"), there: end("probe1"), there_ns: None, mtu: 1500 }
}

fn vxlan() -> Vxlan<'static> {
    Vxlan {
        name: "probe2",
        index: 0,
        vni: 1,
        port: crate::fabric::VXLAN_PORT,
        local: Ipv4Addr::LOCALHOST.into(),
        mtu: 1450,
        mac: Mac([2, 0, 0, 0, 0, 1]),
    }
}

fn link(add: impl FnOnce(&mut Batch)) -> Result<(), String> {
    let mut batch = Batch::new("the probe");
    add(&mut batch);
    Rtnl::open().and_then(|mut rtnl| rtnl.commit(&mut batch)).map_err(|error| match error {
        RtnlError::Refused { source, detail, .. } => detail.unwrap_or_else(|| source.to_string()),
        other => other.to_string(),
    })
}

/// linux/netfilter/nfnetlink.h, nf_tables.h and nfnetlink_conntrack.h.
const NFNL_SUBSYS_CTNETLINK: u16 = 1;
const NFNL_SUBSYS_NFTABLES: u16 = 10;
const NFT_MSG_GETGEN: u16 = 16;
const CT_GET_STATS: u16 = 5;

/// Asks a netfilter subsystem something harmless: an unknown one is refused.
fn netfilter(subsystem: u16, message: u16) -> Result<(), String> {
    let ask = || -> io::Result<i32> {
        let socket = Socket::new(NETLINK_NETFILTER)?;
        socket.connect(&SocketAddr::new(0, 0))?;
        let mut request = 20u32.to_ne_bytes().to_vec();
        request.extend((subsystem << 8 | message).to_ne_bytes());
        request.extend((NLM_F_REQUEST | NLM_F_ACK).to_ne_bytes());
        request.extend(1u32.to_ne_bytes());
        request.resize(20, 0);
        socket.send(&request, 0)?;
        let (datagram, _) = socket.recv_from_full()?;
        first_reply(&datagram)
    };
    match ask() {
        Ok(0) => Ok(()),
        Ok(code) => Err(io::Error::from_raw_os_error(code).to_string()),
        Err(error) => Err(error.to_string()),
    }
}
