# shellcheck shell=bash
# Cases of scripts/tools: keys, version control, compilers, languages. Sourced.

tool 'gpg' 'gpg gpg-agent' wide <<'CASE'
wide "$S/b.gpg"
mkdir -m 0700 "$H/.gnupg"
#run
gpg -q --batch --yes --passphrase x --pinentry-mode loopback -o "$S/a.gpg" -c "$P/numbers"
gpg -q --batch --yes --passphrase x --pinentry-mode loopback -o "$S/b.gpg" -c "$P/numbers"
gpg -q --batch --passphrase x --pinentry-mode loopback -o "$S/plain" -d "$S/a.gpg"
gpgconf --kill all
#same
ls "$S"
sha256sum <"$S/plain"
CASE

tool 'openssl' openssl wide <<'CASE'
wide "$S/b"
#run
openssl enc -aes-128-cbc -K 00112233445566778899aabbccddeeff -iv 00 -in "$P/numbers" -out "$S/a"
openssl enc -aes-128-cbc -K 00112233445566778899aabbccddeeff -iv 00 -in "$P/numbers" -out "$S/b"
openssl req -x509 -newkey rsa:1024 -nodes -subj /CN=a -keyout "$S/key" -out "$S/cert"
#same
sha256sum <"$S/a"
sha256sum <"$S/b"
ls "$S"
CASE

tool 'ssh-keygen' openssh-client wide <<'CASE'
#run
ssh-keygen -q -t ed25519 -N '' -C c -f "$S/id"
#same
ls "$S"
CASE

tool 'git, init and commit' git wide <<'CASE'
#run
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
export GIT_AUTHOR_DATE=@1600000000 GIT_COMMITTER_DATE=@1600000000
cd "$S" && git init -q -b main . && cp -r "$P/tree" . && git add -A && git commit -qm first
git archive -o "$S/a.tar" HEAD
git bundle create -q "$S/a.bundle" main
git gc -q
#same
cd "$S" && git rev-parse HEAD && git status --short && git fsck
CASE

tool 'git clone, twice' git wide <<'CASE'
export HOME=$H GIT_CONFIG_GLOBAL=$H/gitconfig
git config --global user.email a@example.org && git config --global user.name a
cd "$P/tree" && git init -q -b main . && git add -A && git commit -qm first
#run
export GIT_CONFIG_GLOBAL=$H/gitconfig
cp "$P/numbers" "$S/beside"
for day in 1 2; do
    git clone -q "$P/tree" "$S/clone.$day" 2>/dev/null && echo 0 || echo $?
done | paste -sd, >"$P/told"
#same
sha256sum <"$S/beside"
cd "$P/tree" && git status --short && git rev-parse HEAD | wc -l
#second
echo "exit statuses $(cat "$P/told")"
CASE

# Without --no-hardlinks git compares the mode of what it linked with that of the
# object in the source, and stops: a link into a sensitive place narrows both.
tool 'git clone --no-hardlinks' git wide <<'CASE'
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
export GIT_AUTHOR_DATE=@1600000000 GIT_COMMITTER_DATE=@1600000000
cd "$P/tree" && git init -q -b main . && git add -A && git commit -qm first
#run
git clone -q --no-hardlinks "$P/tree" "$S/clone"
#same
cd "$S/clone" && git rev-parse HEAD && git status --short
CASE

tool 'gcc, ar, strip' 'gcc libc6-dev binutils' wide <<'CASE'
printf 'int main(void) { return 0; }\n' >"$P/a.c"
#run
cd "$S" && gcc -o a "$P/a.c" && gcc -c -o a.o "$P/a.c" && ar rcD a.a a.o && strip -o b a
#same
cd "$S" && ls && ./a && ./b
CASE

tool 'curl, gawk, find -fprint, strace -o' 'curl gawk findutils strace' wide <<'CASE'
wide "$S/d"
#run
curl -s -o "$S/a" "file://$P/numbers"
gawk '{ print $1 * 2 > ENVIRON["S"] "/b" }' "$P/numbers"
cd "$P" && find tree -name two -fprint "$S/c"
iconv -f UTF-8 -t UTF-16LE -o "$S/d" "$P/numbers"
CASE

