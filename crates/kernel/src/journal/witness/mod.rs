//! Witnesses (Art. 19): whoever signs a head says that it grew out of all heads he saw before. With a
//! second installation as witness nobody who owns this one can show two histories unseen.
//!
//! The exchange is `add-checkpoint` of C2SP tlog-witness with SM2 and SM3, a private profile. This
//! module is both sides: [`server`] watches the logs of others, [`client`] has this log watched.

mod client;
mod keep;
mod pages;
pub mod rules;
mod server;
mod store;
#[cfg(test)]
mod tests;

use std::time::Duration;

use axum::http::Method;
use seal::keystore::KeyError;
use seal::note::NamedKey;
use seal::sm2::SignerId;

use crate::actor::{Access, Role};
use crate::http::Routes;
use crate::jobs::Job;
use crate::keys::Keys;
use crate::platform::random;

pub use client::round;
pub use keep::{ask, watch};

/// Name of the witness's key in the key store.
const KEY: &str = "witness";
/// The most bytes of a posted checkpoint with its proof.
const MOST_BYTES: usize = 16 * 1024;

const READERS: Access = Access::Roles(&[Role::Auditor, Role::Administrator]);
const KEEPERS: Access = Access::Roles(&[Role::Administrator]);

pub(super) fn routes() -> Routes {
    Routes::new("kernel")
        .upload(
            "/witness/add-checkpoint",
            Access::Public,
            &[19],
            MOST_BYTES,
            server::add_checkpoint,
        )
        .page(Method::GET, "/witness/key", Access::Public, &[19], server::key)
        .page(Method::GET, "/office/journal/log", READERS, &[18, 19], pages::look)
        .page(Method::POST, "/office/journal/witnesses", KEEPERS, &[19], pages::add_witness)
        .page(Method::POST, "/office/journal/witnesses/close", KEEPERS, &[19], pages::close_witness)
        .page(Method::POST, "/office/journal/logs", KEEPERS, &[19], pages::add_log)
        .page(Method::POST, "/office/journal/logs/close", KEEPERS, &[19], pages::close_log)
        .nav(
            &[Role::Auditor, Role::Administrator],
            "/office/journal/log",
            crate::law::Text::new("日志见证", "Log and witnesses"),
            None,
        )
}

/// Has the newest head witnessed.
pub const JOB: Job = Job {
    name: "journal.witnesses",
    every: Duration::from_secs(10),
    run: |app| Box::pin(async move { client::round(&app).await }),
};

/// Name of this installation as a witness, from the name of its log.
pub fn name_of(origin: &str) -> String {
    format!("{}/witness", origin.strip_suffix("/journal").unwrap_or(origin))
}

/// The public key of this installation as a witness; made when it is missing.
///
/// # Errors
/// The key store does not keep it.
pub fn key(keys: &Keys, origin: &str) -> Result<NamedKey, KeyError> {
    keys.store().create(KEY, &random::<32>())?;
    let key = keys.store().public(KEY, SignerId::WITNESS)?;
    Ok(NamedKey { name: name_of(origin), key })
}
