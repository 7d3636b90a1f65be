#!/usr/bin/env python3
"""Measures the commands of a platform's life on 60 components and 3 clusters, against Git on the same change.

    cargo build --release
    python3 benches/life.py [target/release/landform] [--repetitions N] [--scratch DIR]

Each command runs in a fresh copy of the platform. Then Git gets the same change in another copy: `git status`,
`git add` and `git commit`. Both take turns in one run, so that a busy machine slows both. Exits 1 if a goal is missed.
Needs Python 3.9 and Git, on Linux or macOS. Nothing outside a temporary folder changes.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from performance import environment

GOAL_MS = 500.0
COMPONENTS = 60
PACKAGE = Path(__file__).resolve().parent.parent


def catalogue(folder, count):
    """The embedded catalogue, with copies of one app until there are enough components."""
    shutil.copytree(PACKAGE / "templates", folder)
    model = folder / "apps" / "grafana"
    names = []
    for number in range(count):
        name = f"app-{number:02}"
        shutil.copytree(model, folder / "apps" / name)
        spec = folder / "apps" / name / "component.yaml"
        text = spec.read_text()
        text = text.replace("name: grafana\n", f"name: {name}\n").replace("release: grafana", f"release: {name}")
        text = text.replace("namespace: {name: grafana", f"namespace: {{name: {name}")
        spec.write_text(text)
        names.append(name)
    return names


def newer(folder, names):
    """One line more in each template of each component."""
    for name in names:
        values = folder / "apps" / name / "values.yaml"
        values.write_text(values.read_text() + "podLabels:\n  newer: \"yes\"\n")


def run(command, env, cwd):
    """Milliseconds and peak memory in MiB of a command."""
    began = time.perf_counter()
    child = subprocess.Popen(command, env=env, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    spent = (time.perf_counter() - began) * 1000
    code = os.waitstatus_to_exitcode(status)
    if code:
        sys.exit(f"{' '.join(map(str, command))}: exit code {code}\n{said.decode()}")
    unit = 1024 if sys.platform == "linux" else 1024 * 1024
    return spent, usage.ru_maxrss / unit


def git_alone(before, after, scratch, env):
    """Milliseconds that Git takes to look at the same change and to commit it."""
    place = scratch / "git"
    shutil.copytree(before, place)
    for path in list(place.iterdir()):
        if path.name != ".git":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(after, place, dirs_exist_ok=True, ignore=lambda folder, names: [".git"] if Path(folder) == after else [])
    subprocess.run(["git", "update-index", "-q", "--refresh"], cwd=place, env=env, check=False, stdout=subprocess.DEVNULL)
    began = time.perf_counter()
    for command in (["git", "status", "--short"], ["git", "add", "--all"], ["git", "commit", "--quiet", "-m", "x"]):
        subprocess.run(command, cwd=place, env=env, check=True, stdout=subprocess.DEVNULL)
    spent = (time.perf_counter() - began) * 1000
    shutil.rmtree(place)
    return spent


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", nargs="?", default=PACKAGE / "target" / "release" / "landform", type=Path)
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--scratch", type=Path)
    options = parser.parse_args()
    binary = str(options.binary.resolve())
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        return measure(binary, Path(scratch), options.repetitions)


def measure(binary, scratch, repetitions):
    env = environment(scratch)
    real = ["cilium", "cert-manager", "envoy-gateway", "external-secrets", "reloader"]
    always = ["flux-operator", "gateway-api"]
    have = COMPONENTS - len(real) - len(always)
    names = catalogue(scratch / "catalogue", have + 1)
    extra = names.pop()
    clusters = []
    for name in ("staging", "prod", "edge"):
        clusters += ["--cluster", f"{name}=existing", "--set", f"{name}.context={name}", "--set", f"{name}.cni=none"]
        clusters += ["--set", f"{name}.domain={name}.example.com", "--set", f"{name}.dns=cloudflare"]
    chosen = [word for name in real + names for word in ("--component", name)]
    first = scratch / "first"
    run([binary, "new", first, "--yes", "--name", "bench", "--email", "bench@example.com", "--catalog", scratch / "catalogue",
         "--trust", *clusters, *chosen], env, scratch)
    newer(scratch / "catalogue", names)
    listed = subprocess.run([binary, "list", "--json"], cwd=first, env=env, check=True, capture_output=True, text=True).stdout
    placed = listed.count('"cluster":')
    trust = ["--trust", "--yes"]
    commands = {
        "list": ["list"],
        "diff": ["diff"],
        "set (list)": ["set"],
        "add": ["add", extra, *trust],
        "remove": ["remove", names[0], "--yes"],
        "pin": ["pin", names[1], "--on", "prod", "--yes"],
        "set": ["set", "email=other@example.com", "--yes"],
        "rename": ["rename", names[2], "renamed", "--yes"],
        "add cluster --like": ["add", "cluster", "other", "--like", "prod", "--set", "context=other",
                               "--set", "domain=other.example.com", *trust],
        "update --dry-run": ["update", "--trust", "--dry-run"],
        "update": ["update", *trust],
    }
    print(f"{placed} placements, {COMPONENTS} components, 3 clusters, {repetitions} repetitions\n")
    print(f"{'milliseconds':22} {'min':>8} {'median':>8} {'max':>8}   {'MiB':>5}   {'Git alone':>9}   ratio")
    missed = False
    for name, words in commands.items():
        spent, memory, alone = [], [], []
        for _ in range(repetitions):
            place = scratch / "place"
            shutil.copytree(first, place)
            subprocess.run(["git", "update-index", "-q", "--refresh"], cwd=place, env=env, check=False)
            took, peak = run([binary, *words], env, place)
            spent.append(took)
            memory.append(peak)
            changed = subprocess.run(["git", "rev-list", "--count", "HEAD"], cwd=place, env=env, check=True,
                                     capture_output=True, text=True).stdout.strip() != "1"
            if changed:
                alone.append(git_alone(first, place, scratch, env))
            shutil.rmtree(place)
        median = statistics.median(spent)
        line = f"{name:22} {min(spent):8.1f} {median:8.1f} {max(spent):8.1f}   {max(memory):5.0f}"
        if alone:
            git = statistics.median(alone)
            line += f"   {git:9.1f}   {median / git:5.2f}"
        print(line)
        missed |= median >= GOAL_MS
    print(f"\n{'missed' if missed else 'met':7} every command below {GOAL_MS:.0f} ms")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
