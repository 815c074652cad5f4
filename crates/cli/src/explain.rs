//! `netloom explain`: one connection, hop by hop.
use std::io::IsTerminal as _;

use netloom_explain::{Options, Verdict, explain};

use crate::{
    args::{Explain, Output},
    load::{Loaded, Stop},
};

pub fn main(args: &Explain) -> Result<u8, Stop> {
    let loaded = Loaded::new(&args.input)?;
    let explanation = explain(&loaded.world, &args.from, &args.to, &Options::default())?;
    match args.output {
        Output::Text => print!("{}", explanation.render(std::io::stdout().is_terminal())),
        Output::Json => println!("{}", serde_json::to_string_pretty(&explanation)?),
    }
    Ok(u8::from(explanation.verdict != Verdict::Allowed))
}
