//! `netloom lsp` with a client that speaks the protocol over its standard input and output.
use std::{
    fs,
    io::{BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, Stdio},
    sync::mpsc::{self, Receiver},
};

use serde_json::{Value, json};

use crate::support::{DEADLINE, User, folder, netloom};

/// A wrong port in a policy needs both objects; the repair is in one. The names make columns that differ from bytes.
const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec:\n  selector: {app: web}\n  ports: [{port: 80}]\n";
const RULE: &str = "apiVersion: networking.istio.io/v1beta1\nkind: DestinationRule\nmetadata: {annotations: {team: Käse 🧀}, name: web, namespace: shop}\nspec:\n  host: web.shop.svc.cluster.local\n";

struct Editor {
    server: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    id: u64,
    /// The diagnostics of each document, as an editor would show them.
    shown: std::collections::BTreeMap<String, Value>,
}

impl Editor {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut command = netloom(User::Own);
        command.arg("lsp").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut server = command.spawn().expect("netloom starts");
        let to = server.stdin.take().unwrap();
        let mut out = BufReader::new(server.stdout.take().unwrap());
        let (sender, from) = mpsc::channel();
        std::thread::spawn(move || {
            while let Some(message) = message(&mut out) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let mut editor = Self { server, to, from, id: 0, shown: std::collections::BTreeMap::new() };
        let capabilities = json!({
            "general": {"positionEncodings": ["utf-16"]},
            "workspace": {"didChangeWatchedFiles": {"dynamicRegistration": true}},
        });
        let folders = json!([{"uri": uri(folder, ""), "name": "work"}]);
        let params = json!({"processId": std::process::id(), "rootUri": null,
                            "capabilities": capabilities, "workspaceFolders": folders});
        let offered = editor.ask("initialize", params);
        assert_eq!(offered["capabilities"]["positionEncoding"], "utf-16");
        editor.tell("initialized", json!({}));
        editor
    }

    fn send(&mut self, mut message: Value) {
        message["jsonrpc"] = json!("2.0");
        let text = message.to_string();
        write!(self.to, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        self.to.flush().unwrap();
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.send(json!({"method": method, "params": params}));
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.id += 1;
        let id = self.id;
        self.send(json!({"id": id, "method": method, "params": params}));
        loop {
            let message = self.next();
            if message["id"] == json!(id) && message.get("method").is_none() {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].clone();
            }
        }
    }

    /// The next message of the server; diagnostics are shown, its requests are granted.
    fn next(&mut self) -> Value {
        let said = self.from.recv_timeout(DEADLINE);
        let message = said.unwrap_or_else(|error| panic!("{error}; shown: {:#?}", self.shown));
        if message["method"] == "textDocument/publishDiagnostics" {
            let params = &message["params"];
            self.shown.insert(params["uri"].as_str().unwrap().to_owned(), params["diagnostics"].clone());
        } else if message.get("method").is_some() && message.get("id").is_some() {
            self.send(json!({"id": message["id"], "result": null}));
        }
        message
    }

    /// Waits until a document has these codes.
    fn wait_for(&mut self, uri: &str, codes: &[&str]) {
        while self.codes(uri) != codes {
            self.next();
        }
    }

    fn codes(&self, uri: &str) -> Vec<&str> {
        let list = self.shown.get(uri).and_then(Value::as_array);
        list.map(|list| list.iter().filter_map(|d| d["code"].as_str()).collect()).unwrap_or_default()
    }

    fn open(&mut self, uri: &str, text: &str) {
        let document = json!({"uri": uri, "languageId": "yaml", "version": 1, "text": text});
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
    }

    fn change(&mut self, uri: &str, version: u32, changes: Value) {
        let document = json!({"uri": uri, "version": version});
        self.tell("textDocument/didChange", json!({"textDocument": document, "contentChanges": changes}));
    }

    fn actions(&mut self, uri: &str, range: &Value) -> Vec<Value> {
        let params = json!({"textDocument": {"uri": uri}, "range": range, "context": {"diagnostics": []}});
        self.ask("textDocument/codeAction", params).as_array().unwrap().clone()
    }

    fn end(mut self) -> Option<i32> {
        assert_eq!(self.ask("shutdown", Value::Null), Value::Null);
        self.tell("exit", Value::Null);
        self.server.wait().unwrap().code()
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        drop(self.server.kill());
        drop(self.server.wait());
    }
}

/// Reads one message; nothing at the end.
fn message(out: &mut impl std::io::BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if out.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().split_once(": ") {
            Some(("Content-Length", number)) => length = number.parse().ok()?,
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    out.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

fn uri(folder: &Path, name: &str) -> String {
    format!("file://{}", folder.join(name).display())
}

/// A document with the edits of an action made, as a client that counts UTF-16 does it.
fn applied(text: &str, uri: &str, action: &Value) -> String {
    let byte = |position: &Value| {
        let number = |key: &str| usize::try_from(position[key].as_u64().unwrap()).unwrap();
        let start: usize = text.split_inclusive('\n').take(number("line")).map(str::len).sum();
        let mut units = 0;
        let inside = text[start..].char_indices().find(|(_, c)| {
            let here = units >= number("character");
            units += c.len_utf16();
            here
        });
        inside.map_or(text.len(), |(at, _)| start + at)
    };
    let edits = action["edit"]["changes"][uri].as_array().unwrap_or_else(|| panic!("{action}"));
    let mut edits: Vec<(usize, usize, &str)> = edits
        .iter()
        .map(|e| {
            let range = &e["range"];
            (byte(&range["start"]), byte(&range["end"]), e["newText"].as_str().unwrap())
        })
        .collect();
    edits.sort();
    let mut text = text.to_owned();
    for (start, end, new) in edits.into_iter().rev() {
        text.replace_range(start..end, new);
    }
    text
}

#[test]
fn what_check_finds_is_shown_repaired_and_suppressed_in_an_editor() {
    let config = "[check]\nselect = ['SV001', 'IS001', 'MF']\nclosed = true\nexclude = ['vendor.yaml']\n";
    let tree = folder(&[
        ("netloom.toml", config),
        ("web.yaml", SERVICE),
        ("vendor.yaml", SERVICE),
        ("rule.yaml", ""),
        ("compose.yaml", "services: {web: {image: nginx}}\n"),
    ]);
    let mut editor = Editor::start(tree.path(), &["--stdio"]);
    let (web, rule) = (uri(tree.path(), "web.yaml"), uri(tree.path(), "rule.yaml"));
    // Files that nobody has opened are checked as they are on disk.
    editor.wait_for(&web, &["SV001"]);
    let compose = editor.shown.get(&uri(tree.path(), "compose.yaml"));
    assert!(
        compose.is_none_or(|shown| shown.as_array().is_some_and(Vec::is_empty)),
        "other programs' files are left alone: {compose:?}"
    );
    let shown = editor.shown[&web][0].clone();
    assert_eq!(
        shown["range"],
        json!({"start": {"line": 4, "character": 2}, "end": {"line": 4, "character": 10}})
    );
    assert!(
        shown["codeDescription"]["href"].as_str().unwrap().ends_with("/docs/rules.md#sv001-selects-nothing")
    );
    // What is written goes over what is on disk.
    editor.open(&rule, RULE);
    editor.wait_for(&rule, &["IS001"]);
    let at = json!({"line": 0, "character": 3});
    let hover = editor.ask("textDocument/hover", json!({"textDocument": {"uri": rule}, "position": at}));
    assert!(hover["contents"]["value"].as_str().unwrap().contains("**IS001 superseded-istio-version**"));
    let range = editor.shown[&rule][0]["range"].clone();
    let actions = editor.actions(&rule, &range);
    let titles: Vec<&str> = actions.iter().map(|action| action["title"].as_str().unwrap()).collect();
    let expected = ["Write `apiVersion: networking.istio.io/v1`", "Suppress IS001 here with a comment"];
    assert_eq!((titles.as_slice(), &actions[0]["isPreferred"]), (&expected[..], &json!(true)));
    // A suppression without a reason is found in turn; with one, nothing is left.
    let suppressed = applied(RULE, &rule, &actions[1]);
    assert!(
        suppressed.starts_with("apiVersion: networking.istio.io/v1beta1 # netloom: ignore[IS001] reason\n")
    );
    editor.change(&rule, 2, json!([{"text": suppressed}]));
    editor.wait_for(&rule, &["MF101"]);
    editor.change(&rule, 3, json!([{"text": suppressed.replace("] reason", "] as the operator writes it")}]));
    editor.wait_for(&rule, &[]);
    // An incremental change behind characters of two units, and half a document.
    editor.change(&rule, 4, json!([{"text": RULE}]));
    editor.wait_for(&rule, &["IS001"]);
    let place = |character: u32| json!({"line": 2, "character": character});
    let word = json!({"start": place(41), "end": place(45)});
    editor.change(&rule, 5, json!([{"range": word, "text": "nome"}]));
    editor.wait_for(&rule, &["MF010", "MF003"]);
    let unknown = json!({"start": place(41), "end": place(45)});
    assert!(
        editor.shown[&rule].as_array().unwrap().iter().any(|d| d["range"] == unknown),
        "{:#}",
        editor.shown[&rule]
    );
    editor.change(&rule, 6, json!([{"range": word, "text": "name"}, {"text": "kind: [{\n\t'"}]));
    editor.wait_for(&rule, &["MF001"]);
    editor.change(&rule, 7, json!([{"text": RULE}]));
    editor.wait_for(&rule, &["IS001"]);
    // The repair: the finding is gone.
    let actions = editor.actions(&rule, &range);
    let repaired = applied(RULE, &rule, &actions[0]);
    assert_eq!(repaired, RULE.replace("v1beta1", "v1"));
    editor.change(&rule, 8, json!([{"text": repaired}]));
    editor.wait_for(&rule, &[]);
    // Files that change on disk, new ones, and the configuration.
    fs::write(tree.path().join("web.yaml"), SERVICE.replace("{app: web}", "{app: we}")).unwrap();
    fs::write(tree.path().join("new.yaml"), SERVICE.replace("name: web", "name: new")).unwrap();
    editor.tell("workspace/didChangeWatchedFiles", json!({"changes": []}));
    editor.wait_for(&uri(tree.path(), "new.yaml"), &["SV001"]);
    fs::write(tree.path().join("netloom.toml"), "[check]\nselct = []\n").unwrap();
    editor.tell("workspace/didChangeWatchedFiles", json!({"changes": []}));
    let toml = uri(tree.path(), "netloom.toml");
    while editor.shown.get(&toml).is_none_or(|list| list.as_array().unwrap().is_empty()) {
        editor.next();
    }
    assert_eq!(editor.shown[&toml][0]["range"]["start"], json!({"line": 1, "character": 0}));
    assert!(!editor.shown.contains_key(&uri(tree.path(), "vendor.yaml")));
    assert_eq!(editor.end(), Some(0));
}

/// Each beginning of a document is something that an editor has while it is typed.
#[test]
fn half_typed_documents_leave_the_server_alive() {
    let tree = folder(&[]);
    let mut editor = Editor::start(tree.path(), &["--select", "IS001,MF001"]);
    let new = uri(tree.path(), "new.yaml");
    editor.open(&new, "");
    for (version, end) in (2..).zip((0..RULE.len()).filter(|end| RULE.is_char_boundary(*end))) {
        editor.change(&new, version, json!([{"text": &RULE[..end]}]));
        if end % 8 == 0 {
            // Asking makes the server check this very text.
            let at = json!({"line": 0, "character": 0});
            editor.ask("textDocument/hover", json!({"textDocument": {"uri": new}, "position": at}));
        }
    }
    editor.change(&new, 999, json!([{"text": RULE}]));
    editor.wait_for(&new, &["IS001"]);
    assert_eq!(editor.end(), Some(0));
}

#[test]
fn an_editor_that_goes_away_ends_the_server() {
    let tree = folder(&[]);
    let mut editor = Editor::start(tree.path(), &[]);
    let (other, _) = std::io::pipe().map(|(reader, writer)| (writer, reader)).unwrap();
    drop(std::mem::replace(
        &mut editor.to,
        std::process::ChildStdin::from(std::os::fd::OwnedFd::from(other)),
    ));
    assert_eq!(editor.server.wait().unwrap().code(), Some(2));
}
