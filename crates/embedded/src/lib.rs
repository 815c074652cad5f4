//! A whole multi-node network on one machine, without root.
