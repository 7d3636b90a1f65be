//! A disk that gets full, with more and more left on it.

use std::process::{Command, Output};

use crate::sandbox::{Sandbox, binary, text};
use crate::scenario::{SCENARIOS, Scenario, tell};
use crate::support::{is_ci, skipped, tool};

/// Runs a command again and again on a disk of 16 MB that only it sees, with less or more kilobytes left. Each run
/// ends in a line: the state at once and after the next landform ("old", or a hash), what was left, the exit code.
const SCRIPT: &str = r#"
mount -t tmpfs -o size=16m tmpfs disk || exit 77
state() {
  if [ -d acme/.git ]; then
    git -C acme log -1 --format=%T
    git -C acme status --porcelain --untracked-files=all
    git -C acme fsck --no-dangling --no-progress || echo broken
  fi 2>&1
  find acme -path acme/.git -prune -o -type f -print0 2>/dev/null | sort -z | xargs -0r sha256sum
  ls -d acme/.git/landform acme/.git/index.lock acme/.landform/tmp 2>/dev/null
}
for left in $LEFT; do
  rm -rf disk/acme
  [ ! -d acme ] || cp -a acme disk/acme
  cd disk
  before=$(state)
  room=$(df -k --output=avail . | tail -n 1)
  head -c "$(((room - left) * 1024))" /dev/zero >full
  "$@" >../said 2>&1
  code=$?
  now=$(state)
  rm full
  "$LANDFORM" $NEXT >/dev/null 2>&1
  then=$(state)
  for found in "$now" "$then"; do
    [ "$found" = "$before" ] && printf 'old ' || echo "$found" | sha256sum | cut -d ' ' -f 1 | tr '\n' ' '
  done
  echo "$left $code $(tail -n 1 ../said)"
  cd ..
done
"#;

fn run(scenario: &Scenario, sandbox: &Sandbox) -> Option<Output> {
    let command = scenario.command(sandbox);
    std::fs::create_dir(sandbox.path("disk")).unwrap();
    let mut shell = Command::new(tool("unshare")?);
    sandbox
        .enter(&mut shell)
        .args([
            "--user",
            "--map-root-user",
            "--mount",
            "bash",
            "-c",
            SCRIPT,
            "bash",
        ])
        .arg(command.get_program())
        .args(command.get_args())
        .env("LANDFORM", binary())
        .env("NEXT", scenario.next.join(" "))
        .env("LANDFORM_CRASH_ROOT", sandbox.path("disk/acme"))
        .env(
            "LEFT",
            (0..48)
                .map(|n| (n * n * 2).to_string())
                .collect::<Vec<_>>()
                .join(" "),
        );
    let output = shell.output().unwrap();
    let said = text(&output.stderr);
    let refused = matches!(output.status.code(), Some(77 | 1))
        && (said.contains("mount") || said.contains("unshare"));
    (!refused).then_some(output)
}

#[test]
#[ignore = "takes a minute"]
fn a_disk_gets_full() {
    const TEST: &str = "disk::a_disk_gets_full";
    for scenario in SCENARIOS {
        if scenario.name.contains("worktree") {
            // Its repository is elsewhere.
            continue;
        }
        let sandbox = scenario.sandbox();
        let Some(output) = run(scenario, &sandbox) else {
            assert!(
                !is_ci(),
                "{TEST}: no file system can be mounted, and CI=true forbids to skip"
            );
            return skipped(TEST, "the right to mount a file system");
        };
        let out = text(&output.stdout);
        let lines: Vec<Vec<&str>> = out.lines().map(|l| l.splitn(5, ' ').collect()).collect();
        let whole = lines.iter().find(|words| words[3] == "0");
        let new = whole.expect("enough room at last")[1];
        let (mut done, mut at_once, mut later, mut completed) = (0, 0, 0, 0);
        for words in &lines {
            match (words[3], words[0], words[1]) {
                ("0", now, then) if now == new && then == new => done += 1,
                (code, "old", "old") if code != "0" => at_once += 1,
                (code, _, "old") if code != "0" => later += 1,
                (code, _, then) if code != "0" && then == new => completed += 1,
                _ => panic!("{}: {words:?}", scenario.name),
            }
        }
        tell(&format!(
            "{}: a disk with 0 to 4418 kB left: {done} times enough room, {at_once} times the old state at once, \
             {later} times by the next command; {completed} times the commit stood and the next command did the rest",
            scenario.name
        ));
        assert!(
            at_once + later + completed > 3 && done > 3,
            "{out}{}",
            text(&output.stderr)
        );
    }
}
