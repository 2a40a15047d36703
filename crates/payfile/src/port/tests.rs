//! Ports against a bank that is played by hand.
