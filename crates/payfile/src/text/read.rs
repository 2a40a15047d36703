//! Reading: strict. A line that is not as the layout has it is a fault with its number; a header,
//! count or total that is not makes the whole file worthless.

use std::io::{BufRead, Read as _};

use encoding_rs::GB18030;

use super::row::Row;
use crate::layout::{Align, Amounts, Column, Field, Form, Layout, LineEnd, Shape};
use crate::money;

/// What is wrong, with the number of the line from 1; 0 is the file as a whole.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct Fault {
    /// The line.
    pub line: u64,
    /// In words, without the line's content.
    pub why: String,
}

/// The most bytes of one line.
const MOST_LINE: u64 = 8 * 1024;

/// Reads one file line by line.
pub struct Reader<'l, R: BufRead> {
    input: R,
    layout: &'l Layout,
    shape: &'l Shape,
    line: u64,
    bytes: Vec<u8>,
    declared: (u64, i64),
    read: (u64, i64),
    faulty: bool,
}

impl<'l, R: BufRead> Reader<'l, R> {
    /// Reads the header into `head`.
    ///
    /// # Errors
    /// The header cannot be believed.
    pub fn new(
        input: R,
        layout: &'l Layout,
        shape: &'l Shape,
        head: &mut Row,
    ) -> Result<Self, Fault> {
        let (line, bytes, faulty) = (0, Vec::new(), false);
        let (declared, read) = ((0, 0), (0, 0));
        let mut reader = Self { input, layout, shape, line, bytes, declared, read, faulty };
        reader.frame_line(&shape.header, head)?;
        reader.declared = reader.totals(head).map_err(|why| reader.fault(why))?;
        Ok(reader)
    }

    /// Lines and fen that the header declares.
    pub fn declared(&self) -> (u64, i64) {
        self.declared
    }

    /// Number of the line that was read last.
    pub fn line_number(&self) -> u64 {
        self.line
    }

    /// Reads the next line into `row`: its amount in fen, or why the line cannot be read; `None`
    /// after the last, when the whole holds.
    ///
    /// # Errors
    /// The file as a whole cannot be believed.
    pub fn next_row(&mut self, row: &mut Row) -> Result<Option<Result<i64, Fault>>, Fault> {
        if self.read.0 == self.declared.0 {
            self.end()?;
            return Ok(None);
        }
        self.next_line()?;
        self.read.0 += 1;
        let shape = self.shape;
        let amount = self.fields(&shape.line, row).and_then(|()| {
            let amount = self.fen(row.get(Field::Amount)).ok_or("Amount: it is no amount")?;
            self.read.1 = self.read.1.checked_add(amount).ok_or("Amount: too much together")?;
            Ok(amount)
        });
        Ok(Some(amount.map_err(|why| {
            self.faulty = true;
            self.fault(why)
        })))
    }

    /// After the last line: the trailer repeats the header's sums, which are those of the lines, and
    /// nothing follows.
    fn end(&mut self) -> Result<(), Fault> {
        if !self.shape.trailer.is_empty() {
            let (mut row, shape) = (Row::default(), self.shape);
            self.frame_line(&shape.trailer, &mut row)?;
            let has = |field| shape.trailer.iter().any(|column| column.field == field);
            let count = !has(Field::Count) || row.get(Field::Count) == self.declared.0.to_string();
            let total =
                !has(Field::Total) || self.fen(row.get(Field::Total)) == Some(self.declared.1);
            if !count || !total {
                return Err(self.fault("the trailer contradicts the header".to_owned()));
            }
        }
        let line = self.line;
        let unread = |error: std::io::Error| Fault { line, why: error.to_string() };
        if !self.input.fill_buf().map_err(unread)?.is_empty() {
            return Err(self.fault("the file goes on after its last line".to_owned()));
        }
        let (total, sum) = (self.declared.1, self.read.1);
        // The amount of a line that cannot be read is not known: then the sum is only a bound.
        if sum > total || !self.faulty && sum != total {
            let why = "the total is not the sum of the lines".to_owned();
            return Err(Fault { line: 0, why });
        }
        Ok(())
    }

