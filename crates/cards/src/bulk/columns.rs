//! The columns of a unit's file, and a line as an application (Art. 12).

use kernel::divisions;
use kernel::id::Id;
use kernel::law::Text;
use kernel::problem::Problem;
use kernel::time::Utc;
use people::document::DocumentKind;
use people::number::{PersonNumber, Strictness};
use people::rules::{Ground, Person};
use people::service::{Registration, read_registration};
use sheet::{Column, Row};
use time::Date;

use super::rules::Outcome;
use crate::rules::{self, Command, Context};

/// What the file may hold. Only what no rule can do without must be there.
pub const COLUMNS: &[Column] = &[
    Column::needed(
        "number",
        &[
            "社会保障号码",
            "身份证号",
            "身份证号码",
            "证件号码",
            "公民身份号码",
            "身份证",
            "Number",
            "ID number",
            "Person number",
        ],
    ),
    Column::needed("name", &["姓名", "人员姓名", "Name"]),
    Column::needed("phone", &["手机号码", "手机", "手机号", "联系电话", "电话", "Phone", "Mobile"]),
    Column::needed("address", &["联系地址", "地址", "通讯地址", "住址", "Address"]),
    Column::optional("document", &["证件类型", "证件种类", "Document", "Document type"]),
    Column::optional("sex", &["性别", "Sex", "Gender"]),
    Column::optional("birth", &["出生日期", "出生年月日", "Birth date", "Birthday"]),
    Column::optional("nation", &["民族", "国籍", "民族或国籍", "Nation", "Nationality"]),
    Column::optional("ground", &["申领依据", "依据", "Ground"]),
    Column::optional("household", &["户籍所在地", "户籍地", "户籍区划", "户籍", "Household"]),
    Column::optional("ground_until", &["权益截止日期", "截止日期", "Entitled until", "Until"]),
    Column::optional("guardian", &["监护人", "监护人姓名和证件号码", "监护人信息", "Guardian"]),
];

/// A line that can be applied for as far as it tells by itself.
#[derive(Clone, Debug)]
pub struct Applicant {
    /// Line of the file.
    pub line: u64,
    /// The person as the file says.
    pub person: Person,
    /// Guardian's name and document number, for under 16.
    pub guardian: String,
}

impl Applicant {
    /// What is asked for.
    pub fn command(&self) -> Command {
        Command::Apply { guardian: self.guardian.clone() }
    }
}

/// Reads a line with the rules of the desk; `id` is the person's if he is unknown.
///
/// # Errors
/// What is wrong with it.
pub fn read(row: &Row, id: Id, today: Date) -> Result<Applicant, Outcome> {
    let guardian = one_line(row.get("guardian"));
    let person = read_registration(&registration(row, today), id, today);
    let read = person.and_then(|person| match guardian.chars().count() <= LONGEST_GUARDIAN {
        true => Ok(Applicant { line: row.line, person, guardian }),
        false => {
            let text = Text::new("监护人应在80字以内", "A guardian of up to 80 letters");
            Err(Problem::field("guardian", text))
        }
    });
    read.map_err(|problem| {
        Outcome::wrong_cells(row.line, &problem, |field| row.name(field).to_owned())
    })
}

/// As in the form at the desk.
const LONGEST_GUARDIAN: usize = 80;

/// A cell whose text was broken into lines as one line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether the rules would let the application through for somebody unknown.
///
/// # Errors
/// Not eligible (Art. 5), or a guardian is missing (Art. 12).
pub fn judge(applicant: &Applicant, now: Utc, outlet: Id) -> Result<(), Outcome> {
    let context = Context::new(&applicant.person, now, Some(outlet));
    let decided = rules::decide(None, &applicant.command(), &context);
    decided.map(drop).map_err(|refused| Outcome::refused(applicant.line, &refused))
}

fn registration(row: &Row, today: Date) -> Registration {
    let number = row.narrow("number");
    Registration {
        document: document(row.get("document"), &number, today),
        number,
        name: one_line(row.get("name")),
        sex: sex(row.get("sex")),
        birth: day(&row.narrow("birth")),
        nation: one_line(row.get("nation")),
        phone: row.narrow("phone").replace([' ', '-'], ""),
        address: one_line(row.get("address")),
        household: household(&row.narrow("household")),
        ground: ground(row.get("ground")),
        ground_until: day(&row.narrow("ground_until")),
    }
}

/// By code or name; left out, the number tells it.
fn document(text: &str, number: &str, today: Date) -> String {
    let known = DocumentKind::ALL.into_iter().find(|kind| {
        let code = kind.code();
        [code, kind.zh(), kind.en()].iter().any(|name| name.eq_ignore_ascii_case(text))
    });
    if let Some(kind) = known {
        return kind.code().to_owned();
    }
    match text {
        "" => {
            let parsed = PersonNumber::parse(number, today, Strictness::Checked).ok();
            let kind = parsed.map(|parsed| parsed.number.kind());
            let bears = |document: &DocumentKind| kind.is_some_and(|kind| document.accepts(kind));
            let found = DocumentKind::ALL.into_iter().find(bears);
            found.unwrap_or(DocumentKind::ResidentCard).code().to_owned()
        }
        "身份证" => DocumentKind::ResidentCard.code().to_owned(),
        "户口本" => DocumentKind::HouseholdBook.code().to_owned(),
        other => other.to_owned(),
    }
}

