//! Reading: lists without persons, the file for those who have a hand in it, one's own cases.

use kernel::actor::{Actor, Role};
use kernel::db::Tx;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::keys::Keys;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;

use super::{handler, unseal};
use crate::cases::rules::{
    self, Act, Clause, Facts, Hand, Handler, Refused, State, TABLE, impartial, may_lay,
};
use crate::cases::store::{self, Case, Filter, Line, Piece, Round, Step};

/// The whole file with its seals opened.
#[derive(Clone, Debug)]
pub struct File {
    /// The case.
    pub case: Case,
    /// Its clause, when it is clear.
    pub clause: Option<&'static Clause>,
    /// What was told.
    pub words: String,
    /// Name of the one concerned; empty when he is not named.
    pub respondent: String,
    /// What he was told.
    pub notice: String,
    /// What he answered.
    pub reply: String,
    /// Steps with what was written.
    pub steps: Vec<(Step, String)>,
    /// Evidence with what it shows.
    pub pieces: Vec<(Piece, String)>,
    /// Proposals and decisions with their reasons.
    pub rounds: Vec<(Round, String)>,
    /// What the reader can do now.
    pub acts: Vec<Act>,
}

/// Cases of the reader's area, newest first. Nothing in them tells of a person.
///
/// # Errors
/// The database's word.
pub async fn list(
    app: &App,
    actor: &Actor,
    filter: Filter,
    before: Id,
    most: i64,
) -> Result<Vec<Line>, Problem> {
    let filter = narrowed(actor, filter);
    let reader = actor.account;
    app.db.read(move |tx| Ok(store::list(tx, &filter, reader, before, most)?)).await
}

/// A district sees its own.
pub(crate) fn narrowed(actor: &Actor, filter: Filter) -> Filter {
    match actor.role {
        Role::DistrictOfficer | Role::DistrictApprover => {
            Filter { division: actor.division.clone(), ..filter }
        }
        _ => filter,
    }
}

/// Whether somebody may read a file: who has a hand in it, or whose hand it waits for.
///
/// # Errors
/// [`Refused`] that keeps him out.
pub(super) fn may_read(who: &Handler, case: &Case) -> Result<(), Refused> {
    impartial(who, &case.about)?;
    let mine = case.investigator == Some(who.actor.account);
    match who.hand {
        // He has handed it over.
        Some(Hand::Investigate) if !mine => return Err(Refused::Taken),
        Some(hand) if hand != Hand::Protect => return Ok(()),
        _ => {}
    }
    let waits = TABLE.iter().filter(|row| row.from == case.state).map(|row| row.hand);
    let untaken = case.investigator.is_none();
    let free = |hand: &Hand| (*hand != Hand::Investigate || untaken) && !hand.roles().is_empty();
    let mut free = waits.filter(free).peekable();
    if free.peek().is_none() {
        return Err(Refused::Taken);
    }
    let mut last = Refused::Role;
    for hand in free {
        match may_lay(who, &case.about, hand) {
            Ok(()) => return Ok(()),
            Err(refused) => last = refused,
        }
    }
    Err(last)
}

fn possible(who: &Handler, case: &Case) -> Vec<Act> {
    let mine = case.investigator.is_none_or(|one| one == who.actor.account);
    let rows = TABLE.iter().filter(|row| row.from == case.state).filter(|row| {
        let hand = row.hand_of(who.actor.role);
        may_lay(who, &case.about, hand).is_ok() && (hand != Hand::Investigate || mine)
    });
    rows.map(|row| row.act).collect()
}

/// A case that its reader may hand over: what the list tells of it, and the officers who could take it.
#[derive(Clone, Debug)]
pub struct HandOver {
    /// The case, without persons.
    pub line: Line,
    /// Account and name of each officer whom nothing keeps out of it.
    pub officers: Vec<(Id, String)>,
}

/// What is needed to hand a case over. Nothing of its file is opened: whoever gives work to somebody else
/// need not know what is in it.
///
/// # Errors
/// [`Refused`] that keeps the reader out.
pub async fn hand_over(app: &App, actor: &Actor, id: Id) -> Result<HandOver, Problem> {
    let (keys, actor) = (app.keys.clone(), actor.clone());
    app.db
        .read(move |tx| {
            let case = store::one(tx, id)?.ok_or_else(Problem::not_found)?;
            let who = handler(tx, &keys, &actor, id)?;
            let row = rules::follow(case.state, Act::HandOver, &Facts::default())?;
            let hand = row.hand_of(actor.role);
            may_lay(&who, &case.about, hand)?;
            if hand == Hand::Investigate && case.investigator != Some(actor.account) {
                return Err(Refused::Taken.into());
            }
            let mut officers = Vec::new();
            for one in store::officers(tx, &case.about.division)? {
                let next = handler(tx, &keys, &one, id)?;
                let other = Some(one.account) != case.investigator;
                if other && may_lay(&next, &case.about, Hand::Investigate).is_ok() {
                    officers.push((one.account, one.name));
                }
            }
            Ok(HandOver { line: store::Line::of(&case), officers })
        })
        .await
}

