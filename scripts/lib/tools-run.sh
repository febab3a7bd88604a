# shellcheck shell=bash
# How a case of scripts/tools is run and judged. Sourced by it, with work, other,
# only, list and the sums as its variables.
# Sections of a case are read by the shell that runs them: hence single quotes.
# shellcheck disable=SC2016,SC2034,SC2153,SC2154

# The throwaway user: nobody, for some tools (initdb, ssh-keygen) ask for a name.
readonly TOOL_UID=65534

# prepare_tools: the library and the tracer where every user can read them.
prepare_tools() {
    local target=${CARGO_TARGET_DIR:-$ROOT/target} shim=${UMASKCLAMP_SHIM-}
    if [ -z "$shim" ]; then
        prepare_shim || die "no library to run with"
        shim=$SHIM
    fi
    need_rust "the tracer" || die "no Rust to build the tracer with"
    say "building the tracer"
    (cd "$ROOT" && cargo build --release --quiet -p umaskclamp-testkit --bin watch)
    if is_root; then
        need_packages "the runs as another user, and ACLs" util-linux acl || die "nothing to run with"
    fi
    # Two file systems, for what moves from one to the other.
    work=$(mktemp -d /tmp/umaskclamp-tools.XXXXXXXX)
    chmod 0711 "$work"
    other=$(mktemp -d /dev/shm/umaskclamp-tools.XXXXXXXX)
    chmod 0711 "$other"
    mkdir -m 0755 "$work/lib"
    install -m 0644 "$shim" "$work/lib/libumaskclamp.so"
    install -m 0755 "$target/release/watch" "$work/lib/watch"
    # What every case may count on: S the sensitive directory, P plain inputs,
    # X a directory on another file system, H home.
    # For jobs: B, a sensitive directory that the built-in list knows as well, and L,
    # the library.
    S=$work/case/s P=$work/case/p X=$other/x H=$work/case/h
    B=$work/case/rear.0/outputfs L=$work/lib/libumaskclamp.so
    printf '| tool | without: loosest | written while | with: loosest | written while | result |\n'
    printf '|---|---|---|---|---|---|\n'
}

# as_user ROOT-OR-USER-OR-UID COMMAND...: in a clean environment with umask 022, as the
# throwaway user, or as root if the case asks for it; in a job's own mounts.
as_user() {
    local who=$1
    local -a become=()
    shift
    if is_root && [ "$who" != root ]; then
        [[ $who == [0-9]* ]] || who=$TOOL_UID
        become=(setpriv "--reuid=$who" "--regid=$who" --clear-groups)
    fi
    (
        umask 022
        cd "$work/case" || exit
        "${inside[@]}" "${become[@]}" env -i PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin HOME="$H" \
            LC_ALL=C.UTF-8 TZ=UTC TERM=xterm USER=somebody LOGNAME=somebody SHELL=/bin/sh \
            TMPDIR="$work/case/t" SOURCE_DATE_EPOCH=1700000000 \
            S="$S" P="$P" X="$X" H="$H" B="$B" L="$L" D="$work/servers" "$@"
    )
}

# lay_out WHO [COMMAND]: fresh directories with the same names in every run, and inputs
# whose modes are wide on purpose. COMMAND may mount something on `case`.
lay_out() {
    rm -rf --one-file-system -- "$work/case" "$X"
    mkdir "$work/case"
    ${2-}
    "${inside[@]}" mkdir "$S" "$P" "$H" "$work/case/t" "$X"
    if is_root && [ "$1" != root ]; then
        "${inside[@]}" chown -R "$TOOL_UID:$TOOL_UID" "$work/case" "$X"
    fi
    as_user "$1" bash -euc '
        mkdir -p "$P/tree/deep/er" "$P/tree/open"
        seq 1 3000 >"$P/numbers"
        seq 1 400 >"$P/tree/one"
        printf "two\n" >"$P/tree/deep/two"
        printf "#!/bin/sh\nexit 0\n" >"$P/tree/deep/er/run"
        chmod 0666 "$P/tree/one"
        chmod 0755 "$P/tree/deep/er/run"
        chmod 0777 "$P/tree/open"
        ln "$P/tree/one" "$P/tree/again"
        ln -s one "$P/tree/link"
        find "$P" -exec touch -h -d @1600000000 {} +'
}

