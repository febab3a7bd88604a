# shellcheck shell=bash
# Rows of scripts/cves: what no preload prevents. Sourced; see cves-run.sh.

cve CVE-2021-3702 'ansible-runner 2.0.4' <<'ROW'
about: The private directory of a job has a name that can be foretold, and one that somebody else made there before is taken.
rules: ~/job
file: job(/.*)?
shown: `job/`
no: the directory is another user's: whose it is, no mode says, and the library changes no mode of what is not the program's.
planted: job
pip: --no-deps ansible-runner==2.0.4
pip: pyyaml pexpect python-daemon six setuptools<60
#run
"$I/bin/python" -W ignore -c '
from ansible_runner.config._base import BaseConfig
print("took", BaseConfig(private_data_dir="job").private_data_dir.rpartition("/")[2])'
ROW

cve CVE-2020-1740 'ansible 2.9.5, ansible-vault edit' <<'ROW'
about: The temporary file for the content of a vault is removed and made again under the same name, which somebody else may take in between.
no: the command has the umask 077, so no mode is wide; a file that is another user's can be narrowed by nobody else.
source: its modes are right; the window is a name
ROW

cve CVE-2020-8029 'skuba' <<'ROW'
about: A key for the kubelet is uploaded as 0644 and narrowed afterwards.
no: Go, and on the machine at the other end: what ssh starts there has no preload.
source: Go, and no package has it
ROW

cve CVE-2019-19335 'openshift-install' <<'ROW'
about: `auth/kubeconfig` and `auth/kubeadmin-password` are written for everybody to read.
no: written in Go, which makes its system calls by itself; started by a protected program it has the umask 077 (`UMASKCLAMP_UNREACHABLE`), started otherwise it has nothing of the library.
source: Go, and no package has it
ROW
