//! Endpoints for programs: public lists, and events of banks.

use axum::extract::State;
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Json, Query, Routes};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text, parse_day};
use serde::{Deserialize, Serialize};
use utoipa_axum::routes;

use crate::port::Event;
use crate::rules::{Kind, Offer, Refused, State as AccountState};
use crate::service::offers::Filter;
use crate::service::{agreements, events, offers};

pub(crate) fn routes() -> Routes {
    Routes::new("banks")
        .api(Access::Public, &[10], routes!(list))
        .api(Access::Public, &[10], routes!(list_offers))
        .api(Access::Roles(&[Role::Bank]), &[10, 11], routes!(event))
}

/// A cooperating bank whose agreement is in force.
#[derive(Serialize, utoipa::ToSchema)]
pub struct BankBody {
    /// Its id, for choosing it.
    #[schema(value_type = String)]
    id: Id,
    /// Code.
    code: String,
    /// Chinese name.
    name_zh: String,
    /// English name.
    name_en: String,
    /// Phone for holders.
    phone: String,
    /// Last day of the agreement.
    until: String,
    /// What the bank undertakes: `financial`, `instant-issue`, `self-service`, `rural-points`.
    services: Vec<&'static str>,
    /// Fees that it does not take.
    waivers: Vec<&'static str>,
}

/// The cooperating banks of today (Art. 10).
#[utoipa::path(get, path = "/api/v1/banks", tag = "banks",
    responses((status = 200, body = Vec<BankBody>)))]
async fn list(State(app): State<App>) -> Result<Json<Vec<BankBody>>, Problem> {
    let banks = agreements::list(&app, Utc::now()).await?.into_iter();
    let bodies = banks.filter_map(|(bank, agreement)| {
        let agreement = agreement?;
        Some(BankBody {
            id: bank.id,
            code: bank.code,
            name_zh: bank.name.zh,
            name_en: bank.name.en,
            phone: bank.phone,
            until: day_text(agreement.until),
            services: agreement.services.iter().map(|service| service.code()).collect(),
            waivers: agreement.waivers.iter().map(|waiver| waiver.code()).collect(),
        })
    });
    Ok(Json(bodies.collect()))
}

/// What offers are wanted.
#[derive(Deserialize, utoipa::IntoParams)]
pub(crate) struct Wanted {
    /// Code of a bank.
    #[serde(default)]
    pub bank: String,
    /// Kind of offer.
    #[serde(default)]
    pub kind: String,
    /// Division (GB/T 2260).
    #[serde(default)]
    pub division: String,
    /// A day on which it holds, `YYYY-MM-DD`.
    #[serde(default)]
    pub on: String,
}

impl Wanted {
    /// The filter meant; empty fields are none.
    pub(crate) async fn filter(&self, app: &App) -> Result<Filter, Problem> {
        let wrong = |field: &str| {
            let text = Text::new("没有这个选项", "There is no such choice");
            Problem::field(field, text)
        };
        let bank = match self.bank.as_str() {
            "" => None,
            code => Some(agreements::one(app, code.to_owned()).await?.0.id),
        };
        let kind = match self.kind.as_str() {
            "" => None,
            code => Some(Kind::from_code(code).ok_or_else(|| wrong("kind"))?),
        };
        let on = match self.on.as_str() {
            "" => None,
            day => Some(parse_day(day).ok_or_else(|| wrong("on"))?),
        };
        Ok(Filter { bank, kind, division: self.division.clone(), on })
    }
}

/// An offer to holders.
#[derive(Serialize, utoipa::ToSchema)]
pub struct OfferBody {
    /// Id of the bank.
    #[schema(value_type = String)]
    bank: Id,
    /// Kind: `fees`, `shopping`, `transport`, `bills`, `savings`, `loans`, `other`.
    kind: &'static str,
    /// Title, Chinese.
    title_zh: String,
    /// Title, English.
    title_en: String,
    /// Text, Chinese.
    text_zh: String,
    /// Text, English.
    text_en: String,
    /// Divisions where it holds; none for the whole city.
    divisions: Vec<String>,
    /// First day.
    from: String,
    /// Last day.
    until: String,
}

/// The offers that holders can use (Art. 10).
#[utoipa::path(get, path = "/api/v1/banks/offers", tag = "banks", params(Wanted),
    responses((status = 200, body = Vec<OfferBody>), (status = 422, description = "unknown kind or day")))]
async fn list_offers(
    State(app): State<App>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Vec<OfferBody>>, Problem> {
    let found = offers::public(&app, wanted.filter(&app).await?).await?;
    let body = |offer: Offer| OfferBody {
        bank: offer.bank,
        kind: offer.kind.code(),
        title_zh: offer.title.zh,
        title_en: offer.title.en,
        text_zh: offer.text.zh,
        text_en: offer.text.en,
        divisions: offer.divisions,
        from: day_text(offer.from),
        until: day_text(offer.until),
    };
    Ok(Json(found.into_iter().map(body).collect()))
}

/// What a bank tells by itself.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct EventBody {
    /// The bank's own id of the event: 1 to 64 letters, digits, `-` and `_`.
    id: String,
    /// Account number; card or account is needed.
    #[serde(default)]
    account: String,
    /// Id of the card, as in requests.
    #[serde(default)]
    card: String,
    /// `opened`, `active`, `lost`, `frozen` or `closed`.
    state: String,
    /// When it happened: seconds since 1970 UTC.
    at: i64,
}

/// What became of an event.
#[derive(Serialize, utoipa::ToSchema)]
pub struct EventResult {
    /// `applied`, `same`, `asked` or `contradicts`; again the same for an id that is known.
    result: String,
}

/// An account changed at the bank: reported lost there, frozen, closed (Art. 10, 11).
#[utoipa::path(post, path = "/api/v1/banks/events", tag = "banks", request_body = EventBody,
    responses((status = 200, body = EventResult), (status = 404, description = "no such account"),
              (status = 409, description = "known id with other content"),
              (status = 422, description = "not in its form")))]
async fn event(
    State(app): State<App>,
    actor: Actor,
    Json(body): Json<EventBody>,
) -> Result<Json<EventResult>, Problem> {
    let bank = actor.org.ok_or_else(Problem::forbidden)?;
    let state = AccountState::of_bank(&body.state).ok_or(Refused::EventForm)?;
    let at = Utc(body.at.saturating_mul(Utc::SECOND));
    let event = Event { id: body.id, card: body.card, account: body.account, state, at };
    let result = events::take(&app, &actor, bank, event).await?;
    Ok(Json(EventResult { result }))
}