tool 'ctags, cscope, xxd' 'universal-ctags cscope xxd' wide <<'CASE'
printf 'int main(void) { return 0; }\n' >"$P/a.c"
#run
ctags -f "$S/tags" "$P/a.c"
cscope -b -f "$S/cscope.out" "$P/a.c"
xxd "$P/numbers" "$S/hex"
#same
ls "$S"
sha256sum <"$S/hex"
CASE

tool 'python3' python3 wide <<'CASE'
wide "$S/b"
#run
python3 - <<'PYTHON'
import os, shutil, socket, sqlite3, tarfile, zipfile, pathlib, logging, tempfile
S, P = os.environ["S"], os.environ["P"]
open(f"{S}/a", "w").write("a\n")
open(f"{S}/b", "r+").write("b")
os.makedirs(f"{S}/d/e", 0o777)
shutil.copy2(f"{P}/numbers", f"{S}/copy2")
shutil.copytree(f"{P}/tree", f"{S}/tree", symlinks=True)
shutil.make_archive(f"{S}/made", "zip", P, "tree")
with tarfile.open(f"{P}/t.tar", "w") as t: t.add(f"{P}/tree", "t")
with tarfile.open(f"{P}/t.tar") as t: t.extractall(S)
pathlib.Path(f"{S}/touched").touch(0o666)
os.mkfifo(f"{S}/fifo", 0o666)
s = socket.socket(socket.AF_UNIX); s.bind(f"{S}/socket")
sqlite3.connect(f"{S}/db").execute("create table t(x)")
logging.basicConfig(filename=f"{S}/log", level=20); logging.info("hello")
os.close(os.open(f"{S}/low", os.O_WRONLY | os.O_CREAT, 0o666))
with tempfile.NamedTemporaryFile(dir=S, delete=False) as t: t.write(b"t")
os.chmod(t.name, 0o644); os.replace(t.name, f"{S}/replaced")
os.link(f"{P}/numbers", f"{S}/linked")
PYTHON
#same
digest "$S" | grep -v made.zip
CASE

tool 'perl' perl wide <<'CASE'
wide "$S/b"
#run
perl -MFile::Copy -MFile::Path=make_path -MPOSIX -e '
    my ($s, $p) = @ENV{qw(S P)};
    open(my $f, ">", "$s/a") or die; print $f "a\n"; close $f;
    open($f, "+<", "$s/b") or die; print $f "b"; close $f;
    make_path("$s/d/e"); copy("$p/numbers", "$s/c"); move("$p/tree/one", "$s/moved");
    mkfifo("$s/fifo", 0666) or die; chmod 0644, "$s/a"; sysopen($f, "$s/g", O_CREAT | O_RDWR, 0666) or die;
    rename "$s/c", "$s/renamed"; link "$s/a", "$s/second"'
CASE

tool 'node' nodejs wide <<'CASE'
wide "$S/b"
#run
node -e '
    const fs = require("fs"), {S, P} = process.env;
    fs.writeFileSync(S + "/a", "a\n"); fs.writeFileSync(S + "/b", "b\n");
    fs.mkdirSync(S + "/d/e", {recursive: true}); fs.copyFileSync(P + "/numbers", S + "/c");
    fs.chmodSync(S + "/c", 0o666); fs.cpSync(P + "/tree", S + "/tree", {recursive: true});
    fs.renameSync(S + "/c", S + "/renamed");
    fs.createWriteStream(S + "/stream").end("s\n");
    fs.promises.appendFile(S + "/later", "l\n");'
CASE

