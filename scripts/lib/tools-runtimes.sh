# shellcheck shell=bash
# Cases of scripts/tools: other preloads, sanitizers, runtimes and servers, under
# the shim at full speed. Sourced; see tools-host.sh.

LIBRARIES=/usr/lib/$(uname -m)-linux-gnu

# Work for an allocator: processes, threads, signals, many small files.
read -r -d '' WORK <<'WORK' || :
#run
tar -cf "$S/a.tar" -C "$P" tree
tar -xf "$S/a.tar" -C "$S"
gzip -k "$S/a.tar"
sort -r --parallel=2 -S 1M -o "$S/sorted" "$P/numbers"
perl -e 'for my $i (1 .. 4) { fork or do { for (1 .. 50) { open my $f, ">", "$ENV{S}/perl.$i.$_"; print $f $_ } exit } } 1 while wait > 0'
python3 - <<'PYTHON'
import concurrent.futures, os, subprocess
S = os.environ["S"]
def one(i):
    with open(f"{S}/thread.{i}", "w") as f: f.write(str(i))
    if i % 50 == 0: subprocess.run(["cp", f"{S}/thread.{i}", f"{S}/copy.{i}"], check=True)
with concurrent.futures.ThreadPoolExecutor(8) as pool: list(pool.map(one, range(400)))
PYTHON
sed -i s/1/one/ "$S/sorted"
#same
ls "$S"
digest "$S/tree"
cat "$S"/thread.* "$S"/copy.* "$S"/perl.* "$S/sorted" | sha256sum
WORK

for pair in jemalloc:libjemalloc2:libjemalloc.so.2 tcmalloc:libtcmalloc-minimal4:libtcmalloc_minimal.so.4 \
    mimalloc:libmimalloc2.0:libmimalloc.so.2; do
    IFS=: read -r short package file <<<"$pair"
    host "$short, then the shim" "$package" "$LIBRARIES/$file" <<<"$WORK"
    host "the shim, then $short" "$package" '' "$LIBRARIES/$file" <<<"$WORK"
done

# A program with threads, heap and every sanitizer that is asked for.
read -r -d '' SANITIZED <<'C' || :
cat >"$P/s.c" <<'SOURCE'
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
static void *work(void *argument) {
    long number = (long)argument;
    for (int i = 0; i < 100; i++) {
        char *path = malloc(4096);
        snprintf(path, 4096, "%s/%ld.%d", getenv("S"), number, i);
        FILE *file = fopen(path, "w");
        if (!file) abort();
        fprintf(file, "%d\n", i);
        fclose(file);
        if (chmod(path, 0666)) abort();
        strcat(path, "x");
        int fd = open(path, O_CREAT | O_RDWR | O_EXCL, 0666);
        if (fd < 0 || write(fd, "x", 1) != 1 || close(fd)) abort();
        char *second = strdup(path);
        strcpy(second + strlen(second) - 1, "y");
        if (rename(path, second)) abort();
        free(second);
        free(path);
    }
    return NULL;
}
int main(void) {
    pthread_t threads[4];
    for (long i = 0; i < 4; i++) pthread_create(&threads[i], NULL, work, (void *)i);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    return system("true");
}
SOURCE
C
readonly SAME=$'\n#same\nls "$S"\ncat "$S"/* | sha256sum'

host 'ASan, its runtime first in the list' 'gcc libc6-dev' "$(gcc -print-file-name=libasan.so 2>&1)" <<CASE
$SANITIZED
gcc -g -pthread -fsanitize=address -o "\$P/s" "\$P/s.c"
#run
ASAN_OPTIONS=detect_leaks=0 "\$P/s"$SAME
CASE

host 'ASan, link order not verified' 'gcc libc6-dev' <<CASE
$SANITIZED
gcc -g -pthread -fsanitize=address -o "\$P/s" "\$P/s.c"
#run
ASAN_OPTIONS=verify_asan_link_order=0 "\$P/s"$SAME
CASE

host 'ASan and UBSan, linked statically' 'gcc libc6-dev' <<CASE
$SANITIZED
gcc -g -pthread -fsanitize=address,undefined -static-libasan -o "\$P/s" "\$P/s.c"
#run
"\$P/s"$SAME
CASE

