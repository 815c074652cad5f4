//! A question on its way: what other servers have to say to it, one after the other.
use std::{sync::Arc, time::Instant};

use hickory_proto::{
    op::{Edns, Message, Query},
    rr::{DNSClass, RecordType as WireType},
};
use netloom_naming::{Ask, Known, Need, RecordType, Reply, Response, types};

use crate::{
    answer,
    cache::{Found, Key, Store},
    forwarder::{Failure, Forwarder},
    live::Live,
    metrics::add,
    request::{MAX_UDP, Request},
    responder::{Came, Responder},
};

/// Servers that are asked for one question; longer chains are taken to have no end.
const MAX_NEEDS: usize = 16;

/// A question, and what is known so far.
pub(crate) struct Pending {
    responder: Responder,
    pub live: Arc<Live>,
    pub request: Request,
    pub came: Came,
    pub known: Known,
    /// Whether a cache gave what other servers would have said.
    pub was_cached: bool,
    /// What is to be asked next, and what to say where that fails.
    next: Option<(Need, Option<Response>)>,
}

/// Where a question stands.
pub(crate) enum Step {
    Done(Reply),
    /// Another server has to be asked.
    Wait,
}

impl Pending {
    pub fn new(responder: Responder, live: Arc<Live>, request: Request, came: Came) -> Self {
        Self { responder, live, request, came, known: Known::default(), was_cached: false, next: None }
    }

    /// Goes on as far as is possible without asking.
    pub fn step(&mut self) -> Step {
        loop {
            let ask = Ask {
                name: &self.request.name,
                rtype: RecordType::from_number(self.request.query.query_type().into()),
                client: Some(self.came.client),
                port: self.responder.port,
            };
            let need = match self.live.dns.resolve(&ask, &self.known) {
                Ok(reply) => return Step::Done(reply),
                Err(_) if self.known.len() >= MAX_NEEDS => {
                    return Step::Done(Reply::Failed(types::SERVFAIL, Vec::new()));
                }
                Err(need) => need,
            };
            let (forwarder, store) = self.live.means(&need);
            let Some(forwarder) = forwarder.cloned() else {
                self.known.add(need, Reply::Failed(types::SERVFAIL, Vec::new()));
                continue;
            };
            let store = store.cloned();
            let key = self.key(&need);
            let found = store.as_ref().map_or(Found::Nothing, |store| store.find(&key, Instant::now()));
            let verifies = need.cache.as_ref().is_some_and(|c| c.stale.is_some_and(|(_, verify)| verify));
            match found {
                Found::Stale(stale, _) if verifies => {
                    self.next = Some((need, Some(stale)));
                    return Step::Wait;
                }
                Found::Fresh(response, renew) | Found::Stale(response, renew) => {
                    if let (true, Some(store)) = (renew, store) {
                        self.renew(&need, key, forwarder, store);
                    }
                    self.was_cached = true;
                    self.known.add(need, Reply::Answer(response));
                }
                Found::Nothing if forwarder.has_nobody(&self.live.reach) => {
                    self.responder.say_refused(&self.live, &need.name);
                    self.known.add(need, Reply::Failed(types::REFUSED, Vec::new()));
                }
                Found::Nothing => {
                    self.next = Some((need, None));
                    return Step::Wait;
                }
            }
        }
    }

    /// Asks until the question is answered.
    pub async fn finish(mut self: Box<Self>) -> Option<Vec<u8>> {
        while let Some((need, stale)) = self.next.take() {
            let reply = self.ask(&need, stale).await;
            self.was_cached = false;
            self.known.add(need, reply);
            if let Step::Done(reply) = self.step() {
                return self.responder.clone().finish(&self, reply).map(|(bytes, _)| bytes);
            }
        }
        None
    }

