//! A biller's host to try the port on: it knows accounts by a rule, keeps a book of what was posted, and
//! misbehaves as its seed says: silent after the work, deaf, paid elsewhere meanwhile, a line left out
//! of its statement or told twice.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{self, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use kernel::time::{Utc, day_text};
use payfile::port::folder;
use payfile::port::wire::{NONCE, SIGNATURE, TIME, answer_text, request_text};
use seal::sm2::{SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use super::port::file::{read, write};
use super::port::{Answer, BillLine, BillerPort, PostedLine, Request, Told};

/// How likely each misbehaviour is, in percent, and the seed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Script {
    /// The seed.
    pub seed: u64,
    /// The work is done, the answer is lost.
    pub silence: u8,
    /// Nothing arrives.
    pub deaf: u8,
    /// The bill was paid elsewhere meanwhile.
    pub elsewhere: u8,
    /// The statement leaves a line out.
    pub omit: u8,
    /// The statement tells a line twice.
    pub double: u8,
}

impl Script {
    fn number(&self, what: &str, name: &str) -> u64 {
        let sum = seal::sm3::sm3(format!("{}|{what}|{name}", self.seed).as_bytes());
        u64::from_le_bytes(sum[..8].try_into().expect("eight of 32 bytes"))
    }

    fn does(&self, what: &str, percent: u8, name: &str) -> bool {
        self.number(what, name) % 100 < u64::from(percent)
    }
}

#[derive(Clone, Serialize, Deserialize)]
struct Posted {
    key: String,
    bill: String,
    fen: i64,
    day: String,
    reference: String,
}

/// What the host remembers.
#[derive(Default)]
struct Book {
    posted: BTreeMap<String, Posted>,
    asked: BTreeMap<String, u64>,
}

/// A biller's host.
pub struct Desk {
    script: Script,
    book: Mutex<Book>,
    path: Option<PathBuf>,
}

impl Desk {
    /// A host in memory.
    pub fn new(script: Script) -> Self {
        Self { script, book: Mutex::default(), path: None }
    }

    /// A host whose book is on disk and survives being killed.
    ///
    /// # Errors
    /// The book cannot be read.
    pub fn open(script: Script, path: &Path) -> io::Result<Self> {
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            other => other?,
        };
        let posted = text.lines().filter_map(|line| serde_json::from_str::<Posted>(line).ok());
        let posted = posted.map(|one| (one.key.clone(), one)).collect();
        let book = Mutex::new(Book { posted, asked: BTreeMap::new() });
        Ok(Self { script, book, path: Some(path.to_owned()) })
    }

    /// Answers a question; `None` is silence.
    pub fn answer(&self, key: &str, request: &Request) -> Option<Answer> {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let times = book.asked.entry(key.to_owned()).or_default();
        *times += 1;
        let name = format!("{key} {times}");
        if self.script.does("deaf", self.script.deaf, &name) {
            return None;
        }
        let answer = match request {
            Request::Lookup { account } => self.look_up(&book, account),
            // What is not in the book is not answered.
            Request::Post { bill, fen, paid_on, .. } => {
                self.post(&mut book, key, bill, *fen, paid_on).ok()?
            }
            Request::Statement { day } => self.statement(&book, day),
        };
        (!self.script.does("silence", self.script.silence, &name)).then_some(answer)
    }

    /// Accounts are those whose number has at least eight characters and does not end with 0; each has
    /// the bills of the last two months.
    fn look_up(&self, book: &Book, account: &str) -> Answer {
        if account.len() < 8 || account.ends_with('0') {
            return Answer::NoAccount;
        }
        let today = Utc::now().day();
        let month = today.replace_day(1).unwrap_or(today);
        let bills = (1..=2i64).filter_map(|back| {
            let of = month.saturating_sub(time::Duration::days(back * 30 - 15));
            let period = day_text(of)[..7].to_owned();
            let number = format!("{account}-{}", period.replace('-', ""));
            let fen = 1_850 + (self.script.number("fen", &number) % 16_000) as i64;
            let due = month.saturating_add(time::Duration::days(40 - back * 7));
            let paid = book.posted.values().any(|posted| posted.bill == number);
            let bill = BillLine { number, period, fen, due_on: day_text(due) };
            (!paid).then_some(bill)
        });
        Answer::Account { name: "*先生/女士".to_owned(), bills: bills.collect() }
    }

    fn post(
        &self,
        book: &mut Book,
        key: &str,
        bill: &str,
        fen: i64,
        day: &str,
    ) -> io::Result<Answer> {
        if let Some(known) = book.posted.get(key) {
            return Ok(Answer::Posted { reference: known.reference.clone() });
        }
        let taken = book.posted.values().any(|posted| posted.bill == bill);
        if taken || self.script.does("elsewhere", self.script.elsewhere, bill) {
            return Ok(Answer::Refused { reason: "paid".to_owned() });
        }
        let reference = format!("R{:08}", self.script.number("receipt", key) % 100_000_000);
        let one = Posted {
            key: key.to_owned(),
            bill: bill.to_owned(),
            fen,
            day: day.to_owned(),
            reference: reference.clone(),
        };
        self.keep(&one)?;
        book.posted.insert(key.to_owned(), one);
        Ok(Answer::Posted { reference })
    }

    fn keep(&self, one: &Posted) -> io::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        let mut file = fs::OpenOptions::new().create(true).append(true).open(path)?;
        file.write_all((serde_json::to_string(one)? + "\n").as_bytes())?;
        file.sync_data()
    }

    fn statement(&self, book: &Book, day: &str) -> Answer {
        let mut lines = Vec::new();
        for one in book.posted.values().filter(|one| one.day == day) {
            let line = PostedLine { key: one.key.clone(), bill: one.bill.clone(), fen: one.fen };
            if !self.script.does("omit", self.script.omit, &one.key) {
                lines.push(line.clone());
            }
            if self.script.does("double", self.script.double, &one.key) {
                lines.push(line);
            }
        }
        Answer::Statement { lines }
    }

    /// What was posted: the key and fen of each.
    pub fn posted(&self) -> Vec<(String, i64)> {
        let book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        book.posted.values().map(|one| (one.key.clone(), one.fen)).collect()
    }
}

