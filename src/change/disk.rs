//! Writing to the disk, so that at no instant a file is there by half, and what is done lasts.

use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempPath;

use crate::fault;

/// How the name of a file begins that is not yet in its place; six letters or digits follow.
const UNFINISHED: &str = ".landform-";

/// A file that is written whole, beside its place, and lasts once it is [synced](Ready::sync). Dropped, it is removed.
#[derive(Debug)]
pub(super) struct Ready {
    file: TempPath,
    place: PathBuf,
}

impl Ready {
    /// Writes a file. Without a mode it has that of the file in its place, or that of any new file.
    pub(super) fn write(place: &Path, bytes: &[u8], mode: Option<u32>) -> io::Result<Self> {
        let folder = place.parent().unwrap_or_else(|| Path::new("."));
        fault::step("file: write");
        let mut file = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .permissions_like_new_file()
            .tempfile_in(folder)?;
        fault::step("file: fill");
        file.write_all(bytes)?;
        let there = || fs::metadata(place).ok().map(|meta| meta.permissions());
        #[cfg(unix)]
        let wanted = mode.map(permissions).or_else(there);
        #[cfg(not(unix))]
        let wanted = there().filter(|_| mode.is_none());
        if let Some(wanted) = wanted {
            file.as_file().set_permissions(wanted)?;
        }
        Ok(Self {
            file: file.into_temp_path(),
            place: place.to_owned(),
        })
    }

    /// Makes its content last.
    pub(super) fn sync(&self) -> io::Result<()> {
        fault::step("file: sync");
        // Open files are few, and a change may have many: so it is opened anew.
        let file = File::options().write(true).open(&self.file)?;
        file.sync_all()
    }

    /// Where it is to be.
    pub(super) fn place(&self) -> &Path {
        &self.place
    }

    /// Puts it in its place.
    pub(super) fn put(self) -> io::Result<()> {
        fault::step("file: rename");
        self.file.persist(&self.place).map_err(|error| error.error)
    }
}

/// Writes a file whole, or not at all.
pub(super) fn write_file(place: &Path, bytes: &[u8], mode: Option<u32>) -> io::Result<()> {
    let ready = Ready::write(place, bytes, mode)?;
    ready.sync()?;
    ready.put()
}

/// How many wait for the disk at once.
const WAITING: usize = 8;

/// Does something that waits for the disk to each of many: a disk that is asked for many things at once does them
/// together. Gives the first that failed.
pub(super) fn together<T: Sync, E: Send>(
    items: &[T],
    act: impl Fn(&T) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            act(item)?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..WAITING.min(items.len()))
            .map(|_| scope.spawn(work))
            .collect();
        let done = threads.into_iter().map(|thread| match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        // All of them end before anything else is done.
        done.fold(Ok(()), Result::and)
    })
}

/// Removes a file that may be gone already.
pub(super) fn remove_file(path: &Path) -> io::Result<()> {
    fault::step("file: remove");
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes what was written, removed or renamed in a folder last.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    fault::step("folder: sync");
    // Some systems cannot open a folder, some file systems cannot sync one: they keep it as they can.
    match File::open(folder) {
        Ok(folder) if cfg!(unix) => match folder.sync_all() {
            Err(error) if error.kind() == io::ErrorKind::StorageFull => Err(error),
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

/// The folders that are missing for a folder to be there, itself included, outermost first.
pub(super) fn missing_folders(folder: &Path) -> Vec<PathBuf> {
    let mut missing: Vec<PathBuf> = folder
        .ancestors()
        .take_while(|path| !path.as_os_str().is_empty() && !path.exists())
        .map(Path::to_owned)
        .collect();
    missing.reverse();
    missing
}

/// Makes a folder and those on the way to it, and notes which were made.
pub(super) fn make_folders(folder: &Path, made: &mut Vec<PathBuf>) -> io::Result<()> {
    for path in missing_folders(folder) {
        fault::step("folder: make");
        match fs::create_dir(&path) {
            Ok(()) => made.push(path),
            // Another landform was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Removes folders that were made, given outermost first.
pub(super) fn remove_folders(made: &[PathBuf]) {
    for folder in made.iter().rev() {
        fault::step("folder: remove");
        // One that is not empty holds something of somebody else's by now.
        let _ = fs::remove_dir(folder);
    }
}

/// Removes what a landform that was killed left unfinished in a folder that is locked.
pub(super) fn sweep(folder: &Path) {
    // Where a folder cannot be locked, another landform may be about to rename it.
    if !cfg!(unix) {
        return;
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let rest = name.to_str().and_then(|name| name.strip_prefix(UNFINISHED));
        let ours = rest.is_some_and(|rest| {
            rest.len() == 6 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        if ours && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Temporary files are private by default; ours become ordinary files.
trait PermissionsLikeNewFile {
    fn permissions_like_new_file(&mut self) -> &mut Self;
}

impl PermissionsLikeNewFile for tempfile::Builder<'_, '_> {
    #[cfg(unix)]
    fn permissions_like_new_file(&mut self) -> &mut Self {
        use std::os::unix::fs::PermissionsExt as _;
        // The process's umask still applies.
        self.permissions(Permissions::from_mode(0o666))
    }

    #[cfg(not(unix))]
    fn permissions_like_new_file(&mut self) -> &mut Self {
        self
    }
}

/// The permissions of a file as a number, where the system has them so.
#[cfg(unix)]
pub(super) fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    Some(fs::metadata(path).ok()?.permissions().mode() & 0o7777)
}

#[cfg(not(unix))]
pub(super) fn mode(_: &Path) -> Option<u32> {
    None
}

#[cfg(unix)]
fn permissions(mode: u32) -> Permissions {
    use std::os::unix::fs::PermissionsExt as _;
    Permissions::from_mode(mode)
}
