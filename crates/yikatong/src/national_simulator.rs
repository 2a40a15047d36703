//! `yikatong national-simulator`: a national platform that takes reports by files or over HTTP, well or badly,
//! and keeps a book of what it took.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use regions::national::simulator::{Host, Script, router};

/// How to simulate.
#[derive(Args)]
pub struct NationalSimulatorArguments {
    /// Data folder of the platform, for an exchange by files.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Address to listen on.
    #[arg(long)]
    http: Option<SocketAddr>,
    /// `good`, or `seed:NUMBER` with the usual chances, or those named: `seed:NUMBER,lose=30,forge=10`; words:
    /// error, lose, garbage, forge, mix, half, strange, refuse, late.
    #[arg(long, default_value = "good")]
    script: Script,
    /// The platform's book.
    #[arg(long, default_value = "./data/national-simulator/book.jsonl")]
    book: PathBuf,
    /// File with the platform's secret key, 64 digits; made when it is not there.
    #[arg(long, default_value = "./data/national-simulator/key")]
    key_file: PathBuf,
    /// Public key of a region that is heard, 66 digits (`yikatong regions national-key`); may be given twice.
    #[arg(long)]
    region_key: Vec<String>,
    /// Number of somebody who has a card elsewhere in the country; may be given twice.
    #[arg(long)]
    held: Vec<String>,
    /// Pause between two looks into the folder, in milliseconds.
    #[arg(long, default_value_t = 1_000)]
    pause: u64,
}

/// Simulates until it is stopped.
///
/// # Errors
/// In words, what keeps it from working.
pub async fn run(arguments: NationalSimulatorArguments) -> Result<ExitCode, String> {
    if arguments.folder.is_none() && arguments.http.is_none() {
        return Err("--folder or --http is needed".to_owned());
    }
    let secret = secret(&arguments.key_file)?;
    if let Some(folder) = arguments.book.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let host = Host::open(secret, arguments.region_key, arguments.script, &arguments.book)?;
    let host = Arc::new(host.knowing(arguments.held, Default::default(), None));
    println!("key of the platform: {}", host.public_key());
    if let Some(address) = arguments.http {
        let listener = tokio::net::TcpListener::bind(address).await;
        let listener = listener.map_err(|error| format!("cannot listen on {address}: {error}"))?;
        println!("a national platform listens on http://{address}");
        let serve = axum::serve(listener, router(host.clone()));
        if arguments.folder.is_none() {
            return serve.await.map_err(|error| error.to_string()).map(|()| ExitCode::SUCCESS);
        }
        tokio::spawn(async move { serve.await });
    }
    let folder = arguments.folder.unwrap_or_default();
    println!("a national platform works on {}", folder.display());
    loop {
        host.step(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        tokio::time::sleep(Duration::from_millis(arguments.pause)).await;
    }
}

fn secret(path: &Path) -> Result<[u8; 32], String> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let words = |error: std::io::Error| format!("{}: {error}", path.display());
    if !path.exists() {
        std::fs::create_dir_all(path.parent().unwrap_or(path)).map_err(words)?;
        let mut options = std::fs::OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(path);
        let secret: String =
            kernel::platform::random::<32>().iter().map(|byte| format!("{byte:02x}")).collect();
        file.and_then(|mut file| file.write_all(secret.as_bytes())).map_err(words)?;
    }
    let text = std::fs::read_to_string(path).map_err(words)?;
    let digit = |at: usize| text.trim().get(2 * at..2 * at + 2);
    let mut secret = [0; 32];
    for (at, byte) in secret.iter_mut().enumerate() {
        let read = digit(at).and_then(|two| u8::from_str_radix(two, 16).ok());
        *byte = read.ok_or_else(|| format!("{}: 64 hexadecimal digits", path.display()))?;
    }
    Ok(secret)
}
