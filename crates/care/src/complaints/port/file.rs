//! JSON lines in a folder: `in/*.jsonl` comes, `out/*.jsonl` goes. What was taken in is kept in
//! `done/`, and lines that were not are listed in `faults/` with their reason.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::{Batch, Hotline, Order, Report};

/// The way through a folder that both sides can reach.
#[derive(Clone, Debug)]
pub struct FilePort {
    folder: PathBuf,
}

/// The most bytes of a file; larger ones stay where they are and are spoken of.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

fn words(path: &Path) -> impl Fn(std::io::Error) -> String {
    move |error| format!("{}: {error}", path.display())
}

impl FilePort {
    /// A port with the folders it needs.
    ///
    /// # Errors
    /// They cannot be made.
    pub fn new(folder: &Path) -> Result<Self, String> {
        for name in ["in", "out", "done", "faults"] {
            let path = folder.join(name);
            fs::create_dir_all(&path).map_err(words(&path))?;
        }
        Ok(Self { folder: folder.to_owned() })
    }

    /// Writes whole or not at all: readers see a file only when it is complete.
    fn write(&self, folder: &str, name: &str, text: &str) -> Result<(), String> {
        let path = self.folder.join(folder).join(name);
        let part = path.with_extension("part");
        let write = || {
            let mut file = fs::File::create(&part)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&part, &path)
        };
        write().map_err(words(&path))
    }
}

fn read(path: &Path) -> Result<Vec<super::Numbered>, String> {
    if fs::metadata(path).map_err(words(path))?.len() > MOST_BYTES {
        return Err(format!("{}: larger than {MOST_BYTES} bytes", path.display()));
    }
    let bytes = fs::read(path).map_err(words(path))?;
    let lines = (1..).zip(bytes.split(|byte| *byte == b'\n'));
    let filled = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
    let parse = |line| std::str::from_utf8(line).map_err(|_| "not UTF-8".to_owned());
    Ok(filled.map(|(n, line)| (n, parse(line).and_then(Order::parse))).collect())
}

impl Hotline for FilePort {
    fn collect(&self) -> Result<Vec<Batch>, String> {
        let folder = self.folder.join("in");
        let mut names = Vec::new();
        for found in fs::read_dir(&folder).map_err(words(&folder))? {
            let name = found.map_err(words(&folder))?.file_name();
            names.extend(name.to_str().filter(|n| n.ends_with(".jsonl")).map(str::to_owned));
        }
        names.sort();
        let mut batches = Vec::new();
        for name in names {
            match read(&folder.join(&name)) {
                Ok(lines) => batches.push(Batch { name, lines }),
                // One file that cannot be read does not hold up the others.
                Err(fault) => tracing::warn!(fault, "a file of work orders cannot be read"),
            }
        }
        Ok(batches)
    }

    fn settle(&self, batch: &Batch, faults: &[(i64, String)]) -> Result<(), String> {
        let from = self.folder.join("in").join(&batch.name);
        let bytes = fs::read(&from).map_err(words(&from))?;
        // A name that was used before does not overwrite what it held.
        let digest = hex::encode(&seal::sm3::sm3(&bytes)[..8]);
        let name = format!("{}.{digest}.jsonl", batch.name.trim_end_matches(".jsonl"));
        if !faults.is_empty() {
            let line = |(n, why): &(i64, String)| {
                format!("{}\n", serde_json::json!({ "行号": n, "原因": why }))
            };
            self.write("faults", &name, &faults.iter().map(line).collect::<String>())?;
        }
        let to = self.folder.join("done").join(name);
        fs::rename(&from, &to).map_err(words(&to))
    }

    fn report(&self, reports: &[Report]) -> Vec<bool> {
        let write = |report: &Report| {
            let line = serde_json::to_string(report).map_err(|error| error.to_string())?;
            // The same report has the same name: sent twice, it is there once.
            let name = format!("{}.{:06}.jsonl", report.number, report.version);
            self.write("out", &name, &format!("{line}\n"))
        };
        let sent = reports.iter().map(|report| {
            let done = write(report);
            done.as_ref().err().iter().for_each(|fault| tracing::warn!(fault, "no report"));
            done.is_ok()
        });
        sent.collect()
    }
}
