# shellcheck shell=bash
# Cases of scripts/tools: coreutils, shells and editors. Sourced; see tools-run.sh.

tool 'bash, redirection' bash wide <<'CASE'
wide "$S/b"
#run
echo one >"$S/a"
echo two >>"$S/b"
CASE

tool 'dash, redirection' dash wide <<'CASE'
wide "$S/b"
#run
dash -c 'echo one >"$S/a"; echo two >"$S/b"; mkdir "$S/d"'
CASE

tool 'cp' coreutils wide <<'CASE'
#run
cp "$P/numbers" "$S/a"
CASE

tool 'cp over a wide file' coreutils wide <<'CASE'
wide "$S/a"
#run
cp "$P/numbers" "$S/a"
CASE

tool 'cp -p' coreutils wide <<'CASE'
#run
cp -p "$P/numbers" "$S/a"
CASE

tool 'cp -p of a file with an ACL' 'coreutils acl' wide <<'CASE'
setfacl -m u:4242:rw,g:4242:r "$P/numbers"
#run
cp -p "$P/numbers" "$S/a"
CASE

tool 'cp -a' coreutils wide <<'CASE'
#run
cp -a "$P/tree" "$S/"
CASE

tool 'cp -a of a tree with default ACLs' 'coreutils acl' wide <<'CASE'
setfacl -R -m d:u:4242:rwx,d:o:rx "$P/tree"
#run
cp -a "$P/tree" "$S/"
CASE

tool 'cp below a default ACL' 'coreutils acl' wide inherited <<'CASE'
setfacl -m d:u:4242:rwx,d:g::rwx,d:o:rwx "$S"
#run
umask 077
cp "$P/numbers" "$S/a"
mkdir "$S/d"
echo x >"$S/d/b"
CASE

tool 'cp -al' coreutils wide <<'CASE'
#run
cp -al "$P/tree" "$S/"
CASE

tool 'install' coreutils wide <<'CASE'
wide "$S/b"
#run
install -d -m 0755 "$S/bin"
install -m 0755 "$P/tree/deep/er/run" "$S/bin/run"
install -p "$P/numbers" "$S/b"
CASE

tool 'mv on one file system' coreutils wide <<'CASE'
wide "$S/a"
#run
mv "$P/numbers" "$S/a"
mv "$P/tree/one" "$S/b"
CASE

tool 'mv of a directory on one file system' coreutils wide <<'CASE'
rm "$P/tree/again"
#run
mv "$P/tree" "$S/tree"
CASE

tool 'mv from another file system' coreutils wide <<'CASE'
cp -a "$P/tree" "$X/tree"
cp -p "$P/numbers" "$X/numbers"
wide "$S/numbers"
#run
mv "$X/tree" "$S/tree"
mv -f "$X/numbers" "$S/numbers"
CASE

tool 'ln' coreutils wide <<'CASE'
#run
ln "$P/numbers" "$S/a"
CASE

tool 'dd' coreutils wide <<'CASE'
wide "$S/b"
#run
dd if="$P/numbers" of="$S/a" status=none
dd if="$P/numbers" of="$S/b" status=none conv=notrunc
CASE

tool 'split' coreutils wide <<'CASE'
#run
split -b 4000 "$P/numbers" "$S/part."
CASE

tool 'csplit' coreutils wide <<'CASE'
#run
cd "$S" && csplit -s "$P/numbers" 1000 2000
CASE

tool 'sort -o' coreutils wide <<'CASE'
wide "$S/b"
#run
sort -r -o "$S/a" "$P/numbers"
sort -r -o "$S/b" "$P/numbers"
CASE

tool 'tee, tee -a' coreutils wide <<'CASE'
wide "$S/b"
#run
tee "$S/a" <"$P/numbers" >"$P/out"
tee -a "$S/b" <"$P/numbers" >"$P/out"
CASE

tool 'touch, truncate, mkdir -m, mkfifo -m' coreutils wide <<'CASE'
#run
touch "$S/a"
truncate -s 4096 "$S/b"
mkdir -m 0777 "$S/d"
mkdir -p "$S/e/f/g"
mkfifo -m 0666 "$S/p"
shred -n 1 "$S/b"
#same
find "$S" -printf '%y %P %s\n' | sort
CASE

