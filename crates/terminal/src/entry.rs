//! One line of the journal and the chain of links over all of them.

use seal::cq1::{Code, CredentialId};
use seal::sm3::sm3;
use serde::{Deserialize, Serialize};

/// The link before the first entry.
pub const FIRST_LINK: [u8; 32] = [0; 32];
/// The result of a use that was let pass.
pub const OK: &str = "ok";

/// A judgement without a network.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Entry {
    /// 1, 2, … without gaps.
    pub seq: u64,
    /// UTC seconds of the terminal's clock.
    pub at: i64,
    /// Code of the item.
    pub item: String,
    /// Its version at that moment.
    pub item_version: u64,
    /// `ok`, or the stable code of a refusal.
    pub result: String,
    /// The code that was shown.
    pub code: String,
    /// Serial of the status list that was asked.
    pub status_serial: u32,
    /// SM3 over the link before and [`Entry::line`], lower-case hex.
    pub link: String,
}

impl Entry {
    /// `seq|at|item|item_version|result|status_serial|code`: what is chained.
    pub fn line(&self) -> String {
        let Self { seq, at, item, item_version, result, status_serial, code, .. } = self;
        format!("{seq}|{at}|{item}|{item_version}|{result}|{status_serial}|{code}")
    }

    /// The link of this entry after another.
    pub fn link_after(&self, before: &[u8; 32]) -> [u8; 32] {
        sm3(&[before, self.line().as_bytes()].concat())
    }

    /// Whose code it was and its counter, when the use was let pass.
    pub(crate) fn shown(&self) -> Option<Shown> {
        let bytes = (self.result == OK).then(|| Code::bytes(&self.code).ok())??;
        Some(Shown::of(&bytes))
    }
}

/// What a terminal remembers of a code that it let pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) credential: CredentialId,
    pub(crate) counter: u32,
    /// One card keeps its key over several credentials, so uses are counted by the key.
    pub(crate) holder: [u8; 33],
}

impl Shown {
    /// From the fixed places of these fields in a code (docs/card-code.md).
    pub(crate) fn of(bytes: &[u8; 195]) -> Self {
        let field = |from: usize| &bytes[from..];
        Self {
            credential: *field(5).first_chunk().expect("a code has 195 bytes"),
            counter: u32::from_be_bytes(*field(125).first_chunk().expect("a code has 195 bytes")),
            holder: *field(23).first_chunk().expect("a code has 195 bytes"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_link_is_over_zeros_and_the_line() {
        let entry = Entry {
            seq: 1,
            at: 1_772_323_200,
            item: "CQ-CU-001".into(),
            item_version: 3,
            result: OK.into(),
            code: "CQ1:X".into(),
            status_serial: 9,
            link: String::new(),
        };
        assert_eq!(entry.line(), "1|1772323200|CQ-CU-001|3|ok|9|CQ1:X");
        let by_hand = sm3(&[&[0; 32][..], b"1|1772323200|CQ-CU-001|3|ok|9|CQ1:X"].concat());
        assert_eq!(entry.link_after(&FIRST_LINK), by_hand);
    }
}
