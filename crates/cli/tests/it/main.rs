//! The command as its users have it: real namespaces, real packets, real clients.
mod examples;
mod exec;
mod leaves_nothing;
mod random;
mod services;
mod support;
mod texts;
mod watch;
