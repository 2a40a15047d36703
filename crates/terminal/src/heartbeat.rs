//! The sign of life: what this terminal holds, what is wrong with it, and whether its clock is right.

use serde::{Deserialize, Serialize};

use crate::clock;
use crate::device::FIRMWARE;
use crate::online::{Failure, Platform};
use crate::station::Station;

#[derive(Serialize)]
struct Beat {
    firmware: &'static str,
    clock: i64,
    keys_serial: u32,
    status_serial: u32,
    status_issued_at: i64,
    items_serial: u64,
    waiting: u64,
    faults: Vec<&'static str>,
}

#[derive(Deserialize)]
struct Heard {
    at: i64,
    #[serde(default)]
    blocked: bool,
}

impl Station {
    /// Tells the platform how this terminal is; takes over whether it is blocked and compares clocks.
    ///
    /// # Errors
    /// [`Failure`]; what was known before stays.
    pub fn heartbeat(&self, platform: &Platform) -> Result<(), Failure> {
        let before = self.now_s();
        let beat = self.beat(before);
        let heard: Heard = platform.post("/api/v1/terminals/heartbeat", &beat)?;
        let after = self.now_s();
        self.store().note(|mark| {
            mark.blocked = heard.blocked;
            clock::compared(mark, before, heard.at, after);
        })?;
        Ok(())
    }

    fn beat(&self, now_s: i64) -> Beat {
        let faults = self.faults(now_s);
        let store = self.store();
        let status = store.status().map(|status| status.state());
        Beat {
            firmware: FIRMWARE,
            clock: now_s,
            keys_serial: store.keys().map_or(0, |keys| keys.body().serial),
            status_serial: status.map_or(0, |status| status.serial),
            status_issued_at: status.map_or(0, |status| i64::from(status.issued_s)),
            items_serial: store.items().map_or(0, |items| items.serial),
            waiting: store.waiting(),
            faults,
        }
    }
}
