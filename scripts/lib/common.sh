# shellcheck shell=bash
# What every script here shares: where the checkout is, how to speak, and how
# to get the packages that a step needs. Sourced, never run.

# The checkout, whatever directory the caller stands in.
ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
# The library as `cargo build --release` leaves it.
# shellcheck disable=SC2034  # read by the scripts that source this file
SHIM=${CARGO_TARGET_DIR:-$ROOT/target}/release/libumaskclamp.so

# An exit status that says "not run, for the reason given", as automake has it.
# shellcheck disable=SC2034
EXIT_SKIPPED=77

# say WORDS...: a progress line on stderr, with the seconds since the start.
say() {
    printf '[%4ds] %s\n' "$SECONDS" "$*" >&2
}

# die WORDS...: one line on stderr, exit status 1.
die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# misused WORDS...: what is wrong with the arguments, one line on stderr and where
# to read more, exit status 2. Never the whole usage: it would hide the line.
# shellcheck disable=SC2317  # called by the scripts that source this file
misused() {
    printf '%s: %s (see %s --help)\n' "${0##*/}" "$*" "$0" >&2
    exit 2
}

# need_value OPTION [VALUE]...: for an option that takes one; sets `value`.
# shellcheck disable=SC2034,SC2317
need_value() {
    case $1 in
        --*=*) value=${1#*=} ;;
        *) value=${2-} ;;
    esac
    [ -n "$value" ] || misused "${1%%=*} needs a value"
}

is_root() {
    [ "$(id -u)" -eq 0 ]
}

# quietly WHAT LINES COMMAND...: runs it and keeps its output back; the last lines of
# it if it fails. It may take long: each minute a word that it goes on.
quietly() {
    local what=$1 lines=$2 log status=0 pulse
    shift 2
    log=$(mktemp)
    # Reads from a pipe to which nobody writes: a sleep would outlive its shell, and
    # hold the output of whoever waits for the end of that.
    (
        exec {never}<> <(:) >/dev/null
        while ! read -r -t 60 -u "$never" && kill -0 "$$"; do say "$what: still at it"; done
    ) &
    pulse=$!
    "$@" >"$log" 2>&1 </dev/null || status=$?
    kill "$pulse" 2>/dev/null || :
    wait "$pulse" 2>/dev/null || :
    [ "$status" -eq 0 ] || tail -n "$lines" "$log" >&2
    rm -f -- "$log"
    return "$status"
}

# apt_get ARGS...: apt-get that never asks, quiet unless it fails.
apt_get() {
    # Another apt-get may be at it: its end is waited for.
    quietly "apt-get $1" 15 env DEBIAN_FRONTEND=noninteractive \
        apt-get -y -q -o DPkg::Lock::Timeout=1800 "$@"
}

# installed PACKAGE: is it, according to dpkg? Of two architectures, one will do.
installed() {
    dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
}

# need_packages WHY PACKAGE...: installs the packages that are missing. As an
# ordinary user, or where apt-get cannot get them in three tries, it says which
# are missing and how to install them, and returns 1.
need_packages() {
    local why=$1 package try
    local -a missing=()
    shift
    command -v dpkg-query >/dev/null || {
        printf '%s needs these Debian packages or their like: %s\n' "$why" "$*" >&2
        return 1
    }
    for package in "$@"; do
        installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    if is_root; then
        for try in 1 2 3; do
            say "$why: installing ${missing[*]} (try $try of 3)"
            if apt_get update &&
                apt_get install --no-install-recommends "${missing[@]}"; then
                return 0
            fi
            [ "$try" -lt 3 ] && sleep 5
        done
    fi
    printf '%s: missing Debian packages. As root: apt-get install --no-install-recommends %s\n' \
        "$why" "${missing[*]}" >&2
    return 1
}

