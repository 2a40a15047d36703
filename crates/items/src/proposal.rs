//! A version as people type it, in a form or in a line of a table.

use kernel::id::Id;
use kernel::law::Text;
use kernel::problem::{FieldProblem, Problem};
use kernel::time::parse_day;
use people::field::Field;
use sheet::Column;

use crate::rules::{
    Area, Channel, Details, Function, Group, Item, Level, List, Offline, State, Way, Word,
};
use crate::store::split;

/// A proposed version, as typed; lists of codes are separated by commas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proposal {
    /// Code of the item, new or known.
    pub code: String,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// Code of an [`Area`].
    pub field: String,
    /// Code of a [`List`].
    pub list: String,
    /// Division (GB/T 2260) of a district's item.
    pub division: String,
    /// Code of a [`Level`].
    pub level: String,
    /// Codes of [`Way`]s.
    pub ways: String,
    /// Codes of [`Field`]s.
    pub discloses: String,
    /// Why these are needed.
    pub why: String,
    /// Codes of [`Function`]s.
    pub functions: String,
    /// Codes of [`Channel`]s.
    pub channels: String,
    /// Places in words.
    pub places: String,
    /// Offline uses of one card; empty for none.
    pub offline_count: String,
    /// Greatest age of the list in hours.
    pub offline_hours: String,
    /// Fee in fen; empty when free.
    pub fee_fen: String,
    /// Working days; empty for at once.
    pub days: String,
    /// What else must be brought.
    pub materials: String,
    /// Codes of [`Group`]s.
    pub groups: String,
    /// Phones for questions.
    pub phones: String,
    /// Legal basis.
    pub basis: String,
    /// Guide for the holder, Chinese.
    pub guide_zh: String,
    /// The same in English; may be empty.
    pub guide_en: String,
    /// First day in force, `YYYY-MM-DD`.
    pub from: String,
    /// Last day, when it is known.
    pub until: String,
    /// Key of the responsible organisation; only the seed names one.
    pub owner: String,
}

/// The columns of a table of items, with the names that a header may use.
pub const COLUMNS: &[Column] = &[
    Column::needed("code", &["事项编码", "code"]),
    Column::needed("name_zh", &["中文名称", "name_zh", "事项名称"]),
    Column::needed("name_en", &["英文名称", "name_en"]),
    Column::needed("field", &["领域", "field"]),
    Column::needed("list", &["清单", "list"]),
    Column::optional("division", &["适用区划", "division"]),
    Column::needed("level", &["核验等级", "level"]),
    Column::needed("ways", &["用卡方式", "ways"]),
    Column::optional("discloses", &["提供的信息", "discloses"]),
    Column::optional("why", &["提供理由", "why"]),
    Column::optional("functions", &["卡的用途", "functions"]),
    Column::optional("channels", &["办理渠道", "channels"]),
    Column::optional("places", &["办理地点", "places"]),
    Column::optional("offline_count", &["离线次数", "offline_count"]),
    Column::optional("offline_hours", &["离线名单小时数", "offline_hours"]),
    Column::optional("fee_fen", &["费用", "fee_fen"]),
    Column::optional("days", &["办理时限", "days"]),
    Column::optional("materials", &["材料", "materials"]),
    Column::optional("groups", &["服务对象", "groups"]),
    Column::optional("phones", &["咨询电话", "phones"]),
    Column::needed("basis", &["依据", "basis"]),
    Column::needed("guide_zh", &["办事指南", "guide_zh"]),
    Column::optional("guide_en", &["英文指南", "guide_en"]),
    Column::optional("from", &["生效日期", "from"]),
    Column::optional("until", &["截止日期", "until"]),
    Column::optional("owner", &["责任单位", "owner"]),
];

impl Proposal {
    /// A proposal whose texts `get` knows by their names.
    pub fn of(get: impl Fn(&str) -> String) -> Self {
        let get = |key: &str| get(key).trim().to_owned();
        Self {
            code: get("code"),
            name_zh: get("name_zh"),
            name_en: get("name_en"),
            field: get("field"),
            list: get("list"),
            division: get("division"),
            level: get("level"),
            ways: get("ways"),
            discloses: get("discloses"),
            why: get("why"),
            functions: get("functions"),
            channels: get("channels"),
            places: get("places"),
            offline_count: get("offline_count"),
            offline_hours: get("offline_hours"),
            fee_fen: get("fee_fen"),
            days: get("days"),
            materials: get("materials"),
            groups: get("groups"),
            phones: get("phones"),
            basis: get("basis"),
            guide_zh: get("guide_zh"),
            guide_en: get("guide_en"),
            from: get("from"),
            until: get("until"),
            owner: get("owner"),
        }
    }

