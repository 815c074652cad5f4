//! The running network: made from a World, moved to the next one, asked for sockets.
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
    os::fd::{AsRawFd, OwnedFd},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use netloom_cluster::{NodeId, Pod, PodId, Protocol, Snapshot};
use netloom_dns::Upstream;
use netloom_explain::{Origin, World};
use netloom_kernel::{
    exec::PodEntry,
    netns::{Here, NetNs, Worker},
    sockets,
};
use netloom_naming::{Hosts, ResolvConf, resolv_conf};
use netloom_policy::PolicySet;
use nix::sys::socket::{SockaddrStorage, bind};
use tokio::sync::broadcast;

use crate::{
    Denied, EmbeddedError,
    drops::{self, Drops},
    plumbing::{Changes, Plumbing, PodKey, key_of},
    runs::{self, Process},
    servers::Servers,
    sessions::{Home, Sessions},
};

/// How the nodes are joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overlay {
    /// Pod traffic goes in VXLAN.
    #[default]
    Vxlan,
    /// The network between the nodes routes it.
    None,
}

/// How the network is made.
#[derive(Clone, Default)]
pub struct NetworkOptions {
    /// How the nodes are joined.
    pub overlay: Overlay,
    /// Leave out Services and policies: pods reach each other over plain links, as a measure of what rules cost.
    pub bare: bool,
    /// Who answers DNS questions about names outside of the cluster.
    pub upstream: Option<Arc<dyn Upstream>>,
    /// Commands to run instead of stand-ins: `namespace/workload` or `namespace/pod`, and the command.
    pub runs: Vec<(String, String)>,
    /// Whether the commands that manifests name are run as well.
    pub allow_run: bool,
}

/// What an application of a World did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Applied {
    /// Pods that came.
    pub pods_added: usize,
    /// Pods that went.
    pub pods_removed: usize,
    /// Elements of kernel maps that came and went.
    pub elements: usize,
    /// From the call to the kernel's last acknowledgement.
    pub took: Duration,
}

/// The running network.
pub struct Network {
    world: Arc<World>,
    worker: Worker,
    plumbing: Arc<Mutex<Plumbing>>,
    servers: Servers,
    drops: Arc<Drops>,
    runs: Vec<(String, String)>,
    allow_run: bool,
    /// Whether everything in the World listens and runs that should.
    settled: bool,
    /// The policies by which all connections were last judged.
    judged: Arc<PolicySet>,
    processes: BTreeMap<PodKey, (Home, Process)>,
    sessions: Sessions,
}

/// A socket that is wanted in somebody's namespace.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientSocket {
    pub origin: Origin,
    pub to: IpAddr,
    pub protocol: Protocol,
}

