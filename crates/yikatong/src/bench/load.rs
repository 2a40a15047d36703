//! Concurrent clients over real connections. They run on a thread of their own, so that the server's
//! threads do the server's work only.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use kernel::platform::App;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Size;
use super::floor::code;

/// What the clients saw.
pub(super) struct Seen {
    pub(super) answers: u64,
    pub(super) refused: u64,
    pub(super) seconds: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
}

struct Work {
    app: App,
    address: SocketAddr,
    credentials: Vec<[u8; 8]>,
    tokens: Vec<String>,
    next: AtomicU32,
    length: Duration,
}

/// Drives the server for the length of the measurement, after a short warm-up.
pub(super) async fn run(
    app: &App,
    address: SocketAddr,
    credentials: Vec<[u8; 8]>,
    tokens: Vec<String>,
    size: &Size,
) -> Result<Seen, String> {
    let (app, clients) = (app.clone(), size.clients);
    let work =
        Work { app, address, credentials, tokens, next: AtomicU32::new(0), length: size.length };
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(|error| error.to_string())?.block_on(drive(Arc::new(work), clients))
    });
    let waited = tokio::task::spawn_blocking(move || thread.join()).await;
    waited.map_err(|error| error.to_string())?.map_err(|_| "the clients panicked".to_owned())?
}

async fn drive(work: Arc<Work>, clients: usize) -> Result<Seen, String> {
    let began = Instant::now();
    let running: Vec<_> =
        (0..clients).map(|number| tokio::spawn(client(work.clone(), number, began))).collect();
    let (mut micros, mut refused) = (Vec::new(), 0);
    for client in running {
        let (took, no) = client.await.map_err(|error| error.to_string())??;
        micros.extend(took);
        refused += no;
    }
    let seconds = began.elapsed().as_secs_f64();
    micros.sort_unstable();
    let at = |share: f64| {
        let place = (micros.len() as f64 * share) as usize;
        micros.get(place.min(micros.len().saturating_sub(1))).map_or(0.0, |us| f64::from(*us) / 1e3)
    };
    Ok(Seen { answers: micros.len() as u64, refused, seconds, p50_ms: at(0.5), p99_ms: at(0.99) })
}

async fn client(work: Arc<Work>, number: usize, began: Instant) -> Result<(Vec<u32>, u64), String> {
    let words = |error: std::io::Error| error.to_string();
    let mut stream = TcpStream::connect(work.address).await.map_err(words)?;
    stream.set_nodelay(true).map_err(words)?;
    let token = &work.tokens[number % work.tokens.len()];
    let (mut micros, mut refused, mut buffer) = (Vec::new(), 0, Vec::with_capacity(2_048));
    while began.elapsed() < work.length {
        let turn = work.next.fetch_add(1, Ordering::Relaxed);
        let credential = work.credentials[turn as usize % work.credentials.len()];
        let text = code(credential, turn).encode(work.app.keys.store());
        let text = text.map_err(|error| error.to_string())?;
        let body = format!(r#"{{"code":"{text}","item":"{}"}}"#, items::seed::LIBRARY);
        let request = format!(
            "POST /api/v1/verify HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let asked = Instant::now();
        stream.write_all(request.as_bytes()).await.map_err(words)?;
        let yes = read_answer(&mut stream, &mut buffer).await?;
        micros.push(asked.elapsed().as_micros() as u32);
        refused += u64::from(!yes);
    }
    Ok((micros, refused))
}

/// Reads one answer with a content length; true when it says yes.
async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<bool, String> {
    buffer.clear();
    loop {
        let read = stream.read_buf(buffer).await.map_err(|error| error.to_string())?;
        if read == 0 {
            return Err("the server closed the connection".to_owned());
        }
        let text = String::from_utf8_lossy(buffer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse::<usize>().ok())?
        });
        if body.len() >= length.ok_or("an answer without a length")? {
            return Ok(head.starts_with("HTTP/1.1 200") && body.contains(r#""result":"yes""#));
        }
    }
}
