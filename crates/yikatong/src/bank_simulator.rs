//! `yikatong bank-simulator`: a made-up bank's host, for trying the bank port.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use banks::simulator::{Host, Mode, run_folder, serve};
use clap::Args;

/// How to simulate.
#[derive(Args)]
#[group(id = "way", required = true, multiple = false, args = ["listen", "folder"])]
pub struct SimulatorArguments {
    /// Address to listen on for JSON over HTTP.
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// Folder with `outgoing` and `incoming`, as the platform has it.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// File with the bearer secret, the same as the platform's.
    #[arg(long)]
    secret_file: Option<PathBuf>,
    /// good, slow, lost-answers, duplicate, wrong-name, garbled or contradicting.
    #[arg(long, default_value = "good")]
    mode: Mode,
}

/// Simulates until it is stopped.
///
/// # Errors
/// In words, what keeps it from working.
pub async fn run(arguments: SimulatorArguments) -> Result<ExitCode, String> {
    let host = Arc::new(Host::new(arguments.mode));
    if let Some(folder) = arguments.folder {
        println!("a bank's host works on {}", folder.display());
        let done = run_folder(&folder, &host).await;
        done.map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    if let Some(address) = arguments.listen {
        let path = arguments.secret_file.ok_or("--listen needs --secret-file")?;
        let secret = std::fs::read_to_string(&path);
        let secret = secret.map_err(|error| format!("{}: {error}", path.display()))?;
        let secret = secret.trim();
        if secret.is_empty() {
            return Err(format!("{}: the secret is empty", path.display()));
        }
        let listener = tokio::net::TcpListener::bind(address).await;
        let listener = listener.map_err(|e| format!("cannot listen on {address}: {e}"))?;
        println!("a bank's host listens on http://{address}");
        serve(listener, host, secret).await.map_err(|error| error.to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}
