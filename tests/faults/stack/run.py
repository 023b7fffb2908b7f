#!/usr/bin/env python3
"""Faults on the real stack, by seeds.

run.py --seeds 0:100 [--json FILE]     all of them; exit 1 if any fails
run.py --seed 17                       one, told as it happens; its folder is kept

Kafka, PostgreSQL and an S3 server (TRADELAKE_FAULTS_S3: versitygw or minio) are started by scripts/stack.py; two sinks, two
candles and a replay run on them as processes, and are started again whenever they end. What is lost or doubled is judged by
tests/e2e/oracle.py, through PyIceberg.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import scenario
from services import S3, Services


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="0:100")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--json")
    arguments = parser.parse_args()
    first, last = (int(part) for part in arguments.seeds.split(":"))
    seeds = range(first, last) if arguments.seed is None else [arguments.seed]
    totals, failed, begin = Counter(), [], time.monotonic()
    services = Services()
    try:
        for seed in seeds:
            folder = Path(tempfile.mkdtemp(prefix=f"tradelake-faults-{seed}-"))
            say = print if arguments.seed is not None else lambda text: None
            try:
                counts = scenario.run(seed, services, folder, say)
            except Exception:
                traceback.print_exc()
                print(f"seed {seed} FAILED; its folder is {folder}", flush=True)
                failed.append(seed)
                continue
            print(f"seed {seed}: {json.dumps(counts)}", flush=True)
            totals.update({"runs": 1, "faults": len(counts["faults"]), "trades": counts["trades"]})
            totals.update({f"exit {code}": n for code, n in counts["ends"].items()})
            totals.update(counts["requests"])
            if arguments.seed is None:
                shutil.rmtree(folder)
    finally:
        services.close()
    summary = {"s3": S3, "seeds": f"{seeds[0]}:{seeds[-1] + 1}", "failed": failed,
               "seconds": round(time.monotonic() - begin), **totals}
    print(json.dumps(summary))
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(summary, indent=2) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
