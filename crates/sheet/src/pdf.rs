//! Reports as PDF (ISO 32000-1): headings, paragraphs and tables on pages of A4, in Chinese.
//!
//! The font is named, not embedded: STSong-Light in the character collection Adobe-GB1, which readers of PDF
//! take from their own Chinese fonts, and the text stands in it as UTF-16, so that it can be searched and
//! copied. A file is a few kilobytes and needs no font on the server.

use std::fmt::Write as _;

/// A part of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A title within the report.
    Heading(String),
    /// Sentences.
    Text(String),
    /// Rows of cells; the first row is the head, the last cell of each row stands at the right.
    Table(Vec<Vec<String>>),
}

/// Size of a page of A4 and its margins, in points.
const WIDTH: f64 = 595.0;
const HEIGHT: f64 = 842.0;
const MARGIN: f64 = 56.0;
/// Size of plain text, and the way from line to line.
const SIZE: f64 = 10.0;
const LEAD: f64 = 16.0;

/// Widths of the letters from space to `~`, in thousandths of the size.
const LATIN: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/// Width of a letter in points.
fn width_of(letter: char, size: f64) -> f64 {
    let latin = (letter as usize).checked_sub(0x20).and_then(|place| LATIN.get(place));
    f64::from(*latin.unwrap_or(&1_000)) * size / 1_000.0
}

fn width(text: &str, size: f64) -> f64 {
    text.chars().map(|letter| width_of(letter, size)).sum()
}

/// Lines of a text that are no wider than `most`. Latin words are kept whole where they fit.
fn wrap(text: &str, size: f64, most: f64) -> Vec<String> {
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0.0);
    for letter in text.chars() {
        let wide = width_of(letter, size);
        if letter == '\n' || (used + wide > most && !line.is_empty()) {
            // A word that was begun goes along into the next line.
            let word = line
                .rfind(|c: char| !c.is_ascii_alphanumeric())
                .map_or(0, |at| at + line[at..].chars().next().map_or(0, char::len_utf8));
            let rest = match letter.is_ascii_alphanumeric() && word > 0 {
                true => line.split_off(word),
                false => String::new(),
            };
            lines.push(std::mem::replace(&mut line, rest));
            used = width(&line, size);
            if matches!(letter, '\n' | ' ') {
                continue;
            }
        }
        line.push(letter);
        used += wide;
    }
    lines.push(line);
    lines
}

/// Pages as they are filled, each the operators that draw it.
struct Pages {
    done: Vec<String>,
    page: String,
    /// Points from the foot at which the next line stands.
    y: f64,
}

impl Pages {
    fn line(&mut self, x: f64, size: f64, text: &str) {
        let hex = text.encode_utf16().fold(String::new(), |mut hex, unit| {
            let _ = write!(hex, "{unit:04X}");
            hex
        });
        let _ = writeln!(self.page, "BT /F {size} Tf {x:.1} {:.1} Td <{hex}> Tj ET", self.y);
    }

    /// Goes `points` down; on a new page when it is full.
    fn down(&mut self, points: f64) {
        self.y -= points;
        if self.y < MARGIN {
            self.done.push(std::mem::take(&mut self.page));
            self.y = HEIGHT - MARGIN;
        }
    }

    fn text(&mut self, size: f64, text: &str) {
        for line in wrap(text, size, WIDTH - 2.0 * MARGIN) {
            self.down(size * 1.6);
            self.line(MARGIN, size, &line);
        }
    }

    fn rule(&mut self) {
        let y = self.y - 4.0;
        let _ = writeln!(self.page, "0.5 w {MARGIN} {y:.1} m {:.1} {y:.1} l S", WIDTH - MARGIN);
    }

    fn table(&mut self, rows: &[Vec<String>]) {
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0).max(1);
        let step = (WIDTH - 2.0 * MARGIN) / columns as f64;
        for (place, row) in rows.iter().enumerate() {
            let cells: Vec<Vec<String>> =
                row.iter().map(|cell| wrap(cell, SIZE, step - 8.0)).collect();
            for line in 0..cells.iter().map(Vec::len).max().unwrap_or(0) {
                self.down(LEAD);
                for (column, cell) in cells.iter().enumerate() {
                    let Some(text) = cell.get(line) else { continue };
                    let left = MARGIN + step * column as f64;
                    let right = left + step - width(text, SIZE);
                    let x = if column > 0 && column + 1 == columns { right } else { left };
                    self.line(x, SIZE, text);
                }
            }
            if place == 0 || place + 1 == rows.len() {
                self.rule();
            }
        }
        self.down(LEAD / 2.0);
    }
}

/// A report as a PDF file. Each page has the title and its number at the foot.
pub fn pdf(title: &str, parts: &[Part]) -> Vec<u8> {
    let mut pages = Pages { done: Vec::new(), page: String::new(), y: HEIGHT - MARGIN };
    pages.text(18.0, title);
    pages.down(LEAD / 2.0);
    for part in parts {
        match part {
            Part::Heading(text) => {
                pages.down(LEAD / 2.0);
                pages.text(13.0, text);
                pages.down(4.0);
            }
            Part::Text(text) => pages.text(SIZE, text),
            Part::Table(rows) => pages.table(rows),
        }
    }
    pages.done.push(pages.page);
    file(title, &pages.done)
}

