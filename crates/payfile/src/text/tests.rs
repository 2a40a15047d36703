//! What is written comes back; what was bent does not.

use proptest::prelude::*;

use super::*;
use crate::codes::{Codes, Meaning};
use crate::contract::{LineResult, MOST_TEXT, Order, Reason, ReportKind};
use crate::layout::{Form, Layout};
use crate::testing::batch;

fn layouts() -> impl Iterator<Item = Layout> {
    Layout::names().map(|name| Layout::shipped(name).expect("shipped"))
}

fn bytes_of(layout: &Layout, batch: &crate::Batch) -> Vec<u8> {
    write_batch(Vec::new(), layout, batch).expect("written")
}

#[test]
fn a_bar_file_looks_as_the_page_for_banks_says() {
    let layout = Layout::shipped("bar").expect("shipped");
    let text = encoding_rs::GB18030.decode(&bytes_of(&layout, &batch(2))).0.into_owned();
    let expected = "H|b2026110001|CQ01|5001000099887766|2|3.95|20261123\n\
        D|1|6200000000000007919|瓅珅||1.32|耕地地力保护补贴|p000000000001\n\
        D|2|6200000000000015838|\u{20bb7}野家||2.63|耕地地力保护补贴|p000000000002\n\
        T|2|3.95\n";
    assert_eq!(text, expected);
}

#[test]
fn a_batch_comes_back_from_every_layout_and_a_regenerated_file_is_the_same() {
    for layout in layouts() {
        let batch = batch(500);
        let bytes = bytes_of(&layout, &batch);
        assert_eq!(bytes, bytes_of(&layout, &batch), "{}", layout.name);
        assert_eq!(read_batch(&bytes[..], &layout), Ok(batch), "{}", layout.name);
    }
}

#[test]
fn a_trail_byte_that_looks_like_the_separator_divides_nothing() {
    let layout = Layout::shipped("bar").expect("shipped");
    let mut batch = batch(1);
    batch.orders[0].name = "倈".to_owned();
    let bytes = encoding_rs::GB18030.encode("倈").0.into_owned();
    assert_eq!(bytes[1], b'|', "the example has a bar in it");
    assert_eq!(read_batch(&bytes_of(&layout, &batch)[..], &layout), Ok(batch));
}

#[test]
fn what_a_layout_cannot_carry_is_refused_and_not_cut() {
    let bar = Layout::shipped("bar").expect("shipped");
    let mut with_bar = batch(2);
    with_bar.orders[1].name = "王|五".to_owned();
    let refused = write_batch(Vec::new(), &bar, &with_bar).expect_err("refused").to_string();
    assert!(refused.starts_with("line 3") && refused.contains("Name"), "{refused}");
    let fixed = Layout::shipped("fixed").expect("shipped");
    let mut long = batch(1);
    long.orders[0].name = "\u{20bb7}".repeat(MOST_TEXT);
    let refused = write_batch(Vec::new(), &fixed, &long).expect_err("refused").to_string();
    assert!(refused.contains("wider"), "{refused}");
    let mut unfit = batch(1);
    unfit.orders[0].fen = 0;
    assert!(write_batch(Vec::new(), &bar, &unfit).is_err());
}

#[test]
fn lines_that_are_not_what_the_header_declared_are_no_file() {
    let layout = Layout::shipped("bar").expect("shipped");
    let batch = batch(3);
    for sums in [(2, batch.fen()), (4, batch.fen()), (3, batch.fen() - 1)] {
        assert!(write_orders(Vec::new(), &layout, &batch, sums, &batch.orders).is_err());
    }
}

