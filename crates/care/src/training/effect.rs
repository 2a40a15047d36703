//! What publicity does (Art. 21): uses of the card before, during and after each campaign, beside all uses
//! of the same days, and summed by audience and channel.

use askama::Template;
use axum::extract::State as AppState;
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use kernel::actor::{Access, Role};
use kernel::db::Tx;
use kernel::http::{Page, Routes, render};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use sheet::CsvWriter;
use time::{Date, Duration};

use super::publicity::{self, AUDIENCES, CHANNELS, Publicity};
use crate::complaints::rules::words::name;

const READERS: &[Role] = &[
    Role::DistrictOfficer,
    Role::DistrictApprover,
    Role::MunicipalOfficer,
    Role::MunicipalApprover,
    Role::Auditor,
];
const READER: Access = Access::Roles(READERS);

pub(super) fn routes() -> Routes {
    Routes::new("care").page(Method::GET, "/office/publicity/effect", READER, &[21], show).page(
        Method::GET,
        "/office/publicity/effect.csv",
        READER,
        &[21],
        csv,
    )
}

/// Uses of some days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// How many.
    pub uses: i64,
    /// In how many days.
    pub days: i64,
}

impl Uses {
    /// Uses a day in tenths, rounded down; none without days.
    pub fn a_day_tenths(self) -> Option<i64> {
        (self.days > 0).then(|| self.uses * 10 / self.days)
    }

    /// By how many per cent uses a day changed since `before`, cut off; none where there were none before.
    pub fn change(self, before: Self) -> Option<i64> {
        let (now, then) = (i128::from(self.uses), i128::from(before.uses));
        let (now, then) = (now * i128::from(before.days), then * i128::from(self.days));
        if then == 0 || self.days == 0 {
            return None;
        }
        i64::try_from((now - then) * 100 / then).ok()
    }

    fn add(&mut self, other: Self) {
        (self.uses, self.days) = (self.uses + other.uses, self.days + other.days);
    }
}

/// The days that are compared: as many before a campaign as it ran until today, and as many after it as
/// have passed, no more than it ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spans {
    /// Before its first day.
    pub before: (Date, Date),
    /// While it ran.
    pub during: (Date, Date),
    /// After its last day; none while it runs.
    pub after: Option<(Date, Date)>,
}

fn days((from, until): (Date, Date)) -> i64 {
    (until - from).whole_days() + 1
}

/// The days of a campaign from `first` to `last`; none before it has begun.
pub fn spans(first: Date, last: Date, today: Date) -> Option<Spans> {
    if first > today || last < first {
        return None;
    }
    let during = (first, last.min(today));
    let length = Duration::days(days(during));
    let before = (first.checked_sub(length)?, first.previous_day()?);
    let next = last.next_day()?;
    let after = (next <= today).then(|| (next, (last.saturating_add(length)).min(today)));
    Some(Spans { before, during, after })
}

/// What one campaign did, or all of an audience or channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// Campaigns.
    pub campaigns: i64,
    /// People reached.
    pub reached: i64,
    /// Uses before.
    pub before: Uses,
    /// Uses meanwhile.
    pub during: Uses,
    /// Uses afterwards.
    pub after: Uses,
    /// All uses of the city before, and meanwhile: what would have happened anyway.
    pub all: [Uses; 2],
}

impl Effect {
    /// Change of uses a day while it ran, in per cent.
    pub fn change(&self) -> Option<i64> {
        self.during.change(self.before)
    }

    /// Change that is left after it.
    pub fn lasting(&self) -> Option<i64> {
        self.after.change(self.before)
    }

    /// Change of all uses of the city in the same days.
    pub fn anyway(&self) -> Option<i64> {
        self.all[1].change(self.all[0])
    }

    fn add(&mut self, other: &Self) {
        self.campaigns += other.campaigns;
        self.reached += other.reached;
        self.before.add(other.before);
        self.during.add(other.during);
        self.after.add(other.after);
        for (sum, more) in self.all.iter_mut().zip(other.all) {
            sum.add(more);
        }
    }
}

