//! Writing. What a layout cannot carry exactly is refused, never cut or replaced.

use std::io::{self, Write};

use encoding_rs::GB18030;

use super::row::Row;
use crate::layout::{Align, Amounts, Column, Field, Form, Layout, Shape};
use crate::money;

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The place cannot be written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The content does not fit: line from 1, and why.
    #[error("line {0}: {1}")]
    Unfit(u64, String),
}

/// Writes one file; [`Writer::finish`] makes it whole.
pub struct Writer<'l, W: Write> {
    out: W,
    layout: &'l Layout,
    shape: &'l Shape,
    line: u64,
    declared: (u64, i64),
    written: (u64, i64),
    bytes: Vec<u8>,
}

impl<'l, W: Write> Writer<'l, W> {
    /// Begins a file with its header: `count` lines of `fen` together.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn new(
        out: W,
        layout: &'l Layout,
        shape: &'l Shape,
        head: &mut Row,
        (count, fen): (u64, i64),
    ) -> Result<Self, WriteError> {
        let (declared, written) = ((count, fen), (0, 0));
        let mut writer = Self { out, layout, shape, line: 0, declared, written, bytes: Vec::new() };
        writer.totals(head);
        writer.put(&shape.header, head)?;
        Ok(writer)
    }

    /// Writes a line with this amount.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn line(&mut self, row: &mut Row, fen: i64) -> Result<(), WriteError> {
        self.amount(row, Field::Amount, fen);
        let shape = self.shape;
        self.put(&shape.line, row)?;
        self.written = (self.written.0 + 1, self.written.1.saturating_add(fen));
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// The lines are not what the header declared, or [`WriteError`].
    pub fn finish(mut self) -> Result<W, WriteError> {
        if self.written != self.declared {
            let why = format!("{:?} declared, {:?} written", self.declared, self.written);
            return Err(WriteError::Unfit(self.line, why));
        }
        if !self.shape.trailer.is_empty() {
            let mut row = Row::default();
            self.totals(&mut row);
            let shape = self.shape;
            self.put(&shape.trailer, &row)?;
        }
        self.out.flush()?;
        Ok(self.out)
    }

    fn totals(&self, row: &mut Row) {
        row.set_number(Field::Count, self.declared.0);
        self.amount(row, Field::Total, self.declared.1);
    }

    fn amount(&self, row: &mut Row, field: Field, fen: i64) {
        let place = row.place(field);
        match self.layout.amounts {
            Amounts::Yuan => money::put_yuan(fen, place),
            Amounts::Fen => place.push_str(&fen.to_string()),
        }
    }

    fn put(&mut self, columns: &[Column], row: &Row) -> Result<(), WriteError> {
        self.line += 1;
        self.bytes.clear();
        for (index, column) in columns.iter().enumerate() {
            let value = match column.field {
                Field::Mark => &column.is,
                field => row.get(field),
            };
            let done = match self.layout.form {
                Form::Separator(separator) => {
                    if index > 0 {
                        self.bytes.push(separator as u8);
                    }
                    separated(&mut self.bytes, value, separator)
                }
                Form::Fixed => fixed(&mut self.bytes, value, column),
            };
            // Neither name nor account is repeated: the words may end in a log.
            done.map_err(|why| WriteError::Unfit(self.line, format!("{:?}: {why}", column.field)))?;
        }
        self.bytes.extend_from_slice(self.layout.line_end.bytes());
        self.out.write_all(&self.bytes)?;
        Ok(())
    }
}

fn separated(bytes: &mut Vec<u8>, value: &str, separator: char) -> Result<(), &'static str> {
    if value.contains(separator) {
        return Err("it contains the separator");
    }
    encode(bytes, value)
}

fn fixed(bytes: &mut Vec<u8>, value: &str, column: &Column) -> Result<(), &'static str> {
    let start = bytes.len();
    encode(bytes, value)?;
    let length = bytes.len() - start;
    let gap = column.width.checked_sub(length).ok_or("it is wider than its column")?;
    match column.align {
        _ if gap == 0 => {}
        Align::Left => bytes.resize(start + column.width, b' '),
        Align::Right | Align::Zeros => {
            let fill = if column.align == Align::Zeros { b'0' } else { b' ' };
            bytes.resize(start + column.width, fill);
            bytes[start..].rotate_right(gap);
        }
    }
    let lost = match column.align {
        Align::Left => value.ends_with(' '),
        Align::Right => value.starts_with(' '),
        Align::Zeros => !value.bytes().all(|b| b.is_ascii_digit() || b == b'.') || value.is_empty(),
    };
    if lost { Err("its filling could not be told from it") } else { Ok(()) }
}

/// Appends text in GB 18030, surely readable again as the same text.
fn encode(bytes: &mut Vec<u8>, value: &str) -> Result<(), &'static str> {
    if value.chars().any(char::is_control) {
        return Err("it contains a control character");
    }
    if value.is_ascii() {
        bytes.extend_from_slice(value.as_bytes());
        return Ok(());
    }
    let (encoded, _, unmapped) = GB18030.encode(value);
    let again = GB18030.decode_without_bom_handling_and_without_replacement(&encoded);
    if unmapped || again.as_deref() != Some(value) {
        return Err("a character has no code in GB 18030");
    }
    bytes.extend_from_slice(&encoded);
    Ok(())
}
