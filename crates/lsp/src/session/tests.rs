//! The session against a client and an engine that are both in the test.
use std::sync::Arc;

use lsp_server::{Response, ResponseError};
use netloom_audit::{Settings, audit, repair};
use netloom_objects::{ObjectSet, Origin, Origins, Source, parse_source};
use serde_json::{Value, json};

use super::*;

/// One safe repair: the version. `ä` makes a column of characters another one than that of bytes.
const RULE: &str = "# ä\napiVersion: networking.istio.io/v1beta1\nkind: DestinationRule\nmetadata: {name: a, namespace: b}\n\
                    spec: {host: c.b.svc.cluster.local}\n";

struct Editor {
    session: Session,
    id: i32,
}

impl Editor {
    fn new(capabilities: &Value) -> Self {
        let mut editor = Self { session: Session::new(), id: 0 };
        let folders = json!([{"uri": "file:///work", "name": "work"}]);
        let params = json!({"processId": null, "rootUri": null, "capabilities": capabilities,
                            "workspaceFolders": folders});
        let offered = editor.ask("initialize", params);
        assert!(offered["capabilities"]["hoverProvider"] == true, "{offered}");
        editor.tell("initialized", json!({}));
        editor
    }

    fn send(&mut self, method: &str, params: Value) -> Vec<Message> {
        self.id += 1;
        self.session.receive(Message::Request(Request::new(self.id.into(), method.to_owned(), params)))
    }

    /// A request that is answered at once, or when the work is done.
    fn ask(&mut self, method: &str, params: Value) -> Value {
        let mut messages = self.send(method, params);
        messages.extend(self.settle());
        let id = RequestId::from(self.id);
        let answer = messages.into_iter().find_map(|message| match message {
            Message::Response(Response { id: of, response_result }) if of == id => Some(response_result),
            _ => None,
        });
        match answer.expect("an answer") {
            Ok(value) => value,
            Err(error) => panic!("{method}: {error:?}"),
        }
    }

    fn tell(&mut self, method: &str, params: Value) -> Vec<Message> {
        self.session.receive(Message::Notification(Notification::new(method.to_owned(), params)))
    }

    fn open(&mut self, name: &str, text: &str) {
        let document =
            json!({"uri": format!("file:///{name}"), "languageId": "yaml", "version": 1, "text": text});
        assert!(self.tell("textDocument/didOpen", json!({ "textDocument": document })).is_empty());
    }

    fn write(&mut self, name: &str, version: i32, text: &str) {
        let document = json!({"uri": format!("file:///{name}"), "version": version});
        let changes = json!([{ "text": text }]);
        self.tell("textDocument/didChange", json!({"textDocument": document, "contentChanges": changes}));
    }

    /// Does all work that there is.
    fn settle(&mut self) -> Vec<Message> {
        let mut messages = Vec::new();
        while let Some(work) = self.session.work() {
            let done = perform(work);
            messages.extend(self.session.done(done));
        }
        messages
    }

    /// The codes that are published for each file.
    fn published(&mut self) -> Vec<(String, Vec<String>)> {
        published(&self.settle())
    }
}

fn published(messages: &[Message]) -> Vec<(String, Vec<String>)> {
    let published = messages.iter().filter_map(|message| match message {
        Message::Notification(n) if n.method == "textDocument/publishDiagnostics" => Some(&n.params),
        _ => None,
    });
    published
        .map(|params| {
            let list = params["diagnostics"].as_array().unwrap();
            let codes = list.iter().map(|d| d["code"].as_str().unwrap_or("none").to_owned()).collect();
            (params["uri"].as_str().unwrap().to_owned(), codes)
        })
        .collect()
}

