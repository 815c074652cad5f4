//! The command as its users have it: real namespaces, real packets, real clients.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be set up has to fail loudly")]

mod addresses;
mod browser;
mod check;
mod diff;
mod diff_git;
mod dns;
mod examples;
mod exec;
mod host_aliases;
mod host_ports;
mod hostile;
mod leaves_nothing;
mod live_changes;
mod lsp;
mod mend;
mod packages;
mod page;
mod processes;
mod random;
mod random_networks;
mod reach;
mod readme;
mod services;
mod sets;
mod suggest;
mod support;
mod texts;
mod unread;
mod watch;
mod watch_files;
