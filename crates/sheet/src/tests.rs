//! Examples of every kind of file, and: no bytes make it panic.

use std::io::Cursor;

use proptest::prelude::*;

use crate::testing::{Cell, package, xlsx};
use crate::{Column, CsvWriter, Fault, Format, Kind, Limits, Row, Sheet};

const COLUMNS: &[Column] = &[
    Column::needed("number", &["社会保障号码", "身份证号", "Number"]),
    Column::needed("name", &["姓名", "Name"]),
    Column::optional("phone", &["手机号码", "Phone"]),
];

fn read(bytes: &[u8]) -> Result<Sheet, Fault> {
    crate::open(Cursor::new(bytes.to_vec()), COLUMNS, Limits::default())
}

fn items(bytes: &[u8]) -> Vec<Result<Row, Fault>> {
    read(bytes).expect("a table").collect()
}

/// Line, number and name of each row; line and code of each fault.
fn told(bytes: &[u8]) -> Vec<(u64, String, String)> {
    let tell = |item: Result<Row, Fault>| match item {
        Ok(row) => (row.line, row.get("number").to_owned(), row.get("name").to_owned()),
        Err(fault) => (fault.line, fault.code().to_owned(), fault.column),
    };
    items(bytes).into_iter().map(tell).collect()
}

fn row(line: u64, number: &str, name: &str) -> (u64, String, String) {
    (line, number.to_owned(), name.to_owned())
}

#[test]
fn the_separator_is_found_by_looking() {
    for separator in [",", ";", "\t", "|"] {
        let text = format!("姓名{separator}社会保障号码\r\n张三{separator}\"1{separator}2\"\r\n");
        assert_eq!(told(text.as_bytes()), [row(2, &format!("1{separator}2"), "张三")]);
    }
}

#[test]
fn the_encoding_is_found_by_looking() {
    let text = "身份证号,姓名\n1,联通\n2,张䶮\n";
    let rows = [row(2, "1", "联通"), row(3, "2", "张䶮")];
    let (gb, _, _) = encoding_rs::GB18030.encode(text);
    let utf16: Vec<u8> =
        "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let marked = format!("\u{feff}{text}");
    let files = [
        ("UTF-8", text.as_bytes()),
        ("UTF-8", marked.as_bytes()),
        ("GB18030", &gb),
        ("UTF-16LE", &utf16),
    ];
    for (name, bytes) in files {
        assert_eq!(told(bytes), rows, "{name}");
        let format = Format::Csv { encoding: name, separator: ',' };
        assert_eq!(read(bytes).expect("a table").format(), format);
    }
}

/// The first name may come long after the header, in whatever window of the file.
#[test]
fn an_ascii_beginning_decides_nothing() {
    let mut text = String::from("number,name\n");
    (0..20_000).for_each(|n| text.push_str(&format!("{n},A\n")));
    text.push_str("20000,重庆\n");
    let (gb, _, _) = encoding_rs::GB18030.encode(&text);
    assert_eq!(told(&gb).last(), Some(&row(20_002, "20000", "重庆")));
    assert_eq!(told(text.as_bytes()).last(), Some(&row(20_002, "20000", "重庆")));
}

#[test]
fn titles_above_the_header_and_unknown_columns_are_let_be() {
    let text = "某某单位申领表,,\n填表日期：今天,,\n序号,＊ 姓 名（必填）,身份证号\n1, 张三　,7\n,,\n2,李四,8\n";
    assert_eq!(told(text.as_bytes()), [row(4, "7", "张三"), row(6, "8", "李四")]);
    let sheet = read(text.as_bytes()).expect("a table");
    let keys: Vec<_> = sheet.columns().into_iter().map(|(_, key)| key).collect();
    assert_eq!(keys, [None, Some("name"), Some("number")]);
}

#[test]
fn a_bad_line_never_stops_the_others() {
    let long = "长".repeat(501);
    let endless = "x".repeat(70_000);
    let text = format!(
        "姓名,身份证号,备注\n甲,1,\n乙,2,,多\n\"丙,3,\n丁,4,\n{long},5,\n戊\u{1},6,\n己,5.00103E+17,\n\
         {endless}\n庚,7,1.2E+17\n"
    );
    let expected = [
        row(2, "1", "甲"),
        row(3, "sheet/extra-cells", ""),
        row(4, "sheet/open-quote", ""),
        row(5, "4", "丁"),
        row(6, "sheet/cell-too-long", "姓名"),
        row(7, "sheet/garbled", "姓名"),
        row(8, "sheet/rounded", "身份证号"),
        row(9, "sheet/line-too-long", ""),
        row(10, "7", "庚"),
    ];
    assert_eq!(told(text.as_bytes()), expected);
}

