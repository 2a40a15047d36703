//! Lists for demonstrations and measurements, made of people who are in the register.

use kernel::db::{DbError, Tx, v};
use kernel::platform::App;
use kernel::problem::Problem;
use sheet::CsvWriter;

use crate::programmes::formula::yuan;

/// A list as a file, and what is declared with it.
#[derive(Clone, Debug)]
pub struct DemoList {
    /// CSV, UTF-8.
    pub csv: Vec<u8>,
    /// Lines.
    pub lines: i64,
    /// Total in fen.
    pub fen: i64,
}

/// A list of up to `most` people of the register with `fen` and a little more each; with `faults`, the
/// last lines are one doubled and one with a wrong name. People with an account in order come first.
///
/// # Errors
/// The database's word.
pub async fn list(app: &App, most: i64, fen: i64, faults: bool) -> Result<DemoList, Problem> {
    let people = app.db.read(move |tx| Ok::<_, Problem>(people(tx, most)?)).await?;
    let mut rows: Vec<(String, String, i64)> = (0i64..)
        .zip(people)
        .map(|(place, (number, name))| (number, name, fen + place % 7 * 100))
        .collect();
    if faults && let Some((number, name, fen)) = rows.first().cloned() {
        rows.push((number.clone(), name, fen));
        rows.push((number, "查无此名".to_owned(), fen));
    }
    let write = || {
        let mut writer = CsvWriter::new(Vec::new())?;
        writer.row(["社会保障号码", "姓名", "金额"])?;
        for (number, name, fen) in &rows {
            writer.row([number, name, &yuan(*fen)])?;
        }
        writer.finish()
    };
    let csv = write().map_err(|error: std::io::Error| DbError::Engine(error.to_string()))?;
    let total = rows.iter().map(|(.., fen)| fen).sum();
    Ok(DemoList { csv, lines: i64::try_from(rows.len()).unwrap_or(i64::MAX), fen: total })
}

fn people(tx: &mut Tx<'_>, most: i64) -> Result<Vec<(String, String)>, DbError> {
    let sql = "SELECT p.number, p.name FROM person p
               LEFT JOIN bank_account a ON a.person_id = p.id AND a.state = 'active'
               WHERE p.deceased_on IS NULL AND p.merged_into IS NULL
               ORDER BY CASE WHEN a.person_id IS NULL THEN 1 ELSE 0 END, p.id LIMIT $1";
    let rows = tx.query(sql, &[v(most)])?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}
