# SPDX-License-Identifier: LGPL-2.1-or-later
# Prints C files as FILE:LINE:text with comments and the insides of strings blanked, so that a lint
# that looks for a word finds code and nothing else. Knows no preprocessor and no trigraphs.
FNR == 1 { comment = 0 }
{
	line = $0
	out = ""
	while (line != "") {
		if (comment) {
			end = index(line, "*/")
			if (!end) { line = ""; break }
			line = substr(line, end + 2)
			comment = 0
			out = out " "
		} else if (match(line, /\/\*|\/\/|"([^"\\]|\\.)*"|'([^'\\]|\\.)+'/)) {
			found = substr(line, RSTART, RLENGTH)
			out = out substr(line, 1, RSTART - 1)
			line = substr(line, RSTART + RLENGTH)
			if (found == "/*") comment = 1
			else if (found == "//") line = ""
			else out = out (found ~ /^"/ ? "\"\"" : "0")
		} else {
			out = out line
			line = ""
		}
	}
	print FILENAME ":" FNR ":" out
}
