//! What of the figures may be shown (Art. 19).
//!
//! A month is published as tables that each divide the same total: by field, district, hour and day,
//! and each field by its items. They have nothing else in common, so that what a table hides can only be
//! looked for in its own total. [`protect`] sees that nothing is found there.

use kernel::law::Text;
use kernel::time::parse_day;
use time::Date;

/// A calendar month, `YYYY-MM`. Only whole months are divided: overlapping periods could be subtracted
/// from one another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Month(Date);

impl Month {
    /// The month of a day.
    pub fn of(day: Date) -> Self {
        Self(day.replace_day(1).unwrap_or(day))
    }

    /// Reads `YYYY-MM`.
    pub fn parse(text: &str) -> Option<Self> {
        parse_day(&format!("{text}-01")).map(Self)
    }

    /// The month before.
    pub fn before(self) -> Self {
        self.0.previous_day().map_or(self, Self::of)
    }

    /// `YYYY-MM-` and two texts between which all its days lie.
    pub fn bounds(self) -> (String, String) {
        (format!("{self}-01"), format!("{self}-31"))
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.0.year(), u8::from(self.0.month()))
    }
}

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Measure {
    /// Uses that went through.
    #[default]
    Accepted,
    /// Uses of a known card that were refused.
    Refused,
}

impl Measure {
    /// All measures.
    pub const ALL: [Self; 2] = [Self::Accepted, Self::Refused];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
        }
    }

    /// The measure with this code; what went through for an unknown one.
    pub fn from_code(code: &str) -> Self {
        Self::ALL.into_iter().find(|measure| measure.code() == code).unwrap_or_default()
    }

    /// Name for people.
    pub fn name(self) -> Text {
        match self {
            Self::Accepted => Text::new("通过", "Accepted"),
            Self::Refused => Text::new("未通过", "Refused"),
        }
    }
}

/// By what a table divides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum By {
    /// Field of life.
    Field,
    /// Item, within its field.
    Item,
    /// District of the place.
    District,
    /// Hour of the day.
    Hour,
    /// Day of the month.
    Day,
}

impl By {
    /// All, in the order of the page.
    pub const ALL: [Self; 5] = [Self::Field, Self::Item, Self::District, Self::Hour, Self::Day];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Field => "field",
            Self::Item => "item",
            Self::District => "district",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Field => ("按领域", "By field"),
            Self::Item => ("按事项", "By item"),
            Self::District => ("按区县", "By district"),
            Self::Hour => ("按时段", "By hour"),
            Self::Day => ("按日期", "By day"),
        };
        Text::new(zh, en)
    }
}

/// A line of a table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cell {
    /// Code of the field, item or district; hour or day.
    pub key: String,
    /// How many; none when it is hidden.
    pub count: Option<i64>,
}

/// One division of the total.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Table {
    /// By what.
    pub by: By,
    /// Its lines; empty when none may be shown.
    pub cells: Vec<Cell>,
}

/// The figures of a month.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// All uses; none when they are too few.
    pub total: Option<i64>,
    /// Its divisions.
    pub tables: Vec<Table>,
    /// Figures below this are not shown.
    pub least: i64,
}

/// What was counted in a month: pairs of key and count.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// Field, item, count.
    pub items: Vec<(String, String, i64)>,
    /// By district.
    pub districts: Vec<(String, i64)>,
    /// By hour.
    pub hours: Vec<(String, i64)>,
    /// By day.
    pub days: Vec<(String, i64)>,
}

/// Which counts must be hidden when their sum is known: those from 1 to below `least`, and the smallest
/// others until each hidden count could be anything from 1 to `least` at the least. `None` when no choice
/// is enough; nothing may be listed then. A 0 is never hidden.
pub fn protect(counts: &[i64], least: i64) -> Option<Vec<bool>> {
    let mut hidden: Vec<bool> = counts.iter().map(|count| (1..least).contains(count)).collect();
    let mut others: Vec<usize> =
        (0..counts.len()).filter(|place| counts[*place] >= least.max(1)).collect();
    others.sort_by_key(|place| std::cmp::Reverse(counts[*place]));
    loop {
        let chosen = counts.iter().zip(&hidden).filter(|(_, hidden)| **hidden);
        let (number, sum) = chosen.fold((0, 0), |(n, sum), (count, _)| (n + 1, sum + count));
        // All others could be 1, so one can be as great as sum - (number - 1).
        if number == 0 || (number >= 2 && sum - number >= least - 1) {
            return Some(hidden);
        }
        hidden[others.pop()?] = true;
    }
}

fn table(by: By, counted: &[(String, i64)], least: i64) -> Table {
    let counts: Vec<i64> = counted.iter().map(|(_, count)| *count).collect();
    let hidden = protect(&counts, least).unwrap_or_default();
    let cells = counted.iter().zip(hidden).map(|((key, count), hidden)| Cell {
        key: key.clone(),
        count: (!hidden).then_some(*count),
    });
    Table { by, cells: cells.collect() }
}

impl Report {
    /// What of a month may be shown.
    pub fn of(counted: &Counted, least: i64) -> Self {
        let mut fields: Vec<(String, i64)> = Vec::new();
        for (field, _, count) in &counted.items {
            match fields.iter_mut().find(|(known, _)| known == field) {
                Some((_, sum)) => *sum += count,
                None => fields.push((field.clone(), *count)),
            }
        }
        let total: i64 = fields.iter().map(|(_, count)| count).sum();
        if total < least {
            return Self { total: None, tables: Vec::new(), least };
        }
        let by_field = table(By::Field, &fields, least);
        let mut items = Vec::new();
        // The items of a hidden field are not even named: their number would tell of its size.
        for cell in by_field.cells.iter().filter(|cell| cell.count.is_some_and(|n| n > 0)) {
            let of_field = counted.items.iter().filter(|(field, ..)| *field == cell.key);
            let of_field: Vec<_> = of_field.map(|(_, item, n)| (item.clone(), *n)).collect();
            items.extend(table(By::Item, &of_field, least).cells);
        }
        let tables = vec![
            by_field,
            Table { by: By::Item, cells: items },
            table(By::District, &counted.districts, least),
            table(By::Hour, &counted.hours, least),
            table(By::Day, &counted.days, least),
        ];
        Self { total: Some(total), tables, least }
    }

    /// The same for everybody: fields and districts only.
    #[must_use]
    pub fn coarse(mut self) -> Self {
        self.tables.retain(|table| matches!(table.by, By::Field | By::District));
        self
    }
}
