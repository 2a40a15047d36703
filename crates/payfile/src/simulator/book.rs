//! The bank's book: an append-only file of JSON lines, each with its SM3 in front. A line that was
//! being written when the program was killed is cut off when the book is opened: nothing of it
//! happened, and nobody was told of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Seek as _, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::script::{Act, Script};
use crate::contract::{Batch, Reason};

/// What happens to one order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Move {
    /// It is paid and stays so.
    Paid,
    /// It is paid, but the first result says it is not.
    PaidDenied,
    /// It is not paid.
    Failed,
    /// It is paid and comes back.
    Bounced,
}

/// One order in the book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booked {
    /// Our payment id.
    pub reference: String,
    /// Amount in fen.
    pub fen: i64,
    /// What happens to it.
    pub fate: Move,
}

/// One batch in the book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookedBatch {
    /// Its id.
    pub batch: String,
    /// Its day.
    pub date: String,
    /// SM3 of its orders, in hex.
    pub digest: String,
    /// Why it is refused as a whole; then none of its orders is paid.
    pub refused: Option<Reason>,
    /// Its orders.
    pub orders: Vec<Booked>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Entry {
    Batch(BookedBatch),
    /// Money of this order came back, of this batch.
    Back(String, String),
    /// This has been handed out, or put away by the other side.
    Told(String),
}

/// The book.
pub struct Book {
    file: File,
    batches: BTreeMap<String, BookedBatch>,
    back: BTreeSet<String>,
    told: BTreeSet<String>,
}

impl Book {
    /// Opens or makes the book, and cuts off what was not finished.
    ///
    /// # Errors
    /// It cannot be read, or a line before the last is broken.
    pub fn open(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        let (batches, back, told) = Default::default();
        let mut book = Self { file, batches, back, told };
        let (mut input, mut line, mut good) = (BufReader::new(File::open(path)?), Vec::new(), 0);
        loop {
            line.clear();
            let length = input.read_until(b'\n', &mut line)? as u64;
            match read_line(&line) {
                _ if length == 0 => break,
                Some(entry) => {
                    book.apply(entry);
                    good += length;
                }
                None if input.fill_buf()?.is_empty() => break,
                None => return Err(io::Error::other("the book is broken before its end")),
            }
        }
        book.file.set_len(good)?;
        book.file.seek(io::SeekFrom::End(0))?;
        book.file.sync_all()?;
        Ok(book)
    }

    /// Takes a batch: what happens to its orders is decided and on disk when this returns. The same
    /// id again changes nothing; `false` when it came with other content.
    ///
    /// # Errors
    /// The book cannot be written.
    pub fn take(&mut self, batch: &Batch, script: &Script) -> io::Result<bool> {
        let orders = serde_json::to_vec(&batch.orders).expect("text and numbers are JSON");
        let digest = hex::encode(seal::sm3::sm3(&orders));
        if let Some(known) = self.batches.get(&batch.id) {
            return Ok(known.digest == digest);
        }
        let refused = script.does(Act::Refuse, &batch.id).then_some(Reason::BankClosed);
        let fate = |reference: &str| {
            if refused.is_some() || script.does(Act::Fail, reference) {
                Move::Failed
            } else if script.does(Act::Bounce, reference) {
                Move::Bounced
            } else if script.does(Act::Lie, reference) {
                Move::PaidDenied
            } else {
                Move::Paid
            }
        };
        let booked = |order: &crate::Order| Booked {
            reference: order.reference.clone(),
            fen: order.fen,
            fate: fate(&order.reference),
        };
        let entry = BookedBatch {
            batch: batch.id.clone(),
            date: batch.date.clone(),
            digest,
            refused,
            orders: batch.orders.iter().map(booked).collect(),
        };
        self.put(Entry::Batch(entry))?;
        Ok(true)
    }

    /// The batch of this id.
    pub fn batch(&self, id: &str) -> Option<&BookedBatch> {
        self.batches.get(id)
    }

    /// All batches.
    pub fn batches(&self) -> impl Iterator<Item = &BookedBatch> {
        self.batches.values()
    }

    /// Money of an order comes back.
    ///
    /// # Errors
    /// The book cannot be written.
    pub fn bounce(&mut self, batch: &str, reference: &str) -> io::Result<()> {
        let key = format!("{batch} {reference}");
        if self.back.contains(&key) {
            return Ok(());
        }
        self.put(Entry::Back(batch.to_owned(), reference.to_owned()))
    }

    /// Whether this was handed out or put away.
    pub fn is_told(&self, what: &str) -> bool {
        self.told.contains(what)
    }

    /// Notes that it was.
    ///
    /// # Errors
    /// The book cannot be written.
    pub fn tell(&mut self, what: &str) -> io::Result<()> {
        if self.is_told(what) { Ok(()) } else { self.put(Entry::Told(what.to_owned())) }
    }

    /// What the bank really paid and still has paid: fen by reference. A reference that was paid in
    /// two batches counts twice.
    pub fn paid(&self) -> BTreeMap<String, i64> {
        let mut paid = BTreeMap::new();
        for batch in self.batches.values() {
            for order in &batch.orders {
                let back = self.back.contains(&format!("{} {}", batch.batch, order.reference));
                if order.fate != Move::Failed && !back {
                    *paid.entry(order.reference.clone()).or_default() += order.fen;
                }
            }
        }
        paid
    }

    fn put(&mut self, entry: Entry) -> io::Result<()> {
        let json = serde_json::to_string(&entry).expect("text and numbers are JSON");
        let line = format!("{} {json}\n", hex::encode(&seal::sm3::sm3(json.as_bytes())[..8]));
        self.file.write_all(line.as_bytes())?;
        self.file.sync_data()?;
        self.apply(entry);
        Ok(())
    }

    fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Batch(batch) => {
                self.batches.insert(batch.batch.clone(), batch);
            }
            Entry::Back(batch, reference) => {
                self.back.insert(format!("{batch} {reference}"));
            }
            Entry::Told(what) => {
                self.told.insert(what);
            }
        }
    }
}

fn read_line(line: &[u8]) -> Option<Entry> {
    let line = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?;
    let (sum, json) = line.split_once(' ')?;
    let right = hex::encode(&seal::sm3::sm3(json.as_bytes())[..8]) == sum;
    if right { serde_json::from_str(json).ok() } else { None }
}

/// What the bank whose book lies here really paid, by reference. The book may be in use.
///
/// # Errors
/// It cannot be read.
pub fn open_book(path: &Path) -> io::Result<BTreeMap<String, i64>> {
    let (batches, back, told) = Default::default();
    let mut book = Book { file: File::open(path)?, batches, back, told };
    for line in BufReader::new(File::open(path)?).split(b'\n') {
        let mut line = line?;
        line.push(b'\n');
        match read_line(&line) {
            Some(entry) => book.apply(entry),
            None => break,
        }
    }
    Ok(book.paid())
}