fn lock(plumbing: &Mutex<Plumbing>) -> std::sync::MutexGuard<'_, Plumbing> {
    // A panic inside a worker's job is reported as an error of its own; what was built until then is still ours.
    plumbing.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Network {
    /// Makes the network, and says what that took. Call it inside a tokio runtime with several threads, in a sandbox.
    ///
    /// # Errors
    /// When the kernel refuses something, naming it.
    pub async fn up(world: World, options: NetworkOptions) -> Result<(Self, Applied), EmbeddedError> {
        let begun = Instant::now();
        let world = Arc::new(world);
        let worker = Worker::spawn()?;
        let (snapshot, overlay, rules) = (world.snapshot.clone(), options.overlay, !options.bare);
        let plumbing =
            blocking(|| worker.run(move |here| Plumbing::create(here, &snapshot, overlay, rules)))??;
        let plumbing = Arc::new(Mutex::new(plumbing));
        let shared = plumbing.clone();
        let (logs, tables) = blocking(|| worker.run(move |here| lock(&shared).logs(here)))??;
        let drops = Drops::new(tables);
        for (node, log) in logs {
            tokio::spawn(drops::read(node, log, drops.clone()));
        }
        let mut network = Self {
            world: world.clone(),
            worker,
            plumbing,
            servers: Servers::new(options.upstream),
            drops,
            runs: options.runs,
            allow_run: options.allow_run,
            settled: false,
            judged: world.policies.clone(),
            processes: BTreeMap::new(),
            sessions: Sessions::default(),
        };
        let mut applied = network.move_to(world).await?;
        applied.took = begun.elapsed();
        Ok((network, applied))
    }

    /// The World that is running.
    #[must_use]
    pub const fn world(&self) -> &Arc<World> {
        &self.world
    }

    /// Drops that no probe of ours caused.
    #[must_use]
    pub fn denials(&self) -> broadcast::Receiver<Denied> {
        self.drops.subscribe()
    }

    /// What the DNS servers log of questions, where their Corefiles say `log`.
    #[must_use]
    pub fn queries(&self) -> broadcast::Receiver<Arc<str>> {
        self.servers.queries.subscribe()
    }

    pub(crate) const fn drops(&self) -> &Arc<Drops> {
        &self.drops
    }

    /// Moves to the next World: only what changed. Connections live on, also those that are no longer allowed: see
    /// [`Network::cut_denied`].
    ///
    /// # Errors
    /// When the kernel refuses something, naming it.
    pub async fn apply(&mut self, world: World) -> Result<Applied, EmbeddedError> {
        let begun = Instant::now();
        let before = self.world.clone();
        match self.move_to(Arc::new(world)).await {
            Ok(applied) => Ok(Applied { took: begun.elapsed(), ..applied }),
            Err(error) => {
                // What a refused change has done already is undone.
                if let Err(again) = self.move_to(before).await {
                    tracing::warn!("after that, the network could not go back to what it was: {again}");
                }
                Err(error)
            }
        }
    }

    async fn move_to(&mut self, world: Arc<World>) -> Result<Applied, EmbeddedError> {
        let begun = Instant::now();
        // Rules hold before new pods can speak, new pods listen before anything leads to them, and pods that go answer
        // until nothing does.
        let prepared = self.on_kernels(&world, Plumbing::prepare)?;
        let settled = std::mem::replace(&mut self.settled, false);
        let same_pods = settled && Arc::ptr_eq(&self.world.snapshot.pods, &world.snapshot.pods);
        let processes = (!same_pods).then(|| self.wanted_processes(&world));
        if let Some(wanted) = &processes {
            self.sessions.end_gone(&world.snapshot);
            // Their ports are free before anything else listens there.
            self.end_processes(wanted, &world.snapshot).await;
        }
        if !settled || !Servers::same_wanted(&self.world, &world) {
            let keys: BTreeSet<PodKey> = match &processes {
                Some(wanted) => wanted.keys().cloned().collect(),
                None => self.processes.keys().cloned().collect(),
            };
            self.serve(&world, &keys).await?;
        }
        let switched = self.on_kernels(&world, Plumbing::switch)?;
        tracing::debug!("acknowledged after {:?}", begun.elapsed());
        self.servers.publish(&world);
        if self.servers.is_leaving() {
            // Whoever was led to them before has connected when they close.
            self.on_kernels(&world, |plumbing, _, _| plumbing.let_arrive())?;
        }
        self.servers.retire().await;
        let finished = self.on_kernels(&world, Plumbing::finish)?;
        self.world = world;
        if let Some(wanted) = processes {
            self.start_processes(wanted)?;
        }
        self.settled = true;
        Ok(Applied {
            pods_added: prepared.pods_added,
            pods_removed: prepared.pods_removed,
            elements: prepared.elements + switched.elements + finished.elements,
            ..Applied::default()
        })
    }

    /// One step towards a World, on the worker that enters the nodes' namespaces.
    fn on_kernels(
        &self,
        world: &Arc<World>,
        step: impl FnOnce(&mut Plumbing, &mut Here, &World) -> Result<Changes, EmbeddedError> + Send + 'static,
    ) -> Result<Changes, EmbeddedError> {
        let (plumbing, world) = (self.plumbing.clone(), world.clone());
        blocking(|| self.worker.run(move |here| step(&mut lock(&plumbing), here, &world)))?
    }

    /// Opens what should listen and does not; what should no longer is set aside.
    async fn serve(&mut self, world: &Arc<World>, processes: &BTreeSet<PodKey>) -> Result<(), EmbeddedError> {
        let to_open = self.servers.missing(Servers::wanted(world, processes)).await;
        if !to_open.is_empty() {
            let (plumbing, target) = (self.plumbing.clone(), world.clone());
            let opened = blocking(|| {
                self.worker.run(move |here| Servers::open(here, &lock(&plumbing), &target.snapshot, to_open))
            })??;
            self.servers.start(opened)?;
        }
        Ok(())
    }

    /// Cuts the connections that the current World's policies do not allow; returns how many there were.
    ///
    /// # Errors
    /// When the kernel's connection tables cannot be read.
    pub fn cut_denied(&mut self) -> Result<usize, EmbeddedError> {
        if Arc::ptr_eq(&self.judged, &self.world.policies) {
            return Ok(0);
        }
        let (plumbing, world) = (self.plumbing.clone(), self.world.clone());
        let cut = blocking(|| self.worker.run(move |here| lock(&plumbing).cut_denied(here, &world)))??;
        self.judged = self.world.policies.clone();
        Ok(cut)
    }

    fn wanted_processes(&self, world: &World) -> BTreeMap<PodKey, String> {
        let mut wanted = BTreeMap::new();
        for pod in world.snapshot.pods.iter() {
            let asked = self
                .runs
                .iter()
                .find(|(name, _)| runs::means(name, pod))
                .map(|(_, command)| command.as_str());
            let named = pod.run.as_deref().filter(|_| self.allow_run);
            if let Some(command) = asked.or(named) {
                wanted.insert(key_of(pod), command.to_owned());
            }
        }
        wanted
    }

    async fn end_processes(&mut self, wanted: &BTreeMap<PodKey, String>, snapshot: &Snapshot) {
        let stays = |pod: &PodKey, (home, process): &(Home, Process)| {
            wanted.get(pod) == Some(&process.command) && home.is_in(snapshot)
        };
        let all = std::mem::take(&mut self.processes);
        let (stay, gone): (BTreeMap<_, _>, BTreeMap<_, _>) =
            all.into_iter().partition(|(pod, there)| stays(pod, there));
        self.processes = stay;
        for (_, process) in gone.into_values() {
            process.end().await;
        }
    }

    fn start_processes(&mut self, wanted: BTreeMap<PodKey, String>) -> Result<(), EmbeddedError> {
        let snapshot = self.world.snapshot.clone();
        for (key, command) in wanted {
            if self.processes.contains_key(&key) {
                continue;
            }
            let Some(pod) = key.split_once('/').and_then(|(ns, name)| snapshot.find_pod(ns, name)) else {
                continue;
            };
            let entry = self.entry(pod)?;
            let process = runs::start(&key, &entry, &command)?;
            self.processes.insert(key.clone(), (Home::of(pod), process));
        }
        Ok(())
    }

    /// Whether a process of the user's runs in a pod, instead of a stand-in.
    #[must_use]
    pub fn runs_process(&self, pod: PodId) -> bool {
        self.processes.contains_key(&key_of(self.world.snapshot.pod(pod)))
    }

    pub(crate) const fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// The way into a pod for a process, which has a container's rights there.
    ///
    /// # Errors
    /// When the pod has no namespace or the machine no handle left.
    pub fn entry(&self, pod: &Pod) -> Result<PodEntry, EmbeddedError> {
        let snapshot = &self.world.snapshot;
        let hostname = pod.hostname.as_deref().unwrap_or(&pod.name).chars().take(63).collect::<String>();
        let conf = resolv_conf(snapshot, pod, &ResolvConf::default()).to_string();
        let place = |plumbing: &Plumbing| plumbing.namespace_of(pod).map(NetNs::try_clone);
        let hosts = Hosts::of(snapshot, pod).to_string();
        self.enter(&pod.qualified_name(), place, hostname, conf, hosts, true)
    }

    /// The way into a node, for a process that is root of its network. Its resolver asks the cluster's DNS, which embedded nodes have no other one beside.
    ///
    /// # Errors
    /// As [`Network::entry`].
    pub fn node_entry(&self, node: NodeId) -> Result<PodEntry, EmbeddedError> {
        let snapshot = &self.world.snapshot;
        let name = snapshot.node(node).name.to_string();
        let dns = snapshot.dns_service.map(|id| snapshot.service(id).cluster_ips()).unwrap_or_default();
        let conf = ResolvConf { nameservers: dns.iter().take(1).collect(), ..ResolvConf::default() };
        let place = |plumbing: &Plumbing| Some(plumbing.node_namespace(node).try_clone());
        self.enter(&format!("node {name}"), place, name.clone(), conf.to_string(), local_hosts(&name), false)
    }

    /// The way outside of the cluster.
    ///
    /// # Errors
    /// As [`Network::entry`].
    pub fn outside_entry(&self) -> Result<PodEntry, EmbeddedError> {
        let place = |plumbing: &Plumbing| Some(plumbing.outside_namespace().try_clone());
        self.enter("outside", place, "outside".to_owned(), String::new(), local_hosts("outside"), false)
    }

    fn enter(
        &self,
        whose: &str,
        place: impl FnOnce(&Plumbing) -> Option<std::io::Result<NetNs>>,
        hostname: String,
        resolv_conf: String,
        hosts: String,
        confined: bool,
    ) -> Result<PodEntry, EmbeddedError> {
        let doing = || EmbeddedError::io(format!("making the way into {whose}"));
        let ns = place(&lock(&self.plumbing))
            .unwrap_or_else(|| Err(std::io::ErrorKind::NotFound.into()))
            .map_err(doing())?;
        PodEntry::from_holder(OwnedFd::from(ns), hostname, resolv_conf, hosts, confined).map_err(doing())
    }

    /// Opens sockets in the namespaces of those who are to use them.
    pub(crate) fn client_sockets(
        &self,
        wanted: Vec<ClientSocket>,
    ) -> Result<Vec<std::io::Result<OwnedFd>>, EmbeddedError> {
        let (plumbing, world) = (self.plumbing.clone(), self.world.clone());
        Ok(blocking(|| {
            self.worker.run(move |here| {
                let plumbing = lock(&plumbing);
                wanted.into_iter().map(|w| client_socket(here, &plumbing, &world, w)).collect()
            })
        })?)
    }
}

