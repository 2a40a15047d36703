//! Refusals by an operator: a card that was not served is recorded with a reason (Art. 25(2)), also
//! without a network.

use serde::{Deserialize, Serialize};

use crate::online::{Failure, Platform};
use crate::station::Station;
use crate::vault::{StoreError, random};

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
    /// Drawn when it is kept, so that it is one refusal however often it is sent.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub id: String,
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
        let drawn = random::<16>().map_err(|error| StoreError::Io("refusals".into(), error))?;
        refusal.id = hex::encode(drawn);
        let mut waiting = store.refusals().to_vec();
        if waiting.len() >= MOST {
            return Err(StoreError::Full);
        }
        waiting.push(refusal);
        store.put_refusals(waiting)
    }

    /// Sends the refusals that wait, oldest first. One that the platform cannot use as it is goes
    /// without its item, which then stands in the note; one that it cannot use at all stays here and
    /// does not keep the others.
    ///
    /// # Errors
    /// [`Failure`] of the last that was not taken.
    pub fn upload_refusals(&self, platform: &Platform) -> Result<usize, Failure> {
        let (mut sent, mut left) = (0, None);
        let waiting = self.store().refusals().to_vec();
        for refusal in waiting {
            let mut answer = send(platform, &refusal);
            if is_unusable(&answer) && !refusal.item.is_empty() {
                let note = format!("{} {}", refusal.item, refusal.note);
                let bare = Refusal { item: String::new(), note, ..refusal.clone() };
                answer = send(platform, &bare);
            }
            match answer {
                Ok(_) => {
                    self.sent(&refusal)?;
                    sent += 1;
                }
                Err(failure) if matches!(failure, Failure::Refused { status: 422, .. }) => {
                    left = Some(failure);
                }
                Err(failure) => return Err(failure),
            }
        }
        left.map_or(Ok(sent), Err)
    }

    fn sent(&self, refusal: &Refusal) -> Result<(), StoreError> {
        let mut store = self.store();
        let mut waiting = store.refusals().to_vec();
        if let Some(at) = waiting.iter().position(|one| one == refusal) {
            waiting.remove(at);
        }
        store.put_refusals(waiting)
    }
}

fn send(platform: &Platform, refusal: &Refusal) -> Result<Recorded, Failure> {
    platform.post("/api/v1/terminals/refusals", refusal)
}

fn is_unusable(answer: &Result<Recorded, Failure>) -> bool {
    matches!(answer, Err(Failure::Refused { status: 422, .. }))
}
