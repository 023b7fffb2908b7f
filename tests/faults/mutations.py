#!/usr/bin/env python3
"""Does the fault harness have teeth? Takes one guard out of the product at a time; the harness must turn red.

    .venv/bin/python tests/faults/mutations.py [NAME …]

Works on a copy of the tree in build/mutations, so that an interrupted run leaves nothing changed. Every mutation is an exact
text that must be in its file once: one that does not apply any more is an error. FAULTS_SEEDS is how many seeds each
gets (default 300). Prints a line for each, and exits 1 if one was survived.
"""
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COPY = ROOT / "build/mutations"
TEST = COPY / "build/release/test_faults"

# name, file, text, what it becomes
MUTATIONS = [
    ("the fence does not look at the offset", "src/iceberg/catalog_sql.cpp",
     '" AND next_offset = $', '" AND -1 <> $'),
    ("the fence does not look at the epoch", "src/iceberg/catalog_sql.cpp",
     " AND epoch = $", " AND -1 <> $"),
    ("a progress row that is there already is no fence", "src/iceberg/catalog_sql.cpp",
     'if (changed == 1) return {};\n    TL_ASSIGN(const auto found, stored(work, pipeline, row, ""));',
     'if (changed == 1 || !update.expected) return {};\n    TL_ASSIGN(const auto found, stored(work, pipeline, row, ""));'),
    ("a pointer is swapped wherever it is", "src/iceberg/catalog_sql.cpp",
     '" AND metadata_location = $4"', '" AND $4 = $4"'),
    ("an unanswered COMMIT counts as not done", "src/iceberg/catalog_sql.cpp",
     "return resolve(commit, done.error());",
     'return make_error(Errc::unavailable, "{}", done.error().message);'),
    ("an unanswered COMMIT counts as done", "src/iceberg/catalog_sql.cpp",
     "return resolve(commit, done.error());", "return {};"),
    ("an unanswered COMMIT is not asked about", "src/iceberg/catalog_sql.cpp",
     "return resolve(commit, done.error());", "return done;"),
    ("who asks about an unanswered COMMIT does not wait for its end", "src/iceberg/catalog_sql.cpp",
     "look_for(const CatalogCommit& commit) {\n    TL_ASSIGN(auto work, Work::begin(sessions_));",
     "look_for(const CatalogCommit& commit) {\n    TL_ASSIGN(auto work, Work::begin(sessions_, SqlSession::Access::read));"),
    ("progress does not move with the pointers", "src/iceberg/transaction.cpp",
     "  commit.progress = progress_;\n", ""),
    ("offsets of other partitions are not carried forward", "src/bronze/commit_summary.cpp",
     "if (!moved.contains(where)) offsets[where]", "if (!moved.contains(where) && where.topic.empty()) offsets[where]"),
    ("reading starts where it ended, without the ids of the window", "src/bronze/positions.cpp",
     "position.next_offset = std::max(row->replay_from, start);", "position.next_offset = row->next_offset;"),
    ("the window to read again is not kept", "src/bronze/positions.cpp",
     "row.replay_from = position.replay_from(grace_us);", "row.replay_from = position.next_offset;"),
    ("what is read again is taken for new", "src/bronze/sink.cpp",
     "ids_.insert(id, position.slot, trade.trade_time_us));\n    if (rebuilding) return {};",
     "ids_.insert(id, position.slot, trade.trade_time_us));"),
    ("what was given up is kept in memory", "src/bronze/pipeline.cpp",
     "    forget();\n    begin_batch();", "    begin_batch();"),
    ("a head that is ahead of its progress is not seen", "src/bronze/commit_summary.cpp",
     "if (next_offset > committed) {", "if (next_offset > committed && pipeline.empty()) {"),
    ("a head with another commit is not seen", "src/bronze/commit_summary.cpp",
     "if (found != expected) {", "if (found != expected && pipeline.empty()) {"),
    ("repeats older than the window are not looked up", "src/bronze/sink.cpp",
     "filling_.old_rows.push_back(", "(void)("),
    ("a frame in parts may be cut by a commit", "src/bronze/sink.cpp",
     "if (assembler_.open()) return false;", "if (false) return false;"),
    ("a restart does not look what candles the table has", "src/silver/candles_commit.cpp",
     "entry->stored_revision = row.revision;\n    entry->dirty =", "entry->dirty ="),
    ("a gap is not written", "src/silver/candles.cpp",
     "if (!position.in_committed(record.offset)) gaps_.add", "if (position.in_committed(record.offset)) gaps_.add"),
    ("a gap that is read again is written again", "src/silver/candles.cpp",
     "if (!position.in_committed(record.offset)) gaps_.add", "gaps_.add"),
    ("a restart does not look what larger candles there are", "src/silver/rollup.cpp",
     "candles_[interval][row.open_time_us][market].stored = std::move(row);", "(void)interval, (void)market, (void)row;"),
    ("a restart leaves out minutes that are final", "src/silver/rollup.cpp",
     "    take_in(candles_[interval][open_time_us][market].finals, minute);",
     "    if (loaded_) take_in(candles_[interval][open_time_us][market].finals, minute);"),
    ("larger candles lose the minutes that leave the books", "src/silver/rollup.cpp",
     "    take_in(candles_[interval][open_time_us][market].finals, minute);",
     "    if (!loaded_) take_in(candles_[interval][open_time_us][market].finals, minute);"),
    ("a larger candle is not revised with its minute", "src/silver/rollup.cpp",
     "if (!row || (stored && row->same_candle(*known->stored))) continue;", "if (!row || stored) continue;"),
    ("a larger candle is written with its first minute", "src/silver/rollup.cpp",
     "    if (!stored && !finalized && end_us > watermarks.until[home]) continue;\n", ""),
    ("an end marker does not write larger candles", "src/silver/rollup.cpp",
     "candle.finalized = looks_at_all_ = true;", "looks_at_all_ = true;"),
    ("a larger candle that is written is forgotten within grace", "src/silver/candles_commit.cpp",
     "rollup_.forget_until(closed_until_us, books_);",
     "rollup_.forget_until(std::vector<std::int64_t>(books_.slots(), INT64_MAX), books_);"),
    ("a replay forgets how far it came", "src/log/replayer.cpp",
     "return done != progress.end() && record.source_n <= done->second;", "return done != progress.end() && record.source_n < 0;"),
]


