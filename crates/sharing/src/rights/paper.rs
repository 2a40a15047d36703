//! The copy of a person's data as lines to be read: on a page, on paper, in a PDF.

use kernel::law::Lang;
use serde_json::Value;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// 0 for the heading of a part, 1 for an entry, 2 for what belongs to it.
    pub level: u8,
    /// What it says.
    pub text: String,
}

/// Names of parts and fields: key, Chinese, English.
const NAMES: &[(&str, &str, &str)] = &[
    ("made_at", "制作时间", "Made at"),
    ("held", "我们保存了什么", "What is held"),
    ("person", "基本信息", "The person"),
    ("cards", "社会保障卡", "Cards"),
    ("uses", "用卡记录", "Uses of the card"),
    ("accesses", "查阅记录", "Who saw the data"),
    ("payments", "资金发放", "Payments"),
    ("complaints", "投诉", "Complaints"),
    ("freezes", "冻结", "Freezes"),
    ("representatives", "代理人和监护人", "Representatives"),
    ("consents", "同意", "Consents"),
    ("name", "名称", "Name"),
    ("number", "号码", "Number"),
    ("document", "证件类型", "Document"),
    ("birth", "出生日期", "Birth"),
    ("nation", "民族", "Nation"),
    ("phone", "手机号码", "Phone"),
    ("address", "通信地址", "Address"),
    ("household", "户籍区划", "Household division"),
    ("deceased_on", "死亡日期", "Died on"),
    ("id", "编号", "Id"),
    ("at", "时间", "When"),
    ("act", "行为", "Act"),
    ("by", "办理人", "By"),
    ("role", "岗位", "Role"),
    ("purpose", "用途", "Purpose"),
    ("basis", "依据", "Basis"),
    ("item", "事项", "Item"),
    ("item_version", "事项版本", "Version of the item"),
    ("fields", "数据项", "Fields"),
    ("result", "结果", "Result"),
    ("place", "地点", "Place"),
    ("stage", "状态", "Stage"),
    ("state", "状态", "State"),
    ("term", "保存期限", "Kept for"),
    ("key", "代码", "Code"),
    ("programme", "项目", "Programme"),
    ("period", "期次", "Period"),
    ("fen", "金额（分）", "Amount (fen)"),
    ("changed_at", "变更时间", "Changed at"),
    ("scope", "范围", "Scope"),
    ("source", "来源", "Source"),
    ("in_force", "生效中", "In force"),
    ("relation", "关系", "Relation"),
    ("from", "起", "From"),
    ("until", "止", "Until"),
    ("ended", "已结束", "Ended"),
];

fn name(key: &str, lang: Lang) -> &str {
    let known = NAMES.iter().find(|(known, ..)| *known == key);
    known.map_or(key, |(_, zh, en)| lang.pick(zh, en))
}

fn word(value: &Value, lang: Lang) -> String {
    match value {
        Value::Null => "—".to_owned(),
        Value::Bool(true) => lang.pick("是", "yes").to_owned(),
        Value::Bool(false) => lang.pick("否", "no").to_owned(),
        Value::String(text) if text.is_empty() => "—".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// `key: value` pairs of an object in one line; other values as they are.
fn entry(value: &Value, lang: Lang) -> String {
    match value.as_object() {
        Some(pairs) => {
            let pair = |(key, value): (&String, &Value)| {
                format!("{}{} {}", name(key, lang), lang.pick("：", ":"), word(value, lang))
            };
            pairs.iter().map(pair).collect::<Vec<_>>().join(lang.pick("；", "; "))
        }
        None => word(value, lang),
    }
}

/// All lines of a copy.
pub fn lines(copy: &Value, lang: Lang) -> Vec<Line> {
    let mut lines = Vec::new();
    for (key, value) in copy.as_object().into_iter().flatten() {
        lines.push(Line { level: 0, text: name(key, lang).to_owned() });
        match value {
            Value::Array(all) if all.is_empty() => {
                lines.push(Line { level: 1, text: lang.pick("没有", "none").to_owned() });
            }
            Value::Array(all) => {
                let numbered = |(n, one): (usize, &Value)| Line {
                    level: 1,
                    text: format!("{}. {}", n + 1, entry(one, lang)),
                };
                lines.extend(all.iter().enumerate().map(numbered));
            }
            Value::Object(pairs) => {
                let pair = |(key, value): (&String, &Value)| {
                    let (name, value) = (name(key, lang), word(value, lang));
                    Line { level: 1, text: format!("{name}{} {value}", lang.pick("：", ":")) }
                };
                lines.extend(pairs.iter().map(pair));
            }
            other => lines.push(Line { level: 1, text: word(other, lang) }),
        }
    }
    lines
}
