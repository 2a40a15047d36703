//! Pages of the person register: registration at the desk, and the holder's "who saw my data".

use askama::Template;
use axum::extract::State;
use axum::http::Method;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Access, Actor, Role};
use kernel::divisions::{self, Division};
use kernel::http::{Form, Page, Query, Routes, render};
use kernel::id::Id;
use kernel::journal::{self, Stored};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::Deserialize;

use crate::api::DESK;
use crate::document::DocumentKind;
use crate::field::Field;
use crate::records;
use crate::rules::Ground;
use crate::service::{self, Registration};

const HOLDER: Access = Access::Roles(&[Role::Holder]);

pub(crate) fn routes() -> Routes {
    Routes::new("people")
        .page(Method::GET, "/desk/register", DESK, &[12], form)
        .page(Method::POST, "/desk/register", DESK, &[12], register)
        .page(Method::GET, "/me/access", HOLDER, &[18, 19], access)
        .nav(
            &[Role::Clerk, Role::OutletManager],
            "/desk/register",
            Text::new("登记人员", "Register"),
            Some('r'),
        )
        .nav(&[Role::Holder], "/me/access", Text::new("查阅记录", "Who looked"), None)
}

#[derive(Template)]
#[template(path = "register.html")]
struct RegisterPage {
    p: Page,
    form: Registration,
    problem: Option<Problem>,
    documents: Vec<DocumentKind>,
    grounds: Vec<Ground>,
    divisions: Vec<&'static Division>,
}

impl RegisterPage {
    fn new(p: Page, form: Registration, problem: Option<Problem>) -> Self {
        let today = Utc::now().day();
        Self {
            p,
            form,
            problem,
            documents: DocumentKind::ALL.to_vec(),
            grounds: Ground::ALL.to_vec(),
            divisions: divisions::in_force_on(today).collect(),
        }
    }

    fn error(&self, field: &str) -> String {
        let faults = self.problem.iter().flat_map(|problem| &problem.fields);
        let mine =
            faults.filter(|fault| fault.field == field).map(|fault| self.p.text(&fault.text));
        mine.collect::<Vec<_>>().join(";")
    }
}

#[derive(Deserialize)]
struct Known {
    #[serde(default)]
    number: String,
}

async fn form(p: Page, Query(known): Query<Known>) -> Result<Response, Problem> {
    let form = Registration {
        number: known.number,
        document: DocumentKind::ALL[0].code().to_owned(),
        ground: Ground::Household.code().to_owned(),
        ..Registration::default()
    };
    render(&RegisterPage::new(p, form, None))
}

async fn register(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Form(form): Form<Registration>,
) -> Result<Response, Problem> {
    match service::register(&app, &actor, form.clone()).await {
        Ok(person) => Ok(Redirect::to(&format!("/desk/people/{}", person.id)).into_response()),
        Err(problem) if problem.status < 500 => {
            let status = axum::http::StatusCode::from_u16(problem.status).unwrap_or_default();
            let page = render(&RegisterPage::new(p, form, Some(problem)))?;
            Ok((status, page).into_response())
        }
        Err(problem) => Err(problem),
    }
}

/// Beginnings of acts, with words for all of them.
const BY_CAPABILITY: &[(&str, &str, &str)] = &[
    ("access", "查看了本页", "Looked at this page"),
    ("bank", "办理了银行账户", "Dealt with your account"),
    ("bills", "办理了缴费", "Dealt with a bill"),
    ("card", "办理了您的社保卡", "Dealt with your card"),
    ("case", "办理了案件", "Dealt with a case"),
    ("complaint", "办理了投诉咨询", "Dealt with a complaint"),
    ("consent", "同意或撤回了信息使用授权", "A consent was given or withdrawn"),
    ("journal", "依令删除了一条记录的内容", "The content of an entry was erased by order"),
    ("care", "办理了投诉咨询", "Dealt with a complaint"),
    ("freeze", "办理了冻结与解冻", "Dealt with a freeze"),
    ("fund", "办理了资金发放", "Dealt with a payment"),
    ("pay", "办理了资金发放", "Dealt with a payment"),
    ("g2p", "办理了资金发放", "Dealt with a payment"),
    ("help", "办理了上门和代办", "Dealt with a request for help"),
    ("rights", "办理了个人信息权利要求", "Dealt with a request about your data"),
    ("share", "按共享协议查询了您的信息", "Asked under an agreement"),
    ("signin", "用社保卡登录服务", "Sign-in with the card"),
];

#[derive(Template)]
#[template(path = "access.html")]
struct AccessPage {
    p: Page,
    entries: Vec<Stored>,
    next: Option<Id>,
    /// Entries of the whole platform that are shown to the people concerned only later.
    delayed: i64,
    /// The reader's own account.
    own: Id,
}

