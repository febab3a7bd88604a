# shellcheck shell=bash
run_command_demo() { die "not yet"; }
