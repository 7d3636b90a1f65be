//! Folders that cannot be written, or not in the way they are: refused or taken back, with nothing left behind.

use predicates::prelude::*;
use predicates::str::contains;

use crate::sandbox::{Sandbox, assert_same, snapshot, stderr, stdout};
#[cfg(unix)]
use crate::sandbox::{binary, text};
#[cfg(unix)]
use crate::support::need;
#[cfg(unix)]
use crate::support::tool;

#[test]
fn a_file_where_a_folder_is_needed_is_refused() {
    for (file, said) in [
        ("acme/apps", "apps: it is a file"),
        ("acme/clusters/staging", "clusters/staging: it is a file"),
        (
            "acme/.landform",
            ".landform: it is a file, where a folder is needed",
        ),
    ] {
        let sandbox = Sandbox::new();
        sandbox.write(file, "mine\n");
        let before = snapshot(&sandbox.work());
        sandbox.new_in("acme", &[]).code(1).stderr(contains(said));
        assert_same(&before, &snapshot(&sandbox.work()));
    }
}

#[test]
fn a_file_in_the_place_of_the_platform_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("acme", "mine\n");
    for dir in ["acme", "acme/deeper"] {
        sandbox
            .new_in(dir, &["--name", "acme"])
            .code(2)
            .stderr(contains("acme is a file").and(contains("another folder")));
    }
    assert_eq!(sandbox.read("acme"), "mine\n");
}

#[cfg(unix)]
#[test]
fn a_link_to_nowhere_in_the_place_of_the_platform_is_refused() {
    let sandbox = Sandbox::new();
    std::os::unix::fs::symlink("nowhere", sandbox.path("acme")).unwrap();
    for dir in ["acme", "acme/deeper"] {
        sandbox
            .new_in(dir, &["--name", "acme"])
            .code(2)
            .stderr(contains("acme is a symbolic link that leads nowhere"));
    }
    assert!(!sandbox.path("nowhere").exists());
}

#[test]
fn all_that_is_in_the_way_is_told_at_once() {
    let sandbox = Sandbox::new();
    sandbox.write("acme/Apps/x.yaml", "mine\n");
    sandbox.write("acme/terraform", "mine\n");
    sandbox.write("acme/README.md/part-one.md", "# One\n");
    sandbox.write("acme/renovate.json", "mine\n");
    std::fs::write(sandbox.path("acme/.yamllint"), [0xff]).unwrap();
    let before = snapshot(&sandbox.work());
    let said = stderr(&sandbox.new_in("acme", &[]).code(1));
    for (path, reason) in [
        (
            "apps",
            "Apps is there, which is the same where case does not count",
        ),
        ("terraform", "it is a file, where a folder is needed"),
        ("README.md", "it is a folder, where a file is needed"),
        ("renovate.json", "it is there already, with other content"),
        (".yamllint", "it is there already, and is no UTF-8 text"),
    ] {
        let line = format!("{path}: {reason}");
        assert_eq!(said.matches(&line).count(), 1, "{line}\n{said}");
    }
    let printed = stdout(&sandbox.new_in("acme", &["--json"]).code(1));
    assert!(!printed.contains("\"keep\""), "{printed}");
    assert_same(&before, &snapshot(&sandbox.work()));
}

#[test]
fn a_folder_where_a_file_is_needed_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("acme/README.md/part-one.md", "# One\n");
    let before = snapshot(&sandbox.work());
    sandbox
        .new_in("acme", &[])
        .code(1)
        .stderr(contains("README.md: it is a folder"));
    assert_same(&before, &snapshot(&sandbox.work()));
}

#[test]
fn a_name_that_differs_only_in_case_is_refused() {
    for mine in [
        "acme/Apps/x.yaml",
        "acme/readme.md",
        "acme/clusters/Staging/x",
    ] {
        let sandbox = Sandbox::new();
        sandbox.write(mine, "mine\n");
        let before = snapshot(&sandbox.work());
        sandbox
            .new_in("acme", &[])
            .code(1)
            .stderr(contains("where case does not count"));
        assert_same(&before, &snapshot(&sandbox.work()));
    }
}

