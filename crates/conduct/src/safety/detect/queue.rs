//! The queue of alerts: somebody takes one, looks, says what it was; what he says is how good the rule is.

use std::collections::BTreeMap;

use kernel::actor::{Actor, Role};
use kernel::db::DbError;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::{Article, Refusal, Text};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;

use super::rules::{Kind, Rule};
use super::store::{self, Alert};
use crate::safety::words;

/// Why an act on an alert is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// It is closed.
    Closed,
    /// It is about the reader himself.
    AboutSelf,
    /// No such disposition.
    Disposition,
    /// A number of a rule is out of bounds.
    Number,
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::Closed => "alerts/closed",
            Self::AboutSelf => "alerts/about-self",
            Self::Disposition => "alerts/bad-disposition",
            Self::Number => "alerts/bad-number",
        }
    }

    fn article(&self) -> Option<Article> {
        Some(Article(if *self == Self::AboutSelf { 25 } else { 20 }))
    }

    fn reason(&self) -> Text {
        let (zh, en) = match self {
            Self::Closed => ("该预警已办结", "This alert is closed"),
            Self::AboutSelf => ("不能处置涉及本人的预警", "Nobody handles an alert about himself"),
            Self::Disposition => ("请选择处置结论", "Choose what it was"),
            Self::Number => ("参数超出范围", "A number is out of bounds"),
        };
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let (zh, en) = match self {
            Self::Closed => ("请刷新列表", "Reload the list"),
            Self::AboutSelf => ("请由其他工作人员处置", "Ask somebody else"),
            Self::Disposition => ("属实、误报或不明", "True, false or unclear"),
            Self::Number => ("请按提示的范围填写", "See the bounds beside it"),
        };
        Text::new(zh, en)
    }

    fn status(&self) -> u16 {
        match self {
            Self::Closed => 409,
            Self::AboutSelf => 403,
            Self::Disposition | Self::Number => 422,
        }
    }
}

/// What was said about the alerts of a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Fraud.
    pub hits: i64,
    /// None.
    pub false_alarms: i64,
    /// Nobody can say.
    pub unclear: i64,
    /// Still open.
    pub open: i64,
}

impl Record {
    /// Per cent of what could be said that was fraud; none as long as nothing was said.
    pub fn precision(&self) -> Option<i64> {
        let said = self.hits + self.false_alarms;
        (said > 0).then(|| self.hits * 100 / said)
    }
}

fn may_see(actor: &Actor, alert: &Alert) -> bool {
    match actor.role {
        Role::DistrictOfficer | Role::DistrictApprover => {
            let own: String = actor.division.chars().take(6).collect();
            alert.division.is_empty() || alert.division.starts_with(&own)
        }
        _ => true,
    }
}

/// Alerts of the reader's area, open ones or all.
///
/// # Errors
/// See [`Problem`].
pub async fn list(app: &App, actor: &Actor, open: bool) -> Result<Vec<Alert>, Problem> {
    let found = app.db.read(move |tx| store::alerts(tx, open, 200)).await?;
    Ok(found.into_iter().filter(|alert| may_see(actor, alert)).collect())
}

/// All rules, each with what officers said about its alerts.
///
/// # Errors
/// See [`Problem`].
pub async fn rules(app: &App) -> Result<Vec<(Rule, Record)>, Problem> {
    let (rules, said) =
        app.db.read(|tx| Ok::<_, DbError>((store::rules(tx)?, store::dispositions(tx)?))).await?;
    let record = |rule: &Rule| {
        let [hits, false_alarms, unclear, open] =
            said.get(rule.kind.code()).copied().unwrap_or_default();
        Record { hits, false_alarms, unclear, open }
    };
    Ok(rules.into_iter().map(|rule| (rule.clone(), record(&rule))).collect())
}

/// One alert; when it is about a person, the look is on record.
///
/// # Errors
/// 404 when there is none in the reader's area.
pub async fn one(app: &App, actor: &Actor, id: Id) -> Result<Alert, Problem> {
    let (platform, actor, now) = (app.clone(), actor.clone(), Utc::now());
    app.db
        .write(move |tx| {
            let alert = store::alert(tx, id)?.filter(|alert| may_see(&actor, alert));
            let alert = alert.ok_or_else(Problem::not_found)?;
            let mut entry = Entry::new(platform.id(), now, &actor, "alert.read", "Art. 20");
            entry.subject = alert.person;
            journal::record(tx, &entry.on("alert", id).why("查看预警 / look at an alert", &[]))?;
            Ok(alert)
        })
        .await
}

