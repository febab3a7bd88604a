//! The built-in list: what it protects, and what it must leave readable.

use umaskclamp_policy::builtin;
use umaskclamp_policy::rules::{Kind, Origin, Rules, Verdict};

fn verdict(path: &str, kind: Kind) -> Verdict {
    let rules = Rules::built_in(None).unwrap();
    rules.verdict(path.as_bytes(), kind)
}

#[test]
fn protects() {
    for path in [
        // ReaR's places
        "/var/lib/rear/output/rear-host.iso",
        "/var/lib/rear/output/rear-host.raw.gz",
        "/var/lib/rear/output/rear-host.log",
        "/var/lib/rear/output/README",
        "/var/log/rear/rear-host.log",
        "/var/log/rear/rear-host.1234.log",
        "/var/log/rear/rear-host.log.lockless",
        "/boot/rear-initrd.cgz",
        // ReaR's names at any output URL, and below its mount
        "/mnt/backup/host/backup.tar.gz",
        "/mnt/backup/host/backup.tar.gz.00",
        "/mnt/backup/host/backup.tar.gz.md5",
        "/mnt/backup/host/backup.log",
        "/mnt/backup/host/2024-01-31-0200-F.tar.gz",
        "/mnt/backup/host/2024-01-31-0200-I.log",
        "/mnt/backup/host/rear-host.iso",
        "/mnt/backup/host/rear-host.log",
        "/mnt/backup/host/rear-host.log.old",
        "/tmp/rear.AbCdEfGhIjKlMno/outputfs/host/selinux.autorelabel",
        "/data/tmp/rear.AbCdEfGhIjKlMno/outputfs/host/VERSION",
        // others
        "/var/backups/x.tgz",
        "/home/eva/vm.qcow2",
        "/srv/dump.sql",
        "/srv/dump.sql.zst",
        "/srv/db.dump",
        "/var/lib/redis/temp-1234.rdb",
        "/srv/vzdump-qemu-100.vma.zst",
        "/srv/duplicity-full.20240101T000000Z.vol1.difftar.gpg",
        "/srv/backup-2024.tar.gz",
        "/srv/host-backup.tar.xz",
        "/root/.ssh/id_ed25519",
        "/root/id_rsa",
        "/etc/ssh/ssh_host_ecdsa_key",
        "/root/.gnupg/trustdb.gpg",
        "/etc/nginx/server.key",
        "/srv/key.pem",
        "/srv/server-key.pem",
        "/etc/letsencrypt/archive/x/privkey1.pem",
        "/srv/client.p12",
        "/srv/x.keytab",
    ] {
        assert!(
            matches!(verdict(path, Kind::Other), Verdict::Sensitive(_)),
            "{path}"
        );
    }
    let outputfs = "/tmp/rear.AbCdEfGhIjKlMno/outputfs";
    assert!(matches!(
        verdict(outputfs, Kind::Directory),
        Verdict::Sensitive(_)
    ));
}

#[test]
fn leaves_readable() {
    for path in [
        // the rescue system, whatever it contains
        "/tmp/rear.AbCdEfGhIjKlMno/rootfs",
        "/tmp/rear.AbCdEfGhIjKlMno/rootfs/etc/os-release",
        "/tmp/rear.AbCdEfGhIjKlMno/rootfs/etc/ssh/ssh_host_rsa_key",
        "/var/lib/rear/layout/disklayout.conf",
        "/tmp/rear.AbCdEfGhIjKlMno/rootfs/var/lib/rear/layout/disklayout.conf",
        "/tmp/rear.AbCdEfGhIjKlMno/rootfs/usr/lib/grub/i386-pc/core.img",
        "/data/tmp/rear.AbCdEfGhIjKlMno/rootfs/root/.ssh/authorized_keys",
        // PXE
        "/var/lib/rear/output/host.kernel",
        "/var/lib/rear/output/host.initrd.cgz",
        "/var/lib/rear/output/host.message",
        "/var/lib/rear/output/rear-host",
        "/tmp/rear.AbCdEfGhIjKlMno/tftpbootfs/host/host.initrd.xz",
        "/tmp/rear.AbCdEfGhIjKlMno/tftpbootfs/pxelinux.0",
        "/srv/tftp/host.kernel",
        // a hard link to the distribution's kernel
        "/boot/rear-kernel",
        "/boot/initrd.img-6.1.0-56-cloud-amd64",
        // public halves and public keys
        "/root/.ssh/id_ed25519.pub",
        "/etc/ssh/ssh_host_rsa_key.pub",
        "/etc/apt/keyrings/vendor.key",
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/ssl/certs/x.pem",
        "/etc/letsencrypt/archive/x/fullchain1.pem",
        "/etc/ssl/private/ssl-cert-snakeoil.key",
        "/var/cache/bind/Kexample.org.+013+12345.key",
        // what packages install
        "/usr/lib/grub/i386-pc/boot.img",
        "/usr/share/app/schema.sql",
        // generic names
        "/var/log/syslog.1.gz",
        "/var/log/app.log",
        "/srv/www/site.tar.gz",
        "/etc/passwd",
        "/tmp/x",
        "/dev/null",
        "/",
    ] {
        assert!(
            !matches!(verdict(path, Kind::Other), Verdict::Sensitive(_)),
            "{path}"
        );
    }
    for path in [
        "/tmp/rear.AbCdEfGhIjKlMno",
        "/tmp/rear.AbCdEfGhIjKlMno/rootfs",
    ] {
        assert!(
            !matches!(verdict(path, Kind::Directory), Verdict::Sensitive(_)),
            "{path}"
        );
    }
}

#[test]
fn every_entry_says_why() {
    let rules = Rules::built_in(Some(b"/root")).unwrap();
    let entries: Vec<_> = builtin::entries().collect();
    assert_eq!(entries.len(), rules.len());
    for ((pattern, why), (id, rule)) in entries.iter().zip(rules.iter()) {
        assert_eq!(pattern.as_bytes(), rule.text);
        assert_eq!((rule.origin, rule.number), (Origin::BuiltIn, id.0 + 1));
        assert!(why.len() > 15 && why.ends_with('.'), "{pattern}: {why}");
    }
    let (pattern, why) = &entries[0];
    assert_eq!(pattern, &"id_{rsa,dsa,ecdsa,ecdsa_sk,ed25519,ed25519_sk}");
    assert_eq!(why, "Private keys of ssh, by ssh-keygen's default names.");
}
