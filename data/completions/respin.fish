# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of respin for fish. It asks the program ("respin help --list COMMAND") and so never knows more or less than
# that does.

# The words before the cursor that are no options, without "respin".
function __respin_words
    set -l words (commandline -opc)
    string match -v -- '-*' $words[2..-1]
end

function __respin_list
    command respin help --list $argv 2>/dev/null
end

function __respin_scenarios
    command respin sim list --long 2>/dev/null | string replace -r '^(\S+)\s.*' '$1'
end

# The command that stands there, if there is one.
function __respin_command
    set -l words (__respin_words)
    test (count $words) -ge 1; and echo $words[1]
end

# What the option before the cursor takes, or nothing.
function __respin_wanted
    set -l command (__respin_command)
    set -l words (commandline -opc)
    test -n "$command"; and string match -q -- '-*' $words[-1]; or return 1
    for line in (__respin_list $command)
        set -l part (string split \t -- $line)
        if test "$part[1]" = "$words[-1]" -a -n "$part[2]"
            echo $part[2]
            return 0
        end
    end
    return 1
end

function __respin_options
    __respin_wanted >/dev/null; and return
    for line in (__respin_list (__respin_command))
        set -l part (string split \t -- $line)
        string match -q -- '-*' $part[1]; and printf '%s\t%s\n' $part[1] "$part[3]"
    end
end

function __respin_value
    set -l option (commandline -opc)[-1]
    switch $option
        case --medium
            printf '%s\n' cd-74 cd-80 dvd-5 dvd-9 dvd-9-ptp bd-25 bd-50 bd-66 bd-100
            return
        case --policy
            printf '%s\n' respin linear bisection predecessor ddrescue ddrescue-tuned
            return
    end
    switch (__respin_wanted)
        case FILE MAP IMAGE OUT
            __fish_complete_path (commandline -ct)
        case DIR
            __fish_complete_directories (commandline -ct)
        case CMD
            __fish_complete_subcommand
    end
end

# What may stand at the cursor: subcommands, scenarios, sources, files.
function __respin_arguments
    set -l words (__respin_words)
    set -l subs (__respin_list $words[1] | string match -r '^[a-z]+(?=\t)')
    set -l kinds (__respin_list $words[1] | string replace -rf '^[0-9]+\t(\S+)\t.*' '$1')
    if test (count $subs) -gt 0 -a (count $words) -eq 1
        __respin_list $words[1] | string replace -rf '^([a-z]+)\t[^\t]*\t' '$1\t'
        return
    end
    set -l place (math (count $words) - (test (count $subs) -gt 0; and echo 1; or echo 0))
    test $place -gt (count $kinds); and set place (count $kinds)
    test $place -ge 1; or return
    switch "$words[1] $kinds[$place]"
        case '* SOURCE'
            string match -q 'sim:*' -- (commandline -ct); and __respin_scenarios | string replace -r '^' sim:; or echo sim:
            __fish_complete_path (commandline -ct)
        case 'sim *'
            __respin_scenarios
        case 'help *'
            __respin_list | string replace -r '^([a-z]+)\t[^\t]*\t' '$1\t'
        case '* MAPFILE*' '* IMAGE*' '* OUT*' '* FILE*'
            __fish_complete_path (commandline -ct)
    end
end

complete -c respin -f
complete -c respin -n 'not __respin_command >/dev/null' -a "(__respin_list | string replace -r '^([a-z]+)\t[^\t]*\t' '\$1\t')"
complete -c respin -n 'not __respin_command >/dev/null' -l help -s h -d 'what there is'
complete -c respin -n 'not __respin_command >/dev/null' -l version -s V -d 'the version'
complete -c respin -n '__respin_wanted >/dev/null' -a '(__respin_value)'
complete -c respin -n '__respin_command >/dev/null; and string match -q -- "-*" (commandline -ct)' -a '(__respin_options)'
complete -c respin -n '__respin_command >/dev/null; and not __respin_wanted >/dev/null' -a '(__respin_arguments)'
