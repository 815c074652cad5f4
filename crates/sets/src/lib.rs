//! Which manifests are deployed together.
//!
//! A repository holds several answers to "what does the cluster get": an overlay for each environment, a chart that is
//! installed with other values, plain folders of which one is applied. Each of them is a *set*. What a set is made of
//! (bases, components, patches, values, library charts) is a part and never judged alone.
#![forbid(unsafe_code)]

mod arrange;
mod build;
mod gitops;
mod links;
mod package;
mod substitute;
mod survey;
mod variants;

pub use arrange::{Arrangement, Configured, How, Part, Set, SetId};
pub use build::{Build, Given};
pub use gitops::{Claim, Claims, Found, Repository, is_wiring};
pub use package::{Package, Role};
pub use substitute::substitute;
pub use survey::{Packaged, Plain, Survey};
pub use variants::{Member, Variant, variants};
