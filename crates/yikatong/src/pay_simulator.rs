//! `yikatong pay-simulator`: a bank's host that pays by files and over HTTP, well or badly, and keeps
//! a book of what it really paid.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use payfile::layout::Layout;
use payfile::port::{public_keys, secret_key};
use payfile::simulator::{Files, Folder, Host, Script, open_book, web};

/// How to simulate.
#[derive(Args)]
pub struct PaySimulatorArguments {
    /// Folder with `out` and `in`, as the platform has it.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Address to listen on for signed requests.
    #[arg(long)]
    http: Option<SocketAddr>,
    /// Short code of the bank.
    #[arg(long, default_value = "CQ01")]
    bank: String,
    /// `iso`, or the name or the file of a layout of text files.
    #[arg(long, default_value = "bar")]
    files: String,
    /// `good`, or `seed:NUMBER` with the usual chances, or with own ones:
    /// `seed:NUMBER,only,delay=30,duplicate=10`; words: fail, bounce, lie, delay, duplicate, reorder,
    /// truncate, half, refuse, restart, amount, stranger, silence.
    #[arg(long, default_value = "good")]
    script: Script,
    /// The bank's book.
    #[arg(long, default_value = "./data/pay-simulator/book.jsonl")]
    book: PathBuf,
    /// File with the bank's secret key; made when it is not there.
    #[arg(long, default_value = "./data/pay-simulator/bank.key")]
    key_file: PathBuf,
    /// Public key of the platform in hex; may be given twice.
    #[arg(long)]
    platform_key: Vec<String>,
    /// Pause between two looks into the folder, in milliseconds.
    #[arg(long, default_value_t = 1_000)]
    pause: u64,
    /// Only print what the book says was really paid: reference and fen.
    #[arg(long)]
    paid: bool,
}

/// Simulates until it is stopped.
///
/// # Errors
/// In words, what keeps it from working.
pub async fn run(arguments: PaySimulatorArguments) -> Result<ExitCode, String> {
    let book = &arguments.book;
    if arguments.paid {
        let paid = open_book(book).map_err(|error| format!("{}: {error}", book.display()))?;
        paid.iter().for_each(|(reference, fen)| println!("{reference} {fen}"));
        return Ok(ExitCode::SUCCESS);
    }
    let key = own_key(&arguments.key_file)?;
    println!("key of the bank: {}", hex_of(&key.verifying().to_compressed()));
    let platform =
        public_keys(&arguments.platform_key).map_err(|why| format!("--platform-key: {why}"))?;
    let host = Host::open(&arguments.bank, key, platform, arguments.script, book)
        .map_err(|error| format!("{}: {error}", book.display()))?;
    if arguments.folder.is_none() && arguments.http.is_none() {
        return Err("--folder or --http is needed".to_owned());
    }
    let web = arguments.http.map(|address| tokio::spawn(listen(address, Arc::clone(&host))));
    if let Some(folder) = &arguments.folder {
        let desk = Folder::new(host, folder, files(&arguments.files)?);
        println!("a bank's host works on {}", folder.display());
        loop {
            desk.step().map_err(|error| format!("{}: {error}", folder.display()))?;
            if web.as_ref().is_some_and(tokio::task::JoinHandle::is_finished) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(arguments.pause)).await;
        }
    }
    match web {
        Some(web) => web.await.map_err(|error| error.to_string())?.map(|()| ExitCode::SUCCESS),
        None => Ok(ExitCode::SUCCESS),
    }
}

async fn listen(address: SocketAddr, host: Arc<Host>) -> Result<(), String> {
    let listener = tokio::net::TcpListener::bind(address).await;
    let listener = listener.map_err(|error| format!("cannot listen on {address}: {error}"))?;
    println!("a bank's host listens on http://{address}");
    web::serve(listener, host).await.map_err(|error| error.to_string())
}

fn files(name: &str) -> Result<Files, String> {
    if name == "iso" {
        return Ok(Files::Iso);
    }
    if let Some(layout) = Layout::shipped(name) {
        return Ok(Files::Text(layout));
    }
    let json = std::fs::read_to_string(name).map_err(|error| format!("{name}: {error}"))?;
    Layout::parse(&json).map(Files::Text)
}

fn own_key(path: &Path) -> Result<seal::sm2::SigningKey, String> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    if !path.exists() {
        let words = |error: std::io::Error| format!("{}: {error}", path.display());
        std::fs::create_dir_all(path.parent().unwrap_or(path)).map_err(words)?;
        let mut options = std::fs::OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(path);
        let secret = hex_of(&kernel::platform::random::<32>());
        file.and_then(|mut file| file.write_all(secret.as_bytes())).map_err(words)?;
    }
    secret_key(path)
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
