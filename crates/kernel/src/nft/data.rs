//! What maps hold: elements, their data, and verdicts.
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use super::Key;

/// What becomes of a packet.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// The packet passes this chain's hook.
    Accept,
    /// The packet ends here, silently.
    Drop,
    /// Back to the calling chain; a base chain's policy decides.
    Return,
    /// On to the next rule.
    Continue,
    /// Into a chain, and back when it ends.
    Jump(Arc<str>),
    /// Into a chain, without coming back.
    Goto(Arc<str>),
}

/// What a map holds for a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Data {
    /// Fields, built like a key.
    Value(Key),
    /// A verdict.
    Verdict(Verdict),
}

impl From<Key> for Data {
    fn from(value: Key) -> Self {
        Self::Value(value)
    }
}

impl From<Verdict> for Data {
    fn from(verdict: Verdict) -> Self {
        Self::Verdict(verdict)
    }
}

/// One entry of a set or a map.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Element {
    /// The key; the lowest one, where the element is a range.
    pub key: Key,
    /// The highest key of a range, itself inside it; per field in a concatenation. Only for interval sets.
    pub key_end: Option<Key>,
    /// The data; none in a set, where none is needed to delete either.
    pub data: Option<Data>,
}

impl Element {
    /// A key alone.
    #[must_use]
    pub fn new(key: Key) -> Self {
        Self { key, key_end: None, data: None }
    }

    /// All keys from `from` to `to`, both inside.
    #[must_use]
    pub fn range(from: Key, to: Key) -> Self {
        Self { key: from, key_end: Some(to), data: None }
    }

    /// All addresses of a network.
    #[must_use]
    pub fn net(net: IpNet) -> Self {
        Self::range(Key::new().ip(net.network()), Key::new().ip(net.broadcast()))
    }

    /// All addresses from `from` to `to`, both inside.
    #[must_use]
    pub fn addresses(from: IpAddr, to: IpAddr) -> Self {
        Self::range(Key::new().ip(from), Key::new().ip(to))
    }

    /// The element with data, for a map.
    #[must_use]
    pub fn with(mut self, data: impl Into<Data>) -> Self {
        self.data = Some(data.into());
        self
    }
}
