//! How each article is carried out, as the code itself tells it. A test of the whole platform writes the
//! data from refusals, declared routes and tests, together with `docs/regulation.md`.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// A rule: a function, or a refusal with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Path of the function, or stable code of the refusal.
    pub name: String,
    /// The refusal's reason in Chinese; empty for functions.
    pub zh: String,
    /// The refusal's reason in English.
    pub en: String,
}

/// What one article has in the code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traces {
    /// 1 to 28.
    pub article: u8,
    /// Rules.
    pub rules: Vec<Rule>,
    /// `METHOD path` of the API.
    pub routes: Vec<String>,
    /// `METHOD path` of the pages.
    pub pages: Vec<String>,
    /// `crate: name` of the tests.
    pub tests: Vec<String>,
}

impl Traces {
    /// Pages that can be opened as they are.
    pub fn links(&self) -> Vec<&str> {
        let gets = self.pages.iter().filter_map(|page| page.strip_prefix("GET "));
        gets.filter(|path| !path.contains('{') && !path.contains('.')).collect()
    }
}

static TRACES: LazyLock<Vec<Traces>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../law/traces.json"))
        .expect("a test reads the whole file")
});

/// Traces of an article; empty ones when the code has none.
pub fn traces(article: u8) -> Traces {
    let found = TRACES.iter().find(|traces| traces.article == article);
    found.cloned().unwrap_or(Traces { article, ..Traces::default() })
}
