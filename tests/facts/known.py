#!/usr/bin/env python3
"""Writes what the tests need to know of a chart: its name, version, source and the keys of its values.

    python3 tests/facts/known.py CHART_FOLDER --repository URL --source OWNER/NAME@REF > tests/facts/known/NAME.yaml

For charts of which the folder of facts knows nothing. Of the values only the keys and the kinds of values are
written, none of the chart's text. Needs PyYAML.
"""

import argparse
import pathlib

import yaml


def shape(value):
    """The keys of a map, and for anything else its kind; what is empty stays empty: there users may write."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if value is None or value == []:
        return value
    return {bool: "boolean", int: "number", float: "number", str: "text", list: ["list"]}[type(value)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chart", type=pathlib.Path)
    parser.add_argument("--repository", required=True)
    parser.add_argument("--source", required=True)
    args = parser.parse_args()
    chart = yaml.safe_load((args.chart / "Chart.yaml").read_text())
    values = yaml.safe_load((args.chart / "values.yaml").read_text())
    repo, ref = args.source.split("@")
    facts = {
        "chart": {"name": chart["name"], "repository": args.repository, "version": chart["version"]},
        "source": {"repo": repo, "ref": ref},
        "values": shape(values),
    }
    print(f"# Written by tests/facts/known.py from the chart {chart['name']} {chart['version']}.")
    print(yaml.safe_dump(facts, sort_keys=False, width=120), end="")


main()
