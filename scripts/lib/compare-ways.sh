# shellcheck shell=bash
# The ways that scripts/compare compares. Sourced by it: work, S, library.
# shellcheck disable=SC2016,SC2034,SC2154,SC2317

readonly WAYS=(nothing umask systemd acl parent bindfs watcher umaskclamp)

declare -A way_title=(
    [nothing]='nothing'
    [umask]='`umask 077`'
    [systemd]='`UMask=`'
    [acl]='default ACL'
    [parent]='closed parent'
    [bindfs]='bindfs'
    [watcher]='inotify, chmod'
    [umaskclamp]='umaskclamp'
)
readonly BINDFS_OPTIONS=(--create-with-perms=go-rwx --chmod-filter=go-rwx --xattr-none)
declare -A way_text=(
    [nothing]='as Debian has it, umask 022'
    [umask]='`umask 077` in the shell that starts the job'
    [systemd]='`systemd-run -p UMask=0077`'
    [acl]='`setfacl -d -m u::rwx,g::-,o::-` on the directory and all below it but `public`'
    [parent]='`chmod 0700` on the directory'
    [bindfs]="\`bindfs ${BINDFS_OPTIONS[*]}\` mounted on the directory"
    [watcher]='`inotifywait -m -r` on the directory, and `chmod go-rwx` for what it tells but for `*.crt` and `public`; held while a job is traced, since the tracer gives it time that it would not have'
    [umaskclamp]='`UMASKCLAMP_PATTERNS=DIRECTORY:!DIRECTORY/*/public:!*.crt`'
)

# way_needs WAY: what it takes; otherwise the reason on stderr, and 1.
way_needs() {
    case $1 in
        systemd)
            [ -d /run/systemd/system ] && return 0
            echo "systemd does not run here: process 1 is $(cat /proc/1/comm)" >&2
            return 1
            ;;
        bindfs)
            need_packages bindfs bindfs fuse3 || return 1
            [ -c /dev/fuse ] || {
                echo "no /dev/fuse" >&2
                return 1
            }
            ;;
        watcher) need_packages inotifywait inotify-tools ;;
    esac
}

# in_session COMMAND...: starts a helper in a session of its own, by which it is ended
# and its processor time is counted. Sets `helper`.
in_session() {
    setsid "$@" >"$work/helper.out" 2>"$work/helper.err" </dev/null &
    helper=$!
}

# way_begin WAY: what is done to the directories before the job. Sets `outer`, what goes
# before the tracer, and `inner`, what goes before the job.
way_begin() {
    outer=() inner=()
    case $1 in
        umask) inner=(bash -c 'umask 077; exec "$@"' -) ;;
        systemd) outer=(systemd-run --quiet --wait --collect --pipe -p UMask=0077 --) ;;
        acl) find "$S" -type d ! -name public -exec setfacl -d -m u::rwx,g::-,o::- {} + ;;
        parent) chmod 0700 "$S" ;;
        bindfs)
            in_session bindfs -f "${BINDFS_OPTIONS[@]}" "$S" "$S"
            wait_for 30 bindfs or_ended "$helper" mountpoint -q "$S" && mountpoint -q "$S"
            ;;
        watcher)
            in_session bash -c 'inotifywait -m -r -e create,moved_to,attrib,modify --format %w%f \
                --exclude "/public/|[.]crt$" "$1" | perl "$2"' - "$S" "$lib/compare-watcher.pl"
            wait_for 30 inotifywait or_ended "$helper" grep -q established "$work/helper.err"
            ;;
        umaskclamp)
            inner=(env "LD_PRELOAD=$library" "UMASKCLAMP_PATTERNS=$S:!$S/*/public:!*.crt")
            ;;
    esac
}

closed() {
    [ -z "$(find "$1" -perm /077 2>/dev/null)" ]
}

# way_hold WAY, way_settle WAY: the watcher acts when a call is through, and the tracer
# stops the job just then. Free to run, it would close nearly all before the tracer looks,
# as it never does when the job goes on; so it is held while one is traced. In the end it
# catches up: it takes one file after the other, so when the last one is closed, all are.
way_hold() {
    [ "$1" != watcher ] || kill -STOP -- "-$helper"
}
way_settle() {
    [ "$1" = watcher ] || return 0
    kill -CONT -- "-$helper"
    : >"$S/last"
    wait_for 600 "the watcher's chmod" closed "$S/last" || return 1
    rm "$S/last"
}

# helper_time: hundredths of a second of processor time that the helper and its
# children took so far.
helper_time() {
    [ -n "$helper" ] || {
        echo 0
        return
    }
    # A process may be gone before it is read.
    { cat /proc/[0-9]*/stat 2>/dev/null || :; } |
        awk -v session="$helper" '
            { sub(/^.*\) /, "") }
            $4 == session { sum += $12 + $13 + $14 + $15 }
            END { print sum + 0 }'
}

# way_end: the helper is gone and so is its mount.
way_end() {
    [ -n "$helper" ] || return 0
    if mountpoint -q "$S" 2>/dev/null; then umount "$S" || umount -l "$S"; fi
    kill -- "-$helper" 2>/dev/null || :
    kill -CONT -- "-$helper" 2>/dev/null || :
    wait "$helper" 2>/dev/null || :
    helper=''
}
