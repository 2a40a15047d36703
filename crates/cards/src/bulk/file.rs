//! The uploaded content on disk: encrypted in chunks, readable by its owner only, read as a stream.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write as _};
use std::path::PathBuf;

use kernel::id::Id;
use kernel::keys::Keys;
use kernel::platform::Platform;

/// Plain bytes of a chunk.
const CHUNK: u64 = 64 * 1024;
/// What encryption adds to each: nonce and tag.
const ADDED: u64 = 12 + 16;

fn path(app: &Platform, job: Id) -> PathBuf {
    app.config.data.join("uploads").join(format!("bulk-{job}"))
}

/// Binds a chunk to its file and place, so that none can be moved.
fn context(job: Id, number: u64) -> Vec<u8> {
    format!("bulk {job} {number}").into_bytes()
}

/// Keeps a file's content; gives its length in bytes.
///
/// # Errors
/// The disk's word, or the source's; nothing is kept then.
pub fn keep(app: &Platform, job: Id, content: &mut dyn Read) -> io::Result<u64> {
    let path = path(app, job);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
        #[cfg(unix)]
        fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let kept = write(app, job, content, options.open(path)?);
    if kept.is_err() {
        delete(app, job)?;
    }
    kept
}

fn write(app: &Platform, job: Id, content: &mut dyn Read, mut file: File) -> io::Result<u64> {
    let (mut size, mut chunk) = (0, Vec::with_capacity(CHUNK as usize));
    for number in 0.. {
        chunk.clear();
        (&mut *content).take(CHUNK).read_to_end(&mut chunk)?;
        if chunk.is_empty() {
            break;
        }
        size += chunk.len() as u64;
        file.write_all(&app.keys.seal_field(&chunk, &context(job, number)))?;
    }
    file.sync_all()?;
    Ok(size)
}

/// Deletes a file's content; that it is gone already is no error.
///
/// # Errors
/// The disk's word.
pub fn delete(app: &Platform, job: Id) -> io::Result<()> {
    match fs::remove_file(path(app, job)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Opens the content; `size` is its plain length, so that a cut file is found.
///
/// # Errors
/// It is gone, or not as long as it was.
pub fn open(app: &Platform, job: Id, size: u64) -> io::Result<Content> {
    let file = File::open(path(app, job))?;
    if file.metadata()?.len() != size + size.div_ceil(CHUNK) * ADDED {
        return Err(damaged());
    }
    Ok(Content { file, keys: app.keys.clone(), job, size, at: 0, chunk: Vec::new(), loaded: None })
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the uploaded file was damaged")
}

/// The plain content, chunk by chunk.
pub struct Content {
    file: File,
    keys: Keys,
    job: Id,
    size: u64,
    at: u64,
    chunk: Vec<u8>,
    loaded: Option<u64>,
}

impl Content {
    fn load(&mut self, number: u64) -> io::Result<()> {
        if self.loaded == Some(number) {
            return Ok(());
        }
        self.loaded = None;
        let plain = CHUNK.min(self.size - number * CHUNK);
        let mut sealed = vec![0; (plain + ADDED) as usize];
        self.file.seek(SeekFrom::Start(number * (CHUNK + ADDED)))?;
        self.file.read_exact(&mut sealed)?;
        let opened = self.keys.open_field(&sealed, &context(self.job, number));
        self.chunk = opened.ok_or_else(damaged)?;
        self.loaded = Some(number);
        Ok(())
    }
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.size || buffer.is_empty() {
            return Ok(0);
        }
        self.load(self.at / CHUNK)?;
        let rest = &self.chunk[(self.at % CHUNK) as usize..];
        let read = rest.len().min(buffer.len());
        buffer[..read].copy_from_slice(&rest[..read]);
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for Content {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
        };
        self.at = target.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}
