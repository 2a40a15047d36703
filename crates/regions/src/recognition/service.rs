//! Asking the region that issued a card, and answering for ours.

use std::pin::Pin;
use std::time::{Duration, Instant};

use codes::rules::Refused as No;
use codes::service::{Answered, Codes, Errand, Presented, Visitor};
use kernel::db::{DbError, Tx};
use kernel::law::Refusal as _;
use kernel::platform::{App, random};
use kernel::problem::Problem;
use kernel::settings::{self, Setting};
use kernel::time::Utc;

use super::rules::{self, ANSWER, ASK, Ask, Said};
use super::store::{self, Asked};
use crate::rules::{Descriptor, Refused, Signed};
use crate::service::{call_json, note, sign_now};
use crate::store as regions;

/// How long the other region is waited for.
pub const PATIENCE: Setting = Setting {
    name: "regions.ask-milliseconds",
    default: 3_000,
    least: 200,
    most: 20_000,
    zh: "向发卡地核验时最长等待的毫秒数",
    en: "Milliseconds that the region that issued a card is waited for",
    article: 17,
};
/// Days that questions are kept for the figures.
const KEPT_DAYS: i64 = 90;

/// Asks the region that issued a card; the form that [`codes::service::ask_abroad`] takes.
pub fn ask(app: App, errand: Errand) -> Pin<Box<dyn Future<Output = Answered> + Send>> {
    Box::pin(async move {
        let began = Instant::now();
        let (region, item, at) = (errand.region.clone(), errand.item.clone(), errand.at);
        let ask = question(&app, errand);
        let answered = match home(&app, &region).await {
            Ok(Some(home)) => send(&app, &home, &ask).await,
            Ok(None) => return Err(No::OtherRegion),
            Err(_) => Err(No::HomeSilent),
        };
        let millis = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
        let result = answered.as_ref().err().map_or("ok", |no| no.code()).to_owned();
        let asked = Asked { region, id: ask.id, way: "out", at, item, result, millis };
        let kept = app.db.housekeeping(move |tx| store::insert(tx, &asked));
        if let Err(error) = kept.await {
            tracing::warn!(%error, "a question to another region is not in the figures");
        }
        answered
    })
}

fn question(app: &App, errand: Errand) -> Ask {
    Ask {
        id: hex::encode(random::<16>()),
        from: app.config.region.clone(),
        to: errand.region,
        at: errand.at.seconds(),
        item: errand.item,
        code: errand.presented.code,
        read: errand.presented.read,
        counter_check: errand.presented.counter_check,
        place: errand.place.chars().take(100).collect(),
        journal: errand.entry.to_string(),
    }
}

async fn home(app: &App, region: &str) -> Result<Option<(Descriptor, i64)>, Problem> {
    let region = region.to_owned();
    let read = move |tx: &mut Tx<'_>| {
        let patience = settings::get(tx, &PATIENCE, Utc::now())?;
        Ok::<_, Problem>(regions::trusted(tx, &region)?.map(|known| (known.said, patience)))
    };
    app.db.read(read).await
}

async fn send(app: &App, (home, patience): &(Descriptor, i64), ask: &Ask) -> Answered {
    let text = serde_json::to_string(ask).expect("plain data");
    let Ok(signed) = sign_now(app, ASK, text) else { return Err(No::HomeSilent) };
    let body = regions::signed_text(&signed);
    let url = format!("{}/regions/v1/ask", home.endpoint);
    let patience = Duration::from_millis((*patience).unsigned_abs());
    let call = tokio::task::spawn_blocking(move || call_json::<Signed>(&url, &body, patience));
    let answer = call.await.ok().flatten().ok_or(No::HomeSilent)?;
    match rules::open_answer(&answer, home, ask, Utc::now().seconds()) {
        Ok(said) => rules::meaning(said),
        Err(refused) => {
            if let Err(problem) = note(app, home.region.clone(), refused).await {
                tracing::warn!(code = problem.code, "an alarm was not kept");
            }
            Err(No::HomeSilent)
        }
    }
}

