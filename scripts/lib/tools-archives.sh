# shellcheck shell=bash
# Cases of scripts/tools: archivers. Sourced; see tools-run.sh for S, P and X.

tool 'tar, create' tar wide <<'CASE'
#run
tar -cf "$S/a.tar" -C "$P" tree
#same
tar -tvf "$S/a.tar"
CASE

tool 'tar, create over a wide file' tar wide <<'CASE'
wide "$S/a.tar"
#run
tar -cf "$S/a.tar" -C "$P" tree
#same
tar -tvf "$S/a.tar"
CASE

tool 'tar, append' tar wide <<'CASE'
tar -cf "$S/a.tar" -C "$P" tree
chmod 0664 "$S/a.tar"
#run
tar -rf "$S/a.tar" -C "$P" numbers
#same
tar -tvf "$S/a.tar"
CASE

tool 'tar through gzip' 'tar gzip' wide <<'CASE'
#run
tar -czf "$S/a.tgz" -C "$P" tree
#same
tar -tvf "$S/a.tgz"
CASE

tool 'tar, extract' tar wide <<'CASE'
tar -cf "$P/a.tar" -C "$P" tree
#run
tar -xpf "$P/a.tar" -C "$S"
CASE

tool 'tar, extract over wide files' tar wide <<'CASE'
cp -a "$P/tree" "$S/tree"
wide "$S/tree/one"
tar -cf "$P/a.tar" -C "$P" tree
#run
tar -xf "$P/a.tar" -C "$S" --overwrite
CASE

tool 'tar, incremental' tar wide <<'CASE'
#run
tar -cf "$S/full.tar" -g "$S/snapshot" -C "$P" tree
printf 'new\n' >"$P/tree/new"
cp "$S/snapshot" "$S/snapshot.1"
tar -cf "$S/incr.tar" -g "$S/snapshot.1" -C "$P" tree
#same
ls "$S"
tar -tf "$S/full.tar"
tar -tf "$S/incr.tar"
CASE

tool 'cpio -o -F' cpio wide <<'CASE'
wide "$S/a.cpio"
#run
cd "$P" && find tree | LC_ALL=C sort | cpio -o -H newc --quiet -O "$S/a.cpio"
#same
cpio -tv --quiet -F "$S/a.cpio"
CASE

tool 'cpio -i' cpio wide <<'CASE'
(cd "$P" && find tree | cpio -o -H newc --quiet -O "$P/a.cpio")
#run
cd "$S" && cpio -id --quiet -F "$P/a.cpio"
CASE

tool 'cpio -p' cpio wide <<'CASE'
#run
cd "$P" && find tree -depth | cpio -pdm --quiet "$S"
CASE

tool 'pax -w' pax wide <<'CASE'
#run
cd "$P" && pax -w -f "$S/a.pax" tree
#same
tar -tvf "$S/a.pax"
CASE

tool 'pax -r' pax wide <<'CASE'
(cd "$P" && pax -w -f a.pax tree)
#run
cd "$S" && pax -r -p p -f "$P/a.pax"
CASE

tool 'pax -rw' pax wide <<'CASE'
#run
cd "$P" && pax -rw tree "$S"
CASE

tool 'afio -o' afio wide <<'CASE'
#run
cd "$P" && find tree | LC_ALL=C sort | afio -o "$S/a.afio"
#same
afio -t "$S/a.afio"
CASE

tool 'afio -i' afio wide <<'CASE'
(cd "$P" && find tree | afio -o a.afio)
#run
cd "$S" && afio -i "$P/a.afio"
CASE

tool 'dar' dar wide <<'CASE'
#run
dar -Q -q -c "$S/a" -R "$P" -g tree
#same
ls "$S"
dar -Q -q -l "$S/a" -as
CASE

tool 'dar, extract' dar wide <<'CASE'
dar -Q -q -c "$P/a" -R "$P" -g tree
#run
dar -Q -q -O -x "$P/a" -R "$S"
CASE

tool 'zip' 'zip unzip' wide <<'CASE'
#run
cd "$P" && zip -qr "$S/a.zip" tree
#same
unzip -Z1 "$S/a.zip"
unzip -p "$S/a.zip" | sha256sum
CASE

tool 'zip, update of a wide archive' 'zip unzip' wide <<'CASE'
cd "$P" && zip -q "$S/a.zip" numbers
#run
cd "$P" && zip -q "$S/a.zip" tree/one
#same
unzip -Z1 "$S/a.zip"
CASE

tool 'unzip' 'zip unzip' wide <<'CASE'
cd "$P" && zip -qr a.zip tree
#run
unzip -q "$P/a.zip" -d "$S"
CASE

tool 'unzip over wide files' 'zip unzip' wide <<'CASE'
cd "$P" && zip -qr a.zip tree
mkdir "$S/tree"
wide "$S/tree/one" "$S/tree/again"
#run
unzip -qo "$P/a.zip" -d "$S"
CASE

tool '7z a' p7zip-full wide <<'CASE'
#run
cd "$P" && 7z a -bd "$S/a.7z" tree
#same
7z x -so "$S/a.7z" | sha256sum
CASE

tool '7z x' p7zip-full wide <<'CASE'
cd "$P" && 7z a -bd a.7z tree
#run
7z x -bd "-o$S" "$P/a.7z"
CASE

tool 'dpkg-deb -b, -x' dpkg wide <<'CASE'
mkdir -p "$P/pkg/DEBIAN" "$P/pkg/usr/share"
cp "$P/numbers" "$P/pkg/usr/share/numbers"
printf 'Package: p\nVersion: 1\nArchitecture: all\nMaintainer: a <a@example.org>\nDescription: d\n' >"$P/pkg/DEBIAN/control"
#run
dpkg-deb --root-owner-group -b "$P/pkg" "$S/p.deb"
dpkg-deb -x "$S/p.deb" "$S/x"
#same
dpkg-deb -c "$S/p.deb" | awk '{print $1, $2, $3, $6}'
digest "$S/x"
CASE

tool 'jar' openjdk-17-jdk-headless wide <<'CASE'
#run
jar -c -f "$S/a.jar" -C "$P" tree
cd "$S" && jar -x -f a.jar
#same
digest "$S/tree"
CASE
