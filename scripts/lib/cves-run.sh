# shellcheck shell=bash
# How a row of scripts/cves is run and judged. Sourced by it, after tools-run.sh, which
# has the tracer and the throwaway user; work, lib, only, quick, list, markdown, reader
# and the sums are its variables.
# shellcheck disable=SC2154

# The other user of the machine.
readonly READER_UID=65533

prepare_cves() {
    prepare_tools >/dev/null
    install -m 0755 "$lib/reader.pl" "$work/lib/reader.pl"
    mkdir -m 0755 "$work/installed"
    mkdir -m 0777 "$work/read"
    # The home directory is what is watched: a program puts there what it wants.
    H=$S
    printf '| advisory | tool | file | without: first instant, end | read by another | with: first instant, end | read by another | prevented |\n'
    printf '|---|---|---|---|---|---|---|---|\n'
}

# field NAME: the lines `NAME: value` of the row's head, joined by newlines.
field() {
    sed -n "s/^$1: //p" <<<"$head"
}

# cve ADVISORY TOOL: one row, its parts on stdin. First lines `name: value`:
#   about    one sentence: what the advisory is about
#   rules    the list that the library gets, or `built-in`
#   file     which file it is about: an extended regular expression, the whole path
#            below the home directory
#   deb, pip, npm, npm-alone
#            what to install, a line for each step; rows that name the same share it
#   takes    `long`: not for --quick
#   no       what no preload prevents, and why: the row shows that it is so
#   planted  a directory that the other user made there before
#   source   why there is nothing to install: the row is skipped
# then `#run` and what the throwaway user runs in its home directory, with I for what
# was installed. What it prints has to be the same without and with the library.
cve() {
    local advisory=$1 tool=$2 text head run rules file about no source planted by='' fault=''
    local I first loosest last wide kind got before_cell before_got status try
    text=$(cat)
    head=${text%%'#run'*} run=${text#*'#run'}
    [[ -z $only || $advisory == *"$only"* || $tool == *"$only"* ]] || return 0
    rules=$(field rules) file=$(field file) about=$(field about) no=$(field no)
    planted=$(field planted) source=$(field source)
    [ "$quick" -eq 0 ] || [ -z "$source$(field takes)" ] || return 0
    if [ "$list" -eq 1 ]; then
        printf '%s (%s)\n' "$advisory" "$tool"
        return 0
    fi
    case $rules in
        built-in) by=' Closed by the built-in list.' ;;
        ?*) by=" Closed by \`$rules\`." ;;
    esac
    [ -z "$no" ] || by=" Not prevented: $no"
    sentences+="- **$advisory**, $tool: $about$by"$'\n'
    if [ -n "$source" ]; then
        skip_row "$source"
        return 0
    fi
    say "$advisory: $tool"
    : >"$work/reason"
    install_row || {
        skip_row "$(tail -n 1 "$work/reason")"
        return 0
    }
    # A window that lasts an instant may be over before the other user was there.
    for try in 1 2 3; do
        cve_round without
        [[ $kind == file && $loosest == *[4-7] && $got == no && $try -lt 3 ]] || break
    done
    before_cell=$(modes) before_got=$got
    judge_alone without "$status"
    [ "$wide" = 1 ] || [ -n "$no" ] || fault=${fault:-"not open without the library: proves nothing"}
    if [ -z "$fault" ]; then
        cve_round with
        judge_alone with "$status"
    fi
    if [ -n "$fault" ]; then
        :
    elif ! cmp -s "$work/without/out" "$work/with/out"; then
        fault="prints something else: $(diff "$work/without/out" "$work/with/out" | sed -n 2p)"
    elif [ -z "$no" ] && [ "$wide" = 1 ]; then
        fault="OPEN with the library"
    elif [ -n "$no" ] && [ "$wide" = 0 ]; then
        fault="prevented after all"
    elif [ -z "$no" ] && [ "$got" = yes ]; then
        fault="READ with the library"
    elif ! diff <(plain without) <(plain with) >"$work/diff"; then
        fault="another file has another mode: $(sed -n 2p "$work/diff" | tr '\t' ' ')"
    fi
    judge_row
}

# install_row: sets I. What is there already is taken.
install_row() {
    local steps how what
    local -a what
    steps=$(grep -E '^(deb|pip|npm|npm-alone): ' <<<"$head" || :)
    I=$work/installed/$(cksum <<<"$steps" | cut -d ' ' -f 1)
    [ ! -e "$I/done" ] || return 0
    mkdir -p "$I"
    while IFS=' ' read -r how what; do
        read -r -a what <<<"$what"
        (umask 022 && "get_${how%:}" "$I" "${what[@]}") || return 1
    done <<<"$steps"
    : >"$I/done"
}

# cve_round WITHOUT-OR-WITH: sets status, the facts, and got: was it read?
cve_round() {
    local round=$1
    local -a preload=()
    if [ "$round" = with ]; then
        preload=("LD_PRELOAD=$work/lib/libumaskclamp.so")
        [ "$rules" = built-in ] || preload+=("UMASKCLAMP_PATTERNS=$rules")
    fi
    rm -rf -- "${work:?}/$round" "$work/case"
    mkdir "$work/$round" "$work/case"
    mkdir "$H" "$work/case/t"
    [ -z "$planted" ] || mkdir -m 0777 "$H/$planted"
    if is_root; then
        chown "$TOOL_UID:$TOOL_UID" "$H" "$work/case/t"
        [ -z "$planted" ] || chown "$READER_UID:$READER_UID" "$H/$planted"
    fi
    start_reader
    status=0
    as_watched user "$work/$round/report" env -C "$H" "I=$I" "${preload[@]}" bash -euc "$PRELUDE$run" \
        >"$work/$round/out" 2>"$work/$round/err" || status=$?
    let_read
    end_reader
    facts "$round"
    got=no
    ! is_root || [ ! -s "$work/read/files" ] || ! awk -F '\t' -v home="$H/" -v file="^($file)\$" '
        $1 > 0 && index($3, home) == 1 && substr($3, length(home) + 1) ~ file { found = 1 }
        END { exit !found }' "$work/read/files" || got=yes
    [[ $kind == file ]] && is_root || got=–
}

