//! Keeps a log line that every packet could cause from filling the log.
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// One line in this time.
const EVERY: Duration = Duration::from_secs(10);

/// Lets one event through at once, and then one in a while with the number of those held back.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    state: Mutex<Option<(Instant, u64)>>,
}

impl Limiter {
    /// Whether to speak now; then also how many times it was silent since.
    pub(crate) fn pass(&self, now: Instant) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *state {
            Some((last, silent)) if now.saturating_duration_since(*last) < EVERY => {
                *silent += 1;
                None
            }
            other => Some(other.replace((now, 0)).map_or(0, |(_, silent)| silent)),
        }
    }
}

/// Each name speaks once in this time.
const EVERY_NAME: Duration = Duration::from_secs(60);

/// Names that are remembered at once; whoever asks for more than that in a minute makes them up.
const MAX_NAMES: usize = 256;

/// Lets each name through once a minute.
#[derive(Debug, Default)]
pub(crate) struct PerName {
    state: Mutex<(HashMap<Box<str>, Instant>, u64)>,
}

impl PerName {
    /// Whether to speak of this name now; then also how many names there was no room for since.
    pub(crate) fn pass(&self, name: &str, now: Instant) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (seen, left_out) = &mut *state;
        let recent = |last: &Instant| now.saturating_duration_since(*last) < EVERY_NAME;
        if seen.get(name).is_some_and(recent) {
            return None;
        }
        if seen.len() >= MAX_NAMES {
            seen.retain(|_, last| recent(last));
        }
        if seen.len() >= MAX_NAMES {
            *left_out += 1;
            return None;
        }
        seen.insert(name.into(), now);
        Some(std::mem::take(left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_once_then_one_in_a_while() {
        let limiter = Limiter::default();
        let start = Instant::now();
        let at = |seconds| limiter.pass(start + Duration::from_secs(seconds));
        assert_eq!(
            [at(0), at(1), at(9), at(10), at(11), at(25)],
            [Some(0), None, None, Some(2), None, Some(1)]
        );
    }

    #[test]
    fn each_name_once_a_minute() {
        let names = PerName::default();
        let start = Instant::now();
        let at = |name: &str, seconds| names.pass(name, start + Duration::from_secs(seconds));
        assert_eq!([at("a", 0), at("a", 1), at("b", 1), at("a", 59)], [Some(0), None, Some(0), None]);
        assert_eq!([at("a", 60), at("b", 60), at("b", 61)], [Some(0), None, Some(0)]);
        let told = (0..2 * MAX_NAMES).filter(|i| at(&i.to_string(), 100).is_some()).count();
        assert_eq!(told, MAX_NAMES - 2);
        assert_eq!(at("c", 161), Some(MAX_NAMES as u64 + 2));
    }
}