#[cfg(unix)]
#[test]
fn a_link_on_the_way_is_refused() {
    use std::os::unix::fs::symlink;
    for link in ["apps", "clusters", ".landform", "README.md", ".github"] {
        let sandbox = Sandbox::new();
        sandbox.write("outside/kept", "kept\n");
        std::fs::create_dir(sandbox.path("acme")).unwrap();
        symlink(sandbox.path("outside"), sandbox.path("acme").join(link)).unwrap();
        let before = snapshot(&sandbox.work());
        sandbox
            .new_in("acme", &[])
            .code(1)
            .stderr(contains(format!("{link}: it is a symbolic link")));
        assert_same(&before, &snapshot(&sandbox.work()));
    }
}

#[cfg(unix)]
#[test]
fn a_link_to_nowhere_is_refused() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("acme")).unwrap();
    std::os::unix::fs::symlink("/nowhere/at/all", sandbox.path("acme/renovate.json")).unwrap();
    sandbox
        .new_in("acme", &[])
        .code(1)
        .stderr(contains("renovate.json: it is a symbolic link"));
    assert_eq!(sandbox.files("acme"), ["renovate.json"]);
}

#[cfg(unix)]
#[test]
fn the_platforms_own_folder_may_be_reached_by_a_link() {
    let sandbox = Sandbox::new();
    sandbox.repository("real", &[("notes.txt", "mine\n")]);
    std::os::unix::fs::symlink("real", sandbox.path("acme")).unwrap();
    sandbox.new_in("acme", &[]).success();
    assert_eq!(sandbox.commits("real"), 2);
    assert!(!sandbox.path("real/.git").join("acme").exists());
}

/// Sets the permissions of a path in the sandbox.
#[cfg(unix)]
fn permit(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("permissions");
}

/// landform as run by somebody whom permissions stop, which root is not.
#[cfg(unix)]
fn as_nobody(sandbox: &Sandbox, arguments: &[&str]) -> Option<std::process::Command> {
    use std::os::unix::process::CommandExt as _;
    const NOBODY: u32 = 65534;
    let probe = sandbox.path("probe");
    std::fs::create_dir_all(&probe).ok()?;
    permit(&probe, 0o555);
    if std::fs::write(probe.join("file"), "").is_err() {
        return Some(sandbox.plain_landform(arguments));
    }
    // The folder's owner is another: Git must be told that this is fine, to come to the writing at all.
    sandbox.configure("safe.directory", "*");
    let work = sandbox.work();
    let root = work.parent()?;
    for path in [root, &work, &root.join("home")] {
        permit(path, 0o755);
    }
    permit(&sandbox.gitconfig(), 0o644);
    let start = |program: &std::path::Path| {
        let mut command = std::process::Command::new(program);
        sandbox.enter(&mut command).uid(NOBODY).gid(NOBODY);
        command
    };
    let mut program = binary();
    let runs = |program: &std::path::Path| {
        start(program)
            .arg("--version")
            .output()
            .is_ok_and(|o| o.status.success())
    };
    if !runs(&program) {
        // It lies where only root may go.
        let copy = root.join("landform");
        std::fs::copy(&program, &copy).ok()?;
        permit(&copy, 0o755);
        program = copy;
    }
    let mut command = start(&program);
    command.args(arguments);
    runs(&program).then_some(command)
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_stays_as_it_was() {
    let sandbox = Sandbox::new();
    sandbox.write("acme/notes.txt", "mine\n");
    let command = as_nobody(&sandbox, &["new", "acme", "--yes"]);
    let mut command = need!("a user who may not write", command);
    permit(&sandbox.path("acme"), 0o555);
    let before = snapshot(&sandbox.path("acme"));
    let output = command.output().unwrap();
    permit(&sandbox.path("acme"), 0o755);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("could not write acme/"), "{said}");
    assert!(said.contains("read-only"), "{said}");
    assert_same(&before, &snapshot(&sandbox.path("acme")));
}

