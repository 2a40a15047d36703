//! The way to a PostgreSQL server, from its URL. A server on another machine must prove who it is
//! before it hears a password, unless the URL says `sslmode=disable`.

use std::net::IpAddr;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::DbError;

/// Where the server is and how it is spoken to.
#[derive(Clone)]
pub(super) struct Way {
    /// Host, user, database.
    pub(super) config: Config,
    /// `None`: in the clear, on this machine or by the operator's word.
    pub(super) tls: Option<MakeRustlsConnect>,
}

/// Reads a `postgres://` URL. Of libpq's words for TLS it knows `sslmode=disable`,
/// `sslmode=verify-full` (the default for another machine; `require` is the same here) and
/// `sslrootcert=FILE` (PEM; without it the public authorities of the web).
///
/// # Errors
/// [`DbError::Unavailable`], never with a part of the URL, which may carry a password.
pub(super) fn way(url: &str) -> Result<Way, DbError> {
    let said = |text: &str| DbError::Unavailable(text.to_owned());
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let unreadable = || said("the database URL cannot be read");
    let words: Vec<(String, String)> =
        serde_urlencoded::from_str(query).map_err(|_| unreadable())?;
    let word = |name: &str| words.iter().find(|(known, _)| known == name).map(|(_, value)| value);
    let rest: Vec<&(String, String)> =
        words.iter().filter(|(name, _)| !["sslmode", "sslrootcert"].contains(&&**name)).collect();
    // `+` is a space to a form, and itself to PostgreSQL's URLs.
    let rest = serde_urlencoded::to_string(&rest).map_err(|_| unreadable())?.replace('+', "%20");
    let mut config: Config = format!("{base}?{rest}").parse().map_err(|_| unreadable())?;

    let is_here = config.get_hosts().iter().all(is_here);
    let encrypted = match word("sslmode").map(String::as_str) {
        None => !is_here || word("sslrootcert").is_some(),
        Some("disable") => false,
        Some("require" | "verify-full") => true,
        Some(_) => return Err(said("sslmode is disable or verify-full")),
    };
    config.ssl_mode(if encrypted { SslMode::Require } else { SslMode::Disable });
    let roots = word("sslrootcert").map(String::as_str);
    let tls = if encrypted { Some(connector(roots)?) } else { None };
    Ok(Way { config, tls })
}

fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        Host::Unix(_) => true,
    }
}

fn connector(roots: Option<&str>) -> Result<MakeRustlsConnect, DbError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| DbError::Unavailable(error.to_string()))?;
    let roots = match roots {
        Some(file) => roots_of(file)?,
        None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
    };
    Ok(MakeRustlsConnect::new(config.with_root_certificates(roots).with_no_client_auth()))
}

fn roots_of(file: &str) -> Result<RootCertStore, DbError> {
    let wrong = |why: String| DbError::Unavailable(format!("sslrootcert {file}: {why}"));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|e| wrong(e.to_string()))? {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(wrong("no certificate in it".to_owned()));
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_machine_is_spoken_to_under_tls_unless_the_url_says_otherwise() {
        let encrypted = |url: &str| way(url).expect("a way").tls.is_some();
        assert!(!encrypted("postgres://me@127.0.0.1:5432/card"));
        assert!(!encrypted("postgres://me@localhost/card?connect_timeout=3"));
        assert!(!encrypted("postgres://me@/card?host=/run/postgresql"));
        assert!(encrypted("postgres://me:secret@db.example/card"));
        assert!(encrypted("postgres://me@10.0.0.7/card"));
        assert!(encrypted("postgres://me@localhost/card?sslmode=verify-full"));
        assert!(!encrypted("postgres://me@10.0.0.7/card?sslmode=disable"));
        assert!(encrypted("postgres://me@127.0.0.1,10.0.0.7/card"));
    }

    #[test]
    fn what_cannot_be_kept_is_refused_without_the_password() {
        let bad = [
            "postgres://me:geheim@db.example/card?sslmode=prefer",
            "postgres://me:geheim@db.example/card?sslrootcert=/nowhere/ca.pem",
            "postgres://me:geheim@db.example:port/card",
            "postgres://me:geheim@db.example/card?unheard=of",
        ];
        for url in bad {
            let Err(problem) = way(url) else { panic!("{url} was taken") };
            assert!(!problem.to_string().contains("geheim"), "{problem}");
        }
    }

    #[test]
    fn other_words_of_a_url_stay_as_they_are() {
        let url = "postgres://me@db.example/card?options=-c%20a%3Db&application_name=x%2By&sslmode=disable";
        let config = way(url).expect("a way").config;
        assert_eq!(config.get_options(), Some("-c a=b"));
        assert_eq!(config.get_application_name(), Some("x+y"));
    }
}
