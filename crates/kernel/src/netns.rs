//! Network namespaces: owned handles, and the worker threads that enter them.
//!
//! A thread that came from the host's network namespace cannot go back once it left (the host's namespace belongs to
//! a user namespace in which we hold no rights). So namespaces are entered only by [`Worker`] threads, whose home is a
//! namespace of our own; sockets opened there are handed to the runtime's threads.
#![forbid(unsafe_code)]

use std::{
    fs::File,
    io,
    marker::PhantomData,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::fs::MetadataExt,
    },
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    thread,
};

use nix::sched::{CloneFlags, setns, unshare};

/// Why a namespace could not be made or entered.
#[derive(Debug, thiserror::Error)]
pub enum NsError {
    /// `unshare(CLONE_NEWNET)` was refused.
    #[error("cannot make a network namespace: {source}{}", create_hint(source))]
    Create {
        /// What the kernel answered.
        source: io::Error,
    },
    /// `setns` was refused.
    #[error("cannot enter network namespace net:[{inode}]: {source}")]
    Enter {
        /// The namespace.
        inode: u64,
        /// What the kernel answered.
        source: io::Error,
    },
    /// The handle of a namespace could not be opened.
    #[error("cannot open {path}: {source}{}", open_hint(source))]
    Open {
        /// The file under /proc.
        path: &'static str,
        /// What the kernel answered.
        source: io::Error,
    },
    /// A worker thread could not be started.
    #[error("cannot start a namespace worker thread: {0}")]
    Thread(io::Error),
    /// A worker's closure panicked; the worker lives on.
    #[error("a task panicked in a network namespace: {0}")]
    Panicked(String),
    /// The worker has ended.
    #[error("the namespace worker has ended")]
    Gone,
}

fn open_hint(error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(nix::libc::EMFILE | nix::libc::ENFILE) => {
            " (each port and each pod is one open file: raise `ulimit -n`)"
        }
        _ => " (is /proc mounted?)",
    }
}

fn create_hint(error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(nix::libc::ENOSPC) => " (the limit user.max_net_namespaces is reached: raise that sysctl)",
        Some(nix::libc::EPERM) => " (this thread is not inside a netloom sandbox)",
        Some(nix::libc::EMFILE | nix::libc::ENFILE) => " (too many open files: raise `ulimit -n`)",
        _ => "",
    }
}

const THREAD_NS: &str = "/proc/thread-self/ns/net";

/// An open handle of a network namespace, which lives at least as long as the handle.
#[derive(Debug)]
pub struct NetNs {
    fd: OwnedFd,
    inode: u64,
}

impl NetNs {
    /// The namespace of the calling thread.
    ///
    /// # Errors
    /// When /proc cannot be read or no file descriptor is left.
    pub fn current() -> Result<Self, NsError> {
        let open = |source| NsError::Open { path: THREAD_NS, source };
        let file = File::open(THREAD_NS).map_err(open)?;
        Self::from_fd(file.into()).map_err(open)
    }

    /// Wraps an open namespace file.
    ///
    /// # Errors
    /// When the file cannot be inspected.
    pub fn from_fd(fd: OwnedFd) -> io::Result<Self> {
        let file = File::from(fd);
        let inode = file.metadata()?.ino();
        Ok(Self { fd: file.into(), inode })
    }

    /// The number that names the namespace in `/proc/*/ns/net` and `lsns`.
    #[must_use]
    pub const fn inode(&self) -> u64 {
        self.inode
    }

    /// A second handle of the same namespace.
    ///
    /// # Errors
    /// When no file descriptor is left.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { fd: self.fd.try_clone()?, inode: self.inode })
    }
}

impl AsFd for NetNs {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl From<NetNs> for OwnedFd {
    fn from(ns: NetNs) -> Self {
        ns.fd
    }
}

/// The right to move the calling thread between network namespaces; only a [`Worker`] hands it out.
#[derive(Debug)]
pub struct Here {
    current: u64,
    on_this_thread: PhantomData<*const ()>,
}

impl Here {
    /// Makes a new namespace, with the calling thread in it.
    ///
    /// # Errors
    /// When the kernel refuses, with the limit that is the likely cause.
    pub fn create(&mut self) -> Result<NetNs, NsError> {
        unshare(CloneFlags::CLONE_NEWNET).map_err(|errno| NsError::Create { source: errno.into() })?;
        let ns = NetNs::current()?;
        self.current = ns.inode;
        Ok(ns)
    }

