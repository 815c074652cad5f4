//! Text to objects on all processors: documents are shared out in groups and put back in their order.
use std::{
    num::NonZero,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use crate::{
    Cause, Diagnostic, Location, ParsedSource, Severity, Source,
    document::{Group, MAX_DIAGNOSTICS, join, read_group},
    tree::{Chunk, split},
};

/// So many bytes are read together: little enough for a processor's cache to hold what is built of them.
const GROUP: usize = 64 << 10;

/// Less than this is read sooner than another thread has begun.
const WORTH_A_THREAD: usize = 256 << 10;

/// Reads the objects of one source. Broken documents become diagnostics and hide no other.
#[must_use]
pub fn parse_source(source: &Source) -> ParsedSource {
    let (mut parsed, threads) = (Vec::new(), processors());
    read_all(std::slice::from_ref(source), threads, |source| parsed.push(source));
    parsed.pop().unwrap_or_else(|| ParsedSource::new(source.clone(), Vec::new(), Vec::new()))
}

/// Reads the objects of several sources, on as many threads as there are processors where that is faster. All of
/// them have ended when this returns.
#[must_use]
pub fn parse_sources(sources: &[Source]) -> Vec<Arc<ParsedSource>> {
    parse_sources_on(sources, processors())
}

/// [`parse_sources`] on at most so many threads, the caller's one of them. What is read is the same with any number.
#[must_use]
pub fn parse_sources_on(sources: &[Source], threads: usize) -> Vec<Arc<ParsedSource>> {
    let mut parsed = Vec::with_capacity(sources.len());
    read_all(sources, threads, |source| parsed.push(Arc::new(source)));
    parsed
}

fn processors() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Documents of one source.
struct Job<'s> {
    source: usize,
    chunks: Vec<Chunk<'s>>,
}

fn read_all(sources: &[Source], threads: usize, mut take: impl FnMut(ParsedSource)) {
    let jobs: Vec<Job<'_>> = sources.iter().enumerate().flat_map(|(i, source)| jobs(i, source)).collect();
    let bytes: usize = sources.iter().map(|s| s.text.len()).sum();
    let threads = threads.min(jobs.len()).min(bytes / WORTH_A_THREAD + 1);
    let mut groups = run(&jobs, sources, threads).into_iter();
    let mut jobs = jobs.iter().peekable();
    for (i, source) in sources.iter().enumerate() {
        if let Some(fault) = source.fault() {
            let empty = Source { name: source.name.clone(), text: "".into() };
            take(ParsedSource::new(empty, Vec::new(), vec![undecodable(source, fault)]));
            continue;
        }
        let mut own = Vec::new();
        while jobs.next_if(|job| job.source == i).is_some() {
            own.extend(groups.next());
        }
        let (objects, diagnostics) = join(source, own);
        take(ParsedSource::new(source.clone(), objects, diagnostics));
    }
}

/// The one finding about a file that is no text.
fn undecodable(source: &Source, fault: &str) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        cause: Cause::Syntax,
        message: fault.to_owned(),
        at: Location { file: source.name.clone(), line: 1, column: 1 },
        end: (1, 1),
        help: Some("save it as UTF-8, or leave it out".to_owned()),
        related: Vec::new(),
        repair: None,
    }
}

/// Shares out the documents of a source.
fn jobs(index: usize, source: &Source) -> Vec<Job<'_>> {
    if source.fault().is_some() {
        return Vec::new();
    }
    let mut jobs: Vec<Job<'_>> = Vec::new();
    let mut room = 0_usize;
    for chunk in split(&source.text) {
        match jobs.last_mut().filter(|_| room > 0) {
            Some(job) => job.chunks.push(chunk),
            None => {
                jobs.push(Job { source: index, chunks: vec![chunk] });
                room = GROUP;
            }
        }
        room = room.saturating_sub(chunk.text.len());
    }
    jobs
}

