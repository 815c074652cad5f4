//! Names of the two ends of a connection, as reports show them.
use netloom_explain::{Origin, Target, World};

/// `namespace/pod`, `node/name`, `outside (address)`.
pub(crate) fn origin(world: &World, origin: Origin) -> String {
    match origin {
        Origin::Pod(pod) => world.snapshot.pod(pod).qualified_name(),
        Origin::Node(node) => format!("node/{}", world.snapshot.node(node).name),
        Origin::Outside(ip) => format!("outside ({ip})"),
    }
}

/// The same of who takes it.
pub(crate) fn target(world: &World, target: Target) -> String {
    match target {
        Target::Pod(pod) => origin(world, Origin::Pod(pod)),
        Target::Node(node) => origin(world, Origin::Node(node)),
        Target::Outside(ip) => origin(world, Origin::Outside(ip)),
    }
}