#[test]
fn wrong_totals_counts_ends_and_marks_refuse_the_whole() {
    let layout = Layout::shipped("bar").expect("shipped");
    let good = encoding_rs::GB18030.decode(&bytes_of(&layout, &batch(3))).0.into_owned();
    let bends: [(&str, &str); 11] = [
        ("|3|7.89|", "|2|7.89|"),
        ("|3|7.89|", "|4|7.89|"),
        ("|3|7.89|", "|3|7.90|"),
        ("T|3|7.89", "T|3|7.88"),
        ("T|3|7.89", "T|2|7.89"),
        ("T|3|7.89\n", "T|3|7.89"),
        ("T|3|7.89\n", ""),
        ("T|3|7.89\n", "T|3|7.89\nD"),
        ("H|", "X|"),
        ("20261123", "20261131"),
        ("\n", "\r\n"),
    ];
    for (old, new) in bends {
        assert!(good.contains(old), "{old}");
        let bad = encoding_rs::GB18030.encode(&good.replacen(old, new, 1)).0.into_owned();
        assert!(read_batch(&bad[..], &layout).is_err(), "{old:?} → {new:?}");
    }
}

#[test]
fn faults_are_told_line_by_line_without_what_stands_there() {
    let layout = Layout::shipped("bar").expect("shipped");
    let good = encoding_rs::GB18030.decode(&bytes_of(&layout, &batch(4))).0.into_owned();
    let bad = good.replacen("|1.32|", "|1.3|", 1).replacen("D|3|", "D|5|", 1);
    let bad = encoding_rs::GB18030.encode(&bad).0.into_owned();
    let faults = read_batch(&bad[..], &layout).expect_err("refused");
    let lines: Vec<u64> = faults.iter().map(|fault| fault.line).collect();
    assert_eq!(lines, [2, 4]);
    assert!(!format!("{faults:?}").contains("瓅"));
}

fn report_of(layout: &Layout) -> (Vec<u8>, Vec<ReportLine>) {
    let codes = Codes::shipped("plain").expect("shipped");
    let code = |meaning| codes.of_line(meaning).to_owned();
    let line = |seq: u32, code: String| ReportLine {
        seq,
        reference: format!("p{seq}"),
        fen: i64::from(seq) * 100,
        code,
        bank_ref: format!("B{seq}"),
        at: 1_790_000_000_000_000,
    };
    let lines = vec![
        line(1, code(Meaning::Good)),
        line(2, code(Meaning::Bad(Reason::Closed))),
        line(3, code(Meaning::Pending)),
        line(4, code(Meaning::Bad(Reason::DuplicateBatch))),
        line(5, "no-such-code".to_owned()),
    ];
    let head = ReportHead {
        report: "R1".to_owned(),
        kind: ReportKind::Result,
        batch: "b1".to_owned(),
        bank: "CQ01".to_owned(),
        verdict: String::new(),
        date: "2026-11-23".to_owned(),
    };
    (write_report(Vec::new(), layout, &head, &lines).expect("written"), lines)
}

#[test]
fn reports_come_back_in_our_words_and_unclear_codes_leave_a_line_open() {
    let codes = Codes::shipped("plain").expect("shipped");
    for layout in layouts() {
        let (bytes, lines) = report_of(&layout);
        let report = read_report(&bytes[..], &layout, &codes, [7; 32]).expect("read");
        assert_eq!((report.id.as_str(), report.batch.as_str()), ("R1", "b1"));
        let paid = LineResult::Paid { bank_ref: "B1".to_owned(), at: lines[0].at };
        let bank_code = "closed".to_owned();
        let returned = LineResult::Returned { reason: Reason::Closed, bank_code };
        let expected = [
            ("p1".to_owned(), 100, paid),
            ("p2".to_owned(), 200, returned),
            ("p3".to_owned(), 300, LineResult::Pending),
        ];
        assert_eq!(report.lines, expected, "{}", layout.name);
        let faulty: Vec<u64> = report.faults.iter().map(|(line, _)| *line).collect();
        assert_eq!(faulty, [5, 6], "{}", layout.name);
    }
}