impl BillerPort for Desk {
    fn ask(&self, key: &str, request: &Request) -> Told {
        match self.answer(key, request) {
            Some(answer) => super::port::sound(answer),
            None => Told::Unknown("silence".to_owned()),
        }
    }
}

/// The host over a folder, as [`super::port::file`] has it.
pub struct Folder {
    desk: Desk,
    folder: PathBuf,
    key: SigningKey,
    platform: Vec<VerifyingKey>,
}

impl Folder {
    /// A host on a folder.
    pub fn new(desk: Desk, folder: &Path, key: SigningKey, platform: Vec<VerifyingKey>) -> Self {
        Self { desk, folder: folder.to_owned(), key, platform }
    }

    /// Answers what lies in `out`; how many questions it took.
    ///
    /// # Errors
    /// The folder cannot be read or written.
    pub fn step(&self) -> io::Result<usize> {
        let out = self.folder.join("out");
        if !out.exists() {
            return Ok(0);
        }
        let mut count = 0;
        for name in folder::done_names(&out)? {
            let Some(key) = name.strip_prefix("REQ_").and_then(|name| name.strip_suffix(".json"))
            else {
                continue;
            };
            let request = read::<Request>(&out, &name, &self.platform);
            if let Ok(Some(request)) = request
                && let Some(answer) = self.desk.answer(key, &request)
            {
                let body = serde_json::to_vec(&answer)?;
                write(&self.folder, "in", &format!("ANS_{key}.json"), &body, &self.key)?;
                count += 1;
            }
            for end in [".done", ".sig", ""] {
                fs::remove_file(out.join(format!("{name}{end}")))?;
            }
        }
        Ok(count)
    }
}

/// What the HTTP host needs.
struct Web {
    desk: Desk,
    key: SigningKey,
    platform: Vec<VerifyingKey>,
}

/// The host over HTTP, as [`super::port::http`] has it.
pub fn router(desk: Desk, key: SigningKey, platform: Vec<VerifyingKey>) -> Router {
    let web = Arc::new(Web { desk, key, platform });
    Router::new().route("/bills/{key}", post(answer_web)).with_state(web)
}

async fn answer_web(
    State(web): State<Arc<Web>>,
    extract::Path(key): extract::Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let header = |name: &str| {
        headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    let (path, nonce) = (format!("/bills/{key}"), header(NONCE));
    let text = request_text("POST", &path, &header(TIME), &nonce, &body);
    let signature = hex::decode(header(SIGNATURE)).ok();
    let signature = signature.and_then(|bytes| <[u8; 64]>::try_from(bytes).ok());
    let holds = signature.is_some_and(|signature| {
        web.platform.iter().any(|key| key.verifies(text.as_bytes(), &signature))
    });
    let Some(request) = holds.then(|| serde_json::from_slice::<Request>(&body).ok()).flatten()
    else {
        return StatusCode::FORBIDDEN.into_response();
    };
    // Silence over HTTP is a gateway's word without a signature.
    let Some(answer) = web.desk.answer(&key, &request) else {
        return StatusCode::GATEWAY_TIMEOUT.into_response();
    };
    let body = serde_json::to_vec(&answer).unwrap_or_default();
    let signed = web.key.sign(answer_text(200, &path, &nonce, &body).as_bytes());
    ([(SIGNATURE, hex::encode(signed))], body).into_response()
}
