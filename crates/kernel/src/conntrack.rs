//! The kernel's connection table: listing and deleting entries.
