//! What every capability stands on: ids, actors and permissions, database and transactions, the
//! journal, the outbox, sign-in, the HTTP and page toolkit. It knows no capability.
#![forbid(unsafe_code)]

pub mod db;
pub mod id;
pub mod law;
pub mod time;
