//! The password of the electronic card: six digits, apart from the sign-in and from the bank's (Art. 6).

use kernel::actor::Actor;
use kernel::auth;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::{App, random};
use kernel::problem::Problem;
use kernel::time::Utc;

use super::Key;
use crate::{cq1, store};

/// Sets the password; the sign-in password is asked again.
///
/// # Errors
/// It is no six digits, too easily guessed, or the sign-in password is wrong.
pub async fn set_password(
    app: &App,
    holder: &Actor,
    sign_in: &str,
    password: &str,
) -> Result<(), Problem> {
    let person = holder.person.ok_or_else(Problem::forbidden)?;
    if password.len() != 6 || !password.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Problem::field("password", Text::new("请设置6位数字", "Six digits")));
    }
    let steps: Vec<i16> = password
        .as_bytes()
        .windows(2)
        .map(|pair| i16::from(pair[1]) - i16::from(pair[0]))
        .collect();
    if steps.iter().all(|step| *step == steps[0] && step.abs() <= 1) {
        let text = Text::new("密码过于简单，请勿使用连续或相同数字", "Too easily guessed");
        return Err(Problem::field("password", text));
    }
    auth::confirm_password(app, holder.account, sign_in).await?;
    let (text, salt) = (password.to_owned(), random::<16>());
    let hash = tokio::task::spawn_blocking(move || seal::password::hash(&text, &salt)).await;
    let hash = hash.map_err(|error| kernel::db::DbError::Unavailable(error.to_string()))?;
    let entry = Entry::new(app.id(), Utc::now(), holder, "ecard.password-set", "Art. 2");
    app.db
        .write(move |tx| {
            store::set_password(tx, person, &hash, Utc::now())?;
            let entry = entry.clone().about(person).on("person", person);
            Ok::<_, Problem>(journal::record(tx, &entry.why("设置电子卡密码", &[]))?)
        })
        .await?;
    auth::forget_tries(app, &name(person)).await
}

fn name(person: Id) -> String {
    format!("ecard:{person}")
}

/// Whether the holder behind `key` has this password. An unknown card has none.
///
/// # Errors
/// Too many were tried.
pub(super) async fn check(app: &App, key: &Key, password: &str) -> Result<bool, Problem> {
    let wanted = key.clone();
    let found = app
        .db
        .read(move |tx| {
            let person = match &wanted {
                Key::Keyed(credential) => {
                    cards::store::standings(tx, &[*credential])?.pop().map(|s| s.person)
                }
                Key::Signed(credential) => {
                    cq1::store::standings(tx, &[*credential])?.pop().map(|s| s.person)
                }
                Key::Card(number) => {
                    store::card_standings(tx, std::slice::from_ref(number))?.pop().map(|s| s.person)
                }
            };
            let Some(person) = person else { return Ok(None) };
            Ok::<_, Problem>(store::password(tx, person)?.map(|hash| (person, hash)))
        })
        .await?;
    match found.filter(|_| password.len() == 6) {
        Some((person, hash)) => compare(app, person, hash, password).await,
        None => Ok(false),
    }
}

/// Whether a holder has this password of the electronic card; nobody without one has.
///
/// # Errors
/// Too many were tried.
pub async fn check_password(app: &App, person: Id, password: &str) -> Result<bool, Problem> {
    let found = app.db.read(move |tx| store::password(tx, person)).await?;
    match found.filter(|_| password.len() == 6) {
        Some(hash) => compare(app, person, hash, password).await,
        None => Ok(false),
    }
}

async fn compare(app: &App, person: Id, hash: String, password: &str) -> Result<bool, Problem> {
    auth::count_try(app, &name(person)).await?;
    let password = password.to_owned();
    let right = tokio::task::spawn_blocking(move || seal::password::verify(&password, &hash)).await;
    let right = right.unwrap_or(false);
    if right {
        auth::forget_tries(app, &name(person)).await?;
    }
    Ok(right)
}
