//! Resolving a department's links, 1,000 ids a request, beside a bare read of the same rows.

use std::path::Path;

use kernel::db::Location;
use kernel::problem::Problem;

use super::prepare;

/// Requests of one measurement.
const ROUNDS: usize = 200;

/// Measures on one database and prints what it saw.
///
/// # Errors
/// In words, what went wrong.
pub(super) async fn run(
    name: &str,
    location: &Location,
    folder: &Path,
    accounts: u32,
) -> Result<(), String> {
    let words = |problem: Problem| format!("{}: {}", problem.code, problem.title.en);
    let (app, _) = prepare(location, folder).await?;
    let measured = funds::g2p::bench::measure(&app, i64::from(accounts), ROUNDS);
    let done = measured.await.map_err(words)?;
    println!("{name}, {accounts} accounts, {} ids", done.ids);
    println!("  resolve, 1,000 ids a request   {:>9.0} ids/s", done.rate());
    println!(
        "  floor: bare read of the rows   {:>9.0} ids/s   ratio {:.2}",
        done.floor(),
        done.rate() / done.floor()
    );
    Ok(())
}
