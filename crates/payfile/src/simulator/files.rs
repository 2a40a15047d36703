//! The host over a folder.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use seal::sm2::{SigningKey, VerifyingKey};

use super::book::{Book, BookedBatch, Move};
use super::iso;
use super::script::{Act, Script};
use super::story::{self, Telling};
use crate::codes::{Codes, Meaning};
use crate::contract::{Batch, Reason, ReportKind};
use crate::layout::Layout;
use crate::port::folder;
use crate::text::{self, ReportHead, ReportLine};

/// What the bank and the script are; one for all ways.
pub struct Host {
    /// Short code of the bank.
    pub bank: String,
    /// What the bank signs with.
    pub key: SigningKey,
    /// Keys of the platform.
    pub platform: Vec<VerifyingKey>,
    /// The bank's codes.
    pub codes: Codes,
    /// What goes wrong.
    pub script: Script,
    /// Where the book is.
    pub book: PathBuf,
    state: Mutex<State>,
}

/// What a restart forgets, but for the book.
pub(super) struct State {
    pub book: Book,
    rounds: HashMap<String, u64>,
}

impl Host {
    /// A host whose book is at this place.
    ///
    /// # Errors
    /// The book cannot be opened.
    pub fn open(
        bank: &str,
        key: SigningKey,
        platform: Vec<VerifyingKey>,
        script: Script,
        book: &Path,
    ) -> io::Result<Arc<Self>> {
        let state = State { book: Book::open(book)?, rounds: HashMap::new() };
        let (bank, book, state) = (bank.to_owned(), book.to_owned(), Mutex::new(state));
        let codes = Codes::shipped("plain").expect("a shipped map");
        Ok(Arc::new(Self { bank, key, platform, codes, script, book, state }))
    }

    /// Works on the state; after a panic elsewhere too, for the book on disk is what counts.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes a batch; when the script says so the host forgets all but its book just after.
    pub(super) fn take(&self, batch: &Batch) -> io::Result<bool> {
        self.with(|state| {
            let taken = state.book.take(batch, &self.script)?;
            if self.script.does(Act::Restart, &batch.id) {
                *state = State { book: Book::open(&self.book)?, rounds: HashMap::new() };
            }
            Ok(taken)
        })
    }
}

impl State {
    /// Numbers of what is put away with a report of this number: a refusal stands for all of a batch.
    pub(super) fn ids(&self, batch: &str, report: &str, script: &Script) -> Vec<String> {
        match self.book.batch(batch) {
            Some(booked) if booked.refused.is_some() => {
                story::tellings(booked, script).into_iter().map(|telling| telling.id).collect()
            }
            _ => vec![report.to_owned()],
        }
    }

    /// What is due of a batch and was not told under this prefix; each call is a round. Money that a
    /// report says came back is back before anybody reads it.
    pub(super) fn due(
        &mut self,
        batch: &str,
        prefix: &str,
        script: &Script,
    ) -> io::Result<Vec<(Telling, BookedBatch)>> {
        let Some(booked) = self.book.batch(batch) else { return Ok(Vec::new()) };
        let round = self.rounds.entry(batch.to_owned()).or_default();
        *round += 1;
        let mut due = story::tellings(booked, script);
        due.retain(|t| t.round < *round && !self.book.is_told(&format!("{prefix}{}", t.id)));
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let booked = booked.clone();
        if due.iter().any(|telling| telling.kind == ReportKind::Statement) {
            for order in booked.orders.iter().filter(|order| order.fate == Move::Bounced) {
                self.book.bounce(batch, &order.reference)?;
            }
        }
        Ok(due.into_iter().map(|telling| (telling, booked.clone())).collect())
    }
}

/// What the files in the folder are.
pub enum Files {
    /// Text by a layout.
    Text(Layout),
    /// ISO 20022.
    Iso,
}

/// The host over a folder as the platform has it.
pub struct Folder {
    host: Arc<Host>,
    folder: PathBuf,
    files: Files,
}

impl Folder {
    /// A host on a folder.
    pub fn new(host: Arc<Host>, folder: &Path, files: Files) -> Self {
        Self { host, folder: folder.to_owned(), files }
    }

