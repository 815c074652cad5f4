//! What is deployed together, for all commands: finds the sets at the paths of a command, has them built, and chooses
//! those that a command is about.
mod cache;
mod choose;
mod command;
mod joined;
mod load;
mod make;
mod request;

pub use cache::Cache;
pub use command::{AFTER, List, main};
pub use joined::{Format as Joined, join};
pub use load::{LoadedSet, Sets, load};
pub use request::{Request, configured};
