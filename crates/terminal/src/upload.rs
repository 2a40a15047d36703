//! Bringing the journal to the platform when the network is back. Sending twice does no harm: the
//! platform knows each entry by its number, and the links show that none was changed or left out.

use serde::{Deserialize, Serialize};

use crate::entry::Entry;
use crate::online::{Failure, Platform};
use crate::station::Station;

const PATH: &str = "/api/v1/terminals/journal";
/// Entries of one request.
const BATCH: usize = 500;

#[derive(Serialize)]
struct Batch {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Taken {
    accepted_to: u64,
    #[serde(default)]
    doubles: Vec<Double>,
}

/// A use that the platform raised: somewhere else the same code was used, or the code does not hold.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Double {
    /// Number in this terminal's journal.
    pub seq: u64,
    /// Why.
    pub why: String,
}

/// What an upload did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uploaded {
    /// Entries that the platform took.
    pub entries: u64,
    /// Those that it raised.
    pub doubles: Vec<Double>,
}

impl Station {
    /// Sends all entries that the platform does not have, oldest first.
    ///
    /// # Errors
    /// [`Failure`]; what was taken before it stays taken.
    pub fn upload(&self, platform: &Platform) -> Result<Uploaded, Failure> {
        let mut done = Uploaded::default();
        loop {
            let (entries, accepted) = self.next_batch()?;
            if entries.is_empty() {
                return Ok(done);
            }
            let taken: Taken = match platform.post(PATH, &Batch { entries }) {
                Ok(taken) => taken,
                // The platform has another part than we think: go on where it is.
                Err(failure @ Failure::Refused { status: 409, .. }) => {
                    where_it_is(platform, accepted)?.ok_or(failure)?
                }
                Err(failure) => return Err(failure),
            };
            if taken.accepted_to == accepted {
                return Err(Failure::Answer(format!("accepted_to {accepted}")));
            }
            self.store().accepted(taken.accepted_to, self.now_s())?;
            done.entries += taken.accepted_to.saturating_sub(accepted);
            done.doubles.extend(taken.doubles);
        }
    }

    fn next_batch(&self) -> Result<(Vec<Entry>, u64), Failure> {
        let mut store = self.store();
        let accepted = store.mark().accepted_to;
        if store.waiting() > 0 {
            store.sync()?;
        }
        Ok((store.journal().after(accepted, BATCH), accepted))
    }
}

/// Asks how far the platform is, by sending nothing; `None` when it is where we thought.
fn where_it_is(platform: &Platform, accepted: u64) -> Result<Option<Taken>, Failure> {
    let taken: Taken = platform.post(PATH, &Batch { entries: Vec::new() })?;
    Ok(Some(taken).filter(|taken| taken.accepted_to != accepted))
}