    /// One round: takes what lies in `out`, brings what is due to `in`; how many files it moved.
    ///
    /// # Errors
    /// The folder or the book cannot be read or written.
    pub fn step(&self) -> io::Result<usize> {
        let mut moved = 0;
        let (out, taken) = (self.folder.join("out"), self.folder.join("taken"));
        for name in folder::done_names(&out)? {
            let path = out.join(&name);
            let (digest, signed) = folder::check(&path, &self.host.platform)?;
            let batch = signed.and_then(|()| {
                folder::parse_exactly(&path, &digest, |mut input| self.read(&mut input))
            });
            let fault = match batch {
                Ok(batch) if batch.bank != self.host.bank => "it is for another bank".to_owned(),
                Ok(batch) => {
                    if !self.host.take(&batch)? {
                        self.say_duplicate(&batch, &hex::encode(&digest[..4]))?;
                    }
                    String::new()
                }
                Err(why) => why,
            };
            folder::put_away(&out, &name, &taken, &digest, &fault)?;
            moved += 1;
        }
        let batches: Vec<String> =
            self.host.with(|state| state.book.batches().map(|b| b.batch.clone()).collect());
        for batch in batches {
            moved += self.tell(&batch)?;
        }
        Ok(moved)
    }

    fn read(&self, input: &mut dyn io::BufRead) -> Result<Batch, String> {
        match &self.files {
            Files::Text(layout) => {
                let words = |faults: Vec<text::Fault>| faults.first().map(ToString::to_string);
                text::read_batch(input, layout).map_err(|f| words(f).unwrap_or_default())
            }
            Files::Iso => iso::read_batch(input, &self.host.bank),
        }
    }

    fn tell(&self, batch: &str) -> io::Result<usize> {
        let due = self.host.with(|state| state.due(batch, "file ", &self.host.script))?;
        for (telling, booked) in &due {
            let mut bytes = self.bytes(telling, booked)?;
            if telling.cut {
                bytes.truncate(bytes.len() * 2 / 3);
            }
            self.bring(batch, &telling.id, &bytes)?;
            // Noted after it was brought: killed in between, the host brings it once more.
            self.host.with(|state| state.book.tell(&format!("file {}", telling.id)))?;
        }
        Ok(due.len())
    }

    fn bytes(&self, telling: &Telling, booked: &BookedBatch) -> io::Result<Vec<u8>> {
        let lines = story::lines(telling, booked, &self.host.script);
        let layout = match &self.files {
            Files::Iso => return Ok(iso::write(telling, booked, &lines).into_bytes()),
            Files::Text(layout) => layout,
        };
        let codes = &self.host.codes;
        let verdict = telling.verdict.map_or("", |verdict| codes.of_batch(verdict));
        let head = ReportHead {
            report: telling.id.clone(),
            kind: telling.kind,
            batch: booked.batch.clone(),
            bank: self.host.bank.clone(),
            verdict: verdict.to_owned(),
            date: booked.date.clone(),
        };
        let line = |told: story::Told| ReportLine {
            seq: told.seq,
            reference: told.order.reference,
            fen: told.order.fen,
            code: codes.of_line(told.meaning).to_owned(),
            bank_ref: told.bank_ref,
            at: told.at,
        };
        let lines: Vec<ReportLine> = lines.into_iter().map(line).collect();
        text::write_report(Vec::new(), layout, &head, &lines).map_err(io::Error::other)
    }

    /// A batch came again with other content: the bank says that it has this id.
    fn say_duplicate(&self, batch: &Batch, mark: &str) -> io::Result<()> {
        let verdict = Some(Meaning::Bad(Reason::DuplicateBatch));
        let telling = Telling {
            id: format!("D{mark}"),
            kind: ReportKind::Receipt,
            verdict,
            part: 0..0,
            round: 0,
            cut: false,
            mixed: false,
        };
        let booked = self.host.with(|state| state.book.batch(&batch.id).cloned());
        let Some(booked) = booked else { return Ok(()) };
        let bytes = self.bytes(&telling, &booked)?;
        self.bring(&batch.id, &telling.id, &bytes)
    }

    fn bring(&self, batch: &str, id: &str, bytes: &[u8]) -> io::Result<()> {
        let ending = if matches!(self.files, Files::Iso) { "xml" } else { "txt" };
        let name = format!("RPT_{}_{batch}_{id}.{ending}", self.host.bank);
        let desk = self.folder.join("desk");
        folder::write_whole(&desk, &name, bytes)?;
        folder::hand_over(&desk.join(&name), &self.folder.join("in"), &name, &self.host.key)?;
        std::fs::remove_file(desk.join(&name))
    }
}
