//! The host behaves as its script says.
