#!/usr/bin/env bash
# bootstrap.sh build|test: installs what is missing to build, or to build, test and start services. Safe to repeat; does nothing
# when nothing is missing. Debian 12 and Ubuntu 24.04.
set -euo pipefail
cd "$(dirname "$0")/.."
want=${1:-build}

build_packages=(
  g++ cmake ninja-build ccache mold pkg-config ca-certificates python3 python3-venv
  libsimdjson-dev libssl-dev zlib1g-dev libzstd-dev libsqlite3-dev libpq-dev libxxhash-dev librdkafka-dev
  libspdlog-dev libfmt-dev libcli11-dev libtomlplusplus-dev nlohmann-json3-dev
  prometheus-cpp-dev libgtest-dev libgmock-dev libbenchmark-dev librapidcheck-dev
)
# Debian 12's default Boost lacks the URL library and conflicts with 1.81.
if apt-cache show libboost1.81-dev >/dev/null 2>&1; then build_packages+=(libboost1.81-dev); else build_packages+=(libboost-dev); fi
test_packages=(
  clang-19 clang-format-19 clang-tidy-19 libclang-rt-19-dev chromium git zstd postgresql openjdk-17-jre-headless maven faketime curl wget
)
if [ "$(. /etc/os-release && echo "$ID")" = ubuntu ]; then
  # Ubuntu's chromium is a snap; the page's tests look for any of the usual browsers.
  test_packages=("${test_packages[@]/chromium/chromium-browser}")
fi

missing=()
packages=("${build_packages[@]}")
[ "$want" = build ] || packages+=("${test_packages[@]}")
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "installing: ${missing[*]}"
  sudo=; [ "$(id -u)" = 0 ] || sudo=sudo
  $sudo apt-get update -qq
  # What apt-cache did not know before the update, it may know now.
  if [[ " ${missing[*]} " == *" libboost-dev "* ]] && apt-cache show libboost1.81-dev >/dev/null 2>&1; then
    missing=("${missing[@]/libboost-dev/libboost1.81-dev}")
  fi
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

# A stamp per list: pip is asked only when a list has changed.
install_python() {
  local list=$1 stamp=.venv/.installed-$(basename "$1" .txt)
  [ -f "$stamp" ] && cmp -s "$list" "$stamp" && return
  [ -x .venv/bin/python ] || python3 -m venv .venv
  .venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$list"
  cp "$list" "$stamp"
}
install_python scripts/requirements-build.txt
[ "$want" = build ] || install_python scripts/requirements-test.txt
# What Spark and Trino need is fetched by scripts/stack_spark.py and stack_trino.py, into the user's cache.
# Go, newer than the distribution's, to build the S3 servers that stack.py starts.
[ "$want" = build ] || install_python scripts/requirements-stack.txt

install_node() {
  local folder=$1 stamp=$1/node_modules/.installed
  [ -f "$stamp" ] && cmp -s "$folder/package-lock.json" "$stamp" && return
  (cd "$folder" && PATH="$PWD/../.venv/bin:$PWD/../../.venv/bin:$PATH" npm ci --silent --no-audit --no-fund)
  cp "$folder/package-lock.json" "$stamp"
}
install_node web
exit 0
