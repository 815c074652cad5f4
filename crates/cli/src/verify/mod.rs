//! `netloom verify`: real packets against the prediction.
mod classes;
mod expected;
mod output;

use std::{
    io::IsTerminal as _,
    path::{Path, PathBuf},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use netloom_embedded::{
    Network,
    verify::{Disagreement, Plan, Report, run},
};

use netloom_reach::report::expectations::{self, Case};

use expected::{add_pairs, add_rows, held_against, read_table, refused};

use crate::{
    args::{Verify, VerifyOutput},
    load::{Loaded, Stop},
    notes, out,
    reach::expect::Expected,
    run as running,
};

pub fn main(args: &Verify) -> Result<u8, Stop> {
    let loaded =
        Loaded::one(&args.input.paths, &args.input.reading, args.input.namespace.as_deref(), "verify")?;
    let not_served = notes::not_served(&loaded.objects());
    let expected = args.expect.as_deref().map(Expected::read).transpose()?;
    running::in_sandbox(move || async move {
        let Done { report, asked } = match &args.cases {
            Some(folder) => Done::of(cases(args, loaded, folder).await?),
            None => once(args, &loaded, expected).await?,
        };
        let written = match args.output {
            VerifyOutput::Json => format!("{:#}\n", output::json(&report, &not_served)?),
            VerifyOutput::Text => output::text(&report),
            VerifyOutput::Junit => {
                let name = args.expect.as_deref().or(args.input.paths.first().map(PathBuf::as_path));
                output::junit(&name.unwrap_or(Path::new("-")).display().to_string(), &asked)
            }
        };
        out::write(&written)?;
        Ok(u8::from(!report.disagree.is_empty()))
    })
}

/// What came out, and what was asked, case by case.
struct Done {
    report: Report,
    asked: Vec<Case>,
}

impl Done {
    fn of(report: Report) -> Self {
        Self { asked: vec![output::packets(&report)], report }
    }
}

async fn once(args: &Verify, loaded: &Loaded, expected: Option<Expected>) -> Result<Done, Stop> {
    let (network, made) =
        Network::up(loaded.world.clone(), running::options(&args.running, &loaded.world.snapshot)?).await?;
    let mut plan = Plan::everything(&network, args.max_probes);
    let reach = classes::reach_of(&loaded.world);
    let (mut broken, mut asked) = (Vec::new(), Vec::new());
    match (&expected, &args.expect) {
        (Some(Expected::Table(table)), _) => {
            broken = held_against(&loaded.world, table)?;
            add_rows(&network, table, &mut plan)?;
        }
        (Some(Expected::Lines(lines)), Some(file)) => {
            let file = file.display().to_string();
            let outcomes = lines.judge(&file, &reach)?;
            broken = refused(&file, &outcomes);
            asked = expectations::cases(&outcomes, &reach);
            for expectation in &lines.lines {
                add_pairs(&network, &reach, &file, expectation, &mut plan)?;
            }
        }
        _ => {}
    }
    let beyond = classes::disagreeing(&loaded.world, &reach, &plan);
    let bar = bar(plan.probes.len() as u64, args.output);
    let mut report = run(&network, plan, |p| bar.set_position(p.done as u64)).await?;
    bar.finish_and_clear();
    report.disagree.extend(beyond);
    report.ready_ms = made.took.as_secs_f64() * 1e3;
    asked.push(output::packets(&report));
    asked.extend(table_case(&expected, &broken));
    report.disagree.extend(broken);
    Ok(Done { report, asked })
}

/// A table of verdicts as one case.
fn table_case(expected: &Option<Expected>, broken: &[Disagreement]) -> Option<Case> {
    let Some(Expected::Table(table)) = expected else { return None };
    let failure = (!broken.is_empty()).then(|| {
        let rows = broken
            .iter()
            .map(|d| format!("{} → {}: predicted {}; {}", d.from, d.to, d.predicted, d.observed));
        format!("{} are not\n{}", broken.len(), rows.collect::<Vec<_>>().join("\n"))
    });
    Some(Case { name: format!("{} rows are as predicted", table.asked().count()), line: 1, failure })
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
    let (mut network, made) =
        Network::up(loaded.world.clone(), running::options(&args.running, &loaded.world.snapshot)?).await?;
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

fn bar(length: u64, output: VerifyOutput) -> ProgressBar {
    let target = if output != VerifyOutput::Text || !std::io::stderr().is_terminal() {
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