fn local_hosts(name: &str) -> String {
    format!("127.0.0.1 localhost {name}\n::1 localhost {name}\n")
}

fn client_socket(
    here: &mut Here,
    plumbing: &Plumbing,
    world: &World,
    wanted: ClientSocket,
) -> std::io::Result<OwnedFd> {
    let ns: Option<&NetNs> = match wanted.origin {
        Origin::Pod(pod) => plumbing.namespace_of(world.snapshot.pod(pod)),
        Origin::Node(node) => Some(plumbing.node_namespace(node)),
        Origin::Outside(_) => Some(plumbing.outside_namespace()),
    };
    let ns = ns.ok_or(std::io::ErrorKind::NotFound)?;
    here.enter(ns).map_err(std::io::Error::other)?;
    match (wanted.protocol, wanted.origin) {
        (Protocol::Udp, Origin::Outside(from)) => {
            Ok(sockets::udp_socket_at(SocketAddr::new(from, 0))?.into())
        }
        (Protocol::Udp, _) => Ok(sockets::udp_client(wanted.to)?.into()),
        (_, origin) => {
            let socket = sockets::tcp_socket(wanted.to)?;
            if let Origin::Outside(from) = origin {
                bind(socket.as_raw_fd(), &SockaddrStorage::from(SocketAddr::new(from, 0)))?;
            }
            Ok(socket)
        }
    }
}

/// Waits for a worker without holding up the runtime's other tasks.
fn blocking<R>(task: impl FnOnce() -> R) -> R {
    tokio::task::block_in_place(task)
}
