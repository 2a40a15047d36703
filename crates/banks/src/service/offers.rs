//! Offers: drafted by the bank, checked by the municipal approver, gone by themselves (Art. 10).

use kernel::actor::Actor;
use kernel::approval::{self, Approval};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, parse_day};

use super::agreements::object_of;
use super::choosable;
use crate::rules::{self, Kind, Offer, OfferState, Refused, Service};
use crate::store::offers;

/// Kind of the decision about an offer.
pub const KIND: &str = "banks.offer";

/// An offer as typed; divisions are separated by commas, days are `YYYY-MM-DD`.
#[derive(Clone, Debug, Default)]
pub struct NewOffer {
    /// Code of a [`Kind`].
    pub kind: String,
    /// Title, Chinese.
    pub title_zh: String,
    /// Title, English; may be empty.
    pub title_en: String,
    /// Text, Chinese.
    pub text_zh: String,
    /// Text, English; may be empty.
    pub text_en: String,
    /// Divisions where it holds; empty for the whole city.
    pub divisions: String,
    /// First day.
    pub from: String,
    /// Last day.
    pub until: String,
}

fn read(new: &NewOffer, bank: Id, id: Id) -> Result<Offer, Problem> {
    let wrong = |field: &str| {
        let text = Text::new("请从列表中选择或按格式填写", "Choose from the list or keep the form");
        Problem::field(field, text)
    };
    let day = |text: &str, field: &str| parse_day(text.trim()).ok_or_else(|| wrong(field));
    // Whoever reads English is better served with the Chinese text than with none.
    let or = |en: &str, zh: &str| if en.trim().is_empty() { zh } else { en }.trim().to_owned();
    let codes = new.divisions.split([',', '，', ' ']).map(str::trim);
    Ok(Offer {
        id,
        bank,
        state: OfferState::Proposed,
        kind: Kind::from_code(&new.kind).ok_or_else(|| wrong("kind"))?,
        title: Text::new(new.title_zh.trim(), or(&new.title_en, &new.title_zh)),
        text: Text::new(new.text_zh.trim(), or(&new.text_en, &new.text_zh)),
        divisions: codes.filter(|code| !code.is_empty()).map(str::to_owned).collect(),
        from: day(&new.from, "from")?,
        until: day(&new.until, "until")?,
    })
}

/// A bank drafts an offer, which waits for its check.
///
/// # Errors
/// [`Refused`] as a problem; the bank's agreement must be in force.
pub async fn draft(app: &App, actor: &Actor, new: &NewOffer) -> Result<Offer, Problem> {
    let bank = actor.org.ok_or_else(Problem::forbidden)?;
    let offer = read(new, bank, app.id())?;
    let (actor, approval, entry_id) = (actor.clone(), app.id(), app.id());
    app.db
        .write(move |tx| {
            let now = Utc::now();
            choosable(tx, bank, Service::Financial, now)?;
            rules::check_offer(&offer, now.day())?;
            offers::insert(tx, &offer, now)?;
            let (object, title) = (offer.id.to_string(), &offer.title.zh);
            approval::ask(tx, approval, &actor, KIND, &object, title, now)?;
            let entry = Entry::new(entry_id, now, &actor, "bank.offer-drafted", "Art. 10");
            journal::record(tx, &entry.on("bank-offer", offer.id).why(title, &[]))?;
            Ok(offer.clone())
        })
        .await
}

/// Publishes an offer or sends it back.
///
/// # Errors
/// It was decided already or is over by now; a no without a word.
pub async fn decide(
    app: &App,
    checker: &Actor,
    id: Id,
    yes: bool,
    comment: &str,
) -> Result<(), Problem> {
    if !yes && comment.trim().is_empty() {
        return Err(Refused::NoComment.into());
    }
    let (checker, comment, entry_id) = (checker.clone(), comment.to_owned(), app.id());
    app.db
        .write(move |tx| {
            let now = Utc::now();
            let approval = approval::decide(tx, id, &checker, yes, &comment, now)?;
            if approval.kind != KIND {
                return Err(Problem::not_found());
            }
            let offer = offers::get(tx, object_of(&approval)?)?.ok_or_else(Problem::not_found)?;
            let (to, act) = match yes {
                true => (OfferState::Published, "bank.offer-published"),
                false => (OfferState::Rejected, "bank.offer-rejected"),
            };
            if yes {
                rules::check_offer(&offer, now.day())?;
                choosable(tx, offer.bank, Service::Financial, now)?;
            }
            offers::set_state(tx, offer.id, OfferState::Proposed, to)?;
            let entry = Entry::new(entry_id, now, &checker, act, "Art. 10");
            Ok(journal::record(tx, &entry.on("bank-offer", offer.id).why(&offer.title.zh, &[]))?)
        })
        .await
}

/// A bank takes a published offer of its own back, at once.
///
/// # Errors
/// It is not the bank's, or not published.
pub async fn withdraw(app: &App, actor: &Actor, id: Id) -> Result<(), Problem> {
    let (actor, entry_id) = (actor.clone(), app.id());
    app.db
        .write(move |tx| {
            let offer = offers::get(tx, id)?.filter(|offer| Some(offer.bank) == actor.org);
            let offer = offer.filter(|offer| offer.state == OfferState::Published);
            let offer = offer.ok_or_else(Problem::not_found)?;
            offers::set_state(tx, id, OfferState::Published, OfferState::Withdrawn)?;
            let entry = Entry::new(entry_id, Utc::now(), &actor, "bank.offer-withdrawn", "Art. 10");
            Ok(journal::record(tx, &entry.on("bank-offer", id).why(&offer.title.zh, &[]))?)
        })
        .await
}

/// Offers that wait for their check, oldest first.
///
/// # Errors
/// See [`Problem`].
pub async fn waiting(app: &App) -> Result<Vec<(Approval, Offer)>, Problem> {
    app.db
        .read(|tx| {
            let mut waiting = Vec::new();
            for approval in approval::open(tx, KIND)? {
                if let Some(offer) = offers::get(tx, object_of(&approval)?)? {
                    waiting.push((approval, offer));
                }
            }
            Ok(waiting)
        })
        .await
}

/// What holders may filter by.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this bank.
    pub bank: Option<Id>,
    /// Of this kind.
    pub kind: Option<Kind>,
    /// That hold in this division; empty for all.
    pub division: String,
    /// That hold on this day.
    pub on: Option<time::Date>,
}

/// The offers that holders see.
///
/// # Errors
/// See [`Problem`].
pub async fn public(app: &App, filter: Filter) -> Result<Vec<Offer>, Problem> {
    let today = Utc::now().day();
    let mut found = app.db.read(move |tx| Ok::<_, Problem>(offers::public(tx, today)?)).await?;
    let Filter { bank, kind, division, on } = filter;
    found.retain(|offer| {
        bank.is_none_or(|bank| bank == offer.bank)
            && kind.is_none_or(|kind| kind == offer.kind)
            && (division.is_empty() || offer.holds_in(&division))
            && on.is_none_or(|day| offer.from <= day && day <= offer.until)
    });
    Ok(found)
}

/// All offers of the actor's bank, newest first.
///
/// # Errors
/// See [`Problem`].
pub async fn own(app: &App, actor: &Actor) -> Result<Vec<Offer>, Problem> {
    let bank = actor.org.ok_or_else(Problem::forbidden)?;
    app.db.read(move |tx| Ok::<_, Problem>(offers::of_bank(tx, bank)?)).await
}