fn any_name() -> impl Strategy<Value = String> {
    let rare = prop::char::ranges(vec!['\u{20000}'..='\u{2fa1d}', '\u{3400}'..='\u{9fff}'].into());
    prop_oneof![
        prop::collection::vec(rare, 1..20).prop_map(|chars| chars.into_iter().collect()),
        "[A-Za-z][A-Za-z' .-]{0,30}[A-Za-z]",
        "\\PC{1,20}",
    ]
}

prop_compose! {
    fn any_order()(
        reference in "[A-Za-z0-9]{1,20}",
        account in "[A-Za-z0-9]{1,34}",
        name in any_name(),
        fen in 1..=1_000_000_000i64,
        remark in "\\PC{0,20}",
    ) -> Order {
        Order { seq: 0, reference, account, name, fen, remark }
    }
}

prop_compose! {
    fn any_batch()(orders in prop::collection::vec(any_order(), 1..8)) -> crate::Batch {
        let mut batch = batch(1);
        batch.orders = orders;
        for (index, order) in batch.orders.iter_mut().enumerate() {
            order.seq = index as u32 + 1;
            order.reference = format!("{}x{index}", order.reference);
        }
        batch
    }
}

proptest! {
    #[test]
    fn whatever_is_written_is_read_back_the_same(batch in any_batch()) {
        for layout in layouts() {
            if let Ok(bytes) = write_batch(Vec::new(), &layout, &batch) {
                prop_assert_eq!(&read_batch(&bytes[..], &layout).expect("read"), &batch);
            }
        }
    }

    #[test]
    fn cutting_a_file_never_leaves_a_whole_one(cut in 0.0..1.0f64, lines in 1..40u32) {
        for layout in layouts() {
            let bytes = bytes_of(&layout, &batch(lines));
            let end = (bytes.len() as f64 * cut) as usize;
            prop_assert!(read_batch(&bytes[..end], &layout).is_err());
        }
    }

    #[test]
    fn dropping_doubling_or_swapping_lines_never_leaves_a_whole_one(
        at in 1..20usize, other in 1..20usize, way in 0..3u8,
    ) {
        for layout in layouts() {
            let bytes = bytes_of(&layout, &batch(20));
            let mut lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
            match way {
                0 => { lines.remove(at); }
                1 => lines.insert(at, lines[at]),
                _ if at == other => continue,
                _ => lines.swap(at, other),
            }
            prop_assert!(read_batch(&lines.concat()[..], &layout).is_err());
        }
    }

    #[test]
    fn a_changed_byte_is_refused_or_changes_no_amount_and_no_count(
        place in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        for layout in layouts() {
            let batch = batch(5);
            let mut bytes = bytes_of(&layout, &batch);
            let place = place.index(bytes.len());
            bytes[place] = byte;
            if let Ok(read) = read_batch(&bytes[..], &layout) {
                prop_assert_eq!(read.fen(), batch.fen());
                prop_assert_eq!(read.orders.len(), batch.orders.len());
                // And it is one canonical file of its own.
                prop_assert_eq!(bytes_of(&layout, &read), bytes);
            }
        }
    }

    #[test]
    fn no_bytes_make_a_reader_panic(noise in prop::collection::vec(any::<u8>(), 0..400)) {
        let codes = Codes::shipped("numbers").expect("shipped");
        for layout in layouts() {
            let _ = read_batch(&noise[..], &layout);
            let _ = read_report(&noise[..], &layout, &codes, [0; 32]);
            let (mut good, _) = report_of(&layout);
            let middle = good.len() / 2;
            good.splice(middle..middle, noise.iter().copied());
            let _ = read_report(&good[..], &layout, &codes, [0; 32]);
        }
    }
}

/// Gives the bytes of a file piece by piece without ever holding it.
#[test]
fn a_long_line_is_refused_before_it_fills_the_memory() {
    use std::io::{BufReader, Read};
    for layout in layouts().filter(|layout| layout.form != Form::Fixed) {
        let endless = BufReader::new(std::io::repeat(b'a').take(1 << 40));
        assert!(read_batch(endless, &layout).is_err());
    }
}
