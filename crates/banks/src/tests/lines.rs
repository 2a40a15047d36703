//! The format of files.

use encoding_rs::GB18030;
use kernel::time::Utc;
use proptest::prelude::*;

use crate::port::lines::{FileKind, line_of, read, read_stamp, stamp, write};
use crate::port::{Codes, Line, Words};
use crate::rules::{Answer, Reason, State};

const AT: Utc = Utc(1_795_000_000_000_000);

fn rows(texts: &[&[&str]]) -> Vec<Vec<String>> {
    texts.iter().map(|row| row.iter().map(|field| (*field).to_owned()).collect()).collect()
}

#[test]
fn a_file_is_gb_18030_with_header_and_trailer() {
    let bytes = write(FileKind::Request, "SFYH", "f1", AT, &rows(&[&["R", "𠮷瀢"]]));
    let text = GB18030.decode_without_bom_handling_and_without_replacement(&bytes);
    let text = text.expect("GB 18030");
    let first = format!("H|YKT-BANK|1|REQUEST|SFYH|f1|{}|1", stamp(AT));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..2], [first.as_str(), "R|𠮷瀢"]);
    assert!(lines[2].starts_with("T|1|") && lines[2].len() == 4 + 64);
}

/// 0x7C is the second byte of some characters (恷): a field is split after decoding, never before.
#[test]
fn a_bar_inside_a_character_is_no_separator() {
    let bytes = write(FileKind::Answer, "SFYH", "f1", AT, &rows(&[&["A", "恷", "b"]]));
    assert!(GB18030.encode("恷").0.contains(&b'|'));
    let frame = read(&bytes).expect("whole");
    assert_eq!(frame.lines, [(2, Ok(vec!["A".to_owned(), "恷".to_owned(), "b".to_owned()]))]);
}

#[test]
fn whatever_is_wrong_with_the_frame_puts_the_whole_file_aside() {
    let good = write(FileKind::Answer, "SFYH", "f1", AT, &rows(&[&["A", "1"], &["A", "2"]]));
    assert!(read(&good).is_ok());
    let text = String::from_utf8(good.clone()).expect("ASCII here");
    let lines: Vec<&str> = text.lines().collect();
    let without_a_line = format!("{}\n{}\n{}\n", lines[0], lines[1], lines[3]);
    let other_count = text.replacen("|2\n", "|3\n", 1);
    let no_end = text.trim_end().to_owned();
    let no_trailer = format!("{}\n{}\n{}\n", lines[0], lines[1], lines[2]);
    let changed = text.replacen("A|1", "A|9", 1);
    let cases = [without_a_line, other_count, no_end, no_trailer, changed, String::new()];
    for case in cases {
        assert!(read(case.as_bytes()).is_err(), "{case}");
    }
    assert!(read(&[0xff; 100]).is_err() && read(b"\n").is_err() && read(b"\n\n").is_err());
}

#[test]
fn the_counts_must_hold_even_when_the_digest_does() {
    let text = format!("H|YKT-BANK|1|ANSWER|SFYH|f|{}|5\nA|1\n", stamp(AT));
    let digest = hex::encode(seal::sm3::sm3(text.as_bytes()));
    let fault = read(format!("{text}T|5|{digest}\n").as_bytes()).expect_err("five are told");
    assert!(fault.contains("1 lines"), "{fault}");
}

#[test]
fn refusals_of_a_bank_are_mapped_and_unknown_ones_are_other() {
    let codes = Codes::from([("E17".to_owned(), "account-closed".to_owned())]);
    let meaning = |code: &str| {
        let words =
            Words { result: "refused".to_owned(), code: code.to_owned(), ..Words::default() };
        words.meaning(&codes)
    };
    assert_eq!(meaning("E17"), Ok(Answer::Refused(Reason::AccountClosed)));
    assert_eq!(meaning("name-mismatch"), Ok(Answer::Refused(Reason::NameMismatch)));
    assert_eq!(meaning("E99"), Ok(Answer::Refused(Reason::Other)));
    assert_eq!(meaning("superseded"), Ok(Answer::Refused(Reason::Other)), "the platform's own");
    assert!(meaning("").is_err());
}

