//! A national platform that behaves badly on demand, for trying the port: by files or over HTTP, with a book of
//! what it took.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use kernel::platform::random;
use kernel::time::Utc;
use seal::sm2::SigningKey;
use serde_json::Value;

use super::rules::{Answer, Decoded, PLATFORM, Question, REGION, Reports, Results, context};
use crate::joint::rules::{envelope_text, read_envelope};
use crate::rules::Signed;

/// What it does wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Act {
    /// Answers 500.
    Error,
    /// Takes it, and the answer is lost.
    Lose,
    /// Answers what cannot be read.
    Garbage,
    /// Signs with another key.
    Forge,
    /// Answers something else than was asked.
    Mix,
    /// Says nothing about half of the lines.
    Half,
    /// Speaks of lines that nobody sent.
    Strange,
    /// Refuses a line.
    Refuse,
    /// Answers with a clock of long ago.
    Late,
}

impl Act {
    const ALL: [(Self, &'static str); 9] = [
        (Self::Error, "error"),
        (Self::Lose, "lose"),
        (Self::Garbage, "garbage"),
        (Self::Forge, "forge"),
        (Self::Mix, "mix"),
        (Self::Half, "half"),
        (Self::Strange, "strange"),
        (Self::Refuse, "refuse"),
        (Self::Late, "late"),
    ];
}

/// How it behaves: `good`, or `seed:NUMBER` with the usual chances of 15 percent each, or
/// `seed:NUMBER,word=percent,…` with those named and no others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    seed: u64,
    chances: Vec<u64>,
}

impl FromStr for Script {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "good" {
            return Ok(Self { seed: 0, chances: vec![0; Act::ALL.len()] });
        }
        let rest =
            text.strip_prefix("seed:").ok_or("a script is good or seed:NUMBER[,word=percent]")?;
        let (seed, words) = rest.split_once(',').unwrap_or((rest, ""));
        let seed = seed.parse().map_err(|_| format!("{seed:?} is no seed"))?;
        let usual = if words.is_empty() { 15 } else { 0 };
        let mut chances = vec![usual; Act::ALL.len()];
        for word in words.split(',').filter(|word| !word.is_empty()) {
            let (name, percent) = word.split_once('=').unwrap_or((word, "100"));
            let place = Act::ALL.iter().position(|(_, known)| *known == name);
            let percent = percent.parse().ok().filter(|percent| *percent <= 100);
            match (place, percent) {
                (Some(place), Some(percent)) => chances[place] = percent,
                _ => return Err(format!("{word:?} is no word=percent")),
            }
        }
        Ok(Self { seed, chances })
    }
}

impl Script {
    /// Whether it does this in its n-th answer.
    fn does(&self, act: Act, nth: u64) -> bool {
        let place = Act::ALL.iter().position(|(known, _)| *known == act).unwrap_or_default();
        let mixed = (self.seed ^ nth.wrapping_mul(0x9e37_79b9_7f4a_7c15))
            .wrapping_add(place as u64 + 1)
            .wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed >> 33) % 100 < self.chances[place]
    }
}

/// The platform.
pub struct Host {
    secret: [u8; 32],
    /// Keys of the regions that it hears, 66 digits.
    regions: Vec<String>,
    script: Script,
    book: PathBuf,
    /// Numbers of people who have a card elsewhere in the country.
    held: Vec<String>,
    /// Codes that it knows, and who stands behind them.
    codes: BTreeMap<String, Decoded>,
    /// Point of the region that decoded people are sealed for.
    seal: Option<Vec<u8>>,
    answers: AtomicU64,
    taken: Mutex<BTreeMap<String, Value>>,
}

