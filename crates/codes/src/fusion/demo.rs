//! Demonstration.
