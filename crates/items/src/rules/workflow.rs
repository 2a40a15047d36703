//! The three procedures of Art. 14 as tables: who does which step, by when, and what may follow. One
//! engine walks all of them; [`diagram`] draws them.

use std::fmt::Write as _;

use kernel::actor::{Actor, Role};
use kernel::id::Id;
use kernel::law::Text;
use kernel::settings::Setting;

use super::{Item, List, Refused};
use crate::settings::{CONSULT_DAYS, DECIDE_DAYS, FILE_DAYS, PUBLISH_DAYS};

/// Whose people may take a step, beside having a role.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Whose {
    /// Anybody with the role.
    Anybody,
    /// Another organisation than the maker's: a consultation asks somebody else.
    Others,
    /// The district in which the item counts.
    District,
}

/// What a yes brings about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// The next step.
    Goes,
    /// The version comes on the list; a step after it looks at it once more.
    Publishes,
    /// Nothing: it is noted. A no ends the version that is on the list.
    Files,
}

/// A step that decides with yes or no.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    /// Stable code, unique in its procedure.
    pub key: &'static str,
    /// Chinese name.
    pub zh: &'static str,
    /// English name.
    pub en: &'static str,
    /// Roles that may take it; never the maker himself.
    pub roles: &'static [Role],
    /// Whose people.
    pub whose: Whose,
    /// Whether a yes must name its document: the decision of a government, or of the other side.
    pub evidence: bool,
    /// Days to take it.
    pub days: Setting,
    /// What a yes brings about.
    pub effect: Effect,
}

impl Step {
    /// Name for people.
    pub fn name(&self) -> Text {
        Text::new(self.zh, self.en)
    }

    /// The words on its button for a yes.
    pub fn yes(&self) -> Text {
        match self.effect {
            Effect::Goes => Text::new("同意", "Agree"),
            Effect::Publishes => Text::new("同意并公布", "Publish"),
            Effect::Files => Text::new("准予备案", "Accept the filing"),
        }
    }

    /// The words on its button for a no.
    pub fn no(&self) -> Text {
        match self.effect {
            Effect::Files => Text::new("提出异议", "Object"),
            _ => Text::new("退回", "Send back"),
        }
    }
}

/// One of the three procedures.
#[derive(Clone, Copy, Debug)]
pub struct Procedure {
    /// The list that it changes.
    pub list: List,
    /// Roles that draft.
    pub drafters: &'static [Role],
    /// Its steps in their order.
    pub steps: &'static [Step],
}

const MUNICIPAL: &[Role] = &[Role::MunicipalOfficer, Role::MunicipalApprover];

const PUBLISH: Step = Step {
    key: "publish",
    zh: "公布",
    en: "Publication",
    roles: MUNICIPAL,
    whose: Whose::Anybody,
    evidence: false,
    days: PUBLISH_DAYS,
    effect: Effect::Publishes,
};

/// 市人力资源和社会保障部门会同有关部门编制，报市人民政府决定后公开.
const CITY: Procedure = Procedure {
    list: List::City,
    drafters: &[Role::MunicipalOfficer, Role::DepartmentOfficer],
    steps: &[
        Step {
            key: "consult",
            zh: "会商有关部门",
            en: "Consultation of departments",
            roles: &[Role::DepartmentOfficer, Role::MunicipalOfficer],
            whose: Whose::Others,
            evidence: false,
            days: CONSULT_DAYS,
            effect: Effect::Goes,
        },
        Step {
            key: "decide",
            zh: "市人民政府决定",
            en: "Decision of the municipal government",
            roles: &[Role::MunicipalApprover],
            whose: Whose::Anybody,
            evidence: true,
            days: DECIDE_DAYS,
            effect: Effect::Goes,
        },
        PUBLISH,
    ],
};

/// 经本级人民政府同意后公布实施，并报上一级人力资源和社会保障部门备案.
const DISTRICT: Procedure = Procedure {
    list: List::District,
    drafters: &[Role::DistrictOfficer],
    steps: &[
        Step {
            key: "consent",
            zh: "区县人民政府同意",
            en: "Consent of the district government",
            roles: &[Role::DistrictApprover],
            whose: Whose::District,
            evidence: true,
            days: DECIDE_DAYS,
            effect: Effect::Goes,
        },
        Step {
            roles: &[Role::DistrictOfficer, Role::DistrictApprover],
            whose: Whose::District,
            ..PUBLISH
        },
        Step {
            key: "file",
            zh: "报市人社部门备案",
            en: "Filing with the municipal HRSS",
            roles: MUNICIPAL,
            whose: Whose::Others,
            evidence: false,
            days: FILE_DAYS,
            effect: Effect::Files,
        },
    ],
};

/// 共同编制，分别报本地人民政府决定后主动公开. The other side's part comes by signed message, or is recorded by hand with its document.
const JOINT: Procedure = Procedure {
    list: List::Joint,
    drafters: &[Role::MunicipalOfficer],
    steps: &[
        Step {
            key: "joint-draft",
            zh: "四川人社部门共同编制",
            en: "Joint drafting by the Sichuan HRSS",
            roles: MUNICIPAL,
            whose: Whose::Anybody,
            evidence: true,
            days: CONSULT_DAYS,
            effect: Effect::Goes,
        },
        Step {
            key: "decide-chongqing",
            zh: "重庆市人民政府决定",
            en: "Decision of the Chongqing government",
            roles: &[Role::MunicipalApprover],
            whose: Whose::Anybody,
            evidence: true,
            days: DECIDE_DAYS,
            effect: Effect::Goes,
        },
        Step {
            key: "decide-sichuan",
            zh: "四川省人民政府决定",
            en: "Decision of the Sichuan government",
            roles: &[Role::MunicipalApprover],
            whose: Whose::Anybody,
            evidence: true,
            days: DECIDE_DAYS,
            effect: Effect::Goes,
        },
        PUBLISH,
    ],
};