    fn totals(&self, head: &Row) -> Result<(u64, i64), String> {
        let count = money::whole(head.get(Field::Count)).and_then(|n| u64::try_from(n).ok());
        let most = crate::contract::MOST_ORDERS as u64;
        let count = count.filter(|n| *n <= most).ok_or("Count: it is no count")?;
        let total = self.fen(head.get(Field::Total)).ok_or("Total: it is no amount")?;
        Ok((count, total))
    }

    fn fen(&self, text: &str) -> Option<i64> {
        match self.layout.amounts {
            Amounts::Yuan => money::fen_of_yuan(text),
            Amounts::Fen => money::fen_of_fen(text),
        }
    }

    fn frame_line(&mut self, columns: &[Column], row: &mut Row) -> Result<(), Fault> {
        self.next_line()?;
        self.fields(columns, row).map_err(|why| self.fault(why))
    }

    fn next_line(&mut self) -> Result<(), Fault> {
        self.line += 1;
        self.bytes.clear();
        let read = (&mut self.input).take(MOST_LINE).read_until(b'\n', &mut self.bytes);
        read.map_err(|error| self.fault(error.to_string()))?;
        let end = self.layout.line_end.bytes();
        let Some(content) = self.bytes.strip_suffix(end) else {
            return Err(self.fault("the file is cut off, or the line has another end".to_owned()));
        };
        let bare = self.layout.line_end == LineEnd::Lf;
        if content.contains(&b'\r') && bare {
            return Err(self.fault("the line has another end than agreed".to_owned()));
        }
        let length = content.len();
        self.bytes.truncate(length);
        Ok(())
    }

    fn fields(&self, columns: &[Column], row: &mut Row) -> Result<(), String> {
        match self.layout.form {
            Form::Separator(separator) => {
                // Decoded first: a trail byte may look like the separator.
                let line = decode(&self.bytes)?;
                let mut values = line.split(separator);
                for column in columns {
                    let value = values.next().ok_or("there are too few fields")?;
                    take(column, value, row)?;
                }
                if values.next().is_some() {
                    return Err("there are too many fields".to_owned());
                }
            }
            Form::Fixed => {
                let mut rest = self.bytes.as_slice();
                for column in columns {
                    let (value, after) =
                        rest.split_at_checked(column.width).ok_or("the line is too short")?;
                    rest = after;
                    let value =
                        decode(value).map_err(|why| format!("{:?}: {why}", column.field))?;
                    take(column, trimmed(column, &value)?, row)?;
                }
                if !rest.is_empty() {
                    return Err("the line is too long".to_owned());
                }
            }
        }
        Ok(())
    }

    fn fault(&self, why: String) -> Fault {
        Fault { line: self.line, why }
    }
}

fn take(column: &Column, value: &str, row: &mut Row) -> Result<(), String> {
    match column.field {
        Field::Mark if value != column.is => {
            Err(format!("the mark {:?} is not where it should be", column.is))
        }
        Field::Mark => Ok(()),
        Field::Blank if !value.is_empty() => Err("a field that stays empty is filled".to_owned()),
        field => {
            row.set(field, value);
            Ok(())
        }
    }
}

fn trimmed<'v>(column: &Column, value: &'v str) -> Result<&'v str, String> {
    Ok(match column.align {
        Align::Left => value.trim_end_matches(' '),
        Align::Right => value.trim_start_matches(' '),
        Align::Zeros => {
            let rest = value.trim_start_matches('0');
            let digit = rest.as_bytes().first().is_some_and(u8::is_ascii_digit);
            // One zero stays before a point and for nothing at all.
            let start = value.len() - rest.len();
            let from = if digit { start } else { start.checked_sub(1).ok_or("no number")? };
            &value[from..]
        }
    })
}

/// The text of bytes that are exactly its GB 18030.
fn decode(bytes: &[u8]) -> Result<std::borrow::Cow<'_, str>, String> {
    let text = GB18030.decode_without_bom_handling_and_without_replacement(bytes);
    let text = text.ok_or("the bytes are no GB 18030")?;
    if text.chars().any(char::is_control) {
        return Err("there is a control character".to_owned());
    }
    // A second spelling of the same characters would give two files for one batch.
    if !bytes.is_ascii() && *GB18030.encode(&text).0 != *bytes {
        return Err("the bytes are no canonical GB 18030".to_owned());
    }
    Ok(text)
}
