//! What a step changes.

use kernel::actor::Actor;
use kernel::db::Tx;
use kernel::id::Id;
use kernel::keys::Keys;
use kernel::law::Text;
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::{Utc, parse_day};
use serde::Deserialize;

use super::{handler, seal, unseal};
use crate::cases::rules::{self, Act, Clause, Decision, Hand, Kind, Party, Refused, State};
use crate::cases::store::{self, Case, Round};
use crate::cases::{APPEAL_DAYS, DECIDE_DAYS, INVESTIGATE_DAYS, REPLY_DAYS};
use crate::supervision::regulation::{commencement, in_force, version_on};

/// A step as sent by a form or a program; which fields count depends on the act.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Sent {
    /// Code of the act.
    pub act: String,
    /// Reason, notice, answer or grounds.
    pub words: String,
    /// Code of the clause, to open.
    pub clause: String,
    /// Code of the party, to open or notify.
    pub party: String,
    /// Name of the one concerned.
    pub respondent: String,
    /// His person number, when he is in the register.
    pub person: String,
    /// His name at sign-in, when he is staff.
    pub account: String,
    /// The organisation.
    pub org: String,
    /// He leads that organisation.
    pub head: bool,
    /// Account or sign-in name of the officer who takes the case over.
    pub to: String,
    /// Number of the case to join to.
    pub of: String,
    /// Kind of the decision.
    pub kind: String,
    /// It is serious.
    pub serious: bool,
    /// Another law that sets a penalty.
    pub other_law: String,
    /// Who gets a referral.
    pub authority: String,
    /// Last day to correct, `YYYY-MM-DD`.
    pub correct_by: String,
}

/// What a step stands on.
pub(super) struct Step<'a> {
    pub keys: &'a Keys,
    pub actor: &'a Actor,
    pub now: Utc,
    pub act: Act,
    pub sent: &'a Sent,
}

fn bad(field: &str, zh: &str, en: &str) -> Problem {
    Problem::field(field, Text::new(zh, en))
}