def copy_tree() -> None:
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, text=True, capture_output=True,
                           check=True).stdout.split("\n")
    for name in filter(None, files):
        source, target = ROOT / name, COPY / name
        if not source.is_file():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        # What is unchanged keeps its time, so that it is not built again.
        if not target.exists() or target.read_bytes() != source.read_bytes():
            shutil.copy(source, target)
    for name in (".venv", "node_modules", "web/node_modules"):
        if (ROOT / name).exists() and not (COPY / name).exists():
            (COPY / name).symlink_to(ROOT / name)


def build() -> subprocess.CompletedProcess:
    # Of both trees the paths relative to the build folder are the same: the compiler cache knows them.
    environment = {"CCACHE_BASEDIR": str(ROOT), "CCACHE_NOHASHDIR": "1", **os.environ}
    if not (COPY / "build/release/build.ninja").exists():
        subprocess.run(["cmake", "--preset", "release"], cwd=COPY, env=environment, check=True, stdout=subprocess.DEVNULL)
    return subprocess.run(["cmake", "--build", "build/release", "--target", "test_faults", "-j", str(os.cpu_count())],
                          cwd=COPY, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def test(seeds: str) -> tuple[bool, list[str]]:
    """Whether it passed, and which tests did not."""
    environment = {**os.environ, "FAULTS_SEEDS": seeds}
    environment.pop("FAULTS_JSON", None)
    try:
        run = subprocess.run([TEST, "--gtest_brief=1", "--gtest_fail_fast"], env=environment, text=True, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, timeout=900)
    except subprocess.TimeoutExpired:
        return False, ["no end within 15 minutes"]
    failed = sorted(set(re.findall(r"^\[  FAILED  \] (\w+\.\w+)", run.stdout, re.M)))
    return run.returncode == 0, failed or [f"ended with {run.returncode}"]


def main() -> int:
    chosen = [m for m in MUTATIONS if len(sys.argv) == 1 or any(name in m[0] for name in sys.argv[1:])]
    seeds = os.environ.get("FAULTS_SEEDS", "300")
    copy_tree()
    built = build()
    if built.returncode != 0:
        sys.exit("the unchanged tree does not build:\n" + built.stdout[-3000:])
    passed, failed = test(seeds)
    if not passed:
        sys.exit(f"red without a mutation: {failed}")
    survived = 0
    result = {}
    for name, file, old, new in chosen:
        path = COPY / file
        text = path.read_text()
        if text.count(old) != 1:
            sys.exit(f"{name}: its text is {text.count(old)} times in {file}")
        path.write_text(text.replace(old, new))
        try:
            built = build()
            if built.returncode != 0:
                sys.exit(f"{name}: does not build:\n{built.stdout[-3000:]}")
            passed, failed = test(seeds)
        finally:
            path.write_text(text)
        survived += passed
        result[name] = [] if passed else failed
        print(f"{'SURVIVED' if passed else 'caught  '} {name}{'' if passed else ': ' + ', '.join(failed)}", flush=True)
    print(f"{len(chosen) - survived} of {len(chosen)} mutations caught")
    (ROOT / "build/mutations.json").write_text(json.dumps(result, indent=2) + "\n")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
