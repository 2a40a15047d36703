//! A real browser, driven over WebDriver. Texts are in two languages on each page, so what a button
//! or a page shows is compared by "contains".

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use super::Folder;

const START: Duration = Duration::from_secs(60);
const WAIT: Duration = Duration::from_secs(20);

/// False when `YIKATONG_NO_BROWSER` asks to leave out what needs a browser.
pub fn wanted() -> bool {
    std::env::var_os("YIKATONG_NO_BROWSER").is_none()
}

/// One window of Chromium with a profile of its own. Its methods panic when the page is not as they
/// need it, and tell the address, the text of the page and where its picture is.
pub struct Browser {
    client: Client,
    // Before the profile, so that the browser is gone when its folder is deleted.
    _driver: Driver,
    _profile: Folder,
}

impl Browser {
    /// A phone of 390 × 844 points with touch.
    pub async fn phone() -> Self {
        let touch =
            json!({"width": 390, "height": 844, "pixelRatio": 2, "touch": true, "mobile": true});
        Self::start(&touch).await
    }

    /// A desktop page of 1280 × 900 points.
    pub async fn desktop() -> Self {
        let mouse =
            json!({"width": 1280, "height": 900, "pixelRatio": 1, "touch": false, "mobile": false});
        Self::start(&mouse).await
    }