# gcc 12's TSan knows no address space as random as newer kernels make it.
host 'TSan' 'gcc libc6-dev util-linux' <<CASE
$SANITIZED
gcc -g -pthread -fsanitize=thread -o "\$P/s" "\$P/s.c"
#run
TSAN_OPTIONS=halt_on_error=1 setarch -R "\$P/s"$SAME
CASE

host 'valgrind' 'valgrind gcc libc6-dev' <<CASE
$SANITIZED
gcc -g -pthread -o "\$P/s" "\$P/s.c"
#run
valgrind -q --error-exitcode=9 "\$P/s"$SAME
CASE

host 'JVM, eight threads' openjdk-17-jdk-headless <<'CASE'
cat >"$P/W.java" <<'JAVA'
import java.nio.file.*; import java.util.stream.*;
class W { public static void main(String[] a) {
    Path s = Path.of(System.getenv("S"));
    IntStream.range(0, 1000).parallel().forEach(i -> { try {
        Path f = s.resolve("f" + i);
        Files.writeString(f, "" + i);
        Files.move(f, s.resolve("g" + i));
        if (i % 100 == 0) new ProcessBuilder("cp", s.resolve("g" + i).toString(), s.resolve("c" + i).toString()).start().waitFor();
    } catch (Exception e) { throw new RuntimeException(e); } }); System.gc(); } }
JAVA
javac -d "$P" "$P/W.java"
#run
java -Djava.util.concurrent.ForkJoinPool.common.parallelism=8 -cp "$P" W
#same
ls "$S"
cat "$S"/* | sha256sum
CASE

host 'node, promises and a worker' nodejs <<'CASE'
#run
node -e '
    const fs = require("fs"), {Worker} = require("worker_threads"), {S} = process.env;
    const all = Array.from({length: 500}, async (_, i) => {
        await fs.promises.writeFile(S + "/f" + i, "" + i);
        await fs.promises.rename(S + "/f" + i, S + "/g" + i); });
    new Worker("for (let i = 0; i < 200; i++) require(`fs`).writeFileSync(process.env.S + `/w` + i, `w`)", {eval: true});
    require("child_process").execFile("cp", [process.env.P + "/numbers", S + "/child"]);
    Promise.all(all);'
#same
ls "$S"
cat "$S"/* | sha256sum
CASE

host 'python3, processes and shared memory' python3 <<'CASE'
cat >"$P/m.py" <<'PYTHON'
import multiprocessing as m, os
from multiprocessing import shared_memory
S = os.environ["S"]
def one(i):
    with open(f"{S}/{os.getpid() * 0 + i}", "w") as f: f.write(str(i))
    return i
if __name__ == "__main__":
    for kind in ("fork", "spawn", "forkserver"):
        with m.get_context(kind).Pool(4) as pool: assert sum(pool.map(one, range(100))) == 4950
    memory = shared_memory.SharedMemory(create=True, size=100)
    memory.buf[0] = 1; memory.close(); memory.unlink()
PYTHON
#run
python3 "$P/m.py"
#same
ls "$S"
cat "$S"/* | sha256sum
CASE

host 'PostgreSQL, initdb and pgbench' postgresql <<'CASE'
#run
for bin in /usr/lib/postgresql/*/bin; do :; done
PATH=$bin:$PATH
initdb -D "$S/pg" -g -A trust -U somebody -N
pg_ctl -D "$S/pg" -w -l "$S/server.log" -o "-k $P -c listen_addresses= -c fsync=off" start
trap 'pg_ctl -D "$S/pg" -m immediate stop' EXIT
export PGHOST=$P PGUSER=somebody PGDATABASE=postgres
pgbench -i -s 1 -q
pgbench -c 4 -j 2 -t 200
psql -qXAt -o "$S/answer" -c 'select count(*), sum(bid) from pgbench_accounts' -c 'select count(*) from pgbench_history'
psql -qXAt -c "copy (select aid from pgbench_accounts order by aid limit 9) to '$S/copied'"
psql -qXAt -c 'checkpoint' -c 'vacuum full'
trap - EXIT
pg_ctl -D "$S/pg" -w -m fast stop
#same
cat "$S/answer" "$S/copied"
CASE