fn perform(work: Work) -> Done {
    match work {
        Work::Check { revision, roots, open } => {
            let check = |root: PathBuf| {
                let texts = open.iter().filter(|(path, _)| path.starts_with(&root));
                let parse = |(path, text): (&PathBuf, &Arc<str>)| {
                    let name = path.to_string_lossy();
                    let source = if name.ends_with("base.yaml") {
                        built(&name, text)
                    } else {
                        Source::new(&name, text)
                    };
                    Arc::new(parse_source(&source))
                };
                let set = ObjectSet::assemble(texts.map(parse).collect());
                let checked = Checked { report: look(&set), set };
                (root, Ok(checked))
            };
            Done::Checked { revision, roots: roots.into_iter().map(check).collect() }
        }
        Work::Repair { request, set, file, .. } => {
            let repaired = repair(set, look);
            let source = repaired.set.sources.iter().find(|s| s.source.name == file).unwrap();
            Done::Repaired { request, text: Ok(source.source.text.clone()) }
        }
    }
}

/// What a program makes of a file: the same without its first line.
fn built(name: &str, text: &str) -> Source {
    let (_, rest) = text.split_once('\n').unwrap();
    let lines =
        (2..=u32::try_from(text.lines().count()).unwrap()).map(|line| Origin { file: 0, line, shift: 0 });
    Source::rendered(
        "/work/k/<kustomize build>",
        rest,
        Origins { files: vec![name.into()], lines: lines.collect(), ..Origins::default() },
    )
}

fn look(set: &ObjectSet) -> netloom_audit::Report {
    audit(set, &Settings::default(), &|rule| ["IS001", "MF001", "MF103"].contains(&rule.code))
}

fn at(line: u32, character: u32) -> Value {
    json!({"line": line, "character": character})
}

fn actions_at(editor: &mut Editor, name: &str, line: u32, only: Option<&str>) -> Value {
    let context = match only {
        Some(only) => json!({"diagnostics": [], "only": [only]}),
        None => json!({"diagnostics": []}),
    };
    let range = json!({"start": at(line, 0), "end": at(line, 0)});
    let document = json!({"uri": format!("file:///{name}")});
    let params = json!({"textDocument": document, "range": range, "context": context});
    editor.ask("textDocument/codeAction", params)
}

fn titles(actions: &Value) -> Vec<&str> {
    actions.as_array().unwrap().iter().map(|action| action["title"].as_str().unwrap()).collect()
}

#[test]
fn a_session_begins_and_ends_in_order() {
    let mut session = Session::new();
    let mut ask = |id: i32, method: &str, params: Value| {
        let answers = session.receive(Request::new(id.into(), method.to_owned(), params).into());
        match answers.into_iter().next() {
            Some(Message::Response(Response {
                response_result: Err(ResponseError { code, .. }), ..
            })) => code,
            Some(Message::Response(_)) => 0,
            other => panic!("{other:?}"),
        }
    };
    let hello = json!({"processId": null, "rootUri": "file:///work", "capabilities": {}});
    assert_eq!(ask(1, "textDocument/hover", json!({})), -32002);
    assert_eq!(ask(2, "initialize", json!([])), -32602);
    assert_eq!(ask(3, "initialize", hello.clone()), 0);
    assert_eq!(ask(4, "initialize", hello), -32600);
    assert_eq!(ask(5, "textDocument/rename", json!({})), -32601);
    assert_eq!(ask(7, "shutdown", Value::Null), 0);
    assert_eq!(ask(8, "textDocument/hover", json!({})), -32600);
    assert_eq!(session.ended(), None);
    session.receive(Notification::new("exit".to_owned(), Value::Null).into());
    assert_eq!(session.ended(), Some(true));
    let mut session = Session::new();
    session.receive(Notification::new("exit".to_owned(), Value::Null).into());
    assert_eq!(session.ended(), Some(false));
}

