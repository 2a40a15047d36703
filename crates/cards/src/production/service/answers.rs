//! What a stage answers: read strictly, taken once, whole or not at all.

use std::collections::{HashMap, HashSet};

use kernel::actor::Actor;
use kernel::db::Tx;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::outbox::{self, Sms};
use kernel::platform::App;
use kernel::problem::{FieldProblem, Problem};
use people::rules::Person;
use serde_json::json;

use super::batches::{part_of, wanted};
use super::{Work, manages, reach};
use crate::production::files::{self, Answer, Direction, Fault, Header, Sheet, fault};
use crate::production::rules::shelf::State as Shelf;
use crate::production::rules::{BatchState, LineEvent, LineState, Refused, Stage};
use crate::production::store::batches::{self as store, Batch, Line, Reach};
use crate::production::store::{delivery, files as file_store};
use crate::rules::Card;

/// What became of a file that came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It counts.
    Taken {
        /// The batch, where it is now.
        batch: Box<Batch>,
        /// Lines that are good.
        good: usize,
        /// Lines that failed.
        failed: usize,
        /// Lines whose card was spoiled.
        spoiled: usize,
    },
    /// Exactly this file was taken before; nothing has changed.
    Already,
    /// It has faults, and nothing of it was taken.
    Refused(Vec<Fault>),
}

impl Outcome {
    /// The outcome, with the faults as a problem that names each line.
    ///
    /// # Errors
    /// The file was refused.
    pub fn or_problem(self) -> Result<Self, Problem> {
        let Self::Refused(faults) = self else { return Ok(self) };
        let mut problem = Problem::from(Refused::FileRefused);
        let named = |fault: &Fault| FieldProblem {
            field: format!("line {}", fault.line),
            text: Text::new(
                format!("第{}行：{}", fault.line, fault.text.zh),
                format!("Line {}: {}", fault.line, fault.text.en),
            ),
        };
        problem.fields = faults.iter().take(200).map(named).collect();
        Err(problem)
    }
}

/// Takes an answer. `expected` is the batch that the sender has chosen, if he has.
///
/// # Errors
/// The batch is not the actor's; a file with faults is no error but [`Outcome::Refused`].
pub async fn take(
    app: &App,
    actor: &Actor,
    bytes: Vec<u8>,
    expected: Option<Id>,
) -> Result<Outcome, Problem> {
    let reach = reach(actor)?;
    let sheet = match files::read(&bytes) {
        Ok(sheet) => sheet,
        Err(faults) => return refuse(app, actor, None, bytes, faults).await,
    };
    let header = sheet.header.clone();
    let wrong = |zh: &str, en: &str| vec![fault(1, zh, en)];
    if header.direction != Direction::Back {
        let faults = wrong("这不是回盘文件", "This is no answer");
        return refuse(app, actor, None, bytes, faults).await;
    }
    if expected.is_some_and(|expected| expected != header.batch) {
        let faults = wrong("文件属于另一批次", "The file belongs to another batch");
        return refuse(app, actor, None, bytes, faults).await;
    }
    let (app_in, actor_in, kept) = (app.clone(), actor.clone(), bytes.clone());
    let outcome = app
        .db
        .write(move |tx| {
            let work = Work::new(&app_in, &actor_in);
            work.take(tx, &reach, &sheet, &kept)
        })
        .await?;
    match outcome {
        Outcome::Refused(faults) => refuse(app, actor, Some(header), bytes, faults).await,
        other => Ok(other),
    }
}

