//! The first people of a new installation: an organisation and an account, from the command line.

use std::process::ExitCode;

use clap::Args;
use kernel::actor::{Actor, Role};
use kernel::auth::{self, NewAccount};
use kernel::db::{Limits, v};
use kernel::journal::{self, Entry};
use kernel::org::{self, Org};
use kernel::platform::random;
use kernel::problem::Problem;
use kernel::time::Utc;

use crate::command::Place;
use crate::{migrations, serve};

/// An account to be made.
#[derive(Args)]
pub struct StaffArguments {
    /// Name at sign-in.
    #[arg(long)]
    login: String,
    /// Name of the person, for pages and the journal.
    #[arg(long)]
    name: String,
    /// Role: administrator, clerk, outlet-manager, municipal-officer, …
    #[arg(long, value_parser = role)]
    role: Role,
    /// Name of the organisation it acts for; made when it is not known.
    #[arg(long)]
    org: String,
    /// Kind of a new organisation: hrss, outlet, department, bank, venue, hotline, audit, finance, operator.
    #[arg(long, default_value = "operator")]
    org_kind: String,
    /// Division it serves (GB/T 2260).
    #[arg(long, default_value = "500000")]
    division: String,
}

fn role(text: &str) -> Result<Role, String> {
    let staff = text.parse::<Role>().ok().filter(|role| role.is_staff());
    staff.ok_or_else(|| {
        let known = Role::ALL.into_iter().filter(|role| role.is_staff());
        format!("one of {}", known.map(Role::code).collect::<Vec<_>>().join(", "))
    })
}

/// `yikatong staff add`: makes the account and prints its password and the secret for its
/// authenticator app once. Neither can be shown again.
///
/// # Errors
/// In words, what went wrong.
pub async fn add(place: Place, new: StaffArguments) -> Result<ExitCode, String> {
    let (keys, db) = (place.keys()?, place.open(&Limits::default())?);
    db.migrate(migrations()).await.map_err(|error| error.to_string())?;
    let app = serve::tool_platform(db, keys.clone(), &place).await.map_err(|e| e.to_string())?;
    let (password, secret) = (serve::one_time_password(), random::<20>());
    let hash = seal::password::hash(&password, &random::<16>());
    let (account, org_id) = (app.id(), app.id());
    let entry = Entry::new(app.id(), Utc::now(), &Actor::system(), "account.made", "Art. 9")
        .on("account", account)
        .why("开通工作人员账号 / a staff account", &[]);
    let login = new.login.clone();
    let made = app.db.write(move |tx| {
        let now = Utc::now();
        let sql = "SELECT id FROM org WHERE name_zh = $1 AND closed_at IS NULL";
        let known = tx.optional(sql, &[v(&new.org)])?.map(|row| row.get(0)).transpose()?;
        if known.is_none() {
            org::add(tx, &organisation(&new, org_id), now)?;
        }
        let opened = NewAccount {
            id: account,
            role: new.role,
            name: new.name.clone(),
            org: Some(known.unwrap_or(org_id)),
            division: new.division.clone(),
            person: None,
            phone: None,
        };
        auth::create_account(tx, &opened, now)?;
        auth::add_login(tx, account, &new.login)?;
        auth::set_password(tx, account, &hash)?;
        auth::set_totp_secret(tx, &keys, account, &secret)?;
        journal::record(tx, &entry)?;
        Ok::<_, Problem>(())
    });
    made.await.map_err(|problem| format!("{}: {}", problem.code, problem.title.en))?;
    let secret = seal::totp::secret_text(&secret);
    println!("login     {login}\npassword  {password}");
    println!("app       otpauth://totp/yikatong:{login}?secret={secret}&issuer=yikatong");
    Ok(ExitCode::SUCCESS)
}

/// A link between an account and somebody at an outside provider.
#[derive(Args)]
pub struct LinkArguments {
    /// Name of the account at sign-in.
    #[arg(long)]
    login: String,
    /// Address of the provider, as in its discovery document.
    #[arg(long)]
    issuer: String,
    /// The provider's name for the person (`sub`).
    #[arg(long)]
    subject: String,
}

/// An account whose links are taken away.
#[derive(Args)]
pub struct UnlinkArguments {
    /// Name of the account at sign-in.
    #[arg(long)]
    login: String,
}

/// `yikatong staff link` and `yikatong staff unlink`: whom the outside provider of `staff-provider.json`
/// may sign in as whom.
///
/// # Errors
/// In words, what went wrong.
pub async fn link(place: Place, login: &str, to: Option<(&str, &str)>) -> Result<ExitCode, String> {
    let (keys, db) = (place.keys()?, place.open(&Limits::default())?);
    let app = serve::tool_platform(db, keys, &place).await.map_err(|e| e.to_string())?;
    let (issuer, subject) = to.unzip();
    let done = signin::outside::service::link(&app, login, issuer.unwrap_or_default(), subject);
    done.await.map_err(|problem| format!("{}: {}", problem.code, problem.title.en))?;
    Ok(ExitCode::SUCCESS)
}

impl LinkArguments {
    /// The account, and issuer and subject.
    pub fn parts(&self) -> (&str, (&str, &str)) {
        (&self.login, (&self.issuer, &self.subject))
    }
}

impl UnlinkArguments {
    /// The account.
    pub fn login(&self) -> &str {
        &self.login
    }
}

fn organisation(new: &StaffArguments, id: kernel::id::Id) -> Org {
    Org {
        id,
        credit_code: None,
        name_zh: new.org.clone(),
        name_en: new.org.clone(),
        kind: new.org_kind.clone(),
        division: new.division.clone(),
        parent: None,
    }
}
