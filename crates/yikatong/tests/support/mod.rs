//! What the tests of the whole platform stand on: the built program as its own process, a PostgreSQL
//! database for it, and a real browser.
//!
//! Everything made here is ended and deleted when its value is dropped, also when a test panics.

// Each test uses its part of this.
#![allow(dead_code)]

pub mod browser;
pub mod own_postgres;
pub mod postgres;
pub mod proxy;
pub mod server;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// A folder of its own under the temporary folder, deleted when dropped.
pub struct Folder(PathBuf);

impl Folder {
    /// Makes an empty one; `name` shows in its path.
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(unique(name));
        std::fs::create_dir_all(&path).expect("the temporary folder can be written");
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A browser that was just killed may still be closing files.
        let deadline = Instant::now() + Duration::from_secs(2);
        while std::fs::remove_dir_all(&self.0).is_err()
            && self.0.exists()
            && Instant::now() < deadline
        {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// A name that no other test and no earlier run uses, fit for a folder and a database.
fn unique(name: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_micros();
    format!("yikatong_{name}_{}_{now}_{count}", std::process::id())
}

/// A loopback port on which nobody listens now.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    listener.local_addr().expect("a bound socket has an address").port()
}

/// Status and body of `GET path` on a loopback port; `None` when nobody answers.
pub fn get(port: u16, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let status = line.split(' ').nth(1)?.parse().ok()?;
    // The length counts, not the end of the stream: not every server closes when asked to.
    let mut length = u64::MAX;
    while !line.trim_end().is_empty() {
        line.clear();
        reader.read_line(&mut line).ok()?;
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body).ok()?;
    Some((status, String::from_utf8_lossy(&body).into_owned()))
}

/// Asks `question` every 20 ms until it says yes; false when it did not within `limit`.
pub fn until(limit: Duration, mut question: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    loop {
        if question() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Sends a signal (`TERM`, `KILL`) to a process; a process that is already gone is no failure.
pub fn signal(name: &str, process: u32) {
    let _ = Command::new("kill").args(["-s", name, "--", &process.to_string()]).status();
}

/// Compares a made document with the committed one; `UPDATE_DOCS=1` writes it.
///
/// # Panics
/// When they differ.
pub fn committed(path: &str, made: &str) {
    let file = root().join(path);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, made).expect("the document can be written");
    }
    let held = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(held == made, "{path} is not what the code says: run the tests with UPDATE_DOCS=1");
}

/// The checkout.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}
