//! Art. 10 as pure functions: agreements, the financial function of a card, offers, refusals.

mod account;
mod agreement;
mod answer;
mod offer;
mod refusal;
#[cfg(test)]
mod tests;

pub use account::{Expected, Operation, State, TRANSITIONS, agrees, may, may_become, pause};
pub use agreement::{Agreement, AgreementState, Service, Waiver, check_agreement, in_force};
pub use answer::{Answer, Reason, RequestState};
pub use offer::{Kind, Offer, OfferState, check_offer};
pub use refusal::Refused;

/// A bank's code in files: 4 to 12 capital letters and digits.
pub fn is_code(code: &str) -> bool {
    let plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    (4..=12).contains(&code.len()) && code.bytes().all(plain)
}

/// A phone of a bank as holders dial it: 5 to 20 digits, with hyphens.
pub fn is_phone(phone: &str) -> bool {
    let plain = |b: u8| b.is_ascii_digit() || b == b'-';
    (5..=20).contains(&phone.len()) && phone.bytes().all(plain)
}
