//! `netloom explain`: one connection, hop by hop.
use std::{io::IsTerminal as _, path::PathBuf};

use netloom_explain::{Options, Verdict, explain};

use crate::{
    args::{Explain, Output},
    load::{Loaded, Stop},
    notes, out,
};

pub fn main(args: &Explain) -> Result<u8, Stop> {
    let [paths @ .., from, to] = args.question.as_slice() else {
        return Err(Stop::Because("say PATH, FROM and TO".to_owned()));
    };
    let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
    let loaded = Loaded::to_analyse(&paths, &args.reading)?;
    let objects = loaded.objects();
    let options = Options { objects: Some(&objects), ..Options::default() };
    let explanation = explain(&loaded.world, from, to, &options)?;
    notes::unread(&explanation.not_judged);
    match args.output {
        Output::Text => out::write(&explanation.render(std::io::stdout().is_terminal()))?,
        Output::Json => out::write(&format!("{}\n", serde_json::to_string_pretty(&explanation)?))?,
    }
    Ok(u8::from(explanation.verdict != Verdict::Allowed))
}
