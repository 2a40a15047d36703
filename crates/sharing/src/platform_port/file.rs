//! Files in a folder: JSON lines, one file a delivery, in the order of their names.

use std::path::PathBuf;

use super::{Delivery, PlatformPort};

/// A folder that files are put into. The mark is the name of the last one read.
pub struct FilePort(pub PathBuf);

/// The largest file that is read, in bytes.
const LARGEST: u64 = 4 * 1024 * 1024;

impl PlatformPort for FilePort {
    fn name(&self) -> &'static str {
        "platform-files"
    }

    fn fetch(&self, after: &str) -> std::io::Result<Delivery> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.0)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            // A file that is still being written has another ending.
            if name.ends_with(".jsonl") && name.as_str() > after {
                names.push(name);
            }
        }
        names.sort();
        let Some(next) = names.into_iter().next() else {
            return Ok(Delivery { next: after.to_owned(), ..Delivery::default() });
        };
        let path = self.0.join(&next);
        if std::fs::metadata(&path)?.len() > LARGEST {
            return Err(std::io::Error::other("the file is too large"));
        }
        let bytes = std::fs::read(path)?;
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
        let facts = lines.map(|line| serde_json::from_slice(line).ok()).collect();
        Ok(Delivery { facts, next })
    }
}
