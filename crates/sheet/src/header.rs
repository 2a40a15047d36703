//! Finding the header and what its columns are taken for.

use crate::Column;
use crate::fault::{Fault, Kind};
use crate::text::narrow;

/// The header is looked for in so many rows: above it stand titles and remarks.
pub(crate) const LOOKED_AT: usize = 20;
/// Characters that are kept of a column's name.
const LONGEST_NAME: usize = 60;

/// The header's names, and the key that each was taken for.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) names: Vec<String>,
    pub(crate) keys: Vec<Option<&'static str>>,
}

impl Header {
    pub(crate) fn place(&self, key: &str) -> Option<usize> {
        self.keys.iter().position(|known| *known == Some(key))
    }
}

/// A row that may be the header.
pub(crate) struct Candidate {
    /// Its place among the rows looked at.
    pub(crate) at: usize,
    line: u64,
    header: Header,
    missing: Vec<&'static str>,
    known: usize,
}

impl Candidate {
    /// Better has fewer needed columns missing, then more columns known; the earlier wins.
    pub(crate) fn beats(&self, other: &Self) -> bool {
        let rank = |one: &Self| (one.missing.len(), std::cmp::Reverse(one.known));
        rank(self) < rank(other)
    }

    /// The header, when it will do.
    pub(crate) fn accept(self) -> Result<Header, Fault> {
        if !self.missing.is_empty() {
            return Err(Kind::MissingColumns(self.missing).at(self.line));
        }
        let keys = &self.header.keys;
        let doubled = |(place, key): &(usize, &Option<&'static str>)| {
            key.is_some() && keys[..*place].contains(key)
        };
        match keys.iter().enumerate().find(doubled) {
            Some((place, _)) => {
                Err(Kind::DoubledColumn.in_cell(self.line, &self.header.names[place]))
            }
            None => Ok(self.header),
        }
    }
}

/// The row that looks most like a header.
pub(crate) fn best(rows: &[(u64, Vec<String>)], columns: &[Column]) -> Option<Candidate> {
    let mut best: Option<Candidate> = None;
    for (at, (line, cells)) in rows.iter().enumerate().take(LOOKED_AT) {
        let Some(candidate) = candidate(at, *line, cells, columns) else { continue };
        if best.as_ref().is_none_or(|best| candidate.beats(best)) {
            best = Some(candidate);
        }
    }
    best
}

fn candidate(at: usize, line: u64, cells: &[String], columns: &[Column]) -> Option<Candidate> {
    let filled = cells.iter().rposition(|cell| !cell.trim().is_empty())? + 1;
    let name = |cell: &String| cell.trim().chars().take(LONGEST_NAME).collect::<String>();
    let names: Vec<String> = cells[..filled].iter().map(name).collect();
    let keys: Vec<_> = names.iter().map(|name| key_of(name, columns)).collect();
    let known = keys.iter().flatten().count();
    let missing = columns.iter().filter(|c| c.needed && !keys.contains(&Some(c.key)));
    let missing = missing.map(|column| column.names[0]).collect();
    (known > 0).then_some(Candidate { at, line, header: Header { names, keys }, missing, known })
}

fn key_of(name: &str, columns: &[Column]) -> Option<&'static str> {
    let name = plain(name);
    let bears = |column: &&Column| column.names.iter().any(|known| plain(known) == name);
    columns.iter().find(bears).map(|column| column.key)
}

/// `＊ 手机号码（必填）` is `手机号码`.
fn plain(name: &str) -> String {
    let narrow = narrow(name).to_lowercase();
    let before = narrow.split('(').next().unwrap_or_default();
    before.chars().filter(|c| !c.is_whitespace() && !"*:_-'\u{feff}".contains(*c)).collect()
}
