//! Network policies, compiled once: the evaluator that answers, and the tables that the kernel is given, from the same rules.
//!
//! A [`Compiler`] turns a Snapshot into a [`PolicySet`]. [`PolicySet::egress`] and [`PolicySet::ingress`] walk the
//! compiled rules and name the one that decides; [`PolicySet::tables`] are the same rules as sets of equivalence
//! classes: addresses that no rule can tell apart share an identity, ports likewise a class, pods a subject.
#![forbid(unsafe_code)]

mod blocks;
mod compiler;
mod evaluate;
mod groups;
mod identities;
mod matrix;
mod meet;
mod near;
mod placed;
mod ports;
mod program;
mod rules;
mod tables;

pub use compiler::{Compiler, PolicySet};
pub use evaluate::{Decision, Direction, Reason, Remote, Side};
pub use near::{EitherPeer, Miss, NearMiss};
pub use placed::{Place, Placed};
pub use tables::{SET_ALL, SET_NONE, Subjects, Tables, Unaddressed};
