//! Life events (人生大事): deaths, changes of name, moves and ends of entitlement that departments
//! report. They propose; a clerk confirms. Nobody's card dies from a feed alone unless the authority
//! has switched that on (Art. 13).

pub mod api;
pub mod pages;
pub mod rules;
pub mod service;
pub mod store;
#[cfg(test)]
mod tests;

use kernel::settings::Setting;

/// Whether a reported death whose number and name both fit ends a card without a clerk.
pub const ALONE: Setting = Setting {
    name: "cards.death-events-act-alone",
    default: 0,
    least: 0,
    most: 1,
    zh: "死亡信息号码和姓名均一致时自动注销（0否，1是）",
    en: "Deaths reported with fitting number and name cancel without a clerk (0 no, 1 yes)",
    article: 13,
};