#[test]
fn diagnostics_are_published_when_they_change_and_cleared_when_they_are_gone() {
    let mut editor = Editor::new(&json!({}));
    editor.open("work/a.yaml", RULE);
    editor.open("work/b.yaml", RULE.replace("name: a", "name: d").as_str());
    let one = |name: &str, codes: &[&str]| {
        (format!("file:///{name}"), codes.iter().map(|code| (*code).to_owned()).collect())
    };
    assert_eq!(editor.published(), [one("work/a.yaml", &["IS001"]), one("work/b.yaml", &["IS001"])]);
    assert!(editor.published().is_empty(), "nothing changed");
    editor.write("work/a.yaml", 2, &RULE.replace("v1beta1", "v1"));
    assert_eq!(editor.published(), [one("work/a.yaml", &[])]);
    editor.write("work/a.yaml", 3, "kind: [\n");
    assert_eq!(editor.published(), [one("work/a.yaml", &["MF001"])]);
    editor.tell("textDocument/didClose", json!({"textDocument": {"uri": "file:///work/b.yaml"}}));
    assert_eq!(editor.published(), [one("work/b.yaml", &[])]);
    // A file outside of all folders is checked alone; what is no manifest or no file is not.
    editor.open("elsewhere/c.yaml", RULE);
    editor.open("elsewhere/c.txt", RULE);
    assert_eq!(editor.published(), [one("elsewhere/c.yaml", &["IS001"])]);
}

#[test]
fn what_a_check_of_an_older_text_found_is_left_aside() {
    let mut editor = Editor::new(&json!({}));
    editor.open("work/a.yaml", RULE);
    let stale = editor.session.work().unwrap();
    assert!(editor.session.work().is_none(), "one after the other");
    editor.write("work/a.yaml", 2, &RULE.replace("v1beta1", "v1"));
    assert!(editor.session.done(perform(stale)).is_empty());
    assert!(editor.published().is_empty());
}

#[test]
fn repairs_and_suppressions_are_offered_for_the_text_as_it_is() {
    let mut editor = Editor::new(&json!({"workspace": {"workspaceEdit": {"documentChanges": true}}}));
    editor.open("work/a.yaml", "");
    editor.settle();
    editor.write("work/a.yaml", 7, RULE);
    let actions = actions_at(&mut editor, "work/a.yaml", 1, None);
    insta::assert_snapshot!(serde_json::to_string_pretty(&actions).unwrap());
    assert_eq!(actions_at(&mut editor, "work/a.yaml", 3, None), json!([]));
    assert_eq!(actions_at(&mut editor, "work/none.yaml", 0, None), json!([]));
    assert_eq!(titles(&actions_at(&mut editor, "work/a.yaml", 1, Some("quickfix"))).len(), 2);
    assert!(titles(&actions_at(&mut editor, "work/a.yaml", 1, Some("refactor"))).is_empty());
}

#[test]
fn a_file_is_repaired_as_a_whole() {
    let mut editor = Editor::new(&json!({}));
    let text = format!("{RULE}---\n{}", RULE.replace("name: a", "name: d"));
    editor.open("work/a.yaml", &text);
    for only in ["source.fixAll.netloom", "source.fixAll", "source"] {
        let actions = actions_at(&mut editor, "work/a.yaml", 0, Some(only));
        let edits = actions[0]["edit"]["changes"]["file:///work/a.yaml"].as_array().unwrap();
        let lines: Vec<&Value> = edits.iter().map(|e| &e["range"]["start"]["line"]).collect();
        assert_eq!(lines, [1, 7], "{actions}");
        assert_eq!(edits[0]["newText"], "apiVersion: networking.istio.io/v1\n");
    }
    // A client that resolves edits gets it in the list, and asks when it is chosen.
    let resolves = json!({"dataSupport": true, "resolveSupport": {"properties": ["edit"]}});
    let mut editor = Editor::new(&json!({"textDocument": {"codeAction": resolves}}));
    editor.open("work/a.yaml", &text);
    let actions = actions_at(&mut editor, "work/a.yaml", 1, None);
    let whole = actions.as_array().unwrap().last().unwrap();
    assert!(whole["edit"].is_null() && whole["kind"] == "source.fixAll.netloom", "{whole}");
    let resolved = editor.ask("codeAction/resolve", whole.clone());
    assert_eq!(resolved["edit"]["changes"]["file:///work/a.yaml"].as_array().unwrap().len(), 2);
    // Nothing is left to repair: the action comes back as it was.
    editor.write("work/a.yaml", 2, "");
    assert!(editor.ask("codeAction/resolve", whole.clone())["edit"].is_null());
}

