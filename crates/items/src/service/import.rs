//! A table of items becomes proposals: all of them, or none with every line's fault named.

use std::collections::HashMap;
use std::io::Cursor;

use kernel::actor::Actor;
use kernel::law::Text;
use kernel::platform::Platform;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use sheet::Limits;

use super::{Proposal, propose_all};
use crate::proposal::COLUMNS;
use crate::rules::{self, Item};
use crate::store;

/// Rows that one table may have.
const MOST_ROWS: u64 = 2_000;

/// A fault of a line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LineFault {
    /// Line as the file's own program counts; 0 for the file as a whole.
    pub line: u64,
    /// What is wrong and what to do.
    pub text: Text,
}

/// What became of a table.
#[derive(Clone, Debug)]
pub enum Imported {
    /// Every line waits for its procedure.
    Proposed(Vec<Item>),
    /// Nothing was changed.
    Faulty(Vec<LineFault>),
}

/// Reads a CSV or XLSX table of items and proposes each line. Lines without a first day begin tomorrow.
///
/// # Errors
/// The database's word; faults of the table are not errors but [`Imported::Faulty`].
pub async fn import(app: &Platform, actor: &Actor, bytes: Vec<u8>) -> Result<Imported, Problem> {
    let org = actor.org.ok_or_else(Problem::forbidden)?;
    let tomorrow = Utc::now().day().next_day().map(day_text).unwrap_or_default();
    let (forms, mut faults) = read(bytes, &tomorrow);
    let published = app.db.read(|tx| Ok::<_, Problem>(store::published(tx)?)).await?;
    let mut seen: HashMap<&str, u64> = HashMap::new();
    for (line, form) in &forms {
        let checked = form.read(org, app.id()).and_then(|item| {
            rules::may_draft(&item, actor)?;
            let newest = published.iter().rfind(|known| known.code == item.code);
            // The municipal HRSS may propose for other owners; the entry checks that once more.
            let owner = newest.map_or(item.owner, |known| known.owner);
            let item = Item { owner, ..item };
            Ok(rules::check_proposal(&item, newest, Utc::now().day())?)
        });
        if let Err(problem) = checked {
            faults.push(LineFault { line: *line, text: told(&problem) });
        }
        if let Some(first) = seen.insert(&form.code, *line) {
            let zh = format!("编码与第{first}行重复");
            let en = format!("the code stands on line {first} already");
            faults.push(LineFault { line: *line, text: Text::new(zh, en) });
        }
    }
    if !faults.is_empty() {
        faults.sort_by_key(|fault| fault.line);
        return Ok(Imported::Faulty(faults));
    }
    let forms: Vec<Proposal> = forms.into_iter().map(|(_, form)| form).collect();
    match propose_all(app, actor, &forms).await {
        Ok(items) => Ok(Imported::Proposed(items)),
        Err(problem) if problem.status < 500 => {
            Ok(Imported::Faulty(vec![LineFault { line: 0, text: told(&problem) }]))
        }
        Err(problem) => Err(problem),
    }
}

/// Lines with their number, and what could not be read.
fn read(bytes: Vec<u8>, tomorrow: &str) -> (Vec<(u64, Proposal)>, Vec<LineFault>) {
    let (mut forms, mut faults) = (Vec::new(), Vec::new());
    let limits = Limits { rows: MOST_ROWS, cell: 4_000, expanded: 64 << 20, ..Limits::default() };
    let sheet = match sheet::open(Cursor::new(bytes), COLUMNS, limits) {
        Ok(sheet) => sheet,
        Err(fault) => return (forms, vec![LineFault { line: fault.line, text: fault.what() }]),
    };
    for row in sheet {
        match row {
            Ok(row) => {
                let mut form = Proposal::of(|key| row.get(key).to_owned());
                if form.from.is_empty() {
                    form.from = tomorrow.to_owned();
                }
                forms.push((row.line, form));
            }
            Err(fault) => faults.push(LineFault { line: fault.line, text: fault.what() }),
        }
    }
    if forms.is_empty() && faults.is_empty() {
        let text = Text::new("表中没有内容", "the table has no lines");
        faults.push(LineFault { line: 0, text });
    }
    (forms, faults)
}

fn told(problem: &Problem) -> Text {
    let fields: Vec<&str> = problem.fields.iter().map(|fault| fault.field.as_str()).collect();
    let fields =
        if fields.is_empty() { String::new() } else { format!("（{}）", fields.join("、")) };
    Text::new(
        format!("{}{fields}：{}", problem.title.zh, problem.advice.zh),
        format!("{} {fields} {}", problem.title.en, problem.advice.en),
    )
}