/// The effect of each published campaign that has begun, newest first.
///
/// # Errors
/// The database's word.
pub fn effects(tx: &mut Tx<'_>, today: Date) -> Result<Vec<(Publicity, Effect)>, Problem> {
    let mut found = Vec::new();
    for (one, reached) in publicity::all(tx)? {
        let running = one.kind == "campaign" && one.state == "published";
        let spans = spans(one.first, one.last, today).filter(|_| running);
        let Some(spans) = spans else { continue };
        let mut uses = |narrow: (&str, &str), span: (Date, Date)| {
            let uses = codes::figures::accepted(tx, narrow, span)?;
            Ok::<_, Problem>(Uses { uses, days: days(span) })
        };
        let own = (one.item.as_str(), one.division.as_str());
        let effect = Effect {
            campaigns: 1,
            reached,
            before: uses(own, spans.before)?,
            during: uses(own, spans.during)?,
            after: spans.after.map(|span| uses(own, span)).transpose()?.unwrap_or_default(),
            all: [uses(("", ""), spans.before)?, uses(("", ""), spans.during)?],
        };
        found.push((one, effect));
    }
    Ok(found)
}

/// Sums by a property of campaigns, in the order of their codes.
pub fn by(found: &[(Publicity, Effect)], key: fn(&Publicity) -> &str) -> Vec<(String, Effect)> {
    let mut sums: std::collections::BTreeMap<&str, Effect> = std::collections::BTreeMap::new();
    for (one, effect) in found {
        sums.entry(key(one)).or_default().add(effect);
    }
    sums.into_iter().map(|(code, sum)| (code.to_owned(), sum)).collect()
}

/// One line of the tables.
struct Line {
    name: String,
    hint: String,
    effect: Effect,
}

impl Line {
    fn a_day(&self, uses: Uses) -> String {
        uses.a_day_tenths().map_or_else(|| "—".to_owned(), |t| format!("{}.{}", t / 10, t % 10))
    }

    fn percent(&self, change: Option<i64>) -> String {
        change.map_or_else(|| "—".to_owned(), |change| format!("{change:+} %"))
    }
}

#[derive(Template)]
#[template(path = "publicity_effect.html")]
struct EffectPage {
    p: Page,
    tables: Vec<(Text, Vec<Line>)>,
}

fn audience(one: &Publicity) -> &str {
    &one.audience
}

fn channel(one: &Publicity) -> &str {
    &one.channel
}

async fn show(AppState(app): AppState<App>, p: Page) -> Result<Response, Problem> {
    let today = Utc::now().day();
    let found = app.db.read(move |tx| effects(tx, today)).await?;
    let sums = |list, key| -> Vec<Line> {
        let line = |(code, effect): (String, Effect)| Line {
            name: p.text(&name(list, &code)).to_owned(),
            hint: String::new(),
            effect,
        };
        by(&found, key).into_iter().map(line).collect()
    };
    let (audiences, channels) = (sums(AUDIENCES, audience), sums(CHANNELS, channel));
    let each = |(one, effect): &(Publicity, Effect)| Line {
        name: one.title.clone(),
        hint: format!("{} — {} {}", day_text(one.first), day_text(one.last), one.item),
        effect: *effect,
    };
    let tables = vec![
        (Text::new("按对象", "By audience"), audiences),
        (Text::new("按渠道", "By channel"), channels),
        (Text::new("各次活动", "Each campaign"), found.iter().map(each).collect()),
    ];
    render(&EffectPage { p, tables })
}

async fn csv(AppState(app): AppState<App>) -> Result<Response, Problem> {
    let today = Utc::now().day();
    let found = app.db.read(move |tx| effects(tx, today)).await?;
    let write = || {
        let mut writer = CsvWriter::new(Vec::new())?;
        writer.row([
            "title",
            "audience",
            "channel",
            "division",
            "item",
            "first",
            "last",
            "reached",
            "days",
            "before",
            "during",
            "days_after",
            "after",
            "all_before",
            "all_during",
        ])?;
        for (one, effect) in &found {
            let numbers = [
                effect.reached,
                effect.during.days,
                effect.before.uses,
                effect.during.uses,
                effect.after.days,
                effect.after.uses,
                effect.all[0].uses,
                effect.all[1].uses,
            ];
            let texts = [&one.title, &one.audience, &one.channel, &one.division, &one.item];
            let mut row: Vec<String> = texts.into_iter().cloned().collect();
            row.extend([one.first, one.last].map(day_text));
            row.extend(numbers.map(|number| number.to_string()));
            writer.row(row)?;
        }
        writer.finish()
    };
    let bytes = write().map_err(|error| kernel::db::DbError::Engine(error.to_string()))?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"publicity.csv\""),
    ];
    Ok((headers, bytes).into_response())
}