    /// A version as it would be typed: what a change begins with, and a line of the open data.
    pub fn from_item(item: &Item) -> Self {
        let details = &item.details;
        let number = |n: i64| if n == 0 { String::new() } else { n.to_string() };
        Self {
            code: item.code.clone(),
            name_zh: item.name.zh.clone(),
            name_en: item.name.en.clone(),
            field: item.area.code().to_owned(),
            list: item.list.code().to_owned(),
            division: details.division.clone(),
            level: item.level.code().to_owned(),
            ways: join(item.ways.iter().map(|way| way.code())),
            discloses: join(item.fields.iter().map(|field| field.code())),
            why: details.why.clone(),
            functions: join(details.functions.iter().map(|word| word.code())),
            channels: join(details.channels.iter().map(|word| word.code())),
            places: details.places.clone(),
            offline_count: number(details.offline.count),
            offline_hours: number(details.offline.list_hours),
            fee_fen: number(details.fee_fen),
            days: number(details.days),
            materials: details.materials.clone(),
            groups: join(details.groups.iter().map(|word| word.code())),
            phones: details.phones.clone(),
            basis: item.basis.clone(),
            guide_zh: item.guide.zh.clone(),
            guide_en: item.guide.en.clone(),
            from: kernel::time::day_text(item.from),
            until: item.until.map(kernel::time::day_text).unwrap_or_default(),
            owner: String::new(),
        }
    }

    /// The cells in the order of [`COLUMNS`], without the owner.
    pub fn cells(&self) -> [&str; 25] {
        [
            &self.code,
            &self.name_zh,
            &self.name_en,
            &self.field,
            &self.list,
            &self.division,
            &self.level,
            &self.ways,
            &self.discloses,
            &self.why,
            &self.functions,
            &self.channels,
            &self.places,
            &self.offline_count,
            &self.offline_hours,
            &self.fee_fen,
            &self.days,
            &self.materials,
            &self.groups,
            &self.phones,
            &self.basis,
            &self.guide_zh,
            &self.guide_en,
            &self.from,
            &self.until,
        ]
    }

    /// Reads what was typed.
    ///
    /// # Errors
    /// Every field that cannot be read, by its name.
    pub fn read(&self, owner: Id, id: Id) -> Result<Item, Problem> {
        let mut wrong = Wrong(Vec::new());
        let offline = Offline {
            count: wrong.number("offline_count", &self.offline_count),
            list_hours: wrong.number("offline_hours", &self.offline_hours),
        };
        let until = (!self.until.trim().is_empty())
            .then(|| wrong.known("until", parse_day(self.until.trim())))
            .flatten();
        let details = Details {
            division: self.division.trim().to_owned(),
            why: self.why.trim().to_owned(),
            functions: wrong.list("functions", &self.functions, Function::from_code),
            channels: wrong.list("channels", &self.channels, Channel::from_code),
            places: self.places.trim().to_owned(),
            offline,
            fee_fen: wrong.number("fee_fen", &self.fee_fen),
            days: wrong.number("days", &self.days),
            materials: self.materials.trim().to_owned(),
            groups: wrong.list("groups", &self.groups, Group::from_code),
            phones: self.phones.trim().to_owned(),
        };
        let area = wrong.known("field", Area::from_code(&self.field));
        let list = wrong.known("list", List::from_code(&self.list));
        let level = wrong.known("level", Level::from_code(&self.level));
        let ways = wrong.list("ways", &self.ways, Way::from_code);
        let fields = wrong.list("discloses", &self.discloses, Field::from_code);
        let from = wrong.known("from", parse_day(self.from.trim()));
        let (Some(area), Some(list), Some(level), Some(from), true) =
            (area, list, level, from, wrong.0.is_empty())
        else {
            return Err(Problem::invalid(wrong.0));
        };
        let text = |zh: &str, en: &str| Text::new(zh.trim(), en.trim());
        Ok(Item {
            id,
            code: self.code.trim().to_owned(),
            version: 0,
            name: text(&self.name_zh, &self.name_en),
            area,
            list,
            owner,
            level,
            ways,
            fields,
            basis: self.basis.trim().to_owned(),
            guide: text(&self.guide_zh, &self.guide_en),
            from,
            until,
            state: State::Proposed,
            details,
        })
    }
}

fn join(codes: impl Iterator<Item = &'static str>) -> String {
    codes.collect::<Vec<_>>().join(",")
}

/// The fields that could not be read.
struct Wrong(Vec<FieldProblem>);

impl Wrong {
    fn known<T>(&mut self, field: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            let text =
                Text::new("请从列表中选择或按格式填写", "Choose from the list or keep the form");
            self.0.push(FieldProblem { field: field.to_owned(), text });
        }
        value
    }

    fn list<T>(&mut self, field: &str, codes: &str, from: impl Fn(&str) -> Option<T>) -> Vec<T> {
        self.known(field, split(codes, from)).unwrap_or_default()
    }

    fn number(&mut self, field: &str, text: &str) -> i64 {
        match text.trim() {
            "" => 0,
            digits => self.known(field, digits.parse().ok()).unwrap_or_default(),
        }
    }
}
