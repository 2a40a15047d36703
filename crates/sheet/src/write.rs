//! CSV for people to download.

use std::io::{self, Write};

/// Writes CSV that office programs open as it is: UTF-8 with its mark, lines ended by CR LF, nothing
/// that they would take for a formula or round.
pub struct CsvWriter<W: Write>(csv::Writer<W>);

impl<W: Write> CsvWriter<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// What the target says.
    pub fn new(mut target: W) -> io::Result<Self> {
        target.write_all("\u{feff}".as_bytes())?;
        Ok(Self::more(target))
    }

    /// Goes on with a file that was begun.
    pub fn more(target: W) -> Self {
        let mut builder = csv::WriterBuilder::new();
        builder.terminator(csv::Terminator::CRLF).flexible(true);
        Self(builder.from_writer(target))
    }

    /// Writes a row.
    ///
    /// # Errors
    /// What the target says.
    pub fn row<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) -> io::Result<()> {
        for cell in cells {
            self.0.write_field(harmless(cell.as_ref()))?;
        }
        self.0.write_record(None::<&[u8]>).map_err(io::Error::other)
    }

    /// Gives the target back with everything written.
    ///
    /// # Errors
    /// What the target says.
    pub fn finish(self) -> io::Result<W> {
        self.0.into_inner().map_err(|error| io::Error::other(error.to_string()))
    }
}

/// The cell as it may stand in a file that an office program opens. [`crate::open`] takes back what was
/// added.
fn harmless(cell: &str) -> String {
    let cell = cell.replace('\0', "");
    if is_formula(&cell) {
        return format!("'{cell}");
    }
    // From 16 digits on office programs round; a tab makes it a text.
    let long_number = cell.len() >= 12 && cell.bytes().filter(u8::is_ascii_digit).count() >= 12;
    if long_number { format!("{cell}\t") } else { cell }
}

/// Whether an office program may take a cell for a formula, in full-width writing too.
pub(crate) fn is_formula(cell: &str) -> bool {
    const BEGIN: &str = "=+-@\t\r\n\u{ff1d}\u{ff0b}\u{ff0d}\u{ff20}";
    cell.chars().next().is_some_and(|first| BEGIN.contains(first))
}
