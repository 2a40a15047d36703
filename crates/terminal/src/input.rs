//! What scanners and readers send: lines from standard input or a serial device, as a keyboard wedge
//! types them.

use std::io::BufRead;
use std::time::{Duration, Instant};

use crate::online::Asked;

/// Bytes of the longest line; what is longer is no code and is skipped.
const LONGEST: u64 = 2_048;
/// A scanner that sees a code twice in this time read it once.
const ONCE: Duration = Duration::from_secs(3);

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Content of a QR code.
    Code(String),
    /// Basic read of a physical card: fields with `|` after each.
    Read(String),
    /// A number, as scanners for one-dimensional barcodes send it.
    Barcode(String),
}

impl Shown {
    /// The question for one item.
    pub fn ask(self, item: &str) -> Asked {
        let asked = Asked { item: item.to_owned(), ..Asked::default() };
        match self {
            Self::Code(code) => Asked { code: Some(code), ..asked },
            Self::Read(read) => Asked { read: Some(read), ..asked },
            Self::Barcode(barcode) => Asked { barcode: Some(barcode), ..asked },
        }
    }
}

/// Understands one line. The end of the line, a byte order mark and a scanner's AIM identifier (`]Q1`)
/// are taken off; full-width characters (a Chinese input method was on) become what the scanner meant;
/// a code in small letters (caps lock was on) becomes capital. Spaces stay: they are part of Base45.
/// `None` for an empty line.
pub fn understand(line: &str) -> Option<Shown> {
    let line = line
        .trim_start_matches('\u{feff}')
        .trim_matches(['\r', '\n', '\t', '\0', '\u{2}', '\u{3}']);
    let line = match line.strip_prefix(']') {
        Some(rest) => rest.get(2..).unwrap_or(line),
        None => line,
    };
    let narrow: String = line.chars().map(narrow).collect();
    if narrow.trim().is_empty() {
        return None;
    }
    let upper = narrow.to_ascii_uppercase();
    if upper.starts_with("CQ1:") || upper.starts_with("YKT1:") {
        return Some(Shown::Code(upper));
    }
    if line.contains('|') || narrow.contains('|') {
        // Names may hold characters of any width, so the fields stay as they were read.
        return Some(Shown::Read(line.replace('\u{ff5c}', "|")));
    }
    let number = narrow.trim();
    let is_number = number.len() <= 32 && number.bytes().all(|byte| byte.is_ascii_alphanumeric());
    Some(if is_number { Shown::Barcode(number.to_owned()) } else { Shown::Code(line.to_owned()) })
}

fn narrow(character: char) -> char {
    match character {
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(u32::from(character) - 0xfee0).unwrap_or(character)
        }
        other => other,
    }
}

/// Lines of a scanner.
pub struct Lines<R>(R);

impl<R: BufRead> Lines<R> {
    /// Reads from here.
    pub fn new(from: R) -> Self {
        Self(from)
    }

    /// The next line without its end (CR, LF or both); one that is too long comes as an empty line.
    fn line(&mut self) -> std::io::Result<Option<String>> {
        let mut bytes = Vec::new();
        loop {
            let mut byte = [0];
            let read = loop {
                match self.0.read(&mut byte) {
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    other => break other?,
                }
            };
            match (read, byte[0]) {
                (0, _) if bytes.is_empty() => return Ok(None),
                (0, _) | (_, b'\r' | b'\n') => break,
                (_, byte) if (bytes.len() as u64) <= LONGEST => bytes.push(byte),
                _ => {}
            }
        }
        let fits = bytes.len() as u64 <= LONGEST;
        Ok(Some(if fits { String::from_utf8_lossy(&bytes).into_owned() } else { String::new() }))
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = std::io::Result<Shown>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.line() {
                Err(error) => return Some(Err(error)),
                Ok(None) => return None,
                Ok(Some(line)) => {
                    if let Some(shown) = understand(&line) {
                        return Some(Ok(shown));
                    }
                }
            }
        }
    }
}

/// Leaves out what a scanner reads again while the code is still before it.
#[derive(Debug, Default)]
pub struct Once(Option<(Shown, Instant)>);

impl Once {
    /// Whether this is new; `now` is the moment at which it was read.
    pub fn is_new(&mut self, shown: &Shown, now: Instant) -> bool {
        let again = self.0.as_ref().is_some_and(|(last, at)| last == shown && now - *at < ONCE);
        self.0 = Some((shown.clone(), now));
        !again
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::code;
    use proptest::prelude::*;

    fn all(bytes: &[u8]) -> Vec<Shown> {
        Lines::new(bytes).map(|line| line.expect("memory does not fail")).collect()
    }

    #[test]
    fn lines_end_in_cr_lf_or_both() {
        let (one, two) = (code(1), code(2));
        for end in ["\r", "\n", "\r\n", "\n\r"] {
            let typed = format!("{one}{end}{end}{two}");
            let expected = vec![Shown::Code(one.clone()), Shown::Code(two.clone())];
            assert_eq!(all(typed.as_bytes()), expected, "{end:?}");
        }
    }

    #[test]
    fn spaces_at_the_end_of_a_code_are_part_of_it() {
        assert_eq!(understand("CQ1:AB  \r"), Some(Shown::Code("CQ1:AB  ".into())));
    }

    #[test]
    fn an_input_method_and_caps_lock_do_not_spoil_a_code() {
        let code = code(3);
        let wide: String = code
            .chars()
            .map(|c| match c {
                ' ' => '\u{3000}',
                c => char::from_u32(u32::from(c) + 0xfee0).expect("a full-width twin"),
            })
            .collect();
        assert_eq!(understand(&wide), Some(Shown::Code(code.clone())));
        assert_eq!(understand(&code.to_lowercase()), Some(Shown::Code(code.clone())));
        assert_eq!(understand(&format!("\u{feff}]Q1{code}\0")), Some(Shown::Code(code)));
    }

    #[test]
    fn reads_and_barcodes_are_told_from_codes() {
        let read = "500000|50010119900307123X|A12345678|5000…|张三|";
        assert_eq!(understand(read), Some(Shown::Read(read.into())));
        assert_eq!(understand(" A12345678 "), Some(Shown::Barcode("A12345678".into())));
        assert_eq!(understand("https://x"), Some(Shown::Code("https://x".into())));
        assert_eq!(understand(" \t\r\n"), None);
    }

    #[test]
    fn a_flood_without_an_end_is_skipped() {
        let mut typed = vec![b'9'; 1_000_000];
        typed.extend(b"\r\nA12345678\r\n\xff\xfe\r\n");
        let shown = all(&typed);
        assert_eq!(shown[0], Shown::Barcode("A12345678".into()));
        assert_eq!(shown.len(), 2);
    }

    #[test]
    fn a_code_before_the_scanner_is_read_once() {
        let (mut once, now) = (Once::default(), Instant::now());
        let code = Shown::Code(code(1));
        assert!(once.is_new(&code, now));
        assert!(!once.is_new(&code, now + Duration::from_secs(1)));
        assert!(once.is_new(&code, now + Duration::from_secs(5)));
        assert!(once.is_new(&Shown::Code("CQ1:".into()), now + Duration::from_secs(5)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_lines_or_nothing(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            for shown in all(&bytes) {
                let Asked { code, read, barcode, .. } = shown.ask("X");
                prop_assert_eq!([code, read, barcode].iter().flatten().count(), 1);
            }
        }
    }
}
