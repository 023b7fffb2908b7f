#!/usr/bin/env bash
# test.sh quick|all: builds and runs the tests; prints how many passed and failed at the end.
set -uo pipefail
cd "$(dirname "$0")/.."
how=${1:-quick}
jobs=$(nproc)
passed=0 failed=0 skipped=0

say() { printf '\n== %s (%s s)\n' "$1" "$SECONDS"; }

# One step that passes or fails as a whole.
step() {
  local name=$1; shift
  say "$name"
  if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED: $name"; fi
}

# GoogleTest programs and pytest say how many; take their counts.
gtest() {
  say "$1"
  local out=build/test-output.txt
  "$@" >"$out" 2>&1; local status=$?
  local ok bad off
  off=$(grep -cE '^\[  SKIPPED \] [A-Za-z].*\([0-9]+ ms\)$' "$out")
  ok=$(grep -oE '\[  PASSED  \] [0-9]+' "$out" | grep -oE '[0-9]+' | tail -1)
  bad=$(grep -cE '^\[  FAILED  \] [A-Za-z].*\([0-9]+ ms\)$' "$out")
  if [ $status -ne 0 ]; then
    [ "$bad" = 0 ] && bad=1
    tail -80 "$out"
  fi
  echo "${ok:-0} passed, $bad failed, $off skipped"
  skipped=$((skipped + off))
  passed=$((passed + ${ok:-0})); failed=$((failed + bad))
}

pytests() {
  say "pytest $*"
  local out=build/test-output.txt
  .venv/bin/python -m pytest -q "$@" 2>&1 | tee "$out"
  local line; line=$(grep -E '[0-9]+ (passed|failed|error|skipped)' "$out" | tail -1)
  count() { echo "$line" | grep -oE "[0-9]+ $1" | grep -oE '[0-9]+' || echo 0; }
  passed=$((passed + $(count passed))); skipped=$((skipped + $(count skipped)))
  failed=$((failed + $(count failed) + $(count error)))
  [ -n "$line" ] || failed=$((failed + 1))
}

[ -f build/release/build.ninja ] || cmake --preset release >/dev/null || exit 1
say build
if ! cmake --build build/release -j "$jobs" 2>&1 | tail -40; then echo "0 passed, 1 failed"; exit 1; fi
[ "${PIPESTATUS[0]}" = 0 ] || { echo "0 passed, 1 failed"; exit 1; }

step lint scripts/lint.sh
say stack
trap 'scripts/stack.py down' EXIT
# versitygw is built in half the time that MinIO takes, once for each user; make test-all builds both.
s3=versitygw; [ "$how" = all ] && s3=minio
if scripts/stack.py up kafka postgres $s3; then
  TRADELAKE_TEST_POSTGRES=$(. build/stack.env && echo "$TRADELAKE_CATALOG")
  TRADELAKE_TEST_KAFKA=$(. build/stack.env && echo "$TRADELAKE_LOG")
  PGPASSWORD=$(. build/stack.env && echo "$PGPASSWORD")
  TRADELAKE_TEST_S3=$(. build/stack.env && echo "$TRADELAKE_WAREHOUSE")
  eval "$(grep '^export AWS_' build/stack.env)"
  export TRADELAKE_TEST_POSTGRES TRADELAKE_TEST_KAFKA PGPASSWORD TRADELAKE_TEST_S3
else
  failed=$((failed + 1))
fi
# Histories of the same trades by seed; in the quick run there are 200.
[ "$how" = all ] && export SILVER_SEEDS=2000
for area in core bybit log feed iceberg bronze silver ops api; do
  [ -x build/release/test_$area ] && gtest build/release/test_$area
done
# The fault harness counts what it did; in the quick run it has 100 seeds.
[ "$how" = all ] && export FAULTS_SEEDS=2000
export FAULTS_JSON=build/faults.json
rm -f "$FAULTS_JSON"
[ -x build/release/test_faults ] && gtest build/release/test_faults
[ "$how" = all ] && step "mutations" env -u FAULTS_SEEDS .venv/bin/python tests/faults/mutations.py
marker=(-m "not slow"); [ "$how" = all ] && marker=()
pytests tests/iceberg "${marker[@]}"
pytests tests/interop "${marker[@]}"
pytests tests/e2e "${marker[@]}"
pytests tests/deploy "${marker[@]}"
[ -d tests/web ] && ls tests/web/test_*.py >/dev/null 2>&1 && pytests tests/web "${marker[@]}"
seeds=0:3; [ "$how" = all ] && seeds=0:100
step "faults on the stack, seeds $seeds" .venv/bin/python tests/faults/stack/run.py --seeds "$seeds" --json build/faults-stack.json
step "fuzz smoke" scripts/fuzz.sh "$([ "$how" = all ] && echo 600 || echo 15)"

printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" = 0 ]
