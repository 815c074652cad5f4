//! A question's way through a block's plugins.
use std::{net::IpAddr, sync::Arc};

use super::{
    Ask, Block, Cache, Dns, Forward, Known, Need,
    acl::{Acl, Action},
    block::{Kind, Plugin},
    file, kubernetes,
    rewrite::{self, Reverter},
    template::{Made, Template},
};
use crate::{
    names::{below, within},
    record::{Answer, Ending, Record, RecordData, RecordType},
    response::{Did, Reply, Response, Step},
    types,
};

/// How deep answers may ask for more, as in CoreDNS.
const MAX_DEPTH: usize = 8;

/// What is the same on the whole way.
struct Way<'w> {
    dns: &'w Dns,
    known: &'w Known,
    client: Option<IpAddr>,
    port: Option<u16>,
    depth: usize,
}

/// A question at one place of its way.
#[derive(Clone, Copy)]
struct At<'q> {
    name: &'q str,
    rtype: RecordType,
    cache: Option<&'q Arc<Cache>>,
}

type Walked = Result<Reply, Need>;

impl Dns {
    /// The index of the block that answers a name on a port: the one with the longest zone.
    #[must_use]
    pub fn block_for(&self, name: &str, port: Option<u16>) -> Option<usize> {
        let on_port = |block: &Block| match (block.port, port) {
            (Some(own), Some(asked)) => own == asked,
            _ => true,
        };
        self.blocks.iter().position(|block| on_port(block) && below(name, &block.zone).is_some())
    }

    /// What becomes of a question.
    ///
    /// # Errors
    /// When another server has to be asked first.
    pub fn resolve(&self, ask: &Ask<'_>, known: &Known) -> Result<Reply, Need> {
        let way = Way { dns: self, known, client: ask.client, port: ask.port, depth: 0 };
        way.serve(ask.name, ask.rtype)
    }
}

