/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A drive model's lines, taken apart word by word. Says what is wrong with one; remembers nothing. */
#include <string.h>

#include "core/geometry.h"
#include "sim/model_private.h"

#define BLANKS " \t\r"
#define SECTORS_MAX UINT32_MAX     /* READ(10) reaches no further */
#define CLOCK_MAX (UINT64_MAX / 4) /* 146 years; sums of two stay in range */
#define LAYERS_MAX 8u
#define SPEEDS_MAX 1000u

struct word {
	const char *text;
	size_t len;
};

static bool next_word(const char **line, struct word *word)
{
	word->text = *line + strspn(*line, BLANKS);
	word->len = strcspn(word->text, BLANKS);
	*line = word->text + word->len;
	return word->len > 0;
}

static bool is_word(const struct word *word, const char *text)
{
	return strlen(text) == word->len && !memcmp(word->text, text, word->len);
}

static bool read_count(const struct word *word, uint64_t max, uint64_t *value)
{
	*value = 0;
	for (size_t i = 0; i < word->len; i++) {
		unsigned digit = (unsigned)(word->text[i] - '0');
		if (digit > 9 || *value > (max - digit) / 10)
			return false;
		*value = *value * 10 + digit;
	}
	return word->len > 0;
}

/* Decimals without sign or exponent: lengths in millimetres and micrometres. */
static bool read_length(const struct word *word, double *value)
{
	double whole = 0, unit = 1;
	bool digits = false, point = false;
	for (size_t i = 0; i < word->len && i < 18; i++) {
		unsigned digit = (unsigned)(word->text[i] - '0');
		if (word->text[i] == '.' && !point) {
			point = true;
			continue;
		}
		if (digit > 9)
			return false;
		digits = true;
		whole = whole * 10 + digit;
		if (point)
			unit *= 10;
	}
	*value = whole / unit;
	return digits;
}

static const char *read_fact(const struct word *key, const struct word *value, struct model_facts *facts)
{
	uint64_t number;
	if (is_word(key, "medium")) {
		size_t len = value->len < sizeof facts->medium ? value->len : sizeof facts->medium - 1;
		memcpy(facts->medium, value->text, len);
		facts->medium[len] = '\0';
	} else if (is_word(key, "sectors")) {
		if (!read_count(value, SECTORS_MAX, &facts->sectors) || !facts->sectors)
			return "sectors is not a number from 1 to 4294967295";
	} else if (is_word(key, "ecc")) {
		if (!read_count(value, GEOMETRY_ECC_BLOCK_MAX, &number) || !number)
			return "ecc is not a number from 1 to 32";
		facts->ecc_block = (uint32_t)number;
	} else if (is_word(key, "layers")) {
		if (!read_count(value, LAYERS_MAX, &number) || !number)
			return "layers is not a number from 1 to 8";
		facts->layers = (unsigned)number;
	} else if (is_word(key, "speeds")) {
		if (!read_count(value, SPEEDS_MAX, &number) || !number)
			return "speeds is not a number from 1 to 1000";
		facts->speeds = (unsigned)number;
	} else if (is_word(key, "nominal_r0_mm")) {
		if (!read_length(value, &facts->r0_mm))
			return "nominal_r0_mm is not a length";
	} else if (is_word(key, "pitch_um")) {
		if (!read_length(value, &facts->pitch_um))
			return "pitch_um is not a length";
	} else if (is_word(key, "sector_mm")) {
		if (!read_length(value, &facts->sector_mm))
			return "sector_mm is not a length";
	}
	return NULL; /* a key of a later version says nothing to this one */
}

const char *model_parse_ready(const char *line, struct model_facts *facts)
{
	struct word key, value;
	*facts = (struct model_facts){.layers = 1, .speeds = 1};
	if (!next_word(&line, &key) || !is_word(&key, "READY"))
		return "a model begins with READY";
	while (next_word(&line, &key)) {
		if (!next_word(&line, &value))
			return "the last word has no value";
		const char *wrong = read_fact(&key, &value, facts);
		if (wrong)
			return wrong;
	}
	if (!facts->medium[0])
		return "medium is missing";
	if (!facts->sectors)
		return "sectors is missing";
	return facts->ecc_block ? NULL : "ecc is missing";
}

static bool read_sense(const struct word *word, enum model_sense *sense)
{
	static const char *const names[MODEL_SENSES] = {
		[MODEL_ECC] = "ECC", [MODEL_SERVO] = "SERVO", [MODEL_ID] = "ID", [MODEL_WEDGE] = "WEDGE"};
	for (unsigned i = 0; i < MODEL_SENSES; i++)
		if (is_word(word, names[i])) {
			*sense = (enum model_sense)i;
			return true;
		}
	return false;
}

const char *model_parse_answer(const char *line, struct model_answer *answer)
{
	struct word word;
	*answer = (struct model_answer){0};
	if (!next_word(&line, &word))
		return "an empty line";
	answer->ok = is_word(&word, "OK");
	if (!answer->ok) {
		if (!is_word(&word, "BAD"))
			return "neither OK nor BAD";
		if (!next_word(&line, &word) || !read_count(&word, UINT64_MAX, &answer->bad_lba))
			return "BAD is not followed by an LBA";
		if (!next_word(&line, &word) || !read_sense(&word, &answer->sense))
			return "the sense is not ECC, SERVO, ID or WEDGE";
	}
	if (!next_word(&line, &word) || !read_count(&word, CLOCK_MAX, &answer->now_ns))
		return "the clock is not a whole number of nanoseconds";
	return next_word(&line, &word) ? "more words than there should be" : NULL;
}
