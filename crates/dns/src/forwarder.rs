//! One `forward` at work: which of its servers is asked, which are dead, and how many questions are under way.
use std::{
    collections::{HashMap, hash_map::RandomState},
    fmt,
    hash::BuildHasher,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use hickory_proto::{
    op::{Message, Query},
    rr::{Name, RecordType},
};
use netloom_naming::{Forward, Policy, Target};

use crate::{
    metrics::add,
    stats::Times,
    udp_upstream::UdpUpstream,
    upstream::{Upstream, UpstreamError},
};

/// For how long a question is tried at all its servers, as in CoreDNS.
const DEADLINE: Duration = Duration::from_secs(5);

/// The way to servers of the network that this one is in.
#[derive(Clone)]
pub struct Within {
    /// Sockets by family: IPv4, IPv6.
    pub(crate) clients: [Option<Arc<UdpUpstream>>; 2],
}

impl fmt::Debug for Within {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Within").finish_non_exhaustive()
    }
}

impl Within {
    /// A way over these sockets.
    #[must_use]
    pub fn new(v4: Option<UdpUpstream>, v6: Option<UdpUpstream>) -> Self {
        Self { clients: [v4.map(Arc::new), v6.map(Arc::new)] }
    }

    fn to(&self, server: SocketAddr) -> Option<&Arc<UdpUpstream>> {
        self.clients[usize::from(server.is_ipv6())].as_ref()
    }
}

/// Who can be asked from here.
#[derive(Clone, Default)]
pub(crate) struct Reach {
    /// The machine's own servers.
    pub machine: Option<Arc<dyn Upstream>>,
    pub within: Option<Within>,
    /// The addresses of the network that this server is in.
    pub inside: Arc<Inside>,
    /// The addresses of the cluster's DNS Service.
    pub service: Vec<IpAddr>,
}

/// Tells whether an address is of the network that the server is in.
pub struct Inside(Box<dyn Fn(IpAddr) -> bool + Send + Sync>);

impl Inside {
    /// Those that fit.
    pub fn new(fits: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        Self(Box::new(fits))
    }
}

impl Default for Inside {
    fn default() -> Self {
        Self(Box::new(|_| true))
    }
}

impl fmt::Debug for Inside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inside").finish_non_exhaustive()
    }
}

/// Why a question was not answered.
#[derive(Debug)]
pub(crate) enum Failure {
    /// There is nobody to ask: the machine's servers are not named.
    Nobody,
    /// More questions are under way than may be.
    TooMany,
    Upstream(UpstreamError),
}

/// One `forward`, with what is known of its servers.
#[derive(Debug)]
pub(crate) struct Forwarder {
    pub forward: Arc<Forward>,
    turn: AtomicUsize,
    under_way: AtomicUsize,
    random: RandomState,
    count: AtomicU64,
    health: Mutex<HashMap<SocketAddr, Arc<Health>>>,
    pub rejected: AtomicU64,
    pub broken: AtomicU64,
    /// Requests by server and code.
    pub asked: Mutex<HashMap<(SocketAddr, u16), Arc<Times>>>,
}

/// What is known of one server.
#[derive(Debug, Default)]
struct Health {
    fails: AtomicU32,
    checking: AtomicBool,
}

struct UnderWay<'f>(&'f AtomicUsize);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl Forwarder {
    pub fn new(forward: Arc<Forward>) -> Self {
        Self {
            forward,
            turn: AtomicUsize::new(0),
            under_way: AtomicUsize::new(0),
            random: RandomState::new(),
            count: AtomicU64::new(0),
            health: Mutex::default(),
            rejected: AtomicU64::new(0),
            broken: AtomicU64::new(0),
            asked: Mutex::default(),
        }
    }

    /// Asks.
    pub async fn ask(self: &Arc<Self>, query: Message, reach: &Reach) -> Result<Message, Failure> {
        let most = self.forward.max_concurrent;
        let now = self.under_way.fetch_add(1, Relaxed);
        let _under_way = UnderWay(&self.under_way);
        if most > 0 && now >= most {
            add(&self.rejected);
            return Err(Failure::TooMany);
        }
        let servers = self.servers(reach);
        if servers.is_empty() {
            let machine = reach.machine.as_ref().ok_or(Failure::Nobody)?;
            return machine.exchange(query).await.map_err(Failure::Upstream);
        }
        self.ask_servers(query, &servers, reach).await
    }