# need_commands WHY COMMAND=PACKAGE...: like need_packages, for commands that
# may come from elsewhere (a toolchain in the home directory, another package).
need_commands() {
    local why=$1 pair
    local -a packages=()
    shift
    for pair in "$@"; do
        command -v "${pair%%=*}" >/dev/null || packages+=("${pair#*=}")
    done
    [ ${#packages[@]} -eq 0 ] || need_packages "$why" "${packages[@]}"
}

# wait_for SECONDS WHAT COMMAND...: until the command is true; says what did not come.
# The seconds are for what hangs, and more than a busy machine takes.
wait_for() {
    local end=$((SECONDS + $1)) what=$2
    shift 2
    until "$@"; do
        if [ "$SECONDS" -ge "$end" ]; then
            printf '%s: waited in vain\n' "$what" >&2
            return 1
        fi
        sleep 0.2
    done
}

# ended PROCESS, or_ended PROCESS COMMAND...: for wait_for; who is gone is not waited for.
ended() {
    ! kill -0 "$1" 2>/dev/null
}
or_ended() {
    "${@:2}" || ended "$1"
}

# limited MINUTES COMMAND...: ends it if it is not done by then, and says so.
limited() {
    local minutes=$1 status=0 start=$SECONDS
    shift
    timeout --kill-after=60 "${minutes}m" "$@" || status=$?
    if [ $((SECONDS - start)) -ge $((minutes * 60)) ] && [[ $status =~ ^(124|137)$ ]]; then
        printf 'ended: it was still running after %d minutes\n' "$minutes" >&2
    fi
    return "$status"
}

# in_checkout COMMAND...
in_checkout() {
    (cd -- "$ROOT" && "$@")
}

# version_at_least HAVE WANT: compares MAJOR.MINOR.
version_at_least() {
    local have_major=${1%%.*} have_rest=${1#*.} want_major=${2%%.*} want_minor=${2#*.}
    local have_minor=${have_rest%%.*}
    [ "$have_major" -gt "$want_major" ] ||
        { [ "$have_major" -eq "$want_major" ] && [ "$have_minor" -ge "$want_minor" ]; }
}

# The Rust that Cargo.toml asks for.
rust_wanted() {
    sed -n 's/^rust-version *= *"\([0-9]*\.[0-9]*\).*/\1/p' "$ROOT/Cargo.toml" | head -n 1
}

# add_rust_target WHY TARGET: Rust's standard library for another machine, by rustup if
# that is there; as root, three tries. Whether it is there then, the caller looks.
add_rust_target() {
    local try
    is_root && command -v rustup >/dev/null || return 0
    for try in 1 2 3; do
        say "$1: rustup target add $2 (try $try of 3)"
        (cd -- "$ROOT" && rustup --quiet target add "$2") >&2 && return 0
        [ "$try" -eq 3 ] || sleep 5
    done
}

# rust_there: is there a cargo new enough?
rust_there() {
    local have
    have=$(in_checkout cargo --version 2>/dev/null) &&
        version_at_least "${have#cargo }" "$(rust_wanted)"
}

# rust_packages [PACKAGE...]: those that it takes to compile here, a line each: a C
# linker, and where there is no cargo new enough, Debian's packages of a current Rust
# (Debian 12's own rustc is too old). The further packages (clippy, rustfmt) only with
# Debian's Rust: another toolchain brings its own.
rust_packages() {
    local -a packages=(libc6-dev)
    command -v cc >/dev/null || packages+=(gcc)
    rust_there || packages+=(cargo-web rustc-web ca-certificates)
    case $(command -v cargo) in
        '' | /usr/bin/*) packages+=("$@") ;;
    esac
    printf '%s\n' "${packages[@]}"
}

# need_rust WHY [PACKAGE...]: installs these where they are missing.
need_rust() {
    local why=$1
    local -a packages
    shift
    mapfile -t packages < <(rust_packages "$@")
    need_packages "$why (Rust $(rust_wanted) or newer)" "${packages[@]}" || return 1
    rust_there || {
        printf '%s: %s is older than %s; a newer rustc-web is in the suite bookworm-security\n' \
            "$why" "$(in_checkout cargo --version 2>&1)" "$(rust_wanted)" >&2
        return 1
    }
}

# build_shim: the release library.
build_shim() {
    say "building the release library (cargo build --release)"
    quietly "building" 200 in_checkout cargo build --release --quiet || return 1
    [ -f "$SHIM" ] || {
        printf 'the build left no %s\n' "$SHIM" >&2
        return 1
    }
}

# prepare_shim: builds the library; without a Rust, or in a checkout that belongs
# to somebody else, the one that was built before will do, and that is said.
prepare_shim() {
    if [ -w "$ROOT" ] && need_rust "the library"; then
        build_shim
    elif [ -f "$SHIM" ]; then
        say "cannot build here: taking $SHIM as it is"
    else
        printf 'no library to be had: no Rust, or %s is not ours to write\n' "$ROOT" >&2
        return 1
    fi
}

# thousands NUMBER: 75489280 -> 75,489,280
thousands() {
    local number=$1 grouped=
    while [ ${#number} -gt 3 ]; do
        grouped=,${number: -3}$grouped
        number=${number:0:${#number}-3}
    done
    printf '%s%s' "$number" "$grouped"
}

# json_string TEXT: the text as a JSON string, quotes included. Bytes that are
# not ASCII go through as they are.
json_string() {
    local text=$1 out='' char code i
    local LC_ALL=C
    for ((i = 0; i < ${#text}; i++)); do
        char=${text:i:1}
        case $char in
            '"') out+='\"' ;;
            "\\") out+="\\\\" ;;
            [[:cntrl:]])
                printf -v code '\\u%04x' "'$char"
                out+=$code
                ;;
            *) out+=$char ;;
        esac
    done
    printf '"%s"' "$out"
}