    /// Moves the calling thread into a namespace. Costs nothing when it is there already.
    ///
    /// # Errors
    /// When the namespace belongs to a user namespace in which we hold no rights.
    pub fn enter(&mut self, ns: &NetNs) -> Result<(), NsError> {
        if self.current != ns.inode {
            setns(&ns.fd, CloneFlags::CLONE_NEWNET)
                .map_err(|errno| NsError::Enter { inode: ns.inode, source: errno.into() })?;
            self.current = ns.inode;
        }
        Ok(())
    }
}

type Job = Box<dyn FnOnce(&mut Here) + Send>;

/// A thread that executes closures inside network namespaces, one after the other.
#[derive(Debug)]
pub struct Worker {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Worker {
    /// Starts a worker, whose home is a new namespace of its own.
    ///
    /// # Errors
    /// When the thread or its namespace cannot be made.
    pub fn spawn() -> Result<Self, NsError> {
        let (jobs, inbox) = mpsc::channel::<Job>();
        let (started, start) = mpsc::sync_channel(1);
        let thread = thread::Builder::new()
            .name("netns".to_owned())
            .spawn(move || {
                let mut here = Here { current: 0, on_this_thread: PhantomData };
                let home = match here.create() {
                    Ok(home) => home,
                    Err(error) => return drop(started.send(Err(error))),
                };
                drop(started.send(Ok(())));
                serve(&inbox, &mut here, &home);
            })
            .map_err(NsError::Thread)?;
        start.recv().map_err(|_| NsError::Gone)??;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Executes a closure on the worker and waits for its result. It begins in the worker's home namespace.
    ///
    /// # Errors
    /// When the closure panicked or the worker is gone.
    pub fn run<R: Send + 'static>(
        &self,
        task: impl FnOnce(&mut Here) -> R + Send + 'static,
    ) -> Result<R, NsError> {
        self.submit(task).wait()
    }

    /// Executes a closure inside a namespace and waits for its result.
    ///
    /// # Errors
    /// As [`Worker::run`], and when the namespace cannot be entered.
    pub fn run_in<R: Send + 'static>(
        &self,
        ns: &NetNs,
        task: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R, NsError> {
        let ns = ns.try_clone().map_err(|source| NsError::Enter { inode: ns.inode, source })?;
        self.run(move |here| here.enter(&ns).map(|()| task()))?
    }

    /// Queues a closure; its result is picked up with [`Pending::wait`].
    pub fn submit<R: Send + 'static>(
        &self,
        task: impl FnOnce(&mut Here) -> R + Send + 'static,
    ) -> Pending<R> {
        let (reply, result) = mpsc::sync_channel(1);
        let job: Job = Box::new(move |here| {
            let outcome = catch_unwind(AssertUnwindSafe(|| task(here)))
                .map_err(|panic| NsError::Panicked(panic_text(panic.as_ref())));
            // The one who asked may have lost interest.
            drop(reply.send(outcome));
        });
        if let Some(jobs) = &self.jobs {
            // A failed send drops the job and with it `reply`: `wait` then says that the worker is gone.
            drop(jobs.send(job));
        }
        Pending(result)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// A result that a worker still owes.
#[derive(Debug)]
pub struct Pending<R>(mpsc::Receiver<Result<R, NsError>>);

impl<R> Pending<R> {
    /// Waits for the result.
    ///
    /// # Errors
    /// When the closure panicked or the worker is gone.
    pub fn wait(self) -> Result<R, NsError> {
        self.0.recv().map_err(|_| NsError::Gone)?
    }
}

fn serve(inbox: &mpsc::Receiver<Job>, here: &mut Here, home: &NetNs) {
    while let Ok(job) = inbox.recv() {
        job(here);
        // Going home lets the visited namespace end with its last handle. Home is our own: this is not refused.
        if here.enter(home).is_err() {
            return;
        }
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message").to_owned()
}
