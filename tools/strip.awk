# SPDX-License-Identifier: Apache-2.0
#
# code(line): the line without comments and without what is in string and character literals.
# Read by the checks before their own program. Lines must be given in order; a comment that is
# still open at the end of a line is remembered, and forgotten at the next file.
function code(line,    out, c, closing) {
	if (FNR == 1)
		strip_in_comment = 0
	out = ""
	while (line != "") {
		if (strip_in_comment) {
			closing = index(line, "*/")
			if (!closing)
				return out
			line = substr(line, closing + 2)
			strip_in_comment = 0
			out = out " "
		}
		if (!match(line, /\/\*|\/\/|"|'/))
			return out line
		out = out substr(line, 1, RSTART - 1)
		c = substr(line, RSTART, RLENGTH)
		line = substr(line, RSTART + RLENGTH)
		if (c == "//")
			return out
		if (c == "/*") {
			strip_in_comment = 1
			continue
		}
		out = out c
		# Skip to the closing quote, over escaped characters.
		if (c == "\"")
			closing = match(line, /^([^"\\]|\\.)*"/)
		else
			closing = match(line, /^([^'\\]|\\.)*'/)
		if (!closing)
			return out
		line = substr(line, RLENGTH + 1)
		out = out c
	}
	return out
}
