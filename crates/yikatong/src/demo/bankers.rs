//! The hosts of the demonstration's banks: they pay by files in the data folder, as a real bank would,
//! and return some orders.

use std::io::{Error, ErrorKind, Result};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kernel::db::DbError;
use kernel::platform::{App, random};
use kernel::problem::Problem;
use payfile::layout::Layout;
use payfile::port::{Config, Way, secret_key};
use payfile::simulator::{Files, Folder, Host};

/// Short codes of the banks that hold accounts of the demonstration.
pub(super) const CODES: [&str; 2] = ["SFYH", "BSNS"];
/// Few orders come back; the seed is chosen so that the first batch has some. A file `script` in the
/// bank's folder has it behave otherwise (`docs/pay-port.md`).
const SCRIPT: &str = "seed:5,only,fail=14";
/// The agreed layout of files.
const LAYOUT: &str = "bar";

/// The desks of all banks. What they need beside the data folder's `pay` is made when it is missing.
///
/// # Errors
/// A file cannot be read or written.
pub(super) fn desks(app: &App) -> std::result::Result<Vec<Arc<Folder>>, Problem> {
    let place = app.config.data.join("pay");
    let words = |error: Error| Problem::from(DbError::Unavailable(error.to_string()));
    CODES.into_iter().map(|code| desk(&place, code).map(Arc::new).map_err(words)).collect()
}

fn desk(place: &Path, code: &str) -> Result<Folder> {
    let folder = place.join(code);
    std::fs::create_dir_all(&folder)?;
    let (ours, theirs) = (key(&place.join("platform.key"))?, key(&folder.join("bank.key"))?);
    let bank_key = theirs.verifying().to_compressed();
    let config = Config {
        way: Way::Files { folder: code.into(), layout: LAYOUT.to_owned() },
        payer_account: "5001000099887766".to_owned(),
        key_file: "platform.key".into(),
        bank_keys: vec![bank_key.iter().map(|byte| format!("{byte:02x}")).collect()],
        codes: "plain".to_owned(),
    };
    std::fs::write(place.join(format!("{code}.json")), serde_json::to_vec_pretty(&config)?)?;
    let script = match std::fs::read_to_string(folder.join("script")) {
        Ok(own) => own.trim().parse(),
        Err(error) if error.kind() == ErrorKind::NotFound => SCRIPT.parse(),
        Err(error) => return Err(error),
    };
    let script = script.map_err(Error::other)?;
    let book = folder.join("book.jsonl");
    let host = Host::open(code, theirs, vec![ours.verifying()], script, &book)?;
    let layout = Layout::shipped(LAYOUT).ok_or(ErrorKind::NotFound)?;
    Ok(Folder::new(host, &folder, Files::Text(layout)))
}

/// The key in a file; a fresh one when there is none.
pub(super) fn key(path: &Path) -> Result<seal::sm2::SigningKey> {
    let mut options = std::fs::OpenOptions::new();
    match options.write(true).create_new(true).mode(0o600).open(path) {
        Ok(mut file) => {
            let secret: String = random::<32>().iter().map(|byte| format!("{byte:02x}")).collect();
            std::io::Write::write_all(&mut file, secret.as_bytes())?;
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    secret_key(path).map_err(Error::other)
}

/// Lets the banks work for as long as the runtime lives.
pub(super) fn open(desks: Vec<Arc<Folder>>) {
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            for desk in &desks {
                let desk = Arc::clone(desk);
                let step = tokio::task::spawn_blocking(move || desk.step()).await;
                if let Ok(Err(error)) = step {
                    tracing::warn!(%error, "a demonstration bank could not work");
                }
            }
        }
    });
}
