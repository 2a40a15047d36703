//! Cryptography and wire formats, without I/O, clock or randomness of their own: all three come in
//! from the caller, so that everything here can be proved by tests alone.
//!
//! The algorithms are those of GB/T 32918 (SM2), GB/T 32905 (SM3) and GB/T 32907 (SM4). Secret keys
//! are used only through the port [`keystore::KeyStore`], which a hardware module can take over.
#![forbid(unsafe_code)]

// The fixtures of `cq1` are also compiled into its benchmark, which knows this crate by its name.
#[cfg(test)]
extern crate self as seal;

pub mod base45;
pub mod code;
pub mod column;
pub mod cq1;
pub mod envelope;
pub mod hash;
pub mod head;
pub mod id36904;
pub mod keystore;
pub mod merkle;
pub mod note;
pub mod password;
pub mod sm2;
pub mod sm2_fast;
pub mod sm3;
pub mod tiles;
pub mod token;
pub mod totp;
