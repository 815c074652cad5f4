//! Compiled network policies: evaluation, and the tables that the kernel is given.
