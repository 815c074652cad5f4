//! Services compiled to the view that each node has of them: which address and port leads to which endpoints.
//!
//! Traffic policies and topology make a Service look different from different nodes, so everything here is asked of
//! one node. The kernel's maps and the explanation of a request are both made from the same [`NodeRoutes`].
#![forbid(unsafe_code)]

mod announce;
mod frontends;
mod host_ports;
mod routes;
mod select;

pub use announce::{announced, announcer_of};
pub use frontends::{Backend, Empty, Frontend, FrontendKind, Scope, View};
pub use host_ports::host_port_owner;
pub use routes::{NodeRoutes, Route, RouteCompiler, ServiceRoutes};
pub use select::select;
