# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
#
# What check-installed and check-uninstalled share: numbered TAP lines, and the programs that both run. Before it is sourced,
# `files` is the directory of those programs; `work` is made here, and removed at the end.

: "${files:?}"
n_checks=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The distribution's introspection data belongs to its own Python.
python=/usr/bin/python3
if [ ! -x "$python" ]; then
  python=python3
fi
# Nothing here may write into the user's home.
export PYTHONDONTWRITEBYTECODE=1
export XDG_CACHE_HOME="$work/cache"

# check NAME COMMAND…: one TAP line, and if the command fails, what it said.
check ()
{
  name=$1
  shift
  n_checks=$((n_checks + 1))
  if "$@" > "$work/output" 2>&1 < /dev/null; then
    printf 'ok %d %s\n' "$n_checks" "$name"
  else
    printf 'not ok %d %s\n' "$n_checks" "$name"
    sed 's/^/# /' "$work/output"
  fi
}

# prints TEXT COMMAND…: succeeds if the command does and prints exactly that on both its outputs.
prints ()
{
  expected=$1
  shift
  printed=$("$@" 2>&1) || { printf '%s\n' "$printed"; return 1; }
  if [ "$printed" != "$expected" ]; then
    printf 'printed: %s\ninstead of: %s\n' "$printed" "$expected"
    return 1
  fi
}

compile_program ()
{
  # shellcheck disable=SC2046 # one argument a flag
  cc -Wall -Werror "$files/halve.c" -o "$work/halve" $(pkg-config --cflags --libs cfutures-1)
}

compile_module ()
{
  # shellcheck disable=SC2046 # one argument a flag
  cc -Wall -Werror -shared -fPIC "$files/halve.c" -o "$work/halve.so" $(pkg-config --cflags --libs cfutures-1)
}

# compile_vala VALAC-ARGUMENT…
compile_vala ()
{
  valac --quiet --fatal-warnings --directory="$work" "$@" --pkg=gio-2.0 --pkg=cfutures-1 \
    --output=halve-vala "$files/halve.vala"
}

# As the guide says, by its name alone.
valac_finds_package ()
{
  valac --quiet --ccode --directory="$work" --pkg cfutures-1 "$files/halve.vala"
}

# Python functions in both pools, as with concurrent.futures.
python_functions_are_called ()
{
  prints '[2.0, 0.5]' "$python" "$files/halve-in-python.py"
}

plan ()
{
  printf '1..%d\n' "$n_checks"
}
