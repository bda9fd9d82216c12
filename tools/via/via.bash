# SPDX-License-Identifier: BSD-2-Clause
# bash completion of via(1). What there is to choose from is asked of via itself: commands, options,
# domains, functions. Nothing is offered where that fails, as it does for all but root.
# shellcheck shell=bash

# The words of a command's usage line that begin with a dash.
_via_options()
{
	via "$1" --help 2>/dev/null | sed 1q | tr -s ' []|' '\n' | grep '^-'
}

# Functions in one of the states STATE..., none: all.
_via_functions()
{
	via pci-list -a 2>/dev/null | awk -v states=" $* " \
		'NR > 1 && /^[0-9a-f]+:/ && (states == "  " || index(states, " " $4 " ")) { print $1 }'
}

# What can stand at the Nth place behind COMMAND, options not counted; then the words there already.
_via_arguments()
{
	local command=$1 place=$2 first=$3

	case $command:$place in
	list:* | vcpu-list:* | sched-weight:* | vcpu-pin:1 | console:1 | destroy:1 | shutdown:1 | reboot:1 | rename:1 | pause:1 | unpause:1 | stats:1 | trace:1 | pci-list:1 | \
		pci-attach:1 | pci-detach:1)
		via list 2>/dev/null | awk 'NR > 1 { print $1 }'
		;;
	pci-assignable-add:1)
		_via_functions owned broken
		;;
	pci-assignable-remove:1)
		via pci-assignable-list -n 2>/dev/null | awk '{ print $1; if (NF > 1) print $2 }'
		;;
	pci-attach:2)
		_via_functions assignable
		;;
	pci-detach:2)
		via pci-list "$first" 2>/dev/null | awk 'NR > 1 { print $2 }'
		;;
	pci-doctor:*)
		_via_functions
		;;
	esac
}

_via()
{
	local line=${COMP_LINE:0:COMP_POINT} words arguments=() current choice word

	# Split at blanks only: bash itself takes the colons of an address for ends of words.
	read -ra words <<<"$line"
	[[ $line == *[[:blank:]] ]] && words+=("")
	current=${words[-1]}
	COMPREPLY=()
	for word in "${words[@]:2}"; do
		[[ $word == -* ]] || arguments+=("$word")
	done
	if ((${#words[@]} == 2)); then
		choice=$(via --help 2>/dev/null | sed -n 's/^  \([a-z-]*\) .*/\1/p')
	elif [[ $current == -* ]]; then
		choice="$(_via_options "${words[1]}") --help"
	elif [[ ${words[1]} == create ]] && ((${#arguments[@]} == 1)); then
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
	else
		choice=$(_via_arguments "${words[1]}" ${#arguments[@]} "${arguments[0]}")
	fi
	mapfile -t COMPREPLY < <(compgen -W "$choice" -- "$current")
	# And it replaces only what is behind the last colon.
	if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then
		COMPREPLY=("${COMPREPLY[@]#"${current%"${current##*:}"}"}")
	fi
}

complete -F _via via
