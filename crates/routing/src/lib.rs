//! Services compiled to the view that each node has of them.
