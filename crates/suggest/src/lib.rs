//! The least network policies that keep what is needed, and the proof that they do.
//!
//! A [`Ground`] is the set of manifests, compiled. What is needed is declared ([`Declared`]), derived from the manifests
//! ([`derive`]), or seen ([`Observed`]). A [`Suggestion`] writes policies that allow just that; the [`Proof`] asks the
//! one evaluator about the set with them.
#![forbid(unsafe_code)]

mod change;
mod company;
mod declared;
mod derive;
mod dns;
mod flows;
mod ground;
mod head;
mod makers;
mod need;
mod policies;
mod proof;
pub mod report;
mod review;
mod scan;
mod selector;
mod settings;
mod suggestion;
mod tighten;
mod today;
mod units;
mod yaml;

pub use change::{Change, Changes, compare};
pub use declared::Declared;
pub use derive::derive;
pub use dns::Dns;
pub use flows::{Counts, FlowError, Observed};
pub use ground::{ChooseError, Chosen, Ground};
pub use need::{Block, Doubt, End, Lack, Learnt, Need, Needs, Reason, listening};
pub use policies::{Peer, PortLine, Rule, Rules, rules};
pub use proof::{Proof, Unmet};
pub use review::{Fault, Remark, review};
pub use suggestion::{MARK, Manner, Suggestion, Written};
pub use tighten::{Proposal, Tightened, tighten};
pub use today::today;
pub use units::{Unit, UnitId, Units};