/// Puts a refused file on record.
async fn refuse(
    app: &App,
    actor: &Actor,
    header: Option<Header>,
    bytes: Vec<u8>,
    faults: Vec<Fault>,
) -> Result<Outcome, Problem> {
    let lines: Vec<String> = faults.iter().map(|f| format!("{}: {}", f.line, f.text.zh)).collect();
    let (app_in, actor) = (app.clone(), actor.clone());
    let count = faults.len();
    app.db
        .write(move |tx| {
            let work = Work::new(&app_in, &actor);
            let object = header.as_ref().map_or(Id(0), |header| header.batch);
            let entry = Entry {
                result: "production/file-refused".to_owned(),
                detail: json!({"faults": count, "bytes": bytes.len()}),
                ..work.entry("production.file-refused").on("batch", object)
            };
            if let Some(header) = &header {
                let (id, told) = (app_in.id(), lines.join("\n"));
                file_store::insert(tx, &app_in.keys, id, header, &bytes, &told, work.now)?;
            }
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await?;
    Ok(Outcome::Refused(faults))
}

/// Whether this reach may answer for a part of a batch.
fn may_answer(reach: &Reach, batch: &Batch, header: &Header) -> bool {
    let own = match reach {
        Reach::Outlet(outlet) => header.stage == Stage::Outlet && header.part == *outlet,
        Reach::Bank(bank) => header.stage == Stage::Bank && batch.bank == Some(*bank),
        _ => false,
    };
    own || manages(reach, batch)
}

impl Work {
    fn take(
        &self,
        tx: &mut Tx<'_>,
        reach: &Reach,
        sheet: &Sheet,
        bytes: &[u8],
    ) -> Result<Outcome, Problem> {
        let header = &sheet.header;
        let refused = |zh: &str, en: &str| Ok(Outcome::Refused(vec![fault(1, zh, en)]));
        let Some(batch) = store::by_id(tx, header.batch)? else {
            return refused("没有这个批次", "There is no such batch");
        };
        if !may_answer(reach, &batch, header) {
            return Err(Problem::not_found());
        }
        match file_store::answered(tx, header, bytes)? {
            Some(true) => return Ok(Outcome::Already),
            Some(false) => return refused("该环节已经回盘", "This stage has answered already"),
            None => {}
        }
        if header.stage != batch.stage || batch.state != BatchState::Out {
            return refused("批次不在这个环节", "The batch is not at this stage");
        }
        let lines: Vec<Line> = store::lines(tx, batch.id)?
            .into_iter()
            .filter(|line| line.state == LineState::Out && part_of(line) == header.part)
            .collect();
        let answers = match files::answers(sheet) {
            Ok(answers) => answers,
            Err(faults) => return Ok(Outcome::Refused(faults)),
        };
        let faults = compare(header.stage, &lines, &answers);
        if !faults.is_empty() {
            return Ok(Outcome::Refused(faults));
        }
        let (keys, id) = (&self.app.keys, self.app.id());
        file_store::insert(tx, keys, id, header, bytes, "", self.now)?;
        self.answer(tx, batch, lines, &answers)
    }

    /// Carries an answer out that fits its lines.
    fn answer(
        &self,
        tx: &mut Tx<'_>,
        batch: Batch,
        lines: Vec<Line>,
        answers: &[Answer],
    ) -> Result<Outcome, Problem> {
        let (mut good, mut failed, mut spoiled) = (0, 0, 0);
        let by_seq: HashMap<i64, &Answer> = answers.iter().map(|a| (a.seq, a)).collect();
        let people: Vec<Id> = lines.iter().map(|line| line.person).collect();
        let mut people: HashMap<Id, Person> =
            people::store::by_ids(tx, &people)?.into_iter().map(|p| (p.id, p)).collect();
        let mut entries = Vec::with_capacity(lines.len() + 1);
        for mut line in lines {
            let answer = by_seq.get(&line.seq).ok_or_else(Problem::not_found)?;
            if answer.result == LineEvent::Good {
                match line.stage {
                    Stage::Bank => line.account.clone_from(&answer.value),
                    Stage::Keys => line.key_check.clone_from(&answer.check),
                    _ => {}
                }
            }
            self.step(tx, &batch, &mut line, answer.result, &answer.reason)?;
            if line.stage == Stage::Outlet && line.state == LineState::Good {
                let person = people.remove(&line.person).ok_or_else(Problem::not_found)?;
                self.arrive(tx, &batch, &mut line, &person)?;
            }
            let act = match line.state {
                LineState::Failed => "production.failed",
                LineState::Spoiled => "production.spoiled",
                LineState::Done => "card.produced",
                _ => "production.passed",
            };
            match line.state {
                LineState::Failed => failed += 1,
                LineState::Spoiled => spoiled += 1,
                _ => good += 1,
            }
            entries.push(self.of_line(act, &line, &[]));
        }
        let stage = batch.stage.code();
        let batch = Box::new(self.rest(tx, batch)?);
        let detail = json!({"stage": stage, "good": good, "failed": failed, "spoiled": spoiled});
        entries.push(self.of_batch("production.answered", &batch, detail));
        journal::record_all(tx, &entries)?;
        Ok(Outcome::Taken { batch, good, failed, spoiled })
    }

    /// The outlet has the card in its hands: from now on it is produced, unless nobody may have it any
    /// more. Then it is spoiled.
    fn arrive(
        &self,
        tx: &mut Tx<'_>,
        batch: &Batch,
        line: &mut Line,
        person: &Person,
    ) -> Result<(), Problem> {
        let card = crate::store::in_the_making(tx, line.person)?;
        let day = line.issued_on.unwrap_or(self.now.day());
        match wanted(card, line, person, day) {
            Some(mut card) => {
                card.card_no.clone_from(&line.card_no);
                let identifier = line.identifier.clone().unwrap_or_default();
                self.step(tx, batch, line, LineEvent::Advance, "")?;
                self.produced(tx, &card, person, &identifier)
            }
            None => {
                let reason = "到网点时申领已撤销或不再符合条件";
                self.step(tx, batch, line, LineEvent::Spoil, reason)
            }
        }
    }

    /// The card is in the register as made, on its way to the holder, and he is told.
    pub(super) fn produced(
        &self,
        tx: &mut Tx<'_>,
        card: &Card,
        person: &Person,
        identifier: &str,
    ) -> Result<(), Problem> {
        crate::store::set_produced(tx, card, identifier, self.now)?;
        let post = card.delivery == "post" && !person.address.is_empty();
        let shelf = delivery::draw_shelf(tx, card.outlet, 1)?;
        let (state, address) = match post {
            true => (Shelf::ToPost, person.address.as_str()),
            false => (Shelf::Shelf, ""),
        };
        let key = (card.person, card.id, card.outlet);
        delivery::insert(tx, key, (state, address), shelf, self.now)?;
        if !post && !person.phone.is_empty() {
            let text = format!(
                "【一卡通】您的社会保障卡已制好，请携带有效身份证件到申领网点领取，取卡号{shelf}。"
            );
            let sms = Sms { to: person.phone.clone(), text };
            outbox::put_sms(tx, self.app.id(), self.now, &sms)?;
        }
        Ok(())
    }
}

/// Whether an answer speaks of exactly the lines that are out.
fn compare(stage: Stage, lines: &[Line], answers: &[Answer]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let known: HashMap<i64, &Line> = lines.iter().map(|line| (line.seq, line)).collect();
    if lines.len() != answers.len() {
        let (out, back) = (lines.len(), answers.len());
        let zh = format!("发出 {out} 行，回盘 {back} 行");
        faults.push(fault(1, zh, format!("{out} lines went out, {back} came back")));
    }
    let mut accounts = HashSet::new();
    for (index, answer) in answers.iter().enumerate() {
        let Some(line) = known.get(&answer.seq).filter(|line| line.id == answer.line) else {
            let en = "This line did not go out with this file";
            faults.push(fault(index + 2, "该行不在发出的文件中", en));
            continue;
        };
        let good = answer.result == LineEvent::Good;
        let expected = match stage {
            Stage::Bank => None,
            Stage::Factory | Stage::Outlet => line.card_no.as_deref(),
            Stage::Keys => line.identifier.as_deref(),
        };
        if good && expected.is_some_and(|expected| expected != answer.value) {
            let en = "The number is not the one that was sent";
            faults.push(fault(index + 2, "卡号或识别码与发出的不一致", en));
        }
        if good && stage == Stage::Bank && !accounts.insert(&answer.value) {
            faults.push(fault(index + 2, "账号在文件中重复", "This account comes twice"));
        }
    }
    faults
}

/// The outlet's own receipt: all cards are there and good except those named, each with its reason.
///
/// # Errors
/// Nothing is out for this outlet, or a named sequence is not among it.
pub async fn receive(
    app: &App,
    actor: &Actor,
    batch: Id,
    outlet: Id,
    bad: Vec<(i64, String)>,
) -> Result<Outcome, Problem> {
    let reach = reach(actor)?;
    let (app_in, actor) = (app.clone(), actor.clone());
    app.db
        .write(move |tx| {
            let work = Work::new(&app_in, &actor);
            let loaded = store::by_id(tx, batch)?.ok_or_else(Problem::not_found)?;
            let lines: Vec<Line> = store::lines(tx, batch)?
                .into_iter()
                .filter(|line| line.stage == Stage::Outlet && line.outlet == outlet)
                .filter(|line| line.state == LineState::Out)
                .collect();
            let unknown = bad.iter().find(|(seq, _)| lines.iter().all(|line| line.seq != *seq));
            if let Some((seq, _)) = unknown {
                let text = Text::new(format!("没有第{seq}号"), format!("There is no number {seq}"));
                return Err(Problem::field("bad", text));
            }
            let answers: Vec<Answer> = lines.iter().map(|line| receipt(line, &bad)).collect();
            let header = Header {
                batch,
                stage: Stage::Outlet,
                direction: Direction::Back,
                part: outlet,
                count: answers.len(),
                day: work.now.day(),
            };
            if lines.is_empty() {
                return Err(Refused::BatchStep(loaded.stage, loaded.state).into());
            }
            let rows: Vec<Vec<String>> = answers.iter().map(files::answer_row).collect();
            let bytes = files::write(&header, &rows);
            let sheet = Sheet { header: header.clone(), rows };
            work.take(tx, &reach, &sheet, &bytes)?.or_problem()
        })
        .await
}

/// The outlet's word that all cards on their way to it have come, in good order. Says how many.
///
/// # Errors
/// As [`receive`].
pub async fn receive_all(app: &App, actor: &Actor, outlet: Id) -> Result<usize, Problem> {
    let out = app.db.read(move |tx| Ok::<_, Problem>(store::out_for(tx, outlet)?)).await?;
    let mut came = 0;
    for (batch, lines) in out {
        receive(app, actor, batch, outlet, Vec::new()).await?;
        came += lines as usize;
    }
    Ok(came)
}

fn receipt(line: &Line, bad: &[(i64, String)]) -> Answer {
    let bad = bad.iter().find(|(seq, _)| *seq == line.seq);
    Answer {
        seq: line.seq,
        line: line.id,
        result: if bad.is_some() { LineEvent::Spoil } else { LineEvent::Good },
        value: line.card_no.clone().unwrap_or_default(),
        check: String::new(),
        reason: bad.map(|(_, reason)| reason.clone()).unwrap_or_default(),
    }
}
