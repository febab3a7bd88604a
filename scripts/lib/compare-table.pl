# What scripts/compare saw, as a table; the exit status says whether it is as it must be.
# Usage: perl compare-table.pl terminal|markdown DIRECTORY
use strict;
use warnings;

my ($form, $work) = @ARGV;

# The fields of each line of a file, tab-separated.
sub fields {
    my ($name) = @_;
    open my $in, '<', "$work/$name" or die "$work/$name: $!\n";
    my @lines = map { chomp; [split /\t/, $_, -1] } <$in>;
    return @lines;
}

my @jobs = map { { name => $_->[0], kind => $_->[1], title => $_->[2] } } fields('jobs');
my @ways = map { { name => $_->[0], title => $_->[1], text => $_->[2], reason => $_->[3] } } fields('ways');
my @had = grep { !length $_->{reason} } @ways;
my %kind;
push @{ $kind{ $_->{kind} } }, $_ for @jobs;
my @leaking = map { @{ $kind{$_} } } qw(creates arrives existing);
my @static = @{ $kind{static} };

# What others are meant to read although it lies in the closed directory.
sub is_public { return $_[0] =~ m{\.crt$|/public(/|$)} }

# Is there a directory above that lets nobody but its owner in?
sub closed_above {
    my ($modes, $path) = @_;
    while ($path =~ s{/[^/]*$}{}) {
        return 1 if defined $modes->{$path} && !($modes->{$path} & 077);
    }
    return 0;
}

