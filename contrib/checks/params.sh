#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# No function with ten or more parameters: it wants a struct.
# shellcheck source=contrib/checks/lib.sh
. "$(dirname "$0")/lib.sh"

MAX=9
command -v ctags >/dev/null || { echo "params: universal-ctags is missing" >&2; exit 2; }

while IFS= read -r row; do
	fault "$row"
done < <(all_sources | ctags -x --language-force=C --kinds-C=fp --_xformat='%F	%n	%N	%S' -L - 2>/dev/null |
	perl -F'\t' -lane '
		my ($depth, $n) = (0, 1);
		for my $c (split //, $F[3]) {
			$depth++ if $c =~ /[([{]/;
			$depth-- if $c =~ /[)\]}]/;
			$n++ if $c eq "," && $depth == 1;
		}
		print "$F[0]:$F[1]: $F[2] has $n parameters, more than '$MAX'" if $n > '$MAX'')
finish