/// The procedure that changes a list.
pub fn of(list: List) -> &'static Procedure {
    match list {
        List::City => &CITY,
        List::District => &DISTRICT,
        List::Joint => &JOINT,
    }
}

/// What follows a decision.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// This step waits now.
    Next(&'static Step),
    /// The version is on the list; this step still looks at it.
    Published(Option<&'static Step>),
    /// It was sent back and never came on the list.
    SentBack,
    /// All is done.
    Closed,
    /// The filing met an objection: the version leaves the list.
    Objected,
}

impl Procedure {
    /// The first step after drafting.
    pub fn first(&self) -> &'static Step {
        &self.steps[0]
    }

    /// The step with this code.
    pub fn step(&self, key: &str) -> Option<&'static Step> {
        self.steps.iter().find(|step| step.key == key)
    }

    /// What follows when a step is decided; `None` when it is none of this procedure.
    pub fn follow(&self, key: &str, yes: bool) -> Option<Outcome> {
        let place = self.steps.iter().position(|step| step.key == key)?;
        let next = self.steps.get(place + 1);
        Some(match (self.steps[place].effect, yes) {
            (Effect::Files, true) => Outcome::Closed,
            (Effect::Files, false) => Outcome::Objected,
            (_, false) => Outcome::SentBack,
            (Effect::Publishes, true) => Outcome::Published(next),
            (Effect::Goes, true) => next.map_or(Outcome::Closed, Outcome::Next),
        })
    }
}

/// What somebody says at a step.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// Yes or no.
    pub yes: bool,
    /// In words; a no needs them.
    pub comment: String,
    /// Number of the document behind a yes.
    pub evidence: String,
}

/// Whether `actor` may see a step as his task.
///
/// # Errors
/// [`Refused::NotYourStep`].
pub fn may_take(step: &Step, actor: &Actor, item: &Item, made_org: Id) -> Result<(), Refused> {
    let whose = match step.whose {
        Whose::Anybody => true,
        Whose::Others => actor.org.is_some_and(|org| org != made_org),
        Whose::District => actor.division == item.details.division,
    };
    if !whose || !step.roles.contains(&actor.role) {
        return Err(Refused::NotYourStep);
    }
    Ok(())
}

/// Whether `actor` may say this at a step of a proposal that `made_by` made.
///
/// # Errors
/// The step is another's, the maker would check himself, or words or evidence are missing.
pub fn check(
    step: &Step,
    actor: &Actor,
    item: &Item,
    (made_by, made_org): (Id, Id),
    said: &Said,
) -> Result<(), Refused> {
    if actor.account == made_by {
        return Err(Refused::OwnWork);
    }
    may_take(step, actor, item, made_org)?;
    if !said.yes && said.comment.trim().is_empty() {
        return Err(Refused::NoComment);
    }
    if said.yes && step.evidence && said.evidence.trim().is_empty() {
        return Err(Refused::NoEvidence);
    }
    Ok(())
}

/// All three procedures as a Mermaid state diagram, for the documents.
pub fn diagram() -> String {
    let mut text = String::from("stateDiagram-v2\n");
    for list in List::ALL {
        let (procedure, name) = (of(list), list.name().zh);
        let id = |key: &str| format!("{}_{}", list.code(), key.replace('-', "_"));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  state \"{name}\" as {} {{", list.code());
        let _ = writeln!(text, "    [*] --> {}: {}", id("draft"), roles(procedure.drafters));
        let _ = writeln!(text, "    {}: 编制", id("draft"));
        let _ = writeln!(text, "    {} --> {}", id("draft"), id(procedure.first().key));
        for step in procedure.steps {
            let (from, evidence) = (id(step.key), if step.evidence { "，附文号" } else { "" });
            let days = step.days.default;
            let _ = writeln!(
                text,
                "    {from}: {}<br/>{}{evidence}，{days}日",
                step.zh,
                roles(step.roles)
            );
            let (yes, no) = (step.yes().zh, step.no().zh);
            let _ = match procedure.follow(step.key, true) {
                Some(Outcome::Next(next)) => {
                    writeln!(text, "    {from} --> {}: {yes}", id(next.key))
                }
                Some(Outcome::Published(Some(next))) => {
                    writeln!(text, "    {from} --> {}: {yes}，已生效", id(next.key))
                }
                _ => writeln!(text, "    {from} --> [*]: {yes}"),
            };
            let _ = match procedure.follow(step.key, false) {
                Some(Outcome::Objected) => writeln!(text, "    {from} --> [*]: {no}，退出清单"),
                _ => writeln!(text, "    {from} --> {}: {no}", id("draft")),
            };
        }
        text.push_str("  }\n");
    }
    text
}

fn roles(roles: &[Role]) -> String {
    roles.iter().map(|role| role.name().zh).collect::<Vec<_>>().join("或")
}

#[cfg(test)]
mod tests;
