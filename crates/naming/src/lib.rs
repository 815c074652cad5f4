//! The DNS records of a Snapshot and each pod's resolver configuration.
