//! What an agreement must say, who may take which step, and when it is in force (Art. 18, 19).

use kernel::actor::Actor;
use kernel::id::Id;
use time::{Date, Duration};

use super::catalogue::SharedField;
pub use super::refused::Refused;

/// Where a version of an agreement is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// The department asked.
    Requested,
    /// The impact assessment is on file.
    Assessed,
    /// One of two approvers agreed.
    Approved,
    /// Both agreed: it is in the public register.
    Published,
    /// Sent back.
    Rejected,
    /// Ended at once.
    Revoked,
}

impl State {
    /// All states.
    pub const ALL: [Self; 6] = [
        Self::Requested,
        Self::Assessed,
        Self::Approved,
        Self::Published,
        Self::Rejected,
        Self::Revoked,
    ];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Assessed => "assessed",
            Self::Approved => "approved",
            Self::Published => "published",
            Self::Rejected => "rejected",
            Self::Revoked => "revoked",
        }
    }

    /// The state with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// What the parties agree on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Terms {
    /// Code of a published item; empty when it is for a matter outside the list.
    pub item: String,
    /// The matter in words.
    pub matter: String,
    /// Code that each question names.
    pub purpose_code: String,
    /// The purpose in words.
    pub purpose: String,
    /// The legal basis in words.
    pub basis: String,
    /// The basis is each person's consent.
    pub by_consent: bool,
    /// The fields.
    pub fields: Vec<SharedField>,
    /// First day.
    pub from: Date,
    /// Last day.
    pub until: Date,
    /// Persons that may be asked about in one day.
    pub per_day: i64,
    /// Days that the department may keep what it got.
    pub keep_days: i64,
    /// Security level, 1 to 4.
    pub level: i64,
    /// SM2 public key for bulk answers, SEC 1.
    pub recipient_key: Option<Vec<u8>>,
    /// Where changes are pushed to; empty when nowhere.
    pub push_url: String,
}

/// One version of an agreement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Agreement {
    /// Id of this version.
    pub version_id: Id,
    /// Id of the agreement, the same for all its versions.
    pub id: Id,
    /// Number of the version, from 1.
    pub number: i64,
    /// The department.
    pub org: Id,
    /// What was agreed.
    pub terms: Terms,
    /// Where it is.
    pub state: State,
    /// Account of who asked.
    pub asked_by: Id,
    /// Account of who assessed.
    pub assessed_by: Option<Id>,
    /// Account of the first approver.
    pub first_by: Option<Id>,
    /// Account of the second approver.
    pub second_by: Option<Id>,
    /// Day of the next yearly review.
    pub review_on: Option<Date>,
    /// Rises with each change of the row.
    pub version: i64,
}

/// The longest period: three years.
const LONGEST_DAYS: i64 = 3 * 366;

/// Whether a request says what it must, in bounds.
///
/// # Errors
/// The first thing that is wrong.
pub fn check(terms: &Terms, today: Date) -> Result<(), Refused> {
    let says = |text: &str, most: usize| (1..=most).contains(&text.trim().chars().count());
    let code = terms.purpose_code.as_bytes();
    let is_code = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'-';
    if !(2..=24).contains(&code.len()) || !code.iter().all(is_code) {
        return Err(Refused::PurposeCode);
    }
    let matter = says(&terms.matter, 200) || !terms.item.is_empty();
    if !says(&terms.purpose, 200) || !says(&terms.basis, 300) || !matter {
        return Err(Refused::Words);
    }
    if terms.fields.is_empty() {
        return Err(Refused::NoFields);
    }
    let needed = terms.fields.iter().map(|field| field.level()).max().unwrap_or(1);
    if !(needed..=4).contains(&terms.level) {
        return Err(Refused::LevelTooLow);
    }
    let longest = terms.from.saturating_add(Duration::days(LONGEST_DAYS));
    if terms.from < today || terms.until < terms.from || terms.until > longest {
        return Err(Refused::Period);
    }
    if !(1..=1_000_000).contains(&terms.per_day) || !(0..=3_650).contains(&terms.keep_days) {
        return Err(Refused::Volume);
    }
    if !terms.push_url.is_empty() && !is_safe_url(&terms.push_url) {
        return Err(Refused::PushAddress);
    }
    let key = terms.recipient_key.as_deref();
    let point = |key| seal::sm2::VerifyingKey::from_bytes(key, seal::sm2::SignerId::DEFAULT);
    if key.is_some_and(|key| point(key).is_err()) {
        return Err(Refused::RecipientKey);
    }
    Ok(())
}

/// `https`, or this machine: what is pushed is personal data.
pub fn is_safe_url(url: &str) -> bool {
    let own = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
    let own = own.iter().filter_map(|own| url.strip_prefix(own));
    let is_own = own.into_iter().any(|rest| rest.is_empty() || rest.starts_with([':', '/']));
    let plain = url.bytes().all(|byte| byte.is_ascii_graphic()) && url.len() <= 300;
    plain && !url.contains('@') && (is_own || url.starts_with("https://"))
}

/// Whether this person may put the assessment on file.
///
/// # Errors
/// It is not its turn, or his own request.
pub fn may_assess(agreement: &Agreement, actor: &Actor) -> Result<(), Refused> {
    if agreement.state != State::Requested {
        return Err(Refused::NotNow);
    }
    if agreement.asked_by == actor.account { Err(Refused::OwnWork) } else { Ok(()) }
}

/// Whether this person may approve, as the first or the second.
///
/// # Errors
/// It is not its turn, or the person had a hand in it.
pub fn may_approve(agreement: &Agreement, actor: &Actor) -> Result<(), Refused> {
    if !matches!(agreement.state, State::Assessed | State::Approved) {
        return Err(Refused::NotNow);
    }
    let hands = [Some(agreement.asked_by), agreement.assessed_by, agreement.first_by];
    if hands.contains(&Some(actor.account)) { Err(Refused::OwnWork) } else { Ok(()) }
}

/// The version that counts on a day.
///
/// # Errors
/// None does: not yet, no more, revoked, or its review is overdue by more than `grace` days.
pub fn in_force(versions: &[Agreement], today: Date, grace: i64) -> Result<&Agreement, Refused> {
    if versions.iter().any(|one| one.state == State::Revoked) {
        return Err(Refused::Revoked);
    }
    let published = versions.iter().filter(|one| one.state == State::Published);
    let begun = published.filter(|one| one.terms.from <= today);
    let one = begun.max_by_key(|one| one.number).ok_or(Refused::NotInForce)?;
    if one.terms.until < today {
        return Err(Refused::NotInForce);
    }
    let overdue = |day: Date| day.saturating_add(Duration::days(grace)) < today;
    if one.review_on.is_none_or(overdue) { Err(Refused::ReviewOverdue) } else { Ok(one) }
}