# The paths that a job left open to others: at any instant, and in the end.
sub leaks {
    my ($way, $job) = @_;
    my (%directory, %before, %touched, @inodes, @instant, @end);
    for (fields("$way->{name}/$job->{name}.report")) {
        my ($what, @rest) = @$_;
        if ($what eq 'inode') {
            my ($kind, $before, undef, $loosest, undef, undef, $by, $path) = @rest;
            $directory{$path} = ($directory{$path} // 0) | oct $loosest if $kind eq 'directory';
            $before{$path} = oct $before if $before ne '-';
            push @inodes, [$path, oct $loosest, $before eq '-' ? 0 : oct $before];
        }
        else {
            my ($mode, undef, $path) = @rest;
            $touched{$path} = 1;
            push @inodes, [$path, oct $mode, 0];
        }
    }
    my $ours = sub { $_[0] =~ m{^s/\Q$job->{name}\E/} && !is_public($_[0]) };
    for (@inodes) {
        my ($path, $mode, $before) = @$_;
        push @instant, $path if $ours->($path) && ($mode & ~$before & 077) && !closed_above(\%directory, $path);
    }
    my %end = map { $_->[2] => oct $_->[1] } @{ $way->{end} };
    for my $path (sort keys %end) {
        next if !$ours->($path) || (exists $before{$path} && !$touched{$path});
        push @end, $path if ($end{$path} & 077) && !closed_above(\%end, $path);
    }
    return (\@instant, \@end);
}

# What others have of the plain files that jobs of a kind made: type and mode, or nothing.
sub plain_files {
    my ($way, $kind) = @_;
    my $names = join '|', map { "\Q$_->{name}\E" } @{ $kind{$kind} };
    my %modes = map { $_->[2] => oct $_->[1] } @{ $way->{end} };
    my %files;
    for (@{ $way->{end} }) {
        my ($type, $mode, $path) = @$_;
        next unless $path =~ m{^p/(?:$names)/} || $kind eq 'plain' && is_public($path);
        $files{$path} = $type . (closed_above(\%modes, $path) ? ' closed' : " $mode");
    }
    return \%files;
}

# The paths of the plain files that are not as without a way.
sub changed {
    my ($plain, $reference) = @_;
    return grep { ($plain->{$_} // 'none') ne $reference->{$_} } sort keys %$reference;
}

sub quantile {
    my ($part, @values) = @_;
    @values = sort { $a <=> $b } @values;
    return $values[int($part * $#values + 0.5)];
}

my %samples;
push @{ $samples{"$_->[0] $_->[1]"} }, $_->[2] for fields('samples');

# Round by round to nothing: what slows the machine for a while slows both.
sub ratio {
    my ($part, $way) = @_;
    my ($plain, $ours) = map { $samples{"$part $_"} // [] } 'nothing', $way->{name};
    return '–' unless @$plain && @$ours;
    return sprintf '%.2f', quantile(0.5, map { $ours->[$_] / $plain->[$_] } 0 .. $#$ours);
}

my (@faults, @unproven, %rows);
for my $way (@had) {
    $way->{end} = [fields("$way->{name}/end")];
    my %leaked = map { $_->{name} => [leaks($way, $_)] } @leaking, @static;
    my %statuses = map { @$_ } fields("$way->{name}/statuses");
    $way->{$_} = plain_files($way, $_) for qw(plain static-plain);
    my %changed = map { $_ => [changed($way->{$_}, $had[0]{$_})] } qw(plain static-plain);
    my ($image) = map { $_->[0] } fields("$way->{name}/image");
    my @failed = grep { $statuses{$_} } sort keys %statuses;

    my $count = sub {
        my ($when, @of) = @_;
        return (grep { !@{ $leaked{ $_->{name} }[$when] } } @of) . ' of ' . @of;
    };
    # In the end only those count that would leave something open without a way.
    $way->{leaked} = \%leaked;
    my @lasting = grep { @{ $had[0]{leaked}{ $_->{name} }[1] } } @leaking;
    my $unchanged = sub {
        my $all = keys %{ $had[0]{ $_[0] } };
        return $all - @{ $changed{ $_[0] } } . " of $all";
    };
    $rows{ $way->{name} } = [
        $count->(0, @leaking),
        $count->(1, @lasting),
        $count->(0, @{ $kind{arrives} }),
        $count->(0, @{ $kind{existing} }),
        $unchanged->('plain'),
        $image ? "no: $image" : 'yes',
        @jobs - @failed . ' of ' . @jobs,
        $count->(0, @static),
        $unchanged->('static-plain'),
        ratio('jobs', $way),
        ratio('files', $way),
    ];
    if ($way->{name} eq 'umaskclamp') {
        for (@leaking) {
            my ($instant, $end) = @{ $leaked{ $_->{name} } };
            push @faults, "LEAK: $_->{title}: @$instant" if @$instant;
            push @faults, "LEAK in the end: $_->{title}: @$end" if @$end;
        }
        push @faults, map { "DIFFERS: $_: $had[0]{plain}{$_} without, " . ($way->{plain}{$_} // 'none') . ' with' }
            @{ $changed{plain} };
        push @faults, "FAILED: nobody but root can run a program in the rescue image, status $image" if $image;
        push @faults, map { "FAILED: the job $_, status $statuses{$_}" } @failed;
    }
    if ($way->{name} eq 'nothing') {
        push @unproven, map { "NOT SHOWN: $_->{title} leaks nothing" } grep { !@{ $leaked{ $_->{name} }[0] } } @leaking, @static;
        push @unproven, "NOT SHOWN: the rescue image is of no use, status $image" if $image;
        push @unproven, map { "NOT SHOWN: the job $_, status $statuses{$_}" } @failed;
    }
}

# Each row with a short name for the terminal, where the ways go downwards.
my @titles = (
    ['leaks closed from the first instant on', 'first instant'],
    ['leaks closed in the end', 'in the end'],
    ['arrival by rename, from the first instant on', 'by rename'],
    ['existing wide file, before it is written', 'existing'],
    ['plain files that are as without', 'plain'],
    ['a rescue image in which not only root can run a program', 'image'],
    ['jobs that end with status 0', 'status 0'],
    ['leaks of a static program, closed from the first instant on', 'static'],
    ['plain files of a static program that are as without', 'static plain'],
    ['processor time, all jobs', 'time'],
    ['processor time, 2,000 files unpacked', 'unpacking'],
);
sub cell {
    my ($way, $row) = @_;
    return length $way->{reason} ? '–' : $rows{ $way->{name} }[$row];
}

# Text without Markdown's quotes, as characters, so that columns can be counted.
sub bare {
    my ($text) = @_;
    $text =~ tr/`//d unless $form eq 'markdown';
    utf8::decode($text);
    return $text;
}
binmode $_, ':encoding(UTF-8)' for *STDOUT, *STDERR;

my ($host) = map { $_->[0] } fields('host');
print bare('The same ' . @jobs . ' jobs, as root, in a directory that is to be closed to others, under'
    . ' each way to close it, as `scripts/compare` saw them with a tracer that looks after every system'
    . " call ($host).\n\n");
my $item;
if ($form eq 'markdown') {
    $item = '- ';
    print bare($_) for '| |', map { " $_->{title} |" } @ways;
    print "\n|---|", '---:|' x @ways, "\n";
    for my $row (0 .. $#titles) {
        print '| ', bare(join ' | ', $titles[$row][0], map { cell($_, $row) } @ways), " |\n";
    }
}
else {
    $item = '  ';
    printf '%-15s', '';
    printf '%14s', $_->[1] for @titles;
    print "\n";
    for my $way (@ways) {
        printf '%-15s', bare($way->{title});
        printf '%14s', bare(cell($way, $_)) for 0 .. $#titles;
        print "\n";
    }
    print "\n";
    print "$item$_->[1]: $_->[0]\n" for @titles;
}

sub listed { return @_ ? join(', ', @_) : 'none' }
my @all = grep { my $cells = $rows{ $_->{name} }; !grep { /^(\d+) of (\d+)$/ && $1 != $2 } @$cells[0, 1] } @had;
my @harmless = grep { my $cells = $rows{ $_->{name} }; $cells->[5] eq 'yes' && !grep { /^(\d+) of (\d+)$/ && $1 != $2 } @$cells[4, 6] } @all;
print "\n", bare('Every leak of dynamically linked programs closed from the first instant on: ' . listed(map { $_->{title} } @all)
    . '. Of these, all plain files of such programs as without: ' . listed(map { $_->{title} } @harmless) . ".\n");
print bare("Processor time is the job's and that of what serves it, on tmpfs, as a ratio to nothing, the"
    . ' median of ' . @{ $samples{'jobs nothing'} } . " rounds. Neither a umask nor a closed parent adds"
    . " work to speak of: how far their figures are from 1 shows the spread.\n") if %samples;
print "\nThe ways:\n\n";
print $item, bare("$_->{title}: $_->{text}"), (length $_->{reason} ? bare(". Skipped: $_->{reason}") : ''), "\n" for @ways;
print "\nThe jobs:\n\n";
my @kinds = (
    [creates => 'Leaks'], [arrives => 'Leaks, arrival'], [existing => 'Leaks, existing file'],
    [plain => 'Plain'], [static => 'Leaks, static program'], ['static-plain' => 'Plain, static program'],
);
for (@kinds) {
    my ($kind, $word) = @$_;
    print $item, bare("$word: " . join('; ', map { $_->{title} } @{ $kind{$kind} })), ".\n";
}
print STDERR bare($_), "\n" for @unproven, @faults;
exit(@unproven ? 3 : @faults ? 1 : 0);
