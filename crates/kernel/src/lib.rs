//! Namespaces, links, nftables and conntrack of the Linux kernel.
