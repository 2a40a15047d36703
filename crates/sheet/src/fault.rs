//! What is wrong with a table or one of its lines, and what to do about it.

use kernel::law::Text;

/// A fault with its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// Line as the file's own program counts, from 1; 0 for the file as a whole.
    pub line: u64,
    /// The column as the header calls it; empty when the fault is not of one cell.
    pub column: String,
    /// What it is.
    pub kind: Kind,
}

/// What can be wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The file is damaged, or no table at all.
    Unreadable,
    /// XLS, or a workbook with a password.
    OldWorkbook,
    /// Unpacked it is larger than this many bytes.
    TooLarge(u64),
    /// It has more rows than this.
    TooManyRows(u64),
    /// No line looks like a header.
    NoHeader,
    /// The header lacks these columns.
    MissingColumns(Vec<&'static str>),
    /// Two columns are taken for the same.
    DoubledColumn,
    /// More columns than this.
    TooManyColumns(usize),
    /// A cell has more characters than this.
    CellTooLong(usize),
    /// A line too long to be one.
    LineTooLong,
    /// A quotation mark is opened and not closed.
    OpenQuote,
    /// Filled cells beyond the header's last column.
    ExtraCells,
    /// Characters that cannot be read.
    Garbled,
    /// A long number that an office program has rounded.
    Rounded,
}

impl Kind {
    pub(crate) fn of_file(self) -> Fault {
        self.at(0)
    }

    pub(crate) fn at(self, line: u64) -> Fault {
        Fault { line, column: String::new(), kind: self }
    }

    pub(crate) fn in_cell(self, line: u64, column: &str) -> Fault {
        Fault { line, column: column.to_owned(), kind: self }
    }
}

impl Fault {
    /// Nothing more can be read of this file.
    pub fn is_final(&self) -> bool {
        matches!(
            self.kind,
            Kind::Unreadable
                | Kind::OldWorkbook
                | Kind::TooLarge(_)
                | Kind::TooManyRows(_)
                | Kind::NoHeader
                | Kind::MissingColumns(_)
                | Kind::DoubledColumn
        )
    }

    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self.kind {
            Kind::Unreadable => "sheet/unreadable",
            Kind::OldWorkbook => "sheet/old-workbook",
            Kind::TooLarge(_) => "sheet/too-large",
            Kind::TooManyRows(_) => "sheet/too-many-rows",
            Kind::NoHeader => "sheet/no-header",
            Kind::MissingColumns(_) => "sheet/missing-columns",
            Kind::DoubledColumn => "sheet/doubled-column",
            Kind::TooManyColumns(_) => "sheet/too-many-columns",
            Kind::CellTooLong(_) => "sheet/cell-too-long",
            Kind::LineTooLong => "sheet/line-too-long",
            Kind::OpenQuote => "sheet/open-quote",
            Kind::ExtraCells => "sheet/extra-cells",
            Kind::Garbled => "sheet/garbled",
            Kind::Rounded => "sheet/rounded",
        }
    }

    /// Where, what, and what to do, in one sentence.
    pub fn text(&self) -> Text {
        let what = self.what();
        let (mut zh, mut en) = (String::new(), String::new());
        if self.line > 0 {
            zh.push_str(&format!("第{}行", self.line));
            en.push_str(&format!("Line {}", self.line));
        }
        if !self.column.is_empty() {
            zh.push_str(&format!("“{}”列", self.column));
            en.push_str(&format!(", column “{}”", self.column));
        }
        if !zh.is_empty() {
            zh.push('：');
            en.push_str(": ");
        }
        Text::new(zh + &what.zh, en + &what.en)
    }

    /// What is wrong and what to do, without the place.
    pub fn what(&self) -> Text {
        match &self.kind {
            Kind::Unreadable => Text::new(
                "文件已损坏或不是表格，请重新导出后上传",
                "the file is damaged or no table; export it again",
            ),
            Kind::OldWorkbook => Text::new(
                "不支持 XLS 或加密的工作簿，请去除密码并另存为 XLSX 或 CSV",
                "XLS and workbooks with a password are not read; save it as XLSX or CSV without one",
            ),
            Kind::TooLarge(most) => Text::new(
                format!("展开后超过 {} MiB，请拆分或另存为 CSV", most >> 20),
                format!("it unpacks to more than {} MiB; split it or save it as CSV", most >> 20),
            ),
            Kind::TooManyRows(most) => Text::new(
                format!("超过 {most} 行，请拆分为多个文件"),
                format!("more than {most} rows; split the file"),
            ),
            Kind::NoHeader => Text::new(
                "没有找到表头，请使用模板的列名",
                "no header was found; use the column names of the template",
            ),
            Kind::MissingColumns(names) => Text::new(
                format!("缺少列：{}。请补充后上传", names.join("、")),
                format!("these columns are missing: {}; add them", names.join(", ")),
            ),
            Kind::DoubledColumn => Text::new(
                "有两列含义相同，请保留一列",
                "two columns mean the same; keep one of them",
            ),
            Kind::TooManyColumns(most) => Text::new(
                format!("超过 {most} 列，请删除多余的列"),
                format!("more than {most} columns; remove what is not needed"),
            ),
            Kind::CellTooLong(most) => Text::new(
                format!("内容超过 {most} 字，请缩短"),
                format!("more than {most} characters; shorten it"),
            ),
            Kind::LineTooLong => {
                Text::new("该行过长，请检查换行", "the line is too long; check the line breaks")
            }
            Kind::OpenQuote => Text::new(
                "引号没有成对，请补齐或删除引号",
                "a quotation mark is not closed; close or remove it",
            ),
            Kind::ExtraCells => Text::new(
                "单元格多于表头，请检查内容中的分隔符",
                "more cells than the header has; check for separators inside a cell",
            ),
            Kind::Garbled => Text::new(
                "含有无法识别的字符，请以 UTF-8 或 GB 18030 编码重新保存",
                "characters that cannot be read; save the file as UTF-8 or GB 18030",
            ),
            Kind::Rounded => Text::new(
                "长数字已被办公软件改写，请将该列设为文本格式后重新填写",
                "an office program has rounded the number; format the column as text and fill it in again",
            ),
        }
    }
}
