//! `-o html`: one page that needs nothing else, with a map, a matrix, and the rule behind every connection and every
//! denial.
mod data;

use std::io::{self, Write};

use crate::reach::Reach;
use data::Data;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPTS: [&str; 6] = [
    include_str!("model.js"),
    include_str!("items.js"),
    include_str!("map.js"),
    include_str!("matrix.js"),
    include_str!("details.js"),
    include_str!("main.js"),
];

/// Writes the page. `title` says what it is about: the paths that were read.
///
/// # Errors
/// When it cannot be written.
pub fn html(reach: &Reach, title: &str, out: &mut impl Write) -> io::Result<()> {
    let data = serde_json::to_string(&Data::of(reach, title))?;
    // Inside of a script element only `<` can end it, and JSON may write it as an escape anywhere it stands.
    let data = data.replace('<', "\\u003c");
    for (part, hole) in parts(PAGE) {
        out.write_all(part.as_bytes())?;
        match hole {
            "STYLE" => out.write_all(STYLE.as_bytes())?,
            "DATA" => out.write_all(data.as_bytes())?,
            "SCRIPT" => SCRIPTS.iter().try_for_each(|script| out.write_all(script.as_bytes()))?,
            _ => {}
        }
    }
    Ok(())
}

/// The page's text up to each `/*HOLE*/`, with the name of the hole; empty behind the last.
fn parts(page: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = Some(page);
    std::iter::from_fn(move || {
        let page = rest.take()?;
        let Some((part, behind)) = page.split_once("/*") else { return Some((page, "")) };
        let (hole, behind) = behind.split_once("*/").unwrap_or((behind, ""));
        rest = Some(behind);
        Some((part, hole))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_each_hole_once() {
        let holes: Vec<&str> = parts(PAGE).map(|(_, hole)| hole).collect();
        assert_eq!(holes, ["STYLE", "DATA", "SCRIPT", ""]);
    }

    #[test]
    fn no_script_ends_its_element() {
        assert!(SCRIPTS.iter().all(|script| !script.contains("</script")));
        assert!(!STYLE.contains("</style"));
    }
}
