#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Which calls may be made where. A rule: the calls, the files they may stand in (patterns, "-"
# for nowhere), and what to do instead. An exception is a line "file:call reason" in allow/calls.
# Only the product's sources are judged, and tests for what is banned everywhere.
# shellcheck source=contrib/checks/lib.sh
. "$(dirname "$0")/lib.sh"

rules() {
	cat <<'RULES'
clone clone3 setns unshare SYS_clone SYS_clone3 SYS_setns SYS_unshare __NR_clone3	runtime/ns.c	namespaces are entered in runtime/ns.c
mount umount umount2 pivot_root fsopen fsconfig fsmount fspick move_mount open_tree mount_setattr SYS_mount SYS_umount2 SYS_pivot_root SYS_fsopen SYS_fsconfig SYS_fsmount SYS_move_mount SYS_open_tree SYS_mount_setattr __NR_mount __NR_move_mount	runtime/mount.c runtime/rootfs.c	mounts are made in runtime/mount.c and runtime/rootfs.c
open openat creat pipe pipe2 socket socketpair accept accept4 dup dup2 dup3 memfd_create SYS_memfd_create	pkg/util/fd.c	make descriptors with pkg/util/fd.h
openat2 SYS_openat2 __NR_openat2	pkg/util/path.c	open by pkg/util/path.h
read write pread pwrite readv writev SYS_read SYS_write	pkg/util/io.c	read and write whole by pkg/util/io.h
rename renameat renameat2	pkg/util/file.c	replace files by pkg/util/file.h
realpath PATH_MAX chdir fchdir getcwd get_current_dir_name	-	directory descriptors, not path strings (pkg/util/path.h)
printf puts putchar vprintf fprintf fputs fputc vfprintf perror dprintf vdprintf	cmd/* runtime/gen/*	only cmd/ prints; return a struct fail
exit _Exit abort	cmd/* runtime/gen/* pkg/util/mem.c pkg/util/fail.c	library code returns its failures
system popen	-	run programs by pkg/util/spawn.h
RULES
}

# Banned in tests as well.
banned() {
	cat <<'RULES'
strcpy strcat strncpy strncat stpcpy sprintf vsprintf strtok strtok_r gets atoi atol alloca tmpnam mktemp asctime ctime	-	unbounded or without errors: pkg/util/str.h has what you need
RULES
}

# Prints "file<TAB>line<TAB>word<TAB>instead" for each use of a rule's words. Functions count
# where they are called (not `->read(` or `.open = `), constants wherever they are named.
uses() {
	code_lines | perl -e '
		my @rules;
		open(my $fh, "<", $ARGV[0]) or die;
		while (<$fh>) { chomp; my ($w, $files, $why) = split /\t/; push @rules, [$w, $files, $why]; }
		for my $r (@rules) {
			my @calls = grep { !/^(SYS_|__NR_|PATH_MAX)/ } split / /, $r->[0];
			my @names = grep { /^(SYS_|__NR_|PATH_MAX)/ } split / /, $r->[0];
			my @alt;
			push @alt, "(?:" . join("|", @calls) . ")(?=\\s*\\()" if @calls;
			push @alt, "(?:" . join("|", @names) . ")\\b" if @names;
			$r->[3] = join("|", @alt);
			my @globs = map { my $g = quotemeta; $g =~ s/\\\*/.*/g; $g } split / /, $r->[1];
			$r->[4] = $r->[1] eq "-" ? "(?!)" : "^(?:" . join("|", @globs) . ")\$";
		}
		while (my $row = <STDIN>) {
			my ($file, $line, $code) = $row =~ /^([^:]+):(\d+):(.*)$/ or next;
			for my $r (@rules) {
				next if $file =~ /$r->[4]/;
				while ($code =~ /(?<![A-Za-z0-9_.>])($r->[3])/g) {
					print "$file\t$line\t$1\t$r->[2]\n";
				}
			}
		}' "$1"
}

judge() {
	while IFS=$'\t' read -r file line word instead; do
		allowed calls "$file:$word" && continue
		fault "$file:$line: '$word' here: $instead"
	done
}

judge < <(sources | uses <(rules))
judge < <(all_sources | uses <(banned))
stale_exceptions calls
finish
