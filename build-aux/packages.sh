# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
#
# What building and testing CFutures takes, how to see whether it is there, and which packages bring it.
# Sourced by build-aux/run and build-aux/check, which call
#
#   provide build              what the library and cf-fetch are built with
#   provide build check        that, and everything the test suite uses
#
# after setting `source_directory` to the repository, and `may_install` to no where nothing may be installed. Only
# what a probe misses is installed, so that a tool that came from elsewhere is taken as it is.

: "${source_directory:?}"

# One requirement a line:  purpose | what it is | probe | Debian, Ubuntu | Fedora | Arch
#
# Probes:  command NAME            a program in PATH
#          module NAME VERSION     a pkg-config module of at least that version
#          typelib NAME VERSION    a namespace that Python can import by introspection
#          python NAME             a module that Python can import
#          sanitizer CC NAME       CC links programs with -fsanitize=NAME
#          header NAME             a header that the C compiler finds
#          fuzzer CC               CC links fuzz targets, which have no main() of their own
#          valgrind                Valgrind, with the symbols of the C library that it cannot do without
#
# Where a system has no package, as - says, it does without; the tests that take it are skipped there.
#
# apt-get takes a name with a * in it as a pattern: the version is that of a Python that may not be there yet.
requirements ()
{
  cat <<'TABLE'
build | a C compiler           | command cc                         | gcc libc6-dev              | gcc glibc-devel               | gcc
build | pkg-config             | command pkg-config                 | pkg-config                 | pkgconf-pkg-config            | pkgconf
build | Meson                  | command meson                      | meson                      | meson                         | meson
build | Ninja                  | command ninja                      | ninja-build                | ninja-build                   | ninja
build | GLib 2.74              | module gio-2.0 2.74                | libglib2.0-dev             | glib2-devel                   | glib2 glib2-devel
build | libsoup 3.2            | module libsoup-3.0 3.2             | libsoup-3.0-dev            | libsoup3-devel                | libsoup3
build | gettext                | command msgfmt                     | gettext                    | gettext                       | gettext
check | GCC                    | command gcc                        | gcc libc6-dev              | gcc glibc-devel               | gcc
check | a C++ compiler         | command c++                        | g++                        | gcc-c++                       | gcc
check | GCC's AddressSanitizer | sanitizer gcc address,undefined    | gcc                        | libasan libubsan              | gcc-libs
check | clang                  | command clang                      | clang                      | clang                         | clang
check | clang-format           | command clang-format               | clang-format               | clang-tools-extra             | clang
check | clang's ThreadSanitizer | sanitizer clang thread            | libclang-rt-dev            | compiler-rt                   | compiler-rt
check | clang's libFuzzer      | fuzzer clang                       | libclang-rt-dev            | compiler-rt                   | compiler-rt
check | Valgrind               | valgrind                           | valgrind libc6-dbg         | valgrind                      | valgrind debuginfod
check | GObject Introspection  | command g-ir-scanner               | gobject-introspection libgirepository1.0-dev | gobject-introspection-devel | gobject-introspection
check | Vala                   | command valac                      | valac                      | vala                          | vala
check | vapigen                | command vapigen                    | valac                      | vala                          | vala
check | PyGObject              | typelib Gio 2.0                    | python3-gi                 | python3-gobject-base          | python-gobject
check | Python's own tests     | python test.test_concurrent_futures | libpython3.*-testsuite    | python3-test                  | python-tests
check | cloudpickle            | python cloudpickle                 | python3-cloudpickle        | python3-cloudpickle           | python-cloudpickle
check | mypy                   | command mypy                       | mypy                       | python3-mypy                  | mypy
check | gjs                    | command gjs                        | gjs                        | gjs                           | gjs
check | gi-docgen              | command gi-docgen                  | gi-docgen                  | gi-docgen                     | gi-docgen
check | oneTBB, for benchmarks | module tbb 2021                    | libtbb-dev                 | tbb-devel                     | onetbb
check | libsoup, for PyGObject and gjs | typelib Soup 3.0           | gir1.2-soup-3.0            | libsoup3                      | libsoup3
check | libadwaita, for PyGObject | typelib Adw 1                | gir1.2-adw-1               | libadwaita                    | libadwaita
check | Xvfb, for tests of windows | command Xvfb                 | xvfb                       | xorg-x11-server-Xvfb          | xorg-server-xvfb
check | GdkPixbuf, for an example | module gdk-pixbuf-2.0 2.42     | libgdk-pixbuf-2.0-dev      | gdk-pixbuf2-devel             | gdk-pixbuf2
check | bubblewrap             | command bwrap                      | bubblewrap                 | bubblewrap                    | bubblewrap
check | nginx                  | command nginx                      | nginx-light                | nginx-core                    | nginx
check | GNU time               | command time                       | time                       | time                          | time
check | spin, for models       | command spin                       | spin                       | -                             | -
check | nm                     | command nm                         | binutils                   | binutils                      | binutils
check | readelf                | command readelf                    | binutils                   | binutils                      | binutils
check | gdb                    | command gdb                        | gdb                        | gdb                           | gdb
check | probes                 | header sys/sdt.h                   | systemtap-sdt-dev          | systemtap-sdt-devel           | -
check | Sysprof's marks        | module sysprof-capture-4 3.38      | libsysprof*-4-dev          | sysprof-devel                 | sysprof
TABLE
}