impl Host {
    /// A platform with its key and a book that outlives it.
    ///
    /// # Errors
    /// The key is none, or the book cannot be read.
    pub fn open(
        secret: [u8; 32],
        regions: Vec<String>,
        script: Script,
        book: &Path,
    ) -> Result<Self, String> {
        SigningKey::from_secret(&secret, PLATFORM).map_err(|_| "the key is none".to_owned())?;
        let text = match std::fs::read_to_string(book) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(format!("{}: {error}", book.display())),
        };
        // A last line that was cut off by a kill was never answered for.
        let lines =
            text.lines().filter_map(|line| serde_json::from_str::<(String, Value)>(line).ok());
        Ok(Self {
            secret,
            regions,
            script,
            book: book.to_owned(),
            held: Vec::new(),
            codes: BTreeMap::new(),
            seal: None,
            answers: AtomicU64::new(0),
            taken: Mutex::new(lines.collect()),
        })
    }

    /// Who has a card elsewhere, which codes it knows, and the point that answers are sealed for.
    #[must_use]
    pub fn knowing(
        mut self,
        held: Vec<String>,
        codes: BTreeMap<String, Decoded>,
        seal: Option<Vec<u8>>,
    ) -> Self {
        (self.held, self.codes, self.seal) = (held, codes, seal);
        self
    }

    /// Its public key, 66 digits: for signatures and for envelopes.
    pub fn public_key(&self) -> String {
        let key = SigningKey::from_secret(&self.secret, PLATFORM);
        key.map(|key| hex::encode(key.verifying().to_compressed())).unwrap_or_default()
    }

    /// What it took: id of the line, and what was in it.
    pub fn taken(&self) -> BTreeMap<String, Value> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn heard<T: serde::de::DeserializeOwned>(&self, signed: &Signed) -> Option<T> {
        let opened = |key: &String| signed.open(key, REGION).ok();
        self.regions.iter().find_map(opened)
    }

    fn unseal(&self, place: &[u8], sealed: &str) -> Option<Vec<u8>> {
        seal::envelope::open(&self.secret, place, &read_envelope(sealed)?).ok()
    }

    /// The answer to a signed text, or an HTTP status.
    ///
    /// # Errors
    /// 403 for a stranger, 500 when it misbehaves.
    pub fn answer(&self, verb: &str, signed: &Signed) -> Result<String, u16> {
        let nth = self.answers.fetch_add(1, Ordering::Relaxed);
        let does = |act| self.script.does(act, nth);
        if does(Act::Error) {
            return Err(500);
        }
        let text = match verb {
            "reports" => {
                let reports = self.heard::<Reports>(signed).ok_or(403u16)?;
                let results = self.take(&reports, nth)?;
                serde_json::to_string(&results)
            }
            _ => {
                let question = self.heard::<Question>(signed).ok_or(403u16)?;
                serde_json::to_string(&self.look(verb, &question, nth))
            }
        };
        let text = text.map_err(|_| 500u16)?;
        if does(Act::Lose) {
            return Err(502);
        }
        if does(Act::Garbage) {
            return Ok("<html>维护中</html>".to_owned());
        }
        let secret = if does(Act::Forge) { [77; 32] } else { self.secret };
        let key = SigningKey::from_secret(&secret, PLATFORM).map_err(|_| 500u16)?;
        let signature = hex::encode(key.sign(text.as_bytes()));
        serde_json::to_string(&Signed { text, signature, before: None }).map_err(|_| 500)
    }

    /// Takes lines once, whatever comes twice.
    fn take(&self, reports: &Reports, nth: u64) -> Result<Results, u16> {
        let does = |act| self.script.does(act, nth);
        let mut results = Vec::new();
        for (place, line) in reports.lines.iter().enumerate() {
            if does(Act::Half) && place % 2 == 1 {
                continue;
            }
            let bound = context(&reports.region, &line.kind, &line.id);
            let plain = self.unseal(&bound, &line.sealed);
            let said = plain.and_then(|plain| serde_json::from_slice::<Value>(&plain).ok());
            let result = match said {
                None => "unreadable",
                Some(_) if does(Act::Refuse) && place == 0 => "refused",
                Some(said) => {
                    self.write(&line.id, said).map_err(|_| 500u16)?;
                    "ok"
                }
            };
            results.push((line.id.clone(), result.to_owned()));
        }
        if does(Act::Strange) {
            results.push(("nobody's".to_owned(), "ok".to_owned()));
        }
        let id = if does(Act::Mix) { "f".repeat(32) } else { reports.id.clone() };
        Ok(Results { id, results })
    }

    fn write(&self, id: &str, said: Value) -> std::io::Result<()> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.contains_key(id) {
            return Ok(());
        }
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&self.book)?;
        writeln!(file, "{}", serde_json::to_string(&(id, &said))?)?;
        taken.insert(id.to_owned(), said);
        Ok(())
    }

    fn look(&self, verb: &str, question: &Question, nth: u64) -> Answer {
        let does = |act| self.script.does(act, nth);
        let bound = context(&question.region, verb, &question.id);
        let plain = self.unseal(&bound, &question.sealed).unwrap_or_default();
        let asked = String::from_utf8_lossy(&plain).into_owned();
        let at = Utc::now().seconds() - if does(Act::Late) { 10_000 } else { 0 };
        let id = if does(Act::Mix) { "f".repeat(32) } else { question.id.clone() };
        let no =
            Answer { id, at, result: "unknown".to_owned(), held: false, sealed: String::new() };
        match verb {
            "held" => Answer { held: self.held.contains(&asked), result: "ok".to_owned(), ..no },
            _ => match self.codes.get(&asked).and_then(|who| self.sealed(question, who)) {
                Some(sealed) => Answer { result: "ok".to_owned(), sealed, ..no },
                None => no,
            },
        }
    }

    fn sealed(&self, question: &Question, who: &Decoded) -> Option<String> {
        let place = context(&question.region, "decoded", &question.id);
        let plain = serde_json::to_vec(who).ok()?;
        let sealed = seal::envelope::seal(self.seal.as_deref()?, &random::<32>(), &place, &plain);
        sealed.ok().map(|sealed| envelope_text(&sealed))
    }

    /// Looks once into `FOLDER/national-out` and answers into `FOLDER/national-in`.
    ///
    /// # Errors
    /// The folders cannot be read or written.
    pub fn step(&self, folder: &Path) -> std::io::Result<usize> {
        let (out, into) = (folder.join("national-out"), folder.join("national-in"));
        std::fs::create_dir_all(&into)?;
        let mut count = 0;
        let Ok(all) = std::fs::read_dir(&out) else { return Ok(0) };
        for entry in all {
            let path = entry?.path();
            let Some(name) =
                path.file_name().filter(|_| path.extension().is_some_and(|e| e == "json"))
            else {
                continue;
            };
            let answer = into.join(name);
            if answer.exists() {
                continue;
            }
            let text = std::fs::read_to_string(&path)?;
            let Ok(signed) = serde_json::from_str::<Signed>(&text) else { continue };
            // An error leaves the file for the next look.
            if let Ok(text) = self.answer("reports", &signed) {
                let part = into.join(format!("{}.part", name.to_string_lossy()));
                std::fs::write(&part, text)?;
                std::fs::rename(&part, &answer)?;
                count += 1;
            }
        }
        Ok(count)
    }
}

/// `POST /reports`, `/held`, `/decode`.
pub fn router(host: Arc<Host>) -> Router {
    let say = |verb: &'static str| {
        post(move |State(host): State<Arc<Host>>, Json(signed): Json<Signed>| async move {
            hear(&host, verb, &signed)
        })
    };
    Router::new()
        .route("/reports", say("reports"))
        .route("/held", say("held"))
        .route("/decode", say("decode"))
        .with_state(host)
}

fn hear(host: &Host, verb: &str, signed: &Signed) -> Response {
    match host.answer(verb, signed) {
        Ok(text) => ([("content-type", "application/json")], text).into_response(),
        Err(status) => StatusCode::from_u16(status)
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            .into_response(),
    }
}
