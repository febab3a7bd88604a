//! The built-in list: what it protects, and what it must leave readable.

use umaskclamp_policy::builtin;
use umaskclamp_policy::rules::{Kind, Origin, Rules, Verdict};

fn verdict(path: &str, kind: Kind) -> Verdict {
    let rules = Rules::built_in();
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
        "/var/lib/rear/layout/disklayout.conf",
        "/var/lib/rear/layout/sedAb3dEf",
        "/var/lib/rear/recovery/if_inet6",
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
        "/srv/dump.sql.lzo",
        "/srv/dump.sql.gpg",
        "/srv/dump.sql.gz.enc",
        "/srv/dump.sql-20240131",
        "/srv/dump.sql-20240131.gz",
        "/srv/dump.sql-2024-01-31.xz",
        "/srv/dump.sql.1.gz",
        "/srv/db.dump.gz",
        "/srv/db.dump.zst",
        "/srv/directory.ldif.gz",
        "/srv/dump/shop/orders.bson",
        "/srv/dump/shop/orders.bson.gz",
        "/tmp/core.31337",
        "/tmp/core.4194303",
        "/srv/db.dump",
        "/var/lib/redis/temp-1234.rdb",
        "/srv/vzdump-qemu-100.vma.zst",
        "/srv/duplicity-full.20240101T000000Z.vol1.difftar.gpg",
        "/srv/backup-2024.tar.gz",
        "/srv/host-backup.tar.xz",
        "/srv/backup-20240131.gz",
        "/srv/backup_2024-01-31.zst",
        "/srv/backup20240131.xz",
        "/srv/backup.gz",
        "/srv/backup_etc.tar.zst",
        "/srv/backup.gpg",
        // what may hold the key of the root file system
        "/boot/initrd.img-6.1.0-56-cloud-amd64",
        "/boot/initrd.img-6.1.0-56-cloud-amd64.new",
        "/boot/initramfs-6.1.img",
        // while they are written
        "/srv/.shop.sql.Ab3dEf",
        "/srv/.shop.sql.gz.Ab3dEf",
        "/srv/.shop.sql.gpg.Ab3dEf",
        "/srv/.db.dump.zst.Ab3dEf",
        "/srv/.rear-host.iso.Ab3dEf",
        "/srv/.vm.qcow2.Ab3dEf",
        "/srv/.server.key.Ab3dEf",
        "/srv/.server-key.pem.Ab3dEf",
        "/srv/.key.pem.Ab3dEf",
        "/srv/.id_ed25519.Ab3dEf",
        "/srv/.ssh_host_rsa_key.Ab3dEf",
        "/srv/.backup.tar.gz.Ab3dEf",
        "/srv/.host-backup.tar.gz.Ab3dEf",
        "/srv/.2024-01-31-0200-F.tar.gz.Ab3dEf",
        "/srv/.vzdump-qemu-100.vma.zst.Ab3dEf",
        "/srv/.unison.shop.sql.0123456789abcdef0123456789abcdef.unison.tmp",
        "/srv/.unison.shop.sql.gz.0123456789abcdef0123456789abcdef.unison.tmp",
        "/srv/shop.sql.part",
        "/srv/shop.sql.gz.tmp",
        "/srv/shop.sql.lock",
        "/srv/rear-host.iso.filepart",
        "/srv/vm.qcow2.part",
        "/srv/server.key.tmp",
        "/srv/backup-2024.tar.gz.part",
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
        "/var/lib/rear/sysreqs/Minimal_System_Requirements.txt",
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
        "/tmp/rear.AbCdEfGhIjKlMno/httpbootfs/host/host.initrd.xz",
        "/tmp/rear.AbCdEfGhIjKlMno/httpbootfs/host.iso",
        "/srv/tftp/host.kernel",
        // a hard link to the distribution's kernel
        "/boot/rear-kernel",
        "/boot/vmlinuz-6.1.0-56-cloud-amd64",
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
        "/usr/bin/vm.img",
        "/lib/firmware/x.img",
        "/lib64/x.key",
        "/lib/live/boot.iso.part",
        "/bin/x.img",
        "/sbin/x.img",
        // files of backup tools that are no archives
        "/srv/repo/backup/demo/latest/pg_data/backup_label.gz",
        "/srv/repo/backup/demo/latest/pg_data/backup_label.gz.pgbackrest.tmp",
        "/srv/repo/backup/demo/latest/pg_data/backup_manifest.gz",
        "/usr/local/man/man8/backup.8.gz",
        // temporary names of files that are plain in the end
        "/srv/.shop.txt.Ab3dEf",
        "/srv/.java.sql.jmod.Ab3dEf",
        "/srv/.id_rsa.pub.Ab3dEf",
        "/srv/.Kexample.org.+013+12345.key.Ab3dEf",
        "/srv/Kexample.org.+013+12345.key.tmp",
        "/srv/.unison.Kexample.org.+013+12345.key.0123456789abcdef0123456789abcdef.unison.tmp",
        "/srv/.unison.shop.txt.0123456789abcdef0123456789abcdef.unison.tmp",
        "/srv/.unison.java.sql.jmod.0123456789abcdef0123456789abcdef.unison.tmp",
        "/srv/.unison.f.sql.c.0123456789abcdef0123456789abcdef.unison.tmp",
        "/srv/shop.txt.part",
        "/srv/index.lock",
        // beside what is protected
        "/srv/x.iso.sha256",
        "/srv/x.iso.torrent",
        "/opt/jdk/jmods/java.sql.jmod",
        "/srv/www/x.sql.php",
        "/srv/core.py",
        "/srv/core.js",
        "/srv/core.7z",
        "/srv/core.1.2.39",
        "/srv/capture.pcap",
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
    let rules = Rules::built_in();
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
