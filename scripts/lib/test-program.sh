#!/usr/bin/env bash
# Starts a test program for cargo, as its `runner`, and ends it if it hangs:
#
#   test-program.sh MINUTES PROGRAM [ARGUMENT...]
#
# One that was ended, or died of a signal, has no word of its own for it: it is said
# here.
set -uo pipefail

readonly minutes=$1
shift
program=${1##*/}
# In the process group of cargo, so that a signal to that one ends all.
timeout --foreground --kill-after=60 "${minutes}m" "$@"
status=$?
if [ "$SECONDS" -ge $((minutes * 60)) ] && [[ $status =~ ^(124|137)$ ]]; then
    printf 'ended: %s was still running after %d minutes\n' "${program%-*}" "$minutes"
elif [ "$status" -gt 128 ]; then
    printf 'ended: %s died of signal %d\n' "${program%-*}" $((status - 128))
fi
exit "$status"