/// The objects of the file: catalogue, pages, font with its descendant and descriptor, then two for each page.
fn file(title: &str, pages: &[String]) -> Vec<u8> {
    const FIRST: usize = 7;
    let kids: String = (0..pages.len()).fold(String::new(), |mut kids, place| {
        let _ = write!(kids, "{} 0 R ", FIRST + 2 * place);
        kids
    });
    let widths = LATIN.map(|width| width.to_string()).join(" ");
    let title_hex = title.encode_utf16().fold(String::from("FEFF"), |mut hex, unit| {
        let _ = write!(hex, "{unit:04X}");
        hex
    });
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R /Lang (zh-CN) >>".to_owned(),
        format!("<< /Type /Pages /Kids [{kids}] /Count {} >>", pages.len()),
        "<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light-UniGB-UTF16-H \
         /Encoding /UniGB-UTF16-H /DescendantFonts [4 0 R] >>"
            .to_owned(),
        format!(
            "<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /CIDSystemInfo \
             << /Registry (Adobe) /Ordering (GB1) /Supplement 4 >> /FontDescriptor 5 0 R \
             /DW 1000 /W [1 [{widths}]] >>"
        ),
        "<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880] \
         /ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 700 /StemV 93 >>"
            .to_owned(),
        format!("<< /Title <{title_hex}> >>"),
    ];
    for (place, page) in pages.iter().enumerate() {
        let foot = Pages { done: Vec::new(), page: page.clone(), y: MARGIN / 2.0 };
        let foot = footed(foot, title, (place + 1, pages.len()));
        let content = FIRST + 2 * place + 1;
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] \
             /Resources << /Font << /F 3 0 R >> >> /Contents {content} 0 R >>"
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{foot}endstream", foot.len()));
    }
    written(&objects)
}

fn footed(mut page: Pages, title: &str, (number, of): (usize, usize)) -> String {
    page.line(MARGIN, 8.0, title);
    let text = format!("{number} / {of}");
    page.line(WIDTH - MARGIN - width(&text, 8.0), 8.0, &text);
    page.page
}

/// Objects with the table of where each begins.
fn written(objects: &[String]) -> Vec<u8> {
    let mut file = String::from("%PDF-1.7\n");
    let mut places = Vec::new();
    for (place, object) in objects.iter().enumerate() {
        places.push(file.len());
        let _ = write!(file, "{} 0 obj\n{object}\nendobj\n", place + 1);
    }
    let (table, count) = (file.len(), objects.len() + 1);
    let _ = write!(file, "xref\n0 {count}\n0000000000 65535 f \n");
    for place in places {
        let _ = writeln!(file, "{place:010} 00000 n ");
    }
    let _ = write!(
        file,
        "trailer\n<< /Size {count} /Root 1 0 R /Info 6 0 R >>\nstartxref\n{table}\n%%EOF\n"
    );
    file.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Text of all pages, read back as a reader of PDF would: by the table of places.
    fn texts(file: &[u8]) -> Vec<String> {
        let text = std::str::from_utf8(file).expect("plain letters");
        let at: usize = text
            .rsplit("startxref\n")
            .next()
            .expect("a place")
            .lines()
            .next()
            .expect("one")
            .parse()
            .expect("a number");
        assert!(text[at..].starts_with("xref\n0 "));
        let places = text[at..].lines().filter_map(|line| line.strip_suffix(" 00000 n "));
        let mut found = Vec::new();
        for (number, place) in places.enumerate() {
            let place: usize = place.parse().expect("a place");
            let object = &text[place..];
            assert!(object.starts_with(&format!("{} 0 obj\n", number + 1)), "object {number}");
            let object = &object[..object.find("endobj").expect("an end")];
            let Some((head, stream)) = object.split_once("stream\n") else { continue };
            let length: usize = head
                .split("/Length ")
                .nth(1)
                .expect("a length")
                .split(' ')
                .next()
                .expect("one")
                .parse()
                .expect("one");
            assert_eq!(&stream[length..], "endstream\n");
            let shown = stream
                .lines()
                .filter_map(|line| line.split_once(" Td <")?.1.strip_suffix("> Tj ET"));
            found.extend(shown.map(|hex| {
                let units: Vec<u16> = (0..hex.len() / 4)
                    .map(|at| u16::from_str_radix(&hex[4 * at..4 * at + 4], 16).expect("hex"))
                    .collect();
                String::from_utf16(&units).expect("text")
            }));
        }
        found
    }

    #[test]
    fn what_is_written_stands_in_the_file_and_every_object_is_where_the_table_says() {
        let rows: Vec<Vec<String>> =
            (0..120).map(|n| vec![format!("渝中区第{n}行"), n.to_string()]).collect();
        let parts = [
            Part::Heading("持卡覆盖".to_owned()),
            Part::Text("合计 120；最多的是渝中区 80（66.6%）。𠮷".to_owned()),
            Part::Table(rows),
        ];
        let file = pdf("年度报告 2026", &parts);
        let all = texts(&file);
        assert!(all.contains(&"合计 120；最多的是渝中区 80（66.6%）。𠮷".to_owned()), "{all:?}");
        assert!((0..120).all(|n| all.contains(&format!("渝中区第{n}行"))));
        let pages = all.iter().filter(|text| text.ends_with(" / 3")).count();
        assert_eq!(pages, 3, "{:?}", all.last());
    }

    #[test]
    fn no_line_is_wider_than_the_page_and_words_stay_whole() {
        let text = "渝中区 Yuzhong District 的用卡次数 uses of the card 一直在上升".repeat(9);
        let lines = wrap(&text, SIZE, 200.0);
        assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
        for line in &lines {
            assert!(width(line, SIZE) <= 200.0, "{line}");
        }
        assert!(lines.iter().all(|line| !line.ends_with("Distri")));
        assert_eq!(wrap("", SIZE, 200.0), [""]);
        let long = "x".repeat(500);
        assert_eq!(wrap(&long, SIZE, 200.0).concat(), long);
    }
}
