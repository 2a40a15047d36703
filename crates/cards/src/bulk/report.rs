//! What became of a file line by line, as a file that can be corrected and sent again.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use futures_core::Stream;
use kernel::actor::Actor;
use kernel::journal::{self, Entry};
use kernel::law::Lang;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use sheet::{CsvWriter, Fault, Row};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::columns::COLUMNS;
use super::rules::{NOT_DONE, Outcome, Refused, State, name_of};
use super::store::{self, BulkJob};
use super::work::{self, Check};

/// Which lines are told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Report {
    /// Lines that the check found fault with.
    Errors,
    /// All lines, with what became of them.
    Result,
}

/// The names of all columns, as an empty file to fill in.
pub(super) fn template() -> Result<Response, Problem> {
    let mut writer = CsvWriter::new(Vec::new()).map_err(broken)?;
    writer.row(COLUMNS.iter().map(|column| column.names[0])).map_err(broken)?;
    let bytes = writer.finish().map_err(broken)?;
    Ok(csv("template", Body::from(bytes)))
}

/// The same as a workbook.
pub(super) fn template_book() -> Result<Response, Problem> {
    let names = COLUMNS.iter().map(|column| column.names[0].into()).collect();
    let bytes = sheet::xlsx("申领", &[names]).map_err(broken)?;
    let kind = (header::CONTENT_TYPE, sheet::XLSX_TYPE);
    let name = (header::CONTENT_DISPOSITION, "attachment; filename=\"template.xlsx\"");
    Ok(([kind, name], bytes).into_response())
}

fn broken(error: std::io::Error) -> Problem {
    kernel::db::DbError::Engine(error.to_string()).into()
}

/// A report as a download; that it was fetched is on record (Art. 19).
///
/// # Errors
/// There is nothing to tell yet, or the file is gone.
pub(super) async fn download(
    app: &App,
    actor: &Actor,
    job: BulkJob,
    report: Report,
    lang: Lang,
) -> Result<Response, Problem> {
    if !job.file_kept {
        return Err(Refused::FileGone.into());
    }
    match (report, job.state) {
        (_, State::Checking) | (Report::Result, State::Waiting) => {
            return Err(Refused::NotBegun.into());
        }
        _ => {}
    }
    let entry = Entry::new(app.id(), Utc::now(), actor, "bulk.report-read", "Art. 19");
    let entry = entry.on("bulk", job.id).why("下载办理结果 / result file", &["card"]);
    app.db.write(move |tx| Ok::<_, Problem>(journal::record(tx, &entry)?)).await?;
    let (send, chunks) = mpsc::channel(4);
    let (app, runtime, name) = (app.clone(), Handle::current(), job.id.to_string());
    tokio::task::spawn_blocking(move || {
        let work = Work { app, job, report, lang, runtime, send };
        // The reader went away, or the file broke off: the download ends short.
        let _ = work.write();
    });
    Ok(csv(&name, Body::from_stream(Chunks(chunks))))
}

fn csv(name: &str, body: Body) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    let disposition = format!("attachment; filename=\"bulk-{name}.csv\"");
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

struct Chunks(mpsc::Receiver<Bytes>);

impl Stream for Chunks {
    type Item = Result<Bytes, std::convert::Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|chunk| chunk.map(Ok))
    }
}

/// Bytes that are gathered before they are handed over.
const CHUNK: usize = 32 * 1024;

struct Work {
    app: App,
    job: BulkJob,
    report: Report,
    lang: Lang,
    runtime: Handle,
    send: mpsc::Sender<Bytes>,
}

impl Work {
    fn write(&self) -> std::io::Result<()> {
        let gone = |_| std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
        let sheet = work::open(&self.app, &self.job).map_err(gone)?;
        let mut writer = CsvWriter::new(Vec::new())?;
        let names = ["行号", "办理结果", "说明"].map(str::to_owned);
        let columns: Vec<String> = sheet.columns().iter().map(|(n, _)| n.to_string()).collect();
        writer.row(names.iter().chain(&columns))?;
        let mut check = Check::new(&self.job, self.job.created_at);
        let mut done = Done { number: 0, outcomes: Vec::new().into_iter() };
        for item in sheet {
            if item.as_ref().is_err_and(Fault::is_final) {
                break;
            }
            let outcome = match self.report {
                Report::Errors => check.outcome(&item),
                Report::Result => self.outcome(&item, &mut done)?,
            };
            if self.report == Report::Errors && outcome.is_good() {
                continue;
            }
            self.line(&mut writer, &item, &outcome)?;
            writer = self.hand_over(writer, CHUNK)?;
        }
        self.hand_over(writer, 0).map(drop)
    }

    fn line(
        &self,
        writer: &mut CsvWriter<Vec<u8>>,
        item: &Result<Row, Fault>,
        outcome: &Outcome,
    ) -> std::io::Result<()> {
        let (name, article) = name_of(&outcome.code);
        let mut result = name.get(self.lang).to_owned();
        if let Some(article) = article {
            let article = match self.lang {
                Lang::Zh => format!("（{}）", article.chinese()),
                Lang::En => format!(" ({article})"),
            };
            result.push_str(&article);
        }
        let why = self.lang.pick(&outcome.zh, &outcome.en).to_owned();
        let first = [outcome.line.to_string(), result, why];
        let cells = item.as_ref().map_or(&[][..], |row| &row.cells);
        writer.row(first.iter().chain(cells))
    }

    fn hand_over(
        &self,
        writer: CsvWriter<Vec<u8>>,
        least: usize,
    ) -> std::io::Result<CsvWriter<Vec<u8>>> {
        let gone = |_| std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        let bytes = writer.finish()?;
        if bytes.len() < least || bytes.is_empty() {
            return Ok(CsvWriter::more(bytes));
        }
        self.send.blocking_send(Bytes::from(bytes)).map_err(gone)?;
        Ok(CsvWriter::more(Vec::with_capacity(2 * CHUNK)))
    }

    /// The outcome on record, in the order of the file.
    fn outcome(&self, item: &Result<Row, Fault>, done: &mut Done) -> std::io::Result<Outcome> {
        let line = item.as_ref().map_or_else(|fault| fault.line, |row| row.line);
        loop {
            if let Some(outcome) = done.outcomes.next() {
                return Ok(outcome);
            }
            if done.number >= self.job.sets {
                return Ok(Outcome::good(line, NOT_DONE));
            }
            let (job, number) = (self.job.id, done.number);
            let set = self.app.db.read(move |tx| store::outcomes(tx, job, number));
            let set = self.runtime.block_on(set).map_err(std::io::Error::other)?;
            done.outcomes = set.into_iter();
            done.number += 1;
        }
    }
}

/// What is on record, set by set.
struct Done {
    number: i64,
    outcomes: std::vec::IntoIter<Outcome>,
}
