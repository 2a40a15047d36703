//! What the database knows about a set of requests, and what follows from it.

use std::collections::HashMap;

use items::rules::Item;
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal::Entry;
use kernel::law::Refusal as _;
use people::freezes::{self, Freeze};
use people::rules::Person;

use super::abroad::Abroad;
use super::{Asked, Key, Seen, Verdict};
use crate::cq1;
use crate::rules::{self, Refused, Standing, Terminal};
use crate::store::{self, Use};

/// Whose card is behind a key, and how it stands.
type Cards = HashMap<Key, (Id, Standing)>;

/// What is known.
pub(super) struct Known {
    terminals: HashMap<Id, Terminal>,
    cards: Cards,
    people: HashMap<Id, Person>,
    /// Freezes in force of those who have any.
    freezes: HashMap<Id, Vec<Freeze>>,
}

fn seen(set: &[Asked]) -> impl Iterator<Item = (&Asked, &Seen)> {
    set.iter().filter_map(|asked| asked.seen.as_ref().ok().map(|seen| (asked, seen)))
}

/// The holders behind all keys of a set, and those of them who are frozen in some way: a few statements,
/// whatever the size of the set.
fn holders(tx: &mut Tx<'_>, set: &[Asked]) -> Result<(Cards, Vec<Id>), DbError> {
    let (mut keyed, mut signed, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
    for (_, seen) in seen(set) {
        match &seen.key {
            Key::Keyed(credential) => keyed.push(*credential),
            Key::Signed(credential) => signed.push(*credential),
            Key::Card(number) => numbers.push(number.clone()),
        }
    }
    let (mut found, mut frozen) = (HashMap::new(), Vec::new());
    if !keyed.is_empty() {
        for s in cards::store::standings(tx, &keyed)? {
            frozen.extend(s.frozen.then_some(s.person));
            let standing = Standing { electronic: s.electronic, expires_on: s.expires_on };
            found.insert(Key::Keyed(s.credential), (s.person, standing));
        }
    }
    if !signed.is_empty() {
        for s in cq1::store::standings(tx, &signed)? {
            frozen.extend(s.frozen.then_some(s.person));
            let standing = Standing { electronic: s.electronic, expires_on: s.expires_on };
            found.insert(Key::Signed(s.credential), (s.person, standing));
        }
    }
    if !numbers.is_empty() {
        for s in store::card_standings(tx, &numbers)? {
            frozen.extend(s.frozen.then_some(s.person));
            let standing = Standing { electronic: s.social, expires_on: s.expires_on };
            found.insert(Key::Card(s.card_no), (s.person, standing));
        }
    }
    Ok((found, frozen))
}

impl Known {
    pub(super) fn load(tx: &mut Tx<'_>, set: &[Asked]) -> Result<Self, DbError> {
        let mut ids: Vec<Id> = set.iter().map(|asked| asked.terminal.account).collect();
        ids.sort_unstable();
        ids.dedup();
        let (cards, frozen) = holders(tx, set)?;
        let asking = seen(set).filter(|(asked, seen)| {
            seen.number.is_some() || asked.item.as_deref().is_some_and(rules::asks_person)
        });
        let people: Vec<Id> =
            asking.filter_map(|(_, seen)| cards.get(&seen.key)).map(|(id, _)| *id).collect();
        Ok(Self {
            terminals: store::terminals(tx, &ids)?,
            people: people::store::by_ids(tx, &people)?.into_iter().map(|p| (p.id, p)).collect(),
            cards,
            // No statement as long as nobody of the set is frozen.
            freezes: freezes::store::live(tx, &frozen)?,
        })
    }

    fn card_of(&self, asked: &Asked) -> Option<&(Id, Standing)> {
        // A number of another region may be that of somebody here.
        let seen = asked.seen.as_ref().ok().filter(|_| asked.abroad.is_none())?;
        self.cards.get(&seen.key)
    }

    fn freezes_of(&self, card: Option<&(Id, Standing)>) -> &[Freeze] {
        card.and_then(|(id, _)| self.freezes.get(id)).map_or(&[], Vec::as_slice)
    }

    pub(super) fn judge(&self, asked: &Asked) -> Verdict {
        if let Some(abroad) = &asked.abroad {
            return self.judge_abroad(asked, abroad);
        }
        let today = asked.at.day();
        let card = self.card_of(asked);
        let person = card.and_then(|(id, _)| self.people.get(id));
        let result = asked.seen.as_ref().map_err(Clone::clone).and_then(|seen| {
            let terminal = self.terminal(asked);
            if let (Some(_), Some(item)) = (&asked.visitor, asked.item.as_deref()) {
                rules::check_joint(item)?;
            }
            let standing = card.map(|(_, standing)| standing);
            rules::judge(terminal, asked.item.as_deref(), seen.shown, standing, today)?;
            rules::check_freezes(&asked.item_code, self.freezes_of(card))?;
            match (&seen.number, person) {
                (Some(number), Some(person)) if person.number.as_str() != number => {
                    return Err(Refused::Mismatch);
                }
                _ => {}
            }
            match (asked.item.as_deref(), person) {
                (Some(item), Some(person)) => rules::check_group(item, person, today),
                _ => Ok(Vec::new()),
            }
        });
        let (result, to_see) = match result {
            Ok(to_see) => (Ok(()), to_see),
            Err(refused) => (Err(refused), Vec::new()),
        };
        let fields = match (&result, &asked.item, person) {
            (Ok(()), Some(item), Some(person)) => rules::disclose(item, person, today),
            _ => Vec::new(),
        };
        let proof = asked.seen.as_ref().ok().map(|seen| seen.shown.proof);
        let (id, at, item) = (asked.use_id, asked.at, asked.item.clone());
        Verdict { result, id, at, item, proof, fields, to_see }
    }

    /// What the other region said of its card, for a terminal that may still ask for it.
    fn judge_abroad(&self, asked: &Asked, abroad: &Abroad) -> Verdict {
        let admitted = rules::admits(self.terminal(asked), asked.item.as_deref(), abroad.shown);
        let answer = admitted.and_then(|_| abroad.answer.clone());
        let (result, fields) = match answer {
            Ok(fields) => (Ok(()), fields),
            Err(refused) => (Err(refused), Vec::new()),
        };
        let (proof, item) = (Some(abroad.shown.proof), asked.item.clone());
        let to_see = Vec::new();
        Verdict { result, id: asked.use_id, at: asked.at, item, proof, fields, to_see }
    }

    fn terminal<'a>(&'a self, asked: &'a Asked) -> Option<&'a Terminal> {
        asked.visitor.as_ref().or_else(|| self.terminals.get(&asked.terminal.account))
    }

    /// The use to be recorded, when it is known whose card it was.
    pub(super) fn use_of(&self, asked: &Asked, verdict: &Verdict) -> Option<Use> {
        let (person, _) = self.card_of(asked)?;
        let seen = asked.seen.as_ref().ok()?;
        let item = asked.item.as_deref();
        let counter = seen.counter.map(i64::from).filter(|_| verdict.result.is_ok());
        Some(Use {
            person: *person,
            id: asked.use_id,
            at: asked.at,
            item: asked.item_code.clone(),
            item_version: item.map_or(0, |item| item.version),
            item_zh: item.map(|item| item.name.zh.clone()).unwrap_or_default(),
            item_en: item.map(|item| item.name.en.clone()).unwrap_or_default(),
            terminal: asked.terminal.account,
            place: self.place(asked),
            credential: seen.credential(),
            counter,
            result: verdict.result.as_ref().err().map_or("ok", |refused| refused.code()).to_owned(),
        })
    }

    fn place(&self, asked: &Asked) -> String {
        let terminal = self.terminal(asked);
        terminal.map_or_else(|| asked.terminal.name.clone(), |terminal| terminal.place.clone())
    }

    pub(super) fn entry(&self, asked: &Asked, verdict: &Verdict) -> Entry {
        let act = if verdict.result.is_ok() { "item.used" } else { "item.refused" };
        let mut entry = Entry::new(asked.entry_id, asked.at, &asked.terminal, act, "Art. 14");
        entry.subject = self.card_of(asked).map(|(person, _)| *person);
        entry.object = format!("use:{}", asked.use_id);
        let label = |item: &Item| format!("{} v{} {}", item.code, item.version, item.name.zh);
        entry.item = asked.item.as_deref().map_or_else(|| asked.item_code.clone(), label);
        entry.purpose = match &asked.item {
            Some(item) => item.name.zh.clone(),
            None => "核验卡码 / verification of a code".to_owned(),
        };
        entry.fields = verdict.fields.iter().map(|(field, _)| field.code()).collect();
        if let Err(refused) = &verdict.result {
            entry.result = refused.code().to_owned();
        }
        entry
    }
}
