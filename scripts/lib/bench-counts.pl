# Compares counts of instructions on stdin with those of a file: status 1 if one is
# more than a tenth (and more than ten instructions) above.
# Usage: perl bench-counts.pl FILE <COUNTS
use strict;
use warnings;

my ($name) = @ARGV;
my %before;
open my $file, '<', $name or die "$name: $!\n";
while (<$file>) {
    chomp;
    my ($what, $count) = split /\t/;
    $before{$what} = $count;
}
close $file;

my $worse = 0;
while (<STDIN>) {
    chomp;
    my ($what, $count) = split /\t/;
    next if $what eq 'libc';
    my $was = delete $before{$what};
    if (!defined $was) {
        print "$what: $count, not in $name\n";
        $worse = 1;
        next;
    }
    my $more = $count > $was * 1.1 && $count > $was + 10;
    printf "%-24s %7d was %7d%s\n", $what, $count, $was, $more ? '  more than a tenth above' : '';
    $worse ||= $more;
}
for (grep { $_ ne 'libc' } sort keys %before) {
    print "$_: not counted\n";
    $worse = 1;
}
exit $worse;
