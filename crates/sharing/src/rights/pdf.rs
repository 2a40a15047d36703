//! Lines as a PDF (ISO 32000-1) of A4 pages: text in the reader's own Song typeface, which every viewer
//! with Chinese support brings, so that no typeface has to be shipped.

use super::paper::Line;

const WIDTH: f64 = 595.0;
const HEIGHT: f64 = 842.0;
const MARGIN: f64 = 56.0;

/// Size of a level's letters, and how far it stands in.
fn measure(level: u8) -> (f64, f64) {
    match level {
        0 => (13.0, 0.0),
        1 => (10.0, 12.0),
        _ => (9.0, 24.0),
    }
}

/// Letters of ASCII are half as wide as they are high, all others as wide.
fn width(letter: char) -> f64 {
    if letter.is_ascii() { 0.5 } else { 1.0 }
}

/// Cuts a text into lines that fit.
fn wrapped(text: &str, room: f64) -> Vec<String> {
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0.0);
    for letter in text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }) {
        if used + width(letter) > room && !line.is_empty() {
            lines.push(std::mem::take(&mut line));
            used = 0.0;
        }
        used += width(letter);
        line.push(letter);
    }
    lines.push(line);
    lines
}

/// A text as UTF-16 in hexadecimal digits.
fn shown(text: &str) -> String {
    text.encode_utf16().map(|unit| format!("{unit:04X}")).collect()
}

/// The contents of all pages.
fn pages(title: &str, lines: &[Line]) -> Vec<String> {
    let heading = Line { level: 0, text: title.to_owned() };
    let (mut pages, mut page, mut y) = (Vec::new(), String::new(), HEIGHT - MARGIN);
    for line in std::iter::once(&heading).chain(lines) {
        let (size, indent) = measure(line.level);
        y -= if line.level == 0 { size } else { 0.0 };
        for text in wrapped(&line.text, (WIDTH - 2.0 * MARGIN - indent) / size) {
            if y < MARGIN {
                pages.push(std::mem::take(&mut page));
                y = HEIGHT - MARGIN;
            }
            let x = MARGIN + indent;
            page.push_str(&format!("BT /F {size} Tf {x} {y:.1} Td <{}> Tj ET\n", shown(&text)));
            y -= size * 1.5;
        }
    }
    pages.push(page);
    pages
}

/// The file.
pub fn pdf(title: &str, lines: &[Line]) -> Vec<u8> {
    let pages = pages(title, lines);
    let kids: Vec<String> = (0..pages.len()).map(|n| format!("{} 0 R", 6 + 2 * n)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), pages.len()),
        "<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UTF16-H \
         /DescendantFonts [4 0 R] >>"
            .to_owned(),
        "<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /DW 1000 /W [1 95 500] \
         /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 5 >> \
         /FontDescriptor 5 0 R >>"
            .to_owned(),
        "<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880] \
         /ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >>"
            .to_owned(),
    ];
    for (n, page) in pages.iter().enumerate() {
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] /Contents {} 0 R \
             /Resources << /Font << /F 3 0 R >> >> >>",
            7 + 2 * n
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{page}endstream", page.len()));
    }
    let (mut file, mut places) = ("%PDF-1.7\n".to_owned(), Vec::new());
    for (n, object) in objects.iter().enumerate() {
        places.push(file.len());
        file.push_str(&format!("{} 0 obj\n{object}\nendobj\n", n + 1));
    }
    let table = file.len();
    file.push_str(&format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1));
    places.iter().for_each(|place| file.push_str(&format!("{place:010} 00000 n \n")));
    let size = objects.len() + 1;
    file.push_str(&format!("trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n"));
    file.into_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text_of(file: &[u8]) -> String {
        let file = String::from_utf8(file.to_vec()).expect("only ASCII");
        let shown = file.split('<').filter_map(|part| part.split_once("> Tj"));
        let units: Vec<u16> = shown
            .flat_map(|(digits, _)| digits.as_bytes().chunks(4))
            .map(|four| {
                let four = std::str::from_utf8(four).expect("digits");
                u16::from_str_radix(four, 16).expect("hexadecimal")
            })
            .collect();
        String::from_utf16(&units).expect("whole letters")
    }

    #[test]
    fn each_object_stands_where_the_table_says() {
        let long: Vec<Line> =
            (0..200).map(|n| Line { level: n % 3, text: format!("第{n}行 𠮷 line") }).collect();
        let file = pdf("我的信息", &long);
        let text = String::from_utf8(file.clone()).expect("only ASCII");
        let (_, tail) = text.split_once("xref\n").expect("a table");
        let offsets = tail.lines().skip(2).take_while(|line| line.ends_with(" n "));
        let mut count = 0;
        for (n, line) in offsets.enumerate() {
            let at: usize = line[..10].parse().expect("a number");
            assert!(text[at..].starts_with(&format!("{} 0 obj", n + 1)), "object {}", n + 1);
            count += 1;
        }
        assert!(count > 8, "several pages: {count}");
        let start: usize = text
            .rsplit("startxref\n")
            .next()
            .and_then(|rest| rest.lines().next())
            .and_then(|line| line.parse().ok())
            .expect("a number");
        assert!(text[start..].starts_with("xref"));
        assert!(text_of(&file).starts_with("我的信息第0行 𠮷 line第1行"));
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_no_line_leaves_the_page(text in "[a-z \u{4e00}-\u{4eff}\u{20000}-\u{20010}]{0,300}") {
            let file = pdf("x", &[Line { level: 1, text: text.clone() }]);
            prop_assert_eq!(text_of(&file), format!("x{text}"));
            for line in wrapped(&text, 40.0) {
                prop_assert!(line.chars().map(width).sum::<f64>() <= 40.0);
            }
        }
    }
}
