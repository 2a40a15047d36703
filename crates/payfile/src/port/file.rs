//! Files in a folder: text by a layout, or ISO 20022.
//!
//! `sent/` keeps what was handed over, with an index of references and amounts; `out/` is what the
//! bank collects; `in/` is what it brings; `archive/` is what was taken in.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use seal::sm2::{SigningKey, VerifyingKey};

use super::folder;
use crate::codes::{Codes, Meaning};
use crate::contract::{Asked, Batch, LineResult, PayPort, Reason, Report, ReportKind, Sent, is_id};
use crate::iso::{self, Profile, Statuses};
use crate::layout::Layout;
use crate::text::{self, WriteError};

/// What the files are.
pub enum Format {
    /// Text files, and the bank's codes.
    Text(Layout, Codes),
    /// ISO 20022, and what its codes mean.
    Iso(Profile, Statuses),
}

impl Format {
    fn ending(&self) -> &'static str {
        match self {
            Self::Text(..) => "txt",
            Self::Iso(..) => "xml",
        }
    }
}

/// The way to a bank over files.
pub struct FilePort {
    folder: PathBuf,
    bank: String,
    format: Format,
    payer: String,
    key: SigningKey,
    bank_keys: Vec<VerifyingKey>,
    found: Mutex<BTreeMap<[u8; 32], Vec<String>>>,
}

/// A report before amounts and whole batches are filled in from what we sent.
struct Draft {
    id: String,
    batch: String,
    kind: ReportKind,
    refused: Option<(Reason, String)>,
    lines: Vec<(String, Option<i64>, LineResult)>,
    faults: Vec<(u64, String)>,
}

impl FilePort {
    /// Files in `folder` for the bank with this code; `payer` is debited when a batch names no
    /// account. Ours is signed with `key`, and what no key of the bank signed is not believed.
    ///
    /// # Errors
    /// The bank's code has not the agreed form.
    pub fn new(
        folder: PathBuf,
        bank: &str,
        format: Format,
        payer: &str,
        key: SigningKey,
        bank_keys: Vec<VerifyingKey>,
    ) -> Result<Self, String> {
        if !is_id(bank) {
            return Err(format!("{bank:?} is no code of a bank"));
        }
        let (bank, payer, found) = (bank.to_owned(), payer.to_owned(), Mutex::default());
        Ok(Self { folder, bank, format, payer, key, bank_keys, found })
    }

