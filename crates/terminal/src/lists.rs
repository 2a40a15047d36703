//! Bringing the lists up to date: keys, status and items.

use seal::cq1::ListError;

use crate::items::ItemList;
use crate::online::{Failure, Fetched, Platform};
use crate::station::Station;
use crate::store::MOST_DELTAS;

const WHOLE: &str = "/api/v1/cq1/status";

impl Station {
    /// Gets the key list when there is a newer one.
    ///
    /// # Errors
    /// [`Failure`]; the list that is held stays.
    pub fn refresh_keys(&self, platform: &Platform) -> Result<(), Failure> {
        let held = self.store().keys().map(|keys| u64::from(keys.body().serial));
        match platform.get("/api/v1/cq1/keys", held)? {
            Fetched::New(list) => Ok(self.store().put_keys(&list)?),
            Fetched::Same | Fetched::Nothing => Ok(()),
        }
    }

    /// Follows the chain of deltas to the newest status list, or gets the whole list where the chain does
    /// not lead there.
    ///
    /// # Errors
    /// [`Failure`]; the list that is held stays.
    pub fn refresh_status(&self, platform: &Platform) -> Result<(), Failure> {
        for _ in 0..MOST_DELTAS {
            let held = self.store().status().map(|status| status.state().serial);
            let Some(base) = held else { break };
            let delta = match platform.get(&format!("{WHOLE}/deltas/{base}"), None) {
                Ok(Fetched::New(delta)) => delta,
                Ok(Fetched::Nothing | Fetched::Same) => return Ok(()),
                Err(Failure::Refused { status: 404, .. }) => break,
                Err(failure) => return Err(failure),
            };
            match self.store().put_delta(&delta, self.now_s()).map_err(Failure::from) {
                Ok(()) => {}
                Err(Failure::List(ListError::Base)) => break,
                Err(failure) => return Err(failure),
            }
        }
        match platform.get(WHOLE, None)? {
            Fetched::New(list) => Ok(self.store().put_status(&list, self.now_s())?),
            Fetched::Same | Fetched::Nothing => Ok(()),
        }
    }

    /// Gets the list of items when there is a newer one, and notes that the platform confirmed it.
    ///
    /// # Errors
    /// [`Failure`]; the list that is held stays.
    pub fn refresh_items(&self, platform: &Platform) -> Result<(), Failure> {
        let held = self.store().items().cloned();
        let fetched =
            platform.get("/api/v1/terminals/items", held.as_ref().map(|list| list.serial))?;
        let list = match (fetched, held) {
            (Fetched::New(bytes), _) => {
                let list = serde_json::from_slice::<ItemList>(&bytes);
                list.map_err(|error| Failure::Answer(error.to_string()))?
            }
            (_, Some(held)) => held,
            (_, None) => return Ok(()),
        };
        let list = ItemList { confirmed_at: self.now_s(), ..list };
        Ok(self.store().put_items(list)?)
    }
}
