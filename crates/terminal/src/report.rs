//! How the terminal is, for its operator.

use serde::Serialize;

use crate::clock;
use crate::online::Failure;
use crate::station::Station;
use crate::store::MOST_WAITING;
use crate::upload::Double;

/// What a round with the platform did.
#[derive(Clone, Debug, Default, Serialize, PartialEq, Eq)]
pub struct Synced {
    /// When, UTC seconds.
    pub at: i64,
    /// Whether the platform answered.
    pub reached: bool,
    /// Entries of the journal that it took.
    pub uploaded: u64,
    /// Those that it raised.
    pub doubles: Vec<Double>,
    /// What did not work, in words.
    pub problems: Vec<String>,
}

impl Synced {
    pub(crate) fn note<T>(&mut self, result: Result<T, Failure>) -> Option<T> {
        result.map_err(|failure| self.problems.push(failure.to_string())).ok()
    }
}

/// State of a terminal.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct Report {
    /// Id on the platform.
    pub id: String,
    /// Address of the platform.
    pub server: String,
    /// Where it stands.
    pub place: String,
    /// Whose it is.
    pub org: String,
    /// Whether the platform answered last.
    pub online: bool,
    /// Whether the platform blocked it.
    pub blocked: bool,
    /// `ok`, or why the clock is not believed.
    pub clock: &'static str,
    /// What this clock is ahead of the platform's, seconds, when last compared.
    pub skew_s: i64,
    /// Serial of the key list; 0 when none is held.
    pub keys_serial: u32,
    /// Until when the key list is believed, UTC seconds.
    pub keys_until: Option<u32>,
    /// Serial of the status list; 0 when none is held.
    pub status_serial: u32,
    /// Its age, seconds.
    pub status_age_s: Option<i64>,
    /// Serial of the list of items.
    pub items_serial: u64,
    /// Seconds since the platform confirmed it.
    pub items_age_s: Option<i64>,
    /// Codes of the items with the uses per card and day without a network.
    pub items: Vec<(String, u32)>,
    /// Uses that are not uploaded.
    pub waiting: u64,
    /// Refusals that are not uploaded.
    pub refusals_waiting: usize,
    /// Last moment of the token, UTC seconds.
    pub token_until: i64,
    /// What is wrong, as the platform is told.
    pub faults: Vec<&'static str>,
    /// The last round with the platform.
    pub last: Synced,
}

impl Station {
    /// How the terminal is.
    pub fn report(&self) -> Report {
        let now_s = self.now_s();
        let (last, faults) = (self.last(), self.faults(now_s));
        let store = self.store();
        let (device, mark) = (store.device(), store.mark());
        let (keys, status, items) = (store.keys(), store.status(), store.items());
        Report {
            id: device.id.clone(),
            server: device.server.clone(),
            place: device.place.clone(),
            org: device.org.clone(),
            online: last.reached && !self.is_away(),
            blocked: mark.blocked,
            clock: clock::check(mark, now_s).err().map_or("ok", |denied| denied.code()),
            skew_s: mark.skew_s,
            keys_serial: keys.map_or(0, |keys| keys.body().serial),
            keys_until: keys.map(|keys| keys.body().next_update_s),
            status_serial: status.map_or(0, |status| status.state().serial),
            status_age_s: status.map(|status| status.age_s(now_s)),
            items_serial: items.map_or(0, |items| items.serial),
            items_age_s: items.map(|items| now_s - items.confirmed_at),
            items: items.map_or_else(Vec::new, |items| {
                items.items.iter().map(|item| (item.code.clone(), item.offline.count)).collect()
            }),
            waiting: store.waiting(),
            refusals_waiting: store.refusals().len(),
            token_until: device.token_until,
            faults,
            last,
        }
    }

    /// What is wrong with this terminal now.
    pub fn faults(&self, now_s: i64) -> Vec<&'static str> {
        let store = self.store();
        let mut faults = Vec::new();
        if clock::check(store.mark(), now_s).is_err() {
            faults.push("clock");
        }
        let old = |age: i64| age > seal::cq1::MAX_LIST_AGE_S;
        if store.status().is_none_or(|status| old(status.age_s(now_s))) || store.keys().is_none() {
            faults.push("lists");
        }
        if store.waiting() >= MOST_WAITING / 2 {
            faults.push("journal");
        }
        faults
    }
}
