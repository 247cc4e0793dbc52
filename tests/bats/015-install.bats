#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# 015-install: what `make install` puts there: pages of the manual that name every flag of --help,
# completions that know every command. tests/check.sh looks at uninstall.

load helpers

setup() {
	PREFIX=$(dirname "$(dirname "$(readlink -f "$(command -v rbox)")")")
}

commands() {
	rbox "$@" --help | awk '/^Commands:/ { on = 1; next } /^[^ ]/ { on = 0 } on && NF { print $1 }'
}

# Every command as it is typed, nouns and their verbs too.
every_command() {
	local c sub subs
	for c in $(commands); do
		subs=$(commands "$c")
		[ -n "$subs" ] || echo "$c"
		for sub in $subs; do echo "$c $sub"; done
	done
}

flags_of() {	# COMMAND...: the long flags of its help
	rbox "$@" --help | sed -n '/^Options:/,/^$/ s/^  \(-., \|    \)--\([a-z-]*\).*/\2/p'
}

@test "install - the programs are where they look for each other" {
	test -x "$PREFIX/bin/rbox"
	test -x "$PREFIX/libexec/rbox/rbox-image"
	run_rbox load -q -i "$IMAGES/empty.tar"
	run_rbox rmi localhost/empty
}

@test "install - a page for each command, with every flag of its help" {
	local c page f n=0 text
	for c in $(every_command | tr ' ' '-'); do
		page=$PREFIX/share/man/man1/rbox-$c.1
		test -s "$page" || { echo "no page for rbox $c"; return 1; }
		text=$(sed 's/\\-/-/g; s/\\f[A-Z]//g; s/\\&//g' "$page")
		# shellcheck disable=SC2046
		for f in $(flags_of $(tr '-' ' ' <<<"$c")); do
			grep -qE -- "--$f([=, ]|\$)" <<<"$text" || { echo "rbox-$c.1 doesn't name --$f"; return 1; }
			n=$((n + 1))
		done
	done
	assert "$n" -gt 200 "flags looked for"
	test -s "$PREFIX/share/man/man1/rbox.1"
	for c in $(commands); do
		grep -q "$c" "$PREFIX/share/man/man1/rbox.1" || { echo "rbox.1 doesn't name $c"; return 1; }
	done
}

@test "install - rbox(1) has what one looks for in it, its options too; rbox-run(1) says what run does" {
	local text s
	text=$(sed 's/\\-/-/g' "$PREFIX/share/man/man1/rbox.1")
	for s in DESCRIPTION OPTIONS COMMANDS "EXIT STATUS" ENVIRONMENT FILES "SEE ALSO"; do
		grep -qx ".SH $s" <<<"$text" || { echo "rbox.1 has no $s"; return 1; }
	done
	for s in --log-level --noout 125 126 127 XDG_DATA_HOME XDG_RUNTIME_DIR REGISTRY_AUTH_FILE registries.conf auth.json; do
		grep -q -e "$s" <<<"$text" || { echo "rbox.1 doesn't name $s"; return 1; }
	done
	grep -qx ".SH DESCRIPTION" "$PREFIX/share/man/man1/rbox-run.1"
}

# It lay where nothing looks for it when PREFIX is ~/.local, and named rbox without its folder.
@test "install - the unit is where systemd --user looks, and starts the rbox beside it" {
	local unit=$PREFIX/share/systemd/user/rbox-restart.service
	assert "$(grep ^ExecStart= "$unit")" == "ExecStart=$PREFIX/bin/rbox start --all --filter should-start-on-boot=true"
	assert "$(grep @ "$unit")" == ""
}

@test "install - the pages have no fault that man would complain of" {
	command -v groff >/dev/null || return 0
	local page
	for page in "$PREFIX"/share/man/man1/*.1; do
		assert "$(groff -man -Tutf8 -ww -z "$page" 2>&1)" == "" "$page"
	done
}

@test "install - bash completes commands and flags" {
	complete_line() {
		bash --norc -c '. "$1"; COMP_WORDS=("${@:2}"); COMP_CWORD=$(($# - 2)); COMP_LINE="${*:2}"
			COMP_POINT=${#COMP_LINE}; _rbox; printf "%s\n" "${COMPREPLY[@]}"' bash \
			"$PREFIX/share/bash-completion/completions/rbox" "$@"
	}
	assert "$(complete_line rbox ru | tr -d ' ')" == run
	assert "$(complete_line rbox run --read-only- | tr -d ' ')" == --read-only-tmpfs
	local c
	for c in $(commands); do
		complete_line rbox "$c" | tr -d ' ' | grep -qx "$c" || { echo "$c isn't completed"; return 1; }
	done
	grep -q compdef "$PREFIX/share/zsh/site-functions/_rbox"
	grep -q 'complete -c rbox' "$PREFIX/share/fish/vendor_completions.d/rbox.fish"
}
