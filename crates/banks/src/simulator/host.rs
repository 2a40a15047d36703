//! The books of the made-up bank.

use std::collections::HashMap;
use std::sync::Mutex;

use crate::number::with_check_digit;
use crate::port::{Body, Words};
use crate::rules::{Operation, Reason, State, may};

/// How it behaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// As agreed.
    Good,
    /// Answers later than anybody waits.
    Slow,
    /// Carries requests out and does not answer them; questions afterwards it answers.
    LostAnswers,
    /// Says everything twice.
    Duplicate,
    /// Knows every holder under another name.
    WrongName,
    /// Answers rubbish.
    Garbled,
    /// Says first that it did something, then that it did not; tells other states than it told.
    Contradicting,
}

impl Mode {
    /// All modes with their names on the command line.
    pub const ALL: [(Self, &'static str); 7] = [
        (Self::Good, "good"),
        (Self::Slow, "slow"),
        (Self::LostAnswers, "lost-answers"),
        (Self::Duplicate, "duplicate"),
        (Self::WrongName, "wrong-name"),
        (Self::Garbled, "garbled"),
        (Self::Contradicting, "contradicting"),
    ];
}

impl std::str::FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|(_, name)| *name == text);
        let names = || Self::ALL.map(|(_, name)| name).join(", ");
        found.map(|(mode, _)| mode).ok_or_else(|| format!("one of {}", names()))
    }
}

struct Kept {
    number: String,
    name: String,
    document: String,
    state: State,
}

#[derive(Default)]
struct Books {
    by_card: HashMap<String, Kept>,
    answers: HashMap<String, Words>,
    carried_out: usize,
}

/// The host: its books, and how it behaves now.
pub struct Host {
    books: Mutex<Books>,
    mode: Mutex<Mode>,
}

impl Host {
    /// A host with empty books.
    pub fn new(mode: Mode) -> Self {
        Self { books: Mutex::default(), mode: Mutex::new(mode) }
    }

    /// How it behaves now.
    pub fn mode(&self) -> Mode {
        *self.mode.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// From now on it behaves otherwise.
    pub fn set_mode(&self, mode: Mode) {
        *self.mode.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = mode;
    }

    fn books(&self) -> std::sync::MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// How many requests it carried out or refused, each counted once.
    pub fn carried_out(&self) -> usize {
        self.books().carried_out
    }

    /// State of a card's account in its books.
    pub fn state(&self, card: &str) -> Option<State> {
        self.books().by_card.get(card).map(|kept| kept.state)
    }

    /// Number of a card's account in its books.
    pub fn number(&self, card: &str) -> Option<String> {
        self.books().by_card.get(card).map(|kept| kept.number.clone())
    }

    /// Somebody goes to the bank's own counter.
    pub fn change(&self, card: &str, state: State) {
        if let Some(kept) = self.books().by_card.get_mut(card) {
            kept.state = state;
        }
    }

    /// Carries a request out, once for each id, and says what became of it.
    pub fn take(&self, id: &str, operation: Operation, body: &Body) -> Words {
        let wrong_name = self.mode() == Mode::WrongName;
        let mut books = self.books();
        if let Some(known) = books.answers.get(id) {
            return known.clone();
        }
        let said = match wrong_name {
            true => Err(Reason::NameMismatch),
            false => carry_out(&mut books, operation, body),
        };
        let words = words(id, said);
        books.answers.insert(id.to_owned(), words.clone());
        books.carried_out += 1;
        words
    }

    /// What became of a request. When it contradicts itself, the opposite of what it said.
    pub fn query(&self, id: &str) -> Words {
        let known = self.books().answers.get(id).cloned();
        let never =
            Words { id: id.to_owned(), result: "never_seen".to_owned(), ..Words::default() };
        let known = known.unwrap_or(never);
        if self.mode() == Mode::Contradicting { opposite(&known) } else { known }
    }
}

/// The opposite of an answer.
pub(super) fn opposite(words: &Words) -> Words {
    let id = &words.id;
    match words.result.as_str() {
        "done" => self::words(id, Err(Reason::WrongState)),
        "refused" => self::words(id, Ok((State::Active, String::new()))),
        _ => words.clone(),
    }
}

fn words(id: &str, said: Result<(State, String), Reason>) -> Words {
    let id = id.to_owned();
    match said {
        Ok((state, account)) => {
            let (result, state) = ("done".to_owned(), state.code().to_owned());
            Words { id, result, code: String::new(), state, account }
        }
        Err(reason) => {
            let (result, code) = ("refused".to_owned(), reason.code().to_owned());
            Words { id, result, code, ..Words::default() }
        }
    }
}

fn carry_out(
    books: &mut Books,
    operation: Operation,
    body: &Body,
) -> Result<(State, String), Reason> {
    if operation == Operation::PreOpen && !books.by_card.contains_key(&body.card) {
        let serial = books.by_card.len();
        let kept = Kept {
            number: with_check_digit(&format!("622{serial:012}")),
            name: body.name.clone(),
            document: body.number.clone(),
            state: State::Opened,
        };
        books.by_card.insert(body.card.clone(), kept);
    }
    let kept = match operation {
        Operation::Check => books.by_card.values_mut().find(|kept| kept.number == body.account),
        _ => books.by_card.get_mut(&body.card),
    };
    let kept = kept.ok_or(Reason::NoSuchAccount)?;
    if kept.name != body.name {
        return Err(Reason::NameMismatch);
    }
    if kept.document != body.number {
        return Err(Reason::DocumentMismatch);
    }
    // What is lost or blocked already is so as it was asked to be.
    let holds = match operation {
        Operation::ReportLoss => kept.state == State::Lost,
        Operation::Freeze => kept.state == State::Frozen,
        _ => false,
    };
    if operation != Operation::PreOpen && !holds && may(operation, Some(kept.state)).is_err() {
        return Err(Reason::WrongState);
    }
    kept.state = match operation {
        Operation::Activate | Operation::Release | Operation::Unfreeze => State::Active,
        Operation::ReportLoss => State::Lost,
        Operation::Freeze => State::Frozen,
        Operation::Close => State::Closed,
        Operation::PreOpen | Operation::Check | Operation::Status => kept.state,
    };
    Ok((kept.state, kept.number.clone()))
}
