//! What a bank's codes mean, as data. A code that is not in the map means nothing: the line stays
//! open, and somebody asks the bank.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::contract::Reason;

/// What a code says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Meaning {
    /// Of a line: it arrived. Of a batch: all of it did, or it was taken.
    Good,
    /// Being worked on; for a batch also: look at the lines.
    Pending,
    /// Not carried out, for this reason.
    Bad(Reason),
}

/// Codes of one bank.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Codes {
    /// Of lines.
    pub line: BTreeMap<String, Meaning>,
    /// Of batches.
    pub batch: BTreeMap<String, Meaning>,
}

const SHIPPED: [(&str, &str); 2] = [
    ("plain", include_str!("../formats/codes/plain.json")),
    ("numbers", include_str!("../formats/codes/numbers.json")),
];

impl Codes {
    /// Reads a map.
    ///
    /// # Errors
    /// In words, what makes it unfit.
    pub fn parse(json: &str) -> Result<Self, String> {
        let codes: Self = serde_json::from_str(json).map_err(|error| error.to_string())?;
        if !codes.line.values().any(|meaning| *meaning == Meaning::Good) {
            return Err("no code says that a line arrived".to_owned());
        }
        Ok(codes)
    }

    /// A map that comes with this crate: `plain` (our own words) or `numbers` (four digits).
    pub fn shipped(name: &str) -> Option<Self> {
        let (_, json) = SHIPPED.into_iter().find(|(shipped, _)| *shipped == name)?;
        Some(Self::parse(json).expect("shipped maps are fit: a test reads them all"))
    }

    /// The first code with this meaning, for a bank that writes.
    pub fn of_line(&self, meaning: Meaning) -> &str {
        first(&self.line, meaning)
    }

    /// The same of a batch.
    pub fn of_batch(&self, meaning: Meaning) -> &str {
        first(&self.batch, meaning)
    }
}

fn first(map: &BTreeMap<String, Meaning>, meaning: Meaning) -> &str {
    map.iter().find(|(_, m)| **m == meaning).map_or("", |(code, _)| code.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_maps_know_the_codes_that_banks_use_and_guess_none() {
        for (name, _) in SHIPPED {
            let codes = Codes::shipped(name).expect("shipped");
            for reason in [Reason::NoAccount, Reason::Closed, Reason::Blocked, Reason::NameMismatch]
            {
                assert!(!codes.of_line(Meaning::Bad(reason)).is_empty(), "{name} {reason:?}");
            }
            let whole = [
                Reason::DuplicateBatch,
                Reason::CountMismatch,
                Reason::AmountMismatch,
                Reason::BankClosed,
            ];
            for reason in whole {
                assert!(!codes.of_batch(Meaning::Bad(reason)).is_empty(), "{name} {reason:?}");
            }
            assert_eq!(codes.line.get("what?"), None);
        }
        assert!(Codes::parse(r#"{"line":{},"batch":{}}"#).is_err());
        assert!(Codes::parse(r#"{"line":{"0":"good","1":"lost"},"batch":{}}"#).is_err());
    }
}