#[cfg(unix)]
#[test]
fn a_folder_that_turns_out_read_only_on_the_way_is_put_back() {
    let sandbox = Sandbox::new();
    // The last folder in the order of writing.
    sandbox.write("acme/terraform/notes.txt", "mine\n");
    let command = as_nobody(&sandbox, &["new", "acme", "--yes"]);
    let mut command = need!("a user who may not write", command);
    permit(&sandbox.path("acme"), 0o777);
    permit(&sandbox.path("acme/terraform"), 0o555);
    let before = snapshot(&sandbox.path("acme"));
    let output = command.output().unwrap();
    permit(&sandbox.path("acme/terraform"), 0o755);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("could not write acme/terraform/"), "{said}");
    assert_same(&before, &snapshot(&sandbox.path("acme")));
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_written_whole_takes_everything_back() {
    // The kernel refuses to let a file grow beyond 8 blocks of 512 bytes: as a disk that is full, on every machine.
    let sandbox = Sandbox::new();
    sandbox.repository("acme", &[("notes.txt", "mine\n")]);
    let before = snapshot(&sandbox.path("acme"));
    let shell = need!("sh", tool("sh"));
    let mut command = std::process::Command::new(shell);
    let output = sandbox
        .enter(&mut command)
        .args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$@\"", "sh"])
        .arg(binary())
        .args(["new", "acme", "--yes"])
        .output()
        .unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("could not write acme/"), "{said}");
    assert_same(&before, &snapshot(&sandbox.path("acme")));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_keeps_what_was_there() {
    const TEST: &str = "folder::a_full_disk_keeps_what_was_there";
    let Some(unshare) = tool("unshare") else {
        return crate::support::skipped(TEST, "unshare");
    };
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("disk")).unwrap();
    // A disk of 200 kB that only this process sees; what is on it is listed before and after.
    let script = "mount -t tmpfs -o size=200k tmpfs disk || exit 77\n\
                  mkdir disk/acme && echo mine > disk/acme/notes.txt\n\
                  \"$1\" new disk/acme --yes\n\
                  code=$?\n\
                  find disk | sort\n\
                  exit $code\n";
    let mut command = std::process::Command::new(unshare);
    let output = sandbox
        .enter(&mut command)
        .args([
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            script,
            "sh",
        ])
        .arg(binary())
        .output()
        .unwrap();
    let (out, said) = (text(&output.stdout), text(&output.stderr));
    match output.status.code() {
        Some(77 | 1) if said.contains("mount") || said.contains("unshare") => {
            return crate::support::skipped(TEST, "the right to mount a file system");
        }
        code => assert_eq!(code, Some(3), "{out}{said}"),
    }
    assert!(said.contains("could not write disk/acme/"), "{said}");
    assert!(said.contains("free some space"), "{said}");
    assert!(
        out.ends_with("disk\ndisk/acme\ndisk/acme/notes.txt\n"),
        "{out}"
    );
}

#[cfg(unix)]
#[test]
fn the_users_umask_decides_who_may_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = Sandbox::new();
    let shell = need!("sh", tool("sh"));
    let mut command = std::process::Command::new(shell);
    let output = sandbox
        .enter(&mut command)
        .args(["-c", "umask 027; exec \"$@\"", "sh"])
        .arg(binary())
        .args(["new", "acme", "--yes"])
        .output()
        .unwrap();
    assert!(output.status.success());
    let mode = |path: &str| sandbox.path(path).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("acme/README.md"), 0o640);
    assert_eq!(mode("acme/clusters"), 0o750);
}

