//! What other servers said, for as long as a block's `cache` keeps it.
use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use netloom_naming::{Cache as Options, RecordType, Response};

use crate::metrics::add;

/// A question, as far as its answer depends on it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub name: Box<str>,
    pub rtype: RecordType,
    pub with_do: bool,
    pub checking_disabled: bool,
}

#[derive(Debug)]
struct Entry {
    response: Response,
    stored: Instant,
    /// Seconds.
    lifetime: u32,
    denial: bool,
    /// Questions in the current window, and when it began.
    hits: (u32, Instant),
    renewing: bool,
}

/// What is found for a question.
#[derive(Debug)]
pub(crate) enum Found {
    Nothing,
    /// An answer, and whether it is time to ask for the next one.
    Fresh(Response, bool),
    /// One that has ended, and whether to ask for the next one.
    Stale(Response, bool),
}

/// One block's cache.
#[derive(Debug)]
pub(crate) struct Store {
    options: std::sync::Arc<Options>,
    entries: Mutex<HashMap<Key, Entry>>,
    pub hits: [AtomicU64; 2],
    pub misses: AtomicU64,
    pub prefetches: AtomicU64,
    pub stale: AtomicU64,
    pub evictions: [AtomicU64; 2],
}

impl Store {
    pub fn new(options: std::sync::Arc<Options>) -> Self {
        Self {
            options,
            entries: Mutex::default(),
            hits: Default::default(),
            misses: AtomicU64::new(0),
            prefetches: AtomicU64::new(0),
            stale: AtomicU64::new(0),
            evictions: Default::default(),
        }
    }

    pub fn options(&self) -> &std::sync::Arc<Options> {
        &self.options
    }

    /// How many answers and denials it holds.
    pub fn sizes(&self) -> [usize; 2] {
        let entries = self.entries();
        let denials = entries.values().filter(|entry| entry.denial).count();
        [entries.len() - denials, denials]
    }

    pub fn find(&self, key: &Key, now: Instant) -> Found {
        let mut entries = self.entries();
        let Some(entry) = entries.get_mut(key) else {
            add(&self.misses);
            return Found::Nothing;
        };
        let age = now.saturating_duration_since(entry.stored);
        let lifetime = Duration::from_secs(entry.lifetime.into());
        if age < lifetime {
            add(&self.hits[usize::from(entry.denial)]);
            let left = (lifetime - age).as_secs().max(1) as u32;
            let renew = self.options.prefetch.is_some_and(|options| entry.is_wanted(options, left, now));
            if renew {
                add(&self.prefetches);
                entry.renewing = true;
            }
            let ttl = (!self.options.keep_ttl).then_some(left);
            return Found::Fresh(timed(&entry.response, ttl), renew);
        }
        match self.options.stale {
            Some((most, _)) if age < lifetime + most => {
                add(&self.stale);
                let renew = !std::mem::replace(&mut entry.renewing, true);
                Found::Stale(timed(&entry.response, Some(0)), renew)
            }
            _ => {
                entries.remove(key);
                add(&self.misses);
                Found::Nothing
            }
        }
    }

    /// Keeps a response, and gives it the times that it is kept for.
    pub fn keep(&self, key: Key, response: &mut Response, now: Instant) {
        let Some(lifetime) = self.options.lifetime(&key.name, key.rtype, response) else {
            self.settle(&key);
            return;
        };
        if !self.options.keep_ttl {
            response.records_mut().for_each(|record| record.ttl = lifetime);
        }
        let denial = response.denies(key.rtype);
        let share = if denial { &self.options.denial } else { &self.options.success };
        if share.capacity == 0 {
            return;
        }
        let mut entries = self.entries();
        if entries.len() >= self.options.success.capacity + self.options.denial.capacity
            && !entries.contains_key(&key)
            && let Some(any) = entries.keys().next().cloned()
            && let Some(evicted) = entries.remove(&any)
        {
            add(&self.evictions[usize::from(evicted.denial)]);
        }
        let entry = Entry {
            response: response.clone(),
            stored: now,
            lifetime,
            denial,
            hits: (0, now),
            renewing: false,
        };
        entries.insert(key, entry);
    }