/// Does the jobs, and gives what came of them in their order.
fn run(jobs: &[Job<'_>], sources: &[Source], threads: usize) -> Vec<Group> {
    let board = Board { jobs, next: AtomicUsize::new(0), found: sources.iter().map(|_| 0.into()).collect() };
    let work = || {
        let mut done = Vec::new();
        while let Some((at, wanted)) = board.take() {
            let job = &jobs[at];
            let group = match wanted {
                true => read_group(&sources[job.source], &job.chunks),
                false => Group::default(),
            };
            board.found[job.source].fetch_add(group.findings(), Ordering::AcqRel);
            done.push((at, group));
        }
        done
    };
    let mut done = thread::scope(|scope| {
        // Where no thread can be had, the others do its share.
        let started = (1..threads).map(|_| thread::Builder::new().spawn_scoped(scope, work));
        let others: Vec<_> = started.filter_map(Result::ok).collect();
        let mut done = work();
        for other in others {
            // Only join() waits for the thread itself to end: a process with a second thread cannot unshare its
            // user namespace.
            match other.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, group)| group).collect()
}

/// Hands out the jobs in their order.
struct Board<'j, 's> {
    jobs: &'j [Job<'s>],
    next: AtomicUsize,
    /// For each source how many findings its groups that are done have.
    found: Vec<AtomicUsize>,
}

impl Board<'_, '_> {
    /// The next job, and whether what it gives can count: not behind more findings than are kept.
    fn take(&self) -> Option<(usize, bool)> {
        // Counted before the job is taken, so that only jobs before it are.
        let likely = self.jobs.get(self.next.load(Ordering::Acquire)).map(|job| job.source);
        let full = likely.is_some_and(|source| self.found[source].load(Ordering::Acquire) > MAX_DIAGNOSTICS);
        let at = self.next.fetch_add(1, Ordering::AcqRel);
        let job = self.jobs.get(at)?;
        Some((at, !(full && likely == Some(job.source))))
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    /// Documents of which every `bad`th has a fault, as many as fill several groups.
    fn text(documents: usize, bad: usize) -> String {
        let mut text = String::new();
        for i in 0..documents {
            let port = if i % bad == 0 { "x y" } else { "80" };
            _ = write!(
                text,
                "---\napiVersion: v1\nkind: Service\nmetadata: {{name: s{i}}}\nspec:\n  ports:\n  - port: {port}\n  selector: {{app: a{i}}}\n"
            );
        }
        text
    }

    fn told(parsed: &ParsedSource) -> String {
        let objects: Vec<_> =
            parsed.objects.iter().map(|o| (&o.reference, o.refer("spec.ports[0]"))).collect();
        format!("{objects:?}\n{:?}", parsed.diagnostics)
    }

    #[test]
    fn the_number_of_threads_changes_nothing() {
        let sources = [
            Source::new("many.yaml", &text(12_000, 1_000)),
            Source::new("empty.yaml", ""),
            Source::new("wrong.yaml", &text(12_000, 3)),
            Source::new("none.yaml", "# nothing\n"),
            Source::new("all-wrong.yaml", &text(6_000, 1)),
            Source::new("small.yaml", &text(1, 2)),
        ];
        let one: Vec<_> = parse_sources_on(&sources, 1);
        let expected = [(12_000, 12), (0, 0), (3_001, 1_001), (0, 0), (1_001, 1_001), (1, 1)];
        for (parsed, (objects, findings)) in one.iter().zip(expected) {
            assert_eq!(
                (parsed.objects.len(), parsed.diagnostics.len()),
                (objects, findings),
                "{}",
                parsed.source.name
            );
        }
        for threads in [2, 3, 8] {
            for (one, many) in one.iter().zip(parse_sources_on(&sources, threads)) {
                assert!(told(one) == told(&many), "{} on {threads} threads", one.source.name);
            }
        }
    }
}
