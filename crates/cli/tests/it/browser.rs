//! Headless Chromium, driven through chromedriver (W3C WebDriver, https://www.w3.org/TR/webdriver2/).
use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};

use crate::support::poll;

/// The key under which WebDriver names elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

pub struct Browser {
    driver: Child,
    /// Open as long as the driver writes.
    _said: BufReader<ChildStdout>,
    session: String,
    /// Chromium's profile, removed at the end.
    _profile: tempfile::TempDir,
}

impl Browser {
    pub fn start() -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts; install the package chromium-driver");
        // «ChromeDriver was started successfully on port 12345.»
        let mut said = BufReader::new(driver.stdout.take().unwrap());
        let port = said
            .by_ref()
            .lines()
            .map_while(Result::ok)
            .find_map(|line| {
                Some(line.rsplit_once("successfully on port ")?.1.trim_end_matches('.').to_owned())
            })
            .expect("chromedriver says its port");
        let profile = tempfile::tempdir().unwrap();
        let data = format!("--user-data-dir={}", profile.path().display());
        let args = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1500,900",
            &data,
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": {"args": args},
            "goog:loggingPrefs": {"browser": "ALL"},
        }}});
        let base = format!("http://127.0.0.1:{port}/session");
        let made = request("POST", &base, &wanted);
        let id = made["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {made}")).to_owned();
        Self { driver, _said: said, session: format!("{base}/{id}"), _profile: profile }
    }

    pub fn open(&self, url: &str) {
        self.post("url", &json!({"url": url}));
    }

    /// What a script returns; its arguments are `arguments`.
    pub fn run(&self, script: &str) -> Value {
        self.post("execute/sync", &json!({"script": script, "args": []}))
    }

    /// Clicks where a person would: in the middle of the first element that a CSS selector finds.
    pub fn click(&self, selector: &str) {
        let element = self.find(selector);
        self.post(&format!("element/{element}/click"), &json!({}));
    }

    /// Types into a field.
    pub fn write(&self, selector: &str, text: &str) {
        let element = self.find(selector);
        self.post(&format!("element/{element}/value"), &json!({"text": text}));
    }

    /// The text of the first element that a selector finds, once it holds `part`.
    pub fn text_with(&self, selector: &str, part: &str) -> String {
        let text = || {
            let found =
                self.run(&format!("return document.querySelector({})?.innerText ?? ''", json!(selector)));
            found.as_str().unwrap_or_default().to_owned()
        };
        poll(|| Some(text()).filter(|text| text.contains(part)))
            .unwrap_or_else(|| panic!("{selector} never said {part:?}, but: {}", text()))
    }

    /// What the page wrote to the console: a page without mistakes writes nothing.
    pub fn complaints(&self) -> Value {
        self.post("se/log", &json!({"type": "browser"}))
    }

    fn find(&self, selector: &str) -> String {
        let found = self.post("element", &json!({"using": "css selector", "value": selector}));
        found[ELEMENT].as_str().unwrap_or_else(|| panic!("no element {selector}: {found}")).to_owned()
    }

    fn post(&self, command: &str, body: &Value) -> Value {
        let value = request("POST", &format!("{}/{command}", self.session), body);
        assert!(value.get("error").is_none(), "{command} {body}: {value}");
        value
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        request("DELETE", &self.session, &Value::Null);
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
}

fn request(method: &str, url: &str, body: &Value) -> Value {
    let output = Command::new("curl")
        .args([
            "-s",
            "--noproxy",
            "*",
            "-X",
            method,
            "-H",
            "content-type: application/json",
            "-d",
            &body.to_string(),
            url,
        ])
        .output()
        .expect("curl starts");
    let mut answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    answer["value"].take()
}
