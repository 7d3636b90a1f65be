#!/usr/bin/env python3
"""Measures `landform new` against copying and committing the same tree, and its start-up against `true`.

    cargo build --release
    python3 benches/performance.py [target/release/landform] [--repetitions N] [--scratch DIR]

Both sides write the same files and make one commit; they take turns in one run, so that a busy machine slows both.
Exits 1 if a goal is missed. Needs Python 3.9 and Git, on Linux or macOS. Nothing outside a temporary folder changes.
"""

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RATIO_GOAL = 3.0
STARTUP_GOAL_MS = 5.0

# 20 components on each of two clusters, flux-operator among them.
ANSWERS = """\
name: bench
git: {url: "https://github.com/example/bench.git", branch: main, auth: token}
email: bench@example.com
ci: github
clusters:
  staging: {provider: existing, context: staging, cni: none, storage_class: false, domain: staging.example.com, dns: cloudflare}
  prod: {provider: existing, context: prod, cni: none, storage_class: false, domain: prod.example.com, dns: cloudflare, upgrades: later}
components:
  argo-cd:
  cert-manager:
  cilium:
  envoy-gateway:
  external-dns:
  external-secrets:
  gateway-api:
  grafana:
  kube-prometheus-stack:
  loki:
  longhorn:
  metallb: {answers: {all: {addresses: [192.0.2.10-192.0.2.20]}}}
  metrics-server:
  prometheus-operator-crds:
  reloader:
  sealed-secrets:
  snapshot-controller:
  tailscale-operator:
  trust-manager:
"""


def environment(home):
    """The same Git settings on every machine."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    env.update(HOME=str(home), NO_COLOR="1", GIT_CONFIG_NOSYSTEM="1", GIT_CONFIG_GLOBAL=os.devnull)
    for role in ("AUTHOR", "COMMITTER"):
        env.update({f"GIT_{role}_NAME": "Bench", f"GIT_{role}_EMAIL": "bench@example.com"})
    return env


def timed(commands, env):
    """Milliseconds that the commands take, one after the other, with their output thrown away."""
    quiet = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1)]
    began = time.perf_counter()
    for command in commands:
        child = os.posix_spawn(command[0], command, env, file_actions=quiet)
        if code := os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
            sys.exit(f"{' '.join(command)}: exit code {code}")
    return (time.perf_counter() - began) * 1000


def files(root):
    """Paths below a folder, without its .git."""
    found = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return sorted(path for path in found if path.parts[0] != ".git")


def placements(tree):
    """How many components are on how many clusters: parts have no folder of that name."""
    synced = (path for layer in ("infrastructure", "apps") for path in tree.glob(f"clusters/*/{layer}/*.yaml"))
    return sum((tree / path.parent.name / path.stem).is_dir() for path in synced)


def report(name, samples):
    """Prints one line and gives the median."""
    middle = statistics.median(samples)
    print(f"{name:<40} {min(samples):8.2f} {middle:8.2f} {max(samples):8.2f}")
    return middle


def said(command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("landform", nargs="?", default="target/release/landform")
    parser.add_argument("--repetitions", type=int, default=30, metavar="N")
    parser.add_argument("--scratch", metavar="DIR", help="where to write, if not in the usual temporary folder")
    args = parser.parse_args()
    landform = str(Path(args.landform).resolve())
    git, cp, true = (shutil.which(tool) or sys.exit(f"{tool} is missing") for tool in ("git", "cp", "true"))

    new_samples, dry_samples, staged_samples, copy_samples, start_samples, true_samples = ([] for _ in range(6))
    with tempfile.TemporaryDirectory(prefix="landform-bench-", dir=args.scratch) as scratch:
        scratch = Path(scratch)
        env = environment(scratch)
        answers = scratch / "answers.yaml"
        answers.write_text(ANSWERS)
        tree = scratch / "tree"

        def new(folder, *flags):
            return [[landform, "new", str(folder), "--answers", str(answers), "--yes", "--quiet", *flags]]

        def copy(folder):
            inside = [git, "-C", str(folder)]
            return [
                [cp, "-r", str(tree), str(folder)],
                [git, "init", "--quiet", "--initial-branch=main", str(folder)],
                [*inside, "add", "--all"],
                [*inside, "commit", "--quiet", "--message", "Add the platform bench"],
            ]

        # What both sides write; making it warms the caches.
        timed(new(tree), env)
        shutil.rmtree(tree / ".git")
        paths = files(tree)
        size = sum((tree / path).stat().st_size for path in paths)
        placed = placements(tree)

        # Nothing is deleted before the end: after many deletions ext4 is slow to find a free inode.
        for turn in range(args.repetitions):
            sides = [("new", new, new_samples), ("copy", copy, copy_samples)]
            for name, side, samples in sides if turn % 2 else reversed(sides):
                folder = scratch / f"{name}-{turn}"
                samples.append(timed(side(folder), env))
                assert files(folder) == paths, "both sides write the same files"
            dry_samples.append(timed(new(scratch / "dry", "--dry-run"), env))
            staged_samples.append(timed(new(scratch / f"staged-{turn}", "--no-commit"), env))
        for _ in range(10 * args.repetitions):
            start_samples.append(timed([[landform, "--version"]], env))
            true_samples.append(timed([[true]], env))

    print(f"{said([landform, '--version'])}, {said([git, '--version'])}")
    print(f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}")
    print(f"{placed} placements, {len(paths)} files, {size / 1024:.0f} KiB, {args.repetitions} repetitions\n")
    print(f"{'milliseconds':<40} {'min':>8} {'median':>8} {'max':>8}")
    report("landform new --dry-run", dry_samples)
    report("landform new --no-commit", staged_samples)
    new_time = report("landform new", new_samples)
    copy_time = report("cp -r, git init, git add, git commit", copy_samples)
    start_time = report("landform --version", start_samples)
    report("true", true_samples)
    ratio = new_time / copy_time
    goals = [
        (f"new is {ratio:.2f} times the copy (goal: at most {RATIO_GOAL:.0f})", ratio <= RATIO_GOAL),
        (f"it starts in {start_time:.2f} ms (goal: below {STARTUP_GOAL_MS:.0f} ms)", start_time < STARTUP_GOAL_MS),
    ]
    print()
    for text, met in goals:
        print(f"{'met   ' if met else 'MISSED'}  {text}")
    return 0 if all(met for _, met in goals) else 1


if __name__ == "__main__":
    sys.exit(main())
