# shellcheck shell=bash
# Cases of scripts/tools: databases. The servers run without the shim, so that
# only the client is looked at. Sourced; see tools-run.sh, and tools-servers.sh
# for D and the servers.

tool 'sqlite3, new database' sqlite3 wide <<'CASE'
#run
sqlite3 "$S/a.db" 'create table t(x); insert into t values (1),(2);'
CASE

tool 'sqlite3, journal beside a wide database' sqlite3 wide <<'CASE'
sqlite3 "$S/a.db" 'create table t(x);'
#run
sqlite3 "$S/a.db" 'begin; insert into t values (1); commit; pragma journal_mode=wal; insert into t values (2);'
#same
sqlite3 "$S/a.db" .dump
CASE

tool 'sqlite3 .backup, VACUUM INTO, .output' sqlite3 wide <<'CASE'
sqlite3 "$P/a.db" 'create table t(x); insert into t values (1),(2);'
#run
sqlite3 "$P/a.db" ".backup $S/b.db" "vacuum into '$S/c.db'" ".output $S/d.sql" .dump
#same
sqlite3 "$S/b.db" .dump
sqlite3 "$S/c.db" .dump
cat "$S/d.sql"
CASE

if server postgres 'pg_dump psql postgresql'; then
    tool 'pg_dump, plain and directory' postgresql wide <<'CASE'
wide "$S/a.sql"
#run
export PATH=$D/pgbin:$PATH PGHOST=$D PGUSER=somebody
pg_dump -f "$S/a.sql" postgres
pg_dump -Fc -f "$S/a.dump" postgres
pg_dump -Fd -f "$S/dir" postgres
#same
grep -v '^.restrict\|^.unrestrict' "$S/a.sql"
ls "$S/dir"
CASE

    tool 'pg_dumpall, psql -o, \copy' postgresql wide <<'CASE'
#run
export PATH=$D/pgbin:$PATH PGHOST=$D PGUSER=somebody
pg_dumpall -f "$S/all.sql"
psql -qXt -o "$S/out" -c 'select x from t order by x' postgres
psql -qX -c "\\copy t to '$S/copy'" postgres
#same
cat "$S/out" "$S/copy"
CASE

    tool 'pg_basebackup' postgresql careful <<'CASE'
#run
export PATH=$D/pgbin:$PATH PGHOST=$D PGUSER=somebody
umask 022
pg_basebackup -D "$S/base" -Ft -X none -c fast
#same
ls "$S/base"
CASE
fi

if server mariadb 'mariadb-dump mariadb-client'; then
    tool 'mariadb-dump' mariadb-client wide <<'CASE'
wide "$S/a.sql"
#run
mariadb-dump -S "$D/mysql.sock" --skip-dump-date -r "$S/a.sql" test
mariadb-dump -S "$D/mysql.sock" --skip-dump-date test >"$S/b.sql"
CASE
fi
