//! Refusals by an operator: a card that was not served is recorded with a reason (Art. 25(2)), also
//! without a network.

use serde::{Deserialize, Serialize};

use crate::online::{Failure, Platform};
use crate::station::Station;
use crate::vault::StoreError;

/// So many refusals may wait; a counter without a network for weeks stays below.
const MOST: usize = 10_000;
/// Characters of a note.
const LONGEST_NOTE: usize = 500;

/// Why a card was not served.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The device is missing or broken.
    NoDevice,
    /// The operator was not sure.
    OperatorUnsure,
    /// The card cannot be read.
    CardUnreadable,
    /// The person is not the holder.
    PersonMismatch,
    /// The system is down.
    SystemDown,
    /// Something else; the note says what.
    Other,
}

impl Reason {
    /// Every reason with its words in Chinese and English.
    pub const ALL: [(Self, &'static str, &'static str, &'static str); 6] = [
        (Self::CardUnreadable, "card-unreadable", "卡无法读取", "The card cannot be read"),
        (Self::PersonMismatch, "person-mismatch", "人卡不符", "Not the holder of the card"),
        (Self::NoDevice, "no-device", "没有可用设备", "No device that works"),
        (Self::SystemDown, "system-down", "系统故障", "The system is down"),
        (
            Self::OperatorUnsure,
            "operator-unsure",
            "不确定是否可以受理",
            "Not sure whether to serve",
        ),
        (Self::Other, "other", "其他", "Something else"),
    ];

    /// The reason with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|reason| reason.1 == name).map(|reason| reason.0)
    }
}

/// One refusal.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Refusal {
    /// UTC seconds.
    pub at: i64,
    /// Code of the item.
    pub item: String,
    /// Why.
    pub reason: Reason,
    /// In the operator's words.
    pub note: String,
    /// What was shown, where something was.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code: Option<String>,
}

#[derive(Deserialize)]
struct Recorded {}

impl Station {
    /// Records a refusal; it is on disk when this returns and goes to the platform with the next upload.
    ///
    /// # Errors
    /// [`StoreError::Full`] or [`StoreError::Io`].
    pub fn refuse(&self, mut refusal: Refusal) -> Result<(), StoreError> {
        refusal.note = refusal.note.chars().take(LONGEST_NOTE).collect();
        let mut store = self.store();
        let mut waiting = store.refusals().to_vec();
        if waiting.len() >= MOST {
            return Err(StoreError::Full);
        }
        waiting.push(refusal);
        store.put_refusals(waiting)
    }

    /// Sends the refusals that wait, oldest first. One that the platform cannot use is told and
    /// dropped; when it does not answer, the rest waits.
    ///
    /// # Errors
    /// [`Failure`] of the first that was not taken.
    pub fn upload_refusals(&self, platform: &Platform) -> Result<usize, Failure> {
        let mut sent = 0;
        loop {
            let Some(first) = self.store().refusals().first().cloned() else { return Ok(sent) };
            let answer = platform.post::<_, Recorded>("/api/v1/terminals/refusals", &first);
            let unusable = matches!(&answer, Err(Failure::Refused { status: 400 | 404 | 422, .. }));
            if let Err(failure) = answer
                && !unusable
            {
                return Err(failure);
            }
            let mut store = self.store();
            let rest = store.refusals().iter().skip(1).cloned().collect();
            store.put_refusals(rest)?;
            sent += 1;
        }
    }
}
