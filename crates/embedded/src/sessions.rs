//! Commands that other terminals run in pods: each ends with its pod.
use std::{
    io::{ErrorKind, Read},
    net::IpAddr,
    os::unix::net::UnixStream,
    sync::{Arc, Mutex, PoisonError},
};

use netloom_cluster::{NodeId, Pod, Snapshot};

/// The network that a process in a pod is in. Another one of the same name is another pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Home {
    namespace: Arc<str>,
    name: Arc<str>,
    node: NodeId,
    /// None for a pod in its node's network.
    ips: Option<Vec<IpAddr>>,
}

impl Home {
    pub fn of(pod: &Pod) -> Self {
        Self {
            namespace: pod.namespace.clone(),
            name: pod.name.clone(),
            node: pod.node,
            ips: (!pod.host_network).then(|| pod.ips.iter().collect()),
        }
    }

    /// Whether the pod is still there.
    pub fn is_in(&self, snapshot: &Snapshot) -> bool {
        snapshot.find_pod(&self.namespace, &self.name).is_some_and(|pod| Self::of(pod) == *self)
    }
}

/// The commands that run, each by the socket whose closing ends it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sessions(Arc<Mutex<Vec<(Home, UnixStream)>>>);

impl Sessions {
    /// Holds on to a command's socket for as long as its pod is there.
    pub fn add(&self, home: Home, leash: UnixStream) {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|(_, leash)| is_open(leash));
        sessions.push((home, leash));
    }

    /// Ends the commands whose pods are gone.
    pub fn end_gone(&self, snapshot: &Snapshot) {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|(home, _)| home.is_in(snapshot));
    }
}

/// A client says nothing more on its socket; so it can be read only when the client is gone.
fn is_open(mut leash: &UnixStream) -> bool {
    leash.set_nonblocking(true).is_ok()
        && matches!(leash.read(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_open_until_its_client_goes() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        assert!(is_open(&ours));
        drop(theirs);
        assert!(!is_open(&ours));
    }
}
