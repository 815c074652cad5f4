//! From a packet to its response: what the server's plan says, and what it takes to say it.
use std::{fmt, net::IpAddr, sync::Arc, time::Instant};

use arc_swap::ArcSwapOption;
use hickory_proto::op::{Message, ResponseCode};
use netloom_naming::{Dns, Log, Reply, types};

use crate::{
    answer,
    forwarder::{Inside, Reach, Within},
    limiter::{Limiter, PerName},
    live::{Live, Registry},
    metrics::{Metrics, Transport, add},
    pending::{Pending, Step},
    plugin_counts::PluginCounts,
    prebuilt::{Prebuilt, Ready},
    query_log::{self, QueryLog},
    request::{MAX_UDP, Parsed, Request},
    stats::{BlockStats, Served, plugin_index},
    upstream::Upstream,
    wire::{Slots, encode},
};

/// Answers packets. Shared by all sockets of a server.
#[derive(Clone)]
pub struct Responder {
    pub(crate) inner: Arc<Inner>,
    /// The port that is asked; any where the plan does not tell ports apart.
    pub(crate) port: Option<u16>,
}

pub(crate) struct Inner {
    pub live: ArcSwapOption<Live>,
    pub metrics: Arc<Metrics>,
    pub registry: Registry,
    pub plugins: PluginCounts,
    log: Option<QueryLog>,
    reach: Reach,
    refusals: PerName,
    pub failures: Limiter,
}

impl fmt::Debug for Responder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Responder").field("metrics", &self.inner.metrics).finish_non_exhaustive()
    }
}

/// What is to be done with a packet.
pub(crate) enum Response {
    /// Send these bytes.
    Now(Vec<u8>),
    /// Send what this comes to.
    Later(Box<Pending>),
    /// Nothing.
    Never,
}

/// How a question came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Came {
    pub transport: Transport,
    pub client: IpAddr,
    pub port: u16,
    /// The packet's length.
    pub length: usize,
    pub at: Instant,
    /// Orders addresses.
    pub random: usize,
}

impl Responder {
    /// Answers by the plan that was last published (SERVFAIL before the first). `machine` is asked for what the machine's
    /// own servers know (REFUSED without one), `within` is the way to servers of the network that it is in.
    #[must_use]
    pub fn new(machine: Option<Arc<dyn Upstream>>, within: Option<Within>) -> Self {
        Self::logging(machine, within, None)
    }

    /// The same, with a place for the lines of its plan's `log`.
    #[must_use]
    pub fn logging(
        machine: Option<Arc<dyn Upstream>>,
        within: Option<Within>,
        log: Option<QueryLog>,
    ) -> Self {
        let inner = Inner {
            live: ArcSwapOption::empty(),
            metrics: Arc::default(),
            registry: Registry::default(),
            plugins: PluginCounts::default(),
            log,
            reach: Reach { machine, within, ..Reach::default() },
            refusals: PerName::default(),
            failures: Limiter::default(),
        };
        Self { inner: Arc::new(inner), port: None }
    }

    /// The same, for questions at one port of the plan's.
    #[must_use]
    pub fn at_port(&self, port: u16) -> Self {
        Self { inner: self.inner.clone(), port: Some(port) }
    }

    /// Answers by this plan from now on. `inside` tells which addresses are of the network that the server is in.
    pub fn publish(&self, dns: Arc<Dns>, inside: Inside) {
        let before = self.inner.live.load_full();
        let live = Live::new(dns, before.as_deref(), &self.inner.registry, self.inner.reach.clone(), inside);
        self.inner.live.store(Some(Arc::new(live)));
    }