/// The text changed while the repair was made: an edit of it would fall in the wrong place.
#[test]
fn a_repair_of_an_older_text_is_refused() {
    let mut editor = Editor::new(&json!({}));
    editor.open("work/a.yaml", RULE);
    editor.settle();
    let range = json!({"start": at(0, 0), "end": at(0, 0)});
    let context = json!({"diagnostics": [], "only": ["source.fixAll"]});
    let document = json!({"uri": "file:///work/a.yaml"});
    let params = json!({"textDocument": document, "range": range, "context": context});
    assert!(editor.send("textDocument/codeAction", params).is_empty());
    let work = editor.session.work().unwrap();
    editor.write("work/a.yaml", 2, &format!("# more\n{RULE}"));
    match &editor.session.done(perform(work))[..] {
        [Message::Response(Response { response_result: Err(error), .. })] => assert_eq!(error.code, -32801),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_request_can_be_cancelled_while_it_waits() {
    let mut editor = Editor::new(&json!({}));
    editor.open("work/a.yaml", RULE);
    let document = json!({"uri": "file:///work/a.yaml"});
    let asked = editor.send("textDocument/hover", json!({"textDocument": document, "position": at(1, 0)}));
    assert!(asked.is_empty() && editor.session.is_awaited());
    match &editor.tell("$/cancelRequest", json!({"id": editor.id}))[..] {
        [Message::Response(Response { response_result: Err(error), .. })] => assert_eq!(error.code, -32800),
        other => panic!("{other:?}"),
    }
    assert!(!editor.session.is_awaited() && editor.tell("$/cancelRequest", json!({"id": 99})).is_empty());
}

#[test]
fn the_rules_page_is_shown_where_a_finding_is() {
    let mut editor = Editor::new(&json!({"general": {"positionEncodings": ["utf-8", "utf-16"]}}));
    editor.open("work/a.yaml", RULE);
    let document = json!({"uri": "file:///work/a.yaml"});
    let mut hover = |line, character| {
        editor.ask("textDocument/hover", json!({"textDocument": document, "position": at(line, character)}))
    };
    let shown = hover(1, 3);
    let page = shown["contents"]["value"].as_str().unwrap();
    assert!(page.contains("**IS001 superseded-istio-version**") && page.contains("```yaml"), "{page}");
    assert_eq!(shown["range"], json!({"start": at(1, 0), "end": at(1, 10)}));
    assert!(hover(3, 3).is_null() && hover(99, 99).is_null());
}

#[test]
fn trouble_is_shown_where_it_is_or_said_once() {
    let mut editor = Editor::new(&json!({}));
    let trouble = |at: Option<(PathBuf, u32, u32)>| {
        vec![(PathBuf::from("/work"), Err(Trouble { message: "no such key".to_owned(), at }))]
    };
    let check = |editor: &mut Editor, roots| {
        editor.tell("textDocument/didSave", json!({}));
        let Some(Work::Check { revision, .. }) = editor.session.work() else { panic!("a check") };
        editor.session.done(Done::Checked { revision, roots })
    };
    let shown = check(&mut editor, trouble(Some((PathBuf::from("/work/netloom.toml"), 3, 5))));
    let Message::Notification(first) = &shown[0] else { panic!("{shown:?}") };
    assert_eq!(first.params["uri"], "file:///work/netloom.toml");
    assert_eq!(first.params["diagnostics"][0]["range"]["start"], at(2, 4));
    let said = check(&mut editor, trouble(None));
    let methods: Vec<&str> = said
        .iter()
        .map(|message| match message {
            Message::Notification(n) => n.method.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(methods, ["textDocument/publishDiagnostics", "window/showMessage"]);
    assert!(check(&mut editor, trouble(None)).is_empty(), "said already");
}

/// Whatever a client sends, the session goes on.
#[test]
fn senseless_messages_are_refused_or_left_aside() {
    let mut editor = Editor::new(&json!({}));
    for params in [json!(null), json!([]), json!({}), json!({"textDocument": 1}), json!("x")] {
        for method in
            ["textDocument/didOpen", "textDocument/didChange", "textDocument/didClose", "$/cancelRequest"]
        {
            assert!(editor.tell(method, params.clone()).is_empty());
        }
        for method in ["textDocument/hover", "textDocument/codeAction", "codeAction/resolve"] {
            let mut answers = editor.send(method, params.clone());
            answers.extend(editor.settle());
            assert!(
                matches!(&answers[..], [Message::Response(Response { response_result: Err(_), .. })]),
                "{method} {params}: {answers:?}"
            );
        }
    }
    editor.open("work/a.yaml", RULE);
    assert_eq!(editor.published().len(), 1);
}

#[test]
fn what_is_found_in_what_was_built_stands_where_it_was_written() {
    let mut editor = Editor::new(&json!({}));
    editor.open("work/base.yaml", RULE);
    let messages = editor.settle();
    assert_eq!(published(&messages), [("file:///work/base.yaml".to_owned(), vec!["IS001".to_owned()])]);
    let told = messages.iter().find_map(|message| match message {
        Message::Notification(n) if n.method == "textDocument/publishDiagnostics" => Some(&n.params),
        _ => None,
    });
    assert_eq!(told.unwrap()["diagnostics"][0]["range"]["start"]["line"], 1);
    // Its repair is of a text that is in no file.
    let actions = actions_at(&mut editor, "work/base.yaml", 1, None);
    assert!(actions.as_array().unwrap().is_empty(), "{actions}");
    let place = json!({"textDocument": {"uri": "file:///work/base.yaml"}, "position": at(1, 2)});
    let hover = editor.ask("textDocument/hover", place);
    assert!(hover["contents"]["value"].as_str().unwrap().contains("IS001"), "{hover}");
}

/// Opens and closes a document under a spelling of its name that is not the server's.
#[test]
fn a_document_has_one_name_at_a_time() {
    let mut editor = Editor::new(&json!({}));
    let (own, clients) = ("file:///work/web%20%281%29%2B.yaml", "file:///work/web%20(1)%2B.yaml");
    let path = uri::path(&gen_lsp_types::Uri::from(clients)).unwrap();
    assert_eq!(uri::path(&gen_lsp_types::Uri::from(own)).unwrap(), path);
    // What is on the disk is checked although it is not open: found in a check that the test makes up.
    let on_disk = |editor: &mut Editor, text: &str| {
        editor.session.revision += 1;
        let Some(Work::Check { revision, roots, mut open }) = editor.session.work() else { panic!("work") };
        if !open.contains_key(&path) {
            open.insert(path.clone(), text.into());
        }
        let done = perform(Work::Check { revision, roots, open });
        published(&editor.session.done(done))
    };
    let found = |uri: &str| (uri.to_owned(), vec!["IS001".to_owned()]);
    let nothing = |uri: &str| (uri.to_owned(), Vec::new());
    assert_eq!(on_disk(&mut editor, RULE), [found(own)]);
    editor.open("work/web%20(1)%2B.yaml", RULE);
    assert_eq!(on_disk(&mut editor, RULE), [nothing(own), found(clients)]);
    let closed = json!({"textDocument": {"uri": clients}});
    editor.tell("textDocument/didClose", closed.clone());
    assert_eq!(on_disk(&mut editor, RULE), [nothing(clients), found(own)]);
    // Closed without saving what is repaired on the disk.
    editor.open("work/web%20(1)%2B.yaml", RULE);
    assert_eq!(on_disk(&mut editor, "{}"), [nothing(own), found(clients)]);
    editor.tell("textDocument/didClose", closed);
    assert_eq!(on_disk(&mut editor, "{}"), [nothing(clients)]);
}
