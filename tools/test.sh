#!/usr/bin/env bash
# test.sh: everything that must be green before a commit.
#
# Installs what is missing (Debian, Ubuntu), builds Release with g++ and runs all tests, then does the
# same with clang under the address and undefined-behaviour sanitizers. Warnings are errors in both.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh

need_packages "${BUILD_PACKAGES[@]}" libgtest-dev gnuplot-nox clang
# Some releases have the sanitizers' runtime in a package of its own.
if ! echo 'int main() {}' | clang++ -x c++ -fsanitize=address - -o /dev/null 2>/dev/null; then
  need_packages "libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev"
fi

jobs=$(nproc)
build_and_test() {  # preset, and a title
  echo "== $2"
  cmake --preset "$1" -DGRADVAR_TESTS=ON >/dev/null
  cmake --build --preset "$1"
  ctest --preset "$1" --parallel "$jobs"
}

tools/check_style.sh
build_and_test release "Release"
echo "== A whole study, from training to the report"
study=$(mktemp -d)
trap 'rm -rf "$study"' EXIT
build/gradvar reproduce gaussian --seeds 2 --quiet --out "$study/gaussian"
test -s "$study/gaussian/report.html"

build_and_test asan "Address and undefined-behaviour sanitizers"
