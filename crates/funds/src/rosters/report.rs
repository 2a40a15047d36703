//! Bad lines as a file that can be corrected and sent again alone.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use futures_core::Stream;
use kernel::actor::Actor;
use kernel::db::DbError;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Lang;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use sheet::CsvWriter;
use tokio::sync::mpsc;

use super::lines::{self, Shown, Which};
use super::reasons::reason_text;
use crate::programmes::formula::yuan;

/// Lines that are asked for at a time.
const PAGE: i64 = 2_000;
/// The names of the columns; without the last one it is a file to fill in.
const NAMES: [&str; 8] =
    ["行号", "社会保障号码", "姓名", "金额", "数量", "户编号", "银行账号", "原因"];

fn csv(name: &str, body: Body) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    let disposition = format!("attachment; filename=\"roster-{name}.csv\"");
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

fn broken(error: std::io::Error) -> Problem {
    DbError::Engine(error.to_string()).into()
}

/// An empty file with the names of the columns.
///
/// # Errors
/// Never: it is written into memory.
pub fn template() -> Result<Response, Problem> {
    let mut writer = CsvWriter::new(Vec::new()).map_err(broken)?;
    writer.row(&NAMES[1..7]).map_err(broken)?;
    Ok(csv("template", Body::from(writer.finish().map_err(broken)?)))
}

/// All bad lines as a download, page by page; that it was fetched is on record (Art. 19).
///
/// # Errors
/// The database's word.
pub async fn bad_lines(
    app: &App,
    actor: &Actor,
    roster: Id,
    lang: Lang,
) -> Result<Response, Problem> {
    let entry = Entry::new(app.id(), Utc::now(), actor, "roster.bad-lines-read", "Art. 19");
    let entry =
        entry.on("roster", roster).why("更正发放名册 / correcting a roster", &["name", "number"]);
    app.db.write(move |tx| Ok::<_, Problem>(journal::record(tx, &entry)?)).await?;
    let (send, chunks) = mpsc::channel(4);
    let app = app.clone();
    tokio::spawn(async move {
        // The reader went away, or the database did: the download ends short.
        let _ = write(&app, roster, lang, &send).await;
    });
    Ok(csv(&roster.to_string(), Body::from_stream(Chunks(chunks))))
}

async fn write(app: &App, roster: Id, lang: Lang, to: &mpsc::Sender<Bytes>) -> Result<(), Problem> {
    let mut writer = CsvWriter::new(Vec::new()).map_err(broken)?;
    writer.row(NAMES).map_err(broken)?;
    let mut after = 0;
    loop {
        let shared = app.clone();
        let page = app
            .db
            .read(move |tx| lines::page(tx, &shared.keys, roster, Which::Bad, (after, PAGE)))
            .await?;
        for line in &page {
            writer.row(cells(line, lang)).map_err(broken)?;
            after = line.line;
        }
        let bytes = writer.finish().map_err(broken)?;
        if to.send(bytes.into()).await.is_err() || page.is_empty() {
            return Ok(());
        }
        writer = CsvWriter::more(Vec::new());
    }
}

fn cells(line: &Shown, lang: Lang) -> [String; 8] {
    let why = reason_text(&line.reason).get(lang).to_owned();
    let place = line.line.to_string();
    match &line.written {
        Some(d) => [
            place,
            d.number.clone(),
            d.name.clone(),
            d.amount.clone(),
            d.amount_of.clone(),
            d.household.clone(),
            d.account.clone(),
            why,
        ],
        None => {
            let none = String::new;
            [
                place,
                line.number.clone(),
                line.name.clone(),
                yuan(line.fen),
                none(),
                none(),
                none(),
                why,
            ]
        }
    }
}

struct Chunks(mpsc::Receiver<Bytes>);

impl Stream for Chunks {
    type Item = Result<Bytes, std::convert::Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|chunk| chunk.map(Ok))
    }
}
