//! Service quality per bank and month; each bank sees its own only (Art. 10).

use kernel::actor::Actor;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;

use super::alarms::bound;
use crate::store::events::{self, IncomingFile};
use crate::store::figures::{self, Figures};
use crate::store::month_of;

/// Months that are shown.
const MONTHS: i64 = 12;

/// The figures of the last twelve months that an actor sees, newest first.
///
/// # Errors
/// See [`Problem`].
pub async fn of_actor(app: &App, actor: &Actor) -> Result<Vec<Figures>, Problem> {
    let (bank, now) = (bound(actor), Utc::now());
    // A month has at least 28 days: from the first day on, eleven months back are reached surely.
    let since = month_of(Utc(now.0 - (MONTHS - 1) * 30 * Utc::DAY));
    app.db.read(move |tx| Ok::<_, Problem>(figures::since(tx, &since, bank)?)).await
}

/// A file of a bank with the faults of its lines.
pub type FileWithFaults = (IncomingFile, Vec<(i64, String)>);

/// The newest files of banks that an actor sees, with the faults of their lines.
///
/// # Errors
/// See [`Problem`].
pub async fn files(app: &App, actor: &Actor) -> Result<Vec<FileWithFaults>, Problem> {
    let bank = bound(actor);
    app.db
        .read(move |tx| {
            let files = events::files(tx, bank, 50)?;
            let with = files.into_iter().map(|file| {
                let faults = events::faults(tx, file.id)?;
                Ok((file, faults))
            });
            with.collect()
        })
        .await
}

/// The figures as CSV (UTF-8 with a byte order mark, as spreadsheets expect it).
///
/// # Errors
/// See [`Problem`].
pub fn csv(
    figures: &[Figures],
    name: impl Fn(kernel::id::Id) -> String,
) -> Result<Vec<u8>, Problem> {
    let mut writer = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
    let fault = |error: csv::Error| kernel::db::DbError::Engine(error.to_string());
    let head = [
        "month",
        "bank",
        "requests",
        "done",
        "refused",
        "unknown",
        "mean_answer_ms",
        "slowest_answer_ms",
        "divergences",
        "divergences_open",
    ];
    writer.write_record(head).map_err(fault)?;
    for line in figures {
        let mean = line.mean_ms().map(|ms| ms.to_string()).unwrap_or_default();
        let slowest = match line.mean_ms() {
            Some(_) => (line.answer_most / 1_000).to_string(),
            None => String::new(),
        };
        let counts = [line.requests, line.done, line.refused, line.unknown];
        let counts = counts.map(|count| count.to_string());
        let alarms = [line.alarms, line.alarms_open].map(|count| count.to_string());
        let cells = [line.month.clone(), name(line.bank)].into_iter().chain(counts);
        writer.write_record(cells.chain([mean, slowest]).chain(alarms)).map_err(fault)?;
    }
    let bytes = writer.into_inner().map_err(|e| kernel::db::DbError::Engine(e.to_string()))?;
    Ok(bytes)
}
