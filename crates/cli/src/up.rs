//! `netloom up`: the network runs until Ctrl-C.
use std::{collections::BTreeSet, fmt::Write as _, path::PathBuf, sync::Arc, time::Duration};

use netloom_embedded::{Changed, Denied, Network, Watcher, serve_control};
use netloom_explain::World;
use netloom_kernel::{
    control::{self, ControlError},
    sandbox,
};
use netloom_node::{Firewall, LogPrefix, NodeState};
use netloom_policy::{Placed, Reason};
use tokio::{
    sync::{Mutex, broadcast, mpsc},
    time::Instant,
};

use crate::{
    args::Up,
    load::{Loaded, Stop},
    notes, out, overview, query_lines, run,
};

/// The name of the first network.
pub const DEFAULT_NAME: &str = "default";
/// Denials that are told one by one in a second; the rest is counted.
const DENIALS_A_SECOND: u32 = 20;

pub fn main(args: &Up) -> Result<u8, Stop> {
    let loaded = Loaded::one(&args.input.paths, &args.input.reading, args.input.namespace.as_deref(), "up")?;
    notes::not_served(&loaded.objects());
    if args.dry_run {
        return dry_run(&loaded.world);
    }
    // Bound in the host's network, where `exec` looks for it; the kernel forgets it with the process.
    let (name, listener) = bind(args.name.as_deref())?;
    run::in_sandbox(move || stay(args, loaded, name, listener))
}

