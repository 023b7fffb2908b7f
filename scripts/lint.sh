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

# Arrow, Boost and Kafka headers stay out of ours: they cost half a minute per file.
if git ls-files 'src/*.h' | xargs grep -nE '#include <(arrow|parquet|boost|librdkafka)/' ; then
  echo "a header of ours includes one of theirs"; bad=1
fi
exit $bad
