//! What holders do with their own cards.

use kernel::actor::Actor;
use kernel::auth;
use kernel::law::{Article, Text};
use kernel::platform::App;
use kernel::problem::Problem;

use super::{holdings, perform_at};
use crate::rules::clocks::State;
use crate::rules::{Card, Cause, Command, Fee};

/// Carries out what a holder asked for: `lose`, `link`, `release`, `renew`, `activate` or `withdraw`.
///
/// # Errors
/// The rules refuse, or the password for a release is wrong.
pub async fn perform_own_act(
    app: &App,
    holder: &Actor,
    act: &str,
    password: &str,
) -> Result<Card, Problem> {
    let person = holder.person.ok_or_else(Problem::forbidden)?;
    let command = match act {
        "lose" => Command::LoseTemporarily,
        "link" => Command::Link,
        "release" => {
            only_temporary(app, holder).await?;
            auth::confirm_password(app, holder.account, password).await?;
            Command::Release { proof: "本人登录并再次输入密码".to_owned() }
        }
        "renew" => {
            Command::Replace { cause: Cause::Expired, decision: String::new(), fee: Fee::Free }
        }
        "withdraw" => Command::Withdraw,
        "activate" => {
            auth::confirm_password(app, holder.account, password).await?;
            Command::Activate { password: password.to_owned() }
        }
        _ => return Err(Problem::not_found()),
    };
    perform_at(app, holder, person, command, None).await
}

/// A formal loss is released at a counter, with a document: a stolen phone must not be enough.
async fn only_temporary(app: &App, holder: &Actor) -> Result<(), Problem> {
    let held = holdings(app, holder).await?;
    if held.card.is_none_or(|card| card.clocks.social != State::Lost) {
        return Ok(());
    }
    let mut problem = Problem::new(
        409,
        "cards/release-at-counter",
        Text::new("正式挂失须持身份证件到网点解挂", "A formal loss is released at a counter"),
        Text::new(
            "请本人或代办人持有效身份证件到就近网点办理",
            "Go to an outlet with your document",
        ),
    );
    problem.article = Some(Article(11));
    Err(problem)
}