# What the sections of a case may use. wide FILE...: files of S that are there already,
# wide. await COMMAND...: until it is true; a second is not enough on a busy machine.
# linked FIRST SECOND: of the files of the second directory, how many are those of the
# first.
readonly PRELUDE='
wide() { local f; for f in "$@"; do printf "old\n" >"$f"; chmod 0644 "$f"; done; }
await() {
    local i
    for ((i = 0; i < 18000; i++)); do "$@" && return; sleep 0.1; done
    echo "waited in vain for: $*" >&2
    return 1
}
linked() {
    local file all=0 linked=0
    while read -r file; do
        all=$((all + 1))
        [ ! "$1/$file" -ef "$2/$file" ] || linked=$((linked + 1))
    done < <(cd "$2" && find . -type f)
    echo "$linked of $all files linked"
}
digest() { (cd "$1" && find . -printf "%y %p %l\n" | sort && find . -type f -print0 | sort -z | xargs -0 -r sha256sum); }
'

# run_round NAME WHO WITH-OR-WITHOUT: the sections setup, run and same of the
# case; sets status. Leaves report, out, err, same in $work/ROUND.
run_round() {
    local who=$1 round=$2
    local -a preload=()
    if [ "$round" = with ]; then
        preload=("LD_PRELOAD=$work/lib/libumaskclamp.so" "UMASKCLAMP_PATTERNS=$S")
    fi
    rm -rf "${work:?}/$round"
    mkdir "$work/$round"
    lay_out "$who"
    status=0
    as_user "$who" bash -euc "$PRELUDE$setup" >"$work/$round/setup" 2>&1 || {
        status=setup
        return 0
    }
    # `env` comes after setpriv and clears all, so what the shim needs is put
    # before the program itself.
    as_watched "$who" "$work/$round/report" env "${preload[@]}" bash -euc "$PRELUDE$run" \
        >"$work/$round/out" 2>"$work/$round/err" || status=$?
    as_user "$who" bash -euc "$PRELUDE$same" >"$work/$round/same" 2>&1 || status="$status, check failed"
    [ -z "$second" ] ||
        as_user "$who" bash -euc "$PRELUDE$second" >"$work/$round/second" 2>&1 || status="$status, check failed"
}

# as_watched WHO REPORT COMMAND...: under the tracer, which stays root so that it
# can look into what the user closed.
as_watched() {
    local who=$1 report=$2
    local -a become=()
    shift 2
    if is_root && [ "$who" != root ]; then
        become=(setpriv "--reuid=$TOOL_UID" "--regid=$TOOL_UID" --clear-groups)
    fi
    as_user root "$work/lib/watch" "$S" "$report" "${become[@]}" "$@"
}

