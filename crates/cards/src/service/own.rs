//! What holders do with their own cards.

use kernel::actor::Actor;
use kernel::auth;
use kernel::law::{Article, Text};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::Utc;
use serde::Deserialize;

use super::{holdings, perform_at};
use crate::rules::clocks::State;
use crate::rules::{Card, Cause, Command, Fee, fee_of};
use crate::settings::FEE_FEN;

/// What a holder asks for.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
pub struct OwnAct {
    /// `lose`, `link`, `release` (of a temporary loss), `renew`, `replace`, `activate` or `withdraw`.
    pub act: String,
    /// His password, for `release`, `replace` and `activate`.
    #[serde(default)]
    pub password: String,
    /// Why, for `replace`: `lost` or `damaged`.
    #[serde(default)]
    pub cause: String,
    /// Number of the receipt of the fee, for `replace` when one is due.
    #[serde(default)]
    pub receipt: String,
}

/// What a holder may have his card replaced for by himself; the rest needs a document or a decision at an
/// outlet (Art. 12).
pub(crate) const OWN_CAUSES: [Cause; 2] = [Cause::Lost, Cause::Damaged];

/// Carries out what a holder asked for.
///
/// # Errors
/// The rules refuse, or the password is wrong.
pub async fn perform_own_act(app: &App, holder: &Actor, form: &OwnAct) -> Result<Card, Problem> {
    let person = holder.person.ok_or_else(Problem::forbidden)?;
    let password = form.password.as_str();
    let command = match form.act.as_str() {
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
        "replace" => {
            let cause = OWN_CAUSES.into_iter().find(|cause| cause.code() == form.cause);
            let cause = cause.ok_or_else(at_outlet)?;
            auth::confirm_password(app, holder.account, password).await?;
            let fee = own_fee(app, cause, &form.receipt).await?;
            Command::Replace { cause, decision: String::new(), fee }
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

fn at_outlet() -> Problem {
    let text = Text::new(
        "手机上可因丢失（须先正式挂失）或损坏补换，其他原因请到网点",
        "From the phone a card is replaced when it is lost (formally) or damaged; for the rest go to an outlet",
    );
    Problem::field("cause", text)
}

/// The fee, when one is due, as the holder says that he paid it: the outlet looks at the receipt when it hands
/// the card over.
async fn own_fee(app: &App, cause: Cause, receipt: &str) -> Result<Fee, Problem> {
    let fee_fen = app.db.read(|tx| settings::get(tx, &FEE_FEN, Utc::now())).await?;
    let receipt: String = receipt.trim().chars().take(60).collect();
    Ok(match (fee_of(cause, fee_fen), receipt.is_empty()) {
        (0, _) => Fee::Free,
        (_, true) => Fee::Paid(receipt),
        (_, false) => Fee::Paid(format!("{receipt}（本人填报，发卡时核验）")),
    })
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

#[cfg(test)]
mod tests;
