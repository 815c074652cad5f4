//! Text to typed Kubernetes objects, each with the place it came from.
mod location;

pub use location::{Location, ObjectRef};
