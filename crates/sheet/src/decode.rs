//! Bytes of a text file as UTF-8, in whatever encoding they came, line by line.

use std::io::Read;

use encoding_rs::{Decoder, Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

/// So much is looked at to tell an encoding, and read at once.
const WINDOW: usize = 64 * 1024;
/// A line longer than this is none.
pub(crate) const LONGEST_LINE: usize = 64 * 1024;

/// One line of the file, without its end.
#[derive(Clone)]
pub(crate) enum Line {
    /// UTF-8; what could not be read is U+FFFD.
    Text(Vec<u8>),
    /// Longer than [`LONGEST_LINE`]; its content is gone.
    TooLong,
}

/// Reads lines; an error of the source is told once and ends it.
pub(crate) struct Lines {
    source: Box<dyn Read + Send>,
    encoding: Option<&'static Encoding>,
    decoder: Option<Decoder>,
    text: Vec<u8>,
    at: usize,
    begun: bool,
    source_ended: bool,
    number: u64,
}

impl Lines {
    pub(crate) fn new(source: Box<dyn Read + Send>) -> Self {
        Self {
            source,
            encoding: None,
            decoder: None,
            text: Vec::new(),
            at: 0,
            begun: false,
            source_ended: false,
            number: 0,
        }
    }

    /// Name of the encoding, as far as it showed.
    pub(crate) fn encoding(&self) -> &'static str {
        match self.encoding {
            Some(encoding) if encoding == GB18030 => "GB18030",
            Some(encoding) => encoding.name(),
            None => "UTF-8",
        }
    }

    /// The next line with its number from 1. Ends are `\n`, `\r\n` and `\r`.
    pub(crate) fn next(&mut self) -> std::io::Result<Option<(u64, Line)>> {
        let (mut line, mut too_long) = (Vec::new(), false);
        let mut began = false;
        loop {
            if self.at == self.text.len() && !self.refill()? {
                if !began {
                    return Ok(None);
                }
                break;
            }
            began = true;
            let rest = &self.text[self.at..];
            let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let piece = &rest[..end.unwrap_or(rest.len())];
            too_long |= line.len() + piece.len() > LONGEST_LINE;
            if !too_long {
                line.extend_from_slice(piece);
            }
            self.at += piece.len();
            if end.is_some() {
                self.pass_line_end()?;
                break;
            }
        }
        self.number += 1;
        Ok(Some((self.number, if too_long { Line::TooLong } else { Line::Text(line) })))
    }

    fn pass_line_end(&mut self) -> std::io::Result<()> {
        let ended_with = self.text[self.at];
        self.at += 1;
        if ended_with == b'\r' && (self.at < self.text.len() || self.refill()?) {
            self.at += usize::from(self.text[self.at] == b'\n');
        }
        Ok(())
    }

    /// Decodes the next window; false at the end.
    fn refill(&mut self) -> std::io::Result<bool> {
        self.text.clear();
        self.at = 0;
        while self.text.is_empty() && !self.source_ended {
            let mut raw = Vec::with_capacity(WINDOW);
            let window = self.source.by_ref().take(WINDOW as u64).read_to_end(&mut raw);
            if let Err(problem) = window {
                self.source_ended = true;
                return Err(problem);
            }
            self.source_ended = raw.len() < WINDOW;
            self.decode(&raw);
        }
        Ok(!self.text.is_empty())
    }

    fn decode(&mut self, raw: &[u8]) {
        let mut raw = raw;
        if !self.begun {
            self.begun = true;
            if let Some((encoding, mark)) = Encoding::for_bom(raw) {
                raw = &raw[mark..];
                self.decide(encoding);
            }
        }
        // As long as all is ASCII, nothing is decided: the first name decides.
        if self.decoder.is_none() && raw.is_ascii() {
            self.text.extend_from_slice(raw);
            return;
        }
        if self.decoder.is_none() {
            self.decide(guess(raw, self.source_ended));
        }
        let Some(decoder) = &mut self.decoder else { return };
        let needed = decoder.max_utf8_buffer_length(raw.len()).unwrap_or(4 * WINDOW);
        self.text.resize(needed, 0);
        let (_, _, written, _) = decoder.decode_to_utf8(raw, &mut self.text, self.source_ended);
        self.text.truncate(written);
    }

    fn decide(&mut self, encoding: &'static Encoding) {
        debug_assert!([UTF_8, UTF_16LE, UTF_16BE, GB18030].contains(&encoding));
        self.encoding = Some(encoding);
        self.decoder = Some(encoding.new_decoder_without_bom_handling());
    }
}

/// UTF-8 unless a good part of what is not ASCII is no UTF-8.
fn guess(raw: &[u8], whole: bool) -> &'static Encoding {
    let (mut valid, mut invalid) = (0usize, 0usize);
    let mut end = 0;
    for chunk in raw.utf8_chunks() {
        valid += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        end += chunk.valid().len() + chunk.invalid().len();
        // A character may be cut by the end of the window.
        let cut = !whole && end == raw.len();
        invalid += usize::from(!chunk.invalid().is_empty() && !cut);
    }
    if invalid == 0 || valid >= 4 * invalid { UTF_8 } else { GB18030 }
}
