//! `kubernetes`: the names of Services and pods.
use std::sync::Arc;

use netloom_cluster::{Operator, Requirement, Selector};

use super::{Dns, read::Reader};
use crate::{
    names::{longest, within},
    record::{Answer, Record, RecordData, RecordType},
    view::{PodNames, View},
    zone::{TTL, Zone},
};

/// The options of one `kubernetes`.
#[derive(Debug)]
pub(super) struct Kubernetes {
    /// Its zones; none where the cluster's own and the reverse zones of its ranges are meant.
    zones: Vec<String>,
    pub view: View,
    /// The zones in which a name that is not here goes on to the next plugin.
    pub fall: Vec<String>,
    ttl: u32,
    pub by_pod_name: bool,
}

/// What it says, with the SOA record for a denial.
pub(super) enum Said {
    /// The name is in none of its zones.
    NotOurs,
    Answer(Answer),
}

/// `dns-version` never changes.
const VERSION_TTL: u32 = 28_800;
/// CoreDNS gives SOA records no more.
const MAX_SOA_TTL: u32 = 300;

impl Kubernetes {
    /// All names of the cluster.
    pub fn whole() -> Self {
        let view = View::default();
        Self { zones: Vec::new(), view, fall: Vec::new(), ttl: TTL, by_pod_name: false }
    }

    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let zones = reader.zones(0);
        if !zones.iter().any(|zone| !is_reverse(zone)) {
            let name = reader.name();
            return reader.refuse(&name, "`kubernetes` needs a zone that is not a reverse one");
        }
        let view = View { pods: PodNames::Disabled, ..View::default() };
        let mut read = Self { zones, view, fall: Vec::new(), ttl: TTL, by_pod_name: false };
        for words in reader.properties() {
            let value = words.get(1).map_or("", |word| word.text.as_str());
            match words[0].text.as_str() {
                "pods" => {
                    read.view.pods = match value {
                        "disabled" => PodNames::Disabled,
                        "insecure" => PodNames::Insecure,
                        "verified" => PodNames::Verified,
                        _ => {
                            reader.note(&words[0], "`pods` is followed by disabled, insecure or verified");
                            continue;
                        }
                    }
                }
                "ttl" => match value.parse() {
                    Ok(ttl @ 0..=3600) => read.ttl = ttl,
                    _ => reader.note(&words[0], "`ttl` is followed by 0 to 3600 seconds"),
                },
                "fallthrough" => read.fall = super::read::zones_or_root(&words[1..]),
                "namespaces" => {
                    read.view.namespaces.extend(words[1..].iter().map(|word| word.text.as_str().into()));
                }
                "labels" | "namespace_labels" => {
                    let text: Vec<&str> = words[1..].iter().map(|word| word.text.as_str()).collect();
                    match (selector(&text.join(" ")), words[0].text.as_str()) {
                        (None, _) => reader.note(&words[0], "this is not a label selector"),
                        (found, "labels") => read.view.labels = found,
                        (found, _) => read.view.namespace_labels = found,
                    }
                }
                "endpoint_pod_names" => read.by_pod_name = true,
                "noendpoints" => read.view.no_endpoints = true,
                "ignore" if value == "empty_service" => read.view.ignore_empty = true,
                // How CoreDNS reaches the API server, which is not asked here.
                "endpoint"
                | "tls"
                | "kubeconfig"
                | "startup_timeout"
                | "apiserver_qps"
                | "apiserver_burst"
                | "apiserver_max_inflight" => {}
                _ => reader.unread(&words[0]),
            }
        }
        Some(read)
    }

    /// Its zones that are no reverse ones.
    pub fn forward_zones(&self) -> impl Iterator<Item = &String> {
        self.zones.iter().filter(|zone| !is_reverse(zone))
    }

    /// The zone that a name's pods and Services are in.
    pub fn zone<'d>(&self, dns: &'d Dns, name: &str) -> Option<&'d Arc<Zone>> {
        if self.zones.is_empty() {
            return Some(&dns.zone);
        }
        let zone = longest(name, &self.zones)?;
        let zone = if is_reverse(zone) { self.forward_zones().next()? } else { zone };
        let fits = |z: &&Arc<Zone>| z.name() == zone && z.goes_by_pod_names() == self.by_pod_name;
        [&dns.zone].into_iter().chain(&dns.others).find(fits)
    }

    pub fn say(&self, dns: &Dns, name: &str, rtype: RecordType) -> Said {
        let Some(zone) = self.zone(dns, name) else { return Said::NotOurs };
        if self.zones.is_empty() {
            return match zone.lookup(name, rtype) {
                Answer::NotOurs => Said::NotOurs,
                answer => Said::Answer(answer),
            };
        }
        let reverse = longest(name, &self.zones).filter(|zone| is_reverse(zone));
        let mut answer = match reverse {
            Some(reverse) if reverse == name => Answer::NoData { source: None },
            Some(_) => zone.names_of(name, rtype, &self.view),
            None => zone.lookup_as(name, rtype, &self.view),
        };
        if let Answer::Records { records, additionals, .. } = &mut answer {
            records.iter_mut().chain(additionals).for_each(|record| self.time(record));
        }
        Said::Answer(answer)
    }

    /// The SOA record that goes with a denial.
    pub fn soa(&self, dns: &Dns, name: &str) -> Option<Record> {
        let zone = self.zone(dns, name)?;
        let mut soa = zone.soa(name);
        if let Some(ours) = longest(name, &self.zones) {
            soa.name = ours.into();
            self.time(&mut soa);
        }
        Some(soa)
    }

    pub fn falls(&self, name: &str) -> bool {
        within(name, &self.fall)
    }

    fn time(&self, record: &mut Record) {
        record.ttl = match &mut record.data {
            RecordData::Txt(_) => VERSION_TTL,
            RecordData::Soa { minimum, .. } => {
                *minimum = self.ttl;
                self.ttl.min(MAX_SOA_TTL)
            }
            _ => self.ttl,
        };
    }
}

