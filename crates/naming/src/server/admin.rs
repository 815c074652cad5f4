//! Where a server tells of itself: `health`, `ready` and `prometheus`.
/// An address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// Whether only processes of the same pod reach it.
    pub local: bool,
    /// The port.
    pub port: u16,
}

/// What a server tells of itself, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admin {
    /// `/health`.
    pub health: Option<Listen>,
    /// `/ready`.
    pub ready: Option<Listen>,
    /// `/metrics`.
    pub metrics: Option<Listen>,
}

impl Admin {
    /// As CoreDNS' own manifests have it.
    pub(super) fn usual() -> Self {
        let listen = |port| Some(Listen { local: false, port });
        Self { health: listen(8080), ready: listen(8181), metrics: listen(9153) }
    }

    /// Every address, each with the path that it answers.
    pub fn all(&self) -> impl Iterator<Item = (&Listen, &'static str)> {
        let all = [(&self.health, "/health"), (&self.ready, "/ready"), (&self.metrics, "/metrics")];
        all.into_iter().filter_map(|(listen, path)| Some((listen.as_ref()?, path)))
    }
}

/// Reads `[ADDRESS][:PORT]`.
pub(super) fn listen(text: &str, port: u16) -> Option<Listen> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, written)) => (host, written.parse().ok()?),
        None => (text, port),
    };
    let local = matches!(host, "localhost" | "127.0.0.1" | "[::1]" | "::1");
    Some(Listen { local, port })
}