#[test]
fn a_bank_cannot_tell_states_that_are_the_platforms_own() {
    for state in ["requested", "refused", "unknown", ""] {
        let (result, state) = ("done".to_owned(), state.to_owned());
        assert!(Words { result, state, ..Words::default() }.meaning(&Codes::new()).is_err());
    }
    let fields = rows(&[&["E", "1", "e1", "", "12345678", "lost", "20261123154500"]]).remove(0);
    let line = line_of(FileKind::Event, &fields, &Codes::new()).expect("an event");
    let Line::Event(event) = line else { panic!("an event is an event") };
    assert_eq!((event.state, event.at), (State::Lost, Utc(1_795_419_900 * Utc::SECOND)));
}

proptest! {
    #[test]
    fn what_is_written_is_read(fields in prop::collection::vec("[^|\\p{C}]{0,12}", 2..6)) {
        let bytes = write(FileKind::Answer, "SFYH", "f", AT, std::slice::from_ref(&fields));
        let frame = read(&bytes).expect("whole");
        prop_assert_eq!(&frame.lines, &[(2, Ok(fields))]);
    }

    #[test]
    fn any_bytes_are_a_file_or_a_fault(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(read(&bytes).is_err());
    }

    #[test]
    fn no_field_breaks_its_line(field in "\\PC{0,20}|[|\n\r\u{0}]{0,5}") {
        let bytes = write(FileKind::Answer, "SFYH", "f", AT, &[vec!["A".to_owned(), field]]);
        let frame = read(&bytes).expect("whole");
        prop_assert_eq!(frame.lines[0].1.as_ref().map(Vec::len), Ok(2));
    }

    #[test]
    fn a_changed_byte_is_found(place in 0usize..60, change in 1u8..=255) {
        let rows = rows(&[&["A", "1", "0000000000001", "done", "", "opened", "1234567890"]]);
        let mut bytes = write(FileKind::Answer, "SFYH", "f", AT, &rows);
        bytes[place] ^= change;
        prop_assert!(read(&bytes).is_err());
    }

    #[test]
    fn stamps_come_back_to_the_second(seconds in 0i64..4_000_000_000) {
        let at = Utc(seconds * Utc::SECOND);
        prop_assert_eq!(read_stamp(&stamp(at)), Some(at));
    }
}

/// A bank's engineer has nothing but the document: its files are whole, digests and all.
#[test]
fn the_files_in_the_document_can_be_read() {
    let document = include_str!("../../../../docs/bank-port.md");
    let blocks = document.split("```text\n").skip(1).filter_map(|rest| rest.split("```").next());
    let files: Vec<_> = blocks
        .filter(|block| !block.contains('<'))
        .map(|block| read(&GB18030.encode(block).0).expect("a whole file"))
        .collect();
    let kinds: Vec<FileKind> = files.iter().map(|file| file.kind).collect();
    assert_eq!(kinds, [FileKind::Request, FileKind::Answer, FileKind::Report, FileKind::Event]);
    for file in files.iter().filter(|f| matches!(f.kind, FileKind::Answer | FileKind::Event)) {
        for (_, fields) in &file.lines {
            let fields = fields.as_ref().expect("fields");
            assert!(line_of(file.kind, fields, &Codes::new()).is_ok(), "{fields:?}");
        }
    }
}

#[test]
fn the_codes_in_the_document_are_those_of_the_program() {
    let document = include_str!("../../../../docs/bank-port.md");
    let told = |code: &str| document.contains(&format!("`{code}`"));
    for reason in Reason::ALL.into_iter().filter(|reason| *reason != Reason::Superseded) {
        assert!(told(reason.code()), "{reason:?}");
    }
    for operation in crate::rules::Operation::ALL {
        assert!(told(operation.code()), "{operation:?}");
    }
    for kind in people::document::DocumentKind::ALL {
        assert!(told(kind.code()), "{kind:?}");
    }
}