    /// Lets an entry be asked for again, after that failed.
    pub fn settle(&self, key: &Key) {
        if let Some(entry) = self.entries().get_mut(key) {
            entry.renewing = false;
        }
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it counted: hits of answers and of denials, misses, prefetches, answers that had ended.
    pub fn counts(&self) -> ([u64; 2], u64, u64, u64) {
        let load = |counter: &AtomicU64| counter.load(Relaxed);
        (
            [load(&self.hits[0]), load(&self.hits[1])],
            load(&self.misses),
            load(&self.prefetches),
            load(&self.stale),
        )
    }
}

impl Entry {
    fn is_wanted(
        &mut self,
        (amount, within, percent): (u32, Duration, u32),
        left: u32,
        now: Instant,
    ) -> bool {
        let (count, begun) = &mut self.hits;
        if now.saturating_duration_since(*begun) > within {
            (*count, *begun) = (0, now);
        }
        *count += 1;
        *count >= amount && left * 100 <= self.lifetime * percent && !self.renewing
    }
}

fn timed(response: &Response, ttl: Option<u32>) -> Response {
    let mut response = response.clone();
    if let Some(ttl) = ttl {
        response.records_mut().for_each(|record| record.ttl = ttl);
    }
    response
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use netloom_naming::{Record, RecordData, Share};

    use super::*;

    fn options() -> Options {
        let share = |most| Share { capacity: 2, most, least: 5, except: Vec::new() };
        Options {
            zones: vec![String::new()],
            label: ".".into(),
            success: share(30),
            denial: share(10),
            servfail: Duration::from_secs(5),
            prefetch: Some((2, Duration::from_secs(60), 50)),
            stale: Some((Duration::from_secs(100), false)),
            keep_ttl: false,
        }
    }

    fn key(name: &str) -> Key {
        Key { name: name.into(), rtype: RecordType::A, with_do: false, checking_disabled: false }
    }

    fn answer(ttl: u32) -> Response {
        let record = Record { name: "a".into(), ttl, data: RecordData::A([192, 0, 2, 1].into()) };
        Response { answers: vec![record], ..Response::default() }
    }

    fn shown(found: Found) -> String {
        let ttl = |r: &Response| r.answers.first().map_or(-1, |r| i64::from(r.ttl));
        match found {
            Found::Nothing => "nothing".to_owned(),
            Found::Fresh(r, renew) => format!("fresh {} {renew}", ttl(&r)),
            Found::Stale(r, renew) => format!("stale {} {renew}", ttl(&r)),
        }
    }

    #[test]
    fn answers_live_end_and_are_renewed() {
        let store = Store::new(Arc::new(options()));
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(shown(store.find(&key("a"), at(0))), "nothing");
        let mut long = answer(3600);
        store.keep(key("a"), &mut long, at(0));
        assert_eq!(long.answers[0].ttl, 30, "what is given out lives as long as what is kept");
        let expected = [
            (1, "fresh 29 false"),
            (16, "fresh 14 true"),
            (17, "fresh 13 false"),
            (31, "stale 0 false"),
            (129, "stale 0 false"),
            (131, "nothing"),
        ];
        for (seconds, expected) in expected {
            assert_eq!(shown(store.find(&key("a"), at(seconds))), expected, "after {seconds} s");
        }
        let mut short = answer(1);
        store.keep(key("a"), &mut short, at(200));
        assert_eq!(shown(store.find(&key("a"), at(204))), "fresh 1 false");
        assert_eq!(store.counts(), ([4, 0], 2, 1, 2));
    }

    #[test]
    fn it_holds_no_more_than_it_may() {
        let store = Store::new(Arc::new(options()));
        for i in 0..10 {
            store.keep(key(&i.to_string()), &mut answer(30), Instant::now());
        }
        assert_eq!(store.sizes(), [4, 0]);
        assert_eq!(store.evictions[0].load(Relaxed), 6);
        let mut denial = Response { rcode: 3, ..Response::default() };
        store.keep(key("0"), &mut denial, Instant::now());
        assert_eq!(store.sizes().iter().sum::<usize>(), 4);
        let mut cut = Response { truncated: true, ..answer(30) };
        store.keep(key("cut"), &mut cut, Instant::now());
        assert_eq!(shown(store.find(&key("cut"), Instant::now())), "nothing");
    }
}
