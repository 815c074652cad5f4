//! From a packet to its response: the zone's, the upstream's, or an error.
use std::{fmt, sync::Arc, time::Instant};

use arc_swap::ArcSwapOption;
use hickory_proto::{
    op::{Edns, Message, Query, ResponseCode},
    rr::{DNSClass, Name},
};
use netloom_naming::Zone;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    answer::{Reply, answer},
    limiter::{Limiter, PerName},
    metrics::{Metrics, Transport, add},
    prebuilt::{Prebuilt, Ready},
    request::{MAX_UDP, Parsed, Request},
    upstream::Upstream,
    wire::{Slots, encode},
};

/// Questions that may be with the upstream server at once, as in CoreDNS's `forward`.
const MAX_FORWARDED: usize = 1000;

/// Answers packets. Shared by all sockets of a server, or of several.
#[derive(Clone)]
pub struct Responder {
    inner: Arc<Inner>,
}

struct Inner {
    zone: Arc<ArcSwapOption<Zone>>,
    upstream: Option<Arc<dyn Upstream>>,
    metrics: Arc<Metrics>,
    forwarding: Arc<Semaphore>,
    refusals: PerName,
    failures: Limiter,
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
    Later(Box<Forward>),
    /// Nothing.
    Never,
}

/// A question on its way to the upstream server.
pub(crate) struct Forward {
    responder: Responder,
    upstream: Arc<dyn Upstream>,
    /// The response so far, aliases of the cluster's included.
    response: Message,
    query: Message,
    limit: u16,
    _permit: OwnedSemaphorePermit,
}

impl Responder {
    /// Answers from the zone that is in `zone` at the time of each question (SERVFAIL while there is none), and from
    /// `upstream` what is not in it (REFUSED without one).
    #[must_use]
    pub fn new(zone: Arc<ArcSwapOption<Zone>>, upstream: Option<Arc<dyn Upstream>>) -> Self {
        let inner = Inner {
            zone,
            upstream,
            metrics: Arc::default(),
            forwarding: Arc::new(Semaphore::new(MAX_FORWARDED)),
            refusals: PerName::default(),
            failures: Limiter::default(),
        };
        Self { inner: Arc::new(inner) }
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
        store: &mut Prebuilt,
        random: usize,
        out: &mut Vec<u8>,
    ) -> bool {
        let zone = self.inner.zone.load();
        let Some(ready) = zone.as_ref().and_then(|zone| store.get(zone, packet)) else { return false };
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
        true
    }

    /// The response to a packet; a UDP one that others may ask for too is kept in the store.
    pub(crate) fn respond(
        &self,
        packet: &[u8],
        transport: Transport,
        random: usize,
        store: Option<&mut Prebuilt>,
    ) -> Response {
        let metrics = &self.inner.metrics;
        let request = match Request::parse(packet) {
            Parsed::Drop => {
                add(&metrics.dropped);
                return Response::Never;
            }
            Parsed::Error(mut response) => {
                let rtype = response.queries.first().map_or(0, |q| q.query_type().into());
                metrics.request(transport, rtype);
                return self.finish(&mut response, MAX_UDP).map_or(Response::Never, Response::Now);
            }
            Parsed::Request(request) => request,
        };
        metrics.request(transport, request.query.query_type().into());
        let limit = match transport {
            Transport::Udp => request.udp_limit(),
            Transport::Tcp => u16::MAX,
        };
        let zone = self.inner.zone.load_full();
        let reply = zone.as_deref().map(|zone| answer(zone, &request));
        match reply {
            Some(Ok(Reply::Done(mut response))) => {
                let Some(mut bytes) = self.finish(&mut response, limit) else { return Response::Never };
                let slots = Slots::find(&bytes);
                if let (Some(store), Some(zone), true) = (store, &zone, request.is_common()) {
                    // The zone may have been swapped since the store was asked: this makes it forget the old one.
                    _ = store.get(zone, packet);
                    store.keep(packet, ready(&bytes, &slots, &response));
                }
                slots.rotate(&mut bytes, random);
                Response::Now(bytes)
            }
            Some(Ok(Reply::Continue(response, target))) => {
                self.forward(&request, response, Some(target), limit)
            }
            Some(Ok(Reply::NotOurs)) => self.forward(&request, request.response(), None, limit),
            // No zone yet, or a name in it that DNS cannot carry.
            None | Some(Err(_)) => self.fail(request.response(), ResponseCode::ServFail, limit),
        }
    }

