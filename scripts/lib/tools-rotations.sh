# shellcheck shell=bash
# Jobs of scripts/tools: snapshots that rotate, move and share their files by hard
# links. Sourced; see tools-jobs-run.sh for B, P and L.
# shellcheck disable=SC2154

[ "$list" -eq 1 ] || {
    printf '\n| job | list | others get at: without | with | result |\n'
    printf '|---|---|---|---|---|\n'
}

# rotation FILES MODE: an rsnapshot tree with two snapshots that were made before the
# shim came; rotated, promoted and filled again. Directories are wide in either case.
rotation() {
    printf 'files=%s mode=%s\n' "$1" "$2"
    cat <<'JOB'
mkdir "$P/src"
perl -e 'my ($to, $files, $mode) = @ARGV;
    for (1 .. $files) {
        my $dir = "$to/d" . ($_ % 50);
        mkdir $dir;
        my $name = "$dir/f$_" . ($_ % 100 == 7 ? ".pub" : $_ % 100 == 8 ? ".key" : "");
        open my $file, ">", $name or die; print $file $_; close $file;
        chmod oct $mode, $name;
    }' "$P/src" "$files" "$mode"
{
    printf 'config_version\t1.2\nsnapshot_root\t%s/\ncmd_rsync\t/usr/bin/rsync\ncmd_rm\t/bin/rm\n' "$B"
    printf 'cmd_cp\t/bin/cp\nlogfile\t%s/log\nlockfile\t%s/lock\n' "$P" "$P"
    printf 'retain\tdaily\t3\nretain\tweekly\t2\nverbose\t2\nuse_lazy_deletes\t1\nrsync_long_args\t--delete --numeric-ids\nbackup\t%s/src/\tlocalhost/\n' "$P"
} >"$P/conf"
rsnapshot -c "$P/conf" daily
rsnapshot -c "$P/conf" daily
#run
turn() {
    echo "turn $1" >"$P/src/d1/f1"
    # rsync looks at size and time: two turns may be made within one second.
    touch -d "2020-01-0$1" "$P/src/d1/f1"
    echo "turn $1" >"$P/src/new.$1"
    rm -f "$P/src/d3/f$((3 + $1 * 50))"
    tell rsnapshot -c "$P/conf" "$2"
}
turn 1 daily
turn 2 daily
turn 3 weekly
turn 4 daily
#others
find "$B" -mindepth 1 -path "$B/daily.0" -prune -o \( -type f -readable -o -type d -executable \) -print
find "$B/daily.0" -name "new.*" -readable
JOB
}

job 'rsnapshot, 18,000 wide files' 'rsnapshot rsync perl' user %B builtin < <(rotation 18000 0644)
job 'rsnapshot, 110,000 narrow files' 'rsnapshot rsync perl' user %B builtin < <(rotation 110000 0600)

# What mv and Perl do with the snapshots of such a tree. A copy instead of a rename
# would double the inodes.
job 'mv and rename of hard-linked snapshots' 'coreutils perl' user %B builtin <<'JOB'
mkdir -p "$B/daily.0/d"
perl -e 'for (1 .. 18000) { open my $file, ">", "$ARGV[0]/f$_" or die }' "$B/daily.0/d"
cp -al "$B/daily.0" "$B/daily.1"
cp -al "$B/daily.0" "$B/daily.2"
#run
rename() { perl -e 'rename $ARGV[0], $ARGV[1] or die "$!\n"' "$@"; }
tell mv "$B/daily.2" "$B/weekly.0"
tell rename "$B/daily.1" "$B/daily.2"
tell cp -al "$B/daily.0" "$B/daily.1"
tell rename "$B/daily.0" "$B/.sync"
tell mv "$B/weekly.0" "$P/aside"
tell mv "$P/aside" "$B/weekly.0"
mkdir "$B/keep"
tell mv -t "$B/keep" "$B/weekly.0"
tell rename "$B/keep" "$B/daily.2/d"
tell rename "$B/daily.2" "$B/keep/in/it"
JOB

