# shellcheck shell=bash
# What the steps of scripts/test install and how much room they take. Sourced by it,
# after common.sh, i386.sh and rear.sh.

# What tests start, or build their programs with. Without them a few tests say that
# they are skipped, and are counted so.
readonly TEST_PACKAGES=(musl-tools libcap2-bin age acl bash-static)
readonly GO_PACKAGES=(golang-go rclone restic)

# packages_of STEP: those that it installs if they are missing, one a line.
packages_of() {
    case $1 in
        shell) command -v shellcheck >/dev/null || echo shellcheck ;;
        cargo)
            printf '%s\n' "${TEST_PACKAGES[@]}" "${GO_PACKAGES[@]}"
            [ "$(uname -m)" != x86_64 ] || i386_packages
            ;;
        cves) printf '%s\n' acl python3-venv ;;
        rear)
            printf '%s\n' "${REAR_PACKAGES[@]}"
            rear_kernel || kernel_package
            ;;
    esac
}

# room_of STEP...: what they compile, in MB, as measured with Rust 1.95 on x86-64: the
# release library, and with the debugging information of all test programs.
room_of() {
    case " $* " in
        *' cargo '* | *' without '*) echo 2500 ;;
        *) echo 100 ;;
    esac
}

# announce STEP...: before anything is installed or compiled, how much that will be.
announce() {
    local step plan count disk target=${CARGO_TARGET_DIR:-$ROOT/target}
    local -a wanted=() missing=()
    if command -v dpkg-query >/dev/null; then
        mapfile -t wanted < <({
            rust_packages
            for step in "$@"; do packages_of "$step"; done
        } | LC_ALL=C sort -u)
        for step in "${wanted[@]}"; do
            installed "$step" || missing+=("$step")
        done
    fi
    if [ ${#missing[@]} -eq 0 ]; then
        say "installs nothing"
    elif ! is_root; then
        say "installs nothing, for this is not root; goes on without: ${missing[*]}"
    else
        say "looking what is to be installed (apt-get update)"
        apt_get update || :
        plan=$(LC_ALL=C apt-get install --assume-no --no-install-recommends \
            -o Debug::NoLocking=1 "${missing[@]}" 2>/dev/null) || :
        count=$(sed -n 's/^.*[^0-9]\([0-9]*\) newly installed.*/\1/p' <<<"$plan")
        disk=$(sed -n 's/^After this operation, \(.*\) of additional disk space.*/\1/p' <<<"$plan")
        say "installs ${count:-?} Debian packages, ${disk:-an unknown amount} on disk:" \
            "${missing[*]}, and what these need"
    fi
    say "compiles about $(thousands "$(room_of "$@")") MB below $target;" \
        "$(df -Pm "$ROOT" | awk 'NR == 2 { print $4 }') MB are free"
    case " $* " in
        *' rear '*) say "the step rear takes about 2,000 MB below /var/tmp while it runs" ;;
    esac
}