    fn place(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn name(&self, batch: &str) -> String {
        format!("ORD_{}_{batch}.{}", self.bank, self.format.ending())
    }

    fn hand_over(&self, batch: &Batch) -> Result<(), Failed> {
        let (sent, name) = (self.place("sent"), self.name(&batch.id));
        fs::create_dir_all(&sent)?;
        let (path, part) = (sent.join(&name), sent.join(format!("{name}.part")));
        let out = BufWriter::with_capacity(256 * 1024, File::create(&part)?);
        let file = self.write(out, batch)?.into_inner().map_err(|error| error.into_error())?;
        if path.exists() {
            let same = digest_of(&path)? == digest_of(&part)?;
            fs::remove_file(&part)?;
            if !same {
                return Err(Failed::Other);
            }
            if sent.join(format!("{name}.handed")).exists() {
                return Ok(());
            }
        } else {
            let mut index = String::with_capacity(batch.orders.len() * 24);
            for order in &batch.orders {
                index.push_str(&format!("{} {}\n", order.reference, order.fen));
            }
            folder::write_whole(&sent, &format!("{name}.index"), index.as_bytes())?;
            folder::keep(file, &part, &path)?;
        }
        folder::hand_over(&path, &self.place("out"), &name, &self.key)?;
        Ok(folder::write_whole(&sent, &format!("{name}.handed"), b"")?)
    }

    fn write<W: io::Write>(&self, out: W, batch: &Batch) -> Result<W, WriteError> {
        match &self.format {
            Format::Text(layout, _) => text::write_batch(out, layout, batch),
            Format::Iso(profile, _) => iso::write_pain001(out, profile, batch),
        }
    }

    /// References and amounts of a batch that was handed over, in order.
    fn index(&self, batch: &str) -> Result<Vec<(String, i64)>, String> {
        let path = self.place("sent").join(format!("{}.index", self.name(batch)));
        let unknown = || "it is about a batch that was not sent".to_owned();
        let file = File::open(path).map_err(|_| unknown())?;
        let line = |line: io::Result<String>| {
            let line = line.ok()?;
            let (reference, fen) = line.split_once(' ')?;
            Some((reference.to_owned(), fen.parse().ok()?))
        };
        let lines: Option<Vec<_>> = BufReader::new(file).lines().map(line).collect();
        lines.ok_or_else(unknown)
    }

    /// Reads a report; what cannot be believed is one too, without lines.
    fn read(&self, path: &Path, name: &str, signed_as: Option<[u8; 32]>) -> io::Result<Report> {
        let (digest, signed) = match signed_as {
            Some(digest) => (digest, Ok(())),
            None => folder::check(path, &self.bank_keys)?,
        };
        let report = signed.and_then(|()| {
            let draft = folder::parse_exactly(path, &digest, |mut input| self.parse(&mut input))?;
            self.fill(draft, digest)
        });
        Ok(report.unwrap_or_else(|why| Report::refused(name, digest, why)))
    }

    fn parse(&self, input: &mut dyn io::BufRead) -> Result<Draft, String> {
        match &self.format {
            Format::Text(layout, codes) => {
                let told = text::read_told(input, layout, codes).map_err(|why| why.to_string())?;
                if told.head.bank != self.bank {
                    return Err("it is of another bank".to_owned());
                }
                let refused = match told.verdict {
                    Some(Meaning::Bad(reason)) => Some((reason, told.head.verdict)),
                    _ => None,
                };
                let lines = told.lines.into_iter().map(|(r, fen, result)| (r, Some(fen), result));
                Ok(Draft {
                    id: told.head.report,
                    batch: told.head.batch,
                    kind: told.head.kind,
                    refused,
                    lines: lines.collect(),
                    faults: told.faults,
                })
            }
            Format::Iso(_, statuses) => {
                let message = iso::read_message(input, statuses)?;
                let iso::Message { id, batch, kind, refused, lines, faults } = message;
                Ok(Draft { id, batch, kind, refused, lines, faults })
            }
        }
    }

    /// Fills in what the bank left out and we know: amounts, and the lines of a refused batch.
    fn fill(&self, draft: Draft, digest: [u8; 32]) -> Result<Report, String> {
        let Draft { id, batch, kind, refused, mut lines, mut faults } = draft;
        if let Some((reason, code)) = refused {
            let contradicts = |(_, _, result): &(_, _, LineResult)| {
                !matches!(result, LineResult::Returned { .. })
            };
            if lines.iter().any(contradicts) {
                return Err("a batch is refused and one of its lines is not".to_owned());
            }
            if !reason.is_final() {
                faults.push((1, format!("the code {code:?} leaves open what became of the first")));
            } else if lines.is_empty() && faults.is_empty() {
                let returned = LineResult::Returned { reason, bank_code: code };
                let all = self.index(&batch)?.into_iter();
                lines = all.map(|(r, fen)| (r, Some(fen), returned.clone())).collect();
            }
        }
        let sent: HashMap<String, i64> = match lines.iter().any(|(_, fen, _)| fen.is_none()) {
            true => self.index(&batch)?.into_iter().collect(),
            false => HashMap::new(),
        };
        let mut full = Vec::with_capacity(lines.len());
        for (place, (reference, fen, result)) in lines.into_iter().enumerate() {
            match fen.or_else(|| sent.get(&reference).copied()) {
                Some(fen) => full.push((reference, fen, result)),
                None => faults.push((place as u64 + 1, "it is not in the batch".to_owned())),
            }
        }
        Ok(Report { id, batch, kind, lines: full, faults, digest })
    }

    fn ask(&self, batch: &str) -> io::Result<Asked> {
        let mut reports: Vec<Report> = Vec::new();
        let part = format!("_{batch}_");
        for name in folder::done_names(&self.place("in"))? {
            if name.contains(&part) {
                reports.push(self.read(&self.place("in").join(&name), &name, None)?);
            }
        }
        for path in folder::kept(&self.place("archive"), &part)? {
            // What was believed when it came is believed again; its name has changed since.
            let digest = digest_of(&path)?;
            let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
            let plain = name.split_once('_').map_or("", |(_, plain)| plain);
            let signature = fs::read_to_string(path.with_file_name(format!("{name}.sig")));
            let length = fs::metadata(&path)?.len();
            let signed = signature.ok().is_some_and(|text| {
                crate::sign::verify_file(&self.bank_keys, &text, plain, &digest, length).is_ok()
            });
            if signed {
                reports.push(self.read(&path, plain, Some(digest))?);
            }
        }
        reports.retain(|report| report.batch == batch && report.refusal().is_none());
        if !reports.is_empty() {
            return Ok(Asked::Reports(reports));
        }
        let sent = self.place("sent").join(self.name(batch));
        let handed = sent.with_file_name(format!("{}.handed", self.name(batch)));
        Ok(match (handed.exists(), sent.exists()) {
            (true, _) => Asked::InProgress,
            (false, true) => Asked::Unknown("it was handed over in part: send it again".to_owned()),
            (false, false) => Asked::NeverSeen,
        })
    }
}

enum Failed {
    Unfit(String),
    Io(io::Error),
    Other,
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<WriteError> for Failed {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Io(error) => Self::Io(error),
            unfit => Self::Unfit(unfit.to_string()),
        }
    }
}