fn bind(name: Option<&str>) -> Result<(String, std::os::unix::net::UnixListener), Stop> {
    if let Some(name) = name {
        return Ok((name.to_owned(), control::bind(name)?));
    }
    for nth in 1.. {
        let name = if nth == 1 { DEFAULT_NAME.to_owned() } else { format!("{DEFAULT_NAME}-{nth}") };
        match control::bind(&name) {
            Ok(listener) => return Ok((name, listener)),
            Err(ControlError::Taken(_) | ControlError::Stranger { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Stop::Said)
}

/// What each node would be told, in nft syntax.
fn dry_run(world: &World) -> Result<u8, Stop> {
    let mut text = String::new();
    let policies = Placed::of(&world.policies, None);
    for node in world.snapshot.nodes.iter() {
        let mut firewall = Firewall::new(node.id);
        let state =
            NodeState { snapshot: &world.snapshot, policies: &policies, routes: world.routes_of(node.id) };
        if let Some(table) = firewall.plan(state)?.into_table() {
            _ = writeln!(text, "# node {}\n{table}", node.name);
        }
    }
    out::write(&text).map(|()| 0)
}

async fn stay(
    args: &Up,
    mut loaded: Loaded,
    name: String,
    listener: std::os::unix::net::UnixListener,
) -> Result<u8, Stop> {
    let mut watcher = if args.watch { Some(Watcher::new(loaded.watched())?) } else { None };
    let (network, made) =
        Network::up(loaded.world.clone(), run::options(&args.running, &loaded.world.snapshot)?).await?;
    // Until here a signal ends the process at once.
    let (tell, mut asked_to_end) = mpsc::unbounded_channel();
    sandbox::on_end(move || {
        // The network ends already if nobody listens.
        let _ = tell.send(());
    });
    let paths: Vec<String> = args.input.paths.iter().map(|p| p.display().to_string()).collect();
    let page = overview::page(&loaded.world, &loaded.notes, &name, made.took, &paths.join(" "));
    let mut denials = network.denials();
    let queries = network.queries();
    let network = Arc::new(Mutex::new(network));
    serve_control(listener, network.clone());
    out::write(&page)?;
    if args.once {
        return Ok(0);
    }
    query_lines::print(queries)?;
    let mut teller = Teller::default();
    loop {
        let edited = async {
            match &mut watcher {
                Some(watcher) => watcher.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = asked_to_end.recv() => break,
            changed = edited => match changed {
                Ok(Some(changed)) => apply(&mut loaded, &network, &changed).await?,
                Ok(None) => watcher = None,
                Err(error) => {
                    anstream::eprintln!("\x1b[1;33mwarning:\x1b[0m {error}; edits are not applied any more");
                    watcher = None;
                }
            },
            denied = denials.recv() => match denied {
                // The World that runs: an edit may have been refused.
                Ok(denied) => {
                    let world = network.lock().await.world().clone();
                    teller.tell(&world, &denied)?;
                }
                Err(broadcast::error::RecvError::Lagged(missed)) => teller.missed(missed),
                Err(broadcast::error::RecvError::Closed) => {}
            },
        }
    }
    say_ended();
    Ok(0)
}

/// A reader who takes nothing any more does not hold up the end.
fn say_ended() {
    let (said, told) = std::sync::mpsc::channel();
    let say = move || {
        drop(out::write("\nended\n"));
        // Nobody listens any more after a while.
        let _ = said.send(());
    };
    if std::thread::Builder::new().spawn(say).is_ok() {
        let _ = told.recv_timeout(Duration::from_millis(500));
    }
}

/// Applies edited manifests; what is broken is shown, and the network stays as it is.
async fn apply(loaded: &mut Loaded, network: &Mutex<Network>, changed: &Changed) -> Result<(), Stop> {
    tracing::debug!("seen after {:?}", changed.at.elapsed());
    let real = changed.paths.iter().filter_map(|path| path.canonicalize().ok());
    let real: BTreeSet<PathBuf> = changed.paths.iter().cloned().chain(real).collect();
    // Held until all is told: freeing what went out of use delays nobody then.
    let _before = loaded.world.clone();
    let world = match loaded.reload(&real) {
        Ok(Some(world)) => world.clone(),
        Ok(None) => return Ok(()),
        Err(stop) => {
            if let Stop::Because(reason) = stop {
                eprintln!("not applied: {reason}");
            }
            return Ok(());
        }
    };
    let files = names(changed, &loaded.edited());
    let mut network = network.lock().await;
    match network.apply(world).await {
        Ok(applied) => {
            let total = changed.at.elapsed();
            tracing::debug!("applied after {:?}", applied.took);
            loaded.applied();
            let cut = network.cut_denied()?;
            let mut what = vec![format!("{} kernel elements", applied.elements)];
            for (count, text) in [
                (applied.pods_added, "pods added"),
                (applied.pods_removed, "pods removed"),
                (cut, "connections cut"),
            ] {
                if count > 0 {
                    what.push(format!("{count} {text}"));
                }
            }
            out::write(&format!(
                "applied {} in {:.1} ms: {}\n",
                files.join(", "),
                total.as_secs_f64() * 1e3,
                what.join(", ")
            ))?;
        }
        Err(error) => {
            loaded.refused();
            eprintln!("not applied: {error}");
        }
    }
    Ok(())
}

/// The names of the edited manifests; where they are built, of the files that were saved.
fn names(changed: &Changed, edited: &[PathBuf]) -> Vec<String> {
    let name = |path: &PathBuf| Some(path.file_name()?.to_string_lossy().into_owned());
    let saved: BTreeSet<String> = changed.paths.iter().filter_map(name).collect();
    let edited =
        edited.iter().filter(|path| path.is_file() || name(path).is_some_and(|n| saved.contains(&n)));
    let edited: BTreeSet<String> = edited.filter_map(name).collect();
    if edited.is_empty() { saved } else { edited }.into_iter().collect()
}

/// Tells of denied connections, with the line that denies them, but not more than anyone can read.
struct Teller {
    second: Instant,
    told: u32,
    missed: u64,
}

impl Default for Teller {
    fn default() -> Self {
        Self { second: Instant::now(), told: 0, missed: 0 }
    }
}

impl Teller {
    fn missed(&mut self, count: u64) {
        self.missed += count;
    }

    fn tell(&mut self, world: &World, denied: &Denied) -> Result<(), Stop> {
        if self.second.elapsed() >= Duration::from_secs(1) {
            (self.second, self.told) = (Instant::now(), 0);
            if self.missed > 0 {
                out::write(&format!("… and {} more were denied\n", self.missed))?;
                self.missed = 0;
            }
        }
        if self.told >= DENIALS_A_SECOND {
            self.missed += 1;
            return Ok(());
        }
        self.told += 1;
        out::write(&format!("denied: {}\n", denial(world, denied)))
    }
}

fn denial(world: &World, denied: &Denied) -> String {
    let name = |ip: std::net::IpAddr| {
        let pod = world.policies.pod_at(ip).map(|id| world.snapshot.pod(id).qualified_name());
        let node =
            || world.snapshot.nodes.iter().find(|n| n.ips.contains(ip)).map(|n| format!("node/{}", n.name));
        pod.or_else(node).unwrap_or_else(|| ip.to_string())
    };
    let (from, to) = (denied.from.ip(), denied.to.ip());
    let line = format!("{} → {}:{} {}", name(from), name(to), denied.to.port(), denied.protocol);
    let side = match denied.by {
        LogPrefix::Egress => world
            .policies
            .pod_at(from)
            .map(|p| ("egress", world.policies.egress(p, to, denied.protocol, denied.to.port()))),
        LogPrefix::Ingress => world
            .policies
            .pod_at(to)
            .map(|p| ("ingress", world.policies.ingress(p, from, denied.protocol, denied.to.port()))),
        LogPrefix::Source => return format!("{line}: loadBalancerSourceRanges leave the client out"),
        LogPrefix::NoLocalEndpoint => {
            return format!(
                "{line}: the Service has no endpoint on this node, and its traffic policy is Local"
            );
        }
    };
    match side {
        Some((direction, side)) => match side.reason {
            Reason::Isolated(by) => {
                let by: Vec<String> = by.iter().map(ToString::to_string).collect();
                format!("{line}: no {direction} rule allows it ({})", by.join(", "))
            }
            Reason::Rule { rule, .. } => format!("{line}: {direction} {rule}"),
            _ => line,
        },
        None => line,
    }
}