impl Way<'_> {
    fn serve(&self, name: &str, rtype: RecordType) -> Walked {
        let Some(block) = self.dns.block_for(name, self.port) else {
            return Ok(Reply::Failed(types::REFUSED, Vec::new()));
        };
        let chain = &self.dns.blocks[block].chain;
        if chain.is_empty() {
            return Ok(Reply::Failed(types::REFUSED, Vec::new()));
        }
        self.pass(chain, At { name, rtype, cache: None })
    }

    /// Asks the server itself, as answers do whose names lead elsewhere.
    fn again(&self, name: &str, rtype: RecordType) -> Walked {
        if self.depth >= MAX_DEPTH {
            return Ok(Reply::Failed(types::SERVFAIL, Vec::new()));
        }
        Way { depth: self.depth + 1, ..*self }.serve(name, rtype)
    }

    fn pass(&self, chain: &[Plugin], at: At<'_>) -> Walked {
        for (i, plugin) in chain.iter().enumerate() {
            let next = &chain[i + 1..];
            match &plugin.kind {
                Kind::Any if at.rtype == RecordType::ANY => {
                    return Ok(plugin
                        .answers(Response { answers: vec![obsolete_any(at.name)], ..Response::default() }));
                }
                Kind::Any => {}
                Kind::Shuffle => {
                    return Ok(match self.pass(next, at)? {
                        Reply::Answer(response) => Reply::Answer(Response { shuffled: true, ..response }),
                        reply => reply,
                    });
                }
                Kind::Minimal => {
                    return Ok(match self.pass(next, at)? {
                        Reply::Answer(mut r) if r.rcode == types::NOERROR && !r.answers.is_empty() => {
                            r.authorities.clear();
                            r.additionals.clear();
                            Reply::Answer(r)
                        }
                        reply => reply,
                    });
                }
                Kind::Rewrite(rules) => {
                    if let Some(rewritten) = rewrite::question(rules, at.name, at.rtype) {
                        return self.rewritten(rewritten, next, at);
                    }
                }
                Kind::Autopath(autopath) => {
                    let zone = next.iter().find_map(|p| match &p.kind {
                        Kind::Kubernetes(k) if k.view.pods == crate::view::PodNames::Verified => {
                            k.zone(self.dns, at.name)
                        }
                        _ => None,
                    });
                    let zone = zone.map(|zone| &**zone);
                    if let Some(candidates) = autopath.candidates(at.name, self.client, zone) {
                        return self.walk_path(&candidates, plugin, next, at);
                    }
                }
                Kind::Acl(rules) => match Acl::judge(rules, at.name, at.rtype, self.client) {
                    None | Some((Action::Allow, _)) => {}
                    Some((action, zone)) => return Ok(plugin.keeps_out(action, zone)),
                },
                Kind::Cache(cache) => {
                    if !within(at.name, &cache.zones) {
                        continue;
                    }
                    let mut reply = self.pass(next, At { cache: Some(cache), ..at })?;
                    if let Reply::Answer(response) = &mut reply
                        && !response.upstream
                    {
                        cache.even(at.name, at.rtype, response);
                    }
                    return Ok(reply);
                }
                Kind::Template(templates) => {
                    if let Some(reply) = self.template(templates, at)? {
                        return Ok(reply);
                    }
                }
                Kind::Hosts(hosts) => match hosts.answer(at.name, at.rtype) {
                    None => {}
                    Some(Ok(response)) => return Ok(plugin.answers(response)),
                    Some(Err(rcode)) => return Ok(plugin.fails(rcode)),
                },
                Kind::Kubernetes(kubernetes) => {
                    if let Some(reply) = self.kubernetes(kubernetes, plugin, at)? {
                        return Ok(reply);
                    }
                }
                Kind::File(files) => match files.say(at.name, at.rtype) {
                    // With nobody behind it, it refuses names of zones that it does not have.
                    file::Said::NotOurs if next.is_empty() => return Ok(plugin.fails(types::REFUSED)),
                    file::Said::NotOurs => {}
                    file::Said::NoName(_) if within(at.name, &files.fall) => {}
                    file::Said::NoName(response) | file::Said::Answer(response) => {
                        return Ok(plugin.answers(response));
                    }
                    file::Said::Alias(chain, target) => {
                        let response = Response::authoritative(chain);
                        return Ok(plugin.answers(self.completed(response, &target, at.rtype)?));
                    }
                },
                Kind::Forward(forward) if forward.takes(at.name) => return self.forward(forward, plugin, at),
                Kind::Forward(_) => {}
                Kind::Whoami => return Ok(plugin.answers(self.whoami(at.name))),
            }
        }
        Ok(Reply::Failed(types::SERVFAIL, Vec::new()))
    }

    fn rewritten(&self, to: rewrite::Rewritten<'_>, next: &[Plugin], at: At<'_>) -> Walked {
        let name = to.name.strip_suffix('.').unwrap_or(&to.name);
        let reply = self.pass(next, At { name, rtype: to.rtype, ..at })?;
        let mut response = match reply {
            Reply::Answer(response) => response,
            // An empty response that rules may give another code.
            Reply::Failed(rcode, steps) => Response { rcode, steps, ..Response::default() },
            dropped @ Reply::Dropped(_) => return Ok(dropped),
        };
        for reverter in to.reverters.iter().rev() {
            match reverter {
                Reverter::Cname(matcher, by) => self.redirect(&mut response, matcher, by, at.rtype)?,
                _ => reverter.revert(&mut response),
            }
        }
        response.steps.splice(0..0, to.steps);
        Ok(Reply::Answer(response))
    }

    /// Leads the first alias with a matching target to another one.
    fn redirect(
        &self,
        response: &mut Response,
        matcher: &rewrite::Matcher,
        by: &str,
        rtype: RecordType,
    ) -> Result<(), Need> {
        let target = |record: &Record| match &record.data {
            RecordData::Cname(target) => matcher.replace(&format!("{target}."), by),
            _ => None,
        };
        let Some((i, to)) = response.answers.iter().enumerate().find_map(|(i, r)| Some((i, target(r)?)))
        else {
            return Ok(());
        };
        let to: Arc<str> = crate::names::normal(&to).into();
        if let Reply::Answer(more) = self.again(&to, rtype)? {
            response.answers.truncate(i + 1);
            response.answers[i].data = RecordData::Cname(to);
            response.answers.extend(more.answers);
            response.upstream |= more.upstream;
        }
        Ok(())
    }

    fn walk_path(&self, candidates: &[String], plugin: &Plugin, next: &[Plugin], at: At<'_>) -> Walked {
        let mut first = None;
        for name in candidates {
            match self.pass(next, At { name, ..at })? {
                Reply::Answer(mut response) if response.rcode != types::NXDOMAIN => {
                    if let Some(record) = response.answers.first().filter(|r| *r.name != *at.name) {
                        let alias = RecordData::Cname(record.name.clone());
                        let alias = Record { name: at.name.into(), ttl: record.ttl, data: alias };
                        response.answers.insert(0, alias);
                    }
                    let step = plugin.step(Did::Renamed(name.as_str().into()));
                    return Ok(Reply::Answer(response).after(step.filter(|_| *name != *at.name)));
                }
                reply => _ = first.get_or_insert(reply),
            }
        }
        Ok(first.unwrap_or(Reply::Failed(types::SERVFAIL, Vec::new())))
    }

    fn template(&self, templates: &[Template], at: At<'_>) -> Result<Option<Reply>, Need> {
        for template in templates {
            let by = |did, fits: bool| {
                let zone = fits.then(|| template.zone_of(at.name)).flatten();
                vec![Step { plugin: "template", at: template.at.clone(), zone, did }]
            };
            let mut response = match template.make(at.name, at.rtype, self.client) {
                Made::Next => continue,
                Made::Failed(fits) => {
                    return Ok(Some(Reply::Failed(types::SERVFAIL, by(Did::Refused, fits))));
                }
                Made::Answer(response) => response,
            };
            let asks = matches!(at.rtype, RecordType::A | RecordType::Aaaa);
            let alias = response.answers.iter().find_map(|r| match &r.data {
                RecordData::Cname(target) if asks => Some(target.clone()),
                _ => None,
            });
            if let Some(target) = alias
                && let Reply::Answer(more) = self.again(&target, at.rtype)?
            {
                response.answers.extend(more.answers);
                response.upstream |= more.upstream;
            }
            response.steps = by(Did::Answered, true);
            response.plugin = "template";
            return Ok(Some(Reply::Answer(response)));
        }
        Ok(None)
    }

    fn kubernetes(
        &self,
        kubernetes: &kubernetes::Kubernetes,
        plugin: &Plugin,
        at: At<'_>,
    ) -> Result<Option<Reply>, Need> {
        let answer = match kubernetes.say(self.dns, at.name, at.rtype) {
            kubernetes::Said::NotOurs => return Ok(None),
            kubernetes::Said::Answer(answer) => answer,
        };
        let source = answer.source().cloned();
        let soa = || kubernetes.soa(self.dns, at.name).into_iter().collect();
        let empty = |rcode| Response { rcode, authorities: soa(), ..Response::authoritative(Vec::new()) };
        let mut response = match answer {
            Answer::NotOurs | Answer::Failed { .. } => return Ok(None),
            Answer::NxDomain { .. } if kubernetes.falls(at.name) => return Ok(None),
            Answer::NxDomain { .. } => empty(types::NXDOMAIN),
            Answer::NoData { .. } if at.rtype == RecordType::ANY => small_any(at.name),
            Answer::NoData { .. } => empty(types::NOERROR),
            Answer::Records { records, additionals, ending, .. } => {
                let response = Response { additionals, ..Response::authoritative(records) };
                match ending {
                    Ending::Complete => response,
                    Ending::NoData => Response { authorities: soa(), ..response },
                    Ending::NxDomain => Response { rcode: types::NXDOMAIN, authorities: soa(), ..response },
                    Ending::Loop => Response { rcode: types::SERVFAIL, ..response },
                    Ending::Outside(target) => self.completed(response, &target, at.rtype)?,
                }
            }
        };
        response.source = source;
        Ok(Some(plugin.answers(response)))
    }

    /// Adds what is at the end of an alias. Where nobody may say it, the alias is an answer all the same: whoever asked
    /// can follow it elsewhere.
    fn completed(&self, mut response: Response, target: &str, rtype: RecordType) -> Result<Response, Need> {
        match self.again(target, rtype)? {
            Reply::Answer(more) => {
                response.rcode = more.rcode;
                response.answers.extend(more.answers);
                response.authorities = more.authorities;
                response.additionals.extend(more.additionals);
                response.truncated |= more.truncated;
                response.upstream |= more.upstream;
                response.steps = more.steps;
            }
            Reply::Failed(types::REFUSED, _) | Reply::Dropped(_) => {}
            Reply::Failed(rcode, _) => response.rcode = rcode,
        }
        Ok(response)
    }

    fn forward(&self, forward: &Arc<Forward>, plugin: &Plugin, at: At<'_>) -> Walked {
        if forward.targets.is_empty() {
            return Ok(plugin.fails(types::SERVFAIL));
        }
        let Some(said) = self.known.find(forward, at.name, at.rtype) else {
            return Err(Need {
                forward: forward.clone(),
                cache: at.cache.cloned(),
                name: at.name.to_owned(),
                rtype: at.rtype,
            });
        };
        Ok(match said.clone() {
            Reply::Answer(response) => {
                // A server without a Corefile speaks for its own names only.
                let authoritative = response.authoritative && plugin.at.is_some();
                let mut response =
                    Response { authoritative, upstream: true, plugin: plugin.name, ..response };
                response.steps.splice(0..0, plugin.step(Did::Answered));
                Reply::Answer(response)
            }
            reply => reply.after(plugin.step(Did::Answered)),
        })
    }

    fn whoami(&self, name: &str) -> Response {
        let records =
            self.client.map(|ip| Record { name: name.into(), ttl: 0, data: RecordData::address(ip) });
        Response { additionals: records.into_iter().collect(), ..Response::authoritative(Vec::new()) }
    }
}