/// The file of a case; the read is journalled.
///
/// # Errors
/// [`Refused`] that keeps him out, or no such case.
pub async fn open(app: &App, actor: &Actor, id: Id) -> Result<File, Problem> {
    let (keys, now, actor) = (app.keys.clone(), Utc::now(), actor.clone());
    let entry = Entry::new(app.id(), now, &actor, "case.read", "Art. 19")
        .on("case", id)
        .why("查阅案卷 / reading a file", &[]);
    app.db
        .write(move |tx| {
            let case = store::one(tx, id)?.ok_or_else(Problem::not_found)?;
            let who = handler(tx, &keys, &actor, id)?;
            may_read(&who, &case)?;
            let subject = case.about.person.filter(|_| case.notice.is_some());
            journal::record(tx, &Entry { subject, ..entry.clone() })?;
            file(tx, &keys, &who, case)
        })
        .await
}

fn file(tx: &mut Tx<'_>, keys: &Keys, who: &Handler, case: Case) -> Result<File, Problem> {
    let id = case.id;
    let open = |place: &str, sealed: Option<&Vec<u8>>| {
        sealed.map_or(Ok(String::new()), |sealed| unseal(keys, id, place, sealed))
    };
    let words = open("words", Some(&case.words))?;
    let respondent = open("respondent", case.respondent.as_ref())?;
    let notice = open("notice", case.notice.as_ref())?;
    let reply = open("reply", case.reply.as_ref())?;
    let (mut steps, mut pieces, mut rounds) = (Vec::new(), Vec::new(), Vec::new());
    for step in store::steps(tx, id)? {
        let words = open(&format!("step {}", step.id), step.words.as_ref())?;
        steps.push((step, words));
    }
    for piece in store::pieces(tx, id)? {
        let title = open(&format!("title {}", piece.id), Some(&piece.title))?;
        pieces.push((piece, title));
    }
    for round in store::rounds(tx, id)? {
        let reasons = open(&format!("reasons {}", round.round), Some(&round.reasons))?;
        rounds.push((round, reasons));
    }
    let (clause, acts) = (Clause::from_code(&case.clause), possible(who, &case));
    Ok(File { case, clause, words, respondent, notice, reply, steps, pieces, rounds, acts })
}

/// A case as the one concerned sees it: never who reported it or who looks into it.
#[derive(Clone, Debug)]
pub struct Own {
    /// Its id.
    pub id: Id,
    /// Its number.
    pub number: String,
    /// Its clause.
    pub clause: Option<&'static Clause>,
    /// How it stands.
    pub state: State,
    /// Deadline of the state.
    pub due: Option<time::Date>,
    /// What he was told.
    pub notice: String,
    /// What he answered.
    pub reply: String,
    /// The decision with its reasons, once there is one.
    pub decision: Option<(Round, String)>,
    /// What he can do now.
    pub act: Option<Act>,
}

/// Cases in which the reader is concerned himself, newest first; the read is journalled.
///
/// # Errors
/// The database's word.
pub async fn concerned(app: &App, actor: &Actor) -> Result<Vec<Own>, Problem> {
    let (keys, now, actor) = (app.keys.clone(), Utc::now(), actor.clone());
    let entry = Entry::new(app.id(), now, &actor, "case.read-own", "Art. 26")
        .why("查看涉及本人的案件 / reading one's own cases", &[]);
    app.db
        .write(move |tx| {
            let cases = store::of_concerned(tx, &actor)?;
            journal::record(tx, &Entry { subject: actor.person, ..entry.clone() })?;
            cases.into_iter().map(|case| own(tx, &keys, case, now)).collect()
        })
        .await
}

fn own(tx: &mut Tx<'_>, keys: &Keys, case: Case, now: Utc) -> Result<Own, Problem> {
    let open = |place: &str, sealed: Option<&Vec<u8>>| {
        sealed.map_or(Ok(String::new()), |sealed| unseal(keys, case.id, place, sealed))
    };
    let last = store::rounds(tx, case.id)?.into_iter().rfind(|round| round.decided_at.is_some());
    let decision = last.map(|round| {
        let reasons = open(&format!("reasons {}", round.round), Some(&round.reasons))?;
        Ok::<_, Problem>((round, reasons))
    });
    let in_time = case.due.is_none_or(|due| due >= now.day());
    let act = match case.state {
        State::Notified => Some(Act::Reply),
        State::Decided if in_time => Some(Act::Appeal),
        _ => None,
    };
    Ok(Own {
        id: case.id,
        clause: Clause::from_code(&case.clause),
        state: case.state,
        due: case.due,
        notice: open("notice", case.notice.as_ref())?,
        reply: open("reply", case.reply.as_ref())?,
        decision: decision.transpose()?,
        act,
        number: case.number,
    })
}
