#!/usr/bin/env bash
# lint.sh: formatting, generated pages, and rules that a compiler does not know.
set -uo pipefail
cd "$(dirname "$0")/.."
bad=0

if ! git ls-files '*.cpp' '*.h' | xargs clang-format-19 --dry-run -Werror 2>/tmp/format.$$; then
  grep -oE '^[^:]+' /tmp/format.$$ | sort | uniq -c | head; echo "run: make format"; bad=1
fi
rm -f /tmp/format.$$

# The reference of all keys is generated.
if [ -x build/release/tradelake ] && ! build/release/tradelake config --markdown | cmp -s - docs/configuration.md; then
  echo "docs/configuration.md is not what 'tradelake config --markdown' prints"; bad=1
fi

# Arrow, Boost and Kafka headers cost half a minute per file: a header of ours that includes one is the
# affair of its own folder, and of no header that others include.
heavy=$(git ls-files 'src/*.h' | xargs grep -lE '#include <(arrow|parquet|boost|librdkafka)/' || true)
for header in $heavy; do
  name=${header#src/} folder=$(dirname "$header")
  users=$(git grep -lF "#include \"$name\"" -- src | grep -v "^$(echo "$folder" | cut -d/ -f1,2)/" || true)
  for user in $(git grep -lF "#include \"$name\"" -- 'src/*.h'); do
    echo "$heavy" | grep -qx "$user" || users="$users $user"
  done
  [ -z "${users// /}" ] || { echo "$header includes Arrow, Boost or Kafka, and is included by $users"; bad=1; }
done

[ -f build/release/compile_commands.json ] && { python3 scripts/tidy.py || bad=1; }
exit $bad