# loosest ROUND: sets worst (mode of the new inode that was open the most, or a
# dash), written (the mode at the loosest write to any file) and culprit. What got its
# name below a new directory that was never open to others is closed by that.
loosest() {
    local fields
    fields=$(awk -F '\t' -v inherited="$inherited" '
        function bits(text,    n, i, d, sum) {
            n = length(text); sum = 0
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
            if ($1 == "inode" && $2 == "directory" && $3 == "-") {
                if (bits($5) == 0) shut[$9]; else open[$9]
            }
            next
        }
        FNR == 1 { for (path in open) delete shut[path] }
        BEGIN { worst = written = culprit = "-"; most = wmost = -1 }
        $1 == "inode" && $3 == "-" && !closed($9) {
            if (bits($5) > most) { most = bits($5); worst = $5; if (most > 0) culprit = $2 " " $9 " " $5 " by " $8 }
        }
        $1 == "inode" && bits($7) > 0 && !inherited {
            if (most < 99) { most = 99; worst = "default ACL " $7; culprit = $9 }
        }
        $1 == "inode" && $3 != "-" && bits($5) > bits($3) {
            if (bits($5) > most) { most = bits($5); worst = $5; culprit = $2 " " $9 " widened to " $5 " by " $8 }
        }
        $1 == "write" && bits($2) > wmost { wmost = bits($2); written = $2; if (wmost > 0 && most <= 0) culprit = "write to " $4 " at " $2 }
        END { print worst "\t" written "\t" culprit "\t" (most > 0 || wmost > 0) }
    ' "$work/$1/report" "$work/$1/report")
    IFS=$'\t' read -r worst written culprit is_wide <<<"$fields"
}

# row NAME CELL...: one line of the table.
row() {
    printf '| %s |' "$1"
    shift
    printf ' %s |' "$@"
    printf '\n'
}

# tool NAME PACKAGES wide|careful [root|inherited]: one case, its sections on
# stdin: setup, `#run`, and if a plain comparison of all names and bytes will not
# do, `#same`, which prints what has to be the same. A tool that compares modes is run
# twice, and `#second` prints what the second run did, in a few words for the table;
# there it need not be the same. `inherited`: the directory
# itself has a default ACL; the kernel hands it to new directories, and it gives
# nobody anything as long as every mode below is the owner's alone.
tool() {
    local name=$1 packages=$2 expected=$3 who=${4-user} inherited=0
    local text setup run same second='' said='' status worst written culprit is_wide
    local without_status without_worst without_written without_wide fault='' missing
    text=$(cat)
    [[ -z $only || $name == *"$only"* || $packages == *"$only"* ]] || return 0
    if [ "$list" -eq 1 ]; then
        printf '%s (%s)\n' "$name" "$packages"
        return 0
    fi
    if [ "$who" = inherited ]; then
        who=user inherited=1
    fi
    number=$((number + 1))
    setup=${text%%'#run'*}
    run=${text#*'#run'}
    same='digest "$S"'
    case $run in
        *'#second'*)
            second=${run#*'#second'}
            run=${run%%'#second'*}
            ;;
    esac
    case $run in
        *'#same'*)
            same=${run#*'#same'}
            run=${run%%'#same'*}
            ;;
    esac
    if ! missing=$(tool_packages "$name" "$packages"); then
        skipped=$((skipped + 1))
        row "$name" – – – – "skipped: $missing"
        return 0
    fi
    if [ "$who" = root ] && ! is_root; then
        skipped=$((skipped + 1))
        row "$name" – – – – "skipped: needs root"
        return 0
    fi
    say "case $number: $name"
    run_round "$who" without
    without_status=$status
    if [ "$status" = setup ]; then
        judge "$name" - - - - "setup failed: $(tail -n 1 "$work/without/setup")"
        return 0
    fi
    loosest without
    without_worst=$worst without_written=$written without_wide=$is_wide
    run_round "$who" with
    if [ "$status" = setup ]; then
        judge "$name" - - - - "setup failed: $(tail -n 1 "$work/with/setup")"
        return 0
    fi
    loosest with
    wide_without=$((wide_without + without_wide))
    wide_with=$((wide_with + is_wide))
    if [ "$without_status" != 0 ]; then
        fault="status $without_status without the shim: $(tail -n 1 "$work/without/err")"
    elif [ "$status" != 0 ]; then
        fault="status $status with the shim: $(tail -n 1 "$work/with/err")"
    elif [ "$is_wide" -eq 1 ]; then
        fault="OPEN with the shim: $culprit"
    elif ! diff "$work/without/same" "$work/with/same" >"$work/with/diff"; then
        fault="content differs: $(sed -n 2p "$work/with/diff")"
    elif [ ! -s "$work/with/same" ]; then
        fault="nothing to compare"
    elif grep -q '^umaskclamp:\|ld\.so: ' "$work/with/err"; then
        fault="the shim wrote to stderr: $(grep -m 1 '^umaskclamp:\|ld\.so: ' "$work/with/err")"
    elif [ "$without_wide" -eq 0 ] && [ "$expected" = wide ]; then
        fault="nothing was open without the shim: proves nothing"
    elif [ "$without_wide" -eq 1 ] && [ "$expected" = careful ]; then
        fault="called careful, but open without the shim"
    fi
    if [ -n "$second" ]; then
        said="; second run: $(<"$work/without/second")"
        cmp -s "$work/without/second" "$work/with/second" ||
            said+=", with the shim $(<"$work/with/second")"
    fi
    judge "$name" "$without_worst" "$without_written" "$worst" "$written" "$fault" "$said"
}

# judge NAME CELL CELL CELL CELL FAULT [MORE]
judge() {
    if [ -z "$6" ]; then
        passed=$((passed + 1))
        row "$1" "$2" "$3" "$4" "$5" "same${7-}"
    else
        failed=$((failed + 1))
        row "$1" "$2" "$3" "$4" "$5" "FAILED: $6"
        printf 'FAILED: %s: %s\n' "$1" "$6" >&2
    fi
}

# tool_packages NAME PACKAGES: are they there, or can they be had? Prints why not.
# Servers that a package brings are not to be started by its installation:
# invoke-rc.d asks runlevel(8), which believes these variables.
tool_packages() {
    local -a packages
    read -r -a packages <<<"$2"
    RUNLEVEL=1 PREVLEVEL=1 need_packages "$1" "${packages[@]}" 2>"$work/packages" ||
        {
            tail -n 1 "$work/packages"
            return 1
        }
}
