# shellcheck shell=bash
# Tools under a filter of system calls that was there before them, as of a service
# with a list of its own. Sourced by scripts/tools.

# service NAME PACKAGES HOW: the tools run under HOW of tests/kit/c/under.c.
service() {
    host "$1" "$2 gcc libc6-dev" <<CASE
cat >"\$P/under.c" <<'C'
$(cat "$ROOT/tests/kit/c/under.c")
C
gcc -static -o "\$P/under" "\$P/under.c"
mkdir "\$P/in" && echo one >"\$P/in/one" && echo two >"\$P/in/two"
#run
"\$P/under" $3 -- sh -ec '
    tar --numeric-owner -czf "\$S/a.tgz" -C "\$P" in
    tar --numeric-owner -xzf "\$S/a.tgz" -C "\$S"
    cp -R "\$P/in" "\$S/copy"
    mkdir "\$S/dir"
    mv "\$S/copy/one" "\$S/dir/moved"
    /usr/bin/python3 -c "
import os, sqlite3, subprocess
base = sqlite3.connect(os.environ[\"S\"] + \"/base\")
base.execute(\"create table a (b)\")
subprocess.run([\"cp\", os.environ[\"P\"] + \"/in/one\", os.environ[\"S\"] + \"/run\"], check=True)
"'
#same
cd "\$S" && find . | sort && cat in/* copy/* dir/* run
CASE
}

service 'tools under a list that kills' 'tar gzip coreutils python3' 'kill service'
service 'tools under a list that refuses' 'tar gzip coreutils python3' 'error service'
service 'tools where openat2 and prctl kill' 'tar gzip coreutils python3' 'kill openat2 prctl fchmodat2'
