//! The terminal as a whole: asks the platform, judges alone where it must and may, and keeps itself up
//! to date.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use seal::cq1::CredentialCache;

use crate::clock;
use crate::denied::{Denied, No};
use crate::offline;
use crate::online::{Answer, Asked, Failure, Platform};
use crate::report::Synced;
use crate::store::Store;
use crate::upload::Double;
use crate::vault::StoreError;

/// Credentials whose issuer signature is remembered.
const CACHE: usize = 4_096;
/// Holders whose tables are kept: 8 MiB.
const TABLES: usize = 256;
/// After a question without an answer the next ones are judged here at once, for so long.
const AWAY: Duration = Duration::from_secs(15);
/// How often [`Station::keep_in_touch`] talks to the platform: a loss is known within a minute.
pub const ROUND: Duration = Duration::from_secs(15);

/// A terminal at work; shared by threads.
#[derive(Debug)]
pub struct Station {
    store: Mutex<Store>,
    platform: Mutex<Platform>,
    cache: Mutex<CredentialCache>,
    away_until: Mutex<Option<Instant>>,
    last: Mutex<Synced>,
    clock: fn() -> i64,
}

impl Station {
    /// Opens the folder of an enrolled terminal.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(folder: &Path, passphrase: Option<&str>) -> Result<Self, StoreError> {
        Ok(Self::new(Store::open(folder, passphrase)?, clock::now_s))
    }

    /// A terminal with this store and clock (UTC seconds).
    pub fn new(store: Store, clock: fn() -> i64) -> Self {
        let platform = Platform::new(&store.device().server, &store.device().token);
        Self {
            store: Mutex::new(store),
            platform: Mutex::new(platform),
            cache: Mutex::new(CredentialCache::new(CACHE).with_tables(TABLES)),
            away_until: Mutex::default(),
            last: Mutex::default(),
            clock,
        }
    }

    /// What the terminal keeps.
    pub fn store(&self) -> MutexGuard<'_, Store> {
        held(&self.store)
    }

    /// The way to the platform.
    pub fn platform(&self) -> Platform {
        held(&self.platform).clone()
    }

    pub(crate) fn reconnect(&self) {
        let platform = {
            let store = self.store();
            Platform::new(&store.device().server, &store.device().token)
        };
        *held(&self.platform) = platform;
    }

    /// This terminal's clock, UTC seconds.
    pub fn now_s(&self) -> i64 {
        (self.clock)()
    }

    /// Asks the platform; without it, judges a code alone where the item allows that. Whatever goes
    /// wrong is a no. `amount_fen` is what the item would cost: without a network only zero passes.
    pub fn verify(&self, asked: &Asked, amount_fen: u64) -> Answer {
        if self.store().mark().blocked {
            return denied(Denied::Blocked.into());
        }
        if !self.is_away() {
            match self.platform().verify(asked) {
                Ok(answer) => return answer,
                Err(Failure::Unreachable(_)) => self.went_away(),
                Err(failure) => return self.failed(&failure),
            }
        }
        match &asked.code {
            Some(code) => self.verify_offline(&asked.item, code, amount_fen),
            None => denied(Denied::NotOffline.into()),
        }
    }

    /// Judges a code without asking the platform.
    pub fn verify_offline(&self, item: &str, code: &str, amount_fen: u64) -> Answer {
        let (mut store, mut cache) = (self.store(), held(&self.cache));
        match offline::judge(&mut store, &mut cache, item, code, amount_fen, self.now_s()) {
            Err(no) => denied(no),
            Ok(passed) => Answer {
                text: to_see(&store, item),
                to_see: store
                    .items()
                    .and_then(|items| items.find(item))
                    .map_or_else(Vec::new, |item| item.groups.clone()),
                result: "yes".into(),
                id: format!("{}#{}", store.device().id, passed.seq),
                level: Some("code".into()),
                offline: true,
                list_age_s: Some(passed.list_age_s),
                ..Answer::default()
            },
        }
    }

    fn failed(&self, failure: &Failure) -> Answer {
        if failure.is_block() {
            let _ = self.store().note(|mark| mark.blocked = true);
            return denied(Denied::Blocked.into());
        }
        let why = match failure {
            Failure::Refused { code, .. } if !code.is_empty() => code.clone(),
            _ => "terminal/platform".to_owned(),
        };
        let (why, text) = (Some(why), Some(failure.to_string()));
        Answer { result: "no".into(), why, text, ..Answer::default() }
    }

    /// Whether the platform was out of reach a moment ago.
    pub fn is_away(&self) -> bool {
        held(&self.away_until).is_some_and(|until| Instant::now() < until)
    }

    fn went_away(&self) {
        *held(&self.away_until) = Some(Instant::now() + AWAY);
    }

    /// One round with the platform: sign of life, token, lists, journal, refusals. What fails does not
    /// keep the rest from being done.
    pub fn sync(&self) -> Synced {
        let mut done = Synced { at: self.now_s(), ..Synced::default() };
        let platform = self.platform();
        match self.heartbeat(&platform) {
            Err(Failure::Unreachable(error)) => {
                self.went_away();
                done.problems.push(error);
                return self.finished(done);
            }
            other => {
                done.note(other);
            }
        }
        done.reached = true;
        *held(&self.away_until) = None;
        done.note(self.renew_token(self.now_s()));
        let platform = self.platform();
        done.note(self.refresh_keys(&platform));
        done.note(self.refresh_status(&platform));
        done.note(self.refresh_items(&platform));
        done.note(self.refresh_neighbours(&platform));
        if let Some(uploaded) = done.note(self.upload(&platform)) {
            (done.uploaded, done.doubles) = (uploaded.entries, uploaded.doubles);
        }
        done.note(self.upload_refusals(&platform));
        self.finished(done)
    }

    fn finished(&self, done: Synced) -> Synced {
        let mut last = held(&self.last);
        // What was raised stays in sight until the program ends.
        let raised: Vec<Double> = last.doubles.iter().chain(&done.doubles).cloned().collect();
        *last = Synced { doubles: raised, ..done.clone() };
        done
    }

    /// What the last round did; `doubles` of all rounds.
    pub fn last(&self) -> Synced {
        held(&self.last).clone()
    }

    /// Talks to the platform every [`ROUND`] until `stop` says so; runs in a thread of its own.
    pub fn keep_in_touch(&self, stop: impl Fn() -> bool) {
        while !stop() {
            self.sync();
            let until = Instant::now() + ROUND;
            while !stop() && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(100));
            }
        }
    }
}

/// What is left to be seen: without a network nobody's age or group is known.
fn to_see(store: &Store, item: &str) -> Option<String> {
    let names = &store.items()?.find(item)?.groups_zh;
    (!names.is_empty()).then(|| format!("请核对持卡人属于：{}", names.join("、")))
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn denied(no: No) -> Answer {
    let both = |(chinese, english): (&str, &str)| Some(format!("{chinese} / {english}"));
    Answer {
        result: "no".into(),
        why: Some(no.code().into()),
        text: both(no.text()),
        advice: both(no.advice()),
        article: Some(no.article()),
        offline: true,
        ..Answer::default()
    }
}

#[cfg(test)]
mod tests;
