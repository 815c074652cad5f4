//! The lines of the DNS' `log`, as `up` prints them.
use std::{sync::Arc, thread};

use netloom_objects::visible;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::out;

/// Prints them in a thread of their own, so that a slow terminal holds up nothing but them; what it does not keep up
/// with is counted.
pub fn print(mut lines: Receiver<Arc<str>>) -> std::io::Result<()> {
    let printing = move || {
        loop {
            let line = match lines.blocking_recv() {
                Ok(line) => format!("{}\n", visible(&line)),
                Err(RecvError::Lagged(missed)) => {
                    format!("… and {missed} more questions were logged by the DNS\n")
                }
                Err(RecvError::Closed) => return,
            };
            if out::write(&line).is_err() {
                return;
            }
        }
    };
    thread::Builder::new().name("dns-log".to_owned()).spawn(printing).map(drop)
}