impl Plugin {
    fn step(&self, did: Did) -> Option<Step> {
        Some(Step { plugin: self.name, at: self.at.clone()?, zone: None, did })
    }

    fn answers(&self, response: Response) -> Reply {
        Reply::Answer(Response { plugin: self.name, ..response }).after(self.step(Did::Answered))
    }

    /// What an `acl` makes of a question that it does not let through.
    fn keeps_out(&self, action: Action, zone: &str) -> Reply {
        let step = self.step(Did::Refused).map(|step| Step { zone: Some(zone.into()), ..step });
        let rcode = match action {
            Action::Drop => return Reply::Dropped(step.into_iter().collect()),
            Action::Block => types::REFUSED,
            Action::Allow | Action::Filter => types::NOERROR,
        };
        Reply::Answer(Response { plugin: self.name, rcode, ..Response::default() }).after(step)
    }

    fn fails(&self, rcode: u16) -> Reply {
        Reply::Failed(rcode, self.step(Did::Answered).into_iter().collect())
    }
}

/// The record of CoreDNS' `any`.
fn obsolete_any(name: &str) -> Record {
    let data = RecordData::Other { rtype: 13, data: b"\x0dANY obsoleted\x0cSee RFC 8482".as_slice().into() };
    Record { name: name.into(), ttl: 8482, data }
}

/// One small record in place of all (RFC 8482, 4.2).
fn small_any(name: &str) -> Response {
    /// `RFC8482` and an empty text.
    const HINFO: &[u8] = b"\x07RFC8482\x00";
    let data = RecordData::Other { rtype: 13, data: HINFO.into() };
    Response::authoritative(vec![Record { name: name.into(), ttl: crate::zone::TTL, data }])
}
