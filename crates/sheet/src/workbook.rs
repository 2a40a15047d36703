//! Office workbooks (XLSX).

use std::io::{Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{DataRef, Reader as _, Xlsx};

use crate::fault::{Fault, Kind};
use crate::header::{self, Header, LOOKED_AT};
use crate::{Column, Input, Limits};

/// Stands between the cells of a stored row; no XML text can hold it.
const BETWEEN: char = '\u{1f}';

/// A row in little room.
pub(crate) struct Stored {
    line: u64,
    cells: Result<Box<str>, Kind>,
}

impl Stored {
    pub(crate) fn cells(self) -> Result<(u64, Vec<String>), Fault> {
        match self.cells {
            Ok(text) => Ok((self.line, text.split(BETWEEN).map(str::to_owned).collect())),
            Err(kind) => Err(kind.at(self.line)),
        }
    }
}

/// The first sheet that has the header, with the rows below it.
pub(crate) fn open(
    mut input: impl Input,
    columns: &[Column],
    limits: &Limits,
) -> Result<(Header, Vec<Stored>), Fault> {
    // What the libraries make of a hostile file is not in our hands; a panic of theirs stays theirs.
    let read = catch_unwind(AssertUnwindSafe(|| {
        check_size(&mut input, limits)?;
        read(input, columns, limits)
    }));
    read.unwrap_or(Err(Kind::Unreadable)).map_err(Kind::of_file).and_then(|(rows, at)| {
        let mut rows = rows;
        let below = rows.split_off((at + 1).min(rows.len()));
        let head = rows.pop().ok_or_else(|| Kind::NoHeader.of_file())?.cells()?;
        let header = header::best(&[head], columns).ok_or_else(|| Kind::NoHeader.of_file())?;
        Ok((header.accept()?, below))
    })
}

/// Unpacks everything once into nothing: the sizes that an archive states of itself prove nothing.
fn check_size(input: &mut impl Input, limits: &Limits) -> Result<(), Kind> {
    let mut archive = zip::ZipArchive::new(&mut *input).map_err(|_| Kind::Unreadable)?;
    let mut left = limits.expanded;
    for place in 0..archive.len() {
        let entry = archive.by_index(place).map_err(|_| Kind::Unreadable)?;
        let unpacked = std::io::copy(&mut entry.take(left + 1), &mut std::io::sink());
        let unpacked = unpacked.map_err(|_| Kind::Unreadable)?;
        left = left.checked_sub(unpacked).ok_or(Kind::TooLarge(limits.expanded))?;
    }
    input.seek(SeekFrom::Start(0)).map(drop).map_err(|_| Kind::Unreadable)
}

/// The rows of the sheet that fits best, and the place of its header.
fn read(
    input: impl Read + Seek,
    columns: &[Column],
    limits: &Limits,
) -> Result<(Vec<Stored>, usize), Kind> {
    let mut book = Xlsx::new(input).map_err(|_| Kind::Unreadable)?;
    let mut best: Option<(header::Candidate, Vec<Stored>)> = None;
    for name in book.sheet_names() {
        let rows = rows_of(&mut book, &name, limits)?;
        let head: Vec<_> = rows
            .iter()
            .take(LOOKED_AT)
            .map(|row| {
                let text = row.cells.as_deref().unwrap_or_default();
                (row.line, text.split(BETWEEN).map(str::to_owned).collect())
            })
            .collect();
        let Some(candidate) = header::best(&head, columns) else { continue };
        if best.as_ref().is_none_or(|(best, _)| candidate.beats(best)) {
            best = Some((candidate, rows));
        }
    }
    best.map(|(candidate, rows)| (rows, candidate.at)).ok_or(Kind::NoHeader)
}

fn rows_of<R: Read + Seek>(
    book: &mut Xlsx<R>,
    name: &str,
    limits: &Limits,
) -> Result<Vec<Stored>, Kind> {
    let mut cells = match book.worksheet_cells_reader(name) {
        Ok(cells) => cells,
        Err(calamine::XlsxError::NotAWorksheet(_)) => return Ok(Vec::new()),
        Err(_) => return Err(Kind::Unreadable),
    };
    let mut rows = Rows { done: Vec::new(), row: None, cells: Vec::new(), wide: false };
    let mut left = limits.expanded;
    while let Some(cell) = cells.next_cell().map_err(|_| Kind::Unreadable)? {
        let (row, column) = cell.get_position();
        let text = text_of(cell.get_value(), limits.cell);
        // One shared text may be used a million times.
        left = left.checked_sub(text.len() as u64 + 1).ok_or(Kind::TooLarge(limits.expanded))?;
        rows.put(u64::from(row) + 1, column as usize, text, limits);
        // Title lines above the header are few.
        if rows.done.len() as u64 > limits.rows + 2 * LOOKED_AT as u64 {
            return Err(Kind::TooManyRows(limits.rows));
        }
    }
    rows.end_row(limits);
    Ok(rows.done)
}

/// Gathers cells to rows.
struct Rows {
    done: Vec<Stored>,
    row: Option<u64>,
    cells: Vec<String>,
    wide: bool,
}

impl Rows {
    fn put(&mut self, line: u64, column: usize, text: String, limits: &Limits) {
        if self.row != Some(line) {
            self.end_row(limits);
            self.row = Some(line);
        }
        if text.is_empty() {
            return;
        }
        if column >= limits.columns {
            self.wide = true;
            return;
        }
        if column >= self.cells.len() {
            self.cells.resize(column + 1, String::new());
        }
        self.cells[column] = text;
    }

    fn end_row(&mut self, limits: &Limits) {
        let wide = std::mem::take(&mut self.wide);
        let cells = std::mem::take(&mut self.cells);
        let Some(line) = self.row.take() else { return };
        let cells = match wide {
            true => Err(Kind::TooManyColumns(limits.columns)),
            false if cells.is_empty() => return,
            false => Ok(cells.join("\u{1f}").into_boxed_str()),
        };
        self.done.push(Stored { line, cells });
    }
}

/// A cell as a person sees it. Of a text that is too long one character more than allowed is kept, so
/// that it is refused as such.
fn text_of(value: &DataRef<'_>, most: usize) -> String {
    let text = match value {
        DataRef::Empty => String::new(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            text.chars().take(most + 1).collect()
        }
        DataRef::SharedString(text) => text.chars().take(most + 1).collect(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number_text(*number),
        DataRef::Bool(truth) => truth.to_string().to_uppercase(),
        DataRef::DateTime(moment) if moment.is_datetime() => {
            let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
            match (hour, minute, second) {
                (0, 0, 0) => format!("{year:04}-{month:02}-{day:02}"),
                _ => format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"),
            }
        }
        DataRef::DateTime(moment) => number_text(moment.as_f64()),
        DataRef::Error(error) => error.to_string(),
    };
    text.replace(BETWEEN, "\u{fffd}")
}

/// Whole numbers without a point. From 16 digits on a workbook's numbers are rounded: they are written
/// so that they are seen as such.
fn number_text(number: f64) -> String {
    match number.abs() {
        large if large >= 1e15 => format!("{number:E}"),
        _ if number.fract() == 0.0 => format!("{}", number as i64),
        _ => number.to_string(),
    }
}
