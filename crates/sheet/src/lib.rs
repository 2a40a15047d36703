//! Tables that people send, as rows with their line numbers; and CSV, workbooks and PDF for people to download.
//!
//! ```ignore
//! const COLUMNS: &[Column] = &[Column::needed("number", &["社会保障号码", "number"])];
//! let sheet = sheet::open(file, COLUMNS, Limits::default())?;
//! for item in sheet {
//!     match item {
//!         Ok(row) => use_it(row.line, row.get("number")),
//!         Err(fault) => tell(&fault.text()),
//!     }
//! }
//! ```
//!
//! * CSV in UTF-8, UTF-16 or GB 18030, separated by `,` `;` tab or `|`, and the first fitting sheet of
//!   an XLSX workbook. What it is, is found by looking, never by the file's name.
//! * The header may come after a few lines of title; columns may stand in any order, and unknown ones
//!   are let be.
//! * A bad line is one [`Fault`] and the reading goes on. A fault of the whole file ends it
//!   ([`Fault::is_final`]).
//! * CSV is read as a stream: memory does not grow with the file. A workbook is kept in memory, bounded
//!   by [`Limits::expanded`].
//!
//! Nothing here opens files, asks a clock or panics on any bytes.
#![forbid(unsafe_code)]

mod check;
mod decode;
mod delimited;
mod fault;
mod header;
mod pdf;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod text;
mod workbook;
mod write;
mod xlsx;

use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

pub use fault::{Fault, Kind};
pub use pdf::{Part, pdf};
pub use text::narrow;
pub use write::CsvWriter;
pub use xlsx::{XLSX_TYPE, XlsxCell, xlsx};

use header::Header;

/// A column that the reader knows by one of several names.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// What [`Row::get`] is asked for.
    pub key: &'static str,
    /// Names in a header, the usual one first; width, case, spaces, `*` and remarks in parentheses do
    /// not count.
    pub names: &'static [&'static str],
    /// Without it the table cannot be read.
    pub needed: bool,
}

impl Column {
    /// A column that must be there.
    pub const fn needed(key: &'static str, names: &'static [&'static str]) -> Self {
        Self { key, names, needed: true }
    }

    /// A column that may be there.
    pub const fn optional(key: &'static str, names: &'static [&'static str]) -> Self {
        Self { key, names, needed: false }
    }
}

/// How much is read.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Rows below the header; one more is a final fault.
    pub rows: u64,
    /// Columns.
    pub columns: usize,
    /// Characters of a cell.
    pub cell: usize,
    /// Bytes of a workbook's content, unpacked: a small file may hold very much.
    pub expanded: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { rows: 1_000_000, columns: 64, cell: 500, expanded: 256 << 20 }
    }
}

/// What kind of file it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// Text with a separator.
    Csv {
        /// `UTF-8`, `UTF-16LE`, `UTF-16BE` or `GB18030`; plain ASCII so far counts as UTF-8.
        encoding: &'static str,
        /// What stands between two cells.
        separator: char,
    },
    /// An office workbook (ISO/IEC 29500).
    Xlsx,
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Csv { encoding, separator: '\t' } => write!(f, "CSV {encoding} (Tab)"),
            Self::Csv { encoding, separator } => write!(f, "CSV {encoding} ({separator})"),
            Self::Xlsx => f.write_str("XLSX"),
        }
    }
}

/// A row of the table.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its line as the file's own program counts, from 1.
    pub line: u64,
    /// All cells in the file's order, without spaces at their ends; as many as the header has.
    pub cells: Vec<String>,
    header: Arc<Header>,
}

impl Row {
    /// The cell of a column by its key; empty when the table has no such column.
    pub fn get(&self, key: &str) -> &str {
        let place = self.header.place(key);
        place.and_then(|place| self.cells.get(place)).map_or("", String::as_str)
    }

    /// [`Row::get`] with full-width digits, letters and spaces made narrow.
    pub fn narrow(&self, key: &str) -> String {
        narrow(self.get(key))
    }