host 'nginx, served, reloaded, logs reopened' 'nginx-light curl' <<'CASE'
mkdir "$P/temp"
cat >"$P/conf" <<CONF
pid $S/pid;
error_log $S/error.log info;
worker_processes 2;
events { worker_connections 64; }
http {
    access_log $S/access.log;
    client_body_temp_path $S/body;
    proxy_temp_path $S/proxy;
    fastcgi_temp_path $S/fastcgi;
    uwsgi_temp_path $S/uwsgi;
    scgi_temp_path $S/scgi;
    proxy_cache_path $S/cache levels=1 keys_zone=z:1m;
    server { listen unix:$P/inner; root $P; }
    server { listen unix:$S/socket; location / { proxy_pass http://unix:$P/inner; proxy_cache z; proxy_cache_valid 200 1h; } }
}
CONF
#run
nginx=$(command -v nginx || echo /usr/sbin/nginx)
"$nginx" -p "$P" -c "$P/conf"
trap 'kill "$(cat "$S/pid")"' EXIT
for i in 1 2 3 4 5; do curl -sf --unix-socket "$S/socket" -o "$S/got.$i" http://host/numbers; done
mv "$S/access.log" "$S/access.log.1"
"$nginx" -p "$P" -c "$P/conf" -s reopen
await test -e "$S/access.log"
"$nginx" -p "$P" -c "$P/conf" -s reload
await grep -q reconfiguring "$S/error.log"
curl -sf --unix-socket "$S/socket" -o "$S/got.6" http://host/tree/one
trap - EXIT
"$nginx" -p "$P" -c "$P/conf" -s quit
await test ! -e "$S/pid"
#same
cat "$S"/got.* | sha256sum
cat "$S"/access.log* | wc -l
find "$S/cache" -type f | wc -l
CASE

host 'redis, snapshots and append-only file' redis-server <<'CASE'
#run
redis-server --port 0 --unixsocket "$S/socket" --unixsocketperm 777 --dir "$S" --appendonly yes \
    --daemonize yes --logfile "$S/log" --pidfile "$S/pid"
cli() { redis-cli -s "$S/socket" "$@"; }
says() { local word=$1; shift; cli "$@" 2>/dev/null | grep "$word"; }
trap 'kill "$(cat "$S/pid")"' EXIT
await says PONG ping
for i in $(seq 50); do cli set "k$i" "$i" >/dev/null; done
redis-benchmark -s "$S/socket" -q -n 2000 -c 10 -t set,get,lpush
cli save
cli bgrewriteaof
await says 'aof_rewrite_in_progress:0' info persistence
cli bgsave
await says 'rdb_bgsave_in_progress:0' info persistence
cli --rdb "$S/copy.rdb"
cli get k7 >"$S/answer"
trap - EXIT
cli shutdown
#same
cat "$S/answer"
ls "$S/appendonlydir"
redis-check-rdb "$S/dump.rdb" | grep -c 'Checksum OK'
CASE

# Symbols that are reached another way: PHP opens each of its extensions with
# RTLD_DEEPBIND, other languages ask a handle of libc for a function.
tool 'PHP, zip archive' 'php-cli php-zip' wide <<'CASE'
wide "$S/old.zip"
#run
php -r '
    foreach (["new", "old"] as $name) {
        $zip = new ZipArchive;
        $zip->open(getenv("S") . "/$name.zip", ZipArchive::CREATE | ZipArchive::OVERWRITE) === true || exit(1);
        foreach (["numbers", "tree/one", "tree/deep/two"] as $file) $zip->addFile(getenv("P") . "/$file", $file);
        $zip->close() || exit(2);
        $zip->open(getenv("S") . "/$name.zip") === true && $zip->extractTo(getenv("S") . "/$name") || exit(3);
        $zip->deleteName("numbers") && $zip->close() || exit(4);
    }'
#same
digest "$S" | grep -v 'zip$'
php -r 'foreach (["new", "old"] as $name) { $zip = new ZipArchive; $zip->open(getenv("S") . "/$name.zip");
    for ($i = 0; $i < $zip->numFiles; $i++) echo $zip->getNameIndex($i), sha1($zip->getFromIndex($i)), "\n"; }'
CASE

tool 'PHP, SQLite database with a log' 'php-cli php-sqlite3' wide <<'CASE'
#run
php -r '
    $one = new SQLite3(getenv("S") . "/one.db");
    $one->exec("pragma journal_mode = wal") || exit(1);
    $one->exec("create table t (a, b)") || exit(2);
    for ($i = 0; $i < 500; $i++) $one->exec("insert into t values ($i, hex($i))") || exit(3);
    $two = new PDO("sqlite:" . getenv("S") . "/two.db", null, null, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
    $two->exec("create table t (a)");
    $two->beginTransaction();
    $two->exec("insert into t values (1)");
    $two->commit();
    $one->backup(new SQLite3(getenv("S") . "/three.db")) || exit(4);'
#same
ls "$S"
php -r 'foreach (["one", "two", "three"] as $name)
    echo (new SQLite3(getenv("S") . "/$name.db"))->querySingle("select count(*) || sum(a) from t"), "\n";'
CASE

tool 'PHP, FFI' php-cli wide <<'CASE'
#run
cd "$S"
php -d ffi.enable=1 -r '
    foreach (["libc.so.6", null] as $number => $library) {
        $code = "int creat(const char *p, unsigned m); int mkdir(const char *p, unsigned m); int chmod(const char *p, unsigned m);";
        $libc = $library ? FFI::cdef($code, $library) : FFI::cdef($code);
        $libc->creat("file$number", 0644) > 0 || exit(1);
        $libc->mkdir("directory$number", 0755) === 0 || exit(2);
        $libc->chmod("file$number", 0666) === 0 || exit(3);
    }'
CASE

tool 'python3, ctypes' python3 wide <<'CASE'
wide "$S/old"
#run
cd "$S"
python3 - <<'PYTHON'
import ctypes, os
for number, libc in enumerate((ctypes.CDLL("libc.so.6", use_errno=True), ctypes.CDLL(None), ctypes.PyDLL("libc.so.6"))):
    fd = libc.open(b"file%d" % number, os.O_CREAT | os.O_WRONLY, 0o644)
    assert libc.write(fd, b"text", 4) == 4 and libc.close(fd) == 0
    assert libc.mkdir(b"directory%d" % number, 0o755) == 0
    assert libc.rename(b"file%d" % number, b"renamed%d" % number) == 0
    libc.fopen.restype, libc.fclose.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    libc.fclose(libc.fopen(b"old", b"a"))
assert ctypes.CDLL("libc.so.6", use_errno=True).mkdir(b"directory0", 0o755) == -1
PYTHON
CASE

tool 'ruby, Fiddle' ruby wide <<'CASE'
#run
cd "$S"
ruby -rfiddle -e '
    libc = Fiddle.dlopen("libc.so.6")
    call = ->(name, path, mode) {
        types = [Fiddle::TYPE_VOIDP, Fiddle::TYPE_INT]
        Fiddle::Function.new(libc[name], types, Fiddle::TYPE_INT).call(path, mode)
    }
    call["creat", "file", 0644] > 0 or exit 1
    call["mkdir", "directory", 0755] == 0 or exit 2
    call["mkfifo", "fifo", 0644] == 0 or exit 3
    call["chmod", "file", 0666] == 0 or exit 4'
CASE

tool 'node, addon with a library of its own' 'nodejs gcc libc6-dev' wide <<'CASE'
cat >"$P/addon.c" <<'SOURCE'
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
void *napi_register_module_v1(void *environment, void *exports) {
    FILE *file = fopen("streamed", "w");
    if (chdir(getenv("S")) || !(file = freopen("streamed", "w", file))) abort();
    if (fprintf(file, "text\n") != 5 || fclose(file)) abort();
    if (close(creat("created", 0644)) || mkdir("directory", 0755)) abort();
    return exports;
}
SOURCE
gcc -shared -fPIC -w -o "$P/addon.node" "$P/addon.c"
#run
cd "$P"
node -e '
    const {RTLD_NOW, RTLD_DEEPBIND} = os.constants.dlopen;
    process.dlopen({exports: {}}, process.env.P + "/addon.node", RTLD_NOW | RTLD_DEEPBIND);
    fs.writeFileSync(process.env.S + "/own", "text");'
CASE