tool 'chmod -R' coreutils wide <<'CASE'
cp -r "$P/tree" "$S/tree"
chmod -R go= "$S/tree"
#run
chmod -R a+rwX "$S/tree"
CASE

tool 'mknod, as root' coreutils wide root <<'CASE'
#run
mknod -m 0666 "$S/null" c 1 3
mknod "$S/fifo" p
#same
find "$S" -printf '%y %P\n' | sort
CASE

tool 'chown and cp -a, as root' coreutils wide root <<'CASE'
chown -R 4242:4242 "$P/tree"
#run
cp -a "$P/tree" "$S/tree"
chown -R 4243 "$S/tree"
chmod 0755 "$S/tree"
#same
find "$S" -printf '%y %P %U %G\n' | sort
CASE

tool 'setfacl' acl wide <<'CASE'
mkdir -m 0700 "$S/d"
echo x >"$S/a"
chmod 0600 "$S/a"
#run
setfacl -m u:4242:rw "$S/a"
setfacl -m d:u:4242:rwx,d:o:rx "$S/d"
setfacl -R -m o::rX "$S"
CASE

tool 'setfacl --restore' acl wide <<'CASE'
cp -r "$P/tree" "$S/tree"
setfacl -R -m u:4242:rw "$S/tree"
(cd "$S" && getfacl -R tree >"$P/acls")
setfacl -R -b "$S/tree"
chmod -R go= "$S/tree"
#run
cd "$S" && setfacl --restore="$P/acls"
CASE

tool 'sed -i' sed wide <<'CASE'
wide "$S/a"
#run
sed -i s/old/new/ "$S/a"
CASE

tool 'sed -i.bak' sed wide <<'CASE'
wide "$S/a"
#run
sed -i.bak s/old/new/ "$S/a"
CASE

tool 'perl -i, -i.bak' perl-base wide <<'CASE'
wide "$S/a" "$S/b"
#run
perl -pi -e s/old/new/ "$S/a"
perl -pi.bak -e s/old/new/ "$S/b"
CASE

tool 'ed' ed wide <<'CASE'
wide "$S/a"
#run
printf ',s/old/new/\nw\nw %s\nq\n' "$S/b" | ed -s "$S/a"
CASE

tool 'vim, backup by copy and by rename' vim wide <<'CASE'
wide "$S/a" "$S/b"
#run
vim -u NONE -es -c 'set backup backupcopy=yes undofile undodir=.' -c '%s/old/new/' -c wq "$S/a"
vim -u NONE -es -c 'set backup backupcopy=no' -c '%s/old/new/' -c wq "$S/b"
vim -u NONE -es -c "w $S/c" -c q "$P/numbers"
#same
ls "$S"
cat "$S/a" "$S/b" "$S/c"
CASE

tool 'nano' 'nano bsdutils' wide <<'CASE'
wide "$S/a"
#run
{
    await grep -q nano "$P/screen"
    printf 'new \017\r'
    await grep -q new "$S/a"
    printf '\030'
    await test -e "$P/done"
} 2>/dev/null | script -qfec "nano -I $S/a; : >$P/done" "$P/screen"
CASE

tool 'script' bsdutils wide <<'CASE'
#run
script -qec 'echo hello' "$S/typescript"
#same
sed 1d "$S/typescript" | head -n 1
CASE

tool 'patch' patch wide <<'CASE'
wide "$S/a"
printf 'new\n' >"$P/new"
diff -u "$S/a" "$P/new" >"$P/change" || [ $? -eq 1 ]
#run
patch -s -b "$S/a" "$P/change"
CASE

tool 'logrotate, copytruncate, create, compress' logrotate wide <<'CASE'
wide "$S/a.log" "$S/b.log"
printf '%s/a.log {\nrotate 3\ncreate 0644\ncompress\n}\n%s/b.log {\nrotate 3\ncopytruncate\n}\n' "$S" "$S" >"$P/conf"
chmod 0644 "$P/conf"
#run
logrotate -f -s "$S/state" "$P/conf"
#same
ls "$S"
zcat "$S/a.log.1.gz"
cat "$S/b.log.1" "$S/b.log"
CASE
