# shellcheck shell=bash
# How a job of scripts/tools is run and judged: work that has to end as it does
# without the shim, whatever lies in the sensitive place. At full speed, without the
# tracer, for there are jobs of 110,000 files. Sourced by scripts/tools.
# Sections of a job are read by the shell that runs them: hence single quotes.
# shellcheck disable=SC2016,SC2034,SC2153,SC2154

# A third party, who must not get in.
readonly STRANGER_UID=65533

# For `#same`. `names DIR...`: a line for each name: kind, number of links, content,
# path, and the first path of the same inode, so that a link that became a copy shows.
# `modes DIR...`: who may what. For `#run`: `tell COMMAND...` runs it, prints its exit
# status with its words, and goes on.
readonly JOB_PRELUDE=$PRELUDE'
cd "${P%/p}"
names() {
    find "$@" -type f -print0 | xargs -0 -r md5sum | perl -e '\''
        open my $list, "-|", "find", @ARGV, "-printf", "%D:%i\t%y\t%n\t%p\t%l\n" or die;
        my %sum = map { /^\\?(\S+)  (.*)/s ? ($2, $1) : () } map { chomp; $_ } <STDIN>;
        my (%first, %count);
        for (sort { $a->[3] cmp $b->[3] } map { chomp; [split /\t/, $_, -1] } <$list>) {
            my ($inode, $kind, $links, $path, $target) = @$_;
            my $first = $first{$inode} //= $path;
            print join(" ", $kind, $links, $sum{$path} // "-", $path,
                length $target ? "-> $target" : (), $first eq $path ? () : "is $first"), "\n";
        }
        print scalar keys %first, " inodes\n"'\'' "$@"
}
modes() { find "$@" -printf "%m %U %G %p\n" | sort -k 4; }
tell() { local status=0; "$@" || status=$?; printf "%s: %s\n" "$*" "$status"; }
'

# hold_mounts: a mount namespace for one round, where there can be one, and a file system
# in memory for it: a disk takes minutes for trees of this size. What a job mounts is seen
# by no one else, and gone when the round ends.
hold_mounts() {
    local gate=$work/gate
    local -a options=(--mount)
    inside=() holder=''
    if ! unshare --mount true 2>/dev/null; then
        options+=(--propagation unchanged)
        unshare "${options[@]}" true 2>/dev/null || return 0
    fi
    rm -f "$gate"
    mkfifo "$gate"
    unshare "${options[@]}" sh -c 'echo >"$1"; exec sleep infinity' sh "$gate" &
    holder=$!
    read -r <"$gate"
    inside=(nsenter "--mount=/proc/$holder/ns/mnt")
    "${inside[@]}" mount -t tmpfs -o mode=0755,size=90% tmpfs "$work/case" || :
}