impl AccessPage {
    /// The fields of an entry in the reader's words.
    fn fields(&self, entry: &Stored) -> String {
        let codes = entry.fields.split(',').filter(|code| !code.is_empty());
        let label = |code: &str| match Field::from_code(code) {
            Some(field) => self.p.text(&field.label()).to_owned(),
            None => match code {
                "address" => self.p.t("联系地址", "Address").to_owned(),
                "household" => self.p.t("户籍", "Household").to_owned(),
                "ground" => self.p.t("申领依据", "Ground").to_owned(),
                "card" => self.p.t("社保卡信息", "Card").to_owned(),
                "account" => self.p.t("银行账户", "Bank account").to_owned(),
                "bills" => self.p.t("账单", "Bills").to_owned(),
                "payments" => self.p.t("资金发放", "Payments").to_owned(),
                "uses" => self.p.t("用卡记录", "Uses").to_owned(),
                "freezes" => self.p.t("冻结记录", "Freezes").to_owned(),
                "all" => self.p.t("全部信息", "Everything").to_owned(),
                "evidence" => self.p.t("证件和材料", "Evidence").to_owned(),
                "representative" => self.p.t("监护和代办", "Representatives").to_owned(),
                "family" => self.p.t("亲情关系", "Family links").to_owned(),
                "card_number" => self.p.t("社会保障卡号", "Card number").to_owned(),
                "card_state" => self.p.t("社保功能状态", "State of the card").to_owned(),
                "financial" => {
                    self.p.t("金融功能状态", "State of the financial function").to_owned()
                }
                "electronic" => {
                    self.p.t("电子社保卡状态", "State of the electronic card").to_owned()
                }
                "entitlement" => self.p.t("申领依据", "Ground of entitlement").to_owned(),
                "alive" => self.p.t("是否在世", "Whether alive").to_owned(),
                other => other.to_owned(),
            },
        };
        codes.map(label).collect::<Vec<_>>().join(self.p.t("、", ", "))
    }

    /// What was done, in words; acts without words of their own are told by their capability.
    fn act(&self, entry: &Stored) -> &str {
        let (zh, en) = match entry.act.as_str() {
            "person.registered" => ("登记了您的信息", "Registered you"),
            "person.read" => ("查阅了您的信息", "Read your data"),
            "person.number-changed" => ("变更了您的号码或证件", "Changed your number or document"),
            "person.name-changed" => ("变更了您的姓名", "Changed your name"),
            "evidence.taken" => ("保存了您的材料", "Kept evidence of yours"),
            "evidence.listed" | "evidence.read" => ("查看了您的材料", "Looked at your evidence"),
            "evidence.removed" => ("到期删除了您的材料", "Deleted evidence of yours"),
            "representative.appointed" => ("您委托了代办人", "You named an agent"),
            "representative.entered" => ("登记了您的监护人或代办人", "Entered a representative"),
            "representative.ended" => ("终止了监护或委托", "Ended a representation"),
            "representative.listed" => ("查看了监护和代办", "Looked at your representatives"),
            "family.asked" => ("添加了亲情关系", "Asked for a family link"),
            "family.confirmed" => ("确认了亲情关系", "Agreed to a family link"),
            "family.ended" => ("解除了亲情关系", "Ended a family link"),
            "form.signed" => ("保存了您签字的申领登记表", "Kept your signed form"),
            "entitlement.recorded" => ("登记了您的申领依据", "Recorded your ground"),
            "duplicate.found" => ("发现可能的重复登记", "Found a possible duplicate"),
            "duplicate.different"
            | "duplicate.decided"
            | "duplicate.merge-proposed"
            | "duplicate.undo-proposed" => ("核查了重复登记", "Reviewed a duplicate"),
            "online.accepted" => ("受理了您的网上申请", "Took your application from the phone"),
            "card.applied" => ("受理了您的申领", "Took your application"),
            "card.refused" => ("未受理您的申领", "Refused an application for you"),
            "card.produced" => ("制作了您的社保卡", "Made your card"),
            "card.handed-over" => ("向您发放了社保卡", "Handed your card over"),
            "card.activated" => ("激活了您的社保卡", "Activated your card"),
            "item.used" => ("核验了您的社保卡", "Verified your card"),
            "item.refused" => ("核验未通过", "Verification refused"),
            "session.opened" => ("登录", "Signed in"),
            "session.closed" => ("退出", "Signed out"),
            "code.shown" => ("出示了卡码", "Showed a code"),
            "share.pushed" => {
                ("按共享协议告知了您的信息变更", "Was told of a change under an agreement")
            }
            other => {
                let known = BY_CAPABILITY.iter().find(|(prefix, ..)| other.starts_with(prefix));
                known.map_or(("", ""), |(_, zh, en)| (zh, en))
            }
        };
        self.p.t(zh, en)
    }
}

#[derive(Deserialize)]
struct Before {
    before: Option<String>,
}

const SHOWN: i64 = 30;

/// The holder's own look at the list is his right and needs no entry of its own.
async fn access(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Query(from): Query<Before>,
) -> Result<Response, Problem> {
    let person = actor.person.ok_or_else(Problem::forbidden)?;
    let before = from.before.and_then(|id| id.parse().ok()).unwrap_or(Id(i64::MAX));
    let (entries, delayed) = app
        .db
        .read(move |tx| {
            let entries: Vec<Stored> = records::entries(tx, person, before, SHOWN)?;
            Ok::<_, Problem>((entries, journal::delayed(tx, Utc::now())?))
        })
        .await?;
    let next = (entries.len() == SHOWN as usize).then(|| entries.last().map(|e| e.id)).flatten();
    render(&AccessPage { p, entries, next, delayed, own: actor.account })
}

#[cfg(test)]
mod tests;
