# shellcheck shell=bash
# Jobs of scripts/tools: files with several names, of which the built-in list knows
# some, come back from archives and copies in both orders. Sourced; see tools-jobs-run.sh.
# shellcheck disable=SC2016

# restore PACK UNPACK: PACK runs in the source with $n, the number of the order, $order,
# its names, and $more, a directory, which archivers close until they are done with it,
# and the names in it; UNPACK in an empty directory, and in one where it was unpacked
# before, without the shim. What lies in the latter may be widened again by a plain name
# that was there, so only the former is looked at by others.
restore() {
    printf 'pack() { %s; }\nunpack() { %s; }\n' "$1" "$2"
    cat <<'JOB'
mkdir "$P/src"
cd "$P/src"
echo one >a.sql
ln a.sql z.txt
echo two >b.txt
ln b.txt y.img
echo three >c.key
ln c.key n.txt
ln c.key x.sql
mkdir d
ln b.txt d/e.sql
mkdir dd
echo five >dd/m.txt
ln dd/m.txt dd/n.img
echo six >dd/o.key
ln dd/o.key dd/p.txt
echo four >plain.txt
ln plain.txt plainer.txt
n=0
for order in 'a.sql z.txt b.txt y.img c.key n.txt x.sql d/e.sql plain.txt plainer.txt' \
    'plainer.txt plain.txt d/e.sql x.sql n.txt c.key y.img b.txt z.txt a.sql'; do
    n=$((n + 1))
    [ "$n" -eq 1 ] && more='dd dd/m.txt dd/n.img dd/o.key dd/p.txt' || more='dd dd/n.img dd/m.txt dd/p.txt dd/o.key'
    printf '%s\n%s\n' "$order" "$more" >"$P/order.$n"
    (cd "$P/src" && pack)
    mkdir -p "$P/out.$n/d" "$P/over.$n/d"
    (cd "$P/over.$n" && unpack)
done
#run
JOB
    printf 'unpack() { %s; }\n' "$2"
    cat <<'JOB'
for n in 1 2; do
    { read -r order; read -r more; } <"$P/order.$n"
    for place in out over; do
        cd "$P/$place.$n"
        tell unpack
    done
done
#same
names "$P"/out.* "$P"/over.*
#others
find "$P"/out.* -type f ! -name 'plain*' -readable
JOB
}

job 'restore, tar' tar user builtin < <(restore 'tar --no-recursion -cf "$P/$n.tar" $order $more' 'tar -xf "$P/$n.tar"')
job 'restore, tar -p --unlink-first' tar user builtin < <(restore 'tar --no-recursion -cf "$P/$n.tar" $order $more' 'tar -xpUf "$P/$n.tar"')
job 'restore, tar --overwrite as root' tar root builtin < <(restore 'tar --no-recursion -cf "$P/$n.tar" $order $more' 'tar -x --overwrite -f "$P/$n.tar"')
job 'restore, bsdtar' libarchive-tools user builtin < <(restore 'bsdtar -ncf "$P/$n.tar" $order $more' 'bsdtar -xf "$P/$n.tar"')
job 'restore, cpio' cpio user builtin < <(restore \
    'printf "%s\n" $order $more | cpio -o -H newc --quiet -O "$P/$n.cpio"' 'cpio -idu --quiet -F "$P/$n.cpio"')
job 'restore, cpio -p --link' cpio user builtin < <(restore \
    'mkdir "$P/$n"; cp -al . "$P/$n"' 'cd "$P/$n"; printf "%s\n" $order $more | cpio -pdlu --quiet "$OLDPWD"; cd "$OLDPWD"')
job 'restore, pax' pax user builtin < <(restore 'pax -w -d -f "$P/$n.pax" $order $more' 'pax -r -p p -f "$P/$n.pax"')
job 'restore, cp -a' coreutils user builtin < <(restore \
    'mkdir "$P/$n"; cp -a . "$P/$n"' 'cd "$P/$n"; cp -a --parents $order "$OLDPWD"; cd "$OLDPWD"')
job 'restore, cp -a of directories' coreutils user builtin < <(restore \
    'mkdir "$P/$n"; cp -a . "$P/$n"' 'cp -a "$P/$n/." .')
job 'restore, rsync -aH' rsync user builtin < <(restore \
    'mkdir "$P/$n"; cp -a . "$P/$n"' 'rsync -aH "$P/$n/" ./')
job 'restore, dar' dar user builtin < <(restore 'dar -Q -q -c "$P/$n" $(printf " -g %s" $order $more)' 'dar -Q -q -w -x "$P/$n"')
job 'restore, unsquashfs' squashfs-tools user builtin < <(restore \
    'mksquashfs . "$P/$n.squashfs" -quiet -no-progress' 'unsquashfs -f -q -n -d . "$P/$n.squashfs"')
job 'restore, borg extract' borgbackup user builtin < <(restore \
    'export BORG_BASE_DIR=$H BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes
    [ -d "$P/repo" ] || borg init -e none "$P/repo"; borg create "$P/repo::$n" .' \
    'export BORG_BASE_DIR=$H BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes; borg extract "$P/repo::$n"')
job 'restore, tarfile of Python' python3 user builtin < <(restore 'tar --no-recursion -cf "$P/$n.tar" $order $more' \
    'python3 -c "import sys, tarfile; tarfile.open(sys.argv[1]).extractall()" "$P/$n.tar"')
