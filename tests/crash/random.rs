//! Killed by `kill -9` at random instants, and several at once. `.ci/crash` runs these.

use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::sandbox::{Sandbox, text};
use crate::scenario::{SCENARIOS, Scenario, settled, tell, whole_head};

/// How many kills all scenarios have together, at least.
const KILLS: &str = "LANDFORM_CRASH_KILLS";

/// Numbers that look random: an xorshift generator.
struct Random(u64);

impl Random {
    fn new() -> Self {
        let seed = std::env::var("LANDFORM_SEED").ok();
        let seed = seed.and_then(|seed| seed.parse().ok()).unwrap_or_else(|| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            u64::from(now.subsec_nanos()) | 1
        });
        tell(&format!("LANDFORM_SEED={seed}"));
        Self(seed)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// A sandbox as it was prepared, to come back to.
struct Reset {
    sandbox: Sandbox,
}

impl Reset {
    fn new(scenario: &Scenario) -> Self {
        let sandbox = scenario.sandbox();
        run(Command::new("cp")
            .arg("-a")
            .arg(sandbox.work())
            .arg(Self::copy(&sandbox)));
        Self { sandbox }
    }

    fn copy(sandbox: &Sandbox) -> std::path::PathBuf {
        sandbox.work().with_file_name("copy")
    }

    fn back(&self) {
        let work = self.sandbox.work();
        std::fs::remove_dir_all(&work).unwrap();
        run(Command::new("cp")
            .arg("-a")
            .arg(Self::copy(&self.sandbox))
            .arg(&work));
    }
}

fn run(command: &mut Command) {
    assert!(command.status().unwrap().success(), "{command:?}");
}

fn kills(scenario: &Scenario, count: u64, random: &mut Random) {
    let reset = Reset::new(scenario);
    let sandbox = &reset.sandbox;
    let before = settled(sandbox);
    let quiet = || {
        let mut command = scenario.command(sandbox);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.process_group(0);
        command
    };
    let start = Instant::now();
    run(&mut quiet());
    let mut time = start.elapsed();
    let after = settled(sandbox);
    let (mut dead, mut untouched, mut restored, mut completed, mut whole) = (0, 0, 0, 0, 0);
    let mut turn = 0;
    while dead < count {
        turn += 1;
        reset.back();
        let began = Instant::now();
        let mut child = quiet().spawn().unwrap();
        // The later of two, because the first half of a run writes nothing.
        let limit = u64::try_from(time.as_micros()).unwrap() * 21 / 20;
        let delay = random.below(limit).max(random.below(limit));
        std::thread::sleep(Duration::from_micros(delay));
        if turn % 2 == 0 {
            child.kill().unwrap();
        } else {
            // Its git too, and what that runs.
            let group = format!("-{}", child.id());
            let mut kill = Command::new("kill");
            let _ = kill
                .args(["-9", "--", &group])
                .stderr(Stdio::null())
                .status();
        }
        let status = child.wait().unwrap();
        if status.signal().is_some() {
            dead += 1;
        } else {
            assert!(status.success());
            time = (time + began.elapsed()) / 2;
        }
        let what = format!("{}, turn {turn}", scenario.name);
        whole_head(sandbox, &before, &after, &what);
        let said = scenario.look(sandbox);
        assert!(!said.contains("as it is"), "{what}: {said}");
        let now = settled(sandbox);
        assert!(
            now == before || now == after,
            "{what}: {said}\nfrom before: {:?}\nfrom after: {:?}",
            now.differs(&before),
            now.differs(&after)
        );
        if said.contains("landform restored") {
            assert!(now == before, "{what}");
            restored += 1;
        } else if said.contains("landform completed") {
            assert!(now == after, "{what}");
            completed += 1;
        } else if now == before {
            untouched += 1;
        } else {
            whole += 1;
        }
    }
    tell(&format!(
        "{}: {turn} runs, {dead} killed: {untouched} before anything was written, {restored} restored, \
         {completed} completed, {whole} were done",
        scenario.name
    ));
}

fn all_kills(part: usize) {
    let mut random = Random::new();
    let all = std::env::var(KILLS).map_or(1000, |all| all.parse().unwrap());
    let each = all / SCENARIOS.len() as u64 + 1;
    for scenario in SCENARIOS.iter().skip(part).step_by(4) {
        kills(scenario, each, &mut random);
    }
}

#[test]
#[ignore = "takes a minute or two"]
fn kills_at_random_instants_a() {
    all_kills(0);
}

#[test]
#[ignore = "takes a minute or two"]
fn kills_at_random_instants_b() {
    all_kills(1);
}

#[test]
#[ignore = "takes a minute or two"]
fn kills_at_random_instants_c() {
    all_kills(2);
}

#[test]
#[ignore = "takes a minute or two"]
fn kills_at_random_instants_d() {
    all_kills(3);
}

#[test]
#[ignore = "takes some seconds"]
fn several_at_once() {
    const RUNS: usize = 4;
    let (mut wrote, mut waited, mut refused) = (0, 0, 0);
    for _ in 0..20 {
        let sandbox = Sandbox::new();
        let runs: Vec<_> = (0..RUNS)
            .map(|_| {
                let mut command = sandbox.plain_landform(["new", "acme", "--yes"]);
                let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
                command.spawn().unwrap()
            })
            .collect();
        for run in runs {
            let output = run.wait_with_output().unwrap();
            let (out, said) = (text(&output.stdout), text(&output.stderr));
            match output.status.code() {
                Some(0) if out.contains("Nothing to do") => waited += 1,
                Some(0) => wrote += 1,
                Some(3) if said.contains("another landform (process ") => refused += 1,
                code => panic!("{code:?} {out} {said}"),
            }
        }
        settled(&sandbox);
        assert_eq!(sandbox.commits("acme"), 1);
        assert_eq!(sandbox.status("acme"), "");
    }
    tell(&format!(
        "{RUNS} at once, 20 times: {wrote} wrote, {waited} waited and found all done, {refused} were refused"
    ));
    assert_eq!(wrote, 20);
}