    /// Whether there is nobody to ask.
    pub fn has_nobody(&self, reach: &Reach) -> bool {
        reach.machine.is_none() && self.servers(reach).is_empty()
    }

    /// The servers inside of the network, in the order in which they are asked. None of them stands for the machine's:
    /// an address outside is not reached from here.
    fn servers(&self, reach: &Reach) -> Vec<SocketAddr> {
        let mut servers: Vec<SocketAddr> = Vec::new();
        for target in &self.forward.targets {
            match target {
                Target::Machine => {}
                Target::Cluster => servers.extend(reach.service.iter().map(|ip| SocketAddr::new(*ip, 53))),
                Target::Server(at) if (reach.inside.0)(at.ip()) => servers.push(*at),
                Target::Server(_) => {}
            }
        }
        servers.retain(|server| reach.within.as_ref().is_some_and(|within| within.to(*server).is_some()));
        let count = servers.len();
        if count > 1 {
            match self.forward.policy {
                Policy::Sequential => {}
                Policy::RoundRobin => servers.rotate_left(self.turn.fetch_add(1, Relaxed) % count),
                Policy::Random => {
                    let key = self.count.fetch_add(1, Relaxed);
                    servers.sort_by_cached_key(|server| self.random.hash_one((key, server)));
                }
            }
        }
        servers
    }

    async fn ask_servers(
        self: &Arc<Self>,
        mut query: Message,
        servers: &[SocketAddr],
        reach: &Reach,
    ) -> Result<Message, Failure> {
        let Some(within) = reach.within.clone() else { return Err(Failure::Nobody) };
        let begun = Instant::now();
        let mut last = Failure::Upstream(UpstreamError::NoServer);
        let (mut dead, mut failovers) = (0, 0);
        for server in servers.iter().cycle().take(2 * servers.len()) {
            if begun.elapsed() >= DEADLINE {
                break;
            }
            let health = self.health_of(*server);
            if self.is_dead(&health) {
                dead += 1;
                if dead < servers.len() {
                    continue;
                }
                add(&self.broken);
                if self.forward.fail_fast {
                    break;
                }
            }
            let Some(client) = within.to(*server).cloned() else { continue };
            let asked = Instant::now();
            let wait = self.forward.read_timeout.min(DEADLINE);
            match client.ask_server(*server, &mut query, wait, self.forward.force_tcp).await {
                Ok(message) => {
                    let rcode = u16::from(message.metadata.response_code);
                    self.tally(*server, rcode, asked.elapsed());
                    if self.forward.failover.contains(&rcode) && failovers + 1 < servers.len() {
                        failovers += 1;
                        continue;
                    }
                    return Ok(message);
                }
                Err(error) => {
                    self.check(*server, health, client);
                    last = Failure::Upstream(error);
                }
            }
        }
        Err(last)
    }

    fn is_dead(&self, health: &Health) -> bool {
        self.forward.max_fails > 0 && health.fails.load(Relaxed) > self.forward.max_fails
    }

    fn health_of(&self, server: SocketAddr) -> Arc<Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).entry(server).or_default().clone()
    }

    /// Asks a server that failed for the root until it answers; until then every silence counts against it.
    fn check(self: &Arc<Self>, server: SocketAddr, health: Arc<Health>, client: Arc<UdpUpstream>) {
        if self.forward.max_fails == 0 || health.checking.swap(true, Relaxed) {
            return;
        }
        let every = self.forward.health_check.max(Duration::from_millis(50));
        let (this, tcp) = (Arc::downgrade(self), self.forward.force_tcp);
        tokio::spawn(async move {
            loop {
                let mut probe = Message::query();
                probe.add_query(Query::query(Name::root(), RecordType::NS));
                probe.metadata.recursion_desired = true;
                let answered =
                    client.ask_server(server, &mut probe, Duration::from_secs(1), tcp).await.is_ok();
                if answered {
                    health.fails.store(0, Relaxed);
                    break;
                }
                health.fails.fetch_add(1, Relaxed);
                tokio::time::sleep(every).await;
                if this.strong_count() == 0 {
                    break;
                }
            }
            health.checking.store(false, Relaxed);
        });
    }

    fn tally(&self, server: SocketAddr, rcode: u16, took: Duration) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.entry((server, rcode)).or_default().observe(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
    }
}