    /// What the header calls a column; its key when the table has no such column.
    pub fn name<'a>(&'a self, key: &'a str) -> &'a str {
        self.header.place(key).map_or(key, |place| &self.header.names[place])
    }
}

/// A table that is being read: an iterator over its rows and faults.
pub struct Sheet {
    header: Arc<Header>,
    source: Source,
    limits: Limits,
    rows: u64,
    ended: bool,
}

enum Source {
    Csv(Box<delimited::Records>),
    Xlsx(std::vec::IntoIter<workbook::Stored>),
}

/// Where a table comes from.
pub trait Input: Read + Seek + Send + 'static {}
impl<T: Read + Seek + Send + 'static> Input for T {}

/// Looks what `input` is and finds its header.
///
/// # Errors
/// It is no table, or lacks a needed column.
pub fn open(mut input: impl Input, columns: &[Column], limits: Limits) -> Result<Sheet, Fault> {
    let mut head = [0u8; 4];
    let known = read_head(&mut input, &mut head).map_err(|_| Kind::Unreadable.of_file())?;
    let (header, source) = match &head[..known] {
        [] => return Err(Kind::NoHeader.of_file()),
        // ZIP, and the older container of XLS and of workbooks with a password.
        [b'P', b'K', 3, 4] => {
            let (header, rows) = workbook::open(input, columns, &limits)?;
            (header, Source::Xlsx(rows.into_iter()))
        }
        [0xd0, 0xcf, 0x11, 0xe0] => return Err(Kind::OldWorkbook.of_file()),
        _ => {
            let (header, records) = delimited::open(Box::new(input), columns, &limits)?;
            (header, Source::Csv(Box::new(records)))
        }
    };
    Ok(Sheet { header: Arc::new(header), source, limits, rows: 0, ended: false })
}

fn read_head(input: &mut impl Input, head: &mut [u8; 4]) -> std::io::Result<usize> {
    input.seek(SeekFrom::Start(0))?;
    let mut known = 0;
    while known < head.len() {
        match input.read(&mut head[known..])? {
            0 => break,
            more => known += more,
        }
    }
    input.seek(SeekFrom::Start(0))?;
    Ok(known)
}

impl Sheet {
    /// What kind of file it is, as far as it was read.
    pub fn format(&self) -> Format {
        match &self.source {
            Source::Csv(records) => {
                Format::Csv { encoding: records.encoding(), separator: records.separator() }
            }
            Source::Xlsx(_) => Format::Xlsx,
        }
    }

    /// The header's names in the file's order, each with the key of the column it was taken for.
    pub fn columns(&self) -> Vec<(&str, Option<&'static str>)> {
        let names = self.header.names.iter().map(String::as_str);
        names.zip(self.header.keys.iter().copied()).collect()
    }

    fn next_cells(&mut self) -> Option<Result<(u64, Vec<String>), Fault>> {
        match &mut self.source {
            Source::Csv(records) => records.next(),
            Source::Xlsx(rows) => rows.next().map(workbook::Stored::cells),
        }
    }
}

impl Iterator for Sheet {
    type Item = Result<Row, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        loop {
            let checked = match self.next_cells()? {
                Ok((_, cells)) if cells.iter().all(|cell| cell.trim().is_empty()) => continue,
                Ok((line, cells)) => check::row(line, cells, &self.header, &self.limits),
                Err(fault) => Err(fault),
            };
            self.rows += 1;
            let line = checked.as_ref().map_or_else(|fault| fault.line, |(line, _)| *line);
            if self.rows > self.limits.rows {
                self.ended = true;
                return Some(Err(Kind::TooManyRows(self.limits.rows).at(line)));
            }
            self.ended = checked.as_ref().is_err_and(Fault::is_final);
            let header = self.header.clone();
            return Some(checked.map(|(line, cells)| Row { line, cells, header }));
        }
    }
}
