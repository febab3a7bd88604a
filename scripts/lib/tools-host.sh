# shellcheck shell=bash
# Programs that are started under the shim and used for real, without the tracer:
# threads, allocators and servers at full speed. Sourced by scripts/tools.
# shellcheck disable=SC2154

# host NAME PACKAGES [BEFORE [AFTER]]: sections as for `tool`. BEFORE and AFTER
# are preloads of its own that the program has, with the shim in between. Passes
# if the exit status is 0 and `#same` says the same both ways, and if with the
# shim nothing in S is open to others at the end, which without it something is.
host() {
    local name=$1 packages=$2 before=${3-} after=${4-}
    local text setup run same status open without_open='' fault='' missing round preload
    text=$(cat)
    [[ -z $only || $name == *"$only"* || $packages == *"$only"* ]] || return 0
    if [ "$list" -eq 1 ]; then
        printf '%s (%s)\n' "$name" "$packages"
        return 0
    fi
    number=$((number + 1))
    setup=${text%%'#run'*}
    run=${text#*'#run'}
    same=${run#*'#same'}
    run=${run%%'#same'*}
    if ! missing=$(tool_packages "$name" "$packages"); then
        skipped=$((skipped + 1))
        row "$name" – – – – "skipped: $missing"
        return 0
    fi
    say "case $number: $name"
    for round in without with; do
        rm -rf "${work:?}/$round"
        mkdir "$work/$round"
        lay_out user
        status=0
        as_user user bash -euc "$PRELUDE$setup" >"$work/$round/setup" 2>&1 || {
            fault="setup failed: $(tail -n 1 "$work/$round/setup")"
            break
        }
        preload=$before
        [ "$round" = without ] || preload+=${preload:+:}$work/lib/libumaskclamp.so
        [ -z "$after" ] || preload+=${preload:+:}$after
        as_user user timeout --verbose 60m env ${preload:+"LD_PRELOAD=$preload"} "UMASKCLAMP_PATTERNS=$S" \
            bash -euc "$PRELUDE$run" >"$work/$round/out" 2>"$work/$round/err" </dev/null || status=$?
        as_user user bash -euc "$PRELUDE$same" >"$work/$round/same" 2>&1 ||
            fault="check failed $round the shim: $(tail -n 1 "$work/$round/same")"
        open=$(find "$S" -mindepth 1 ! -type l -perm /077 -printf '%m\n' | sort -r | head -n 1)
        if [ "$status" -ne 0 ]; then
            fault="status $status $round the shim: $(tail -n 1 "$work/$round/err")"
            break
        fi
        [ "$round" = with ] || without_open=$open
    done
    if [ -z "$fault" ]; then
        wide_without=$((wide_without + (${#without_open} > 0)))
        if [ -n "$open" ]; then
            wide_with=$((wide_with + 1))
            fault="OPEN with the shim: $(find "$S" -mindepth 1 ! -type l -perm /077 -printf '%m %P\n' | head -n 1)"
        elif [ -z "$without_open" ]; then
            fault="nothing was open without the shim: proves nothing"
        elif ! diff "$work/without/same" "$work/with/same" >"$work/with/diff"; then
            fault="content differs: $(sed -n 2p "$work/with/diff")"
        elif [ ! -s "$work/with/same" ]; then
            fault="nothing to compare"
        elif grep -q '^umaskclamp:\|ld\.so: ' "$work/with/err"; then
            fault="the shim wrote to stderr: $(grep -m 1 '^umaskclamp:\|ld\.so: ' "$work/with/err")"
        fi
    fi
    judge "$name" "${without_open:+0}${without_open:--}" "not traced" "${open:+0}${open:--}" "not traced" "$fault"
}