# A directory's own mode is what closes it: as many system calls as for an empty one.
job 'rename of a directory of 100,000 files' 'perl strace' user %B builtin <<'JOB'
mkdir "$P/many" "$P/none"
perl -e 'for (1 .. 100000) { open my $file, ">", "$ARGV[0]/f$_" or die }' "$P/many"
#run
calls() { strace -qq -o "$P/calls.$1" perl -e 'rename $ARGV[0], $ARGV[1] or die "$!\n"' "$2" "$3"; }
for what in none many; do
    tell calls "into.$what" "$P/$what" "$B/$what.1"
    tell calls "within.$what" "$B/$what.1" "$B/$what.2"
    tell calls "out of.$what" "$B/$what.2" "$P/$what.3"
    tell calls "back.$what" "$P/$what.3" "$B/$what"
done
#right
for way in into within 'out of' back; do
    none=$(wc -l <"$P/calls.$way.none") many=$(wc -l <"$P/calls.$way.many")
    more=5
    # Out of a closed place the names are looked at, not the files.
    [ "$way" != 'out of' ] || more=3000
    [ "$many" -le $((none + more)) ] ||
        echo "$way: $many system calls, $none for a directory without files"
done
JOB

# As a container that dumps PostgreSQL every day does it: each dump is linked over this
# week's and this month's.
job 'ln -f of a dump over last week'"'"'s' coreutils user builtin '*.sql.gz' '%P/b' <<'JOB'
mkdir -p "$P/b/last" "$P/b/daily" "$P/b/weekly" "$P/b/monthly"
for place in daily/db-20260101 weekly/db-202601 monthly/db-202601; do
    echo old >"$P/b/$place.sql.gz"
done
#run
cd "$P/b"
for day in 01 02 03; do
    echo "dump $day" >"last/db-$day.sql.gz"
    tell ln -vf "last/db-$day.sql.gz" daily/db-20260101.sql.gz
    tell ln -vf "last/db-$day.sql.gz" weekly/db-202601.sql.gz
    tell cp -lfv "last/db-$day.sql.gz" monthly/db-202601.sql.gz
    tell ln -svf "db-$day.sql.gz" last/db-latest.sql.gz
    tell ln -b "last/db-$day.sql.gz" weekly/db-202601.sql.gz
    tell cp --backup=numbered -l "last/db-$day.sql.gz" weekly/db-202601.sql.gz
    tell mv -b "monthly/db-202601.sql.gz" monthly/db-2026.sql.gz
done
find last -name '*01.sql.gz' -delete
#same
names "$P/b"
#others
find "$P/b" -type f -readable
JOB

# From a protected name to a plain one, and over it: an editor's, a mail program's and a
# lock's way. The file has to be there by each name.
job 'links from protected to plain names and back' 'coreutils util-linux' user builtin '*.sql:*.img' <<'JOB'
mkdir "$P/d"
cd "$P/d"
for name in a.sql b.sql c.txt d.txt e.img e.txt; do echo "$name" >"$name"; done
echo same >f.sql
cp f.sql f.txt
cp f.sql g.txt
touch -d @1600000000 -- *
chmod 0600 -- *.sql *.img
#run
cd "$P/d"
tell ln a.sql a.lock
tell ln -f a.sql d.txt
tell ln c.txt c.sql
tell ln -f c.sql c.txt
tell cp -l b.sql b.txt
tell cp -lf e.img e.txt
tell mv a.lock a.sql
tell mv b.txt b.bak
tell hardlink -q -p -t .
#same
names "$P/d"
#right
find "$P/d" \( -name '*.sql' -o -name '*.img' \) -perm /077 -printf '%f has mode %m\n'
#others
find "$P/d" \( -name '*.sql' -o -name '*.img' \) -readable
JOB