tool 'java and keytool' openjdk-17-jdk-headless wide <<'CASE'
wide "$S/b"
cat >"$P/W.java" <<'JAVA'
import java.io.*; import java.nio.file.*; import java.nio.file.attribute.*;
class W { public static void main(String[] a) throws Exception {
    String s = System.getenv("S"), p = System.getenv("P");
    try (var f = new FileOutputStream(s + "/a")) { f.write(1); }
    try (var f = new RandomAccessFile(s + "/b", "rw")) { f.write(1); }
    new File(s + "/d/e").mkdirs();
    Files.copy(Path.of(p, "numbers"), Path.of(s, "c"), StandardCopyOption.COPY_ATTRIBUTES);
    Files.setPosixFilePermissions(Path.of(s, "c"), PosixFilePermissions.fromString("rw-rw-rw-"));
    Files.move(Path.of(s, "c"), Path.of(s, "moved"));
    Files.writeString(Path.of(s, "w"), "w\n");
    new ProcessBuilder("cp", p + "/numbers", s + "/child").start().waitFor(); } }
JAVA
javac -d "$P" "$P/W.java"
#run
java -Xshare:off -XX:+UseSerialGC -cp "$P" W
#same
digest "$S"
CASE

tool 'C++ streams and filesystem' 'g++' wide <<'CASE'
cat >"$P/w.cc" <<'CC'
#include <filesystem>
#include <fstream>
namespace fs = std::filesystem;
int main() { fs::path s = getenv("S"), p = getenv("P");
    std::ofstream(s / "a") << "a\n"; std::fstream(s / "b", std::ios::in | std::ios::out) << "b";
    fs::create_directories(s / "d/e"); fs::copy(p / "tree", s / "tree", fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    fs::permissions(s / "a", fs::perms::all); fs::rename(p / "numbers", s / "renamed");
    fs::create_hard_link(s / "a", s / "second"); }
CC
wide "$S/b"
g++ -std=c++17 -o "$P/w" "$P/w.cc"
#run
"$P/w"
CASE

tool 'tclsh, zsh, fish' 'tcl zsh fish' wide <<'CASE'
wide "$S/b"
#run
echo 'set f [open $env(S)/a w]; puts $f a; close $f; file mkdir $env(S)/d; file copy $env(P)/numbers $env(S)/c; file attributes $env(S)/c -permissions 0666' | tclsh
zsh -fc 'echo z >$S/z; echo b >>$S/b; echo m >$S/m1 >$S/m2'
fish --no-config -c 'echo f >$S/f'
CASE

tool 'tmux, its socket' tmux wide <<'CASE'
#run
tmux -S "$S/socket" -f /dev/null new-session -d \
    "echo x >$S/a; chmod a+rw $S/a; tmux -S $S/socket wait-for -S written; sleep 3600"
tmux -S "$S/socket" wait-for written
tmux -S "$S/socket" kill-server
#same
cat "$S/a"
CASE

tool 'systemd-tmpfiles, as root' systemd wide root <<'CASE'
printf 'd %s/d 0777\nf %s/d/a 0666 - - - hello\np %s/d/p 0666\nC %s/d/n - - - - %s/numbers\nz %s/d/n 0644\n' \
    "$S" "$S" "$S" "$S" "$P" "$S" >"$P/conf.conf"
chmod 0755 "$P" "$S"
#run
systemd-tmpfiles --create "$P/conf.conf"
CASE

tool 'dpkg --root -i, as root' dpkg wide root <<'CASE'
mkdir -p "$P/pkg/DEBIAN" "$P/pkg/usr/share/p"
cp "$P/numbers" "$P/pkg/usr/share/p/numbers"
printf 'Package: p\nVersion: 1\nArchitecture: all\nMaintainer: a <a@example.org>\nDescription: d\n' >"$P/pkg/DEBIAN/control"
dpkg-deb --root-owner-group -b "$P/pkg" "$P/p.deb"
mkdir -p "$S/root/var/lib/dpkg/info" "$S/root/var/lib/dpkg/updates" "$S/root/var/log"
touch "$S/root/var/lib/dpkg/status" "$S/root/var/lib/dpkg/available"
#run
dpkg --root="$S/root" --force-not-root --force-script-chrootless -i "$P/p.deb"
#same
dpkg --root="$S/root" -l p | tail -n 1
digest "$S/root/usr"
CASE
