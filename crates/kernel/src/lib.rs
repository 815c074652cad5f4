//! Namespaces, links, nftables and conntrack of the Linux kernel.
pub mod conntrack;
pub mod nflog;
pub mod nft;
