//! Namespaces, links, nftables and conntrack of the Linux kernel.
pub mod conntrack;
pub mod control;
pub mod exec;
pub mod fabric;
pub mod fds;
pub mod in_flight;
pub mod netns;
pub mod nflog;
mod nfnl;
pub mod nft;
pub mod rtnl;
pub mod sandbox;
pub mod sockets;
mod sys;
pub mod sysctl;
