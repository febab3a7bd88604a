#!/usr/bin/env bash
# One round of the real job, inside private namespaces: `rear mkrescue`, then
# `rear mkbackuponly`, with what ReaR would find on a machine that leaks, while
# another uid reads what it can. Writes what it saw to WORK/VARIANT.
#
#   rear-run.sh WORK VARIANT
#
# Started by scripts/demo through unshare(1), as root. The preload, if this
# round has one, is named in WORK/VARIANT/environment (one NAME=value a line).
set -euo pipefail

readonly work=$1 variant=$2
readonly facts=$work/$variant
# nobody: has no right but those that everybody has.
readonly other=65534
# What ReaR is told to call its output, see rear_configure.
readonly host=demo iso=rear-demo.iso

mounted=()
reader=''

# tmpfs PATH: an empty file system that is gone when this process is, so that
# the machine's own /var/lib/rear and /var/log/rear are neither seen nor touched.
private_tmpfs() {
    mkdir -p "$1"
    mount -t tmpfs -o mode=0755 umaskclamp-demo "$1"
    mounted=("$1" "${mounted[@]}")
}

# Matters only where the mounts could not be made private (a chroot that is no
# mount point): there they would outlive the namespace.
cleanup() {
    local path
    [ -z "$reader" ] || kill "$reader" 2>/dev/null || :
    for path in "${mounted[@]}"; do
        umount -l "$path" 2>/dev/null || :
    done
}
trap cleanup EXIT
trap 'exit 143' TERM INT HUP

as_other() {
    setpriv --reuid="$other" --regid="$other" --clear-groups -- "$@"
}

# fact NAME VALUE
fact() {
    printf '%s=%s\n' "$1" "$2" >>"$facts/facts"
}

reader_start() {
    local result=$1 line
    shift
    : >"$result"
    chown "$other" "$result"
    # A descriptor of its own for the pipe: the reader says when it is watching.
    exec {pipe}< <(exec setpriv --reuid="$other" --regid="$other" --clear-groups -- \
        perl "$work/lib/reader.pl" "$result" "$@")
    reader=$!
    # Its end ends this too.
    if ! read -r line <&"$pipe" || [ "$line" != ready ]; then
        echo "the reader did not start" >&2
        exit 1
    fi
}

reader_stop() {
    while kill -TERM "$reader" 2>/dev/null; do sleep 0.2; done
    reader=''
    exec {pipe}<&-
}

# bytes_in RESULT REGEX: what the reader got from files whose path matches.
bytes_in() {
    awk -F '\t' -v want="$2" '$3 ~ want { n += $1 } END { printf "%d\n", n }' "$1"
}

# What another uid reads from a file when it opens it now.
bytes_now() {
    { as_other cat "$1" 2>/dev/null || :; } | wc -c
}

larger() {
    if [ "$1" -ge "$2" ]; then echo "$1"; else echo "$2"; fi
}

# run_rear WORKFLOW: with the preload of this round, telling the stage it is in.
# umask 022 is what root has on Debian; a stricter one of the caller would hide
# the leaks.
run_rear() {
    local workflow=$1 status=0 job stage log last=''
    local -a environment=()
    local start=$SECONDS
    mapfile -t environment <"$facts/environment"
    (
        umask 022
        # Settings of whoever called are not what is measured.
        unset "${!UMASKCLAMP_@}"
        exec env -u LD_PRELOAD "TMPDIR=$work/tmp" "${environment[@]}" \
            rear -c "$work/conf" -v "$workflow"
    ) >"$facts/$workflow.out" 2>&1 </dev/null &
    job=$!
    while kill -0 "$job" 2>/dev/null; do
        stage=$(sed -n "s/^.*Running '\([^']*\)' stage.*/\1/p" \
            /var/log/rear/rear-*.log 2>/dev/null | tail -n 1 || :)
        if [ -n "$stage" ] && [ "$stage" != "$last" ]; then
            printf '    rear %s: stage %s, %d s\n' "$workflow" "$stage" $((SECONDS - start)) >&2
            last=$stage
        fi
        sleep 1
    done
    wait "$job" || status=$?
    fact "${workflow}_status" "$status"
    fact "${workflow}_seconds" $((SECONDS - start))
    for log in /var/log/rear/rear-*.log; do
        # rear-HOST.PID.log is where a workflow that may run beside others
        # writes before it copies the whole to rear-HOST.log.
        [[ $log =~ \.[0-9]+\.log$ ]] || cp "$log" "$facts/$workflow.log"
    done
    [ "$status" -eq 0 ] || {
        printf '    rear %s ended with status %d; its last lines:\n' "$workflow" "$status" >&2
        tail -n 12 "$facts/$workflow.out" >&2
    }
}