/// Whether somebody may handle an alert.
///
/// # Errors
/// [`Refused::Closed`], [`Refused::AboutSelf`].
pub fn may_handle(alert: &Alert, actor: &Actor) -> Result<(), Refused> {
    let own = format!("account:{}", actor.account);
    match () {
        () if alert.disposition != "open" => Err(Refused::Closed),
        () if alert.about == own => Err(Refused::AboutSelf),
        () if alert.person.is_some() && alert.person == actor.person => Err(Refused::AboutSelf),
        () => Ok(()),
    }
}

/// An officer takes an alert.
///
/// # Errors
/// See [`may_handle`].
pub async fn take(app: &App, actor: &Actor, id: Id) -> Result<(), Problem> {
    handle(app, actor, id, None).await
}

/// An officer says what it was: `true`, `false` or `unclear`.
///
/// # Errors
/// See [`may_handle`]; [`Refused::Disposition`].
pub async fn close(
    app: &App,
    actor: &Actor,
    id: Id,
    disposition: &str,
    note: &str,
) -> Result<(), Problem> {
    if !["true", "false", "unclear"].contains(&disposition) {
        return Err(Refused::Disposition.into());
    }
    let note = words("note", note)?;
    handle(app, actor, id, Some((disposition.to_owned(), note))).await
}

async fn handle(
    app: &App,
    actor: &Actor,
    id: Id,
    said: Option<(String, String)>,
) -> Result<(), Problem> {
    let (platform, actor, now) = (app.clone(), actor.clone(), Utc::now());
    app.db
        .write(move |tx| {
            let alert = store::alert(tx, id)?.filter(|alert| may_see(&actor, alert));
            let alert = alert.ok_or_else(Problem::not_found)?;
            may_handle(&alert, &actor)?;
            let who = (actor.account, actor.name.as_str());
            let (act, why) = match &said {
                None => {
                    store::assign(tx, &alert, who)?;
                    ("alert.taken", "")
                }
                Some((disposition, note)) => {
                    store::close(tx, &alert, disposition, who, note, now)?;
                    ("alert.closed", note.as_str())
                }
            };
            let mut entry = Entry::new(platform.id(), now, &actor, act, "Art. 20");
            entry.subject = alert.person;
            let disposition = said.as_ref().map(|said| said.0.as_str());
            entry.detail = serde_json::json!({
                "rule": alert.kind.code(), "version": alert.rule_version, "said": disposition,
            });
            Ok(journal::record(tx, &entry.on("alert", id).why(why, &[]))?)
        })
        .await
}

/// Tunes a rule: a new version that counts from the next round on.
///
/// # Errors
/// [`Refused::Number`]; 404 for an unknown rule.
pub async fn tune(
    app: &App,
    actor: &Actor,
    kind: Kind,
    (is_on, may_freeze): (bool, bool),
    params: BTreeMap<String, i64>,
) -> Result<(), Problem> {
    for (name, _, least, most, _, _) in kind.params() {
        let fits = params.get(*name).is_some_and(|value| (*least..=*most).contains(value));
        if !fits {
            return Err(Refused::Number.into());
        }
    }
    let (platform, actor, now) = (app.clone(), actor.clone(), Utc::now());
    app.db
        .write(move |tx| {
            let known = store::rules(tx)?.into_iter().find(|rule| rule.kind == kind);
            let version = known.ok_or_else(Problem::not_found)?.version + 1;
            let may_freeze = may_freeze && kind.is_about_a_card();
            let rule = Rule { kind, version, is_on, may_freeze, params: params.clone() };
            store::put_rule(tx, &rule, (actor.account, &actor.name), now)?;
            let entry = Entry::new(platform.id(), now, &actor, "rule.tuned", "Art. 20");
            let detail = serde_json::json!({
                "version": version, "on": is_on, "may_freeze": may_freeze, "params": rule.params,
            });
            Ok(journal::record(tx, &Entry { detail, ..entry.on("rule", kind.code()) })?)
        })
        .await
}
