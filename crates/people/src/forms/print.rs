//! The form as it is printed: its lines and what is declared with it, the same on the page and for
//! programs.

use kernel::law::Text;

use super::service::{ASSISTED, Fields, SignedForm};
use crate::document::DocumentKind;
use crate::rules::Ground;

/// One line of the form: what is asked, and what it says in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What is asked.
    pub label: Text,
    /// What it says.
    pub value: String,
}

/// What the applicant declares with his signature (Art. 5, 24).
pub fn declaration() -> Text {
    Text::new(
        "本人确认以上信息真实，同步申领实体和电子社会保障卡（第五条），知悉应妥善保管卡片和密码（第二十四条）。",
        "I confirm that this is true, apply for the physical and the electronic card together (Art. 5), and know \
         that card and password are to be kept safe (Art. 24).",
    )
}

/// The lines about the person (Art. 12).
pub fn lines(fields: &Fields) -> Vec<Line> {
    let both = |zh: &str, en: &str| format!("{zh} / {en}");
    let document = DocumentKind::from_code(&fields.document);
    let document = document.map(|kind| both(kind.zh(), kind.en())).unwrap_or_default();
    let ground = Ground::from_code(&fields.ground).map(Ground::name);
    let ground = ground.map(|name| both(&name.zh, &name.en)).unwrap_or_default();
    let household = kernel::divisions::find(&fields.household);
    let household = household.map(|d| both(d.zh, d.en)).unwrap_or_default();
    let sex = if fields.sex == "1" { "男 / male" } else { "女 / female" };
    let line = |zh: &str, en: &str, value: &str| Line {
        label: Text::new(zh, en),
        value: value.trim().to_owned(),
    };
    vec![
        line("姓名", "Name", &fields.name),
        line("证件类型", "Document", &document),
        line("社会保障号码", "Number", &fields.number),
        line("性别", "Sex", sex),
        line("出生日期", "Born", &fields.birth),
        line("民族或国籍", "Nation", &fields.nation),
        line("手机", "Phone", &fields.phone),
        line("地址", "Address", &fields.address),
        line("户籍", "Household", &household),
        line("申领依据", "Ground (Art. 5)", &format!("{ground} {}", fields.ground_until)),
    ]
}

/// How a signed form was filled in, and who helped (Art. 15).
pub fn how(form: &SignedForm) -> String {
    let known = ASSISTED.iter().find(|known| known.0 == form.assisted);
    let how = known.map(|known| format!("{} / {}", known.1, known.2)).unwrap_or_default();
    format!("{how} {}", form.assisted_by).trim().to_owned()
}
