//! nftables: tables described as data, written over netlink or as text.
