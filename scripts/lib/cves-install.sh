# shellcheck shell=bash
# How scripts/cves gets the version that an advisory names: below a throwaway
# directory, with the ordinary clients, never into the system. Sourced by it, after
# common.sh; `work` and `quick` are its variables.
# shellcheck disable=SC2154

# in_three_tries WHAT COMMAND...: what fails at once may be a network that comes back.
# The last line that it printed is the reason, in $work/reason.
in_three_tries() {
    local what=$1 try
    shift
    for try in 1 2 3; do
        say "getting $what (try $try of 3)"
        if timeout --kill-after=10 600 "$@" >"$work/log" 2>&1 </dev/null; then
            return 0
        fi
        [ "$try" -eq 3 ] || sleep 3
    done
    printf '%s cannot be had: %s\n' "$what" "$(grep . "$work/log" | tail -n 1 | cut -c 1-120)" \
        >"$work/reason"
    return 1
}

# get_deb DIRECTORY PACKAGE[=VERSION]...: unpacked, not installed.
get_deb() {
    local root=$1 package
    shift
    if [ ! -d "$work/debs" ]; then
        mkdir -m 0755 "$work/debs"
        ! is_root || apt_get update || :
    fi
    rm -f -- "$work/debs"/*.deb
    # shellcheck disable=SC2016  # expanded by that shell
    in_three_tries "$*" bash -c 'cd -- "$1" && shift && apt-get -q download "$@"' - "$work/debs" "$@" ||
        return 1
    for package in "$work/debs"/*.deb; do
        dpkg -x "$package" "$root" || return 1
    done
}

# venv DIRECTORY [OPTION]: by Debian's own Python before any other: the throwaway user
# cannot run one that lies in a home directory.
venv() {
    [ -x "$1/bin/python" ] ||
        /usr/bin/python3 -m venv "${@:2}" "$1" >"$work/log" 2>&1 ||
        {
            tail -n 1 "$work/log" >"$work/reason"
            return 1
        }
}

# get_pip DIRECTORY REQUIREMENT...: a virtual environment with these, without a pip of
# its own, which takes longer than all else. What has to be built is built by the
# setuptools that is there, if an earlier line asked for one.
get_pip() {
    local root=$1
    local -a isolation=()
    shift
    need_packages "Python's venv" python3-venv 2>"$work/reason" || return 1
    venv "$work/installed/pip" && venv "$root" --without-pip || return 1
    [ ! -e "$root/old" ] || isolation=(--no-build-isolation)
    case $1 in setuptools*) : >"$root/old" ;; esac
    in_three_tries "$*" "$work/installed/pip/bin/python" -m pip --python "$root/bin/python" \
        --no-input install --quiet --no-compile "${isolation[@]}" "$@"
}

# Debian's npm comes with hundreds of packages: not for a quick run.
node_there() {
    if [ "$quick" -eq 1 ] && ! command -v npm >/dev/null; then
        echo "Node.js is not installed" >"$work/reason"
        return 1
    fi
    need_commands "packages of Node.js" node=nodejs npm=npm 2>"$work/reason"
}

# get_npm DIRECTORY PACKAGE...: without the packages' own install scripts.
get_npm() {
    local root=$1
    shift
    node_there || return 1
    in_three_tries "$*" npm --prefix "$root" install --ignore-scripts --no-audit --no-fund \
        --no-save --cache "$work/npm" "$@"
}

# get_npm-alone DIRECTORY PACKAGE...: unpacked, without what they depend on.
get_npm-alone() {
    local root=$1 package
    shift
    node_there || return 1
    in_three_tries "$*" npm pack --pack-destination "$root" --cache "$work/npm" "$@" || return 1
    for package in "$root"/*.tgz; do
        tar -xzf "$package" -C "$root" --no-same-owner || return 1
    done
}
