//! The register of duties, and meetings.

use kernel::actor::Actor;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::org;
use kernel::platform::Platform;
use kernel::problem::{FieldProblem, Problem};
use kernel::time::Utc;

use super::fits;
use crate::coordination::store::{self, Duty, Meeting};

/// Adds a duty to the register (Art. 9).
///
/// # Errors
/// Fields that are wrong.
pub async fn add_duty(app: &Platform, actor: &Actor, mut duty: Duty) -> Result<Id, Problem> {
    let mut wrong = Vec::new();
    let mut fault = |field: &str, bad: bool, zh: &str, en: &str| {
        if bad {
            wrong.push(FieldProblem { field: field.to_owned(), text: Text::new(zh, en) });
        }
    };
    fault(
        "words",
        !fits(&duty.words, 500),
        "请填写职责（500字以内）",
        "The duty, up to 500 letters",
    );
    fault("article", !(1..=28).contains(&duty.article), "条款为1到28", "An article from 1 to 28");
    fault(
        "every_days",
        !(0..=1_830).contains(&duty.every_days),
        "周期为0到1830天",
        "From 0 to 1,830 days",
    );
    if !wrong.is_empty() {
        return Err(Problem::invalid(wrong));
    }
    let (now, id) = (Utc::now(), app.id());
    duty.id = id;
    let entry = Entry::new(app.id(), now, actor, "coordination.duty-added", "Art. 9")
        .on("duty", id)
        .why(duty.words.clone(), &[]);
    app.db
        .write(move |tx| {
            if !org::all(tx)?.iter().any(|org| org.id == duty.org) {
                return Err(Problem::field("org", Text::new("没有该单位", "No such organisation")));
            }
            store::insert_duty(tx, &duty)?;
            Ok(journal::record(tx, &entry)?)
        })
        .await?;
    Ok(id)
}

/// Ends a duty today.
///
/// # Errors
/// There is none in force.
pub async fn end_duty(app: &Platform, actor: &Actor, id: Id) -> Result<(), Problem> {
    let now = Utc::now();
    let entry = Entry::new(app.id(), now, actor, "coordination.duty-ended", "Art. 9")
        .on("duty", id)
        .why("职责终止 / a duty ends", &[]);
    app.db
        .write(move |tx| match store::end_duty(tx, id, now.day())? {
            true => Ok(journal::record(tx, &entry)?),
            false => Err(Problem::not_found()),
        })
        .await
}

/// Enters a meeting of the mechanism.
///
/// # Errors
/// Fields that are missing or wrong.
pub async fn enter_meeting(
    app: &Platform,
    actor: &Actor,
    mut meeting: Meeting,
) -> Result<Id, Problem> {
    let now = Utc::now();
    if !fits(&meeting.title, 100) {
        return Err(Problem::field(
            "title",
            Text::new("请填写标题（100字以内）", "A title, up to 100 letters"),
        ));
    }
    if !fits(&meeting.minutes, 10_000) {
        return Err(Problem::field(
            "minutes",
            Text::new("请填写纪要（1万字以内）", "Minutes, up to 10,000 letters"),
        ));
    }
    if meeting.day > now.day() {
        return Err(Problem::field("day", Text::new("不能晚于今天", "Not after today")));
    }
    meeting.id = app.id();
    meeting.entered_name = actor.name.clone();
    let (id, by) = (meeting.id, actor.account);
    let entry = Entry::new(app.id(), now, actor, "coordination.meeting", "Art. 9")
        .on("meeting", id)
        .why(meeting.title.clone(), &[]);
    app.db
        .write(move |tx| {
            store::insert_meeting(tx, &meeting, by, now)?;
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await?;
    Ok(id)
}