impl PayPort for FilePort {
    fn send(&self, batch: &Batch) -> Sent {
        // The id becomes part of a name: checked before anything is written.
        if !is_id(&batch.id) || batch.bank != self.bank {
            return Sent::Refused(Reason::Malformed, "id or bank do not fit".to_owned());
        }
        let done = if batch.payer_account.is_empty() && !self.payer.is_empty() {
            self.hand_over(&Batch { payer_account: self.payer.clone(), ..batch.clone() })
        } else {
            self.hand_over(batch)
        };
        match done {
            Ok(()) => Sent::Taken,
            Err(Failed::Unfit(why)) if !self.place("sent").join(self.name(&batch.id)).exists() => {
                Sent::Refused(Reason::Malformed, why)
            }
            // What was handed over before under this id may well be paid.
            Err(Failed::Unfit(_) | Failed::Other) => {
                Sent::Unknown("another content was handed over under this id".to_owned())
            }
            Err(Failed::Io(error)) => Sent::Unknown(error.to_string()),
        }
    }

    fn query(&self, batch_id: &str) -> Asked {
        if !is_id(batch_id) {
            return Asked::NeverSeen;
        }
        self.ask(batch_id).unwrap_or_else(|error| Asked::Unknown(error.to_string()))
    }

    fn collect(&self) -> io::Result<Vec<Report>> {
        let (place, mut reports) = (self.place("in"), Vec::<Report>::new());
        let mut found = BTreeMap::<_, Vec<String>>::new();
        for name in folder::done_names(&place)? {
            let report = self.read(&place.join(&name), &name, None)?;
            let names = found.entry(report.digest).or_default();
            names.push(name);
            // The same bytes again under another name say nothing new.
            if names.len() == 1 || reports.iter().all(|r| r.digest != report.digest) {
                reports.push(report);
            }
        }
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = found;
        Ok(reports)
    }

    fn settle(&self, report: &Report, faults: &[(u64, String)]) -> io::Result<()> {
        let place = self.place("in");
        let remembered =
            self.found.lock().unwrap_or_else(PoisonError::into_inner).remove(&report.digest);
        let names = match remembered {
            Some(names) => names,
            None => folder::done_names(&place)?,
        };
        let mut words = String::new();
        for (line, why) in report.faults.iter().chain(faults) {
            words.push_str(&format!("{line}: {}\n", why.replace(['\n', '\r'], " ")));
        }
        for name in names {
            let path = place.join(&name);
            // Only what was read is put away, not what came since under its name.
            if path.exists() && digest_of(&path)? == report.digest {
                let archive = self.place("archive");
                folder::put_away(&place, &name, &archive, &report.digest, &words)?;
            }
        }
        Ok(())
    }
}

fn digest_of(path: &Path) -> io::Result<[u8; 32]> {
    Ok(crate::sign::digest(File::open(path)?)?.0)
}
