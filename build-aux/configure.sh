# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
#
# How build-aux/run and build-aux/check make their build directories, each below build/ in the repository.
#
# A build directory notes what it was configured for, in a file `configured-for` of its own. One that was meant
# for something else (other options, another Meson or compiler, a clone that was moved) is made anew, and so is
# one in which the build fails, once. Everything else is left to Meson and Ninja, which rebuild what changed.
#
# Sourced after `source_directory` was set to the repository.

: "${source_directory:?}"

configuration_of ()
{
  printf '%s\n' "$source_directory" "$(meson --version)" "${CC-cc}" "${CFLAGS-}" "${LDFLAGS-}" "$@"
}

configure_afresh ()
{
  rm -rf "$build_directory" && mkdir -p "$build_directory" || return
  meson setup "$build_directory" "$source_directory" "$@" > "$build_log" 2>&1 || return
  configuration_of "$@" > "$build_directory/configured-for"
}

compile ()
{
  meson compile -C "$build_directory" > "$build_log" 2>&1
}

# build_in DIRECTORY LOG MESON-ARGUMENT…
#
# Configures and builds. What is said meanwhile goes to LOG, which holds the last step that was taken.
build_in ()
{
  build_directory=$1
  build_log=$2
  shift 2
  mkdir -p "$(dirname "$build_log")" || return

  if [ -f "$build_directory/build.ninja" ] &&
     [ "$(configuration_of "$@")" = "$(cat "$build_directory/configured-for" 2> /dev/null)" ] &&
     compile; then
    return 0
  fi
  configure_afresh "$@" && compile
}
