/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What GNU ddrescue makes of a mapfile's text, case by case: the table that the
 * parser is tested with, and that the installed ddrescuelog is asked about, too
 * (tests/interop). No case here may depend on the other.
 */
#ifndef TEST_MAPFILE_CASES_H
#define TEST_MAPFILE_CASES_H

#include <stdbool.h>
#include <stddef.h>

struct mapfile_case {
	const char *name;
	const char *text;
	size_t len;
	/* Accepted: its runs as "[start,end)status", separated by blanks. Refused: NULL. */
	const char *runs;
	unsigned long line; /* refused: where */
	const char *reason; /* refused: what stands in the message */
	bool loose;         /* read with -L */
	bool ours_only;     /* ddrescuelog refuses it: a status line of another program */
};

#define TEXT(literal) literal, sizeof(literal) - 1
#define TAKEN(name, literal, runs)                                                                           \
	{                                                                                                    \
		name, TEXT(literal), runs, 0, NULL, false, false                                             \
	}
#define REFUSED(name, literal, line, reason)                                                                 \
	{                                                                                                    \
		name, TEXT(literal), NULL, line, reason, false, false                                        \
	}
#define LOOSE(name, literal, runs)                                                                           \
	{                                                                                                    \
		name, TEXT(literal), runs, 0, NULL, true, false                                              \
	}
#define LOOSE_REFUSED(name, literal, line, reason)                                                           \
	{                                                                                                    \
		name, TEXT(literal), NULL, line, reason, true, false                                         \
	}
#define OURS(name, literal, runs)                                                                            \
	{                                                                                                    \
		name, TEXT(literal), runs, 0, NULL, false, true                                              \
	}

#define BAD_STATUS "bad or missing status line"
#define BAD_BLOCK "bad block line"
#define GAP "blocks are not contiguous"
#define OVERLAP "blocks of different status overlap"
#define MAX "9223372036854775807"

/* 20 and 100 of something, to build long lines from. */
#define X20(c) c c c c c c c c c c c c c c c c c c c c
#define X100(c) X20(c) X20(c) X20(c) X20(c) X20(c)

