#!/usr/bin/env python3
"""The walls between the layers: each sees its own folder and those below it, and no other.

usage: walls.py COMPILE_COMMANDS SOURCE_DIR
"""
import json
import re
import sys
from pathlib import Path

BELOW = {
    "base": [],
    "core": ["base"],
    "store": ["base", "core"],
    "service": ["base", "core", "store"],
    "milter": ["base", "core", "store", "service"],
    "cli": ["base", "core", "store", "service"],
}


def layer_of(path, src):
    return path.relative_to(src).parts[0] if path.is_relative_to(src) else None


def visible_layers(command, src):
    folders = re.findall(r"-(?:I|isystem) ?(\S+)", command)
    return {layer_of(Path(f), src) for f in folders} - {None}


def main():
    commands, source_dir = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
    src = source_dir / "src"
    faults, seen = [], set()
    for entry in commands:
        file = Path(entry["file"])
        layer = layer_of(file, src)
        if layer is None:
            continue
        seen.add(layer)
        extra = visible_layers(entry["command"], src) - {layer, *BELOW[layer]}
        if extra:
            faults.append(f"{file}: sees {', '.join(sorted(extra))}")
    if seen != set(BELOW):
        faults.append(f"layers compiled: {sorted(seen)}")
    for file in src.rglob("*.[ch]"):
        for number, line in enumerate(file.read_text().splitlines(), 1):
            if re.match(r'\s*#\s*include\s+"[^"]*/', line):
                faults.append(f"{file}:{number}: includes by path: {line.strip()}")
    print("\n".join(faults) or f"walls: {len(seen)} layers hold")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
