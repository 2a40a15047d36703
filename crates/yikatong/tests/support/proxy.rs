//! A bad network between two servers: a TCP proxy on a loopback port that can be cut and mended.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU16, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Way {
    /// It gets through, and so does its answer.
    Open,
    /// The connection breaks before anything arrives.
    Cut,
    /// It arrives, and its answer is lost.
    AnswerLost,
    /// It arrives a third of a second late.
    Slow,
    /// It arrives twice at the same moment, over two connections.
    Twice,
}

impl Way {
    const ALL: [Self; 5] = [Self::Open, Self::Cut, Self::AnswerLost, Self::Slow, Self::Twice];
}

struct State {
    way: AtomicU8,
    target: AtomicU16,
    closed: AtomicBool,
    passed: AtomicU64,
}

/// The proxy; it ends when it is dropped.
pub struct Proxy {
    port: u16,
    state: Arc<State>,
}

impl Proxy {
    /// Passes on to a loopback port.
    pub fn to(target: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let state = Arc::new(State {
            way: AtomicU8::new(Way::Open as u8),
            target: AtomicU16::new(target),
            closed: AtomicBool::new(false),
            passed: AtomicU64::new(0),
        });
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if shared.closed.load(SeqCst) {
                    return;
                }
                let state = shared.clone();
                std::thread::spawn(move || pass(&state, stream));
            }
        });
        Self { port, state }
    }

    /// Its address, without a slash at its end.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on requests are treated so.
    pub fn set(&self, way: Way) {
        self.state.way.store(way as u8, SeqCst);
    }

    /// Requests that reached the server.
    pub fn passed(&self) -> u64 {
        self.state.passed.load(SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.closed.store(true, SeqCst);
        // Wakes the listener.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

/// One request and its answer; `None` breaks the connection.
fn pass(state: &State, mut client: TcpStream) -> Option<()> {
    let way = Way::ALL[usize::from(state.way.load(SeqCst))];
    if way == Way::Cut {
        return None;
    }
    let request = message(&client)?;
    if way == Way::Slow {
        std::thread::sleep(Duration::from_millis(330));
    }
    let target = state.target.load(SeqCst);
    let second = (way == Way::Twice).then(|| {
        let request = request.clone();
        std::thread::spawn(move || exchange(target, &request))
    });
    let answer = exchange(target, &request);
    second.map(std::thread::JoinHandle::join);
    state.passed.fetch_add(u64::from(answer.is_some()), SeqCst);
    match way {
        Way::AnswerLost => None,
        _ => client.write_all(&answer?).ok(),
    }
}

fn exchange(target: u16, request: &[u8]) -> Option<Vec<u8>> {
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, target)).ok()?;
    server.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    server.write_all(request).ok()?;
    message(&server)
}

/// A whole HTTP message whose length is told in its head.
fn message(stream: &TcpStream) -> Option<Vec<u8>> {
    let (mut reader, mut all, mut length) = (BufReader::new(stream), Vec::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        all.extend_from_slice(line.as_bytes());
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok()?;
        }
        if line.trim_end().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    all.extend_from_slice(&body);
    Some(all)
}
