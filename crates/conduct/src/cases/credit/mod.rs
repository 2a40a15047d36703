//! The public credit platform (Art. 26): what a holder did goes there only when the switch is on, the
//! decision is final, he was told and could object; it ends by repair, by time, or with the decision.

mod pages;
mod port;
mod rules;
mod service;
pub mod simulator;
mod store;
#[cfg(test)]
mod tests;

use std::time::Duration;

use kernel::jobs::{Job, Round};
use kernel::platform::App;
use kernel::settings::Setting;

pub use port::{CreditPort, FileCredit, HttpCredit, Submission};
pub use rules::{Act, Refused, State, TABLE};
pub use service::{act, follow_case, round};
pub use store::Entry;

pub(crate) use pages::routes;

/// Off until the rules of the credit platform are settled ("按照规定", Art. 26).
pub const SWITCH: Setting = Setting {
    name: "conduct.credit-submission",
    default: 0,
    least: 0,
    most: 1,
    zh: "向公共信用信息服务平台归集失信信息（0关闭，1开启）",
    en: "Submit to the public credit platform (0 off, 1 on)",
    article: 26,
};

/// Days to object before anything is submitted.
pub const OBJECTION_DAYS: Setting = Setting {
    name: "conduct.credit-objection-days",
    default: 15,
    least: 5,
    most: 60,
    zh: "信用归集前的异议天数",
    en: "Days to object before a submission to the credit platform",
    article: 26,
};

/// Days after which a submission ends by itself.
pub const EXPIRY_DAYS: Setting = Setting {
    name: "conduct.credit-expiry-days",
    default: 365,
    least: 90,
    most: 1_095,
    zh: "失信信息保留天数",
    en: "Days that a submission to the credit platform counts",
    article: 26,
};

/// Days after which repair can be asked for.
pub const REPAIR_DAYS: Setting = Setting {
    name: "conduct.credit-repair-days",
    default: 90,
    least: 0,
    most: 365,
    zh: "归集多少天后可申请信用修复",
    en: "Days after which repair of credit can be asked for",
    article: 26,
};

/// Submits and withdraws what is due.
pub(super) const JOB: Job =
    Job { name: "conduct.credit", every: Duration::from_secs(900), run: job };

fn job(app: App) -> Round {
    Box::pin(async move {
        let port = port::of(&app);
        Ok(format!("{} handed over", round(&app, port).await?))
    })
}