job 'logrotate, olddir and copytruncate' logrotate user %B <<'JOB'
mkdir "$B/logs"
for log in a b c; do
    echo "$log" >"$B/logs/$log.log"
    chmod 0644 "$B/logs/$log.log"
done
cat >"$P/conf" <<CONF
$B/logs/a.log {
    rotate 2
    olddir $B/old
    createolddir 0755
    create 0644
}
$B/logs/b.log {
    rotate 2
    copytruncate
    compress
    delaycompress
}
$B/logs/c.log {
    rotate 2
    copy
    addextension .log
}
CONF
chmod 0644 "$P/conf"
#run
for turn in 1 2 3 4; do
    for log in a b c; do echo "$turn" >>"$B/logs/$log.log"; done
    tell logrotate -f -s "$P/state" "$P/conf"
done
#same
find "$B" -printf '%y %n %P\n' | sort
for log in "$B"/*/*.log*; do
    case $log in *.gz) zcat "$log" ;; *) cat "$log" ;; esac
done
#others
find "$B" -type f -readable
JOB

# git compares the link with the source: neither may have changed.
job 'git clone --local, gc, worktree' git user %B builtin <<'JOB'
git -c init.defaultBranch=main init -q "$P/r"
cd "$P/r"
git config user.name a
git config user.email a@example.org
for n in 1 2 3; do
    cp "$P/numbers" "file.$n"
    echo "$n" >>"file.$n"
    git add .
    GIT_AUTHOR_DATE="@160000000$n +0000" GIT_COMMITTER_DATE="@160000000$n +0000" git commit -qm "$n"
done
git tag one
#run
tell git clone -q --local "$P/r" "$B/clone"
tell git clone -q --local --mirror "$P/r" "$B/mirror"
tell git -C "$B/clone" gc -q
tell git -C "$B/mirror" repack -qadl
tell git clone -q --shared "$B/mirror" "$B/shared"
tell git -C "$B/clone" worktree add -q "$B/tree" one
tell git clone -q --local "$B/clone" "$P/back"
#same
git() { command git -c safe.directory='*' "$@"; }
for r in "$P/r" "$B/clone" "$B/mirror" "$B/shared" "$B/tree" "$P/back"; do
    git -C "$r" rev-parse HEAD
    git -C "$r" fsck --full
    find "$r" -type f -links +1 | wc -l
done
modes "$P/r"
JOB

job 'storeBackup, three series with links' storebackup user %B builtin <<'JOB'
mkdir "$B/series"
#run
for turn in 1 2 3; do
    echo "$turn" >"$P/tree/new.$turn"
    tell storeBackup -s "$P/tree" -b "$B" -S series -T "$TMPDIR" -L "$P/lock" >"$P/log.$turn" 2>&1
    tail -n 1 "$P/log.$turn"
    sleep 1
done
#same
find "$B" -type f ! -name '.*' -printf '%n %s %f\n' | sort
#right
grep -h 'ERROR\|WARNING' "$P"/log.* || :
#others
find "$B/series" -mindepth 1 \( -type f -readable -o -type d -executable \)
JOB

# It compares what it linked with the source, mode and all (docs/tools.md): hence a
# source without rights for others.
job 'rdiff-backup of hard links, twice and restored' rdiff-backup user %B <<'JOB'
mkdir "$P/src"
cp -a "$P/tree" "$P/src/"
chmod -R go= "$P/src"
rdiff-backup "$P/src" "$B/old"
#run
tell rdiff-backup "$P/src" "$B/mirror"
sleep 1
umask 077
echo new >"$P/src/tree/new"
ln "$P/src/tree/new" "$P/src/tree/newer"
tell rdiff-backup "$P/src" "$B/mirror"
tell rdiff-backup -r now "$B/mirror" "$B/back"
tell mv "$B/old" "$B/older"
chmod 0755 "$B/back"
#same
names "$B/back" "$B/mirror/tree" "$B/older/tree"
#others
find "$B" -mindepth 1 \( -type f -readable -o -type d -executable \)
JOB
