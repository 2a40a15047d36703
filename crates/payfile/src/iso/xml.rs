//! A pull reader of XML with hard bounds. No document type, no processing instruction, no entity but
//! the five of XML itself: then nothing can grow, and nothing is fetched.

use std::io::{self, BufRead, Read};

use quick_xml::NsReader;
use quick_xml::events::Event;
use quick_xml::name::ResolveResult;

/// The most bytes between two tags, tags included.
const MOST_STEP: usize = 64 * 1024;
/// The most bytes of text of an element.
const MOST_TEXT: usize = 4 * 1024;
/// The deepest nesting; the messages that are read need 12.
const MOST_DEPTH: usize = 32;

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub enum Token {
    /// An element of the message's namespace begins.
    Open(String),
    /// It ends; its text without the space around it, when it has any.
    Close(String),
    /// The end of the document.
    End,
}

/// Reads tokens.
pub struct Xml<R: BufRead> {
    reader: NsReader<Bounded<R>>,
    buffer: Vec<u8>,
    namespace: String,
    depth: usize,
    text: String,
    foreign: usize,
    attributes: Vec<(String, String)>,
}

/// Gives an error instead of more bytes than one step may need.
struct Bounded<R> {
    inner: R,
    step: usize,
}

impl<R: BufRead> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(into)?;
        self.consume(n);
        Ok(n)
    }
}

impl<R: BufRead> BufRead for Bounded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.step > MOST_STEP {
            return Err(io::Error::other("a tag or text without end"));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        self.step += n;
        self.inner.consume(n);
    }
}

impl<R: BufRead> Xml<R> {
    /// A reader of one document in UTF-8.
    pub fn new(input: R) -> Self {
        let mut reader = NsReader::from_reader(Bounded { inner: input, step: 0 });
        let config = reader.config_mut();
        config.enable_all_checks(true);
        config.expand_empty_elements = true;
        Self {
            reader,
            buffer: Vec::new(),
            namespace: String::new(),
            depth: 0,
            text: String::new(),
            foreign: 0,
            attributes: Vec::new(),
        }
    }

    /// Opens the root, `Document`; its namespace says what the message is.
    ///
    /// # Errors
    /// It is no such document.
    pub fn document(&mut self) -> Result<String, String> {
        match self.next()? {
            Token::Open(name) if name == "Document" && !self.namespace.is_empty() => {
                Ok(self.namespace.clone())
            }
            _ => Err("the root is no Document of a namespace".to_owned()),
        }
    }

    /// After the root's end nothing follows.
    ///
    /// # Errors
    /// Something does.
    pub fn finish(&mut self) -> Result<(), String> {
        match self.next()? {
            Token::End if self.depth == 0 => Ok(()),
            _ => Err("there is more than one message".to_owned()),
        }
    }

    /// An attribute of the element that was opened last.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The next token. Elements of other namespaces are passed over.
    ///
    /// # Errors
    /// The document is not well formed or has what it must not have.
    pub fn next(&mut self) -> Result<Token, String> {
        loop {
            self.buffer.clear();
            self.reader.get_mut().step = 0;
            let step = step(&mut self.reader, &mut self.buffer)?;
            match step {
                Step::Open { name, namespace, attributes } => {
                    self.depth += 1;
                    if self.depth > MOST_DEPTH {
                        return Err("the elements are nested too deep".to_owned());
                    }
                    if self.depth == 1 {
                        self.namespace = namespace.clone();
                    }
                    if self.foreign > 0 || namespace != self.namespace {
                        self.foreign += 1;
                        continue;
                    }
                    self.text.clear();
                    self.attributes = attributes;
                    return Ok(Token::Open(name));
                }
                Step::Close(name) => {
                    self.depth = self.depth.checked_sub(1).ok_or("an end without a beginning")?;
                    if self.foreign > 0 {
                        self.foreign -= 1;
                        continue;
                    }
                    return Ok(Token::Close(name));
                }
                Step::Text(text) if self.foreign == 0 => {
                    if self.depth == 0 && !text.trim().is_empty() {
                        return Err("there is text outside the message".to_owned());
                    }
                    if self.text.len() + text.len() > MOST_TEXT {
                        return Err("the text of an element is too long".to_owned());
                    }
                    self.text.push_str(&text);
                }
                Step::Text(_) | Step::Nothing => {}
                Step::End if self.depth == 0 => return Ok(Token::End),
                Step::End => return Err("the document is cut off".to_owned()),
            }
        }
    }

