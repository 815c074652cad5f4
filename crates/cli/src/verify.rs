//! `netloom verify`: real packets against the prediction.
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::IsTerminal as _,
    path::{Path, PathBuf},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use netloom_cluster::{PodId, Protocol};
use netloom_embedded::{
    Network,
    verify::{Disagreement, Plan, Report, run},
};
use netloom_explain::World;
use netloom_reach::{
    Party, Reach, Scope,
    expect::{Expectation, Expectations, table::Table},
};

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
    let mut broken = Vec::new();
    match (&expected, &args.expect) {
        (Some(Expected::Table(table)), _) => {
            broken = held_against(&loaded.world, table)?;
            add_rows(&network, table, &mut plan)?;
        }
        (Some(Expected::Lines(lines)), Some(file)) => {
            let file = file.display().to_string();
            let reach = reach_of(&loaded.world);
            broken = refused(&reach, &file, lines)?;
            for expectation in &lines.lines {
                add_pairs(&network, &reach, &file, expectation, &mut plan)?;
            }
        }
        _ => {}
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

fn read_table(path: &Path) -> Result<Table, Stop> {
    match Expected::read(path)? {
        Expected::Table(table) => Ok(table),
        Expected::Lines(_) => Err(Stop::Because(format!("{} is no table of verdicts", path.display()))),
    }
}

/// Who reaches whom in the network that runs: all its addresses are known.
fn reach_of(world: &World) -> Reach {
    let plan = &world.snapshot.plan;
    let inside = [plan.pod_cidrs, plan.service_cidrs, plan.node_cidrs, plan.lb_cidrs];
    let scope = Scope {
        ipv6: Some(plan.pod_cidrs.v6.is_some()),
        inside: inside.iter().flat_map(|nets| nets.iter()).collect(),
        ..Scope::default()
    };
    Reach::new(&world.snapshot, &scope)
}

/// Expectations that the prediction does not agree with.
fn refused(reach: &Reach, file: &str, expected: &Expectations) -> Result<Vec<Disagreement>, Stop> {
    let outcomes = expected.judge(file, reach)?;
    let of_outcome = |outcome: &netloom_reach::expect::Outcome| {
        let wanted = if outcome.expectation.allowed { "allowed" } else { "denied" };
        let predicted = if outcome.expectation.allowed { "denied" } else { "allowed" };
        let line = format!("{file}:{}", outcome.expectation.line);
        let of_pair = move |broken: &netloom_reach::expect::Broken| Disagreement {
            from: broken.from.clone(),
            to: broken.to.clone(),
            address: broken.ports.to_string(),
            protocol: "",
            predicted: predicted.to_owned(),
            observed: format!("{line} expects {wanted}"),
            object: None,
        };
        outcome.broken.iter().map(of_pair).collect::<Vec<_>>()
    };
    Ok(outcomes.iter().flat_map(of_outcome).collect())
}

/// Ports of an expectation that are probed, at most: a range is no reason to try each of its ports.
const PROBED_PORTS: usize = 4;

/// Probes for an expectation about ports of pods, so that the packets are held against it by way of the prediction.
fn add_pairs(
    network: &Network,
    reach: &Reach,
    file: &str,
    expectation: &Expectation,
    plan: &mut Plan,
) -> Result<(), Stop> {
    let question = expectation.question(file, reach)?;
    if question.port.is_none() {
        return Ok(());
    }
    let own = |pod: &PodId| !network.world().snapshot.pod(*pod).host_network;
    let pods = |party| -> Vec<PodId> {
        let pods = match party {
            Party::Pod(pod) => vec![pod],
            Party::Endpoint(id) => reach.endpoint(id).pods.clone(),
            _ => Vec::new(),
        };
        pods.into_iter().filter(own).collect()
    };
    for answer in question.answers(reach)? {
        for protocol in [Protocol::Tcp, Protocol::Udp] {
            let ports = answer.asked.ranges(protocol).iter().flat_map(|(low, high)| *low..=*high);
            for port in ports.take(PROBED_PORTS) {
                for from in pods(answer.from) {
                    for to in pods(answer.to).into_iter().filter(|to| *to != from) {
                        plan.pair(network, from, to, protocol, port);
                    }
                }
            }
        }
    }
    Ok(())
}

/// Rows that the prediction does not agree with. A pod's connections to itself are not asked: they are always allowed.
fn held_against(world: &World, table: &Table) -> Result<Vec<Disagreement>, Stop> {
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
fn add_rows(network: &Network, table: &Table, plan: &mut Plan) -> Result<(), Stop> {
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
