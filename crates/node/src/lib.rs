//! The reconcile loop of one node: Snapshot to kernel state.
