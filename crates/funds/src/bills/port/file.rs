//! Signed files in a folder: the question `REQ_<key>.json` in `out`, the answer `ANS_<key>.json` in `in`.
//! Each file counts with its signature and its marker, as between platform and bank. An answer that was
//! read stays until the key is used no more, so that asking again gives the same.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use payfile::port::folder;
use seal::sm2::{SigningKey, VerifyingKey};
use serde::de::DeserializeOwned;

use super::{Answer, BillerPort, Request, Told, is_key, sound};

/// The most bytes of a file that is read whole.
const MOST_BYTES: u64 = 64 << 20;

/// The way to a biller through a folder.
pub struct FilePort {
    folder: PathBuf,
    key: SigningKey,
    keys: Vec<VerifyingKey>,
    wait: Duration,
}

impl FilePort {
    /// A port over a folder; an answer that takes longer than `wait` is unknown for now.
    pub fn new(folder: &Path, key: SigningKey, keys: Vec<VerifyingKey>, wait: Duration) -> Self {
        Self { folder: folder.to_owned(), key, keys, wait }
    }

    fn try_ask(&self, key: &str, request: &Request) -> io::Result<Told> {
        let (question, answer) = (format!("REQ_{key}.json"), format!("ANS_{key}.json"));
        let came = self.folder.join("in");
        if let Some(told) = read::<Answer>(&came, &answer, &self.keys)? {
            return Ok(sound(told));
        }
        write(&self.folder, "out", &question, &serde_json::to_vec(request)?, &self.key)?;
        let began = Instant::now();
        while began.elapsed() < self.wait {
            std::thread::sleep(Duration::from_millis(50).min(self.wait));
            if let Some(told) = read::<Answer>(&came, &answer, &self.keys)? {
                return Ok(sound(told));
            }
        }
        Ok(Told::Unknown("no answer lies in the folder yet".to_owned()))
    }
}

impl BillerPort for FilePort {
    fn ask(&self, key: &str, request: &Request) -> Told {
        if !is_key(key) {
            return Told::Unknown("no key".to_owned());
        }
        self.try_ask(key, request).unwrap_or_else(|error| Told::Unknown(error.to_string()))
    }
}

/// Hands a file over, signed and marked.
pub(crate) fn write(
    place: &Path,
    into: &str,
    name: &str,
    bytes: &[u8],
    key: &SigningKey,
) -> io::Result<()> {
    let own = place.join("own");
    folder::write_whole(&own, name, bytes)?;
    let done = folder::hand_over(&own.join(name), &place.join(into), name, key);
    fs::remove_file(own.join(name))?;
    done
}

/// Reads a file that is marked as whole; one whose signature does not hold is an error.
pub(crate) fn read<T: DeserializeOwned>(
    place: &Path,
    name: &str,
    keys: &[VerifyingKey],
) -> io::Result<Option<T>> {
    let path = place.join(name);
    if !place.join(format!("{name}.done")).exists() || !path.exists() {
        return Ok(None);
    }
    if fs::metadata(&path)?.len() > MOST_BYTES {
        return Err(io::Error::other("the file is too large"));
    }
    let (digest, held) = folder::check(&path, keys)?;
    held.map_err(io::Error::other)?;
    let bytes = fs::read(&path)?;
    // What is parsed is what was signed.
    if seal::sm3::sm3(&bytes) != digest {
        return Err(io::Error::other("the file changed while it was read"));
    }
    Ok(Some(serde_json::from_slice(&bytes)?))
}
