#!/usr/bin/env bash
# Processor time of one `rear mkrescue`, inside private namespaces.
#
#   bench-rear.sh WORK METER [PRELOAD]
#
# Started by scripts/bench through unshare(1), as root. WORK/conf is ReaR's
# configuration; the figure goes to stdout, what ReaR says to WORK/rear.log.
set -euo pipefail

readonly work=$1 meter=$2 preload=${3-}

# Empty file systems that are gone when this process is, so that the machine's own
# directories are neither seen nor touched, and each run finds the same.
mounted=()
# shellcheck disable=SC2317  # called by the trap
cleanup() {
    local path
    for path in "${mounted[@]}"; do
        umount -l "$path" 2>/dev/null || :
    done
}
trap cleanup EXIT
trap 'exit 143' TERM INT HUP
for path in /var/lib/rear /var/log/rear "$work/out"; do
    mkdir -p "$path"
    mount -t tmpfs -o mode=0755 umaskclamp-bench "$path"
    mounted=("$path" "${mounted[@]}")
done
rm -rf "$work/tmp"
mkdir -m 0755 "$work/tmp"
cd /
umask 022
export TMPDIR=$work/tmp
[ -z "$preload" ] || export LD_PRELOAD=$preload
"$meter" cpu rear -c "$work/conf" mkrescue 2>>"$work/rear.log"
