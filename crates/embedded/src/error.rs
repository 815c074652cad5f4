//! What can go wrong while the network is made or changed.
use std::io;

use nix::libc;

use netloom_kernel::{
    fabric::FabricError, netns::NsError, nflog::NflogError, nft::NftError, rtnl::RtnlError,
};
use netloom_node::PlanError;

/// Why the network could not be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// A namespace or link.
    #[error(transparent)]
    Fabric(#[from] FabricError),
    /// A namespace.
    #[error(transparent)]
    Namespace(#[from] NsError),
    /// An address or route.
    #[error(transparent)]
    Rtnl(#[from] RtnlError),
    /// nftables.
    #[error("node {node}: {source}")]
    Nftables {
        /// The node.
        node: String,
        /// What the kernel says.
        source: Box<NftError>,
    },
    /// The Snapshot is too large for the data plane.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The log of dropped packets.
    #[error(transparent)]
    Nflog(#[from] NflogError),
    /// A port could not be opened.
    #[error("{owner} cannot listen on {port}: {source}{}", listen_hint(source))]
    Listen {
        /// The pod or node.
        owner: String,
        /// Protocol and port.
        port: String,
        /// What the kernel says.
        source: io::Error,
    },
    /// There are not enough open files for probes.
    #[error(
        "too few open files for probes: {source}; raise `ulimit -n`, or open fewer connections with --max-probes"
    )]
    OpenFiles {
        /// What the system says.
        source: io::Error,
    },
    /// The control socket.
    #[error(transparent)]
    Control(#[from] netloom_kernel::control::ControlError),
    /// Something else of the machine.
    #[error("{doing}: {source}")]
    Io {
        /// What was attempted.
        doing: String,
        /// What the system says.
        source: io::Error,
    },
    /// The set of nodes changed under a running network.
    #[error("{0}; a running network keeps its nodes: start again to change nodes")]
    NodesChanged(String),
    /// A server could not be started.
    #[error("{owner}: {reason}")]
    Server {
        /// The pod or node.
        owner: String,
        /// Why.
        reason: String,
    },
}

fn listen_hint(error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(libc::EADDRINUSE) => "; does another pod of the host's network have the port?",
        Some(libc::EMFILE | libc::ENFILE) => "; each port and each pod is one open file: raise `ulimit -n`",
        _ => "",
    }
}

impl EmbeddedError {
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }
}
