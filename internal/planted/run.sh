#!/bin/bash
# Puts each planted bug of promises.md E.5 into a copy of the tree, one at a time, and runs the test that must fail there. Each line of list.txt:
#   name | file | what is in it (a fixed string, once in the file) | what stands there instead | package | test
# A bug that its test does not see ends the run with 1, and so does a line whose place is gone. ONLY=name runs one.
set -u
cd "$(dirname "$0")/../.." || exit 1
top=$(pwd); copy=$(mktemp -d /tmp/planted.XXXXXX); trap 'rm -rf "$copy"' EXIT
git ls-files -z | xargs -0 cp --parents -t "$copy" || exit 1
bad=0; n=0
while IFS='|' read -r name file was now pkg test; do
	case $name in ''|'#'*) continue;; esac
	name=$(echo $name); file=$(echo $file); pkg=$(echo $pkg); test=$(echo $test)
	if [ -n "${ONLY:-}" ] && [ "$ONLY" != "$name" ]; then continue; fi
	n=$((n+1))
	if ! WAS="$was" NOW="$now" perl -0777 -e 'my ($w,$n)=($ENV{WAS},$ENV{NOW}); for ($w,$n) { s/^ //; s/ $//; s/\\n/\n/g; s/\\t/\t/g } local $/; open F,"<",$ARGV[0]; my $s=<F>; my $c=()=$s=~/\Q$w\E/g; exit 1 if $c!=1; $s=~s/\Q$w\E/$n/; open F,">",$ARGV[1]; print F $s' "$top/$file" "$copy/$file"; then
		echo "GONE     $name: its place in $file is not there once"; bad=1; cp "$top/$file" "$copy/$file"; continue
	fi
	if out=$(cd "$copy" && timeout 300 go test -count=1 -run "^$test\$" "./$pkg" 2>&1); then
		echo "NOT SEEN $name: $test passes"; bad=1
	elif grep -qE 'build failed|setup failed|\[no tests to run\]' <<<"$out"; then
		echo "BROKEN   $name: it does not build"; echo "$out" | cut -c1-200 | head -5; bad=1
	else
		echo "seen     $name: $test"
	fi
	cp "$top/$file" "$copy/$file"
done < internal/planted/list.txt
[ $n -gt 0 ] || { echo "no such bug"; bad=1; }
exit $bad
