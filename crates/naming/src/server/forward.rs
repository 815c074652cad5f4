//! `forward`: whom to ask for names that are not here.
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use netloom_objects::ObjectRef;

use super::{cache::duration, read::Reader};
use crate::{
    names::{below, within},
    resolv_conf::ResolvConf,
    types,
};

/// A server to ask.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// The upstream servers of the machine: `/etc/resolv.conf` of a node.
    Machine,
    /// The cluster's DNS Service.
    Cluster,
    /// A server by its address.
    Server(SocketAddr),
}

/// In which order servers are asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// Any.
    #[default]
    Random,
    /// Each in turn first.
    RoundRobin,
    /// Always the first one that lives.
    Sequential,
}

/// One `forward`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// Its line; none in the server that netloom adds.
    pub at: Option<Arc<ObjectRef>>,
    /// The zone that is forwarded.
    pub from: String,
    /// Zones below it that are not.
    pub except: Vec<String>,
    /// The servers.
    pub targets: Vec<Target>,
    /// In which order they are asked.
    pub policy: Policy,
    /// Failed health checks after which a server counts as dead; 0 means never.
    pub max_fails: u32,
    /// How often a server that failed is checked.
    pub health_check: Duration,
    /// Questions under way at once; 0 means any number.
    pub max_concurrent: usize,
    /// Whether to ask over TCP only.
    pub force_tcp: bool,
    /// For how long to wait for one server.
    pub read_timeout: Duration,
    /// The response codes after which the next server is asked.
    pub failover: Vec<u16>,
    /// Whether a question fails at once where all servers are dead.
    pub fail_fast: bool,
}

impl Forward {
    fn to(at: Option<Arc<ObjectRef>>, targets: Vec<Target>) -> Self {
        Self {
            at,
            from: String::new(),
            except: Vec::new(),
            targets,
            policy: Policy::Random,
            max_fails: 2,
            health_check: Duration::from_millis(500),
            max_concurrent: 0,
            force_tcp: false,
            read_timeout: Duration::from_secs(2),
            failover: Vec::new(),
            fail_fast: false,
        }
    }

    pub(super) fn machine() -> Self {
        Self { max_concurrent: 1000, ..Self::to(None, vec![Target::Machine]) }
    }

    pub(super) fn cluster(at: &Arc<ObjectRef>) -> Self {
        Self::to(Some(at.clone()), vec![Target::Cluster])
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let args = reader.args().to_vec();
        let [from, to @ ..] = args.as_slice() else {
            let name = reader.name();
            return reader.refuse(&name, "`forward` names no zone");
        };
        let mut forward = Self::to(Some(reader.place()), Vec::new());
        forward.from = netloom_corefile::zones_of(&from.text).into_iter().next()?;
        for word in to {
            match targets(reader, &word.text) {
                Some(found) => forward.targets.extend(found),
                None => reader.note(
                    word,
                    "netloom forwards over plain UDP and TCP to addresses; this server is not asked",
                ),
            }
        }
        for words in reader.properties() {
            let value = words.get(1).map_or("", |word| word.text.as_str());
            let zones = || words.iter().skip(1).flat_map(|w| netloom_corefile::zones_of(&w.text)).collect();
            match words[0].text.as_str() {
                "except" => forward.except = zones(),
                "policy" => {
                    forward.policy = match value {
                        "round_robin" => Policy::RoundRobin,
                        "sequential" => Policy::Sequential,
                        _ => Policy::Random,
                    }
                }
                "max_fails" => forward.max_fails = value.parse().unwrap_or(2),
                "health_check" => forward.health_check = duration(value).unwrap_or(forward.health_check),
                "max_concurrent" => forward.max_concurrent = value.parse().unwrap_or(0),
                "force_tcp" => forward.force_tcp = true,
                "read_timeout" => forward.read_timeout = duration(value).unwrap_or(forward.read_timeout),
                "failover" => {
                    forward.failover =
                        words.iter().skip(1).filter_map(|w| types::rcode_of(&w.text)).collect();
                }
                "failfast_all_unhealthy_upstreams" => forward.fail_fast = true,
                // Sockets are not kept open, and UDP is preferred anyway.
                "expire" | "prefer_udp" | "max_age" | "max_idle_conns" | "max_connect_attempts" => {}
                _ => reader.unread(&words[0]),
            }
        }
        Some(forward)
    }

    /// Whether a question for this name is forwarded.
    pub(super) fn takes(&self, name: &str) -> bool {
        below(name, &self.from).is_some() && (name == self.from || !within(name, &self.except))
    }
}

/// The servers that a word means: an address, a file with `nameserver` lines, or a placeholder that is filled in when
/// a cluster is made.
fn targets(reader: &Reader<'_>, text: &str) -> Option<Vec<Target>> {
    let bare = text.strip_prefix("dns://").unwrap_or(text);
    if let Some(server) = address(bare) {
        return Some(vec![Target::Server(server)]);
    }
    if let Some(file) = reader.file(bare) {
        let text: Vec<&str> = file.lines.iter().map(|line| line.text.as_str()).collect();
        let servers = ResolvConf::parse(&text.join("\n")).nameservers;
        return Some(servers.into_iter().map(|ip| Target::Server((ip, 53).into())).collect());
    }
    match bare {
        "__PILLAR__CLUSTER__DNS__" => Some(vec![Target::Cluster]),
        "__PILLAR__UPSTREAM__SERVERS__" => Some(vec![Target::Machine]),
        path if path.starts_with('/') => Some(vec![Target::Machine]),
        // The environment of the pod says which.
        variable if variable.starts_with("{$") || variable.starts_with("{%") => Some(vec![Target::Machine]),
        _ => None,
    }
}

fn address(text: &str) -> Option<SocketAddr> {
    let ip = |text: &str| text.trim_matches(['[', ']']).parse::<IpAddr>().ok();
    text.parse().ok().or_else(|| Some((ip(text)?, 53).into()))
}