/// Answers a trusted region about a card of ours. The question is judged as a terminal's would be, so
/// that it is in the journal and before the holder's eyes before the answer leaves.
///
/// # Errors
/// [`Refused`], which is alarmed where it should be; or the platform is busy.
pub async fn answer(app: &App, codes: &Codes, signed: &Signed) -> Result<Signed, Problem> {
    let began = Instant::now();
    let (region, ask) = match taken(app, signed).await? {
        Ok(taken) => taken,
        Err((region, refused)) => {
            if refused.alarms() {
                note(app, region, refused).await?;
            }
            return Err(refused.into());
        }
    };
    let presented = Presented {
        code: ask.code.clone(),
        read: ask.read.clone(),
        counter_check: ask.counter_check,
        ..Presented::default()
    };
    let visitor = Visitor { region: region.name.clone(), place: ask.place.clone() };
    let verdict = codes.verify_visitor(&visitor, &ask.item, &presented).await?;
    let result = verdict.result.as_ref().err().map_or("ok", |no| no.code()).to_owned();
    let fields = verdict.fields.into_iter().map(|(field, value)| (field.code().to_owned(), value));
    let said = Said {
        id: ask.id.clone(),
        from: app.config.region.clone(),
        at: Utc::now().seconds(),
        result: result.clone(),
        fields: fields.collect(),
        used: verdict.id.to_string(),
    };
    let millis = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
    let end = move |tx: &mut Tx<'_>| store::end(tx, (&ask.from, &ask.id), &result, millis);
    app.db.housekeeping::<(), DbError>(end).await?;
    sign_now(app, ANSWER, serde_json::to_string(&said).expect("plain data"))
}

type Taken = Result<(Descriptor, Ask), (String, Refused)>;

/// Reads a question once: the same one again is refused, whatever became of the first.
async fn taken(app: &App, signed: &Signed) -> Result<Taken, Problem> {
    let (signed, own, now) = (signed.clone(), app.config.region.clone(), Utc::now());
    let take = move |tx: &mut Tx<'_>| {
        #[derive(serde::Deserialize)]
        struct From {
            from: String,
        }
        if let Err(refused) = signed.plain() {
            return Ok(Err((String::new(), refused)));
        }
        let Ok(From { from }) = serde_json::from_str(&signed.text) else {
            return Ok(Err((String::new(), Refused::Unreadable)));
        };
        let Some(sender) = regions::trusted(tx, &from)? else {
            return Ok(Err((String::new(), Refused::Unlisted)));
        };
        let ask = match rules::open_ask(&signed, &sender.said, &own, now.seconds()) {
            Ok(ask) => ask,
            Err(refused) => return Ok(Err((from, refused))),
        };
        let asked = Asked {
            region: from.clone(),
            id: ask.id.clone(),
            way: "in",
            at: now,
            item: ask.item.clone(),
            result: String::new(),
            millis: 0,
        };
        match store::insert(tx, &asked)? {
            true => Ok(Ok((sender.said, ask))),
            false => Ok(Err((from, Refused::Reused))),
        }
    };
    app.db.housekeeping::<Taken, Problem>(take).await
}

/// Forgets old questions; the journals keep what was read of whom.
///
/// # Errors
/// Of the database only.
pub async fn forget(app: &App) -> Result<String, Problem> {
    let now = Utc::now().0;
    let (before, yesterday) = (Utc(now - KEPT_DAYS * Utc::DAY), Utc(now - Utc::DAY));
    let forget = move |tx: &mut Tx<'_>| {
        Ok(store::forget(tx, before)? + crate::accords::store::forget(tx, yesterday)?)
    };
    let gone = app.db.housekeeping::<_, DbError>(forget).await?;
    Ok(format!("{gone} forgotten"))
}