fn is_reverse(zone: &str) -> bool {
    ["in-addr.arpa", "ip6.arpa"].iter().any(|tree| crate::names::below(zone, tree).is_some())
}

/// Reads a selector as `kubectl` takes it: `app=web,tier!=x,env in (a, b),canary,!old`.
fn selector(text: &str) -> Option<Selector> {
    let mut requirements = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        // A comma between brackets parts values.
        let end = rest.char_indices().scan(0i32, |depth, (i, c)| {
            *depth += i32::from(c == '(') - i32::from(c == ')');
            Some((i, c == ',' && *depth == 0))
        });
        let end = end.filter(|(_, ends)| *ends).map(|(i, _)| i).next().unwrap_or(rest.len());
        requirements.push(requirement(rest[..end].trim())?);
        rest = rest.get(end + 1..).unwrap_or_default().trim_start();
    }
    requirements.sort();
    (!requirements.is_empty()).then_some(Selector { requirements })
}

fn requirement(text: &str) -> Option<Requirement> {
    let made = |key: &str, operator| {
        let key = key.trim();
        let whole = !key.is_empty() && !key.contains(char::is_whitespace);
        whole.then(|| Requirement { key: key.to_owned(), operator })
    };
    if let Some((left, values)) = text.split_once('(') {
        let mut values: Vec<String> =
            values.strip_suffix(')')?.split(',').map(|value| value.trim().to_owned()).collect();
        values.sort();
        let (key, operator) = left.trim().rsplit_once(char::is_whitespace)?;
        return match operator {
            "in" => made(key, Operator::In(values)),
            "notin" => made(key, Operator::NotIn(values)),
            _ => None,
        };
    }
    if let Some((key, value)) = text.split_once("!=") {
        return made(key, Operator::NotIn(vec![value.trim().to_owned()]));
    }
    if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        return made(key, Operator::In(vec![value.trim().to_owned()]));
    }
    match text.strip_prefix('!') {
        Some(key) => made(key, Operator::DoesNotExist),
        None => made(text, Operator::Exists),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_as_kubectl_takes_them() {
        let labels = [("app", "web"), ("env", "b")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        for (text, expected) in [
            ("app=web", Some(true)),
            ("app==web,env!=b", Some(false)),
            ("env in (a, b),app", Some(true)),
            ("env notin (a, b)", Some(false)),
            ("!canary", Some(true)),
            ("a b", None),
            ("", None),
            ("env in a", None),
        ] {
            assert_eq!(selector(text).map(|s| s.matches(&labels)), expected, "{text}");
        }
    }
}
