//! What a long command is doing, on a terminal.
use std::{
    io::IsTerminal as _,
    sync::{
        Arc, Mutex,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use indicatif::ProgressBar;
use netloom_objects::visible;

/// What is over by then shows nothing.
const PATIENCE: Duration = Duration::from_millis(500);

/// A spinner that appears after a while; none where standard error is no terminal.
pub struct Progress {
    stage: Arc<Mutex<String>>,
    running: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    pub fn start() -> Self {
        let stage = Arc::new(Mutex::new(String::new()));
        let running = std::io::stderr().is_terminal().then_some(()).and_then(|()| {
            let (stop, stopped) = mpsc::channel();
            let stage = stage.clone();
            let show = move || {
                let mut spinner: Option<ProgressBar> = None;
                let mut wait = PATIENCE;
                while stopped.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                    let spinner = spinner.get_or_insert_with(ProgressBar::new_spinner);
                    spinner.set_message(stage.lock().map(|stage| stage.clone()).unwrap_or_default());
                    spinner.tick();
                    wait = Duration::from_millis(100);
                }
                if let Some(spinner) = spinner {
                    spinner.finish_and_clear();
                }
            };
            // Where no thread can be had, nothing is shown.
            thread::Builder::new().spawn(show).ok().map(|shown| (stop, shown))
        });
        Self { stage, running }
    }

    /// Shows nothing.
    pub fn none() -> Self {
        Self { stage: Arc::default(), running: None }
    }

    /// Says what is being done now.
    pub fn says(&self, what: String) {
        if let Ok(mut stage) = self.stage.lock() {
            // Names of files may be in it.
            *stage = visible(&what).into_owned();
        }
    }

    /// Takes the spinner away.
    pub fn finish(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if let Some((stop, shown)) = self.running.take() {
            drop(stop);
            // A spinner that failed has nothing to take away.
            drop(shown.join());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}
