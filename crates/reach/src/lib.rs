//! Who can reach whom: classes of endpoints, and the ports that are open between them.
//!
//! Everything is made from the compiled policies ([`PolicySet::tables`](netloom_policy::PolicySet::tables)), so it says
//! what the kernel is told. Pods that no policy tells apart form a class, and what is open is found once for each pair
//! of classes.
//!
//! ```
//! # use netloom_cluster::{Addressing, Options, build};
//! # use netloom_objects::{ObjectSet, Source, parse_sources};
//! use netloom_reach::{Party, Reach, Scope};
//!
//! # let objects = ObjectSet::assemble(parse_sources(&[Source::new("a.yaml", "
//! # {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, image: i}]}}
//! # ---
//! # {apiVersion: v1, kind: Pod, metadata: {name: b}, spec: {containers: [{name: c, image: i}]}}
//! # ")]));
//! // Of manifests no pod's address is known, unless a status gives it.
//! let options = Options { addressing: Addressing::Known, ..Options::default() };
//! let snapshot = build(&objects, &options).snapshot;
//! let reach = Reach::new(&snapshot, &Scope::default());
//!
//! // One question.
//! let (a, b) = (reach.find("default/a[Pod]").unwrap(), reach.find("default/b[Pod]").unwrap());
//! assert_eq!(reach.allowed(Party::Endpoint(a), Party::Endpoint(b)).to_string(), "All Connections");
//!
//! // The whole table, sorted.
//! let mut table = Vec::new();
//! reach.rows(|row| {
//!     table.push(format!("{} → {}: {}", row.from.name(), row.to.name(), reach.ports(row.open)));
//! });
//! assert_eq!(table[0], "0.0.0.0-255.255.255.255[External] → default/a[Pod]: All Connections");
//! ```
//!
//! - [`Reach::endpoints`] are the workloads (pod by pod, where the pods of one differ) and declared nodes, sorted by
//!   name; [`Reach::outside`] are disjoint ranges of addresses.
//! - [`Reach::allowed`] answers about two of them, or about any pod, node or address ([`Party`]).
//! - [`Reach::rows`] walks every line of the table; [`Reach::between`] and [`Reach::class_of`] are the same by class,
//!   which is what to use on large clusters: compare classes and [`PortSetId`]s, never pairs of pods.
//! - [`StandIn`]s are pods that the set does not have; ask about them as [`Party::StandIn`].
//! - Two Reaches (before and after a change) have their own classes and [`PortSetId`]s; compare [`PortSet`]s.
#![forbid(unsafe_code)]

mod ask;
mod by_class;
mod carriers;
mod cells;
mod classes;
mod controllers;
mod effect;
mod endpoints;
pub mod expect;
mod exposure;
pub mod mesh;
mod names;
mod outside;
mod pool;
mod ports;
mod published;
mod reach;
pub mod report;
mod request;
mod rows;
mod stand_in;
mod why;

pub use ask::{Answer, AskError, Port, PortNumber, Question, Who, internet_exceptions};
pub use by_class::{ClassRow, Members, Places};
pub use carriers::Way;
pub use classes::ClassId;
pub use controllers::{Carrier, is_ingress_controller};
pub use endpoints::{Endpoint, EndpointId, EndpointKind};
pub use exposure::{Beyond, ENTIRE_CLUSTER, Exposed, Exposure, NamedPort};
pub use names::{INGRESS_CONTROLLER, external};
pub use outside::AddressRange;
pub use pool::PortSetId;
pub use ports::{PROTOCOLS, PortSet};
pub use published::{
    Ask, CustomBackend, Dialect, Entry, PathAsk, Published, Rank, Routed, custom_backends, published,
};
pub use reach::{Outside, Party, Reach, Scope};
pub use request::explain_published;
pub use rows::{End, Row};
pub use stand_in::{Home, StandIn};
pub use why::Why;