# The rescue image: its tree from the ISO, its entries with mode, owner and
# device numbers from the unpacked initrd, and whether a process without
# privileges can run in it.
take_image() {
    local image=$1 initrd status=0
    xorriso -osirrox on -indev "$image" -find / -exec lsdl -- >"$facts/iso.raw" 2>"$facts/iso.err"
    # type and mode, owner, group, path; sizes and dates differ from run to run
    sed -n "s/^\([^ ]*\) *[0-9]* *\([0-9]*\) *\([0-9]*\) .* '\(.*\)'\$/\1 \2:\3 \4/p" \
        "$facts/iso.raw" | LC_ALL=C sort >"$facts/iso.list"
    initrd=$(sed -n "s/^.* '\(.*initrd[^']*\)'\$/\1/p" "$facts/iso.raw" | head -n 1)
    [ -n "$initrd" ] || {
        echo "no initrd on the ISO" >&2
        return 1
    }
    xorriso -osirrox on -indev "$image" -extract "$initrd" "$facts/initrd" 2>>"$facts/iso.err"
    mkdir -m 0755 "$facts/root"
    (
        umask 0
        cd "$facts/root"
        gzip -dc ../initrd | cpio --extract --make-directories --preserve-modification-time --quiet
    )
    rm -f "$facts/initrd"
    (
        cd "$facts/root"
        find . -mindepth 1 -printf '%P\t%y %#m %U:%G %l\n' | LC_ALL=C sort >"$facts/entries"
        find . \( -type b -o -type c \) -exec stat -c '%n %t:%T' {} + |
            LC_ALL=C sort >"$facts/devices"
        find . -type f -links 1 -printf '%P\0' | LC_ALL=C sort -z |
            xargs -0 -r sha256sum -- >"$facts/sums"
    )
    chroot --userspec="$other:$other" "$facts/root" /bin/true 2>"$facts/chroot.err" || status=$?
    fact chroot_status "$status"
}

# ReaR's own directories and the destination: modes, for the figures and to tell
# an entry of the image that merely has its source's mode.
take_modes() {
    find /var/log/rear /var/lib/rear "$out" -mindepth 1 -printf '%p\t%y %#m %U:%G\n' |
        LC_ALL=C sort >"$facts/left"
    fact left_open "$(find /var/log/rear /var/lib/rear "$out" -type f -perm /077 | wc -l)"
}

cd /
readonly out=$work/out
private_tmpfs /var/lib/rear
private_tmpfs /var/log/rear
private_tmpfs "$out"
rm -rf "$work/tmp"
mkdir -m 0755 "$work/tmp"

# Leak 3: an image that an older release, or a copy, left readable.
mkdir -m 0755 "$out/$host"
printf 'an older image\n' >"$out/$host/$iso"
chmod 0644 "$out/$host/$iso"
# Leak 4: a default ACL, below which the kernel ignores the umask.
mkdir -m 0755 /var/lib/rear/output
setfacl -d -m u::rw,g::r,o::r /var/lib/rear/output

reader_start "$facts/read.mkrescue" /var/log/rear /var/lib/rear /var/lib/rear/output "$out" "$out/$host"
run_rear mkrescue
reader_stop
fact log_bytes "$(bytes_in "$facts/read.mkrescue" '^/var/log/rear/')"
for place in stale:"$out/$host/$iso" acl:"/var/lib/rear/output/$iso"; do
    path=${place#*:}
    fact "${place%%:*}_mode" "$(stat -c '%#a' "$path" 2>/dev/null || echo none)"
    fact "${place%%:*}_size" "$(stat -c '%s' "$path" 2>/dev/null || echo 0)"
    fact "${place%%:*}_bytes" "$(larger "$(bytes_in "$facts/read.mkrescue" "^$path\$")" "$(bytes_now "$path")")"
done

printf '    unpacking the rescue image\n' >&2
take_image "/var/lib/rear/output/$iso"

# Leak 2: this workflow has no output stage, and so no umask 0077.
reader_start "$facts/read.mkbackuponly" /var/log/rear /var/lib/rear "$out" "$out/$host"
run_rear mkbackuponly
reader_stop
for place in tar:"$out/$host/backup.tar.gz" backuplog:"$out/$host/backup.log"; do
    path=${place#*:}
    fact "${place%%:*}_mode" "$(stat -c '%#a' "$path" 2>/dev/null || echo none)"
    fact "${place%%:*}_bytes" "$(larger "$(bytes_in "$facts/read.mkbackuponly" "^$path\$")" "$(bytes_now "$path")")"
done
# The backup is whole, for root.
fact backup_status "$(tar -xzOf "$out/$host/backup.tar.gz" etc/shadow | cmp -s - /etc/shadow && echo 0 || echo 1)"
fact shadow_bytes "$({ as_other tar -xzOf "$out/$host/backup.tar.gz" etc/shadow 2>/dev/null || :; } | wc -c)"
take_modes
: >"$facts/done"
