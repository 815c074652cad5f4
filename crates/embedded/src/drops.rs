//! Packets that the nodes dropped, as the kernel logs them: claimed by the probe that sent them, or told to whoever listens.
use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    os::fd::{AsRawFd, RawFd},
    sync::{Arc, Mutex, PoisonError},
};

use netloom_cluster::{NodeId, Protocol};
use netloom_kernel::nflog::{Event, Nflog, Transport};
use netloom_node::LogPrefix;
use tokio::{
    io::{Interest, unix::AsyncFd},
    sync::{broadcast, oneshot},
};

use crate::translated::Tables;

/// A packet that a node dropped.
#[derive(Clone, Copy, Debug)]
pub struct Denied {
    /// The node.
    pub node: NodeId,
    /// The rule that dropped it.
    pub by: LogPrefix,
    /// From where, as the node saw it.
    pub from: SocketAddr,
    /// To where, after the Service was resolved.
    pub to: SocketAddr,
    /// Its protocol.
    pub protocol: Protocol,
}

/// What tells a probe's packets: protocol, source address, source port.
pub(crate) type Sender = (u8, IpAddr, u16);

/// Who waits for which packets, and who hears of all others.
#[derive(Debug)]
pub(crate) struct Drops {
    waiting: Mutex<HashMap<Sender, oneshot::Sender<LogPrefix>>>,
    tables: Tables,
    heard: broadcast::Sender<Denied>,
}

impl Drops {
    pub fn new(tables: Tables) -> Arc<Self> {
        Arc::new(Self { waiting: Mutex::default(), tables, heard: broadcast::channel(1024).0 })
    }

    /// Waits for the first drop of a sender's packets.
    pub fn claim(&self, sender: Sender) -> oneshot::Receiver<LogPrefix> {
        let (tell, told) = oneshot::channel();
        self.lock().insert(sender, tell);
        told
    }

    /// Waits no longer.
    pub fn forget(&self, sender: &Sender) {
        self.lock().remove(sender);
    }

    /// All drops that nobody claims.
    pub fn subscribe(&self) -> broadcast::Receiver<Denied> {
        self.heard.subscribe()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Sender, oneshot::Sender<LogPrefix>>> {
        // The map is whole after every operation, whatever its thread did later.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, node: NodeId, events: &[Event]) {
        let mut unclaimed: Vec<(Sender, Denied)> = events
            .iter()
            .filter_map(|event| denied(node, event))
            .filter(|(s, d)| !self.tell(s, d.by))
            .collect();
        // Packets that nodes sent on under their own addresses; nobody asks where no probe waits.
        if !unclaimed.is_empty() && !self.lock().is_empty() {
            let seen: Vec<Sender> = unclaimed.iter().map(|(sender, _)| *sender).collect();
            let first: HashMap<Sender, Sender> = self.tables.first_senders(&seen).into_iter().collect();
            unclaimed.retain(|(sender, denied)| !first.get(sender).is_some_and(|s| self.tell(s, denied.by)));
        }
        for (_, denied) in unclaimed {
            // Without listeners there is nobody to tell.
            drop(self.heard.send(denied));
        }
    }

    /// Tells who waits for a sender's drops; false where nobody does.
    fn tell(&self, sender: &Sender, by: LogPrefix) -> bool {
        let Some(tell) = self.lock().remove(sender) else { return false };
        // A probe that has ended meanwhile has no use for it.
        let _ = tell.send(by);
        true
    }
}

fn denied(node: NodeId, event: &Event) -> Option<(Sender, Denied)> {
    let (packet, by) = (event.packet?, LogPrefix::parse(&event.prefix)?);
    let Transport::Ports { source, destination } = packet.transport else { return None };
    let protocol = Protocol::WITH_PORTS.into_iter().find(|p| p.number() == packet.protocol);
    let protocol = protocol.unwrap_or(Protocol::Other(packet.protocol));
    let (from, to) =
        (SocketAddr::new(packet.source, source), SocketAddr::new(packet.destination, destination));
    Some(((packet.protocol, packet.source, source), Denied { node, by, from, to, protocol }))
}

/// Reads one node's log until the runtime ends.
pub(crate) async fn read(node: NodeId, log: Nflog, drops: Arc<Drops>) {
    let fd: RawFd = log.as_raw_fd();
    #[expect(
        deprecated,
        reason = "its successor is unsafe; the log owns its descriptor for as long as it is watched"
    )]
    let watched = AsyncFd::with_interest(log, Interest::READABLE);
    let mut log = match watched {
        Ok(log) => log,
        Err(error) => {
            tracing::error!("the log of dropped packets (fd {fd}) cannot be watched: {error}");
            return;
        }
    };
    let mut events = Vec::new();
    loop {
        let Ok(mut ready) = log.readable_mut().await else { return };
        match ready.get_inner_mut().read_events(&mut events) {
            Ok(read) => {
                if read.lost > 0 {
                    tracing::debug!("{} dropped packets were not logged in time", read.lost);
                }
                if read.drained {
                    ready.clear_ready();
                }
            }
            Err(error) => {
                tracing::error!("the log of dropped packets: {error}");
                return;
            }
        }
        drops.take(node, &events);
        events.clear();
    }
}
