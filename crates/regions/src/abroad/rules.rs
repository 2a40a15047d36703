//! What is asked and answered about a sign-in, and what of it is believed.

use seal::sm2::SignerId;
use serde::{Deserialize, Serialize};

use crate::rules::{Descriptor, Refused, SKEW_S, Signed};

/// Signs what a browser carries to the home region.
pub const ASK: SignerId = SignerId("yikatong-region-sign-in");
/// Signs the question for what the holder agreed to.
pub const FETCH: SignerId = SignerId("yikatong-region-fetch");
/// Signs its answer.
pub const TOLD: SignerId = SignerId("yikatong-region-told");
/// Seconds that a browser may take to carry the question.
pub const CARRY_S: i64 = 60;
/// Seconds that the holder has to agree.
pub const ANSWER_S: i64 = 600;
/// Seconds until what he agreed to must be fetched.
pub const CODE_S: i64 = 60;

/// A service asks for somebody of the other region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// 32 hexadecimal digits, never used again.
    pub id: String,
    /// Region of the service.
    pub from: String,
    /// Region that issued the card.
    pub to: String,
    /// UTC seconds.
    pub at: i64,
    /// Code of an item of the joint list.
    pub item: String,
    /// Name of the service, for the holder.
    pub service: String,
    /// Services of one sector know a person by the same name.
    pub sector: String,
    /// Level of the sign-in: 2, or 3 with the password of the card.
    pub level: i64,
    /// The person must have signed in since, UTC seconds; 0 when it does not matter.
    pub since: i64,
    /// Where the browser goes back to: an address of the region that asks.
    pub back: String,
}

/// Asks for what the holder agreed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetch {
    /// Of the question.
    pub id: String,
    /// Region of the service.
    pub from: String,
    /// Region that issued the card.
    pub to: String,
    /// UTC seconds.
    pub at: i64,
    /// What the browser carried back.
    pub code: String,
    /// Entry of the asking region's journal.
    pub journal: String,
}

/// Who he is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Of the question.
    pub id: String,
    /// Region that issued the card.
    pub from: String,
    /// UTC seconds.
    pub at: i64,
    /// `ok`, or the code of a refusal.
    pub result: String,
    /// Its name for him at services of the sector.
    #[serde(default)]
    pub subject: String,
    /// What he proved.
    #[serde(default)]
    pub level: i64,
    /// When he signed in, UTC seconds.
    #[serde(default)]
    pub auth_time: i64,
    /// The item's fields and their values, as the home region lists it.
    #[serde(default)]
    pub fields: Vec<(String, String)>,
}

fn plain_id(id: &str) -> bool {
    id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn in_time(at: i64, lifetime_s: i64, now_s: i64) -> Result<(), Refused> {
    match at {
        at if at > now_s.saturating_add(SKEW_S) => Err(Refused::Future),
        at if at < now_s.saturating_sub(SKEW_S + lifetime_s) => Err(Refused::Expired),
        _ => Ok(()),
    }
}

/// Reads what a browser carried from a trusted region. It may send the person back to that region only.
///
/// # Errors
/// The [`Refused`] that applies first.
pub fn open_ask(
    signed: &Signed,
    sender: &Descriptor,
    own: &str,
    now_s: i64,
) -> Result<Ask, Refused> {
    let ask: Ask = signed.open(&sender.key, ASK)?;
    let short = |text: &str, most: usize| (1..=most).contains(&text.chars().count());
    let fits = plain_id(&ask.id)
        && short(&ask.item, 40)
        && short(&ask.service, 60)
        && short(&ask.sector, 120)
        && (2..=3).contains(&ask.level)
        && ask.back.len() <= 500
        && ask.back.bytes().all(|byte| byte.is_ascii_graphic());
    if !fits {
        return Err(Refused::Unreadable);
    }
    let home = format!("{}/", sender.endpoint);
    if ask.from != sender.region || ask.to != own || !ask.back.starts_with(&home) {
        return Err(Refused::Scope);
    }
    in_time(ask.at, CARRY_S, now_s)?;
    Ok(ask)
}

/// Reads the question of a trusted region for what one of our holders agreed to.
///
/// # Errors
/// The [`Refused`] that applies first.
pub fn open_fetch(
    signed: &Signed,
    sender: &Descriptor,
    own: &str,
    now_s: i64,
) -> Result<Fetch, Refused> {
    let fetch: Fetch = signed.open(&sender.key, FETCH)?;
    if !plain_id(&fetch.id) || fetch.code.len() > 100 {
        return Err(Refused::Unreadable);
    }
    if fetch.from != sender.region || fetch.to != own {
        return Err(Refused::Scope);
    }
    in_time(fetch.at, CODE_S, now_s)?;
    Ok(fetch)
}

/// Reads the answer of the home region; it must be about the question, and not below what was asked for.
///
/// # Errors
/// The [`Refused`] that applies first.
pub fn open_told(
    signed: &Signed,
    sender: &Descriptor,
    ask: &Ask,
    now_s: i64,
) -> Result<Told, Refused> {
    let told: Told = signed.open(&sender.key, TOLD)?;
    if told.id != ask.id || told.from != sender.region {
        return Err(Refused::Scope);
    }
    in_time(told.at, CODE_S, now_s)?;
    let low = told.level < ask.level || told.auth_time < ask.since;
    let whole = (20..=255).contains(&told.subject.len()) && told.auth_time <= now_s + SKEW_S;
    match told.result == "ok" && (low || !whole) {
        true => Err(Refused::Scope),
        false => Ok(told),
    }
}
