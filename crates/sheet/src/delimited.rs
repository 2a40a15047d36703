//! Text with a separator, as a stream of records. The quoting is that of RFC 4180.

use std::collections::VecDeque;
use std::io::Read;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use crate::decode::{LONGEST_LINE, Line, Lines};
use crate::fault::{Fault, Kind};
use crate::header::{self, Candidate, Header, LOOKED_AT};
use crate::{Column, Limits};

const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// A quoted cell that goes on for more lines than this was never closed.
const LINES_OF_A_CELL: usize = 20;

/// Records of a text file.
pub(crate) struct Records {
    /// None when only the waiting lines are looked at.
    lines: Option<Lines>,
    /// Lines that were read ahead.
    waiting: VecDeque<(u64, Line)>,
    reader: Reader,
    separator: u8,
    cells: Vec<u8>,
    ends: Vec<usize>,
    broken: bool,
}

/// Finds separator and header; the records that follow are the rows.
pub(crate) fn open(
    source: Box<dyn Read + Send>,
    columns: &[Column],
    limits: &Limits,
) -> Result<(Header, Records), Fault> {
    let mut lines = Lines::new(source);
    let mut head = VecDeque::new();
    while head.len() < 2 * LOOKED_AT {
        match lines.next().map_err(|_| Kind::Unreadable.of_file())? {
            Some(line) => head.push_back(line),
            None => break,
        }
    }
    let mut best: Option<(u8, Candidate)> = None;
    for separator in SEPARATORS {
        let records = Records::new(None, head.clone(), separator, limits);
        let rows: Vec<_> = records.flatten().take(LOOKED_AT).collect();
        let Some(candidate) = header::best(&rows, columns) else { continue };
        if best.as_ref().is_none_or(|(_, best)| candidate.beats(best)) {
            best = Some((separator, candidate));
        }
    }
    let (separator, candidate) = best.ok_or_else(|| Kind::NoHeader.of_file())?;
    let mut records = Records::new(Some(lines), head, separator, limits);
    let above = candidate.at;
    let header = candidate.accept()?;
    // As above: what is no record does not count.
    records.by_ref().flatten().nth(above);
    Ok((header, records))
}

impl Records {
    fn new(
        lines: Option<Lines>,
        waiting: VecDeque<(u64, Line)>,
        separator: u8,
        limits: &Limits,
    ) -> Self {
        Self {
            lines,
            waiting,
            reader: ReaderBuilder::new().delimiter(separator).build(),
            separator,
            cells: vec![0; 1024],
            // One more than may be, so that one too many is seen.
            ends: vec![0; limits.columns + 1],
            broken: false,
        }
    }

    pub(crate) fn encoding(&self) -> &'static str {
        self.lines.as_ref().map_or("UTF-8", Lines::encoding)
    }

    pub(crate) fn separator(&self) -> char {
        char::from(self.separator)
    }

    fn next_line(&mut self) -> std::io::Result<Option<(u64, Line)>> {
        match (self.waiting.pop_front(), &mut self.lines) {
            (Some(line), _) => Ok(Some(line)),
            (None, Some(lines)) => lines.next(),
            (None, None) => Ok(None),
        }
    }

    /// Reads the record that begins with this line; a quoted cell may go on in the next ones.
    fn record(
        &mut self,
        number: u64,
        first: Vec<u8>,
    ) -> std::io::Result<Result<Vec<String>, Kind>> {
        self.reader.reset();
        let (mut written, mut cells) = (0, 0);
        let mut further: VecDeque<(u64, Line)> = VecDeque::new();
        let (mut bytes, mut line) = (0, first);
        loop {
            bytes += line.len();
            line.push(b'\n');
            match self.feed(&line, &mut written, &mut cells) {
                Fed::Whole => return Ok(Ok(self.texts(cells))),
                Fed::TooManyCells => {
                    self.put_back(further);
                    return Ok(Err(Kind::TooManyColumns(self.ends.len() - 1)));
                }
                Fed::More => {}
            }
            let next = match further.len() < LINES_OF_A_CELL && bytes < LONGEST_LINE {
                true => self.next_line()?,
                false => None,
            };
            let Some(next) = next else { break };
            further.push_back(next);
            match further.back() {
                Some((_, Line::Text(text))) => line = text.clone(),
                _ => break,
            }
        }
        // Only the line with the open quote is lost, not all that it would swallow.
        debug_assert!(number > 0);
        self.put_back(further);
        Ok(Err(Kind::OpenQuote))
    }

    fn put_back(&mut self, lines: VecDeque<(u64, Line)>) {
        lines.into_iter().rev().for_each(|line| self.waiting.push_front(line));
    }

    fn feed(&mut self, mut input: &[u8], written: &mut usize, cells: &mut usize) -> Fed {
        loop {
            let (output, ends) = (&mut self.cells[*written..], &mut self.ends[*cells..]);
            let (result, read, out, ended) = self.reader.read_record(input, output, ends);
            input = &input[read..];
            *written += out;
            *cells += ended;
            match result {
                ReadRecordResult::Record => return Fed::Whole,
                ReadRecordResult::OutputFull => self.cells.resize(2 * self.cells.len(), 0),
                ReadRecordResult::OutputEndsFull => return Fed::TooManyCells,
                ReadRecordResult::InputEmpty | ReadRecordResult::End => return Fed::More,
            }
        }
    }

    fn texts(&self, cells: usize) -> Vec<String> {
        let mut from = 0;
        let text = |end: &usize| {
            let bytes = self.cells.get(from..*end).unwrap_or_default();
            from = *end;
            String::from_utf8_lossy(bytes).into_owned()
        };
        self.ends[..cells].iter().map(text).collect()
    }
}

enum Fed {
    Whole,
    More,
    TooManyCells,
}

impl Iterator for Records {
    type Item = Result<(u64, Vec<String>), Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.broken {
            let (number, line) = match self.next_line() {
                Ok(Some(line)) => line,
                Ok(None) => return None,
                Err(_) => break,
            };
            let Line::Text(text) = line else { return Some(Err(Kind::LineTooLong.at(number))) };
            if text.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            match self.record(number, text) {
                Ok(Ok(cells)) => return Some(Ok((number, cells))),
                Ok(Err(kind)) => return Some(Err(kind.at(number))),
                Err(_) => break,
            }
        }
        let first = !std::mem::replace(&mut self.broken, true);
        first.then(|| Err(Kind::Unreadable.of_file()))
    }
}
