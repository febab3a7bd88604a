#!/usr/bin/env bash
# One run of somebody's command in a throwaway overlay of the machine's file
# systems. Writes to WORK/ROUND: status, list (what it created or changed), and in
# a round with the shim: rules (which of these paths are sensitive, and by which).
#
#   command-run.sh WORK ROUND DIRECTORY UID GID COMMAND [ARGUMENT...]
#
# Started by scripts/demo in namespaces of its own. WORK/ROUND/environment has
# the preload (one NAME=value a line); none means a plain run.
set -euo pipefail

readonly work=$1 round=$2 directory=$3 uid=$4 gid=$5
shift 5
readonly facts=$work/$round

# What the kernel or the machine's services keep there is no place for overlays.
left_alone() {
    case $1/ in
        /proc/* | /sys/* | /dev/* | /run/* | /lost+found/*) return 0 ;;
    esac
    return 1
}

# Every directory that needs an overlay of its own: the ones below /, and what is
# mounted further down (an overlay does not show the mounts of its lower tree).
# Octal escapes in mountinfo are undone by printf.
places() {
    local path
    for path in /*; do
        [ -d "$path" ] && [ ! -L "$path" ] && printf '%s\n' "$path"
    done
    while read -r path; do
        printf -v path '%b' "$path"
        [ -d "$path" ] && printf '%s\n' "$path"
    done < <(cut -d ' ' -f 5 /proc/self/mountinfo)
}

# Matters only where the mounts could not be made private (a chroot that is no
# mount point): there they would outlive the namespace.
mounted=()
cleanup() {
    local path
    for path in "${mounted[@]}"; do
        umount -l "$path" 2>/dev/null || :
    done
}
trap cleanup EXIT
trap 'exit 143' TERM INT HUP

# The overlays' upper layers. On a tmpfs, for an upper layer must not lie below
# its own lower one; reached by descriptor, for /var/tmp is overlaid as well.
mount -t tmpfs -o mode=0755 umaskclamp-demo "$work/layers"
mounted=("$work/layers")
exec {layers}<"$work/layers" {results}<"$facts"
readonly top=/proc/$$/fd/$layers out=/proc/$$/fd/$results
mapfile -t environment <"$facts/environment"

declare -a paths=() lowers=()
while read -r path; do
    [ "$path" != / ] || continue
    ! left_alone "$path" || continue
    [ -r "$path" ] || continue
    exec {descriptor}<"$path" || continue
    paths+=("$path")
    lowers+=("$descriptor")
done < <(places | LC_ALL=C sort -u)
for index in "${!paths[@]}"; do
    mkdir -p "$top/$index/upper" "$top/$index/work"
    chmod --reference="${paths[index]}" "$top/$index/upper"
    chown --reference="${paths[index]}" "$top/$index/upper" 2>/dev/null || :
    if mount -t overlay -o \
        "lowerdir=/proc/$$/fd/${lowers[index]},upperdir=$top/$index/upper,workdir=$top/$index/work" \
        umaskclamp-demo "${paths[index]}" 2>/dev/null; then
        mounted=("${paths[index]}" "${mounted[@]}")
    else
        printf 'demo: no overlay over %s: what the command writes there stays\n' \
            "${paths[index]}" >&2
    fi
done

# as_caller COMMAND...: with the uid that the caller had. In a user namespace it
# is root so far, for mounting; a namespace within gives it its uid back.
as_caller() {
    if [ "$uid" = 0 ]; then
        "$@"
    else
        unshare --user --map-user="$uid" --map-group="$gid" -- "$@"
    fi
}

status=0
(
    cd "$directory"
    as_caller env -u LD_PRELOAD "${environment[@]}" "$@"
) || status=$?
printf '%d\n' "$status" >"$out/status"

# Path, whether it was there before, type, mode. A character device 0:0 is a
# removed file.
for index in "${!paths[@]}"; do
    (
        cd "$top/$index/upper"
        find . -mindepth 1 ! -type l -printf '%y\t%#m\t%P\0'
    ) | while IFS=$'\t' read -r -d '' type mode path; do
        full=${paths[index]}/$path
        [ "$type" != c ] || [ -e "$full" ] || continue
        before=/proc/$$/fd/${lowers[index]}/$path
        state=new
        if [ -e "$before" ]; then
            # A directory is in the upper layer as soon as something below it is.
            [ "$type" != d ] || continue
            state=changed
        fi
        case $full in
            "$work"/*) ;;
            *) printf '%s\t%s\t%s\t%s\0' "$full" "$state" "$type" "$mode" ;;
        esac
    done
done | LC_ALL=C sort -z >"$out/list"

# Which of these are sensitive? The shim itself says so: it is asked, in audit
# mode, about a chmod to 0777 of each. This is the throwaway overlay, in which
# $facts is no longer the directory that the caller sees.
if [ ${#environment[@]} -gt 0 ] && [ -s "$out/list" ]; then
    cut -z -f 1 "$out/list" |
        as_caller env "${environment[@]}" UMASKCLAMP_MODE=audit UMASKCLAMP_CHMOD=clamp \
            UMASKCLAMP_LOG=info UMASKCLAMP_LOG_FILE="$facts/records" xargs -0 -r chmod 0777 --
    [ ! -f "$facts/records" ] || cat "$facts/records" >"$out/records"
fi
