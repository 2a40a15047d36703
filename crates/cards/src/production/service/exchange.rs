//! The folders of bank, factory and key centre: files are put out, answers are collected.
//!
//! `exchange/{bank,factory,keys}/out` is what the partner reads, `in` is where he writes. An answer that
//! counts moves to `done`, one with faults to `refused` with its faults beside it.

use std::io;
use std::path::{Path, PathBuf};

use kernel::actor::Actor;
use kernel::db::DbError;
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::Utc;

use super::answers::{Outcome, take};
use super::batches::send;
use crate::production::SEND_ON;
use crate::production::files::{Fault, MOST_BYTES};
use crate::production::rules::Stage;
use crate::production::store::batches as store;
use crate::production::store::files as file_store;

/// Partners that exchange files in folders.
pub const PARTNERS: [Stage; 3] = [Stage::Bank, Stage::Factory, Stage::Keys];

/// What one round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rounded {
    /// Batches sent to their next stage.
    pub sent: usize,
    /// Files put into folders.
    pub exported: usize,
    /// Answers that count.
    pub taken: usize,
    /// Answers with faults.
    pub refused: usize,
}

/// The folder of the exchange.
pub fn folder(app: &App) -> PathBuf {
    app.config.data.join("exchange")
}

/// Collects answers, sends batches on, and puts files out.
///
/// # Errors
/// The database's word, or a folder that cannot be written. What was done stays done.
pub async fn round(app: &App) -> Result<Rounded, Problem> {
    let mut rounded = Rounded::default();
    for stage in PARTNERS {
        collect(app, stage, &mut rounded).await?;
    }
    rounded.sent = send_on(app).await?;
    rounded.exported = export(app).await?;
    Ok(rounded)
}

async fn send_on(app: &App) -> Result<usize, Problem> {
    let waiting = app
        .db
        .read(|tx| {
            let on = settings::get(tx, &SEND_ON, Utc::now())? == 1;
            if on { store::to_send_on(tx) } else { Ok(Vec::new()) }
        })
        .await?;
    for batch in &waiting {
        send(app, &Actor::system(), *batch).await?;
    }
    Ok(waiting.len())
}

async fn export(app: &App) -> Result<usize, Problem> {
    let waiting = app.db.read(file_store::to_export).await?;
    for id in &waiting {
        let (id, keys) = (*id, app.keys.clone());
        let found = app.db.read(move |tx| file_store::by_id(tx, &keys, id)).await?;
        let Some((record, Some(content))) = found else { continue };
        let path = folder(app).join(record.stage.code()).join("out").join(record.name());
        blocking(move || write_whole(&path, &content)).await?;
        note_exported(app, id).await?;
    }
    Ok(waiting.len())
}

async fn note_exported(app: &App, id: Id) -> Result<(), DbError> {
    app.db.housekeeping(move |tx| file_store::exported(tx, id, Utc::now())).await
}

async fn collect(app: &App, stage: Stage, rounded: &mut Rounded) -> Result<(), Problem> {
    let place = folder(app).join(stage.code());
    let inbox = place.join("in");
    let names = blocking(move || waiting_in(&inbox)).await?;
    for path in names {
        let read = path.clone();
        let bytes = blocking(move || read_limited(&read)).await?;
        match take(app, &Actor::system(), bytes, None).await {
            Ok(Outcome::Refused(faults)) => {
                rounded.refused += 1;
                put_away(&place, &path, "refused", &faults).await?;
            }
            Ok(_) => {
                rounded.taken += 1;
                put_away(&place, &path, "done", &[]).await?;
            }
            Err(problem) if problem.status < 500 => {
                rounded.refused += 1;
                let told = Fault { line: 1, text: problem.title };
                put_away(&place, &path, "refused", &[told]).await?;
            }
            Err(problem) => return Err(problem),
        }
    }
    Ok(())
}

/// Files in a partner's `in` that are whole: what is still being written ends in `.part`.
fn waiting_in(inbox: &Path) -> io::Result<Vec<PathBuf>> {
    std::fs::create_dir_all(inbox)?;
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(inbox)? {
        let entry = entry?;
        let path = entry.path();
        let whole = path.extension().is_some_and(|extension| extension == "txt");
        if whole && entry.file_type()?.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// One byte more than a file may have is enough to refuse it.
fn read_limited(path: &Path) -> io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let most = MOST_BYTES as u64 + 1;
    std::fs::File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The partner never sees half a file: it gets its name when it is whole.
fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let part = path.with_extension("part");
    let mut file = std::fs::File::create(&part)?;
    io::Write::write_all(&mut file, content)?;
    file.sync_all()?;
    std::fs::rename(&part, path)
}

async fn put_away(
    place: &Path,
    path: &Path,
    folder: &'static str,
    faults: &[Fault],
) -> Result<(), Problem> {
    let (from, to) = (path.to_owned(), place.join(folder));
    let told: String = faults
        .iter()
        .map(|fault| format!("{}|{}|{}\n", fault.line, fault.text.zh, fault.text.en))
        .collect();
    blocking(move || {
        std::fs::create_dir_all(&to)?;
        let name = from.file_name().unwrap_or_default();
        let stamp = Utc::now().0;
        let target = to.join(format!("{stamp}-{}", name.to_string_lossy()));
        if !told.is_empty() {
            write_whole(&target.with_extension("faults"), told.as_bytes())?;
        }
        std::fs::rename(&from, &target)
    })
    .await
}

/// Removes answers that were put away before a moment: they tell who got a card (Art. 19). Returns how
/// many.
///
/// # Errors
/// A folder cannot be read or written.
pub async fn forget(app: &App, before: Utc) -> Result<u64, Problem> {
    let places = PARTNERS.map(|stage| folder(app).join(stage.code()));
    blocking(move || {
        let mut gone = 0;
        for place in places {
            for kept in ["done", "refused"] {
                gone += forget_in(&place.join(kept), before)?;
            }
        }
        Ok(gone)
    })
    .await
}

/// The name begins with the moment at which a file was put away, see [`put_away`].
fn forget_in(folder: &Path, before: Utc) -> io::Result<u64> {
    let mut gone = 0;
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let at = name.split_once('-').and_then(|(stamp, _)| stamp.parse().ok());
        if at.is_some_and(|at: i64| at < before.0) {
            std::fs::remove_file(entry.path())?;
            gone += 1;
        }
    }
    Ok(gone)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    let failed = |text: String| Problem::from(DbError::Unavailable(text));
    done.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))
}
