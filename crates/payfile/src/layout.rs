//! Layouts of text files as data: which fields in which order, by a separator or by width in bytes.

use serde::{Deserialize, Serialize};

/// A field of a header, a line or a trailer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Field {
    /// A constant, the same in every file.
    Mark,
    /// Id of the batch.
    Batch,
    /// Short code of the bank.
    Bank,
    /// Account that is debited.
    Payer,
    /// Number of lines.
    Count,
    /// Sum of all lines.
    Total,
    /// Day, `YYYYMMDD`.
    Date,
    /// Receipt, result or statement.
    Kind,
    /// The bank's own number of a report.
    Report,
    /// The bank's code for the batch as a whole; empty when only lines are told.
    Verdict,
    /// Place in the batch.
    Seq,
    /// Our payment id.
    Reference,
    /// Account number.
    Account,
    /// Name of the account's owner.
    Name,
    /// What for.
    Remark,
    /// Amount of a line.
    Amount,
    /// The bank's code for a line.
    Code,
    /// The bank's own number of a payment.
    BankRef,
    /// When, `YYYYMMDDHHMMSS` in China's civil time.
    Time,
    /// Nothing: for a field that the bank has and we do not fill, such as the document's number.
    Blank,
}

impl Field {
    /// How many there are.
    pub const COUNT: usize = 20;
}

/// Where a value stands in a column of fixed width.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Align {
    /// Filled at the right with spaces.
    #[default]
    Left,
    /// Filled at the left with spaces.
    Right,
    /// Filled at the left with zeros; for numbers.
    Zeros,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// What stands in it.
    pub field: Field,
    /// The constant of a [`Field::Mark`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub is: String,
    /// Width in bytes of GB 18030; 0 in layouts with a separator.
    #[serde(default)]
    pub width: usize,
    /// Where the value stands in the width.
    #[serde(default)]
    pub align: Align,
}

/// How columns are told apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// By a character that no field contains.
    Separator(char),
    /// By their widths.
    Fixed,
}

/// How amounts are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Amounts {
    /// `12.05`.
    Yuan,
    /// `1205`.
    Fen,
}

/// How a line ends; the last one too.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LineEnd {
    /// A line feed.
    Lf,
    /// Carriage return and line feed.
    Crlf,
}

impl LineEnd {
    /// Its bytes.
    pub fn bytes(self) -> &'static [u8] {
        match self {
            Self::Lf => b"\n",
            Self::Crlf => b"\r\n",
        }
    }
}

/// The kinds of lines of a file: one header, lines, perhaps one trailer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// First line.
    pub header: Vec<Column>,
    /// Each further line.
    pub line: Vec<Column>,
    /// Last line; empty when the layout has none.
    #[serde(default)]
    pub trailer: Vec<Column>,
}

/// The files that go to a bank and come from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// Its name.
    pub name: String,
    /// How columns are told apart.
    pub form: Form,
    /// How amounts are written.
    pub amounts: Amounts,
    /// How a line ends.
    pub line_end: LineEnd,
    /// What we send.
    pub orders: Shape,
    /// What the bank sends.
    pub reports: Shape,
}

const SHIPPED: [(&str, &str); 3] = [
    ("bar", include_str!("../formats/layouts/bar.json")),
    ("fixed", include_str!("../formats/layouts/fixed.json")),
    ("caret-fen", include_str!("../formats/layouts/caret-fen.json")),
];

impl Layout {
    /// Reads and checks a layout.
    ///
    /// # Errors
    /// In words, what makes it unfit.
    pub fn parse(json: &str) -> Result<Self, String> {
        let layout: Self = serde_json::from_str(json).map_err(|error| error.to_string())?;
        layout.check()?;
        Ok(layout)
    }

    /// A layout that comes with this crate: `bar`, `fixed` or `caret-fen`.
    pub fn shipped(name: &str) -> Option<Self> {
        let (_, json) = SHIPPED.into_iter().find(|(shipped, _)| *shipped == name)?;
        Some(Self::parse(json).expect("shipped layouts are fit: a test reads them all"))
    }

    /// Names of the shipped layouts.
    pub fn names() -> impl Iterator<Item = &'static str> {
        SHIPPED.into_iter().map(|(name, _)| name)
    }

    fn check(&self) -> Result<(), String> {
        let fit = |c: char| c.is_ascii_punctuation() && !matches!(c, '.' | '-');
        if matches!(self.form, Form::Separator(c) if !fit(c)) {
            return Err("the separator must be a sign that ids and amounts do not have".to_owned());
        }
        use Field::*;
        let (orders, reports) = (&self.orders, &self.reports);
        self.needs("orders.header", &orders.header, &[Batch, Bank, Payer, Count, Total, Date])?;
        self.needs("orders.line", &orders.line, &[Seq, Reference, Account, Name, Amount, Remark])?;
        let head = [Batch, Bank, Report, Kind, Verdict, Count, Total, Date];
        self.needs("reports.header", &reports.header, &head)?;
        let line = [Seq, Reference, Amount, Code, BankRef, Time];
        self.needs("reports.line", &reports.line, &line)?;
        self.needs("orders.trailer", &orders.trailer, &[])?;
        self.needs("reports.trailer", &reports.trailer, &[])
    }

    fn needs(&self, place: &str, columns: &[Column], needed: &[Field]) -> Result<(), String> {
        for field in needed {
            if !columns.iter().any(|column| column.field == *field) {
                return Err(format!("{place}: {field:?} is missing"));
            }
        }
        for (index, column) in columns.iter().enumerate() {
            let again = columns[..index].iter().any(|other| other.field == column.field);
            if again && !matches!(column.field, Field::Mark | Field::Blank) {
                return Err(format!("{place}: {:?} is there twice", column.field));
            }
            if (column.field == Field::Mark) == column.is.is_empty() {
                return Err(format!("{place}: a mark, and nothing else, has a constant"));
            }
            let good = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
            if !column.is.bytes().all(good) {
                return Err(format!("{place}: a constant has letters, digits and hyphens"));
            }
            let fixed = self.form == Form::Fixed;
            if fixed == (column.width == 0) || column.width > 1_000 {
                return Err(format!("{place}: {:?}: the width does not fit", column.field));
            }
            if fixed && column.is.len() > column.width {
                return Err(format!("{place}: the constant is wider than its column"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_shipped_layouts_are_fit_and_carry_their_names() {
        for name in Layout::names() {
            assert_eq!(Layout::shipped(name).expect("shipped").name, name);
        }
        assert!(Layout::shipped("nobody's").is_none());
    }

    #[test]
    fn a_layout_that_would_lose_something_is_refused() {
        let good = Layout::shipped("bar").expect("shipped");
        let refused = |layout: &Layout| {
            Layout::parse(&serde_json::to_string(layout).expect("json")).expect_err("refused")
        };
        let mut bad = good.clone();
        bad.orders.line.retain(|c| c.field != Field::Reference);
        assert!(refused(&bad).contains("Reference"));
        let mut bad = good.clone();
        bad.reports.header.retain(|c| c.field != Field::Total);
        assert!(refused(&bad).contains("Total"));
        let mut bad = good.clone();
        bad.form = Form::Separator('a');
        assert!(refused(&bad).contains("separator"));
        let mut bad = good.clone();
        bad.orders.line[1].width = 4;
        assert!(refused(&bad).contains("width"));
        let mut bad = good.clone();
        let again = bad.orders.line[2].clone();
        bad.orders.line.push(again);
        assert!(refused(&bad).contains("twice"));
        let mut bad = good;
        bad.form = Form::Fixed;
        assert!(refused(&bad).contains("width"));
    }
}
