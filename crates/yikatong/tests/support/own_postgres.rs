//! A PostgreSQL server of the test's own, to be killed at any moment.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

/// A server whose data lie in a folder under `/tmp`; its port stays the same when it is started again.
pub struct OwnPostgres {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
}

impl OwnPostgres {
    /// Makes a cluster and starts it; `None` where PostgreSQL is not installed.
    ///
    /// # Panics
    /// When the programs are there and do not work.
    pub fn start() -> Option<Self> {
        let programs = programs()?;
        let folder = PathBuf::from("/tmp").join(super::unique("pg"));
        std::fs::create_dir(&folder).expect("a folder");
        let mut owner = Command::new("chown");
        owner.arg(user()).arg(&folder);
        assert!(!is_root() || owner.status().is_ok_and(|done| done.success()), "chown");
        let own = Self { programs, folder, port: super::free_port() };
        let made = own.run(
            "initdb",
            &[
                "--pgdata=data",
                "--username=yikatong",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ],
        );
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        own.again();
        Some(own)
    }

    /// `postgres://` URL of its database.
    pub fn url(&self) -> String {
        format!("postgres://yikatong@127.0.0.1:{}/postgres", self.port)
    }

    /// Ends it at once (SIGKILL), as a power cut would.
    pub fn kill(&self) {
        let pid = std::fs::read_to_string(self.folder.join("data/postmaster.pid"));
        if let Some(pid) = pid.ok().and_then(|text| text.lines().next()?.trim().parse().ok()) {
            super::signal("KILL", pid);
        }
    }

    /// Starts it again; it recovers what was flushed.
    ///
    /// # Panics
    /// When it does not within half a minute.
    pub fn again(&self) {
        let options = format!(
            "-p {} -k {} -c listen_addresses=127.0.0.1 -c fsync=on -c timezone=UTC",
            self.port,
            self.folder.display()
        );
        // Workers of the killed one are about to notice that it is gone.
        let started = super::until(Duration::from_secs(30), || {
            let arguments = ["start", "-w", "-s", "-t", "20", "-D", "data", "-l", "log", "-o"];
            self.run("pg_ctl", &[&arguments[..], &[options.as_str()]].concat()).status.success()
        });
        assert!(started, "PostgreSQL does not start again");
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        let path = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            let user = user();
            command.args([&format!("--reuid={user}"), "--clear-groups", "--"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        // What it leaves running must not hold the test's pipes.
        let (out, said) = (self.folder.join("out"), self.folder.join("said"));
        let file = |path: &Path| std::fs::File::create(path).expect("a file");
        command.args(arguments).current_dir(&self.folder);
        let status = command.stdout(file(&out)).stderr(file(&said)).status().expect("it runs");
        Output { status, stdout: Vec::new(), stderr: std::fs::read(said).unwrap_or_default() }
    }
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        self.run("pg_ctl", &["stop", "-s", "-w", "-t", "20", "-m", "immediate", "-D", "data"]);
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.insert(0, "/usr/local/bin".into());
    folders.into_iter().rev().find(|folder| folder.join("initdb").exists())
}

fn is_root() -> bool {
    let said = Command::new("id").arg("-u").output().expect("id runs");
    said.stdout.trim_ascii() == b"0"
}

/// PostgreSQL refuses to run as root.
fn user() -> &'static str {
    let known = Command::new("id").arg("postgres").output().is_ok_and(|one| one.status.success());
    if known { "postgres" } else { "nobody" }
}
