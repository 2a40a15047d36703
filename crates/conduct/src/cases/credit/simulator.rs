//! A public credit platform that misbehaves on demand, over HTTP. What it holds it holds once for each id,
//! like a real one; its modes are about what it says. Its book is a file of JSON lines when it is given one.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::Submission;

/// How it behaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// As agreed.
    Good,
    /// Takes what it is sent and answers later than anybody waits.
    Slow,
    /// Takes what it is sent and loses the answer.
    LostAnswers,
    /// Answers 503 and takes nothing.
    Down,
    /// Refuses everything with 422.
    Refuses,
    /// Takes what it is sent and answers rubbish.
    Garbled,
    /// Takes what it is sent and answers without a receipt.
    NoReceipt,
    /// Each of the above in turn, and well each seventh time.
    Moody,
}

impl Mode {
    /// All modes with their names on the command line.
    pub const ALL: [(Self, &'static str); 8] = [
        (Self::Good, "good"),
        (Self::Slow, "slow"),
        (Self::LostAnswers, "lost-answers"),
        (Self::Down, "down"),
        (Self::Refuses, "refuses"),
        (Self::Garbled, "garbled"),
        (Self::NoReceipt, "no-receipt"),
        (Self::Moody, "moody"),
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

/// What it holds: submissions by id, and the ids that were removed.
pub type Book = BTreeMap<String, Option<Submission>>;

/// Reads a book; a file that is not there is an empty one.
///
/// # Errors
/// It cannot be read, or a line is no submission.
pub fn open_book(path: &Path) -> std::io::Result<Book> {
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        other => other?,
    };
    let mut book = Book::new();
    for line in text.lines() {
        enter(&mut book, serde_json::from_str(line)?);
    }
    Ok(book)
}

/// Enters a submission or its removal; true when that changed something. What was removed does not come
/// back when an old submission is sent again.
fn enter(book: &mut Book, sent: Submission) -> bool {
    let held = book.get(&sent.id);
    match (sent.act.as_str(), held) {
        ("submit", None) => book.insert(sent.id.clone(), Some(sent)).is_none(),
        ("remove", None | Some(Some(_))) => {
            book.insert(sent.id, None);
            true
        }
        _ => false,
    }
}

struct Inner {
    book: Book,
    mode: Mode,
    requests: usize,
}

/// The platform.
pub struct Host {
    inner: Mutex<Inner>,
    file: Option<PathBuf>,
    secret: String,
    slowness: Duration,
}

impl Host {
    /// A platform with the book of a file, or an empty one in memory. Without a secret it serves everybody.
    ///
    /// # Errors
    /// The book cannot be read.
    pub fn open(mode: Mode, file: Option<PathBuf>, secret: &str) -> std::io::Result<Arc<Self>> {
        let book = file.as_deref().map(open_book).transpose()?.unwrap_or_default();
        let inner = Mutex::new(Inner { book, mode, requests: 0 });
        let (secret, slowness) = (secret.to_owned(), Duration::from_secs(30));
        Ok(Arc::new(Self { inner, file, secret, slowness }))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// From now on it behaves otherwise.
    pub fn set_mode(&self, mode: Mode) {
        self.inner().mode = mode;
    }

    /// What it holds now.
    pub fn holds(&self) -> Vec<Submission> {
        self.inner().book.values().flatten().cloned().collect()
    }

    /// How it treats this request.
    fn mood(&self) -> Mode {
        let mut inner = self.inner();
        inner.requests += 1;
        match inner.mode {
            Mode::Moody => {
                const MOODS: [Mode; 6] = [
                    Mode::Down,
                    Mode::LostAnswers,
                    Mode::Garbled,
                    Mode::NoReceipt,
                    Mode::Refuses,
                    Mode::Good,
                ];
                MOODS[(inner.requests - 1) % MOODS.len()]
            }
            mode => mode,
        }
    }

    fn take(&self, sent: &Submission) -> std::io::Result<()> {
        let mut inner = self.inner();
        if enter(&mut inner.book, sent.clone())
            && let Some(path) = &self.file
        {
            let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
            file.write_all((serde_json::to_string(sent)? + "\n").as_bytes())?;
            file.sync_all()?;
        }
        Ok(())
    }

    fn admits(&self, headers: &HeaderMap) -> bool {
        let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let sent = sent.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        self.secret.is_empty() || seal::token::same(sent.as_bytes(), self.secret.as_bytes())
    }
}

/// Its endpoints: `POST /` takes a submission, `GET /` shows what stands.
pub fn router(host: Arc<Host>) -> Router {
    Router::new().route("/", post(take)).route("/", get(show)).with_state(host)
}

/// Serves until the runtime ends.
///
/// # Errors
/// The listener fails.
pub async fn serve(listener: tokio::net::TcpListener, host: Arc<Host>) -> std::io::Result<()> {
    axum::serve(listener, router(host)).await
}

async fn take(State(host): State<Arc<Host>>, headers: HeaderMap, text: String) -> Response {
    if !host.admits(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let mood = host.mood();
    match mood {
        Mode::Down => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Mode::Refuses => return StatusCode::UNPROCESSABLE_ENTITY.into_response(),
        _ => {}
    }
    let Ok(sent) = serde_json::from_str::<Submission>(&text) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    if host.take(&sent).is_err() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let receipt = serde_json::json!({ "receipt": format!("R-{}-{}", sent.act, sent.id) });
    match mood {
        Mode::Slow => tokio::time::sleep(host.slowness).await,
        Mode::LostAnswers => return StatusCode::BAD_GATEWAY.into_response(),
        // Half an answer, with bytes of another encoding.
        Mode::Garbled => return b"{\"receipt\":\"\xb3\xc9".to_vec().into_response(),
        Mode::NoReceipt => return axum::Json(serde_json::json!({ "receipt": "" })).into_response(),
        _ => {}
    }
    axum::Json(receipt).into_response()
}

async fn show(State(host): State<Arc<Host>>, headers: HeaderMap) -> Response {
    match host.admits(&headers) {
        true => axum::Json(host.holds()).into_response(),
        false => StatusCode::UNAUTHORIZED.into_response(),
    }
}
