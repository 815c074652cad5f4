//! The control socket of a running network: what other terminals ask of it.
use std::{
    io::{BufRead, BufReader, Read, Write},
    os::unix::net::{UnixListener, UnixStream},
    sync::{Arc, Condvar, PoisonError},
    time::Duration,
};

use netloom_cluster::{Pod, Snapshot};
use netloom_kernel::{control, exec::PodEntry};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::{EmbeddedError, Network, sessions::Home};

/// What is asked: one line of JSON.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// The way into a pod (by its name or its workload's), a node (`node/NAME`), or `outside`.
    Enter {
        /// The namespace; none where the target names it (`namespace/name`), or only one has the name.
        namespace: Option<String>,
        /// Who.
        target: String,
    },
}

/// What is answered: one line of JSON, and for `Enter` the way into the pod behind it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// The way in follows.
    Entering,
    /// It cannot be done.
    Refused {
        /// Why, and what to do.
        reason: String,
    },
}

/// A request line is this long at most.
const MAX_LINE: u64 = 64 * 1024;
/// A client has this long to ask.
const PATIENCE: Duration = Duration::from_secs(5);

/// This many clients are answered at once; others wait.
const CLIENTS: usize = 64;
/// How long accepting rests after an error, such as too many open files, which goes away by itself.
const REST: Duration = Duration::from_millis(50);

/// Answers on the control socket until the process ends.
pub fn serve_control(listener: UnixListener, network: Arc<Mutex<Network>>) {
    let runtime = tokio::runtime::Handle::current();
    let places = Arc::new(Places::new(CLIENTS));
    let accepting = std::thread::Builder::new().spawn(move || {
        loop {
            let place = places.take();
            let stream = match listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::debug!("control socket: {error}");
                    drop(place);
                    std::thread::sleep(REST);
                    continue;
                }
            };
            let (network, runtime) = (network.clone(), runtime.clone());
            let answering = std::thread::Builder::new().spawn(move || {
                let _place = place;
                if let Err(error) = answer(stream, &network, &runtime) {
                    tracing::debug!("control socket: {error}");
                }
            });
            if let Err(error) = answering {
                tracing::debug!("control socket: no thread to answer on: {error}");
                std::thread::sleep(REST);
            }
        }
    });
    if let Err(error) = accepting {
        tracing::warn!("no thread can be started for `netloom exec` and its like: {error}");
    }
}

/// Places for as many clients as are answered at once.
struct Places {
    free: std::sync::Mutex<usize>,
    freed: Condvar,
}

struct Place(Arc<Places>);

impl Places {
    const fn new(count: usize) -> Self {
        Self { free: std::sync::Mutex::new(count), freed: Condvar::new() }
    }

