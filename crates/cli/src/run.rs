//! What `up` and `verify` share: the sandbox, the runtime, and the options of the network.
use std::{net::SocketAddr, sync::Arc};

use netloom_cluster::Snapshot;
use netloom_dns::{Connect, UdpUpstream, Upstream};
use netloom_embedded::{NetworkOptions, Overlay};
use netloom_kernel::sandbox;

use crate::{
    allow_run,
    args::{OverlayKind, Running},
    load::Stop,
};

/// Runs `main` in a sandbox, on a runtime with several threads. Its exit status becomes the command's.
pub fn in_sandbox<F>(main: impl FnOnce() -> F + Send) -> Result<u8, Stop>
where
    F: Future<Output = Result<u8, Stop>>,
{
    Ok(sandbox::run(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let outcome = match runtime {
            Ok(runtime) => runtime.block_on(main()),
            Err(error) => Err(Stop::Because(format!("starting threads: {error}"))),
        };
        outcome.unwrap_or_else(|stop| {
            if let Stop::Because(reason) = stop {
                anstream::eprintln!("\x1b[1;31mnetloom:\x1b[0m {reason}");
            }
            crate::FAULT
        })
    })?)
}

/// The options of the network. Inside the runtime, whose threads are in the host's network: upstream DNS is asked from there.
pub fn options(args: &Running, snapshot: &Snapshot) -> Result<NetworkOptions, Stop> {
    let allow_run = allow_run::allowed(args)?;
    allow_run::tell(snapshot, args, allow_run);
    Ok(NetworkOptions {
        overlay: match args.overlay {
            OverlayKind::Vxlan => Overlay::Vxlan,
            OverlayKind::None => Overlay::None,
        },
        bare: args.bare,
        upstream: upstream(&args.upstream_dns)?,
        runs: args.run.clone(),
        allow_run,
    })
}

fn upstream(servers: &[SocketAddr]) -> Result<Option<Arc<dyn Upstream>>, Stop> {
    let Some(first) = servers.first() else { return Ok(None) };
    let any: SocketAddr = if first.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    let servers: Vec<SocketAddr> =
        servers.iter().copied().filter(|s| s.is_ipv4() == first.is_ipv4()).collect();
    let socket = std::net::UdpSocket::bind(any)?;
    let connect: Connect = Arc::new(|server| Box::pin(tokio::net::TcpStream::connect(server)));
    Ok(Some(Arc::new(UdpUpstream::new(socket, servers, Some(connect))?)))
}
