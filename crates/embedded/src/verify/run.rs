//! Opens the connections of a plan, many at a time, and collects what came of them.
use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use netloom_cluster::{Family, Protocol};
use netloom_explain::{Drop as Dropped, End, Origin, Path, Rejection, Step, World};
use netloom_node::LogPrefix;
use netloom_objects::ObjectRef;
use netloom_standin::probe::{Outcome, Prepared, Probe as Finished, Started};
use tokio::{
    sync::oneshot,
    task::{JoinError, JoinSet},
};

use super::{
    Disagreement, Plan, Predicted, Probe, Report,
    compare::{Observed, agrees, observed_text, predicted_text},
};
use crate::{EmbeddedError, Network, drops::Sender, network::ClientSocket};

/// Connections under way at once: bounded by open files and by the local ports of one source.
const IN_FLIGHT: usize = 1500;
const BATCH: usize = 500;
/// How long an answer may take where one is predicted.
const PATIENCE: Duration = Duration::from_secs(4);
/// A probe that takes longer is worth a line in the log.
const SLOW: Duration = Duration::from_millis(500);
/// How long silence has to last where it is predicted and the kernel does not tell of the drop. The first packet of TCP
/// is sent again after a second, and a drop of that is told too.
const SILENCE: Duration = Duration::from_millis(1500);

/// How far a run has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Probes that ended.
    pub done: usize,
    /// All probes.
    pub of: usize,
    /// Those that did not go as predicted, so far.
    pub disagree: usize,
}

/// Opens every connection of the plan and holds it against the prediction. What disagrees is tried once more, with
/// more patience: a machine under load loses datagrams, a wrong prediction stays wrong.
///
/// # Errors
/// When sockets cannot be made.
pub async fn run(
    network: &Network,
    plan: Plan,
    mut progress: impl FnMut(Progress),
) -> Result<Report, EmbeddedError> {
    let begun = Instant::now();
    let of = plan.probes.len();
    let world = network.world();
    let mut report = Report { probes: of, not_probed: plan.not_probed, ..Report::default() };
    let allowed = plan.probes.iter().filter(|p| p.predicted.iter().all(Path::answered)).count();
    report.predicted =
        Predicted { allowed: allowed + plan.only_predicted.0, denied: of - allowed + plan.only_predicted.1 };
    let probes = Arc::new(plan.probes);
    let mut doubtful = Vec::new();
    let mut done = 0;
    let all: Vec<usize> = (0..of).collect();
    round(network, &probes, &all, 1, |index, observed| {
        done += 1;
        if agrees(world, &probes[index].predicted, &observed) {
            report.agree += 1;
            report.silent += usize::from(observed.outcome == Outcome::TimedOut);
        } else {
            doubtful.push(index);
        }
        progress(Progress { done, of, disagree: doubtful.len() });
    })
    .await?;
    doubtful.sort_unstable();
    let mut disagree = Vec::new();
    round(network, &probes, &doubtful, 3, |index, observed| {
        if agrees(world, &probes[index].predicted, &observed) {
            report.agree += 1;
            report.silent += usize::from(observed.outcome == Outcome::TimedOut);
        } else {
            disagree.push((index, disagreement(world, &probes[index], &observed)));
        }
    })
    .await?;
    disagree.sort_by_key(|(index, _)| *index);
    report.disagree = disagree.into_iter().map(|(_, d)| d).collect();
    report.probe_ms = begun.elapsed().as_secs_f64() * 1e3;
    Ok(report)
}

/// A probe's index, what its packets were claimed by, and what came of it.
type Ended = (usize, Option<Sender>, Observed);

