//! The regulation's text as data, by version: a decision names the version in force on its day.

use std::sync::LazyLock;

use kernel::law::{Article, Text};
use serde::Deserialize;
use time::Date;

/// An article's text.
#[derive(Clone, Debug, Deserialize)]
pub struct ArticleText {
    /// 1 to 28.
    pub number: u8,
    /// Title in Chinese.
    pub title_zh: String,
    /// Title in English.
    pub title_en: String,
    /// The text: its body, then its clauses.
    pub text: Vec<String>,
    /// What it says, in plain English.
    pub gloss: String,
}

impl ArticleText {
    /// The article.
    pub fn article(&self) -> Article {
        Article(self.number)
    }

    /// Its title.
    pub fn title(&self) -> Text {
        Text::new(self.title_zh.as_str(), self.title_en.as_str())
    }
}

/// A version of the regulation.
#[derive(Clone, Debug, Deserialize)]
pub struct Version {
    /// Stable name: `draft`.
    pub version: String,
    /// Name in Chinese.
    pub name_zh: String,
    /// Name in English.
    pub name_en: String,
    /// First day, `YYYY-MM-DD`.
    pub from: String,
    /// The articles in their order.
    pub articles: Vec<ArticleText>,
}

impl Version {
    /// An article of this version.
    pub fn article(&self, number: u8) -> Option<&ArticleText> {
        self.articles.iter().find(|article| article.number == number)
    }

    /// The words that a decision rests on: the article's first sentence and the clause.
    pub fn words(&self, article: u8, clause: u8) -> String {
        let Some(found) = self.article(article) else { return String::new() };
        let parts = [found.text.first(), found.text.get(usize::from(clause))];
        parts.into_iter().flatten().map(String::as_str).collect()
    }
}

static VERSIONS: LazyLock<Vec<Version>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../law/regulation.json"))
        .expect("a test reads the whole file")
});

/// All versions, oldest first.
pub fn versions() -> &'static [Version] {
    &VERSIONS
}

/// The version in force on a day.
pub fn version_on(day: Date) -> &'static Version {
    let text = kernel::time::day_text(day);
    let all = versions();
    all.iter().rev().find(|version| version.from <= text).unwrap_or(&all[0])
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;
    use crate::cases::rules::CLAUSES;

    #[test]
    fn every_version_has_all_articles_and_the_clauses_are_its_words() {
        for version in versions() {
            let numbers: Vec<u8> = version.articles.iter().map(|a| a.number).collect();
            assert_eq!(numbers, (1..=28).collect::<Vec<u8>>());
            for clause in &CLAUSES {
                let words = version.words(clause.article, clause.number);
                assert!(words.contains(clause.zh), "{}: {words}", clause.code);
            }
        }
        assert_eq!(version_on(date!(2026 - 11 - 23)).version, "draft");
    }
}
