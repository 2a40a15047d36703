//! XLSX for people to download (ECMA-376): texts in their cells, numbers as numbers.

use std::io::{self, Cursor, Write as _};

use zip::write::{SimpleFileOptions, ZipWriter};

/// A cell.
#[derive(Clone, Debug, PartialEq)]
pub enum XlsxCell {
    /// Text, which is never a formula.
    Text(String),
    /// A whole number; office programs keep 15 digits.
    Number(i64),
}

impl From<&str> for XlsxCell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for XlsxCell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for XlsxCell {
    fn from(number: i64) -> Self {
        // Office programs calculate with 15 digits and round the rest.
        let exact = number.unsigned_abs() < 1_000_000_000_000_000;
        if exact { Self::Number(number) } else { Self::Text(number.to_string()) }
    }
}

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#;
const TYPES: &str = r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>"#;
const RELS: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const BOOK_RELS: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#;

/// Media type of a workbook.
pub const XLSX_TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// A workbook with one sheet of this name (up to 31 letters count).
///
/// # Errors
/// What the archive says; in memory there is nothing that fails.
pub fn xlsx(name: &str, rows: &[Vec<XlsxCell>]) -> io::Result<Vec<u8>> {
    let name: String = name.chars().filter(|c| !"[]:*?/\\'".contains(*c)).take(31).collect();
    let book = format!(
        r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="{}" sheetId="1" r:id="rId1"/></sheets></workbook>"#,
        escape(&name)
    );
    let parts = [
        ("[Content_Types].xml", TYPES),
        ("_rels/.rels", RELS),
        ("xl/workbook.xml", book.as_str()),
        ("xl/_rels/workbook.xml.rels", BOOK_RELS),
        ("xl/worksheets/sheet1.xml", &sheet(rows)),
    ];
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, content) in parts {
        archive.start_file(path, SimpleFileOptions::default()).map_err(io::Error::other)?;
        archive.write_all(HEAD.as_bytes())?;
        archive.write_all(content.as_bytes())?;
    }
    Ok(archive.finish().map_err(io::Error::other)?.into_inner())
}

fn sheet(rows: &[Vec<XlsxCell>]) -> String {
    let mut xml = String::from(
        r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>"#,
    );
    for row in rows {
        xml.push_str("<row>");
        for cell in row {
            let text = match cell {
                XlsxCell::Number(number) => format!("<c><v>{number}</v></c>"),
                XlsxCell::Text(text) => format!(
                    r#"<c t="inlineStr"><is><t xml:space="preserve">{}</t></is></c>"#,
                    escape(text)
                ),
            };
            xml.push_str(&text);
        }
        xml.push_str("</row>");
    }
    xml.push_str("</sheetData></worksheet>");
    xml
}

/// XML 1.0 has no place for most control characters.
fn escape(text: &str) -> String {
    let kept = text.chars().filter(|c| !c.is_control() || matches!(c, '\t' | '\n'));
    let kept: String = kept.filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}')).collect();
    kept.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Column, Limits, open};

    const COLUMNS: &[Column] =
        &[Column::needed("name", &["名称"]), Column::needed("count", &["数量"])];

    fn read(bytes: Vec<u8>) -> Vec<(String, String)> {
        let sheet = open(Cursor::new(bytes), COLUMNS, Limits::default()).expect("opens");
        let rows = sheet.map(|row| row.expect("a row"));
        rows.map(|row| (row.get("name").to_owned(), row.get("count").to_owned())).collect()
    }

    #[test]
    fn a_workbook_is_read_back_as_it_was_written() {
        let rows = vec![
            vec!["名称".into(), "数量".into()],
            vec!["渝中区 <&\">".into(), 120.into()],
            vec!["长号".into(), 9_007_199_254_740_993.into()],
        ];
        let found = read(xlsx("统计/2026", &rows).expect("written"));
        assert_eq!(found[0], ("渝中区 <&\">".to_owned(), "120".to_owned()));
        assert_eq!(found[1].1, "9007199254740993");
    }

    proptest! {
        #[test]
        fn any_text_makes_a_workbook_that_opens(text in "\\PC{1,40}", number: i64) {
            let rows =
                vec![vec!["名称".into(), "数量".into()], vec![text.into(), number.into()]];
            let bytes = xlsx("x", &rows).expect("written");
            prop_assert!(open(Cursor::new(bytes), COLUMNS, Limits::default()).is_ok());
        }
    }
}
