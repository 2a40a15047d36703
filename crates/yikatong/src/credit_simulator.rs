//! `yikatong credit-simulator`: a made-up public credit platform, for trying the credit port (Art. 26).

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use conduct::cases::credit::simulator::{Host, Mode, open_book, serve};

/// How to simulate.
#[derive(Args)]
pub struct SimulatorArguments {
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1:8700")]
    listen: SocketAddr,
    /// good, slow, lost-answers, down, refuses, garbled, no-receipt or moody.
    #[arg(long, default_value = "good")]
    mode: Mode,
    /// File with the bearer secret, the same as the platform's `credit-platform.secret`.
    #[arg(long)]
    secret_file: Option<PathBuf>,
    /// The book of what it holds; without it, it forgets when it ends.
    #[arg(long)]
    book: Option<PathBuf>,
    /// Only print what stands in the book, as JSON lines.
    #[arg(long, requires = "book")]
    held: bool,
}

/// Simulates until it is stopped.
///
/// # Errors
/// In words, what keeps it from working.
pub async fn run(arguments: SimulatorArguments) -> Result<ExitCode, String> {
    let SimulatorArguments { listen, mode, secret_file, book, held } = arguments;
    let words = |path: &PathBuf, error: std::io::Error| format!("{}: {error}", path.display());
    if let (true, Some(path)) = (held, &book) {
        for one in open_book(path).map_err(|error| words(path, error))?.values().flatten() {
            println!("{}", serde_json::to_string(one).map_err(|error| error.to_string())?);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let secret = match &secret_file {
        Some(path) => std::fs::read_to_string(path).map_err(|error| words(path, error))?,
        None => String::new(),
    };
    let place = book.clone().unwrap_or_default();
    let host = Host::open(mode, book, secret.trim()).map_err(|error| words(&place, error))?;
    let listener = tokio::net::TcpListener::bind(listen).await;
    let listener = listener.map_err(|error| format!("cannot listen on {listen}: {error}"))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    println!("a credit platform listens on http://{address}/");
    serve(listener, host).await.map_err(|error| error.to_string())?;
    Ok(ExitCode::SUCCESS)
}