    fn forward(&self, request: &Request, response: Message, alias: Option<Name>, limit: u16) -> Response {
        let Some(upstream) = self.inner.upstream.clone() else {
            self.say_refused(&request.name);
            // An alias is an answer all the same; whoever asked can follow it elsewhere.
            let rcode = if alias.is_some() { ResponseCode::NoError } else { ResponseCode::Refused };
            return self.fail(response, rcode, limit);
        };
        let Ok(permit) = self.inner.forwarding.clone().try_acquire_owned() else {
            return self.fail(response, ResponseCode::ServFail, limit);
        };
        let mut query = Message::query();
        let name = alias.unwrap_or_else(|| request.query.name().clone());
        let mut question = Query::query(name, request.query.query_type());
        question.set_query_class(DNSClass::IN);
        query.add_query(question);
        query.metadata.recursion_desired = true;
        query.metadata.checking_disabled = request.metadata.checking_disabled;
        let mut edns = Edns::new();
        edns.set_max_payload(MAX_UDP);
        edns.set_dnssec_ok(request.edns.as_ref().is_some_and(|e| e.flags().dnssec_ok));
        query.edns = Some(edns);
        add(&self.inner.metrics.forwarded);
        let responder = self.clone();
        Response::Later(Box::new(Forward { responder, upstream, response, query, limit, _permit: permit }))
    }

    fn fail(&self, mut response: Message, rcode: ResponseCode, limit: u16) -> Response {
        response.metadata.response_code = rcode;
        self.finish(&mut response, limit).map_or(Response::Never, Response::Now)
    }

    /// Writes and counts a response. What cannot be written becomes SERVFAIL.
    fn finish(&self, response: &mut Message, limit: u16) -> Option<Vec<u8>> {
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
    fn say_refused(&self, name: &str) {
        let Some(left_out) = self.inner.refusals.pass(name, Instant::now()) else { return };
        if self.inner.zone.load().as_ref().is_some_and(|zone| zone.is_short_form(name)) {
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

impl Forward {
    /// Asks, and completes the response.
    pub(crate) async fn finish(mut self: Box<Self>) -> Option<Vec<u8>> {
        let name = self.query.queries.first().map(|q| q.name().to_string()).unwrap_or_default();
        match self.upstream.exchange(self.query).await {
            Ok(answer) => {
                let response = &mut self.response;
                response.metadata.response_code = match answer.metadata.response_code {
                    code if code.high() > 0 => ResponseCode::ServFail,
                    code => code,
                };
                response.metadata.authentic_data =
                    response.answers.is_empty() && answer.metadata.authentic_data;
                response.metadata.truncation = answer.metadata.truncation;
                response.answers.extend(answer.answers);
                response.authorities = answer.authorities;
                response.additionals = answer.additionals;
            }
            Err(error) => {
                add(&self.responder.inner.metrics.forward_failures);
                if let Some(silent) = self.responder.inner.failures.pass(Instant::now()) {
                    tracing::warn!(
                        "cannot resolve {name} upstream: {error}; {silent} more like it were not logged"
                    );
                }
                self.response.metadata.response_code = ResponseCode::ServFail;
            }
        }
        self.responder.finish(&mut self.response, self.limit)
    }
}

fn ready(bytes: &[u8], slots: &Slots, response: &Message) -> Ready {
    Ready {
        bytes: bytes.to_vec(),
        slots: slots.clone(),
        rtype: response.queries.first().map_or(0, |q| q.query_type().into()),
        rcode: response.metadata.response_code.into(),
        truncated: response.metadata.truncation,
    }
}
