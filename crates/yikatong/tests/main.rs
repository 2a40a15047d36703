//! Tests of the whole platform, in one binary.

mod browser;
mod crash;
mod support;
