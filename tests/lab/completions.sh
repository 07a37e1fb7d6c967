#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The completions of bash, zsh and fish load, complete a command, a subcommand, an option, a value and the name of a
# scenario as somebody at the keyboard sees it, and offer for every command exactly the options that its help has.
. "$(dirname "$0")/rig.sh"
rig_begin completions bash zsh fish
data=$RESPIN_SOURCE/data/completions
mkdir "$RIG/bin" "$RIG/fish" "$RIG/zsh" "$RIG/here"
ln -s "$RESPIN" "$RIG/bin/respin"
cp "$data/respin.fish" "$RIG/fish/" && cp "$data/_respin" "$RIG/zsh/"
export PATH="$RIG/bin:$PATH" HOME="$RIG" ZDOTDIR="$RIG" XDG_CONFIG_HOME="$RIG/config" TERM=dumb LC_ALL=C.UTF-8
cd "$RIG/here" && : >disc.iso && : >disc.iso.map && mkdir folder || exit 1

in_bash() { # in_bash LINE: what is offered at its end, one a line
	bash --norc -c '. "$1"
		complete -p respin >/dev/null || exit 1
		COMP_LINE=$2 COMP_POINT=${#2}
		_respin respin
		printf "%s\n" "${COMPREPLY[@]}"' bash "$data/respin.bash" "$1" 2>>"$RIG/errors"
}
in_fish() {
	fish --no-config -c "source '$data/respin.fish'; complete -C $(printf '%s' "$1" | sed "s/'/\\\\'/g; s/^/'/; s/\$/'/")" 2>>"$RIG/errors" | cut -f 1
}
# zsh completes on a terminal alone: it gets one, for all the lines of a file in turn, and what it adds to its lists is
# written down. A line is wiped, never run; one that was typed ahead would end the completion, so each gets its time.
cat >"$RIG/zsh.script" <<'ZSH'
zmodload zsh/zpty zsh/zselect
zpty z zsh -f -i
zpty -w z "PS1= PROMPT=; stty -echo; fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -D"
zpty -w z "compadd() { builtin compadd -O hits \"\$@\"; print -rl -- \$hits >>$2; builtin compadd \"\$@\"; }"
zpty -w z "offer() { _main_complete; compstate[insert]= compstate[list]=; print >>$2.done; }; zle -C offer complete-word offer"
zpty -w z "bindkey '^X' offer; print RE\"\"ADY"
zpty -r -m z out '*READY*'
while IFS= read -r line; do
	rm -f $2.done
	print -r -- "= $line" >>$2
	zpty -n -w z "$line"$'\x18'
	for i in {1..200}; do
		zselect -t 1
		[ -e $2.done ] && break
	done
	zselect -t 2
	zpty -n -w z $'\x15'
	zselect -t 2
done <$3
zpty -d z
ZSH
zsh_lines() {
	timeout 60 zsh -f "$RIG/zsh.script" "$RIG/zsh" "$RIG/listed" "$1" >/dev/null 2>>"$RIG/errors"
}
in_zsh() { # from what was written down
	awk -v line="$1" 'sub(/^= /, "") { on = $0 == line; next } on && NF' "$RIG/listed"
}

offers() { # offers SHELL LINE WORD: WORD is among what is offered
	in_$1 "$2" >"$RIG/out"
	claim "$1: '$2' offers $3" grep -qx -e "$3" "$RIG/out"
}
cat >"$RIG/examples" <<'LINES'
respin res
rescue
respin sim o
oracle
respin rescue --on
--on-done
respin show --medium bd-
bd-100
respin sim run dvd-rad
dvd-radial
respin sim run --limit 3 cd-f
cd-field
respin show disc
disc.iso.map
respin files disc.iso --extract fol
folder/\{0,1\}
respin help ver
verify
LINES
{ sed -n 'p;n' "$RIG/examples" && echo 'respin rescue sim:dvd-rad'; } >"$RIG/example.lines"
zsh_lines "$RIG/example.lines"
for command in $("$RESPIN" help --list | cut -f 1); do
	echo "respin $command -"
done >"$RIG/options.lines"
zsh_lines "$RIG/options.lines"
while IFS= read -r line && IFS= read -r word; do
	for shell in bash zsh fish; do
		offers $shell "$line" "$word"
	done
done <"$RIG/examples"
offers fish 'respin rescue sim:dvd-rad' sim:dvd-radial
offers zsh 'respin rescue sim:dvd-rad' dvd-radial
offers bash 'respin rescue sim:dvd-rad' dvd-radial # what stands before the colon stays
offers bash 'respin rescue si' sim:
in_bash 'respin rescue --frob -' >"$RIG/out"
claim 'bash: an unknown option does not end it' grep -qx -e --force "$RIG/out"
in_bash 'respin frob ' >"$RIG/out"
claim 'bash: nothing is offered for what does not exist' [ -z "$(tr -d '\n' <"$RIG/out")" ]

# Both ways: what the help says is offered, and nothing else is.
for command in $("$RESPIN" help --list | cut -f 1); do
	"$RESPIN" help "$command" | grep -o '^  -[^ ]*\(, -[^ ]*\)*' | tr -d ' ' | tr ',' '\n' | sed 's/\[.*//' | sort -u >"$RIG/wanted"
	for shell in bash zsh fish; do
		in_$shell "respin $command -" | sort -u >"$RIG/offered.$shell"
		claim "$shell: the options of $command, $(wc -l <"$RIG/wanted") of them" cmp "$RIG/wanted" "$RIG/offered.$shell"
	done
done
claim_is 'words on standard error' "$(cat "$RIG/errors")" ''
rig_end