    /// Whether there is a plan.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.inner.live.load().is_some()
    }

    /// The plan that answers.
    #[must_use]
    pub fn plan(&self) -> Option<Arc<Dns>> {
        self.inner.live.load().as_ref().map(|live| live.dns.clone())
    }

    /// The counters of all that this responder did.
    #[must_use]
    pub fn metrics(&self) -> Arc<Metrics> {
        self.inner.metrics.clone()
    }

    /// The response to a packet from the store of ready ones, written to `out`; `random` orders its addresses.
    pub(crate) fn ready(
        &self,
        packet: &[u8],
        client: IpAddr,
        store: &mut Prebuilt,
        random: usize,
        out: &mut Vec<u8>,
    ) -> bool {
        let at = Instant::now();
        let live = self.inner.live.load();
        let Some(ready) = live.as_ref().and_then(|live| store.get(live, packet, client)) else {
            return false;
        };
        out.clear();
        out.extend_from_slice(&ready.bytes);
        out[..2].copy_from_slice(&packet[..2]);
        ready.slots.rotate(out, random);
        let metrics = &self.inner.metrics;
        metrics.request(Transport::Udp, ready.rtype);
        metrics.response(ready.rcode);
        add(&metrics.prebuilt);
        if ready.truncated {
            add(&metrics.truncated);
        }
        ready.counts.iter().for_each(|count| add(count));
        ready.stats.count(&Served {
            transport: Transport::Udp,
            client,
            rtype: ready.rtype,
            with_do: ready.with_do,
            asked: packet.len(),
            plugin: ready.plugin,
            rcode: ready.rcode,
            answered: out.len(),
            took: at.elapsed(),
        });
        true
    }

    /// The response to a packet; a UDP one that others may ask for too is kept in the store.
    pub(crate) fn respond(&self, packet: &[u8], came: Came, store: Option<&mut Prebuilt>) -> Response {
        let metrics = &self.inner.metrics;
        let request = match Request::parse(packet) {
            Parsed::Drop => {
                add(&metrics.dropped);
                return Response::Never;
            }
            Parsed::Error(mut response) => {
                let rtype = response.queries.first().map_or(0, |q| q.query_type().into());
                metrics.request(came.transport, rtype);
                return self.write(&mut response, MAX_UDP).map_or(Response::Never, Response::Now);
            }
            Parsed::Request(request) => *request,
        };
        metrics.request(came.transport, request.query.query_type().into());
        let Some(live) = self.inner.live.load_full() else {
            let mut response = request.response();
            response.metadata.response_code = ResponseCode::ServFail;
            return self
                .write(&mut response, self.limit(&request, came))
                .map_or(Response::Never, Response::Now);
        };
        let mut pending = Pending::new(self.clone(), live, request, came);
        let reply = match pending.step() {
            Step::Done(reply) => reply,
            Step::Wait => return Response::Later(Box::new(pending)),
        };
        let Some((bytes, ready)) = self.finish(&pending, reply) else { return Response::Never };
        if let (Some(store), Some(ready)) = (store, ready) {
            // The plan may have been swapped since the store was asked: this makes it forget the old one.
            _ = store.get(&pending.live, packet, came.client);
            store.keep(&pending.live, packet, came.client, ready);
        }
        Response::Now(bytes)
    }

    /// The bytes of a reply, and what is kept of it for the next one who asks.
    pub(crate) fn finish(&self, pending: &Pending, reply: Reply) -> Option<(Vec<u8>, Option<Ready>)> {
        let (request, came) = (&pending.request, pending.came);
        let block = pending.live.stats_for(&request.name, self.port);
        let counts = block.map_or_else(Vec::new, |(i, _)| {
            let rtype = request.query.query_type().to_string();
            self.inner.plugins.of(&pending.live.dns.blocks()[i], &rtype, &reply)
        });
        counts.iter().for_each(|count| add(count));
        let log = block.and_then(|(i, _)| pending.live.dns.blocks()[i].log_of(&request.name));
        let (plugin, shuffled) = match &reply {
            Reply::Answer(response) if pending.was_cached => (plugin_index("cache"), response.shuffled),
            Reply::Answer(response) => (plugin_index(response.plugin), response.shuffled),
            Reply::Failed(..) => (0, false),
            Reply::Dropped(_) => {
                self.log(log.filter(|log| log.takes(types::REFUSED, None)), request, came, None);
                add(&self.inner.metrics.dropped);
                return None;
            }
        };
        // What is not logged now may be logged the next time, of a name that is.
        let is_logged = log.is_some();
        let log = log.filter(|log| match &reply {
            Reply::Answer(response) => log.takes(response.rcode, Some(response)),
            Reply::Failed(rcode, _) => log.takes(*rcode, None),
            Reply::Dropped(_) => false,
        });
        let failed = |rcode: u16| {
            let mut message = request.response();
            message.metadata.response_code = ResponseCode::from(0, rcode as u8);
            message
        };
        let mut message = match reply {
            // A name in it may be one that DNS cannot carry.
            Reply::Answer(response) => {
                answer::message(&response, request).unwrap_or_else(|_| failed(types::SERVFAIL))
            }
            Reply::Failed(rcode, _) => failed(rcode),
            Reply::Dropped(_) => return None,
        };
        let mut bytes = self.write(&mut message, self.limit(request, came))?;
        let slots = if shuffled { Slots::find(&bytes) } else { Slots::default() };
        let rcode = u16::from(message.metadata.response_code);
        let with_do = request.edns.as_ref().is_some_and(|edns| edns.flags().dnssec_ok);
        let served = Served {
            transport: came.transport,
            client: came.client,
            rtype: request.query.query_type().into(),
            with_do,
            asked: came.length,
            plugin,
            rcode,
            answered: bytes.len(),
            took: came.at.elapsed(),
        };
        let stats = self.count(pending, block, &served);
        self.log(log, request, came, Some((&message, bytes.len())));
        let keeps =
            pending.known.is_empty() && request.is_common() && !is_logged && came.transport == Transport::Udp;
        let ready = keeps.then(|| Ready {
            bytes: bytes.clone(),
            slots: slots.clone(),
            rtype: served.rtype,
            rcode,
            truncated: message.metadata.truncation,
            with_do,
            stats,
            plugin,
            counts,
        });
        slots.rotate(&mut bytes, came.random);
        Some((bytes, ready))
    }

    fn log(&self, how: Option<&Log>, request: &Request, came: Came, answered: Option<(&Message, usize)>) {
        if let Some(how) = how {
            self.tell(|| query_log::line(&how.format, request, came, answered).into());
        }
    }

    /// Gives a line to whoever listens; false where nobody does.
    pub(crate) fn tell(&self, line: impl FnOnce() -> Arc<str>) -> bool {
        let listened = self.inner.log.as_ref().filter(|log| log.receiver_count() > 0);
        listened.is_some_and(|log| log.send(line()).is_ok())
    }

    fn count(
        &self,
        pending: &Pending,
        block: Option<(usize, &Arc<BlockStats>)>,
        served: &Served,
    ) -> Arc<BlockStats> {
        let stats = match block {
            Some((_, stats)) => stats.clone(),
            // CoreDNS counts what no block is for like this.
            None => {
                let port = self.port.or_else(|| pending.live.dns.ports().first().copied()).unwrap_or(53);
                self.inner.registry.stats(&format!("dns://:{port}"), "dropped")
            }
        };
        stats.count(served);
        stats
    }

    fn limit(&self, request: &Request, came: Came) -> u16 {
        match came.transport {
            Transport::Udp => request.udp_limit(),
            Transport::Tcp => u16::MAX,
        }
    }

    /// Writes and counts a response. What cannot be written becomes SERVFAIL.
    fn write(&self, response: &mut Message, limit: u16) -> Option<Vec<u8>> {
        let bytes = encode(response, limit).or_else(|error| {
            tracing::warn!(%error, "a DNS response cannot be written");
            let metadata = response.metadata;
            *response = Message::error_msg(metadata.id, metadata.op_code, ResponseCode::ServFail);
            response.to_vec()
        });
        let metrics = &self.inner.metrics;
        metrics.response(response.metadata.response_code.into());
        if response.metadata.truncation {
            add(&metrics.truncated);
        }
        bytes.ok()
    }

    /// Says what was refused, but not of a name that is short for one of the cluster's: a resolver with a search list
    /// asks for it as it is too, and finds it, or not, by another candidate.
    pub(crate) fn say_refused(&self, live: &Live, name: &str) {
        let Some(left_out) = self.inner.refusals.pass(name, Instant::now()) else { return };
        if live.dns.zone().is_short_form(name) {
            return;
        }
        let more = match left_out {
            0 => String::new(),
            more => format!("; {more} other questions were refused and not logged"),
        };
        tracing::warn!(
            "refused to resolve {name}: it is outside the cluster's zone, and no upstream server is set \
             (--upstream-dns ADDRESS forwards such names){more}"
        );
    }
}