# drop_mounts: and the namespace. In a chroot that is no mount point the propagation
# cannot be changed: hence each mount by itself, the last one first.
drop_mounts() {
    [ -n "${holder-}" ] || return 0
    "${inside[@]}" bash -c '
        while read -r _ at _; do [[ $at/ != "$1"/* ]] || echo "$at"; done </proc/self/mounts |
            tac | while read -r at; do umount -l "$at"; done' bash "$work/case" || :
    kill "$holder" 2>/dev/null || :
    wait "$holder" 2>/dev/null || :
    inside=() holder=''
}

# placed PATTERNS B P: with what stands for %B and %P.
placed() {
    local text=${1//%B/$2}
    printf '%s' "${text//%P/$3}"
}

# job_round WHO PATTERNS: one round with a list: `-` (without the shim), `builtin`, or
# patterns, in which %B and %P stand for those directories. Sets status and entered.
# Leaves setup, out, err, same, wrong, others in $work/ROUND.
job_round() {
    local who=$1 patterns=$2 round=without
    local -a preload=()
    case $patterns in
        -) ;;
        builtin) preload=("LD_PRELOAD=$L") round=with ;;
        *) preload=("LD_PRELOAD=$L" "UMASKCLAMP_PATTERNS=$(placed "$patterns" "$B" "$P")") round=with ;;
    esac
    rm -rf "${work:?}/$round"
    mkdir "$work/$round"
    lay_out "$who" hold_mounts
    status=0 entered=0
    as_user "$who" bash -euc "$JOB_PRELUDE"'mkdir -p "$B"'"$setup" >"$work/$round/setup" 2>&1 </dev/null ||
        status="setup $?"
    if [ "$status" = 0 ]; then
        as_user "$who" timeout 1200 env "${preload[@]}" bash -euc "$JOB_PRELUDE$run" \
            >"$work/$round/out" 2>"$work/$round/err" </dev/null || status=$?
        as_user root bash -euc "$JOB_PRELUDE$same" >"$work/$round/same" 2>&1 </dev/null ||
            status="$status, check failed"
        as_user root bash -euc "$JOB_PRELUDE$right" >"$work/$round/wrong" 2>&1 </dev/null ||
            status="$status, check failed"
        as_user "$STRANGER_UID" bash -uc "$others" >"$work/$round/others" 2>/dev/null </dev/null || :
        entered=$(wc -l <"$work/$round/others")
    fi
    drop_mounts
}

# job NAME PACKAGES WHO LIST...: one job, and a row for each list. Its sections are on
# stdin: setup, which the shim does not see; `#run`; if all names, links and contents
# of B are not what matters, `#same`, which prints what has to be the same as without
# the shim; `#right`, which prints a line for each thing that is wrong with the shim;
# `#others`, which prints what a third party gets at. It passes if it printed and ended
# as without the shim, nothing is wrong, and the third party, who got at something
# without the shim, gets at nothing.
job() {
    local name=$1 packages=$2 who=$3 text section setup run same right others
    local status entered without_entered missing='' fault patterns holder=''
    local -a inside=()
    text=$(cat)
    shift 3
    [[ -z $only || $name == *"$only"* || $packages == *"$only"* ]] || return 0
    if [ "$list" -eq 1 ]; then
        printf '%s (%s)\n' "$name" "$packages"
        return 0
    fi
    same='names "$B"' right='' run=''
    others='find "$B" -mindepth 1 \( -type f -readable -o -type d -executable \)'
    for section in others right same run; do
        if [[ $text == *"#$section"$'\n'* ]]; then
            printf -v "$section" %s "${text#*"#$section"$'\n'}"
            text=${text%%"#$section"$'\n'*}
        fi
    done
    setup=$'\n'$text
    number=$((number + 1))
    if ! is_root; then
        missing='needs root: it takes two users'
    else
        missing=$(tool_packages "$name" "$packages") && missing=''
    fi
    if [ -n "$missing" ]; then
        skipped=$((skipped + 1))
        row "$name" – – – "skipped: $missing"
        return 0
    fi
    say "job $number: $name"
    job_round "$who" -
    without_entered=$entered
    if [ "$status" = 'setup 77' ]; then
        skipped=$((skipped + 1))
        row "$name" – – – "skipped: $(tail -n 1 "$work/without/setup")"
        return 0
    elif [ "$status" != 0 ]; then
        judge_job "$name" – – – "status $status without the shim: $(last_words without)"
        return 0
    fi
    for patterns in "$@"; do
        job_round "$who" "$patterns"
        fault=''
        if [ "$status" != 0 ]; then
            fault="status $status with the shim: $(last_words with)"
        elif ! diff "$work/without/out" "$work/with/out" >"$work/with/diff"; then
            fault="it says: $(first_difference)"
        elif ! diff "$work/without/same" "$work/with/same" >"$work/with/diff"; then
            fault="it left: $(first_difference)"
        elif [ ! -s "$work/with/same" ]; then
            fault="nothing to compare"
        elif [ -s "$work/with/wrong" ]; then
            fault="$(head -n 1 "$work/with/wrong") ($(wc -l <"$work/with/wrong") such)"
        elif [ "$entered" -gt 0 ]; then
            fault="others get at $(head -n 1 "$work/with/others")"
        elif [ "$without_entered" -eq 0 ]; then
            fault="nobody got in without the shim: proves nothing"
        elif grep -q '^umaskclamp:\|ld\.so: ' "$work/with/err"; then
            fault="the shim wrote to stderr: $(grep -m 1 '^umaskclamp:\|ld\.so: ' "$work/with/err")"
        fi
        case $patterns in
            builtin) patterns='built-in' ;;
            *) patterns=\`$(placed "$patterns" B P)\` ;;
        esac
        judge_job "$name" "$patterns" "$(thousands "$without_entered")" "$(thousands "$entered")" "$fault"
    done
}

# last_words ROUND: what was said last before it failed.
last_words() {
    cat "$work/$1/setup" "$work/$1/out" "$work/$1/err" 2>/dev/null | tail -n 1
}

# What diff found: the numbers of lines, and the first line of either side.
first_difference() {
    printf '%s lines, %s with the shim;' "$(grep -c '^<' "$work/with/diff")" "$(grep -c '^>' "$work/with/diff")"
    sed -n '/^</{s/^</ without:/p;q}' "$work/with/diff" | tr -d '\n'
    sed -n '/^>/{s/^>/ with:/p;q}' "$work/with/diff" | tr -d '\n'
    [ ! -s "$work/with/err" ] || printf '; stderr: %s' "$(grep -m 1 '[[:alpha:]]' "$work/with/err")"
}

# judge_job NAME LIST CELL CELL FAULT
judge_job() {
    local fault=${5//"$work/case/"/}
    if [ -z "$fault" ]; then
        passed=$((passed + 1))
        row "$1" "$2" "$3" "$4" same
    else
        failed=$((failed + 1))
        row "$1" "$2" "$3" "$4" "FAILED: ${fault//|/\\|}"
        printf 'FAILED: %s: %s: %s\n' "$1" "$2" "$fault" >&2
    fi
}
