//! Payments: from an approved roster to money that arrived, came back, or is paid again.

pub mod rules;
