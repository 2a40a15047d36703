//! Batch files: requests go to `outgoing`, answers and events come to `incoming`. Whoever writes a
//! file writes it under a name that does not end in `.txt`, and renames it when it is whole.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use kernel::id::Id;
use kernel::platform::random;
use kernel::time::Utc;

use super::lines::{self, FileKind, MOST_BYTES, MOST_LINES};
use super::{Ask, BankPort, Codes, Numbered, Received};
use crate::rules::Answer;

/// The way to a bank over files.
pub struct FilePort {
    folder: PathBuf,
    bank: String,
    first_query: i64,
    codes: Codes,
}

/// The longest pause between two queries.
const LONGEST: i64 = 86_400;

impl FilePort {
    /// Files in `folder` for the bank with this code.
    pub fn new(folder: PathBuf, bank: &str, first_query: i64, codes: Codes) -> Self {
        Self { folder, bank: bank.to_owned(), first_query: first_query.max(1), codes }
    }

    fn put(&self, kind: FileKind, rows: &[Vec<String>]) -> std::io::Result<()> {
        let (id, now) = (hex::encode(random::<8>()), Utc::now());
        let short = &kind.word()[..3];
        let name = format!("{short}_{}_{}_{id}.txt", self.bank, lines::stamp(now));
        let bytes = lines::write(kind, &self.bank, &id, now, rows);
        write_whole(&self.folder.join("outgoing"), &name, &bytes)
    }

    fn read(&self, bytes: &[u8]) -> Result<Vec<Numbered>, String> {
        let frame = lines::read(bytes)?;
        if frame.bank != self.bank {
            return Err(format!("the header names {:?}, not {}", frame.bank, self.bank));
        }
        if !matches!(frame.kind, FileKind::Answer | FileKind::Event) {
            return Err("only files of answers and events come in".to_owned());
        }
        let kind = frame.kind;
        let lines = frame.lines.into_iter().map(|(number, fields)| {
            let read = fields.and_then(|fields| lines::line_of(kind, &fields, &self.codes));
            (number, read)
        });
        Ok(lines.collect())
    }

    fn hand_over(&self, rows: Vec<Vec<String>>) -> Vec<Answer> {
        let mut answers = Vec::with_capacity(rows.len());
        for chunk in rows.chunks(MOST_LINES) {
            let answer = match self.put(FileKind::Request, chunk) {
                Ok(()) => Answer::Accepted,
                Err(error) => {
                    tracing::warn!(%error, bank = self.bank, "a file could not be written");
                    Answer::NotSent
                }
            };
            answers.extend(std::iter::repeat_n(answer, chunk.len()));
        }
        answers
    }
}

impl BankPort for FilePort {
    fn send(&self, asks: &[Ask]) -> Vec<Answer> {
        let rows = asks.iter().enumerate();
        self.hand_over(rows.map(|(place, ask)| lines::request_line(place + 1, ask)).collect())
    }

    fn query(&self, ids: &[Id]) -> Vec<Answer> {
        let rows = ids.iter().enumerate();
        self.hand_over(rows.map(|(place, id)| lines::query_line(place + 1, *id)).collect())
    }

    fn collect(&self) -> std::io::Result<Vec<Received>> {
        let mut files = Vec::new();
        for path in whole_files(&self.folder.join("incoming"))? {
            let name = name_of(&path);
            if std::fs::metadata(&path)?.len() > MOST_BYTES {
                // Too large to be read: its name stands for it.
                let digest = seal::sm3::sm3(name.as_bytes());
                let lines = Err("the file is larger than 16 MiB".to_owned());
                files.push(Received { name, digest, lines });
                continue;
            }
            let bytes = std::fs::read(&path)?;
            let digest = seal::sm3::sm3(&bytes);
            files.push(Received { name, digest, lines: self.read(&bytes) });
        }
        Ok(files)
    }

    fn settle(&self, file: &Received, faults: &[(i64, String)]) -> std::io::Result<()> {
        if let Err(fault) = &file.lines {
            self.put(FileKind::Report, &[vec!["F".to_owned(), file.name.clone(), fault.clone()]])?;
        } else if !faults.is_empty() {
            let line = |(number, fault): &(i64, String)| {
                vec!["L".to_owned(), file.name.clone(), number.to_string(), fault.clone()]
            };
            self.put(FileKind::Report, &faults.iter().map(line).collect::<Vec<_>>())?;
        }
        let incoming = self.folder.join("incoming");
        let place = incoming.join(if file.lines.is_ok() { "done" } else { "bad" });
        std::fs::create_dir_all(&place)?;
        // The same name may come again with other content: none is overwritten.
        let kept = format!("{}.{}", file.name, hex::encode(&file.digest[..6]));
        std::fs::rename(incoming.join(&file.name), place.join(kept))
    }

    fn batch(&self) -> usize {
        MOST_LINES
    }

    fn pauses(&self) -> (i64, i64) {
        (self.first_query, LONGEST)
    }
}

/// Writes a file so that it is either whole under its name or not there.
///
/// # Errors
/// The folder cannot be written.
pub fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let part = folder.join(format!("{name}.part"));
    let mut file = std::fs::File::create(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&part, folder.join(name))?;
    std::fs::File::open(folder)?.sync_all()
}

/// The whole files of a folder by name; none when the folder is not there.
///
/// # Errors
/// The folder cannot be read.
pub fn whole_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        // A link might lead out of the folder.
        if entry.file_type()?.is_file() && path.extension().is_some_and(|end| end == "txt") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
