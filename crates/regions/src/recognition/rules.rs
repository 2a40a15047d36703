//! What is asked and answered about a card, and what of it is believed.

use people::field::Field;
use seal::sm2::SignerId;
use serde::{Deserialize, Serialize};

use crate::rules::{Descriptor, Refused, Signed, in_time};

pub use crate::rules::LIFETIME_S;

/// Signs questions.
pub const ASK: SignerId = SignerId("yikatong-region-ask");
/// Signs answers.
pub const ANSWER: SignerId = SignerId("yikatong-region-answer");
/// A question about what a holder shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// 32 hexadecimal digits, never used again.
    pub id: String,
    /// Region that asks.
    pub from: String,
    /// Region that issued what is shown.
    pub to: String,
    /// UTC seconds.
    pub at: i64,
    /// Code of an item of the joint list.
    pub item: String,
    /// Text of a code; empty when a card was read.
    #[serde(default)]
    pub code: String,
    /// Line of a reader, division, person number and card number.
    #[serde(default)]
    pub read: String,
    /// Whether an operator compared the person with the card.
    #[serde(default)]
    pub counter_check: bool,
    /// Where it is shown, in words for the holder.
    pub place: String,
    /// Entry of the asking region's journal.
    pub journal: String,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The question.
    pub id: String,
    /// Region that answers.
    pub from: String,
    /// UTC seconds.
    pub at: i64,
    /// `ok`, or the code of a refusal.
    pub result: String,
    /// The item's fields and their values, and no others; empty after a no.
    #[serde(default)]
    pub fields: Vec<(String, String)>,
    /// The use, as the holder sees it.
    pub used: String,
}

/// Reads a question of a trusted region.
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
    let id = ask.id.len() == 32 && ask.id.bytes().all(|b| b.is_ascii_hexdigit());
    let item = (1..=40).contains(&ask.item.len());
    let shown = ask.code.is_empty() != ask.read.is_empty();
    if !id || !item || !shown || ask.place.chars().count() > 120 {
        return Err(Refused::Unreadable);
    }
    if ask.from != sender.region || ask.to != own {
        return Err(Refused::Scope);
    }
    in_time(ask.at, now_s)?;
    Ok(ask)
}

/// Reads the answer to a question.
///
/// # Errors
/// The [`Refused`] that applies first.
pub fn open_answer(
    signed: &Signed,
    sender: &Descriptor,
    ask: &Ask,
    now_s: i64,
) -> Result<Said, Refused> {
    let said: Said = signed.open(&sender.key, ANSWER)?;
    if said.id != ask.id || said.from != sender.region {
        return Err(Refused::Scope);
    }
    in_time(said.at, now_s)?;
    Ok(said)
}

/// What an answer says, in this platform's words: the known fields, or the refusal. A word that is not
/// known here is a no as well.
///
/// # Errors
/// The refusal of the region that issued the card.
pub fn meaning(said: Said) -> Result<Vec<(Field, String)>, codes::rules::Refused> {
    if said.result != "ok" {
        let refused = codes::rules::Refused::from_code(&said.result);
        return Err(refused.unwrap_or(codes::rules::Refused::UnknownCard));
    }
    let known = |(code, value): (String, String)| Some((Field::from_code(&code)?, value));
    Ok(said.fields.into_iter().filter_map(known).collect())
}
