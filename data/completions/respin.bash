# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of respin for bash. It asks the program ("respin help --list COMMAND") and so never knows more or less than
# that does. It needs nothing of the bash-completion package.

_respin_fill() { # _respin_fill WORD...: those that begin as the word under the cursor does
	local word
	for word; do
		[[ $word == "$cur"* ]] && COMPREPLY+=("$word")
	done
}

_respin_files() { # _respin_files f|d: files, or directories alone
	compopt -o filenames 2>/dev/null
	local name
	while IFS= read -r name; do
		COMPREPLY+=("$name")
	done < <(compgen "-$1" -- "$cur")
}

_respin_scenarios() {
	"$program" sim list 2>/dev/null | sed 's/ .*//'
}

# bash takes a colon for the end of a word: what stands before it is there already, and must not come again.
_respin_source() {
	if [[ $cur == sim:* ]]; then
		_respin_fill $(_respin_scenarios | sed 's/^/sim:/')
		[[ $COMP_WORDBREAKS == *:* ]] && COMPREPLY=("${COMPREPLY[@]#sim:}")
		return
	fi
	_respin_files f
	if [[ -n $cur && sim: == "$cur"* ]]; then
		compopt -o nospace 2>/dev/null
		COMPREPLY+=(sim:)
	fi
}

_respin_value() { # _respin_value OPTION KIND
	case $1,$2 in
	--medium,*) _respin_fill cd-74 cd-80 dvd-5 dvd-9 dvd-9-ptp bd-25 bd-50 bd-66 bd-100 ;;
	--policy,*) _respin_fill respin linear bisection predecessor ddrescue ddrescue-tuned ;;
	*,SOURCE) _respin_source ;;
	*,FILE | *,MAP* | *,IMAGE* | *,OUT) _respin_files f ;;
	*,DIR) _respin_files d ;;
	*,CMD) COMPREPLY=($(compgen -c -- "$cur")) ;;
	sim,NAME*) _respin_fill $(_respin_scenarios) && [[ $cur == */* || ${#COMPREPLY[@]} -eq 0 ]] && _respin_files f ;;
	*,COMMAND) _respin_fill $("$program" help --list 2>/dev/null | cut -f 1) ;;
	esac
	return 0
}

_respin() {
	local program=$1 cur=${COMP_LINE:0:COMP_POINT} command= sub= list before= word count=0 i
	local -A takes=() subs=() places=()
	local -a words=(${COMP_LINE:0:COMP_POINT}) # blanks inside a word are rare, and cost a suggestion only
	COMPREPLY=()
	[[ $cur == *[[:space:]] ]] && words+=('')
	cur=${words[-1]}
	if ((${#words[@]} == 2)); then
		_respin_fill $("$program" help --list 2>/dev/null | cut -f 1) --help --version
		return
	fi
	command=${words[1]}
	while IFS= read -r list; do
		word=${list%%$'\t'*} list=${list#*$'\t'} list=${list%%$'\t'*}
		case $word in
		-*) takes[$word]=$list ;;
		[0-9]*) places[$word]=$list ;;
		?*) subs[$word]=1 ;;
		esac
	done < <("$program" help --list "$command" 2>/dev/null)
	for ((i = 2; i < ${#words[@]} - 1; i++)); do
		word=${words[i]}
		if [[ -n $before ]]; then
			before=
		elif [[ $word == -?* ]]; then
			[[ -n ${takes[$word]} ]] && before=$word
		elif [[ -z $sub && -n ${subs[$word]} ]]; then
			sub=$word
		else
			((++count))
		fi
	done
	if [[ -n $before ]]; then
		_respin_value "$before" "${takes[$before]}"
	elif [[ $cur == -* ]]; then
		_respin_fill "${!takes[@]}"
	elif ((${#subs[@]})) && [[ -z $sub ]]; then
		_respin_fill "${!subs[@]}"
	else
		word=${places[$((count + 1))]:-${places[${#places[@]}]}} # the last one may stand there more than once
		_respin_value "$command" "$word"
	fi
}
complete -F _respin respin
