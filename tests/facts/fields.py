"""Makes src/check/facts/flux.txt of the CRDs of Flux and of its operator.

    python3 tests/facts/fields.py FOLDER... > src/check/facts/flux.txt

FOLDER holds CRDs as their projects publish them under config/crd/bases. Needs PyYAML.
"""

import glob
import sys

import yaml

# The operator adds its kinds to what alerts and receivers may name (flux-operator, internal/builder/templates.go).
OPERATOR = ["FluxInstance", "ResourceSet", "ResourceSetInputProvider"]
TYPES = {"string": "text", "boolean": "flag", "integer": "int", "number": "number"}


def put(name, schema, required, depth, lines):
    lists = schema.get("type") == "array"
    inner = schema.get("items", {}) if lists else schema
    kind = TYPES.get(inner.get("type"))
    children = {}
    if inner.get("x-kubernetes-int-or-string") or inner.get("x-kubernetes-preserve-unknown-fields"):
        kind = "any"
    elif inner.get("type") == "object":
        children = inner.get("properties", {})
        extra = inner.get("additionalProperties")
        kind = "object"
        if not children:
            text = isinstance(extra, dict) and extra.get("type") == "string"
            kind = "map" if text else "any"
    need = "!" if required and "default" not in schema else ""
    line = "  " * depth + name + need + ("[]" if lists else "") + " " + (kind or "any")
    if "enum" in inner:
        values = [str(value) for value in inner["enum"]]
        more = OPERATOR if name == "kind" and "ImageUpdateAutomation" in values else []
        line += " =" + "|".join(values + more)
    if "pattern" in inner:
        line += " ~" + inner["pattern"]
    lines.append(line)
    for child in sorted(children):
        put(child, children[child], child in inner.get("required", []), depth + 1, lines)


def main():
    lines = [
        "# Fields of the kinds of Flux 2.9.4 and of its operator 0.58.1, from their CRDs; made by tests/facts/fields.py.",
        "# Each: its name, ! if it must be there, [] for a list, its type, = what it may be, ~ what it must look like.",
    ]
    for folder in sys.argv[1:]:
        for path in sorted(glob.glob(folder + "/*.yaml")):
            with open(path, encoding="utf-8") as file:
                spec = yaml.safe_load(file)["spec"]
            for version in spec["versions"]:
                schema = version["schema"]["openAPIV3Schema"]["properties"]
                # What controllers write themselves nobody keeps in Git.
                if not version["served"] or "spec" not in schema or spec["names"]["kind"] == "FluxReport":
                    continue
                kind = spec["names"]["kind"]
                lines.append(f"{spec['group']}/{version['name']} {kind}")
                put("spec", schema["spec"], True, 1, lines)
    print("\n".join(lines))


main()
