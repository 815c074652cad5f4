//! The cluster's DNS server: sockets in, answers out.
