//! The regulation as the code speaks of it: articles, texts in two languages, refusals.
//!
//! Plain data without I/O: `rules.rs` of a capability may use everything here.

use std::fmt;

/// An article of the regulation, 1 to 28.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Article(pub u8);

impl fmt::Display for Article {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Art. {}", self.0)
    }
}

impl Article {
    /// `第五条`, as the regulation itself counts.
    pub fn chinese(self) -> String {
        const DIGITS: [&str; 10] = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
        let (tens, ones) = (usize::from(self.0 / 10 % 10), usize::from(self.0 % 10));
        let tens = match tens {
            0 => String::new(),
            1 => "十".to_owned(),
            n => format!("{}十", DIGITS[n]),
        };
        format!("第{tens}{}条", DIGITS[ones])
    }
}

/// The language of a page or an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Lang {
    /// Chinese, the default.
    #[default]
    Zh,
    /// English.
    En,
}

impl Lang {
    /// Picks one of two texts.
    pub fn pick<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }

    /// The BCP 47 tag for `<html lang>`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Zh => "zh-CN",
            Self::En => "en",
        }
    }
}

/// A text for people in both languages.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Text {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Text {
    /// Both languages at once.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }

    /// The text in one language.
    pub fn get(&self, lang: Lang) -> &str {
        lang.pick(&self.zh, &self.en)
    }
}

/// A rule's "no": each capability has one enum of these, and every variant says under which stable
/// code, on what ground, and what the person can do now.
pub trait Refusal: fmt::Debug + Send + Sync + 'static {
    /// Stable machine code, `capability/what`, e.g. `cards/one-person-one-card`.
    fn code(&self) -> &'static str;
    /// The article that requires the refusal, where one does.
    fn article(&self) -> Option<Article>;
    /// What is refused and why, in plain words, without personal data of others.
    fn reason(&self) -> Text;
    /// What to do now.
    fn advice(&self) -> Text;
    /// HTTP status that fits: 409 unless the rule says otherwise.
    fn status(&self) -> u16 {
        409
    }
}

/// One line of the traceability table: a rule and the article it carries out.
#[derive(Clone, Copy, Debug)]
pub struct Trace {
    /// Article of the regulation.
    pub article: u8,
    /// Path of the rule in the code, e.g. `people::rules::eligibility`.
    pub rule: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn articles_are_counted_as_the_regulation_does() {
        let said: Vec<String> = [5, 10, 12, 20, 28].map(|n| Article(n).chinese()).into();
        assert_eq!(said, ["第五条", "第十条", "第十二条", "第二十条", "第二十八条"]);
    }
}
