#!/usr/bin/perl
# The other user of the machine: watches directories with inotify, opens each
# file at the first moment that it may, keeps the descriptor, and at the end
# counts what it can read through it. A file that was open to others for the
# shortest time is lost to such a reader, whatever its mode is later.
#
#   reader.pl RESULT DIRECTORY...
#
# Run it as the other uid. It prints "ready" when every watch is set, stops at
# SIGTERM, and writes one line a file to RESULT, tab separated:
#   bytes read   mode when opened (octal)   path
# Core Perl only (Debian's perl-base is always there): inotify is called by its
# system call numbers.
use strict;
use warnings;
use POSIX ();

my %numbers = (    # machine => [inotify_init1, inotify_add_watch]
    x86_64  => [294, 254],
    aarch64 => [26,  27],
    riscv64 => [26,  27],
    i686    => [332, 292],
    armv7l  => [360, 317],
    ppc64le => [318, 276],
    s390x   => [324, 285],
);

# <sys/inotify.h>
my ($MODIFY, $ATTRIB, $MOVED_TO, $CREATE, $IS_DIRECTORY) =
    (0x2, 0x4, 0x80, 0x100, 0x40000000);

my ($result, @directories) = @ARGV;
die "usage: reader.pl RESULT DIRECTORY...\n" unless @directories;

my $machine = (POSIX::uname())[4];
my ($init, $add) = @{ $numbers{$machine} // die "no inotify numbers for $machine\n" };

my $stop = 0;
$SIG{TERM} = sub { $stop = 1 };

my $queue = syscall($init, 0);
die "inotify_init1: $!\n" if $queue < 0;
open(my $events, '<&=', $queue) or die "inotify: $!\n";

my %directory;    # watch => directory
my %held;         # "device:inode" => [handle, mode, path]

sub take {
    my ($path) = @_;
    # sysopen without O_NONBLOCK would hang on a fifo: only regular files count.
    sysopen(my $file, $path, POSIX::O_RDONLY() | POSIX::O_NONBLOCK()) or return;
    my @facts = stat($file) or return;
    return unless -f _;
    my $key = "$facts[0]:$facts[1]";
    $held{$key} //= [$file, $facts[2] & 07777, $path];
    return;
}

sub watch {
    my ($path) = @_;
    my $id = syscall($add, $queue, $path, $MODIFY | $ATTRIB | $MOVED_TO | $CREATE);
    return 0 if $id < 0;
    $directory{$id} = $path;
    return 1;
}

# A directory that appeared: watch it, and look at what got into it before the
# watch was set.
sub enter {
    my ($path) = @_;
    watch($path) or return;
    opendir(my $list, $path) or return;
    for my $name (readdir $list) {
        next if $name eq '.' || $name eq '..';
        my $inner = "$path/$name";
        if   (-l $inner)    { next }
        elsif (-d _)        { enter($inner) }
        else                { take($inner) }
    }
    return;
}

for my $path (@directories) {
    watch($path) or die "inotify_add_watch $path: $!\n";
}
$| = 1;
print "ready\n";

my $buffer;
until ($stop) {
    my $got = sysread($events, $buffer, 65536);
    next unless $got;
    while (length $buffer) {
        my ($id, $mask, undef, $length) = unpack('iIII', $buffer);
        my $name = substr($buffer, 16, $length);
        $buffer = substr($buffer, 16 + $length);
        $name =~ s/\0.*//s;
        next unless exists $directory{$id} && length $name;
        my $path = "$directory{$id}/$name";
        if ($mask & $IS_DIRECTORY) {
            enter($path) if $mask & ($CREATE | $MOVED_TO | $ATTRIB);
        }
        else {
            take($path);
        }
    }
}

open(my $out, '>', $result) or die "$result: $!\n";
for my $key (sort { $held{$a}[2] cmp $held{$b}[2] } keys %held) {
    my ($file, $mode, $path) = @{ $held{$key} };
    my ($total, $data) = (0, '');
    while (my $got = sysread($file, $data, 1 << 20)) { $total += $got }
    printf $out "%d\t%04o\t%s\n", $total, $mode, $path;
}
close($out) or die "$result: $!\n";
