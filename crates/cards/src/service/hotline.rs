//! Temporary loss by phone (12333, 12345): the caller names number, name and phone of the register.

use kernel::actor::Actor;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use people::number::{PersonNumber, Strictness};
use people::rules::Person;

use super::perform_at;
use crate::rules::{Card, Command};

/// Who calls, as he says.
#[derive(Clone, Debug, Default, serde::Deserialize, utoipa::ToSchema)]
pub struct Caller {
    /// Person number.
    pub number: String,
    /// Name.
    pub name: String,
    /// Phone of the register.
    pub phone: String,
}

/// Reports the caller's card lost for some days.
///
/// # Errors
/// As [`recognise`], or the rules refuse.
pub async fn report_loss(app: &App, agent: &Actor, caller: &Caller) -> Result<Card, Problem> {
    let person = recognise(app, caller).await?;
    perform_at(app, agent, person.id, Command::LoseTemporarily, None).await
}

/// Who calls. All three answers must fit; which one does not is not told, so that nobody learns a
/// stranger's phone by asking.
///
/// # Errors
/// They do not fit.
pub async fn recognise(app: &App, caller: &Caller) -> Result<Person, Problem> {
    let now = Utc::now();
    let parsed = PersonNumber::parse(&caller.number, now.day(), Strictness::Checked);
    let number = parsed.map_err(|_| unknown_caller())?.number;
    let said = caller.clone();
    app.db
        .read(move |tx| Ok::<_, Problem>(people::store::by_number(tx, &number)?))
        .await?
        .filter(|person| person.name == people::pinyin::normalise_name(&said.name))
        .filter(|person| person.phone == said.phone.trim())
        .ok_or_else(unknown_caller)
}

fn unknown_caller() -> Problem {
    let mut problem = Problem::new(
        409,
        "cards/caller-not-recognised",
        Text::new("身份信息核对不一致", "What the caller said does not fit the register"),
        Text::new(
            "请再次核对号码、姓名和预留手机；仍不一致的，请本人到网点办理",
            "Ask again for number, name and phone; else the holder goes to an outlet",
        ),
    );
    problem.article = Some(kernel::law::Article(11));
    problem
}
