//! Opens the connections of a plan, many at a time, and collects what came of them.
use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use netloom_cluster::{Family, Protocol};
use netloom_explain::{Drop as Dropped, End, Origin, Path, Rejection, Step, World};
use netloom_kernel::sandbox::open_file_limit;
use netloom_node::LogPrefix;
use netloom_objects::{Location, ObjectRef};
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

/// Connections under way at once, where open files allow it: also bounded by the local ports of one source.
const IN_FLIGHT: usize = 1500;
/// Sockets that are opened ahead, as a share of those.
const AHEAD: usize = 3;
/// Open files of one connection: the prober's end and the stand-in's.
const FILES: usize = 2;
/// Open files that are left to everything else.
const SPARE_FILES: usize = 64;
/// With fewer connections at once a verification is none.
const LEAST: usize = 6;
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
    let in_flight = in_flight()?;
    let mut report = Report {
        probes: of,
        notes: nothing_of_the_set(world).into_iter().collect(),
        not_probed: plan.not_probed,
        ..Report::default()
    };
    let allowed = plan.probes.iter().filter(|p| p.predicted.iter().all(Path::answered)).count();
    report.predicted =
        Predicted { allowed: allowed + plan.only_predicted.0, denied: of - allowed + plan.only_predicted.1 };
    let probes = Arc::new(plan.probes);
    let mut doubtful = Vec::new();
    let mut done = 0;
    let all: Vec<usize> = (0..of).collect();
    round(network, &probes, &all, (in_flight, 1), |index, observed| {
        done += 1;
        if agrees(world, &probes[index], &observed) {
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
    round(network, &probes, &doubtful, (in_flight, 3), |index, observed| {
        if agrees(world, &probes[index], &observed) {
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

/// How many connections may be under way at once.
fn in_flight() -> Result<usize, EmbeddedError> {
    let doing = || EmbeddedError::io("counting open files in /proc/self/fd");
    let open = std::fs::read_dir("/proc/self/fd").map_err(doing())?.count();
    let limit = open_file_limit().map_err(doing())?;
    let free = limit.saturating_sub(open + SPARE_FILES) / FILES;
    match free.min(IN_FLIGHT) {
        few if few < LEAST => {
            Err(EmbeddedError::OpenFiles { source: std::io::Error::from_raw_os_error(EMFILE) })
        }
        enough => Ok(enough),
    }
}

/// EMFILE of <errno.h>, and ENFILE beside it.
const EMFILE: i32 = 24;
const ENFILE: i32 = 23;

fn is_full(error: &std::io::Error) -> bool {
    matches!(error.raw_os_error(), Some(EMFILE | ENFILE))
}

/// A set without workloads: what is probed then is the cluster DNS that was added, and the outside.
fn nothing_of_the_set(world: &World) -> Option<String> {
    let builtin = Location::builtin().file;
    let own = |pod: &&Arc<netloom_cluster::Pod>| pod.origin.at.file != builtin;
    let nothing = world.snapshot.pods.iter().filter(own).count() == 0;
    nothing.then(|| {
        "the manifests have no workload: nothing of theirs was probed, only what netloom added and the outside".to_owned()
    })
}

/// A probe's index, what its packets were claimed by, and what came of it.
type Ended = (usize, Option<Sender>, Observed);

async fn round(
    network: &Network,
    probes: &Arc<Vec<Probe>>,
    which: &[usize],
    (in_flight, patience): (usize, u32),
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
    let ahead = (in_flight / AHEAD).max(1);
    for batch in which.chunks(ahead) {
        // Their sockets count, too.
        while tasks.len() + ahead > in_flight {
            finish(tasks.join_next().await);
        }
        let wanted = batch.iter().map(|i| {
            let probe = &probes[*i];
            ClientSocket { origin: probe.origin, to: probe.to.ip(), protocol: probe.protocol }
        });
        let sockets = network.client_sockets(wanted.collect())?;
        for (&index, socket) in batch.iter().zip(sockets) {
            let probe = &probes[index];
            let socket = match socket {
                Ok(socket) => socket,
                // Says nothing about the network.
                Err(error) if is_full(&error) => return Err(EmbeddedError::OpenFiles { source: error }),
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
        End::Dropped(
            Dropped::NoLocalEndpoint(_, origin)
            | Dropped::SourceRefused(origin)
            | Dropped::ReplyPassesBy(_, origin),
        ) => return Some(origin.clone()),
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
