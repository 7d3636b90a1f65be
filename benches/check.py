#!/usr/bin/env python3
"""Measures `landform check` on platforms that landform generates, against reading and against building the same files.

    cargo build --release
    python3 benches/check.py [target/release/landform] [--repetitions N] [--scratch DIR] [--kustomize kustomize] [--large]

The platforms: one of about 500 files, one of 100 clusters with 60 components each, and with --large five times that.
Each in a Git repository, clean and with one changed file, so that `check` compares with the last commit. `cat` reads the
same files; kustomize, where it is there, builds every folder, those of the first cluster times the number of clusters. All
take turns in one run, so that a busy machine slows them alike. Exits 1 if a goal is missed. Needs Python 3.9 and Git, on Linux or macOS.
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

from life import PACKAGE, catalogue, run
from performance import environment, files

SMALL_GOAL_MS = 50.0
# For so many files; the generated platforms have some more, and are given as much more time.
GOAL_MS = 1000.0
GOAL_FILES = 20_000
GOAL_MIB = 300.0
# How much longer each file may take where there are five times as many.
LINEAR_GOAL = 1.3
COMPONENTS = 60
REAL = ["cilium", "cert-manager", "envoy-gateway", "external-secrets", "reloader"]
ALWAYS = ["flux-operator", "gateway-api"]


def generate(binary, scratch, env, name, clusters, components):
    """A platform of so many clusters and components."""
    names = catalogue(scratch / f"{name}-catalogue", components - len(REAL) - len(ALWAYS))
    words = []
    for number in range(clusters):
        cluster = f"c{number:03}"
        words += ["--cluster", f"{cluster}=existing", "--set", f"{cluster}.context={cluster}", "--set", f"{cluster}.cni=none"]
        words += ["--set", f"{cluster}.domain={cluster}.example.com", "--set", f"{cluster}.dns=cloudflare"]
    for component in REAL + names:
        words += ["--component", component]
    place = scratch / name
    run([binary, "new", place, "--yes", "--name", "bench", "--email", "bench@example.com", "--catalog",
         scratch / f"{name}-catalogue", "--trust", *words], env, scratch)
    return place


def copied(first, place, times, env):
    """The same platform with each cluster so many times."""
    shutil.copytree(first, place, ignore=shutil.ignore_patterns(".git"))
    for cluster in sorted((first / "clusters").iterdir()):
        for number in range(1, times):
            name = f"{cluster.name}-{number}"
            for part in ("clusters", "terraform"):
                if not (first / part / cluster.name).is_dir():
                    continue
                shutil.copytree(first / part / cluster.name, place / part / name)
                for path in (place / part / name).rglob("*"):
                    if path.is_file():
                        text = path.read_text()
                        new = text.replace(f"clusters/{cluster.name}", f"clusters/{name}")
                        if new != text:
                            path.write_text(new)
    for command in (["git", "init", "--quiet"], ["git", "add", "--all"], ["git", "commit", "--quiet", "-m", "x"]):
        subprocess.run(command, cwd=place, env=env, check=True, stdout=subprocess.DEVNULL)
    return place


def reading(root):
    """Milliseconds that `cat` takes for all files."""
    names = "\0".join(str(path) for path in files(root))
    began = time.perf_counter()
    subprocess.run(["xargs", "-0", "cat"], cwd=root, input=names.encode(), stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - began) * 1000


def building(kustomize, root, env):
    """Milliseconds that kustomize takes for every folder. Of clusters it builds the first, times their number."""
    found = sorted(path for top in root.glob("[!.]*") for path in top.rglob("kustomization.yaml"))
    lists = [path.parent for path in found if "kind: Component" not in path.read_text()]
    clusters = sorted((root / "clusters").iterdir())
    shared = [folder for folder in lists if root / "clusters" not in folder.parents]
    own = [folder for folder in lists if clusters[0] in (folder, *folder.parents)]
    times = []
    for folders in (shared, own):
        began = time.perf_counter()
        for folder in folders:
            subprocess.run([kustomize, "build", "--load-restrictor", "LoadRestrictionsNone", folder], env=env, check=True,
                           stdout=subprocess.DEVNULL)
        times.append((time.perf_counter() - began) * 1000)
    return times[0] + times[1] * len(clusters)


def measure(binary, root, kustomize, repetitions, env):
    """Medians of each, in turns."""
    count = len(files(root))
    clusters = len(list((root / "clusters").iterdir()))
    yaml = min((root / "apps").rglob("helmrelease.yaml"))
    spent = {"check": [], "check, one file changed": [], "cat": [], "kustomize build": []}
    memory = {"check": 0, "check, one file changed": 0}
    check = [binary, "check", "--severity", "error", "--quiet"]
    subprocess.run(["git", "update-index", "-q", "--refresh"], cwd=root, env=env, check=False)
    for turn in range(repetitions):
        took, peak = run(check, env, root)
        spent["check"].append(took)
        memory["check"] = max(memory["check"], peak)
        spent["cat"].append(reading(root))
        text = yaml.read_text()
        yaml.write_text(text + f"# {turn}\n")
        took, peak = run(check, env, root)
        yaml.write_text(text)
        spent["check, one file changed"].append(took)
        memory["check, one file changed"] = max(memory["check, one file changed"], peak)
        if kustomize and turn == 0:
            spent["kustomize build"].append(building(kustomize, root, env))
    print(f"{count} files, {clusters} clusters")
    medians = {name: statistics.median(all) for name, all in spent.items() if all}
    for name, median in medians.items():
        line = f"  {name:26} {min(spent[name]):10.1f} {median:10.1f} {max(spent[name]):10.1f}"
        line += f"   {memory[name]:5.0f}" if name in memory else " " * 8
        print(f"{line}   {median / medians['cat']:8.2f}")
    print()
    return count, medians["check"], max(memory.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", nargs="?", default=PACKAGE / "target" / "release" / "landform", type=Path)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--scratch", type=Path)
    parser.add_argument("--kustomize", default=shutil.which("kustomize"))
    parser.add_argument("--large", action="store_true")
    options = parser.parse_args()
    binary = str(options.binary.resolve())
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        return compare(binary, Path(scratch), options)


def compare(binary, scratch, options):
    env = environment(scratch)
    env["PATH"] = os.environ["PATH"]
    print(f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}, "
          f"{options.repetitions} repetitions\n")
    print(f"{'milliseconds':28} {'min':>10} {'median':>10} {'max':>10}   {'MiB':>5}   {'to cat':>8}")
    small = generate(binary, scratch, env, "small", 2, 25)
    full = generate(binary, scratch, env, "full", 100, COMPONENTS)
    results = [measure(binary, root, options.kustomize, options.repetitions, env) for root in (small, full)]
    goals = [
        (f"{results[0][0]} files below {SMALL_GOAL_MS:.0f} ms", results[0][1] < SMALL_GOAL_MS),
        (f"{GOAL_FILES} of {results[1][0]} files below {GOAL_MS:.0f} ms", results[1][1] * GOAL_FILES / results[1][0] < GOAL_MS),
        (f"{results[1][0]} files below {GOAL_MIB:.0f} MiB", results[1][2] < GOAL_MIB),
    ]
    if options.large:
        large = measure(binary, copied(full, scratch / "large", 5, env), None, options.repetitions, env)
        more = (large[1] / results[1][1]) / (large[0] / results[1][0])
        goals.append((f"{large[0]} files: {more:.2f} times as long for each file (at most {LINEAR_GOAL})", more <= LINEAR_GOAL))
    for goal, met in goals:
        print(f"{'met' if met else 'missed':7} {goal}")
    return 0 if all(met for _, met in goals) else 1


if __name__ == "__main__":
    sys.exit(main())