# As root there is somebody else to be; an ordinary user has no other.
start_reader() {
    rm -f -- "$work/read/files"
    : >"$work/read/says"
    is_root || return 0
    setpriv "--reuid=$READER_UID" "--regid=$READER_UID" --clear-groups \
        "$work/lib/reader.pl" "$work/read/files" "$H" >"$work/read/says" &
    reader=$!
    wait_for 60 "the other user" or_ended "$reader" grep -q ready "$work/read/says"
}

# let_read: until the other user has seen all that happened. A file that is made last
# is seen last, for events come in their order.
let_read() {
    [ -n "$reader" ] || return 0
    : >"$H/the-end"
    wait_for 60 "the other user" or_ended "$reader" holds_the_end
}

# shellcheck disable=SC2317  # called by wait_for
holds_the_end() {
    find "/proc/$reader/fd" -lname "$H/the-end" 2>/dev/null | grep -q .
}

end_reader() {
    [ -n "$reader" ] || return 0
    kill "$reader" 2>/dev/null || :
    wait "$reader" 2>/dev/null || :
    reader=''
}

# facts ROUND: of the inodes that match `file`, the one that was open the most, a file
# before a directory and one that stays before one that goes: sets kind, first, loosest
# and last. And wide: 1 if any of them was ever open to others. What lies in a directory
# that is new and never was open is closed by that.
facts() {
    IFS=$'\t' read -r kind first loosest last wide < <(awk -F '\t' -v file="^($file)\$" '
        function bits(text,    n, i, d, sum) {
            n = length(text)
            for (i = n - 1; i <= n; i++) {
                d = substr(text, i, 1)
                sum += int(d / 4) % 2 + int(d / 2) % 2 + d % 2
            }
            return sum
        }
        function closed(path) {
            while (sub("/[^/]*$", "", path)) if (path in shut) return 1
            return 0
        }
        FNR == NR {
            if ($1 == "inode" && $2 == "directory" && $3 == "-" && bits($5) == 0) shut[$9]
            next
        }
        BEGIN { kind = "nothing"; first = loosest = last = "-"; most = -1 }
        $1 == "inode" && $9 ~ file {
            weight = 100 * ($2 == "file") + 2 * bits($5) + ($6 != "-")
            if (bits($5) > 0 && !closed($9)) wide = 1
            if (weight > most) { most = weight; kind = $2; first = $4; loosest = $5; last = $6 }
        }
        END { print kind "\t" first "\t" loosest "\t" last "\t" (wide + 0) }
    ' "$work/$1/report" "$work/$1/report")
}

# modes: first instant → end, and what was in between if that was wider than both.
modes() {
    local between=''
    [ "$loosest" = "$first" ] || [ "$loosest" = "$last" ] || between=" → $loosest"
    printf '%s%s → %s' "$first" "$between" "${last/#-/gone}"
}

# plain ROUND: the modes of what the row is not about, without the names that are made
# up anew each time (they are there in one round only and are left out).
plain() {
    local round=$1 else
    [ "$round" = with ] && else=without || else=with
    awk -F '\t' -v file="^($file)\$" '
        $1 != "inode" { next }
        FNR == NR { there[$9]; next }
        $9 in there && $9 !~ file { print $2 "\t" $4 "\t" $5 "\t" $6 "\t" $9 }
    ' "$work/$else/report" "$work/$round/report"
}

# judge_alone ROUND STATUS: what has to be true of each round.
judge_alone() {
    if [ "$2" != 0 ]; then
        fault="status $2 $1 the library: $(cat "$work/$1/out" "$work/$1/err" | awk 'NF { last = $0 } END { print last }')"
    elif [ "$kind" = nothing ]; then
        fault="there was no such file $1 the library"
    elif grep -q '^umaskclamp:\|ld\.so: ' "$work/$1/err"; then
        fault="a word from the library: $(grep -m 1 '^umaskclamp:\|ld\.so: ' "$work/$1/err")"
    fi
}

judge_row() {
    local what
    what=$(field shown)
    if [ -n "$fault" ]; then
        failed=$((failed + 1))
        row "$advisory" "$tool" "${what:-–}" "$before_cell" "$before_got" – – "FAILED: $fault"
        printf 'FAILED: %s: %s\n' "$advisory" "$fault" >&2
        return 0
    fi
    passed=$((passed + 1))
    if [ -n "$no" ]; then
        row "$advisory" "$tool" "$what" "$before_cell" "$before_got" "$(modes)" "$got" no
    else
        closed=$((closed + 1))
        row "$advisory" "$tool" "$what" "$before_cell" "$before_got" "$(modes)" "$got" yes
    fi
}

# skip_row WHY
skip_row() {
    skipped=$((skipped + 1))
    row "$advisory" "$tool" – – – – – "${no:+no; }skipped: $1"
}
