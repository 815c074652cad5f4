//! `cache`: for how long answers may be kept. Keeping them is the running server's.
use std::{sync::Arc, time::Duration};

use super::read::Reader;
use crate::{names::within, record::RecordType, response::Response, types};

/// Its part for answers, or for denials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Entries at once.
    pub capacity: usize,
    /// The longest time in seconds.
    pub most: u32,
    /// The shortest.
    pub least: u32,
    /// Zones whose answers are not kept.
    pub except: Vec<String>,
}

/// How a server block keeps answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    /// The zones whose answers are kept.
    pub zones: Vec<String>,
    /// The zones as CoreDNS' metrics name them.
    pub label: Arc<str>,
    /// Answers.
    pub success: Share,
    /// Denials.
    pub denial: Share,
    /// For how long failures are kept.
    pub servfail: Duration,
    /// After how many questions, in which time, and in the last how many percent of its life an entry is renewed
    /// before it ends.
    pub prefetch: Option<(u32, Duration, u32)>,
    /// For how long an entry that has ended is given out, and whether only after the upstream server failed.
    pub stale: Option<(Duration, bool)>,
    /// Whether answers keep the time that they came with.
    pub keep_ttl: bool,
}

impl Cache {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let ttl = reader.args().first().and_then(|word| word.text.parse::<u32>().ok()).filter(|ttl| *ttl > 0);
        let zones = reader.zones(usize::from(ttl.is_some()));
        let share = |most| Share { capacity: 9984, most: ttl.unwrap_or(most), least: 5, except: Vec::new() };
        let mut cache = Self {
            label: zones.iter().map(|zone| format!("{zone}.")).collect::<Vec<_>>().join(",").into(),
            zones,
            success: share(3600),
            denial: share(1800),
            servfail: Duration::from_secs(5),
            prefetch: None,
            stale: None,
            keep_ttl: false,
        };
        for words in reader.properties() {
            let number = |i: usize| words.get(i).and_then(|word| word.text.parse::<u32>().ok());
            let time = |i: usize| words.get(i).and_then(|word| duration(&word.text));
            match words[0].text.as_str() {
                name @ ("success" | "denial") => {
                    let share = if name == "success" { &mut cache.success } else { &mut cache.denial };
                    share.capacity = number(1).map_or(share.capacity, |n| n as usize);
                    share.most = number(2).filter(|n| *n > 0).unwrap_or(share.most);
                    share.least = number(3).unwrap_or(share.least);
                }
                "prefetch" => {
                    let percent = words.get(3).and_then(|w| w.text.strip_suffix('%')?.parse().ok());
                    let within = time(2).unwrap_or(Duration::from_secs(60));
                    cache.prefetch = number(1)
                        .filter(|n| *n > 0)
                        .map(|n| (n, within, percent.unwrap_or(10).clamp(10, 90)));
                }
                "serve_stale" => {
                    let verify = words.get(2).is_some_and(|w| w.text.eq_ignore_ascii_case("verify"));
                    cache.stale = Some((time(1).unwrap_or(Duration::from_secs(3600)), verify));
                }
                "servfail" => match time(1) {
                    Some(time) if time <= Duration::from_secs(300) => cache.servfail = time,
                    _ => {
                        reader.note(&words[0], "failures are kept for five minutes at most; this is left out")
                    }
                },
                "disable" => {
                    let zones: Vec<String> =
                        words.iter().skip(2).flat_map(|w| netloom_corefile::zones_of(&w.text)).collect();
                    let zones = if zones.is_empty() { vec![String::new()] } else { zones };
                    match words.get(1).map(|w| w.text.as_str()) {
                        Some("success") => cache.success.except = zones,
                        Some("denial") => cache.denial.except = zones,
                        _ => reader.note(&words[0], "`disable` is followed by success or denial"),
                    }
                }
                "keepttl" => cache.keep_ttl = true,
                _ => reader.unread(&words[0]),
            }
        }
        cache
    }

    /// For how many seconds a response to a question may be kept; nothing where it may not.
    #[must_use]
    pub fn lifetime(&self, name: &str, rtype: RecordType, response: &Response) -> Option<u32> {
        if response.truncated || !within(name, &self.zones) {
            return None;
        }
        let least = response.records().map(|record| record.ttl).min();
        let share = match response.rcode {
            types::SERVFAIL => return Some(self.servfail.as_secs() as u32).filter(|time| *time > 0),
            types::NOERROR | types::NXDOMAIN if response.denies(rtype) => &self.denial,
            types::NOERROR => &self.success,
            _ => return None,
        };
        if within(name, &share.except) {
            return None;
        }
        Some(least.unwrap_or(share.least).max(share.least).min(share.most))
    }

    /// Gives all records of a response that the cluster made the one time that CoreDNS gives them on their way through
    /// its cache.
    pub(super) fn even(&self, name: &str, rtype: RecordType, response: &mut Response) {
        if let Some(ttl) = self.lifetime(name, rtype, response).filter(|_| response.rcode != types::SERVFAIL)
        {
            response.records_mut().for_each(|record| record.ttl = ttl);
        }
    }
}

/// Reads a time as Go writes it: `1m30s`, `500ms`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let unit = match &rest[..end] {
            "ns" => 1e-9,
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        total = total.checked_add(Duration::try_from_secs_f64(number * unit).ok()?)?;
        rest = &rest[end..];
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_go_writes_them() {
        for (text, expected) in [
            ("5s", Some(5_000)),
            ("1m30s", Some(90_000)),
            ("1.5h", Some(5_400_000)),
            ("500ms", Some(500)),
            ("0", Some(0)),
            ("5", None),
            ("", None),
            ("s", None),
            ("1x", None),
        ] {
            assert_eq!(duration(text), expected.map(Duration::from_millis), "{text}");
        }
    }
}
