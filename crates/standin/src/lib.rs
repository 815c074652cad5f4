//! Stand-in containers: servers that answer in place of a container image.