async fn round(
    network: &Network,
    probes: &Arc<Vec<Probe>>,
    which: &[usize],
    patience: u32,
    mut each: impl FnMut(usize, Observed),
) -> Result<(), EmbeddedError> {
    let mut tasks: JoinSet<Ended> = JoinSet::new();
    let mut finish = |joined: Option<Result<Ended, JoinError>>| {
        if let Some(Ok((index, sender, observed))) = joined {
            if let Some(sender) = sender {
                network.drops().forget(&sender);
            }
            each(index, observed);
        }
    };
    for batch in which.chunks(BATCH) {
        let wanted = batch.iter().map(|i| {
            let probe = &probes[*i];
            ClientSocket { origin: probe.origin, to: probe.to.ip(), protocol: probe.protocol }
        });
        let sockets = network.client_sockets(wanted.collect())?;
        for (&index, socket) in batch.iter().zip(sockets) {
            while tasks.len() >= IN_FLIGHT {
                finish(tasks.join_next().await);
            }
            let probe = &probes[index];
            let socket = match socket {
                Ok(socket) => socket,
                Err(error) => {
                    let outcome = Outcome::Failed(format!("no socket: {error}"));
                    tasks.spawn(std::future::ready((
                        index,
                        None,
                        Observed { outcome, connected: false, dropped_by: None },
                    )));
                    continue;
                }
            };
            let prepared = Prepared::new(socket, probe.to, probe.how.clone());
            let sender = source(network.world(), probe)
                .map(|from| (probe.protocol.number(), from, prepared.local().port()));
            let told = sender.map(|sender| network.drops().claim(sender));
            let started = prepared.start();
            // Where endpoints of a Service differ, silence is one of the answers that are waited for.
            let silence = probe.predicted.iter().any(is_silent);
            let deadline = if silence { SILENCE } else { PATIENCE } * patience;
            let (name, to) = (probe.name.clone(), probe.to);
            tasks.spawn(async move {
                let begun = Instant::now();
                let (finished, dropped_by) = wait(started, deadline, told).await;
                if begun.elapsed() > SLOW {
                    tracing::debug!(
                        "{:?} after {:?}: {sender:?} to {name} ({to})",
                        finished.outcome,
                        begun.elapsed()
                    );
                }
                (
                    index,
                    sender,
                    Observed { outcome: finished.outcome, connected: finished.connected, dropped_by },
                )
            });
        }
    }
    while let Some(joined) = tasks.join_next().await {
        finish(Some(joined));
    }
    Ok(())
}

async fn wait(
    started: Started,
    deadline: Duration,
    told: Option<oneshot::Receiver<LogPrefix>>,
) -> (Finished, Option<LogPrefix>) {
    let mut dropped_by = None;
    let dropped = async {
        match told {
            Some(told) => match told.await {
                Ok(prefix) => dropped_by = Some(prefix),
                Err(_) => std::future::pending().await,
            },
            None => std::future::pending().await,
        }
    };
    let finished = started.finish(deadline, dropped).await;
    (finished, dropped_by)
}

fn is_silent(path: &Path) -> bool {
    matches!(path.end, End::Denied | End::Dropped(_))
}

/// The address that the probe's packets leave with.
fn source(world: &World, probe: &Probe) -> Option<IpAddr> {
    let family = Family::of(probe.to.ip());
    match probe.origin {
        Origin::Pod(pod) => world.snapshot.pod(pod).ips.of(family),
        Origin::Node(node) => world.snapshot.node(node).ips.of(family),
        Origin::Outside(ip) => Some(ip),
    }
}

fn disagreement(world: &World, probe: &Probe, observed: &Observed) -> Disagreement {
    Disagreement {
        from: probe.from_name(world),
        to: probe.name.to_string(),
        address: probe.to.to_string(),
        protocol: match probe.protocol {
            Protocol::Other(_) => "IP",
            protocol => protocol.name(),
        },
        predicted: predicted_text(world, &probe.predicted),
        observed: observed_text(observed),
        object: probe.predicted.iter().find_map(deciding),
    }
}

/// The object that a predicted way rests on.
fn deciding(path: &Path) -> Option<Arc<ObjectRef>> {
    match &path.end {
        End::Rejected(Rejection::NoEndpoints(origin)) => return Some(origin.clone()),
        End::Dropped(Dropped::NoLocalEndpoint(_, origin) | Dropped::SourceRefused(origin)) => {
            return Some(origin.clone());
        }
        _ => {}
    }
    path.steps.iter().rev().find_map(|step| match step {
        Step::Policy { side, .. } => match &side.reason {
            netloom_policy::Reason::Rule { rule, .. } => Some(rule.clone()),
            netloom_policy::Reason::Isolated(by) => by.first().cloned(),
            _ => None,
        },
        Step::Service { origin, .. } => Some(origin.clone()),
    })
}
