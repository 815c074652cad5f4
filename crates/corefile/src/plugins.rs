//! The plugins of CoreDNS' own build.

/// Every plugin, in the order in which a question passes them, which is not the order of the file (`plugin.cfg`).
#[rustfmt::skip]
pub const PLUGINS: [&str; 62] = [
    "root", "metadata", "geoip", "cancel", "proxyproto", "quic", "grpc_server", "https",
    "https3", "timeouts", "multisocket", "reload", "nsid", "bufsize", "bind", "debug",
    "trace", "ready", "health", "pprof", "shed", "prometheus", "errors", "log",
    "dnstap", "local", "dns64", "siit", "any", "chaos", "loadbalance", "tsig",
    "rewrite", "autopath", "acl", "cache", "header", "dnssec", "tls", "minimal",
    "template", "transfer", "dynupdate", "hosts", "route53", "azure", "clouddns", "k8s_external",
    "kubernetes", "file", "auto", "secondary", "etcd", "loop", "forward", "grpc",
    "erratic", "whoami", "on", "sign", "view", "nomad",
];

/// Where a plugin stands in the chain; none for one that CoreDNS' own build does not have.
#[must_use]
pub fn place_in_chain(plugin: &str) -> Option<usize> {
    PLUGINS.iter().position(|known| *known == plugin)
}