fn sex(text: &str) -> String {
    match text.to_lowercase().as_str() {
        "男" | "male" | "m" => "1".to_owned(),
        "女" | "female" | "f" => "2".to_owned(),
        other => other.to_owned(),
    }
}

/// `1990年1月31日`, `1990/1/31`, `1990.1.31` and `19900131` as `1990-01-31`.
fn day(text: &str) -> String {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if text.len() == 8 && digits(text) {
        return format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]);
    }
    let parts: Vec<&str> = text.split(['-', '/', '.', '年', '月', '日', ' ']).collect();
    match parts.as_slice() {
        [year, month, day, ..] if [year, month, day].iter().all(|part| digits(part)) => {
            format!("{year}-{month:0>2}-{day:0>2}")
        }
        _ => text.to_owned(),
    }
}

/// By code or name of a division; a code may be followed by its name.
fn household(text: &str) -> String {
    let code: String = text.chars().take_while(char::is_ascii_digit).collect();
    if code.len() == 6 {
        return code;
    }
    let name = text.strip_prefix("重庆市").filter(|rest| !rest.is_empty()).unwrap_or(text);
    let known = divisions::DIVISIONS.iter().rev().find(|division| division.zh == name);
    known.map_or_else(|| text.to_owned(), |division| division.code.to_owned())
}

/// By code or name; left out, the household book.
fn ground(text: &str) -> String {
    let known = Ground::ALL.into_iter().find(|ground| {
        let name = ground.name();
        [ground.code(), &name.zh, &name.en].iter().any(|known| known.eq_ignore_ascii_case(text))
    });
    let short = match text {
        "" | "户籍" => Some(Ground::Household),
        "就业" => Some(Ground::Employment),
        "就学" => Some(Ground::Study),
        "居住" => Some(Ground::Residence),
        _ => None,
    };
    known.or(short).map_or_else(|| text.to_owned(), |ground| ground.code().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn days_are_read_as_people_write_them() {
        for text in ["1990-01-31", "1990/1/31", "1990.01.31", "1990年1月31日", "19900131"] {
            assert_eq!(day(text), "1990-01-31", "{text}");
        }
        assert_eq!(day("明天"), "明天");
        assert_eq!(day("1990-01"), "1990-01");
    }

    #[test]
    fn divisions_grounds_and_documents_are_known_by_name_or_code() {
        for text in ["500103", "渝中区", "重庆市渝中区", "500103 渝中区"] {
            assert_eq!(household(text), "500103", "{text}");
        }
        assert_eq!(household("某地"), "某地");
        for text in ["", "household", "本市户籍", "户籍"] {
            assert_eq!(ground(text), "household", "{text}");
        }
        let today = time::macros::date!(2026 - 03 - 01);
        let made = people::generate::person(1, 7).expect("within the population");
        assert_eq!(document("", made.number.as_str(), today), {
            let kind = made.number.kind();
            let first = DocumentKind::ALL.into_iter().find(|one| one.accepts(kind));
            first.expect("a document").code()
        });
        assert_eq!(document("户口簿", "", today), "household_book");
    }

    fn rows(cells: &[String]) -> Vec<Row> {
        let mut writer = sheet::CsvWriter::new(Vec::new()).expect("memory");
        writer.row(COLUMNS.iter().map(|column| column.names[0])).expect("memory");
        writer.row(cells).expect("memory");
        let bytes = std::io::Cursor::new(writer.finish().expect("memory"));
        let sheet = sheet::open(bytes, COLUMNS, sheet::Limits::default()).expect("a table");
        sheet.flatten().collect()
    }

    fn cell() -> impl Strategy<Value = String> {
        let known = COLUMNS.iter().map(|column| column.names[0]).chain([
            "50010319900307803X",
            "户口簿",
            "女",
            "1990年1月31日",
            "年月日",
            "13900000000",
            "500103",
            "household",
            "就学",
            "2099-12-31",
        ]);
        let known: Vec<String> = known.map(str::to_owned).collect();
        prop_oneof!["\\PC{0,20}", proptest::sample::select(known)]
    }

    proptest! {
        /// Art. 12: whatever people write, a line is an application or says what is wrong.
        #[test]
        fn any_cells_are_an_application_or_a_reason(
            cells in proptest::collection::vec(cell(), COLUMNS.len())
        ) {
            let today = time::macros::date!(2026 - 03 - 01);
            for row in rows(&cells) {
                match read(&row, Id(1), today) {
                    Ok(applicant) => {
                        prop_assert_eq!(applicant.line, 2);
                        let judged = judge(&applicant, Utc::start_of(today), Id(1));
                        prop_assert!(judged.is_ok() || !judged.unwrap_err().zh.is_empty());
                    }
                    Err(outcome) => {
                        prop_assert!(!outcome.is_good());
                        prop_assert!(outcome.zh.contains("列：") && outcome.en.contains("column"));
                    }
                }
            }
        }
    }
}
