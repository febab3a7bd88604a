# shellcheck shell=bash
# The jobs of scripts/compare. Sourced; nothing is run here.
# The sections are read by the shells that run them: hence single quotes.
# shellcheck disable=SC2016,SC2034

# The jobs in the order of their run: names, and by name the kind, the title, the
# commands that lay out and those that do the work.
jobs=()
declare -A job_kind job_title job_setup job_run

# job NAME KIND TITLE: a job, its commands on stdin: setup, `#run`, the work. KIND says
# what the job is to show: a file that is created, one that `arrives` by a rename, one
# that is there already (`existing`), or a `plain` one that others are to read.
# The commands find J, a directory of the job's own that is sensitive; K, one that is
# not, with the same name below P; and P, with inputs. The umask is 022.
job() {
    local text
    text=$(cat)
    jobs+=("$1")
    job_kind[$1]=$2
    job_title[$1]=$3
    job_setup[$1]=${text%%'#run'*}
    job_run[$1]=${text#*'#run'}
}

# A few inputs, wide as the files of a machine are.
readonly INPUTS='
mkdir -p "$P/tree/deep/er"
seq 1 3000 >"$P/numbers"
seq 1 400 >"$P/tree/one"
printf "two\n" >"$P/tree/deep/two"
printf "#!/bin/sh\nexit 0\n" >"$P/tree/deep/er/run"
chmod 0755 "$P/tree/deep/er/run"
tar -cf "$P/tree.tar" -C "$P" tree
sqlite3 "$P/shop.db" "create table t(x); insert into t values (1), (2), (3);"
'

job archive creates 'tar -cz writes an archive' <<'JOB'
#run
tar -czf "$J/etc.tgz" -C "$P" tree
JOB

job copy creates 'cp -p copies a file of 0644' <<'JOB'
#run
cp -p "$P/numbers" "$J/"
JOB

job keys creates 'openssl rand writes a key, openssl req a key and its public certificate' <<'JOB'
#run
openssl rand -out "$J/disk.key" 32
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=a \
    -keyout "$J/server.key" -out "$J/server.crt" 2>/dev/null
JOB

job dump creates 'sqlite3 .dump writes a dump' <<'JOB'
#run
sqlite3 "$P/shop.db" ".output '$J/shop.sql'" .dump
JOB

job gzip creates 'gzip -k packs a dump of 0644' <<'JOB'
cp "$P/numbers" "$J/old.sql"
#run
gzip -k "$J/old.sql"
JOB

job log creates 'a script writes a log and closes it with chmod 0600 at its end' <<'JOB'
#run
exec 3>>"$J/job.log"
echo begin >&3
cat "$P/numbers" >&3
chmod 0600 "$J/job.log"
JOB

job restore creates 'tar -x restores a tree with its modes' <<'JOB'
#run
tar -xpf "$P/tree.tar" -C "$J"
JOB

job umask creates 'a script sets umask 022 itself' <<'JOB'
#run
umask 022
cat "$P/numbers" >"$J/report"
JOB

job acl creates 'tar writes into a directory whose default ACL lets others read' <<'JOB'
mkdir "$J/shared"
setfacl -d -m u::rwx,g::rx,o::rx "$J/shared"
#run
tar -cf "$J/shared/a.tar" -C "$P" tree
JOB

job rsync arrives 'rsync -a: a temporary name, chmod, rename' <<'JOB'
#run
rsync -a "$P/numbers" "$J/"
JOB

job mv arrives 'mv of a file of 0644 from elsewhere' <<'JOB'
cp "$P/numbers" "$K/ready.iso"
#run
mv "$K/ready.iso" "$J/"
JOB

job mvdir arrives 'mv of a directory of 0755 with such files' <<'JOB'
cp -r "$P/tree" "$K/dumps"
#run
mv "$K/dumps" "$J/"
JOB

job rewrite existing 'tar -c over an archive that is there as 0644' <<'JOB'
echo old >"$J/a.tar"
#run
tar -cf "$J/a.tar" -C "$P" tree
JOB

job overwrite existing 'cp over a file that is there as 0644' <<'JOB'
echo old >"$J/conf"
#run
cp "$P/numbers" "$J/conf"
JOB

job pxe plain 'cp puts a kernel for the boot server into `public`, beside the secrets' <<'JOB'
mkdir "$J/public"
#run
cp "$P/numbers" "$J/public/vmlinuz"
JOB

job elsewhere plain 'mkdir, cp -r, tar -x, a shell: in a directory that is not sensitive' <<'JOB'
#run
mkdir "$K/made"
cp -r "$P/tree" "$K/copied"
tar -xf "$P/tree.tar" -C "$K"
cp -p "$P/numbers" "$K/numbers"
echo new >"$K/written"
JOB

# As ReaR builds its rescue image: directories by mkdir, programs and what ldd lists by cp.
job image plain 'mkdir and cp build a rescue image, elsewhere' <<'JOB'
{ echo /bin/true; ldd /bin/true | grep -o '/[^ ]*'; } >"$P/wanted"
#run
while read -r file; do
    mkdir -p "$K/root${file%/*}"
    cp "$file" "$K/root$file"
done <"$P/wanted"
mkdir -p "$K/root/etc"
echo a >"$K/root/etc/hostname"
JOB

job static-new static 'a static program creates a file with 0666' <<'JOB'
#run
"$STATIC" "$J/a"
JOB

job static-chmod static 'the same, which is then given 0644 by fchmod' <<'JOB'
#run
"$STATIC" "$J/a" 0644
JOB

job static-elsewhere static-plain 'a static program creates a file in a directory that is not sensitive' <<'JOB'
#run
"$STATIC" "$K/a"
JOB