impl Step<'_> {
    fn seal(&self, case: &Case, place: &str) -> Option<Vec<u8>> {
        Some(seal(self.keys, case.id, place, self.sent.words.trim()))
    }

    fn tell_reporter(&self, case: &mut Case, text: &str) {
        case.said = Some(seal(self.keys, case.id, "said", text));
    }

    /// Changes the case; its state is set by the caller.
    pub(super) fn apply(&self, tx: &mut Tx<'_>, case: &mut Case) -> Result<(), Problem> {
        match self.act {
            Act::Join => self.join(tx, case)?,
            Act::Refer => self.tell_reporter(case, self.sent.words.trim()),
            Act::Open => {
                self.name_clause(case)?;
                self.name_respondent(tx, case)?;
            }
            Act::HandOver => self.hand_over(tx, case)?,
            Act::Notify => {
                self.name_respondent(tx, case)?;
                if case.respondent.is_none() {
                    return Err(Refused::NoRespondent.into());
                }
                case.notice = self.seal(case, "notice");
            }
            Act::Reply => case.reply = self.seal(case, "reply"),
            Act::Propose => self.propose(tx, case)?,
            Act::Return => {
                let round = self.waiting(tx, case)?.round;
                store::return_round(tx, case.id, round)?;
            }
            Act::Decide => self.decide(tx, case)?,
            Act::Uphold => self.review(tx, case, "upheld")?,
            Act::Overturn => self.review(tx, case, "overturned")?,
            Act::Remand => self.review(tx, case, "remanded")?,
            Act::NotCorrected => {
                let day = self.correct_by()?.filter(|day| *day > self.now.day());
                let day = day.ok_or(Refused::CorrectBy)?;
                let round = self.last(tx, case)?.round;
                store::set_correct_by(tx, case.id, round, day)?;
            }
            Act::Evidence
            | Act::EndHearing
            | Act::LookAgain
            | Act::Appeal
            | Act::Finalise
            | Act::Corrected
            | Act::Close => {}
        }
        Ok(())
    }

    /// The deadline of the state that the case comes into.
    pub(super) fn due(
        &self,
        tx: &mut Tx<'_>,
        case: &Case,
        to: State,
    ) -> Result<Option<time::Date>, Problem> {
        let (today, (_, calendar)) = (self.now.day(), care::calendar::current(tx)?);
        let mut days = |setting| settings::get(tx, setting, self.now);
        Ok(match to {
            // Another handler has no more time than the one before him.
            _ if self.act == Act::HandOver => case.due,
            State::Investigating | State::Heard if case.state == to => case.due,
            State::Investigating | State::Heard => {
                Some(calendar.after_days(today, days(&INVESTIGATE_DAYS)?))
            }
            State::Notified => Some(calendar.after(today, days(&REPLY_DAYS)?)),
            State::Proposed | State::Appealed => Some(calendar.after(today, days(&DECIDE_DAYS)?)),
            State::Decided => Some(calendar.after_days(today, days(&APPEAL_DAYS)?)),
            State::Final => self.last(tx, case)?.correct_by,
            _ => None,
        })
    }

    fn join(&self, tx: &mut Tx<'_>, case: &mut Case) -> Result<(), Problem> {
        let other = store::numbered(tx, &self.sent.of.trim().to_ascii_uppercase())?;
        let fits = other.filter(|other| other.id != case.id && other.duplicate_of.is_none());
        let other = fits.ok_or_else(|| bad("of", "没有该案件编号", "There is no such case"))?;
        case.duplicate_of = Some(other.id);
        Ok(())
    }

    fn name_clause(&self, case: &mut Case) -> Result<(), Problem> {
        let clause = Clause::from_code(self.sent.clause.trim());
        let clause = clause.ok_or_else(|| bad("clause", "请选择条款", "Choose the clause"))?;
        case.clause = clause.code.to_owned();
        Ok(())
    }

    /// Names the one concerned, unless nothing was sent about him.
    fn name_respondent(&self, tx: &mut Tx<'_>, case: &mut Case) -> Result<(), Problem> {
        let sent = self.sent;
        let Some(party) = Party::from_code(&sent.party) else { return Ok(()) };
        let clause = Clause::from_code(&case.clause).ok_or(Refused::WrongParty)?;
        if !clause.parties().contains(&party) {
            return Err(Refused::WrongParty.into());
        }
        let mut name = sent.respondent.trim().chars().take(100).collect::<String>();
        let about = &mut case.about;
        (about.party, about.head) = (Some(party), sent.head);
        (about.account, about.person, about.org) = (None, None, None);
        let text = sent.org.trim();
        if !text.is_empty() {
            let org: Id = text.parse().map_err(|_| bad("org", "没有该单位", "No such body"))?;
            about.org = Some(org);
        }
        let login = sent.account.trim();
        if !login.is_empty() && party == Party::Staff {
            let account = kernel::auth::account_called(tx, login)?;
            let known = account.map(|account| store::staff(tx, account)).transpose()?.flatten();
            let none = || bad("account", "没有该工作人员账号", "No such account");
            let (org, known) = known.ok_or_else(none)?;
            (about.account, about.org) = (account, org.or(about.org));
            name = if name.is_empty() { known } else { name };
        }
        let number = sent.person.trim();
        if !number.is_empty() {
            let read = people::number::PersonNumber::restore(number);
            let number = read.map_err(|_| bad("person", "号码有误", "A wrong number"))?;
            let person = people::store::by_number(tx, &number)?;
            let none = || bad("person", "没有该人员", "There is no such person");
            let person = person.ok_or_else(none)?;
            about.person = Some(person.id);
            name = if name.is_empty() { person.name } else { name };
        }
        if !name.is_empty() {
            case.respondent = Some(seal(self.keys, case.id, "respondent", &name));
        }
        Ok(())
    }

    fn correct_by(&self) -> Result<Option<time::Date>, Problem> {
        match self.sent.correct_by.trim() {
            "" => Ok(None),
            text => parse_day(text).map(Some).ok_or(Refused::CorrectBy.into()),
        }
    }

    fn rule(&self, case: &Case, decision: &Decision) -> Result<&'static Clause, Problem> {
        let clause = Clause::from_code(&case.clause).ok_or(Refused::WrongParty)?;
        let party = case.about.party.ok_or(Refused::NoRespondent)?;
        rules::check(clause, party, decision, self.now.day())?;
        Ok(clause)
    }

    /// Art. 28.
    fn in_force(&self, tx: &mut Tx<'_>) -> Result<(), Problem> {
        let from = commencement(tx, self.now)?;
        if in_force(from, self.now.day()) { Ok(()) } else { Err(Refused::NotInForce.into()) }
    }

    fn propose(&self, tx: &mut Tx<'_>, case: &Case) -> Result<(), Problem> {
        let sent = self.sent;
        let kind = Kind::from_code(&sent.kind);
        let short = |text: &str| text.trim().chars().take(200).collect::<String>();
        let decision = Decision {
            kind: kind.ok_or_else(|| bad("kind", "请选择处理方式", "Choose a kind"))?,
            serious: sent.serious,
            other_law: short(&sent.other_law),
            authority: short(&sent.authority),
            correct_by: self.correct_by()?,
            reasons: sent.words.clone(),
        };
        self.in_force(tx)?;
        let clause = self.rule(case, &decision)?;
        let round = store::rounds(tx, case.id)?.len() as i64 + 1;
        let version = version_on(self.now.day());
        let round = Round {
            round,
            state: "proposed".to_owned(),
            kind: decision.kind,
            clause: case.clause.clone(),
            regulation: version.version.clone(),
            basis: version.words(clause.article, clause.number),
            serious: decision.serious,
            other_law: decision.other_law,
            authority: decision.authority,
            correct_by: decision.correct_by,
            reasons: seal(self.keys, case.id, &format!("reasons {round}"), sent.words.trim()),
            proposed_by: self.actor.account,
            decided_at: None,
        };
        Ok(store::insert_round(tx, case.id, &round, self.now)?)
    }

    fn last(&self, tx: &mut Tx<'_>, case: &Case) -> Result<Round, Problem> {
        Ok(store::rounds(tx, case.id)?.pop().ok_or(Refused::Step)?)
    }

    fn waiting(&self, tx: &mut Tx<'_>, case: &Case) -> Result<Round, Problem> {
        let last = self.last(tx, case)?;
        if last.state == "proposed" { Ok(last) } else { Err(Refused::Step.into()) }
    }

    fn decide(&self, tx: &mut Tx<'_>, case: &mut Case) -> Result<(), Problem> {
        let mut round = self.waiting(tx, case)?;
        let place = format!("reasons {}", round.round);
        let decision = Decision {
            kind: round.kind,
            serious: round.serious,
            other_law: round.other_law.clone(),
            authority: round.authority.clone(),
            correct_by: round.correct_by,
            reasons: unseal(self.keys, case.id, &place, &round.reasons)?,
        };
        self.in_force(tx)?;
        let clause = self.rule(case, &decision)?;
        // The version of this day, which may be another than that of the proposal.
        let version = version_on(self.now.day());
        round.regulation = version.version.clone();
        round.basis = version.words(clause.article, clause.number);
        let told =
            format!("已作出决定：{} / decided: {}", round.kind.name().zh, round.kind.name().en);
        self.tell_reporter(case, &told);
        Ok(store::decide(tx, case.id, &round, self.actor.account, self.now)?)
    }

    fn review(&self, tx: &mut Tx<'_>, case: &mut Case, outcome: &str) -> Result<(), Problem> {
        let round = self.last(tx, case)?.round;
        if outcome == "overturned" {
            self.tell_reporter(case, "决定经复核撤销 / the decision fell on appeal");
        }
        Ok(store::review_round(tx, case.id, round, outcome, self.actor.account, self.now)?)
    }

    /// The case goes to another officer whom nothing keeps out of it. The hand of the one before him stays on
    /// record for good; his sight of the file ends.
    fn hand_over(&self, tx: &mut Tx<'_>, case: &mut Case) -> Result<(), Problem> {
        let nobody = || bad("to", "请选择接办人员", "Choose who takes it over");
        let asked = self.sent.to.trim();
        let account = match asked.parse() {
            Ok(account) => Some(account),
            Err(_) => kernel::auth::account_called(tx, asked)?,
        };
        let next = account.map(|account| store::officer(tx, account)).transpose()?.flatten();
        let next = next.filter(|next| Some(next.account) != case.investigator);
        let next = next.ok_or_else(nobody)?;
        let who = handler(tx, self.keys, &next, case.id)?;
        rules::may_lay(&who, &case.about, Hand::Investigate)?;
        store::lay_hand(tx, case.id, next.account, Hand::Investigate)?;
        (case.investigator, case.investigator_name) = (Some(next.account), next.name);
        Ok(())
    }

    /// Enters whose hand it was. Who gives a case to somebody else has decided nothing about it.
    pub(super) fn lay(&self, tx: &mut Tx<'_>, case: &mut Case, hand: Hand) -> Result<(), Problem> {
        let (account, name) = (Some(self.actor.account), self.actor.name.clone());
        match hand {
            _ if self.act == Act::HandOver => {}
            Hand::Investigate => (case.investigator, case.investigator_name) = (account, name),
            Hand::Decide => (case.decider, case.decider_name) = (account, name),
            Hand::Review => (case.reviewer, case.reviewer_name) = (account, name),
            Hand::Protect | Hand::Concerned | Hand::Clock => return Ok(()),
        }
        Ok(store::lay_hand(tx, case.id, self.actor.account, hand)?)
    }
}
