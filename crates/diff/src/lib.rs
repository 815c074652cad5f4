//! What a change opens and closes: two [`Reach`](netloom_reach::Reach)es held against each other, and the objects and
//! lines that cause what is different.
//!
//! ```
//! # use netloom_cluster::{Addressing, Options, build};
//! # use netloom_objects::{ObjectSet, Source, parse_sources};
//! # use netloom_reach::{Reach, Scope};
//! use netloom_diff::{Diff, Side, report};
//!
//! # let load = |text: &str| {
//! #     let objects = ObjectSet::assemble(parse_sources(&[Source::new("a.yaml", text)]));
//! #     let options = Options { addressing: Addressing::Known, ..Options::default() };
//! #     let snapshot = build(&objects, &options).snapshot;
//! #     (Reach::of(&objects, &snapshot, Scope::default()), objects)
//! # };
//! # let pods = "
//! # {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: c, image: i}]}}
//! # ---
//! # {apiVersion: v1, kind: Pod, metadata: {name: b}, spec: {containers: [{name: c, image: i}]}}
//! # ---
//! # {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p}, spec: {podSelector: {}, ingress: [{}]}}
//! # ";
//! let (open, closed) = (load(pods), load(&pods.replace("ingress: [{}]", "ingress: []")));
//! let side = |(reach, objects)| Side { reach, objects };
//! # let (open, closed) = ((&open.0, &open.1), (&closed.0, &closed.1));
//! let diff = Diff::of(side(open), side(closed));
//! let [group] = diff.connections.as_slice() else { unreachable!() };
//! assert_eq!(group.lost().to_string(), "All Connections");
//! assert_eq!(diff.causes(group, 100).objects.len(), 1);
//! println!("{}", report::text(&diff, false));
//! ```
//!
//! Units (workloads, pods of workloads whose pods differ, nodes) that are of the same classes on both sides form a
//! kind. Only kinds are compared, and only those about which something changed: their own labels, ports or addresses,
//! or a policy that selects them. What was allowed between two is [`Reach::between`](netloom_reach::Reach::between)
//! their classes, on either side.
#![forbid(unsafe_code)]

mod causes;
mod diff;
mod fields;
mod kinds;
mod objects;
mod outside;
mod pairs;
pub mod report;
mod server;
mod summary;
mod units;
mod ways;

pub use causes::{Cause, Causes};
pub use diff::{Diff, End, Group, Side};
pub use objects::{FieldChange, ObjectChange};
pub use summary::{Count, Summary};
pub use units::{Member, Unit, UnitId};
pub use ways::{WayChange, WayOn};