#[test]
fn quoted_cells_hold_quotes_separators_and_line_breaks() {
    let text = "姓名,身份证号\r\n\"张\r\n三\",\"a \"\"b\"\", c\"\r\n李四,2\r\n";
    assert_eq!(told(text.as_bytes()), [row(2, "a \"b\", c", "张\n三"), row(4, "2", "李四")]);
}

#[test]
fn an_unreadable_byte_costs_its_own_line_only() {
    let mut bytes = "姓名,身份证号\n张三,1\n李四,2\n王五,3\n赵六,4\n".as_bytes().to_vec();
    let at = bytes.windows(3).position(|three| three == "李".as_bytes()).expect("there");
    bytes[at] = 0xff;
    let expected = [
        row(2, "1", "张三"),
        row(3, "sheet/garbled", "姓名"),
        row(4, "3", "王五"),
        row(5, "4", "赵六"),
    ];
    assert_eq!(told(&bytes), expected);
}

#[test]
fn what_is_missing_is_named() {
    let fault = read("姓名,手机\n张三,1\n".as_bytes()).err().expect("refused");
    assert_eq!((fault.line, fault.kind.clone()), (1, Kind::MissingColumns(vec!["社会保障号码"])));
    assert!(fault.is_final());
    let text = fault.text();
    assert!(text.zh.contains("第1行：缺少列：社会保障号码"), "{}", text.zh);
    assert!(text.en.contains("Line 1: these columns are missing"), "{}", text.en);
    let code = |bytes: &[u8]| read(bytes).err().expect("refused").code();
    assert_eq!(code(b""), "sheet/no-header");
    assert_eq!(code("今天天气\n".as_bytes()), "sheet/no-header");
    assert_eq!(code("姓名,Name,Number\n".as_bytes()), "sheet/doubled-column");
    assert_eq!(code(&[0xd0, 0xcf, 0x11, 0xe0, 1]), "sheet/old-workbook");
    assert_eq!(code(b"PK\x03\x04rubbish"), "sheet/unreadable");
}

#[test]
fn a_row_too_many_ends_the_reading() {
    let limits = Limits { rows: 2, ..Limits::default() };
    let text = "姓名,身份证号\n甲,1\n乙,2\n丙,3\n丁,4\n";
    let sheet = crate::open(Cursor::new(text), COLUMNS, limits).expect("a table");
    let last = sheet.last().expect("something").expect_err("a fault");
    assert_eq!((last.line, last.kind), (4, Kind::TooManyRows(2)));
}

#[test]
fn a_workbook_gives_its_rows_with_their_lines() {
    let rows = [
        vec!["申领名册".into()],
        vec!["姓名".into(), "身份证号".into(), "手机号码".into()],
        vec!["张三".into(), "50010319900307803X".into(), Cell::Number(13_900_000_000.0)],
        vec![],
        vec!["李 & 四".into(), Cell::Number(500_103_199_003_078_030.0)],
    ];
    let bytes = xlsx(&rows);
    assert_eq!(read(&bytes).expect("a table").format(), Format::Xlsx);
    assert_eq!(
        told(&bytes),
        [row(3, "50010319900307803X", "张三"), row(5, "sheet/rounded", "身份证号")]
    );
    assert_eq!(items(&bytes)[0].as_ref().expect("a row").get("phone"), "13900000000");
}

#[test]
fn days_of_a_workbook_are_days() {
    let rows = [
        vec!["姓名".into(), "身份证号".into(), "手机号码".into()],
        vec!["张三".into(), "7".into(), Cell::Day(33_031.0)],
    ];
    assert_eq!(items(&xlsx(&rows))[0].as_ref().expect("a row").get("phone"), "1990-06-07");
}

#[test]
fn a_number_marked_as_text_loses_its_mark() {
    let text = "姓名,身份证号\n张三,'500103199003078030\n'Aba,1\n";
    assert_eq!(told(text.as_bytes()), [row(2, "500103199003078030", "张三"), row(3, "1", "'Aba")]);
}

/// Counts what is read of it.
struct Counted(Cursor<Vec<u8>>, std::sync::Arc<std::sync::atomic::AtomicUsize>);

impl std::io::Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.0.read(buffer)?;
        self.1.fetch_add(read, std::sync::atomic::Ordering::Relaxed);
        Ok(read)
    }
}

impl std::io::Seek for Counted {
    fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
        self.0.seek(to)
    }
}

#[test]
fn csv_is_read_only_as_far_as_it_is_asked_for() {
    let text = "姓名,身份证号\n".to_owned() + &"张三,1\n".repeat(200_000);
    let (length, read) = (text.len(), std::sync::Arc::default());
    let input = Counted(Cursor::new(text.into_bytes()), std::sync::Arc::clone(&read));
    let mut sheet = crate::open(input, COLUMNS, Limits::default()).expect("a table");
    let seen = || read.load(std::sync::atomic::Ordering::Relaxed);
    assert!(sheet.next().is_some_and(|row| row.is_ok()));
    assert!(seen() <= 2 * 64 * 1024, "{} of {length} bytes for the first row", seen());
    assert_eq!(sheet.count(), 199_999);
    assert!(seen() >= length);
}