    async fn ask(&self, need: &Need, stale: Option<Response>) -> Reply {
        let (Some(forwarder), store) = self.live.means(need) else {
            return Reply::Failed(types::SERVFAIL, Vec::new());
        };
        let metrics = &self.responder.inner.metrics;
        add(&metrics.forwarded);
        let Some(query) = self.query(need) else { return Reply::Failed(types::SERVFAIL, Vec::new()) };
        match exchange(forwarder, query, &self.live).await {
            Ok(mut response) => {
                if let Some(store) = store {
                    store.keep(self.key(need), &mut response, Instant::now());
                }
                Reply::Answer(response)
            }
            Err(Failure::Nobody) => {
                self.responder.say_refused(&self.live, &need.name);
                Reply::Failed(types::REFUSED, Vec::new())
            }
            // CoreDNS refuses; a server without a Corefile says that it is its own fault.
            Err(Failure::TooMany) if need.forward.at.is_some() => {
                let most = need.forward.max_concurrent;
                self.say_error(types::REFUSED, &format!("concurrent queries exceeded maximum {most}"));
                Reply::Failed(types::REFUSED, Vec::new())
            }
            Err(Failure::TooMany) => Reply::Failed(types::SERVFAIL, Vec::new()),
            Err(Failure::Upstream(error)) => {
                add(&metrics.forward_failures);
                if need.forward.at.is_some() && self.say_error(types::SERVFAIL, &error.to_string()) {
                    // Said where the Corefile has it said.
                } else if let Some(silent) = self.responder.inner.failures.pass(Instant::now()) {
                    tracing::warn!(
                        "cannot resolve {} upstream: {error}; {silent} more like it were not logged",
                        need.name
                    );
                }
                if let Some(store) = store {
                    store.settle(&self.key(need));
                }
                stale.map_or(Reply::Failed(types::SERVFAIL, Vec::new()), Reply::Answer)
            }
        }
    }

    /// Says why a question failed, as CoreDNS' `errors` does; false where nobody hears it.
    fn say_error(&self, rcode: u16, why: &str) -> bool {
        let block = self.live.stats_for(&self.request.name, self.responder.port);
        let has_errors = block.is_some_and(|(i, _)| self.live.dns.blocks()[i].errors);
        let (name, rtype) = (&self.request.name, self.request.query.query_type());
        has_errors
            && self.responder.tell(|| format!("[ERROR] plugin/errors: {rcode} {name}. {rtype}: {why}").into())
    }

    /// Asks for what a cache gives out already, for those who come next.
    fn renew(&self, need: &Need, key: Key, forwarder: Arc<Forwarder>, store: Arc<Store>) {
        let (Some(query), live) = (self.query(need), self.live.clone()) else { return store.settle(&key) };
        tokio::spawn(async move {
            match exchange(&forwarder, query, &live).await {
                Ok(mut response) => store.keep(key, &mut response, Instant::now()),
                Err(_) => store.settle(&key),
            }
        });
    }

    fn key(&self, need: &Need) -> Key {
        Key {
            name: need.name.as_str().into(),
            rtype: need.rtype,
            with_do: self.with_do(),
            checking_disabled: self.request.metadata.checking_disabled,
        }
    }

    fn with_do(&self) -> bool {
        self.request.edns.as_ref().is_some_and(|edns| edns.flags().dnssec_ok)
    }

    /// The question to another server. A name that is the client's keeps its letters.
    fn query(&self, need: &Need) -> Option<Message> {
        let name = match need.name == self.request.name {
            true => self.request.query.name().clone(),
            false => answer::name_of(&need.name).ok()?,
        };
        let mut query = Message::query();
        let mut question = Query::query(name, WireType::from(need.rtype.number()));
        question.set_query_class(DNSClass::IN);
        query.add_query(question);
        query.metadata.recursion_desired = true;
        query.metadata.checking_disabled = self.request.metadata.checking_disabled;
        let mut edns = Edns::new();
        edns.set_max_payload(MAX_UDP);
        edns.set_dnssec_ok(self.with_do());
        query.edns = Some(edns);
        Some(query)
    }
}

async fn exchange(forwarder: &Arc<Forwarder>, query: Message, live: &Live) -> Result<Response, Failure> {
    let message = forwarder.ask(query, &live.reach).await?;
    answer::response(&message).map_err(|error| Failure::Upstream(error.into()))
}
