#!/usr/bin/env python3
"""Runs clang-tidy (.clang-tidy: a short list, all fatal) on the sources that changed since it last passed.

Reads build/release/compile_commands.json without the precompiled headers, so it also finds files that do not
include what they use. A file counts as changed if it, a header of ours, the list or its command did.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
WORK = ROOT / "build/tidy"


def plain(command):
    """The command without what only g++ and its precompiled headers know."""
    words = shlex.split(command)
    words = words[next(n for n, word in enumerate(words) if word.endswith(("c++", "g++"))):]
    kept, skip = [], False
    for n, word in enumerate(words):
        if skip:
            skip = False
        elif word == "-include" and words[n + 1].endswith("cmake_pch.hxx"):
            skip = True
        elif word not in ("-Winvalid-pch", "-fpch-preprocess", "-Wno-maybe-uninitialized", "-Wno-restrict",
                          "-Wno-stringop-overflow"):
            kept.append(word)
    # As cmake/Modules.cmake tells clang.
    return shlex.join([*kept, "-Wno-deprecated-declarations"])


def headers_of(source, seen):
    """Our headers that a source includes, directly or not."""
    for line in source.read_text().splitlines():
        if line.startswith('#include "'):
            name = line.split('"')[1]
            for folder in (ROOT / "src", ROOT / "tests", source.parent):
                header = folder / name
                if header.exists() and header not in seen:
                    seen.add(header)
                    headers_of(header, seen)
    return seen


def fingerprint(entry):
    state = hashlib.sha256(entry["command"].encode() + (ROOT / ".clang-tidy").read_bytes())
    source = pathlib.Path(entry["file"])
    for path in [source, *sorted(headers_of(source, set()))]:
        state.update(path.read_bytes())
    return state.hexdigest()


def main():
    commands = json.loads((ROOT / "build/release/compile_commands.json").read_text())
    entries = []
    for entry in commands:
        if entry["file"].startswith(str(ROOT / "src")) and entry["file"].endswith(".cpp"):
            entries.append({**entry, "command": plain(entry["command"])})
    WORK.mkdir(parents=True, exist_ok=True)
    (WORK / "compile_commands.json").write_text(json.dumps(entries))
    passed_file = WORK / "passed.json"
    passed = json.loads(passed_file.read_text()) if passed_file.exists() else {}
    todo = {entry["file"]: fingerprint(entry) for entry in entries}
    changed = [file for file, mark in todo.items() if passed.get(file) != mark]

    def check(file):
        done = subprocess.run(["clang-tidy-19", "--quiet", "-p", WORK, file], capture_output=True, text=True)
        return file, done.returncode, done.stdout + (done.stderr if done.returncode else "")

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for file, status, output in pool.map(check, changed):
            if status == 0:
                passed[file] = todo[file]
            else:
                failed += 1
                print(output)
            passed_file.write_text(json.dumps(passed))
    print(f"clang-tidy: {len(entries)} files, {len(changed)} looked at, {failed} with findings")
    return 1 if failed else 0


sys.exit(main())