#[test]
fn a_bomb_is_not_unpacked() {
    let row = r#"<row r="1"><c r="A1" t="inlineStr"><is><t>姓名</t></is></c></row>"#;
    let filler = " ".repeat(3 << 20);
    let bytes = package(&format!("<worksheet><sheetData>{row}{filler}</sheetData></worksheet>"));
    assert!(bytes.len() < 100_000, "it is a bomb: {}", bytes.len());
    let limits = Limits { expanded: 1 << 20, ..Limits::default() };
    let fault = crate::open(Cursor::new(bytes), COLUMNS, limits).err().expect("refused");
    assert_eq!(fault.kind, Kind::TooLarge(1 << 20));
}

#[test]
fn what_is_written_can_harm_nobody_and_is_read_back() {
    let mut writer = CsvWriter::new(Vec::new()).expect("memory");
    writer.row(["姓名", "身份证号", "手机号码"]).expect("memory");
    writer.row(["=HYPERLINK(1)", "500103199003078030", "+86"]).expect("memory");
    writer.row(["－1\"，", "@x", "-"]).expect("memory");
    let bytes = writer.finish().expect("memory");
    let text = String::from_utf8(bytes.clone()).expect("UTF-8");
    assert!(text.starts_with('\u{feff}'), "office programs know it by the mark");
    assert!(text.contains("\r\n'=HYPERLINK(1),500103199003078030\t,'+86\r\n"), "{text}");
    assert_eq!(
        told(&bytes),
        [row(2, "500103199003078030", "=HYPERLINK(1)"), row(3, "@x", "－1\"，")]
    );
}

#[test]
fn narrow_writing_comes_only_on_request() {
    let rows = items("姓名,身份证号\n张三,　５００　Ｘ \n".as_bytes());
    let row = rows[0].as_ref().expect("a row");
    assert_eq!((row.get("number"), row.narrow("number").as_str()), ("５００　Ｘ", "500 X"));
}

proptest! {
    #[test]
    fn any_bytes_are_rows_or_faults(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        if let Ok(sheet) = read(&bytes) {
            prop_assert!(sheet.count() <= bytes.len());
        }
        let mut table = "姓名,身份证号\n".as_bytes().to_vec();
        table.extend(&bytes);
        for item in read(&table).into_iter().flatten() {
            prop_assert!(item.map_or_else(|fault| fault.line, |row| row.line) <= 2 + bytes.len() as u64);
        }
    }

    #[test]
    fn any_damage_to_a_workbook_is_survived(at in 0usize..2_000, with in any::<u8>(), cut in 0usize..2_000) {
        let mut bytes = xlsx(&[vec!["姓名".into(), "身份证号".into()], vec!["张三".into(), "1".into()]]);
        let length = bytes.len();
        bytes[at % length] = with;
        bytes.truncate(length - cut % length / 8);
        if let Ok(sheet) = read(&bytes) {
            prop_assert!(sheet.count() <= 64);
        }
    }

    #[test]
    fn any_xml_in_a_workbook_is_survived(inner in "(<row( r=\"[0-9]{0,12}\")?>|</row>|<c( r=\"[A-Z]{0,5}[0-9]{0,12}\")?( t=\"(s|str|inlineStr|b|e|d)\")?>|</c>|<v>|</v>|[-0-9.E]{0,8}|<is><t>|</t></is>|姓名|&amp;|&x;){0,30}") {
        let bytes = package(&format!("<worksheet><sheetData>{inner}</sheetData></worksheet>"));
        if let Ok(sheet) = read(&bytes) {
            prop_assert!(sheet.count() <= inner.len());
        }
    }

    #[test]
    fn whatever_is_written_is_read_back(cells in proptest::collection::vec("[^\\p{Cc}\u{feff}\u{fffd}]{0,12}", 2..3)) {
        let trimmed: Vec<&str> = cells.iter().map(|cell| cell.trim()).collect();
        prop_assume!(trimmed.iter().any(|cell| !cell.is_empty()));
        prop_assume!(trimmed.iter().all(|cell| !cell.starts_with('\'') && !crate::text::looks_rounded(cell)));
        let mut writer = CsvWriter::new(Vec::new()).expect("memory");
        writer.row(["姓名", "身份证号"]).expect("memory");
        writer.row(&trimmed).expect("memory");
        let rows = items(&writer.finish().expect("memory"));
        prop_assert_eq!(&rows[0].as_ref().expect("a row").cells, &trimmed);
    }
}
