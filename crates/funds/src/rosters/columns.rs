//! The columns of a list, and a line as far as it tells by itself.

use people::number::{PersonNumber, Strictness};
use serde::{Deserialize, Serialize};
use sheet::{Column, Row};
use time::Date;

use super::reasons::Reason;
use crate::programmes::formula::parse_decimal;

/// What a list may hold.
pub const COLUMNS: &[Column] = &[
    Column::optional("line", &["行号", "名册行号", "Line"]),
    Column::needed(
        "number",
        &[
            "社会保障号码",
            "身份证号",
            "身份证号码",
            "证件号码",
            "公民身份号码",
            "Number",
            "ID number",
        ],
    ),
    Column::needed("name", &["姓名", "户主姓名", "Name"]),
    Column::optional("amount", &["金额", "金额（元）", "补贴金额", "发放金额", "Amount"]),
    Column::optional("quantity", &["数量", "面积", "面积（亩）", "月数", "工日", "Quantity"]),
    Column::optional("household", &["户编号", "户号", "农户编码", "Household"]),
    Column::optional("account", &["银行账号", "账号", "卡号", "Account"]),
];

/// A line as it was written; personal data that is sealed where it has to be kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Its place in the roster.
    pub line: i64,
    /// Person number, whole when it is one.
    pub number: String,
    /// Name.
    pub name: String,
    /// Amount as written.
    pub amount: String,
    /// Quantity as written.
    pub amount_of: String,
    /// Code of the household.
    pub household: String,
    /// Bank account, when the list names one.
    pub account: String,
    /// Amount in fen.
    #[serde(skip)]
    pub fen: Option<i64>,
    /// Quantity in thousandths.
    #[serde(skip)]
    pub quantity: Option<i64>,
    /// What is wrong with the writing.
    #[serde(skip)]
    pub fault: Option<Reason>,
}

impl Draft {
    /// A line that cannot be read at all.
    pub fn unreadable(line: i64) -> Self {
        Self { line, fault: Some(Reason::Unreadable), ..Self::default() }
    }

    /// Reads what was written.
    #[must_use]
    pub fn read(mut self, today: Date) -> Self {
        match PersonNumber::parse(self.number.trim(), today, Strictness::Checked) {
            Ok(parsed) => self.number = parsed.number.as_str().to_owned(),
            Err(_) => self.fault = Some(Reason::Number),
        }
        let long = [&self.number, &self.name, &self.household, &self.account];
        if long.iter().any(|text| text.chars().count() > 100) {
            self.fault = self.fault.or(Some(Reason::Unreadable));
        }
        if self.name.trim().is_empty() {
            self.fault = self.fault.or(Some(Reason::Name));
        }
        let mut read = |text: &str, places, wrong| match text.trim() {
            "" => None,
            text => {
                let value = parse_decimal(text, places);
                if value.is_none() {
                    self.fault = self.fault.or(Some(wrong));
                }
                value
            }
        };
        self.fen = read(&self.amount, 2, Reason::Amount);
        self.quantity = read(&self.amount_of, 3, Reason::Quantity);
        self
    }
}

/// A row of a file. With `own_lines` its column of line numbers counts, else its place in the file.
pub fn read(row: &Row, own_lines: bool, today: Date) -> Draft {
    let own = row.narrow("line").parse().unwrap_or(0);
    let line = if own_lines { own } else { i64::try_from(row.line).unwrap_or(i64::MAX) };
    let draft = Draft {
        line,
        number: row.narrow("number"),
        name: row.get("name").trim().to_owned(),
        amount: row.narrow("amount"),
        amount_of: row.narrow("quantity"),
        household: row.narrow("household"),
        account: row.narrow("account").replace(' ', ""),
        ..Draft::default()
    };
    draft.read(today)
}
