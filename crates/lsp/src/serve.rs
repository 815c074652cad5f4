//! Joins a session to a client and an engine: the only place that waits.
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender, bounded, never, select, unbounded};
use lsp_server::{Connection, Message};

use crate::{Checked, Done, Engine, Open, Session, Trouble, Work};

/// So long nothing has to change before a check begins, unless somebody waits for it.
const QUIET: Duration = Duration::from_millis(150);

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By `shutdown` and `exit`.
    InOrder,
    /// By `exit` alone, or because the client is gone.
    OutOfOrder,
}

/// Serves one client until it is gone. Checks run on a thread of their own; one that runs when the session ends is left
/// alone with its files, which it only reads.
pub fn serve(connection: &Connection, engine: Box<dyn Engine>) -> Ended {
    let (work, done) = begin(engine);
    let mut session = Session::new();
    let mut changed = Instant::now();
    loop {
        let due = if session.is_awaited() { Instant::now() } else { changed + QUIET };
        let waits = session.is_stale() && due > Instant::now();
        if !waits
            && let Some(next) = session.work()
            && work.send(next).is_err()
        {
            return Ended::OutOfOrder;
        }
        let timer = if waits { crossbeam_channel::at(due) } else { never() };
        let messages = select! {
            recv(connection.receiver) -> message => match message {
                Ok(message) => {
                    let stale = session.is_stale();
                    let edits = matches!(message, Message::Notification(_));
                    let messages = session.receive(message);
                    if edits || !stale {
                        changed = Instant::now();
                    }
                    messages
                }
                Err(_) => return Ended::OutOfOrder,
            },
            recv(done) -> outcome => match outcome {
                Ok(outcome) => session.done(outcome),
                Err(_) => return Ended::OutOfOrder,
            },
            recv(timer) -> _ => Vec::new(),
        };
        for message in messages {
            if connection.sender.send(message).is_err() {
                return Ended::OutOfOrder;
            }
        }
        match session.ended() {
            Some(true) => return Ended::InOrder,
            Some(false) => return Ended::OutOfOrder,
            None => {}
        }
    }
}

/// Begins the thread that works.
fn begin(mut engine: Box<dyn Engine>) -> (Sender<Work>, Receiver<Done>) {
    let (work, works) = bounded::<Work>(1);
    let (dones, done) = unbounded();
    thread::spawn(move || {
        for work in works {
            if dones.send(perform(&mut *engine, work)).is_err() {
                break;
            }
        }
    });
    (work, done)
}

fn perform(engine: &mut dyn Engine, work: Work) -> Done {
    match work {
        Work::Check { revision, roots, open } => Done::Checked {
            revision,
            roots: roots.into_iter().map(|root| check(engine, root, &open)).collect(),
        },
        Work::Repair { request, root, set, file } => {
            Done::Repaired { request, text: guarded(|| engine.repair(&root, set, &file)) }
        }
    }
}

fn check(engine: &mut dyn Engine, root: PathBuf, open: &Open) -> (PathBuf, Result<Checked, Trouble>) {
    let checked = guarded(|| engine.check(&root, open));
    (root, checked)
}

/// A fault of the program costs one answer, and not the session.
fn guarded<T>(work: impl FnOnce() -> Result<T, Trouble>) -> Result<T, Trouble> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default();
        let message = format!("a fault in netloom, please report it with what you are editing: {said}");
        Err(Trouble { message, at: None })
    })
}
