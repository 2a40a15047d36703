//! Carrying out what the rules decided: state, journal, account and message in one transaction.

use banks::service::Asking;
use kernel::actor::{Actor, Role};
use kernel::auth::{self, NewAccount};
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::outbox::{self, Sms};
use kernel::platform::{App, random};
use kernel::problem::Problem;
use kernel::time::Utc;
use people::representatives::Representative;
use people::rules::Person;
use seal::id36904::CertificateId;

use super::{act_of, bank};
use crate::production::service::instant;
use crate::rules::{self, CancelCause, Card, Cause, Command, Event, Fee, Refused};
use crate::store::{self, Application};

/// Type code of the electronic social security card after GB/T 36903.
const CERTIFICATE_KIND: &str = "11100000000013338W009";

pub(super) struct Step<'a> {
    pub(super) app: &'a App,
    pub(super) actor: &'a Actor,
    pub(super) person: &'a Person,
    pub(super) ids: [Id; 4],
    pub(super) outlet: Option<Id>,
    pub(super) now: Utc,
    pub(super) agent: Option<Representative>,
}

impl Step<'_> {
    pub(super) fn carry_out(
        &self,
        tx: &mut Tx<'_>,
        card: Option<Card>,
        command: &Command,
        event: &Event,
        hash: &str,
    ) -> Result<Card, Problem> {
        let (mut card, detail) = self.subject(card, command, event)?;
        rules::apply(&mut card, event);
        match (event, command) {
            (Event::Applied | Event::ReplacementApplied { .. }, _) => {
                self.insert(tx, &card, command, event)?;
            }
            (Event::Produced { .. }, _) => self.produce(tx, &mut card)?,
            (Event::HandedOver, Command::HandOver { to }) => {
                store::set_handed_over(tx, &card, to.trim(), self.now)?;
            }
            (Event::Activated, _) => self.activate(tx, &card, hash)?,
            (Event::Cancelled, Command::Cancel { cause, evidence }) => {
                self.cancel(tx, &card, *cause, evidence.trim())?;
            }
            _ => store::save(tx, &card, act_of(event).0, self.now)?,
        }
        self.tell(tx, event)?;
        bank::follow(tx, self.asking(&card, event), event)?;
        journal::record(tx, &self.entry(&card, event, detail))?;
        Ok(card)
    }

    fn asking(&self, card: &Card, event: &Event) -> Asking<'_> {
        let (_, _, purpose) = act_of(event);
        let (app, actor, now) = (self.app, self.actor, self.now);
        Asking { app, actor, person: card.person, card: card.id, purpose, now }
    }

    /// The card that the event is about, and what the journal says beside it.
    fn subject(
        &self,
        card: Option<Card>,
        command: &Command,
        event: &Event,
    ) -> Result<(Card, serde_json::Value), Problem> {
        let said = match command {
            Command::Lose { proof } | Command::Release { proof } | Command::Unlock { proof } => {
                serde_json::json!({ "proof": proof.trim() })
            }
            Command::Cancel { cause, evidence } => {
                serde_json::json!({ "cause": cause.code(), "evidence": evidence.trim() })
            }
            Command::Replace { cause, .. } => serde_json::json!({ "cause": cause.code() }),
            _ => serde_json::Value::Null,
        };
        let card = match (event, command, card) {
            (Event::Applied, _, _) => self.new_card(Cause::First, None, self.outlet),
            (_, Command::Replace { cause, .. }, Some(old)) => {
                let outlet = self.outlet.unwrap_or(old.outlet);
                self.new_card(*cause, Some(old.id), Some(outlet))
            }
            (_, _, Some(card)) => Ok(card),
            (_, _, None) => Err(Refused::NoCard.into()),
        };
        Ok((card?, said))
    }

    fn new_card(
        &self,
        cause: Cause,
        replaces: Option<Id>,
        outlet: Option<Id>,
    ) -> Result<Card, Problem> {
        let outlet = outlet.ok_or_else(Problem::forbidden)?;
        let card = Card::ordered(self.person.id, self.ids[0], outlet, self.now);
        Ok(Card { cause, replaces, ..card })
    }

    fn insert(
        &self,
        tx: &mut Tx<'_>,
        card: &Card,
        command: &Command,
        event: &Event,
    ) -> Result<(), Problem> {
        let application = match (command, event) {
            (Command::Apply { guardian }, _) => {
                Application { guardian: guardian.trim().to_owned(), ..Application::default() }
            }
            (Command::Replace { decision, fee, .. }, Event::ReplacementApplied { fee_fen }) => {
                Application {
                    guardian: String::new(),
                    decision: decision.trim().to_owned(),
                    fee_fen: *fee_fen,
                    fee_proof: match fee {
                        Fee::Free => "free".to_owned(),
                        Fee::Paid(proof) => format!("paid: {}", proof.trim()),
                        Fee::Waived(ground) => format!("waived: {}", ground.trim()),
                    },
                }
            }
            _ => Application::default(),
        };
        let inserted = store::insert(tx, card, &application, self.ids[1]);
        // Two applications at the same moment: the database lets one in.
        inserted.map_err(|error| match error {
            DbError::Unique(_) if card.replaces.is_some() => Refused::ReplacementUnderWay.into(),
            DbError::Unique(_) => Refused::OnePersonOneCard.into(),
            other => Problem::from(other),
        })
    }

    fn produce(&self, tx: &mut Tx<'_>, card: &mut Card) -> Result<(), Problem> {
        let made = instant::at_once(tx, self.app, self.actor, card)?;
        card.card_no = Some(made.card_no);
        Ok(store::set_produced(tx, card, &made.identifier, self.now)?)
    }

    /// The card becomes usable; in the same act the electronic card is issued (Art. 2, 5), the
    /// holder's account is opened, and a card whose place it takes becomes invalid (Art. 12).
    fn activate(&self, tx: &mut Tx<'_>, card: &Card, hash: &str) -> Result<(), Problem> {
        let old = match card.replaces {
            Some(id) => store::by_id(tx, card.person, id)?,
            None => None,
        };
        if let Some(mut old) = old.clone() {
            rules::apply(&mut old, &Event::Replaced);
            store::save(tx, &old, card.cause.code(), self.now)?;
            bank::follow(tx, self.asking(&old, &Event::Replaced), &Event::Replaced)?;
            bank::move_account(tx, self.asking(card, &Event::Replaced), old.id)?;
            journal::record(tx, &self.entry(&old, &Event::Replaced, serde_json::Value::Null))?;
        }
        store::save(tx, card, "", self.now)?;
        store::take_place(tx, card)?;
        store::set_activated_at(tx, card, self.now)?;
        let card_no = card.card_no.clone().unwrap_or_default();
        let certificate = CertificateId {
            kind: CERTIFICATE_KIND.to_owned(),
            issuer: self.app.config.issuer_code.clone(),
            serial: card_no.clone(),
            version: 1,
        };
        store::issue_ecard(tx, card, &certificate.to_string(), &random::<8>(), self.now)?;
        Ok(self.open_account(tx, &card_no, old.and_then(|old| old.card_no), hash)?)
    }

    fn open_account(
        &self,
        tx: &mut Tx<'_>,
        card_no: &str,
        old_no: Option<String>,
        hash: &str,
    ) -> Result<(), DbError> {
        let account = match auth::account_of(tx, self.person.id)? {
            Some(account) => account,
            None => {
                let account = NewAccount {
                    id: self.ids[2],
                    role: Role::Holder,
                    name: self.person.name.clone(),
                    org: None,
                    division: String::new(),
                    person: Some(self.person.id),
                    phone: Some(self.person.phone.clone()),
                };
                auth::create_account(tx, &account, self.now)?;
                auth::add_login(tx, account.id, self.person.number.as_str())?;
                account.id
            }
        };
        if let Some(old_no) = old_no {
            auth::remove_login(tx, account, &old_no)?;
        }
        auth::add_login(tx, account, card_no)?;
        auth::set_password(tx, account, hash)
    }

    /// Art. 13: nothing of the card can be used any more; the account goes with it.
    fn cancel(
        &self,
        tx: &mut Tx<'_>,
        card: &Card,
        cause: CancelCause,
        evidence: &str,
    ) -> Result<(), Problem> {
        store::save(tx, card, &format!("{}: {evidence}", cause.code()), self.now)?;
        if cause.is_death() {
            people::store::set_deceased(tx, self.person, Some(self.now.day()))?;
        }
        Ok(auth::close_accounts_of(tx, self.person.id, self.now)?)
    }

    /// What the holder hears by short message.
    fn tell(&self, tx: &mut Tx<'_>, event: &Event) -> Result<(), DbError> {
        let text = match event {
            Event::Activated => "您的社会保障卡和电子社会保障卡已启用，可在手机上出示。".to_owned(),
            Event::LostTemporarily { until } => format!(
                "您的社会保障卡已临时挂失，电子社会保障卡同时停用，{}自动失效。请尽快持身份证件到网点办理正式挂失。",
                until.local()
            ),
            Event::Lost => "您的社会保障卡已正式挂失，电子社会保障卡同时停用。".to_owned(),
            Event::Lapsed => {
                "您的社会保障卡临时挂失已到期失效，实体卡恢复使用；电子社会保障卡请重新关联。"
                    .to_owned()
            }
            Event::Released => "您的社会保障卡已解挂；电子社会保障卡请重新关联。".to_owned(),
            Event::Locked => "您的社会保障卡已被锁定。".to_owned(),
            Event::Unlocked => "您的社会保障卡已解锁；电子社会保障卡请重新关联。".to_owned(),
            Event::ReplacementApplied { .. } => {
                "已受理您的补换卡申请，可在手机上查询进度。".to_owned()
            }
            Event::Cancelled => "社会保障卡已注销。".to_owned(),
            _ => return Ok(()),
        };
        let text = format!("【一卡通】{text}如非本人办理请致电12333。");
        let sms = Sms { to: self.person.phone.clone(), text };
        outbox::put_sms(tx, self.ids[3], self.now, &sms)
    }

    fn entry(&self, card: &Card, event: &Event, detail: serde_json::Value) -> Entry {
        let (act, basis, purpose) = act_of(event);
        let mut entry = Entry::new(self.app.id(), self.now, self.actor, act, basis)
            .about(self.person.id)
            .on("card", card.id)
            .why(purpose, &["card"]);
        entry.detail = detail;
        if let Some(agent) = &self.agent {
            let by = serde_json::json!({"agent": agent.id.to_string(), "relation": agent.relation});
            match &mut entry.detail {
                serde_json::Value::Object(known) => {
                    known.insert("by".to_owned(), by);
                }
                other => *other = serde_json::json!({"by": by}),
            }
        }
        entry
    }
}