    async fn start(metrics: &Value) -> Self {
        let profile = Folder::new("browser");
        let data = format!("--user-data-dir={}", profile.path().display());
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--accept-lang=zh-CN",
            data.as_str(),
        ];
        let emulation = json!({"deviceMetrics": metrics});
        let driver = Driver::start(data.clone());
        let mut capabilities = fantoccini::wd::Capabilities::new();
        capabilities.insert(
            "goog:chromeOptions".to_owned(),
            json!({"args": arguments, "mobileEmulation": emulation}),
        );
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{}", driver.port))
            .await
            .expect("Chromium starts");
        Self { client, _driver: driver, _profile: profile }
    }

    /// Goes to an address.
    pub async fn open(&self, url: &str) {
        self.must(self.client.goto(url).await, &format!("open {url}")).await;
    }

    /// Types `text` into the field with this id instead of what it holds.
    pub async fn fill(&self, id: &str, text: &str) {
        let field = self.field(id).await;
        let kind = field.prop("type").await.ok().flatten().unwrap_or_default();
        let filled = match kind.as_str() {
            // What is typed into these depends on the language of the browser; their value does not.
            "date" | "time" | "month" | "datetime-local" => self.set_value(&field, text).await,
            _ => async { field.clear().await.and(field.send_keys(text).await) }.await,
        };
        self.must(filled, &format!("fill #{id}")).await;
    }

    async fn set_value(&self, field: &Element, value: &str) -> Result<(), CmdError> {
        let script = "arguments[0].value = arguments[1];
            for (const name of ['input', 'change'])
                arguments[0].dispatchEvent(new Event(name, { bubbles: true }));";
        let field = serde_json::to_value(field).map_err(CmdError::Json)?;
        self.client.execute(script, vec![field, json!(value)]).await.map(drop)
    }

    /// Chooses the option with this value in the select field with this id.
    pub async fn choose(&self, id: &str, value: &str) {
        let field = self.field(id).await;
        let chosen = field.select_by_value(value).await;
        self.must(chosen, &format!("choose {value} in #{id}")).await;
    }

    /// Chooses a file of this machine in the field with this id.
    pub async fn choose_file(&self, id: &str, path: &std::path::Path) {
        let field = self.field(id).await;
        let chosen = field.send_keys(&path.display().to_string()).await;
        self.must(chosen, &format!("choose a file in #{id}")).await;
    }

    /// Presses the visible button or link whose text contains `text`; one whose text is exactly that
    /// goes before. Waits for it to appear, and for the next page if that follows.
    pub async fn press(&self, text: &str) {
        let text = xpath_text(text);
        let kinds = "self::button or self::a or self::summary or self::label";
        let paths = [
            format!("//*[{kinds}][normalize-space(.) = {text}]"),
            format!("//*[{kinds}][contains(normalize-space(.), {text})]"),
        ];
        let mut found = None;
        let looking = async || {
            for path in &paths {
                found = self.first_visible(path).await;
                if found.is_some() {
                    return true;
                }
            }
            false
        };
        self.wait(&format!("button or link {text}"), looking).await;
        let found = found.expect("the wait ended with a find");
        // A person would scroll it out from under the bar at the bottom of a phone.
        let script = "arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })";
        if let Ok(element) = serde_json::to_value(&found) {
            let scrolled = self.client.execute(script, vec![element]).await;
            self.must(scrolled, &format!("scroll to {text}")).await;
        }
        self.must(found.click().await, &format!("press {text}")).await;
    }

    /// The page may change while it is looked at; then nothing is found, and the caller looks again.
    async fn first_visible(&self, path: &str) -> Option<Element> {
        for element in self.client.find_all(Locator::XPath(path)).await.ok()? {
            if element.is_displayed().await.unwrap_or(false) {
                return Some(element);
            }
        }
        None
    }

    /// Types where the cursor is, as a scanner does that acts as a keyboard; `\n` is its Enter.
    pub async fn type_into_focus(&self, text: &str) {
        let focused = self.client.active_element().await;
        let focused = self.must(focused, "the field with the cursor").await;
        // WebDriver's name of the Enter key.
        let typed = text.replace('\n', "\u{e007}");
        self.must(focused.send_keys(&typed).await, "type").await;
    }

    /// The text a person sees in the first element of a CSS selector.
    pub async fn text_of(&self, css: &str) -> String {
        let element = self.wait_for(css).await;
        self.must(element.text().await, &format!("text of {css}")).await
    }

    /// An attribute of the first element of a CSS selector; `None` when it has none.
    pub async fn attribute(&self, css: &str, name: &str) -> Option<String> {
        let element = self.wait_for(css).await;
        self.must(element.attr(name).await, &format!("{name} of {css}")).await
    }

    /// Waits up to 20 s for an element.
    pub async fn wait_for(&self, css: &str) -> Element {
        let found = self.client.wait().at_most(WAIT).for_element(Locator::Css(css)).await;
        self.must(found, &format!("wait for {css}")).await
    }

    /// Waits up to 20 s until the page shows `text`.
    pub async fn wait_for_text(&self, text: &str) {
        self.wait(&format!("text {text}"), async || self.shows(text).await).await;
    }

    /// True when the page now shows `text`.
    pub async fn shows(&self, text: &str) -> bool {
        self.page_text().await.contains(text)
    }

    /// The address of the page.
    pub async fn url(&self) -> String {
        self.must(self.client.current_url().await, "address").await.to_string()
    }

    /// Width of the page's content beyond the window in points: 0 when nobody has to scroll sideways.
    pub async fn overflow(&self) -> i64 {
        let script = "const e = document.documentElement; return e.scrollWidth - e.clientWidth;";
        let answer = self.must(self.client.execute(script, Vec::new()).await, "width").await;
        answer.as_i64().expect("a width is a whole number")
    }

    /// A picture (PNG) of the window, also kept as `target/screenshots/NAME.png`.
    pub async fn screenshot(&self, name: &str) -> Vec<u8> {
        let png = self.must(self.client.screenshot().await, "screenshot").await;
        let path = screenshot_path(name);
        std::fs::write(&path, &png).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        png
    }

    /// Sets a cookie of the site that is open.
    pub async fn set_cookie(&self, name: &str, value: &str) {
        let script = "document.cookie = arguments[0] + '=' + arguments[1] + '; path=/';";
        let set = self.client.execute(script, vec![json!(name), json!(value)]).await;
        self.must(set, &format!("cookie {name}")).await;
    }

    /// Whether it is a page, and no picture, text or JSON.
    pub async fn shows_a_page(&self) -> bool {
        let kind = self.client.execute("return document.contentType;", Vec::new()).await;
        self.must(kind, "kind of the page").await == json!("text/html")
    }

    /// What axe-core finds on the page that is serious or critical: rule, help and place.
    pub async fn axe(&self, source: &str) -> Vec<String> {
        let loaded = self.client.execute(source, Vec::new()).await;
        self.must(loaded, "load axe-core").await;
        let script = "const done = arguments[arguments.length - 1];
            axe.run(document, { resultTypes: ['violations'] }).then(
                (result) => done(result.violations
                    .filter((one) => ['serious', 'critical'].includes(one.impact))
                    .map((one) => one.id + ' (' + one.help + '): '
                        + one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(' | '))),
                (error) => done(['axe failed: ' + error]));";
        let found = self.must(self.client.execute_async(script, Vec::new()).await, "axe").await;
        serde_json::from_value(found).expect("axe answers with texts")
    }

    /// A picture of the window as it is, in a file.
    pub async fn picture(&self, path: &std::path::Path) {
        let png = self.must(self.client.screenshot().await, "screenshot").await;
        std::fs::write(path, &png).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }

    async fn field(&self, id: &str) -> Element {
        // Not `#id`: an id may hold characters that mean something in CSS.
        self.wait_for(&format!("[id={}]", json!(id))).await
    }

    async fn page_text(&self) -> String {
        let script = "return document.body ? document.body.innerText : '';";
        let text = self.client.execute(script, Vec::new()).await.unwrap_or_default();
        text.as_str().unwrap_or_default().to_owned()
    }

    async fn wait(&self, what: &str, mut done: impl AsyncFnMut() -> bool) {
        let looking = async {
            while !done().await {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        if tokio::time::timeout(WAIT, looking).await.is_err() {
            self.fail(&format!("no {what} within {WAIT:?}")).await;
        }
    }

    async fn must<T>(&self, result: Result<T, CmdError>, what: &str) -> T {
        match result {
            Ok(value) => value,
            Err(error) => self.fail(&format!("{what}: {error}")).await,
        }
    }

    async fn fail(&self, what: &str) -> ! {
        let url = self.client.current_url().await.map(|url| url.to_string()).unwrap_or_default();
        let text: String = self.page_text().await.chars().take(1500).collect();
        let path = screenshot_path(&super::unique("failure"));
        if let Ok(png) = self.client.screenshot().await {
            let _ = std::fs::write(&path, png);
        }
        panic!("{what}\n  at {url}\n  see {}\n{text}", path.display());
    }
}

/// The content of the QR code in a picture (PNG), read as a terminal reads it.
pub fn decode_qr(png: &[u8]) -> Option<String> {
    terminal::read_qr(png).ok()
}

fn screenshot_path(name: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target"));
    let folder = target.join("screenshots");
    std::fs::create_dir_all(&folder).expect("the target folder can be written");
    folder.join(format!("{name}.png"))
}

/// A text as an XPath expression: XPath has no escapes in its quotes.
fn xpath_text(text: &str) -> String {
    if !text.contains('"') {
        return format!("\"{text}\"");
    }
    let parts: Vec<_> = text.split('"').map(|part| format!("\"{part}\"")).collect();
    format!("concat({})", parts.join(", '\"', "))
}

/// The program between us and Chromium.
struct Driver {
    process: Child,
    port: u16,
    /// The argument that tells our Chromium from all others.
    mark: String,
}

impl Driver {
    fn start(mark: String) -> Self {
        let port = super::free_port();
        let process = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts (package chromium-driver)");
        let driver = Self { process, port, mark };
        let ready = || super::get(port, "/status").is_some_and(|(code, _)| code == 200);
        assert!(super::until(START, ready), "chromedriver is not ready after {START:?}");
        driver
    }

    /// Chromium outlives a driver that is killed, and it is not our child.
    fn browser_processes(&self) -> Vec<u32> {
        let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let ours = processes.filter(|process| {
            let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            line.split(|byte| *byte == 0).any(|part| part == self.mark.as_bytes())
        });
        ours.filter_map(|process| process.file_name().to_str()?.parse().ok()).collect()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        super::until(Duration::from_secs(5), || {
            let left = self.browser_processes();
            left.iter().for_each(|process| super::signal("KILL", *process));
            left.is_empty()
        });
    }
}
