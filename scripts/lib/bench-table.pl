# What scripts/bench measured, as a table and as JSON.
# Usage: perl bench-table.pl GOALS SAMPLES DIRECTORY
use strict;
use warnings;

my ($goals, $samples, $out) = @ARGV;

# Figures by group and configuration, in the order in which they came.
my (%figures, @groups, %configurations);
open my $in, '<', $samples or die "$samples: $!\n";
while (<$in>) {
    chomp;
    my ($group, $configuration, $figure) = split /\t/;
    push @groups, $group unless $figures{$group};
    push @{ $configurations{$group} }, $configuration unless $figures{$group}{$configuration};
    push @{ $figures{$group}{$configuration} }, $figure;
}
close $in;

sub quantile {
    my ($part, @values) = @_;
    @values = sort { $a <=> $b } @values;
    return $values[int($part * $#values + 0.5)];
}

sub median { return quantile(0.5, @_) }

# The ratio to plain, round by round: what slows the machine for a while slows both.
sub ratios {
    my ($group, $configuration) = @_;
    my @plain = @{ $figures{$group}{plain} // [] };
    my @ours = @{ $figures{$group}{$configuration} };
    return map { $plain[$_] ? $ours[$_] / $plain[$_] : () } 0 .. ($#ours < $#plain ? $#ours : $#plain);
}

# What a configuration adds to plain, as the median of the rounds' differences.
sub added {
    my ($group, $configuration) = @_;
    my @plain = @{ $figures{$group}{plain} };
    my @ours = @{ $figures{$group}{$configuration} };
    return median(map { $ours[$_] - $plain[$_] } 0 .. $#plain);
}

my ($table, @json) = ('');
sub text { my ($text) = @_; $text =~ s/(["\\])/\\$1/g; return "\"$text\"" }

for my $group (@groups) {
    my $counted = $group =~ /^(instructions|page faults)/;
    $table .= "\n### $group\n\n";
    $table .= $counted ? "| | number |\n|---|---:|\n"
        : "| | ratio to plain | middle half | added to plain, of the empty library's |\n|---|---:|---:|---:|\n";
    my $empty = $figures{$group}{empty} && added($group, 'empty');
    for my $configuration (@{ $configurations{$group} }) {
        my $median = median(@{ $figures{$group}{$configuration} });
        if ($counted) {
            $median = int $median;
            $table .= "| $configuration | $median |\n";
            push @json, sprintf '{"group":%s,"configuration":%s,"number":%s}', text($group), text($configuration), $median;
            next;
        }
        my @ratios = ratios($group, $configuration);
        my ($low, $middle, $high) = map { quantile($_, @ratios) } 0.25, 0.5, 0.75;
        my $extra = $empty && $configuration ne 'plain' ? sprintf('%.2f', added($group, $configuration) / $empty) : '';
        $table .= sprintf "| %s | %.3f | %.3f–%.3f | %s |\n", $configuration, $middle, $low, $high, $extra;
        push @json, sprintf '{"group":%s,"configuration":%s,"rounds":%d,"median":%s,"ratio":%.4f,"quartiles":[%.4f,%.4f]%s}',
            text($group), text($configuration), scalar @ratios, $median, $middle, $low, $high,
            $extra eq '' ? '' : ",\"of_empty\":$extra";
    }
    # How the cost grows with the number of patterns.
    if ($group =~ /patterns \(/) {
        $table .= "\n```text\n";
        for my $configuration (grep { /^\d+$/ } @{ $configurations{$group} }) {
            my $middle = median(ratios($group, $configuration));
            my $width = int(($middle - 1) * 100 + 0.5);
            $width = 0 if $width < 0;
            my $bar = '#' x ($width > 60 ? 60 : $width);
            $table .= sprintf "%6d patterns |%-60s %+.1f %%\n", $configuration, $bar, ($middle - 1) * 100;
        }
        $table .= "```\n";
    }
}

my $verdicts = "| goal | limit | measured | |\n|---|---:|---:|---|\n";
my @goals;
open $in, '<', $goals or die "$goals: $!\n";
while (<$in>) {
    chomp;
    next if /^#/ || !/\S/;
    my ($group, $configuration, $kind, $limit, $words) = split /\t/;
    next unless $figures{$group} && $figures{$group}{$configuration};
    my $measured;
    if ($kind eq 'ratio') {
        $measured = median(ratios($group, $configuration));
    } elsif ($kind =~ /^extra:(.*)/) {
        next unless $figures{$group}{$1};
        $measured = added($group, $configuration) / added($group, $1);
    } else {
        die "$goals: unknown kind $kind\n";
    }
    my $met = sprintf('%.2f', $measured) <= $limit;
    $verdicts .= sprintf "| %s | %.2f | %.2f | %s |\n", $words, $limit, $measured, $met ? 'met' : '**not met**';
    push @goals, sprintf '{"goal":%s,"limit":%s,"measured":%.4f,"met":%s}', text($words), $limit, $measured, $met ? 'true' : 'false';
}
close $in;

open my $file, '>', "$out/table.md" or die "$out/table.md: $!\n";
print {$file} "$verdicts$table";
close $file or die "$out/table.md: $!\n";
open $file, '>', "$out/results.json" or die "$out/results.json: $!\n";
print {$file} "{\"goals\":[\n", join(",\n", @goals), "\n],\"figures\":[\n", join(",\n", @json), "\n]}\n";
close $file or die "$out/results.json: $!\n";
print $verdicts, $table;
