//! `netloom exec`: a command inside a running pod's network, from another terminal.
use std::ffi::OsString;

use netloom_embedded::{Answer, Request, ask};
use netloom_kernel::{control, exec::enter_and_exec};

use crate::{args::Exec, load::Stop};

pub fn main(args: &Exec) -> Result<u8, Stop> {
    let network = match &args.network {
        Some(name) => name.clone(),
        None => only_network()?,
    };
    let request = Request::Enter { namespace: args.namespace.clone(), target: args.pod.clone() };
    let (entry, stays) = match ask(&network, &request)? {
        Answer::Entering { entry, stays } => (entry, stays),
        Answer::Refused(reason) => return Err(Stop::Because(reason)),
    };
    let shell = || std::env::var_os("SHELL").unwrap_or_else(|| OsString::from("/bin/sh"));
    let command = if args.command.is_empty() { vec![shell()] } else { args.command.clone() };
    let environment: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    match enter_and_exec(entry, &command, &environment, stays.as_ref()) {
        Ok(status) => Ok(status),
        Err(error) => {
            eprintln!("netloom: {error}");
            Ok(error.exit_status())
        }
    }
}

fn only_network() -> Result<String, Stop> {
    let running = control::list()?;
    match running.as_slice() {
        [one] => Ok(one.clone()),
        [] => {
            Err(Stop::Because("no network of yours is running here; `netloom up PATH` starts one".to_owned()))
        }
        several => Err(Stop::Because(format!(
            "several networks are running; say which with --network: {}",
            several.join(", ")
        ))),
    }
}
