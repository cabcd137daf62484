# Writes every mutant of rules.txt into the copied sources; which one acts is chosen when the tests run.
# usage: perl apply.pl rules.txt FOLDER, prints a line `name <tab> rule <tab> change <tab> pattern` for each.
use strict;
use warnings;
use utf8;
use open qw(:std :encoding(UTF-8));

my ($rules, $folder) = @ARGV;

sub contents {
    my ($path) = @_;
    open(my $file, '<', $path) or die "$path cannot be read: $!\n";
    local $/;
    return scalar <$file>;
}

my $failed = 0;
my %seen;
for my $block (split /^(?=== )/m, contents($rules)) {
    next unless $block =~ /^== (\S+) · ([^\n]+)\n-- ([^\n]+)\n\?\? ([^\n]+)\n@@ ([^\n]+)\n(.*?)\n>\n(.*?)\s*\z/s;
    my ($name, $rule, $change, $pattern, $path, $old, $new) = ($1, $2, $3, $4, $5, $6, $7);
    die "two mutants are called $name\n" if $seen{$name}++;
    my $text = contents("$folder/$path");
    my $times = () = $text =~ /\Q$old\E/g;
    if ($times != 1) {
        warn "$name no longer applies: its text stands $times times in $path\n";
        $failed = 1;
        next;
    }
    if ($new !~ /MUTANT/) {
        warn "$name has no MUTANT\n";
        $failed = 1;
        next;
    }
    $new =~ s/MUTANT/isMutant("$name")/g;
    $text =~ s/\Q$old\E/$new/;
    open(my $file, '>', "$folder/$path") or die "$path cannot be written: $!\n";
    print $file $text;
    close($file);
    print join("\t", $name, $rule, $change, $pattern), "\n";
}
my $blocks = () = contents($rules) =~ /^== /mg;
if ($blocks != scalar(keys %seen)) {
    warn "$blocks mutants are written down, but only " . scalar(keys %seen) . " can be read\n";
    $failed = 1;
}
exit $failed;