may_install=yes

# Programs of the administrator's, such as nginx, are not in everybody's PATH; and the introspection data of the
# distribution belongs to its own Python, not to another that comes first in PATH.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
system_python=/usr/bin/python3
if [ ! -x "$system_python" ]; then
  system_python=python3
fi

say ()
{
  printf '%s\n' "$*" >&2
}

can_link_sanitizer ()
{
  probe_directory=$(mktemp -d) || return 1
  printf 'int main (void) { return 0; }\n' > "$probe_directory/probe.c"
  "$1" "-fsanitize=$2" "-Dmain=${3-main}" "$probe_directory/probe.c" -o "$probe_directory/probe" > /dev/null 2>&1
  probe_status=$?
  rm -rf "$probe_directory"
  return "$probe_status"
}

is_there ()
{
  case $1 in
    command) command -v "$2" > /dev/null 2>&1 ;;
    module) pkg-config --exists "$2 >= $3" 2> /dev/null ;;
    typelib) "$system_python" -c "import gi; gi.require_version ('$2', '$3')" > /dev/null 2>&1 ;;
    python) "$system_python" -c "import $2" > /dev/null 2>&1 ;;
    sanitizer) can_link_sanitizer "$2" "$3" ;;
    header) printf '#include <%s>\n' "$2" | cc -E - > /dev/null 2>&1 ;;
    fuzzer) can_link_sanitizer "$2" fuzzer LLVMFuzzerTestOneInput ;;
    valgrind) valgrind -q true > /dev/null 2>&1 ;;
  esac
}

# Prints the number of the table's column that names this system's packages.
package_column ()
{
  if command -v apt-get > /dev/null 2>&1; then
    echo 4
  elif command -v dnf > /dev/null 2>&1; then
    echo 5
  elif command -v pacman > /dev/null 2>&1; then
    echo 6
  else
    echo 0
  fi
}

# Prints the lines of the table that serve one of the purposes given and whose probe fails.
missing_requirements ()
{
  column=$(package_column)
  requirements | while IFS='|' read -r purpose name probe debian fedora arch; do
    case " $* " in
      *" ${purpose% } "*) ;;
      *) continue ;;
    esac
    if [ "$column" -gt 0 ] && [ "$(printf '|||%s|%s|%s\n' "$debian" "$fedora" "$arch" | packages_of "$column")" = - ]; then
      continue
    fi
    # shellcheck disable=SC2086 # a probe is several words
    if ! is_there $probe; then
      printf '%s|%s|%s|%s|%s|%s\n' "$purpose" "$name" "$probe" "$debian" "$fedora" "$arch"
    fi
  done
}

names_of ()
{
  cut -d '|' -f 2 | sed 's/^ *//; s/ *$//'
}

packages_of ()
{
  cut -d '|' -f "$1" | tr ' ' '\n' | grep -v -e '^$' | sort -u | tr '\n' ' ' | sed 's/ $//'
}

as_administrator ()
{
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo > /dev/null 2>&1; then
    sudo "$@"
  else
    say "Installing packages takes root, and there is no sudo here. As root, run: $*"
    return 1
  fi
}

install_packages ()
{
  case $(package_column) in
    4)
      as_administrator env DEBIAN_FRONTEND=noninteractive apt-get update -q ||
        echo 'apt-get update failed; going on with the package lists that are here.'
      as_administrator env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "$@" < /dev/null
      ;;
    5) as_administrator dnf install -y "$@" ;;
    6) as_administrator pacman -Sy --needed --noconfirm "$@" ;;
  esac
}

# Sees to it that everything for the purposes given is there; returns 1 and says what is missing if it is not.
provide ()
{
  missing=$(missing_requirements "$@")
  if [ -z "$missing" ]; then
    return 0
  fi

  column=$(package_column)
  if [ "$column" -eq 0 ]; then
    say 'Missing, on a system whose packages these scripts do not know:'
    printf '%s\n' "$missing" | names_of | sed 's/^/  /' >&2
    return 1
  fi

  packages=$(printf '%s\n' "$missing" | packages_of "$column")
  if [ "$may_install" = no ]; then
    say 'Missing:'
    printf '%s\n' "$missing" | names_of | sed 's/^/  /' >&2
    say "The packages that bring it: $packages"
    return 1
  fi

  installation_log=$source_directory/build/packages.log
  mkdir -p "$(dirname "$installation_log")"
  say "Installing: $packages"
  # shellcheck disable=SC2086 # one argument a package
  if ! install_packages $packages > "$installation_log" 2>&1; then
    tail -n 20 "$installation_log" >&2
    say "The package manager reported a failure. All that it said is in $installation_log"
  fi

  missing=$(missing_requirements "$@")
  if [ -n "$missing" ]; then
    say 'Still missing after the installation:'
    printf '%s\n' "$missing" | names_of | sed 's/^/  /' >&2
    return 1
  fi
}
