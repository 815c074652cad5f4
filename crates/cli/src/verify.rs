//! `netloom verify`: real packets against the prediction.
use std::{
    collections::BTreeMap,
    io::IsTerminal as _,
    path::{Path, PathBuf},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use netloom_cluster::Protocol;
use netloom_embedded::{
    Network,
    verify::{Disagreement, Expectations, Plan, Report, run},
};
use netloom_explain::World;

use crate::{
    args::{Output, Verify},
    load::{Loaded, Stop},
    run as running,
};

/// Disagreements that are listed for people; programs get all.
const LISTED: usize = 50;

pub fn main(args: &Verify) -> Result<u8, Stop> {
    let loaded = Loaded::new(&args.input.paths, &args.input.reading)?;
    let expected = args.expect.as_deref().map(read_table).transpose()?;
    running::in_sandbox(move || async move {
        let report = match &args.cases {
            Some(folder) => cases(args, loaded, folder).await?,
            None => once(args, &loaded, expected).await?,
        };
        match args.output {
            Output::Json => println!("{}", serde_json::to_string_pretty(&report)?),
            Output::Text => print(&report),
        }
        Ok(u8::from(!report.disagree.is_empty()))
    })
}

async fn once(args: &Verify, loaded: &Loaded, expected: Option<Expectations>) -> Result<Report, Stop> {
    let (network, made) = Network::up(loaded.world.clone(), running::options(&args.running)?).await?;
    let mut plan = Plan::everything(&network, args.max_probes);
    let mut broken = Vec::new();
    if let Some(table) = &expected {
        broken = held_against(&loaded.world, table)?;
        add_rows(&network, table, &mut plan)?;
    }
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
        let mut report = run(&network, plan, |_| {}).await?;
        report.disagree.extend(broken);
        for disagreement in &mut report.disagree {
            disagreement.from = format!("case {name}: {}", disagreement.from);
        }
        total.merge(report);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(total)
}

fn read_table(path: &Path) -> Result<Expectations, Stop> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| Stop::Because(format!("{} cannot be read: {e}", path.display())))?;
    Expectations::parse(&text).map_err(|e| Stop::Because(format!("{}, {e}", path.display())))
}

/// Rows that the prediction does not agree with. A pod's connections to itself are not asked: they are always allowed.
fn held_against(world: &World, table: &Expectations) -> Result<Vec<Disagreement>, Stop> {
    let mut broken = Vec::new();
    for row in table.rows.iter().filter(|r| r.from != r.to) {
        let (from, to) = row.pods(&world.snapshot)?;
        let (source, target) = (world.snapshot.pod(from), world.snapshot.pod(to));
        let pair = target
            .ips
            .iter()
            .find_map(|ip| Some((source.ips.iter().find(|own| own.is_ipv4() == ip.is_ipv4())?, ip)));
        let Some((source_ip, target_ip)) = pair else { continue };
        let decision = world.policies.evaluate(source_ip, target_ip, row.protocol, row.port);
        let predicted = [decision.ingress.allowed, decision.egress.allowed, decision.allowed()];
        if predicted != [row.ingress, row.egress, row.combined] {
            let text = |[ingress, egress, combined]: [bool; 3]| {
                let word = |allowed| if allowed { "allowed" } else { "blocked" };
                format!("ingress {}, egress {}, combined {}", word(ingress), word(egress), word(combined))
            };
            broken.push(Disagreement {
                from: row.from.clone(),
                to: format!("{}:{}", row.to, row.port),
                address: target_ip.to_string(),
                protocol: row.protocol.name(),
                predicted: text(predicted),
                observed: format!(
                    "the table (line {}) expects {}",
                    row.line,
                    text([row.ingress, row.egress, row.combined])
                ),
                object: None,
            });
        }
    }
    Ok(broken)
}

/// A probe for every row, so that the packets are held against the table by way of the prediction.
fn add_rows(network: &Network, table: &Expectations, plan: &mut Plan) -> Result<(), Stop> {
    for row in table
        .rows
        .iter()
        .filter(|r| r.from != r.to && matches!(r.protocol, Protocol::Tcp | Protocol::Udp | Protocol::Sctp))
    {
        let (from, to) = row.pods(&network.world().snapshot)?;
        plan.pair(network, from, to, row.protocol, row.port);
    }
    Ok(())
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

fn print(report: &Report) {
    for d in report.disagree.iter().take(LISTED) {
        let object = d.object.as_ref().map_or_else(String::new, |o| format!(" by {o}"));
        println!(
            "✗ {} → {} {} ({})\n    predicted: {}{object}\n    observed:  {}",
            d.from, d.to, d.protocol, d.address, d.predicted, d.observed
        );
    }
    if report.disagree.len() > LISTED {
        println!("… and {} more", report.disagree.len() - LISTED);
    }
    let mut not_probed: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
    for n in &report.not_probed {
        let of_reason = not_probed.entry((n.reason, n.protocol)).or_default();
        *of_reason = (of_reason.0 + n.connections, of_reason.1 + 1);
    }
    for ((reason, protocol), (connections, targets)) in not_probed {
        println!("not probed: {connections} {protocol} connections to {targets} targets: {reason}");
    }
    println!(
        "{} connections opened, {} as predicted, {} not ({} predicted allowed, {} denied; ready in {:.0} ms, probed in {:.1} s)",
        report.probes,
        report.agree,
        report.disagree.len(),
        report.predicted.allowed,
        report.predicted.denied,
        report.ready_ms,
        report.probe_ms / 1e3,
    );
}
