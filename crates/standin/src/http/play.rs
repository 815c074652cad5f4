//! Behaviours that a client can ask a stand-in for, by path and query.
use std::time::Duration;

use hyper::{StatusCode, Uri};

/// The longest delay that can be asked for.
const LONGEST: Duration = Duration::from_secs(300);

/// What a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Play {
    /// How long to wait first: `/delay/250ms`, `?delay=2s`.
    pub delay: Option<Duration>,
    /// The status of the answer: `/status/503`, `?status=503`.
    pub status: StatusCode,
    /// What to answer with.
    pub part: Part,
}

/// What an answer consists of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Who answers, and what was asked.
    Describe,
    /// So many bytes: `/bytes/1048576`.
    Bytes(u64),
    /// The request's own body: `/echo`.
    Echo,
}

impl Play {
    /// Reads a request's target. A path that is no behaviour is described; a behaviour that makes no sense is refused
    /// with what would.
    pub(crate) fn of(uri: &Uri) -> Result<Self, String> {
        let mut play = Self { delay: None, status: StatusCode::OK, part: Part::Describe };
        let mut steps = uri.path().trim_start_matches('/').splitn(3, '/');
        match (steps.next(), steps.next(), steps.next()) {
            (Some("status"), Some(code), None) => play.status = status(code)?,
            (Some("delay"), Some(time), None) => play.delay = Some(delay(time)?),
            (Some("bytes"), Some(count), None) => {
                let wrong = |_| format!("/bytes/{count}: not a number of bytes; try /bytes/1048576");
                play.part = Part::Bytes(count.parse().map_err(wrong)?);
            }
            (Some("echo"), None, None) => play.part = Part::Echo,
            _ => {}
        }
        for pair in uri.query().unwrap_or_default().split('&') {
            match pair.split_once('=') {
                Some(("delay", time)) => play.delay = Some(delay(time)?),
                Some(("status", code)) => play.status = status(code)?,
                _ => {}
            }
        }
        Ok(play)
    }
}

/// A final status: an informational one would leave the client waiting for another.
fn status(code: &str) -> Result<StatusCode, String> {
    let known = code.parse().ok().filter(|code| (200..=999).contains(code));
    known
        .and_then(|code| StatusCode::from_u16(code).ok())
        .ok_or_else(|| format!("status {code}: not a final status between 200 and 999; try /status/503"))
}

/// `250ms`, `2s`, `1.5s`, `2m`, or seconds without a unit.
fn delay(text: &str) -> Result<Duration, String> {
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len()));
    let seconds = match unit {
        "ms" => 0.001,
        "s" | "" => 1.0,
        "m" => 60.0,
        _ => f64::NAN,
    };
    number
        .parse::<f64>()
        .ok()
        .and_then(|n| Duration::try_from_secs_f64(n * seconds).ok())
        .filter(|&delay| delay <= LONGEST)
        .ok_or_else(|| format!("delay {text}: not a time up to 5m; try /delay/250ms"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn play(target: &str) -> Result<Play, String> {
        Play::of(&target.parse().unwrap())
    }

    #[test]
    fn targets_ask_for_behaviours() {
        let plain = || Play { delay: None, status: StatusCode::OK, part: Part::Describe };
        let ms = |n| Some(Duration::from_millis(n));
        for (target, expected) in [
            ("/", plain()),
            ("/healthz", plain()),
            ("/status", plain()),
            ("/status/503/more", plain()),
            ("/status/503", Play { status: StatusCode::SERVICE_UNAVAILABLE, ..plain() }),
            ("/delay/250ms", Play { delay: ms(250), ..plain() }),
            ("/delay/1.5s", Play { delay: ms(1500), ..plain() }),
            ("/delay/2", Play { delay: ms(2000), ..plain() }),
            ("/delay/5m", Play { delay: ms(300_000), ..plain() }),
            ("/bytes/0", Play { part: Part::Bytes(0), ..plain() }),
            ("/bytes/1048576", Play { part: Part::Bytes(1 << 20), ..plain() }),
            ("/echo", Play { part: Part::Echo, ..plain() }),
            ("/shop?delay=1ms&x&status=404", Play { delay: ms(1), status: StatusCode::NOT_FOUND, ..plain() }),
            ("http://a:1/echo", Play { part: Part::Echo, ..plain() }),
        ] {
            assert_eq!(play(target), Ok(expected), "{target}");
        }
    }

    #[test]
    fn nonsense_is_refused_with_a_hint() {
        for (target, hint) in [
            ("/status/100", "/status/503"),
            ("/status/1000", "/status/503"),
            ("/status/x", "/status/503"),
            ("/delay/x", "/delay/250ms"),
            ("/delay/-1s", "/delay/250ms"),
            ("/delay/6m", "/delay/250ms"),
            ("/delay/1y", "/delay/250ms"),
            ("/delay/inf", "/delay/250ms"),
            ("/bytes/-1", "/bytes/1048576"),
            ("/bytes/99999999999999999999", "/bytes/1048576"),
            ("/?delay=", "/delay/250ms"),
        ] {
            assert!(play(target).unwrap_err().contains(hint), "{target}");
        }
    }
}
