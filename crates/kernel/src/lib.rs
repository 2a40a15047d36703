//! What every capability stands on: ids, actors and permissions, database and transactions, the
//! journal, the outbox, sign-in, the HTTP and page toolkit. It knows no capability.
#![forbid(unsafe_code)]

pub mod actor;
pub mod approval;
pub mod auth;
pub mod db;
pub mod divisions;
pub mod http;
pub mod id;
pub mod jobs;
pub mod journal;
pub mod keys;
pub mod law;
pub mod org;
pub mod outbox;
pub mod platform;
pub mod problem;
pub mod settings;
pub mod staff;
pub mod system;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod time;
pub mod work;

use db::Migration;

/// The schema of the kernel.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "kernel-0001", sql: include_str!("../migrations/0001_kernel.sql") },
    Migration { name: "kernel-0002", sql: include_str!("../migrations/0002_jobs_settings.sql") },
    Migration { name: "kernel-0003", sql: include_str!("../migrations/0003_clerks.sql") },
    Migration {
        name: "kernel-0004-account-duty",
        sql: include_str!("../migrations/0004_account_duty.sql"),
    },
    Migration {
        name: "kernel-0005-messages-staff",
        sql: include_str!("../migrations/0005_messages_staff.sql"),
    },
    Migration {
        name: "kernel-journal-0001",
        sql: include_str!("../migrations/journal_0001_log.sql"),
    },
    Migration {
        name: "kernel-journal-0002-reseal",
        sql: include_str!("../migrations/journal_0002_reseal.sql"),
    },
];
