//! nftables: a table described as data, rendered as netlink messages or as nft text, and committed to the kernel.
//!
//! A [`Table`] lists named sets, maps and chains of one `inet` table. It is printed in nft's own syntax by its
//! `Display`, and written to the kernel of the calling thread's network namespace by [`Netfilter::load`].
//! Changes are collected in a [`Batch`], which the kernel applies whole or not at all.
//!
//! Only shapes that `nft list ruleset` prints and `nft -f` reads back are offered.
mod batch;
mod data;
mod encode;
mod error;
mod expr;
mod interval;
mod key;
mod netfilter;
mod objects;
mod references;
mod rule;
mod statement;
mod table;
mod text;
mod validate;

pub use batch::Batch;
pub use data::{Data, Element, Verdict};
pub use error::{Failure, NftError};
pub use expr::{CtState, CtStatus, Expr, IpVersion};
pub use key::{Field, Key};
pub use netfilter::Netfilter;
pub use rule::Rule;
pub use statement::{
    CmpOp, Limit, Log, MarkTarget, Nat, NatFlags, NatKind, NatTo, Reject, Source, Statement, TimeUnit,
};
pub use table::{Chain, ChainKind, DataKind, Hook, HookPoint, Policy, Set, Table};
