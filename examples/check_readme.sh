#!/usr/bin/env bash
# check_readme.sh PROGRAM README: the README's first ```text block after "first_steps" must be what the program
# prints.
set -euo pipefail
output=$("$1")
block=$(awk '/first_steps/ { due = 1 } /^```text$/ && due { inside = 1; next }
             /^```$/ && inside { exit } inside' "$2")
if [ "$block" != "$output" ]; then
  diff <(echo "$block") <(echo "$output") || true
  echo "README.md does not show what first_steps prints"
  exit 1
fi
