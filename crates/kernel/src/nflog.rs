//! Packets that a chain logged, read from NFLOG.
