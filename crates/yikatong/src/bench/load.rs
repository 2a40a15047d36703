//! Concurrent clients over real connections. They run on a thread of their own, so that the server's
//! threads do the server's work only.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use kernel::actor::Actor;
use kernel::platform::App;
use kernel::problem::Problem;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Size;

/// What the clients saw.
pub(super) struct Seen {
    pub(super) answers: u64,
    pub(super) refused: u64,
    pub(super) seconds: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
}

struct Work {
    address: SocketAddr,
    codes: Vec<String>,
    tokens: Vec<String>,
    next: AtomicU32,
    length: Duration,
    item: &'static str,
}

/// Codes that holders have on their screens, each from one display, and how many were shown a second.
/// A code lives a minute, so no more are shown than can be verified in time.
pub(super) async fn shown(
    app: &App,
    holders: Vec<Actor>,
    size: &Size,
) -> Result<(Vec<String>, f64), Problem> {
    let (began, holders) = (Instant::now(), Arc::new(holders));
    let (length, clients) = ((size.length * 2).min(Duration::from_secs(25)), size.clients);
    let hold = |hand: usize| {
        let (app, holders) = (app.clone(), holders.clone());
        tokio::spawn(async move {
            let mut texts = Vec::new();
            for holder in holders.iter().skip(hand).step_by(clients).cycle() {
                if began.elapsed() > length {
                    break;
                }
                texts.push(codes::cq1::issue::show(&app, holder).await?.text);
            }
            Ok::<_, Problem>(texts)
        })
    };
    let hands: Vec<_> = (0..clients.min(holders.len())).map(hold).collect();
    let mut all = Vec::new();
    for hand in hands {
        all.push(hand.await.map_err(|_| Problem::not_found())??);
    }
    let rate = all.iter().map(Vec::len).sum::<usize>() as f64 / began.elapsed().as_secs_f64();
    // The oldest first, and each holder's in the order of their counters.
    let most = all.iter().map(Vec::len).max().unwrap_or_default();
    let turn = |turn: usize| all.iter().filter_map(move |texts| texts.get(turn).cloned());
    Ok(((0..most).flat_map(turn).collect(), rate))
}

/// Drives the server with these codes, each once, for the length of the measurement.
pub(super) async fn run(
    address: SocketAddr,
    codes: Vec<String>,
    tokens: Vec<String>,
    size: &Size,
    item: &'static str,
) -> Result<Seen, String> {
    let clients = size.clients;
    let (next, length) = (AtomicU32::new(0), size.length);
    let work = Work { address, codes, tokens, next, length, item };
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
        let Some(text) = work.codes.get(turn as usize) else { break };
        let body = format!(r#"{{"code":"{text}","item":"{}"}}"#, work.item);
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
