//! `netloom verify`: real packets against the prediction.
mod classes;
mod expected;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::IsTerminal as _,
    path::{Path, PathBuf},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use netloom_embedded::{
    Network,
    verify::{Plan, Report, run},
};

use expected::{add_pairs, add_rows, held_against, read_table, refused};

use crate::{
    args::{Output, Verify},
    load::{Loaded, Stop},
    out,
    reach::expect::Expected,
    run as running,
};

/// Disagreements that are listed for people; programs get all.
const LISTED: usize = 50;

pub fn main(args: &Verify) -> Result<u8, Stop> {
    let loaded = Loaded::new(&args.input.paths, &args.input.reading)?;
    let expected = args.expect.as_deref().map(Expected::read).transpose()?;
    running::in_sandbox(move || async move {
        let report = match &args.cases {
            Some(folder) => cases(args, loaded, folder).await?,
            None => once(args, &loaded, expected).await?,
        };
        match args.output {
            Output::Json => out::write(&format!("{}\n", serde_json::to_string_pretty(&report)?))?,
            Output::Text => out::write(&text(&report))?,
        }
        Ok(u8::from(!report.disagree.is_empty()))
    })
}

async fn once(args: &Verify, loaded: &Loaded, expected: Option<Expected>) -> Result<Report, Stop> {
    let (network, made) = Network::up(loaded.world.clone(), running::options(&args.running)?).await?;
    let mut plan = Plan::everything(&network, args.max_probes);
    let reach = classes::reach_of(&loaded.world);
    let mut broken = Vec::new();
    match (&expected, &args.expect) {
        (Some(Expected::Table(table)), _) => {
            broken = held_against(&loaded.world, table)?;
            add_rows(&network, table, &mut plan)?;
        }
        (Some(Expected::Lines(lines)), Some(file)) => {
            let file = file.display().to_string();
            broken = refused(&reach, &file, lines)?;
            for expectation in &lines.lines {
                add_pairs(&network, &reach, &file, expectation, &mut plan)?;
            }
        }
        _ => {}
    }
    broken.extend(classes::disagreeing(&loaded.world, &reach, &plan));
    let bar = bar(plan.probes.len() as u64, args.output);
    let mut report = run(&network, plan, |p| bar.set_position(p.done as u64)).await?;
    bar.finish_and_clear();
    report.disagree.extend(broken);
    report.ready_ms = made.took.as_secs_f64() * 1e3;
    Ok(report)
}

/// Brings the network up once, and moves it through the cases.
async fn cases(args: &Verify, mut loaded: Loaded, folder: &Path) -> Result<Report, Stop> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(folder)?
        .filter_map(|e| Some(e.ok()?.path()))
        .filter(|p| p.join("expected.csv").is_file())
        .collect();
    folders.sort();
    if folders.is_empty() {
        return Err(Stop::Because(format!("{} has no subfolder with an expected.csv", folder.display())));
    }
    let (mut network, made) = Network::up(loaded.world.clone(), running::options(&args.running)?).await?;
    let mut total = Report { ready_ms: made.took.as_secs_f64() * 1e3, ..Report::default() };
    let bar = bar(folders.len() as u64, args.output);
    for case in folders {
        let name = case.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let table = read_table(&case.join("expected.csv"))?;
        let world = loaded.with(std::slice::from_ref(&case))?.clone();
        let broken = held_against(&world, &table)?;
        network.apply(world).await?;
        network.cut_denied()?;
        let mut plan = Plan::default();
        add_rows(&network, &table, &mut plan)?;
        let beyond = classes::disagreeing(network.world(), &classes::reach_of(network.world()), &plan);
        let mut report = run(&network, plan, |_| {}).await?;
        report.disagree.extend(broken);
        report.disagree.extend(beyond);
        for disagreement in &mut report.disagree {
            disagreement.from = format!("case {name}: {}", disagreement.from);
        }
        total.merge(report);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(total)
}

fn bar(length: u64, output: Output) -> ProgressBar {
    let target = if output == Output::Json || !std::io::stderr().is_terminal() {
        ProgressDrawTarget::hidden()
    } else {
        ProgressDrawTarget::stderr()
    };
    let style = ProgressStyle::with_template("{bar:32} {pos}/{len} connections {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::with_draw_target(Some(length), target).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    for d in report.disagree.iter().take(LISTED) {
        let object = d.object.as_ref().map_or_else(String::new, |o| format!(" by {o}"));
        _ = writeln!(
            text,
            "✗ {} → {} {} ({})\n    predicted: {}{object}\n    observed:  {}",
            d.from, d.to, d.protocol, d.address, d.predicted, d.observed
        );
    }
    if report.disagree.len() > LISTED {
        _ = writeln!(text, "… and {} more", report.disagree.len() - LISTED);
    }
    let mut not_probed: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
    for n in &report.not_probed {
        let of_reason = not_probed.entry((n.reason, n.protocol)).or_default();
        *of_reason = (of_reason.0 + n.connections, of_reason.1 + 1);
    }
    for ((reason, protocol), (connections, targets)) in not_probed {
        _ = writeln!(text, "not probed: {connections} {protocol} connections to {targets} targets: {reason}");
    }
    _ = writeln!(
        text,
        "{} connections opened, {} as predicted, {} not ({} predicted allowed, {} denied; ready in {:.0} ms, probed in {:.1} s)",
        report.probes,
        report.agree,
        report.disagree.len(),
        report.predicted.allowed,
        report.predicted.denied,
        report.ready_ms,
        report.probe_ms / 1e3,
    );
    text
}