    /// The text of the element that was opened last, whose end is read.
    ///
    /// # Errors
    /// It has children.
    pub fn text(&mut self) -> Result<String, String> {
        match self.next()? {
            Token::Close(_) => Ok(self.text.trim().to_owned()),
            _ => Err("there are elements where text should be".to_owned()),
        }
    }

    /// Reads the children of the element that was opened last to its end; `child` reads each to its
    /// end.
    ///
    /// # Errors
    /// The first error of `child`.
    pub fn each(
        &mut self,
        mut child: impl FnMut(&mut Self, &str) -> Result<(), String>,
    ) -> Result<(), String> {
        loop {
            match self.next()? {
                Token::Open(name) => child(self, &name)?,
                Token::Close(_) => return Ok(()),
                Token::End => return Err("the document is cut off".to_owned()),
            }
        }
    }

    /// The text that was read last, without the space around it.
    pub fn seen(&self) -> &str {
        self.text.trim()
    }

    /// Passes over the element that was opened last.
    ///
    /// # Errors
    /// The document is not well formed.
    pub fn skip(&mut self) -> Result<(), String> {
        let mut open = 1;
        while open > 0 {
            match self.next()? {
                Token::Open(_) => open += 1,
                Token::Close(_) => open -= 1,
                Token::End => return Err("the document is cut off".to_owned()),
            }
        }
        Ok(())
    }
}

enum Step {
    Open { name: String, namespace: String, attributes: Vec<(String, String)> },
    Close(String),
    Text(String),
    Nothing,
    End,
}

fn step<R: BufRead>(
    reader: &mut NsReader<Bounded<R>>,
    buffer: &mut Vec<u8>,
) -> Result<Step, String> {
    let (namespace, event) =
        reader.read_resolved_event_into(buffer).map_err(|error| error.to_string())?;
    Ok(match event {
        Event::Start(start) => {
            let namespace = match namespace {
                ResolveResult::Bound(namespace) => namespace.as_ref().to_owned(),
                ResolveResult::Unbound => String::new(),
                ResolveResult::Unknown(_) => return Err("a prefix is not declared".to_owned()),
            };
            let mut attributes = Vec::new();
            for attribute in start.attributes() {
                let attribute = attribute.map_err(|error| error.to_string())?;
                if attribute.value.contains('&') {
                    return Err("an attribute refers to an entity".to_owned());
                }
                let name = attribute.key.as_ref().to_owned();
                attributes.push((name, attribute.value.into_owned()));
            }
            Step::Open { name: start.local_name().as_ref().to_owned(), namespace, attributes }
        }
        Event::End(end) => Step::Close(end.local_name().as_ref().to_owned()),
        Event::Text(text) => Step::Text(checked(text.xml10_content().into_owned())?),
        Event::CData(text) => Step::Text(checked(text.xml10_content().into_owned())?),
        Event::GeneralRef(reference) => {
            let number = reference.resolve_char_ref().map_err(|error| error.to_string())?;
            let sign = match number {
                Some(sign) => sign,
                None => match &*reference.into_inner() {
                    "amp" => '&',
                    "lt" => '<',
                    "gt" => '>',
                    "quot" => '"',
                    "apos" => '\'',
                    _ => return Err("there is an entity of the message's own".to_owned()),
                },
            };
            Step::Text(checked(sign.to_string())?)
        }
        Event::Decl(declaration) => {
            match declaration.encoding() {
                None => {}
                Some(Ok(name)) if name.eq_ignore_ascii_case("utf-8") => {}
                Some(_) => return Err("the message is not in UTF-8".to_owned()),
            }
            Step::Nothing
        }
        Event::DocType(_) => return Err("there is a document type".to_owned()),
        Event::PI(_) => return Err("there is a processing instruction".to_owned()),
        Event::Comment(_) => Step::Nothing,
        Event::Empty(_) => return Err("empty elements are expanded".to_owned()),
        Event::Eof => Step::End,
    })
}

fn checked(text: String) -> Result<String, String> {
    let bad = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
    if text.chars().any(|c| bad(c) || matches!(c, '\u{fffe}' | '\u{ffff}')) {
        return Err("there is a character that XML does not allow".to_owned());
    }
    Ok(text)
}