#[test]
fn no_temporary_file_is_left() {
    let sandbox = Sandbox::new();
    sandbox.new_in("acme", &[]).success();
    let left: Vec<String> = sandbox
        .files("acme")
        .into_iter()
        .filter(|path| path.contains("/.landform-") || path.starts_with(".landform-"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
}

#[cfg(unix)]
#[test]
fn while_another_landform_is_at_work_nothing_is_written() {
    let sandbox = Sandbox::new();
    sandbox.repository("acme", &[("notes.txt", "mine\n")]);
    let before = snapshot(&sandbox.path("acme"));
    let other = std::fs::File::open(sandbox.path("acme")).unwrap();
    other.lock().unwrap();
    sandbox
        .new_in("acme", &[])
        .code(3)
        .stderr(contains("another landform is at work in acme").and(contains("wait until")));
    assert_same(&before, &snapshot(&sandbox.path("acme")));
    drop(other);
    sandbox.new_in("acme", &[]).success();
}

#[cfg(unix)]
#[test]
fn two_at_once_never_break_each_other() {
    // In a folder that is not there, in an empty one, and in a new repository.
    let prepare: [fn(&Sandbox); 3] = [
        |_| {},
        |sandbox| std::fs::create_dir(sandbox.path("acme")).unwrap(),
        |sandbox| {
            sandbox.git(".", ["init", "--quiet", "acme"]);
        },
    ];
    for prepare in prepare {
        let sandbox = Sandbox::new();
        prepare(&sandbox);
        let start = || {
            let mut command = sandbox.plain_landform(["new", "acme", "--yes"]);
            let command = command.stdout(std::process::Stdio::null());
            command
                .stderr(std::process::Stdio::piped())
                .spawn()
                .unwrap()
        };
        let runs = [start(), start()].map(|run| run.wait_with_output().unwrap());
        let codes: Vec<_> = runs.iter().map(|run| run.status.code()).collect();
        let said: String = runs.iter().map(|run| text(&run.stderr)).collect();
        assert!(codes.contains(&Some(0)), "{codes:?} {said}");
        // The second waited, and saw that all was there; or the first was not done in time.
        let second = |code: &Option<i32>| match code {
            Some(0) => true,
            Some(3) => said.contains("another landform (process "),
            _ => false,
        };
        assert!(codes.iter().all(second), "{codes:?} {said}");
        assert_eq!(sandbox.commits("acme"), 1);
        assert_eq!(sandbox.status("acme"), "");
        assert_eq!(sandbox.committed("acme"), sandbox.files("acme"));
    }
}

#[cfg(unix)]
#[test]
fn who_may_not_put_in_order_what_was_left_is_told_so_and_can_read() {
    let sandbox = Sandbox::new();
    sandbox.repository("acme", &[("notes.txt", "mine\n")]);
    let log = sandbox.path("steps");
    let killed = |step: usize| {
        let mut command = sandbox.plain_landform(["new", "acme", "--yes", "--no-commit"]);
        command.env("LANDFORM_FAULT_LOG", &log);
        let command = command.env("LANDFORM_FAULT_AT", step.to_string());
        command.output().unwrap().status.code().is_none()
    };
    // Once to know the steps, and once to be killed when all is written and nothing is staged.
    assert!(!killed(0));
    let steps = sandbox.read("steps");
    let at = steps
        .lines()
        .position(|step| step == "index: lock")
        .unwrap();
    sandbox.git("acme", ["reset", "--quiet", "--hard"]);
    sandbox.git("acme", ["clean", "--quiet", "-fdx"]);
    assert!(killed(at + 1));
    let command = as_nobody(&sandbox, &["list", "-C", "acme"]);
    let mut command = need!("a user who may not write", command);
    let output = command.output().unwrap();
    let (out, said) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("could not"), "{said}");
    assert!(
        said.contains("what follows is the folder as it is"),
        "{said}"
    );
    assert!(out.contains("cert-manager"), "{out}");
    let mut command = as_nobody(&sandbox, &["new", "acme", "--yes"]).unwrap();
    assert_eq!(command.output().unwrap().status.code(), Some(3));
    sandbox
        .run(["list", "-C", "acme"])
        .code(2)
        .stderr(contains("restored what was there before"));
    assert_eq!(sandbox.files("acme"), ["notes.txt"]);
    assert_eq!(sandbox.status("acme"), "");
}

#[cfg(unix)]
#[test]
fn a_repository_of_somebody_else_is_told_of_as_that() {
    let sandbox = Sandbox::new();
    sandbox.repository("acme", &[("notes.txt", "mine\n")]);
    let command = as_nobody(&sandbox, &["new", "acme", "--yes"]);
    let mut command = need!("a user who may not write", command);
    // An empty value takes back what was said before it.
    sandbox.configure("safe.directory", "");
    let output = command.output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(
        said.contains("git config --global --add safe.directory"),
        "{said}"
    );
    assert!(!said.contains("sha256"), "{said}");
}
