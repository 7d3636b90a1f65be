//! Servers of the suite: each on a free port of the loopback, owned by the test that started it, gone with it.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Runs the server and, when its own input ends, ends it: so whatever becomes of the test, nothing stays behind.
/// Signals of a terminal reach the test, not the keeper. What a server keeps goes with the test's folder, so it gets
/// no time to put anything in order. A test that ends by itself says so, and removes its folder; for one that was
/// killed the keeper does.
const KEEPER: &str = r#"
trap '' INT HUP TERM
folder=$1 log=$2; shift 2
"$@" >"$log" 2>&1 </dev/null &
pid=$!
echo "$pid"
exec >&-
read -r ended || ended=
kill -9 "$pid" 2>/dev/null
wait "$pid" 2>/dev/null
[ -n "$ended" ] || rm -rf -- "$folder"
"#;

/// A running server.
pub(crate) struct Server {
    name: String,
    keeper: Child,
    pid: u32,
    log: PathBuf,
}

impl Server {
    /// Starts a program; what it says goes to `<folder>/<name>.log`.
    pub(crate) fn start(name: &str, command: &Command, folder: &Path) -> Self {
        let log = folder.join(format!("{name}.log"));
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "keeper"]).arg(folder).arg(&log);
        keeper.arg(command.get_program()).args(command.get_args());
        // Memory is plenty, time is not: all servers are written in Go, and collect a quarter as often.
        keeper.env("GOGC", "400");
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => keeper.env(key, value),
                None => keeper.env_remove(key),
            };
        }
        let mut keeper = keeper
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let mut said = String::new();
        let out = keeper.stdout.take().expect("a pipe");
        BufReader::new(out)
            .read_line(&mut said)
            .expect("the pid of the server");
        let pid = said.trim().parse().expect("a pid");
        Self {
            name: name.to_owned(),
            keeper,
            pid,
            log,
        }
    }

    /// Waits until the server answers, and is the one that owns the port.
    #[track_caller]
    pub(crate) fn wait(&self, port: u16, seconds: u64, answers: impl FnMut() -> bool) {
        self.wait_until(seconds, answers);
        assert!(
            owns(self.pid, port),
            "port {port} belongs to somebody else than {}",
            self.name
        );
    }

    /// Waits until the server answers.
    #[track_caller]
    pub(crate) fn wait_until(&self, seconds: u64, mut answers: impl FnMut() -> bool) {
        let start = Instant::now();
        while !answers() {
            assert!(self.is_alive(), "{} has ended:\n{}", self.name, self.tail());
            assert!(
                start.elapsed() < Duration::from_secs(seconds),
                "{} does not answer:\n{}",
                self.name,
                self.tail()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn is_alive(&self) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{}/stat", self.pid));
        // The third field is the state; a zombie has ended.
        status.is_ok_and(|stat| !stat.rsplit(')').next().is_some_and(|s| s.starts_with(" Z")))
    }

    /// Its name, and the end of what it said.
    pub(crate) fn report(&self) -> String {
        format!("== {}\n{}", self.name, self.tail())
    }

    /// The end of what it said.
    pub(crate) fn tail(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut stdin) = self.keeper.stdin.take() {
            let _ = stdin.write_all(b"ended\n");
        }
        let _ = self.keeper.wait();
    }
}

/// A port of the loopback that nobody has.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// Whether a process listens on a port.
fn owns(pid: u32, port: u16) -> bool {
    let wanted = format!(":{port:04X}");
    let mut inodes = Vec::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let Ok(file) = File::open(table) else {
            continue;
        };
        for line in BufReader::new(file).lines().map_while(Result::ok) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            // Local address, state (0A listens), inode.
            if let [_, local, _, "0A", _, _, _, _, _, inode, ..] = fields.as_slice()
                && local.ends_with(&wanted)
            {
                inodes.push(format!("socket:[{inode}]"));
            }
        }
    }
    let Ok(open) = std::fs::read_dir(format!("/proc/{pid}/fd")) else {
        return false;
    };
    open.flatten()
        .filter_map(|fd| std::fs::read_link(fd.path()).ok())
        .any(|target| inodes.iter().any(|inode| target == Path::new(inode)))
}

/// A text that nobody can guess.
pub(crate) fn random_token() -> String {
    let mut bytes = [0_u8; 16];
    let mut source = File::open("/dev/urandom").expect("/dev/urandom");
    std::io::Read::read_exact(&mut source, &mut bytes).expect("random bytes");
    format!("{:032x}", u128::from_le_bytes(bytes))
}

/// Tries again until something is there; what `what` last said is told if it never comes.
#[track_caller]
pub(crate) fn until<T>(seconds: u64, what: impl FnMut() -> Result<T, String>) -> T {
    within(seconds, what).unwrap_or_else(|why| panic!("not within {seconds} s: {why}"))
}

/// Tries again until something is there.
///
/// # Errors
/// It never came: what `what` last said.
pub(crate) fn within<T>(
    seconds: u64,
    mut what: impl FnMut() -> Result<T, String>,
) -> Result<T, String> {
    let start = Instant::now();
    loop {
        let said = what();
        if said.is_ok() || start.elapsed() >= Duration::from_secs(seconds) {
            return said;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Runs a program to its end; gives what it printed.
///
/// # Errors
/// It fails: the command, and what it said.
pub(crate) fn run(command: &mut Command) -> Result<String, String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!(
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Set for the process that holds a server until it is killed.
    const HOLDS: &str = "LANDFORM_HOLDS_A_SERVER";

    fn is_there(pid: &str) -> bool {
        Path::new("/proc").join(pid).exists()
    }

    fn sleeper(folder: &Path) -> Server {
        let mut sleep = Command::new("sleep");
        sleep.arg("1000");
        Server::start("sleep", &sleep, folder)
    }

    #[test]
    fn a_server_ends_with_its_guard() {
        let dir = tempfile::tempdir().unwrap();
        let server = sleeper(dir.path());
        let pid = server.pid.to_string();
        assert!(is_there(&pid));
        drop(server);
        assert!(!is_there(&pid));
        // The test that ended may still look at what the server left.
        assert!(dir.path().exists());
    }

    #[test]
    fn a_server_ends_when_the_test_is_killed() {
        let dir = tempfile::tempdir().unwrap();
        let told = dir.path().join("pid");
        if let Some(told) = std::env::var_os(HOLDS) {
            let folder = PathBuf::from(told);
            let server = sleeper(&folder);
            std::fs::write(folder.join("pid"), server.pid.to_string()).unwrap();
            std::thread::sleep(Duration::from_mins(1));
            return;
        }
        let mut holder = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "kit::process::tests::a_server_ends_when_the_test_is_killed",
            ])
            .env(HOLDS, dir.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let pid = until(20, || match std::fs::read_to_string(&told) {
            Ok(pid) if !pid.is_empty() => Ok(pid),
            other => Err(format!("{other:?}")),
        });
        assert!(is_there(&pid));
        // SIGKILL: nothing of the test's own can clean up.
        holder.kill().unwrap();
        holder.wait().unwrap();
        until(20, || {
            if is_there(&pid) || dir.path().exists() {
                Err("it is there".to_owned())
            } else {
                Ok(())
            }
        });
    }

    #[test]
    fn a_port_has_one_owner() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(owns(std::process::id(), port));
        let dir = tempfile::tempdir().unwrap();
        let server = sleeper(dir.path());
        assert!(!owns(server.pid, port));
        assert_ne!(random_token(), random_token());
    }
}