    fn take(self: &Arc<Self>) -> Place {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self.freed.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Place(self.clone())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}

fn answer(
    stream: UnixStream,
    network: &Mutex<Network>,
    runtime: &tokio::runtime::Handle,
) -> std::io::Result<()> {
    if !control::is_same_user(&stream)? {
        return Ok(());
    }
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = String::new();
    BufReader::new((&stream).take(MAX_LINE)).read_line(&mut line)?;
    let request: Request = match serde_json::from_str(&line) {
        Ok(request) => request,
        Err(error) => {
            return reply(
                &stream,
                &Reply::Refused { reason: format!("not a request of netloom's: {error}") },
            );
        }
    };
    let Request::Enter { namespace, target } = request;
    let entered = runtime.block_on(async {
        let network = network.lock().await;
        let snapshot = &network.world().snapshot;
        let (entry, home) = match (target.as_str(), target.strip_prefix("node/")) {
            ("outside", _) => (network.outside_entry(), None),
            (_, Some(node)) => {
                let id = snapshot.nodes.iter().find(|n| *n.name == *node).map(|n| n.id);
                (network.node_entry(id.ok_or_else(|| format!("there is no node {node:?}"))?), None)
            }
            _ => {
                let pod = find_pod(snapshot, namespace.as_deref(), &target)?;
                (network.entry(&pod), Some(Home::of(&pod)))
            }
        };
        let entry = entry.map_err(|e| e.to_string())?;
        Ok((entry, home.map(|home| (home, network.sessions().clone()))))
    });
    match entered {
        Ok((entry, session)) => {
            reply(&stream, &Reply::Entering)?;
            // The client says that it has read the line: what follows carries descriptors, which a buffered read loses.
            let mut ready = [0];
            (&mut &stream).read_exact(&mut ready)?;
            entry.send(&stream)?;
            // Nodes and the outside end with the network, and their commands with the sandbox.
            if let Some((home, sessions)) = session {
                sessions.add(home, stream);
            }
            Ok(())
        }
        Err(reason) => reply(&stream, &Reply::Refused { reason }),
    }
}

fn reply(mut stream: &UnixStream, reply: &Reply) -> std::io::Result<()> {
    let mut line = serde_json::to_string(reply)?;
    line.push('\n');
    stream.write_all(line.as_bytes())
}

/// Asks the running network of a name for the way into a pod.
///
/// # Errors
/// When there is no such network, or it refuses.
pub fn ask(network: &str, request: &Request) -> Result<Answer, EmbeddedError> {
    let failed = || EmbeddedError::io(format!("asking the network {network:?}"));
    let stream = control::connect(network)?;
    let mut line = serde_json::to_string(request).map_err(|e| failed()(e.into()))?;
    line.push('\n');
    (&stream).write_all(line.as_bytes()).map_err(failed())?;
    let mut answer = String::new();
    BufReader::new(&stream).read_line(&mut answer).map_err(failed())?;
    let reply: Reply = serde_json::from_str(&answer).map_err(|e| failed()(e.into()))?;
    match reply {
        Reply::Entering => {
            (&stream).write_all(b"\n").map_err(failed())?;
            let entry = PodEntry::recv(&stream).map_err(failed())?;
            Ok(Answer::Entering { entry, stays: target_is_pod(request).then_some(stream) })
        }
        Reply::Refused { reason } => Ok(Answer::Refused(reason)),
    }
}

/// What the network said.
#[derive(Debug)]
pub enum Answer {
    /// The way in.
    Entering {
        /// Into whose namespaces.
        entry: PodEntry,
        /// Closes when the pod goes. None where only the end of the network ends a command.
        stays: Option<UnixStream>,
    },
    /// It cannot be done, and why.
    Refused(String),
}

fn target_is_pod(Request::Enter { target, .. }: &Request) -> bool {
    target != "outside" && !target.starts_with("node/")
}

/// A pod by its name, or the first pod of a workload.
fn find_pod(snapshot: &Snapshot, namespace: Option<&str>, target: &str) -> Result<Arc<Pod>, String> {
    let (namespace, name) = match target.split_once('/') {
        Some((namespace, name)) => (Some(namespace), name),
        None => (namespace, target),
    };
    let named = |p: &&Arc<Pod>| {
        (*p.name == *name || *p.workload.name == *name) && namespace.is_none_or(|n| *p.namespace == *n)
    };
    let found: Vec<&Arc<Pod>> = snapshot.pods.iter().filter(named).collect();
    let namespaces: std::collections::BTreeSet<&str> = found.iter().map(|p| &*p.namespace).collect();
    match (found.first(), namespaces.len()) {
        (Some(pod), 1) => Ok((*pod).clone()),
        (Some(_), _) if namespaces.contains("default") => Ok(found
            .iter()
            .find(|p| &*p.namespace == "default")
            .map_or_else(|| found[0].clone(), |p| (*p).clone())),
        (Some(_), _) => {
            let list = namespaces.into_iter().collect::<Vec<_>>().join(", ");
            Err(format!("{name} is in several namespaces ({list}): say which with -n"))
        }
        (None, _) => {
            let all = snapshot.pods.iter().filter(|p| namespace.is_none_or(|n| *p.namespace == *n));
            let workloads: std::collections::BTreeSet<String> =
                all.map(|p| format!("{}/{}", p.namespace, p.workload.name)).collect();
            let list = workloads.into_iter().take(20).collect::<Vec<_>>().join(", ");
            Err(format!("no pod or workload {target:?} is running; there are: {list}"))
        }
    }
}
