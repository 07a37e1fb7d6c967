# SPDX-License-Identifier: LGPL-2.1-or-later
# Reads what `gcov -b -c -t` prints about one source, and prints its branches: "branch FILE LINE NUMBER 0|1" (taken or not).
# A line is left out, with all its branches, if it is an assert or the question whether an allocation has failed:
# "out FILE LINE assert|allocation". It is that question if it names RESPIN_E_NOMEM or -ENOMEM, or is an if whose consequence
# does, or asks for the variable that one of the allocating functions filled on the line before, or asks for the code
# of a function that fails for no other reason.
BEGIN {
	allocators = "(^|[^A-Za-z_])(malloc|calloc|realloc|reallocarray|aligned_alloc|strdup" \
		"|map_create|map_copy|node_new|buf_room|block_alloc|files_name|files_hidden)\\("
	only_memory = "(^|[^A-Za-z_>.])(map_set|map_set_all|tree_init|tree_reserve|lay_run|buf_add|buf_addf)\\("
}
/^ *-: *0:Source:/ { mine = index($0 "\n", want "\n") > 0; next }
!mine { next }
/^branch/ { branches[line]++; taken[line, branches[line]] = $0 ~ /taken [1-9]/; next }
/^ *[^ :]+: *[1-9][0-9]*:/ {
	line = $0; sub(/^ *[^ :]+: */, "", line)
	text = line; sub(/^[0-9]+:/, "", text)
	sub(/:.*/, "", line); line += 0
	source[line] = text; last = line
}

function tells(text) {
	return text ~ /RESPIN_E_NOMEM|-ENOMEM|no memory|stop_for_memory|no_memory\(/
}

# The variable that this line allocates.
function filled(text) {
	if (text !~ "=.*" allocators && text !~ "=" allocators) return ""
	sub(/ = .*/, "", text)
	sub(/^.*[ \t*(]/, "", text)
	return text
}

function excuse(n,  name) {
	if (source[n] ~ /(^|[^A-Za-z_])assert\(/) return "assert"
	if (tells(source[n])) return "allocation"
	if (source[n] ~ /^[ \t]*(\} else )?if \(.*\)$/ && tells(source[n + 1])) return "allocation"
	if (source[n] ~ only_memory) return "allocation"
	name = filled(source[n - 1])
	if (name != "" && index(source[n], "!" name)) return "allocation"
	name = filled(source[n])
	if (name != "" && index(source[n], "(!(" name " =")) return "allocation"
	return ""
}

END {
	for (n = 1; n <= last; n++) {
		if (!branches[n]) continue
		why = excuse(n)
		if (why != "") print "out", file, n, why
		else for (i = 1; i <= branches[n]; i++) print "branch", file, n, i, taken[n, i] + 0
	}
}
