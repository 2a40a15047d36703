//! A folder between platform and bank. A file counts when three lie there: itself, its signature
//! (`.sig`), and an empty marker (`.done`) that is written last.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use seal::sm2::{SigningKey, VerifyingKey};
use sm3::Digest as _;

use crate::sign::{self, Unsigned};

/// The most bytes of a file that is read.
pub const MOST_BYTES: u64 = 4 << 30;

/// Writes a file so that it is whole under its name, or not there, whatever happens meanwhile.
///
/// # Errors
/// The folder cannot be written.
pub fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let part = folder.join(format!("{name}.part"));
    let mut file = File::create(&part)?;
    file.write_all(bytes)?;
    keep(file, &part, &folder.join(name))
}

/// Brings a written file to disk and under its name.
///
/// # Errors
/// The disk refuses.
pub fn keep(file: File, part: &Path, path: &Path) -> io::Result<()> {
    file.sync_all()?;
    fs::rename(part, path)?;
    sync_folder(path.parent().unwrap_or(path))
}

/// Brings a folder's names to disk.
///
/// # Errors
/// The disk refuses.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Hands a file over: its copy, its signature, its marker, in this order, each whole.
///
/// # Errors
/// The folder cannot be written; then there is no marker, or the other side saw it.
pub fn hand_over(from: &Path, folder: &Path, name: &str, key: &SigningKey) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let part = folder.join(format!("{name}.part"));
    fs::copy(from, &part)?;
    let (digest, length) = sign::digest(File::open(&part)?)?;
    keep(File::open(&part)?, &part, &folder.join(name))?;
    let signature = sign::signature_file(key, name, &digest, length);
    write_whole(folder, &format!("{name}.sig"), signature.as_bytes())?;
    write_whole(folder, &format!("{name}.done"), b"")
}

/// Names of the files that are there whole, in order; none when the folder is not there.
///
/// # Errors
/// The folder cannot be read.
pub fn done_names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        let Some(name) = name.to_str().and_then(|name| name.strip_suffix(".done")) else {
            continue;
        };
        let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
        let plain = name.len() <= 150 && !name.starts_with('.') && name.bytes().all(good);
        let kind = name.ends_with(".txt") || name.ends_with(".xml");
        // A link might lead out of the folder.
        let path = folder.join(name);
        let file = fs::symlink_metadata(&path).is_ok_and(|data| data.is_file());
        if plain && kind && file {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// SM3 of a file and whether the signature beside it holds.
///
/// # Errors
/// The file cannot be read.
pub fn check(path: &Path, keys: &[VerifyingKey]) -> io::Result<([u8; 32], Result<(), String>)> {
    let file = File::open(path)?;
    let (digest, length) = sign::digest((&file).take(MOST_BYTES + 1))?;
    if length > MOST_BYTES {
        return Ok((digest, Err("the file is too large".to_owned())));
    }
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let mut text = String::new();
    let beside = File::open(path.with_file_name(format!("{name}.sig")));
    let signed = match beside.and_then(|file| file.take(4_096).read_to_string(&mut text)) {
        Ok(_) => sign::verify_file(keys, &text, name, &digest, length),
        Err(_) => Err(Unsigned::NoSignature),
    };
    Ok((digest, signed.map_err(|why| why.to_string())))
}

/// Reads a file with `parse` and makes sure that what was parsed has this SM3.
///
/// # Errors
/// Those of `parse`, or the file changed.
pub fn parse_exactly<T>(
    path: &Path,
    digest: &[u8; 32],
    parse: impl FnOnce(&mut dyn io::BufRead) -> Result<T, String>,
) -> Result<T, String> {
    let words = |error: io::Error| error.to_string();
    let mut file = File::open(path).map_err(words)?;
    file.seek(SeekFrom::Start(0)).map_err(words)?;
    let hashing = Hashing { inner: file, hasher: sm3::Sm3::new() };
    let mut input = BufReader::with_capacity(128 * 1024, hashing);
    let parsed = parse(&mut input)?;
    io::copy(&mut input, &mut io::sink()).map_err(words)?;
    let read: [u8; 32] = input.into_inner().hasher.finalize().into();
    if read == *digest { Ok(parsed) } else { Err("the file changed while it was read".to_owned()) }
}

struct Hashing<R> {
    inner: R,
    hasher: sm3::Sm3,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(into)?;
        self.hasher.update(&into[..n]);
        Ok(n)
    }
}

/// Moves a file, its signature and the words on its faults away; the marker goes last. Doing it
/// again does what was left.
///
/// # Errors
/// The disk refuses.
pub fn put_away(
    folder: &Path,
    name: &str,
    to: &Path,
    digest: &[u8; 32],
    faults: &str,
) -> io::Result<()> {
    fs::create_dir_all(to)?;
    // The same name may come again with other content: none is overwritten.
    let kept = kept_name(name, digest);
    if !faults.is_empty() {
        write_whole(to, &format!("{kept}.faults"), faults.as_bytes())?;
    }
    for (from, kept) in [(format!("{name}.sig"), format!("{kept}.sig")), (name.to_owned(), kept)] {
        match fs::rename(folder.join(from), to.join(kept)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    match fs::remove_file(folder.join(format!("{name}.done"))) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => sync_folder(to),
    }
}

/// Name under which a file is kept: with the first digits of its SM3 in front.
pub fn kept_name(name: &str, digest: &[u8; 32]) -> String {
    format!("{}_{name}", hex::encode(&digest[..6]))
}

/// All kept files whose name contains `part`, by name.
///
/// # Errors
/// The folder cannot be read.
pub fn kept(folder: &Path, part: &str) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.contains(part) && (name.ends_with(".txt") || name.ends_with(".xml")) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