static const struct mapfile_case mapfile_cases[] = {
	/* Blank maps. */
	TAKEN("empty file", "", ""),
	TAKEN("comments only", "# Mapfile. Created by nobody\n# nothing here\n", ""),
	TAKEN("status line without blocks", "0x0 ? 1\n", ""),
	TAKEN("one empty block", "0 ? 1\n0 0 ?\n", ""),

	/* Numbers: as scanf's %lli reads them. */
	TAKEN("decimal", "10 ? 1\n0 10 +\n10 6 -\n", "[0,10)+ [10,16)-"),
	TAKEN("hex", "0xA ? 1\n0x0 0xA +\n0xa 0X6 -\n", "[0,10)+ [10,16)-"),
	TAKEN("octal", "010 ? 1\n00 010 +\n010 010 -\n", "[0,8)+ [8,16)-"),
	REFUSED("no octal digit", "0 ? 1\n0 08 +\n", 2, BAD_BLOCK),
	TAKEN("plus signs", "+0 ? +1\n+0 +10 +\n", "[0,10)+"),
	TAKEN("minus nought", "-0 ? 1\n-0 10 +\n", "[0,10)+"),
	TAKEN("a bare 0x", "0x ? 1\n0x 10 +\n", "[0,10)+"),
	REFUSED("digits with an underscore", "0 ? 1\n0 1_0 +\n", 2, BAD_BLOCK),
	REFUSED("a power of ten", "0 ? 1\n0 1e3 +\n", 2, BAD_BLOCK),
	REFUSED("sign apart", "0 ? 1\n0 + 5 +\n", 2, BAD_BLOCK),
	TAKEN("size one too large: clipped", "0 ? 1\n0 9223372036854775808 +\n", "[0," MAX ")+"),
	REFUSED("one less than the least number", "0 ? 1\n-9223372036854775809 10 +\n", 2, BAD_BLOCK),
	TAKEN("a # that begins no comment", "0 ? 1\n0 10 +#x\n", "[0,10)+"),
	REFUSED("a # within a number", "0 ? 1\n0 10#x +\n", 2, BAD_BLOCK),
	TAKEN("size too large: clipped", "0 ? 1\n5 99999999999999999999999 +\n", "[5," MAX ")+"),
	TAKEN("end beyond 2^63-1: clipped", "0 ? 1\n9223372036854775800 100 +\n",
	      "[9223372036854775800," MAX ")+"),
	TAKEN("nothing left after clipping", "0 ? 1\n0 " MAX " +\n" MAX " 5 -\n", "[0," MAX ")+"),
	TAKEN("position too large: saturates", "99999999999999999999 ? 1\n0 10 +\n", "[0,10)+"),
	TAKEN("current_pos beyond the extent", "5000 ? 1\n0 10 +\n", "[0,10)+"),

	/* White space and comments. */
	TAKEN("CRLF", "0 ? 1\r\n0 10 +\r\n10 5 -\r\n", "[0,10)+ [10,15)-"),
	TAKEN("tabs, leading and other blanks", "\t0\t?\t1\n  \t 0 \v 10\f+  \n", "[0,10)+"),
	TAKEN("blank lines", "\n\n0 ? 1\n \n\t\r\n0 10 +\n\n", "[0,10)+"),
	TAKEN("missing final newline", "0 ? 1\n0 10 +", "[0,10)+"),
	TAKEN("old Macintosh line ends are blanks", "0 ? 1\n0 10 +\r10 5 -\n", "[0,10)+"),
	TAKEN("comment after white space", "0 ? 1 # here\n0 10 + # there\n # alone\n", "[0,10)+"),
	TAKEN("# glued to the status", "0 ?# 1\n0 10 +#c\n", "[0,10)+"),
	TAKEN("junk after the status", "0 ? 1 junk\n0 10 + junk\n10 5 -junk\n", "[0,10)+ [10,15)-"),
	TAKEN("fields glued", "0?1\n0+16+\n16+0x10-\n", "[0,16)+ [16,32)-"),
	TAKEN("size glued to its status", "0 ? 1\n0 0x10+\n", "[0,16)+"),
	REFUSED("comment between size and status", "0 ? 1\n0 10 # +\n", 2, BAD_BLOCK),
	REFUSED("# glued to the size", "0 ? 1\n0 10#+\n", 2, BAD_BLOCK),
	TAKEN("a comment of 200 characters", "#" X100("#") X100("x") "\n0 ? 1\n0 10 +\n", "[0,10)+"),

	/* Only 127 characters of a line count, from its first visible one. */
	TAKEN("status as the 127th character", "0 ? 1\n0" X100(" ") X20(" ") "  10 +\n", "[0,10)+"),
	REFUSED("status as the 128th character", "0 ? 1\n0" X100(" ") X20(" ") "   10 +\n", 2, BAD_BLOCK),
	TAKEN("200 leading blanks", "0 ? 1\n" X100(" ") X100(" ") "0 10 +\n", "[0,10)+"),
	TAKEN("the rest of a long line is dropped", "0 ? 1\n0 10 +" X100("x") X100("x") "\n10 5 -\n",
	      "[0,10)+ [10,15)-"),
	TAKEN("a pass that is dropped is no pass", "0 ?" X100(" ") X20(" ") "    0\n0 10 +\n", "[0,10)+"),

	/* The status line. */
	TAKEN("no pass: older than 1.22", "0 ?\n0 10 +\n", "[0,10)+"),
	TAKEN("the pass is no number", "0 ? x\n0 10 +\n", "[0,10)+"),
	TAKEN("trimming", "0 * 1\n0 10 +\n", "[0,10)+"),
	TAKEN("scraping", "0 / 1\n0 10 +\n", "[0,10)+"),
	TAKEN("retrying", "0 - 1\n0 10 +\n", "[0,10)+"),
	TAKEN("finished", "0 + 1\n0 10 +\n", "[0,10)+"),
	TAKEN("filling", "0 F 1\n0 10 +\n", "[0,10)+"),
	TAKEN("generating", "0 G 1\n0 10 +\n", "[0,10)+"),
	REFUSED("pass 0", "0 ? 0\n0 10 +\n", 1, BAD_STATUS),
	REFUSED("negative pass", "0 ? -1\n0 10 +\n", 1, BAD_STATUS),
	REFUSED("the pass is decimal: 0x1 is 0", "0 ? 0x1\n0 10 +\n", 1, BAD_STATUS),
	TAKEN("a pass of 33 bits loses its top", "0 ? 4294967297\n0 10 +\n", "[0,10)+"),
	REFUSED("a pass beyond all", "0 ? 99999999999999999999\n0 10 +\n", 1, BAD_STATUS),
	REFUSED("a negative pass beyond all", "0 ? -99999999999999999999\n0 10 +\n", 1, BAD_STATUS),
	REFUSED("negative current_pos", "-5 ? 1\n0 10 +\n", 1, BAD_STATUS),
	REFUSED("no current status", "5\n0 10 +\n", 1, BAD_STATUS),
	REFUSED("no status line", "0 10 +\n10 10 -\n", 1, BAD_STATUS),
	REFUSED("no status line, single digits", "0 5 +\n5 5 -\n", 1, BAD_STATUS),
	REFUSED("no status line, as ddrescue writes blocks", "0x00000000  0x00000010  +\n", 1, BAD_STATUS),
	OURS("a status of 1.30 or later", "0 S 1\n0 10 +\n", "[0,10)+"),
	REFUSED("a word for a status", "0 Sweeping 1\n0 10 +\n", 1, BAD_STATUS),
	REFUSED("byte order mark",
		"\xef\xbb\xbf"
		"0 ? 1\n0 10 +\n",
		1, BAD_STATUS),
	REFUSED("binary",
		"\x7f"
		"ELF\x02\x01\x01\x00\x00\x00\n",
		1, BAD_STATUS),

	/* Blocks. */
	TAKEN("all five states", "0 ? 1\n0 1 ?\n1 1 *\n2 1 /\n3 1 -\n4 1 +\n",
	      "[0,1)? [1,2)* [2,3)/ [3,4)- [4,5)+"),
	TAKEN("the first block may start later", "0 ? 1\n100 10 +\n", "[100,110)+"),
	TAKEN("neighbours of one status", "0 ? 1\n0 10 +\n10 10 +\n20 5 -\n", "[0,20)+ [20,25)-"),
	TAKEN("an empty block at 0", "0 ? 1\n0 0 ?\n0 0x10 +\n", "[0,16)+"),
	REFUSED("an empty block elsewhere", "0 ? 1\n0 10 +\n10 0 -\n", 3, BAD_BLOCK),
	REFUSED("negative position", "0 ? 1\n-5 10 +\n", 2, BAD_BLOCK),
	REFUSED("negative size", "0 ? 1\n0 -10 +\n", 2, BAD_BLOCK),
	REFUSED("unknown block status", "0 ? 1\n0 10 F\n", 2, BAD_BLOCK),
	REFUSED("no block status", "0 ? 1\n0 10\n", 2, BAD_BLOCK),
	REFUSED("no size", "0 ? 1\n0 +\n", 2, BAD_BLOCK),
	REFUSED("words", "0 ? 1\n0 10 +\nend\n", 3, BAD_BLOCK),
	REFUSED("gap", "# c\n0 ? 1\n0 10 +\n\n20 10 -\n", 5, GAP),
	REFUSED("overlap", "0 ? 1\n0 10 +\n5 10 +\n", 3, GAP),
	REFUSED("unordered", "0 ? 1\n10 10 +\n0 10 +\n", 3, GAP),
	REFUSED("cut in mid-line", "0 ? 1\n0 10 +\n10 5", 3, BAD_BLOCK),
	REFUSED("a zero byte in a line", "0 ? 1\n0 10\0 +\n", 2, BAD_BLOCK),
	REFUSED("zero bytes instead of an end", "0 ? 1\n0 10 +\n\0\0\0\0", 3, BAD_BLOCK),

	/* Loose: -L. */
	LOOSE("gaps", "0 ? 1\n5 5 +\n20 10 -\n", "[0,5)? [5,10)+ [10,20)? [20,30)-"),
	LOOSE("any order", "0 ? 1\n20 10 -\n5 5 +\n", "[0,5)? [5,10)+ [10,20)? [20,30)-"),
	LOOSE("overlap of one status", "0 ? 1\n0 10 +\n20 5 -\n8 12 +\n3 2 +\n", "[0,20)+ [20,25)-"),
	LOOSE_REFUSED("overlap of two", "0 ? 1\n20 5 -\n0 21 +\n40 5 -\n", 3, OVERLAP),
	LOOSE_REFUSED("one within another", "0 ? 1\n0 100 +\n50 1 ?\n", 3, OVERLAP),
	LOOSE_REFUSED("over a gap and a block", "0 ? 1\n0 5 +\n20 5 +\n40 1 -\n3 38 +\n", 5, OVERLAP),
	LOOSE("an open end", "0 ? 1\n0 10 +\n10 5 ?\n", "[0,10)+ [10," MAX ")?"),
	LOOSE("nothing but an open end", "0 ? 1\n20 10 ?\n", "[0," MAX ")?"),
	LOOSE("blank", "0 ? 1\n", ""),
	LOOSE_REFUSED("damage is damage", "0 ? 1\n20 5 -\n0 2\n", 3, BAD_BLOCK),
};

#define MAPFILE_CASES (sizeof mapfile_cases / sizeof *mapfile_cases)

#endif
