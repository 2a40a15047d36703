//! A fresh PostgreSQL database, dropped at the end.

use std::process::Command;

const SERVER: &str = "YIKATONG_TEST_POSTGRES";

/// An empty database on the server named by `YIKATONG_TEST_POSTGRES`.
pub struct Database {
    server: String,
    name: String,
}

impl Database {
    /// Makes one; `None` when no server is named.
    ///
    /// # Panics
    /// When `CI` is set and no server is named, or the server refuses.
    pub fn fresh(name: &str) -> Option<Self> {
        let Ok(server) = std::env::var(SERVER) else {
            assert!(std::env::var_os("CI").is_none(), "CI must test PostgreSQL: set {SERVER}");
            return None;
        };
        let name = super::unique(name);
        psql(&server, &format!("CREATE DATABASE {name}")).expect("a database can be made");
        Some(Self { server, name })
    }

    /// Its `postgres://` URL.
    pub fn url(&self) -> String {
        let (server, query) = match self.server.split_once('?') {
            Some((server, query)) => (server, format!("?{query}")),
            None => (self.server.as_str(), String::new()),
        };
        let (scheme, rest) = server.split_once("://").expect("a postgres:// URL");
        let authority = rest.split('/').next().unwrap_or_default();
        format!("{scheme}://{authority}/{}{query}", self.name)
    }

    /// Runs one statement and gives its rows, fields parted by `|`.
    ///
    /// # Panics
    /// When the statement fails.
    pub fn query(&self, sql: &str) -> Vec<String> {
        let output = psql(&self.url(), sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        output.lines().map(str::to_owned).collect()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        if let Err(error) = psql(&self.server, &sql) {
            eprintln!("{}: {error}", self.name);
        }
    }
}

fn psql(url: &str, sql: &str) -> Result<String, String> {
    let arguments = ["--no-psqlrc", "--no-password", "--quiet", "--no-align", "--tuples-only"];
    let output = Command::new("psql")
        .args(arguments)
        .args(["--set=ON_ERROR_STOP=1", "--command", sql, url])
        .output()
        .map_err(|error| format!("psql: {error}"))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}
