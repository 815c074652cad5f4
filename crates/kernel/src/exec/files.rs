//! What a process in a pod sees of the file system: the machine's, but the pod's resolv.conf and hosts, and views of the
//! kernel that belong to the pod.
use std::{
    fs, io,
    os::unix::fs::{FileTypeExt, symlink},
    path::{Path, PathBuf},
};

use nix::{
    errno::Errno,
    mount::{MntFlags, MsFlags, mount, umount2},
};

use super::{ExecError, PodEntry};

/// Sockets of name services of the host: the C library asks them before it looks into resolv.conf.
const NAME_SERVICES: [&str; 5] = [
    "/run/nscd/socket",
    "/var/run/nscd/socket",
    "/run/systemd/resolve/io.systemd.Resolve",
    "/run/systemd/resolve/io.systemd.Resolve.Monitor",
    "/run/avahi-daemon/socket",
];

/// Directories that exist on about every machine; one of them is covered for a moment.
const STAGES: [&str; 4] = ["/tmp", "/var/tmp", "/mnt", "/run"];

fn failed(file: &'static str, doing: &'static str) -> impl Fn(io::Error) -> ExecError {
    move |source| ExecError::Files { file, doing, source }
}

fn bind(from: &Path, onto: &Path) -> Result<(), Errno> {
    mount(Some(from), onto, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>)
}

fn tmpfs(on: &Path) -> Result<(), Errno> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(Some("netloom"), on, Some("tmpfs"), flags, Some("mode=755"))
}

/// Puts the pod's files in place. The calling process must be in a mount namespace of its own.
pub(super) fn install(entry: &PodEntry) -> Result<(), ExecError> {
    let stage = Stage::cover()?;
    let place = |file, target: &str, text: &str| -> Result<(), ExecError> {
        let source = stage.file(text).map_err(failed(file, "writing it"))?;
        stage.put(&source, Path::new(target)).map_err(failed(file, "binding it"))
    };
    place("resolv.conf", "/etc/resolv.conf", &entry.resolv_conf)?;
    place("hosts", "/etc/hosts", &entry.hosts)?;
    if Path::new("/etc/hostname").exists() {
        place("hostname", "/etc/hostname", &format!("{}\n", entry.hostname))?;
    }
    stage.hide_name_services().map_err(failed("resolv.conf", "hiding the host's name services"))
}

/// An empty file system in the place of a directory, for as long as it takes to bind files from it.
struct Stage {
    root: PathBuf,
    counter: std::cell::Cell<u32>,
}

impl Stage {
    fn cover() -> Result<Self, ExecError> {
        let failed = failed("files", "mounting a temporary file system");
        let root = STAGES.map(Path::new).into_iter().find(|p| p.is_dir());
        let root = root.ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?;
        tmpfs(root).map_err(|errno| failed(errno.into()))?;
        Ok(Self { root: root.to_owned(), counter: std::cell::Cell::new(0) })
    }

    fn next(&self) -> PathBuf {
        self.counter.set(self.counter.get() + 1);
        self.root.join(format!("{}", self.counter.get()))
    }

    fn file(&self, text: &str) -> io::Result<PathBuf> {
        let path = self.next();
        fs::write(&path, text)?;
        Ok(path)
    }

    /// Makes `target` show `source`, whether it is a file, a symbolic link, one that leads nowhere, or not there.
    fn put(&self, source: &Path, target: &Path) -> io::Result<()> {
        match fs::canonicalize(target) {
            // A file below the covered directory is out of sight, and its link leads nowhere.
            Ok(real) => Ok(bind(source, &real)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.put_new(source, target),
            Err(error) => Err(error),
        }
    }

    /// Nothing can be made in a directory of the host's root; so the directory is rebuilt in memory, each entry bound
    /// from the real one, with the new file among them.
    fn put_new(&self, source: &Path, target: &Path) -> io::Result<()> {
        let (Some(directory), Some(name)) = (target.parent(), target.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let directory = fs::canonicalize(directory)?;
        let copy = self.next();
        fs::create_dir(&copy)?;
        for entry in fs::read_dir(&directory)? {
            let entry = entry?;
            if entry.file_name() == name {
                continue;
            }
            let (from, to) = (entry.path(), copy.join(entry.file_name()));
            let kind = entry.file_type()?;
            if kind.is_symlink() {
                symlink(fs::read_link(&from)?, &to)?;
                continue;
            }
            if kind.is_dir() {
                fs::create_dir(&to)?;
            } else {
                fs::write(&to, "")?;
            }
            // An entry that went away meanwhile is not missed.
            match bind(&from, &to) {
                Ok(()) | Err(Errno::ENOENT) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        fs::copy(source, copy.join(name))?;
        Ok(bind(&copy, &directory)?)
    }

    fn hide_name_services(&self) -> io::Result<()> {
        let nothing = self.file("")?;
        for socket in NAME_SERVICES {
            if fs::metadata(socket).is_ok_and(|m| m.file_type().is_socket()) {
                bind(&nothing, Path::new(socket))?;
            }
        }
        Ok(())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // What was bound from it stays; a busy mount goes away with the namespace.
        let _ = umount2(&self.root, MntFlags::MNT_DETACH);
    }
}

/// Mounts /proc and /sys anew, so that they show the pod's processes and links. The kernel refuses where the present
/// ones are partly hidden, as in a container; then the present ones must do.
pub(super) fn mount_kernel_views() {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    for kind in ["proc", "sysfs"] {
        let on = if kind == "proc" { "/proc" } else { "/sys" };
        let _ = mount(Some(kind), on, Some(kind), flags, None::<&str>);
    }
}
