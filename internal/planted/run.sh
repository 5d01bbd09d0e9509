#!/bin/bash
# Plants each bug of list.txt, one at a time, and runs the test that must fail then. The tree stays as it is: the compiler is given the changed file in the place of the
# real one (go build -overlay), so that everything the bug does not touch comes from the build cache.
# A bug that its test does not see ends the run with 1, and so does a line whose place is gone. ONLY="name name" runs those alone.
set -u
export LC_ALL=C.UTF-8
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d /tmp/planted.XXXXXX); trap 'rm -rf "$work"' EXIT
# Writes the changed files and an overlay for each bug, and says: name, package, test, overlay ("" when a place is gone).
perl - "$work" > "$work/bugs" <<'PERL' || exit 1
use strict; use warnings; use Cwd;
my ($work, $top, @bugs) = ($ARGV[0], getcwd());
my %only = map { $_ => 1 } split ' ', $ENV{ONLY} // '';
open my $list, '<', 'internal/planted/list.txt' or die "list.txt: $!";
while (<$list>) {
	chomp;
	next if /^#/ || /^\s*$/;
	my ($name, $file, $was, $now, $pkg, $test) = split / \| /, $_, -1;
	for ($was, $now) { s/\\n/\n/g; s/\\t/\t/g }
	push @bugs, { name => $name, pkg => $pkg, test => $test, edits => [] } if $name ne '+';
	push @{ $bugs[-1]{edits} }, [ $file, $was, $now ];
}
for my $i (0 .. $#bugs) {
	my $b = $bugs[$i];
	next if %only && !$only{ $b->{name} };
	my (%text, $gone);
	for my $e (@{ $b->{edits} }) {
		my ($file, $was, $now) = @$e;
		$text{$file} //= do { local $/; open my $f, '<', $file or die "$file: $!"; <$f> };
		my $n = () = $text{$file} =~ /\Q$was\E/g;
		$gone = 1 if $n != 1;
		$text{$file} =~ s/\Q$was\E/$now/;
	}
	my @pairs;
	for my $file (sort keys %text) {
		my $to = "$work/$i." . scalar(@pairs) . '.go';
		open my $f, '>', $to or die "$to: $!";
		print $f $text{$file};
		close $f;
		push @pairs, qq("$top/$file": "$to");
	}
	open my $f, '>', "$work/$i.json" or die;
	print $f '{"Replace": {' . join(', ', @pairs) . '}}';
	close $f;
	print join('|', $b->{name}, $b->{pkg}, $b->{test}, $gone ? '' : "$work/$i.json"), "\n";
}
PERL
# go_test <name=value, or - for nothing> <tests> <package> <flags>: one run of these tests.
go_test() { env ${1#-} timeout 300 go test -vet=off -ldflags="-s -w" -count=1 -run "^($2)\$" "${@:4}" "./$3" 2>&1; }
# A test that fails says something only if it passes without the bug.
while IFS=$'\t' read -r pkg env tests; do
	out=$(go_test "$env" "$tests" "$pkg") || { echo "without any bug a test of $pkg fails:"; cut -c1-200 <<<"$out" | head -20; exit 1; }
done < <(awk -F'|' '{ n = split($3, t, " "); k = $2 "\t" (n > 1 ? t[1] : "-"); s[k] = s[k] (s[k] ? "|" : "") t[n] } END { for (k in s) print k "\t" s[k] }' "$work/bugs")
seen=0; all=0
while IFS='|' read -r name pkg test overlay; do
	all=$((all+1)); start=$SECONDS; env=-
	if [[ $test == *' '* ]]; then env=${test% *}; test=${test##* }; fi
	if [ -z "$overlay" ]; then echo "GONE     $name: one of its places is not there once"; continue; fi
	out=$(go_test "$env" "$test" "$pkg" -overlay "$overlay"); code=$?
	if [ $code = 0 ]; then
		echo "NOT SEEN $name: $test passes"
	elif [ $code = 124 ] || grep -qE 'build failed|setup failed|no tests to run' <<<"$out"; then
		echo "BROKEN   $name: $test was not run to its end"; cut -c1-200 <<<"$out" | head -5
	else
		why=$(grep -m1 -oE '[a-z0-9_]+_test\.go:[0-9]+: .*' <<<"$out")
		seen=$((seen+1)); printf 'seen     %-30s %s, %d s: %s\n' "$name" "$test" $((SECONDS-start)) "${why:0:110}"
	fi
done < "$work/bugs"
echo "$seen of $all planted bugs were seen"
[ "$all" -gt 0 ] && [ "$seen" -eq "$all" ]
