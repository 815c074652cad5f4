//! Questions about the rules: `--explain`, `--list-rules`, `--reference`.
use std::io::{self, IsTerminal as _};

use netloom_audit::{Rule, find_rule, nearest, reference};

use super::{Check, args::Format};
use crate::{load::Stop, out::write};

pub fn main(check: &Check) -> Result<u8, Stop> {
    let asked = &check.rules;
    if asked.reference {
        write(&reference::reference())?;
    } else if asked.list_rules {
        write(&if check.output == Format::Json { reference::list_json() } else { reference::list() })?;
    } else {
        let codes = asked.explain.iter().flat_map(|given| given.split(',')).map(str::trim);
        let found: Vec<&Rule> = codes.map(named).collect::<Result<_, Stop>>()?;
        let color = io::stdout().is_terminal();
        let pages: Vec<String> = found.into_iter().map(|rule| reference::text_page(rule, color)).collect();
        write(&pages.join("\n\n"))?;
    }
    Ok(0)
}

fn named(code: &str) -> Result<&'static Rule, Stop> {
    find_rule(code).ok_or_else(|| {
        Stop::Because(match nearest(code) {
            Some(near) => format!("`{code}` is no rule; did you mean `{near}`?"),
            None => format!("`{code}` is no rule; `netloom check --list-rules` lists them"),
        })
    })
}
