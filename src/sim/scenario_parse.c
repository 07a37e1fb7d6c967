/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The text form of a scenario: line by line, each wrong one refused with its
 * number, what is wrong and what is allowed. Reads no file.
 */
#include "sim/scenario.h"

#include <string.h>

#include "base/error.h"
#include "sim/scenario_parts.h"

#define KEYS_MAX 160u /* of one table: to see a key that is given twice */

struct parser {
	struct scenario *scenario;
	char line[SCENARIO_LINE_MAX];
	char *rest;    /* what of the line is not taken yet */
	unsigned seen; /* a bit for each directive */
	struct respin_error *error;
};

static int refuse(struct parser *parser, const char *why)
{
	return error_set(parser->error, RESPIN_E_INVALID, 0, "%s", why);
}

/* The next word, or NULL: the line, or what counts of it, has ended. */
static char *word_take(struct parser *parser)
{
	char *word = parser->rest + strspn(parser->rest, " \t");
	if (!*word || *word == '#')
		return NULL;
	char *end = word + strcspn(word, " \t");
	parser->rest = *end ? end + 1 : end;
	*end = 0;
	return word;
}

/* All the key=value words that are left. `seen` gets a mark for each key of the table. */
static int pairs_take(struct parser *parser, const struct key_table *table, void *into, bool seen[KEYS_MAX])
{
	const struct key_table *const tables[] = {table, NULL};
	for (char *word; (word = word_take(parser));) {
		char *value = strchr(word, '=');
		if (!value)
			return error_set(parser->error, RESPIN_E_INVALID, 0, "'%.80s' is not KEY=VALUE",
					 word);
		*value++ = 0;
		scenario_unescape(value);
		const struct key *key = keys_find(table, word);
		if (!key)
			return scenario_no_key(word, tables, parser->error);
		size_t place = (size_t)(key - table->keys);
		if (place < KEYS_MAX && seen[place])
			return error_set(parser->error, RESPIN_E_INVALID, 0, "%s= is given twice", word);
		int code = keys_set(key, into, value, parser->error);
		if (code < 0)
			return code;
		if (place < KEYS_MAX)
			seen[place] = true;
	}
	return 0;
}

static int take_title(struct parser *parser)
{
	char *title = parser->rest + strspn(parser->rest, " \t");
	size_t len = strlen(title);
	while (len && (title[len - 1] == ' ' || title[len - 1] == '\t'))
		title[--len] = 0;
	if (!len || len >= sizeof parser->scenario->title)
		return error_set(parser->error, RESPIN_E_INVALID, 0, "a title has 1 to %zu bytes",
				 sizeof parser->scenario->title - 1);
	memcpy(parser->scenario->title, title, len + 1);
	return 0;
}

static int take_disc(struct parser *parser)
{
	bool seen[KEYS_MAX] = {false};
	struct disc_params *disc = &parser->scenario->disc;
	const char *name = word_take(parser);
	if (!name || !scenario_medium(name, &disc->medium))
		return scenario_no_medium(name ? name : "", parser->error);
	return pairs_take(parser, &disc_keys, disc, seen);
}

static int take_content(struct parser *parser)
{
	char *what = word_take(parser);
	const char *more = what ? word_take(parser) : NULL;
	static const char image[] = "image=";
	if (!what || more || (strcmp(what, "pattern") != 0 && strncmp(what, image, sizeof image - 1) != 0))
		return refuse(parser, "content is 'pattern' or 'image=FILE', and nothing else");
	if (!strcmp(what, "pattern"))
		return 0;
	char *path = what + sizeof image - 1;
	scenario_unescape(path);
	return keys_set(keys_find(&scenario_keys, "image"), parser->scenario, path, parser->error);
}

static int take_drive(struct parser *parser)
{
	bool seen[KEYS_MAX] = {false};
	struct scenario *scenario = parser->scenario;
	const char *name = word_take(parser);
	int code = scenario_override(scenario, "drive", name ? name : "", parser->error);
	return code < 0 ? code : pairs_take(parser, &drive_keys, &scenario->drive, seen);
}

static int take_seed(struct parser *parser)
{
	const char *value = word_take(parser);
	if (!value || word_take(parser))
		return refuse(parser, "seed takes one number");
	return keys_set(keys_find(&scenario_keys, "seed"), parser->scenario, value, parser->error);
}

/* The place of a name in a list of kinds; refuses what is none. */
static int kind_take(struct parser *parser, const char *what, const char *const *kinds, unsigned count)
{
	struct names all = {0};
	const char *name = word_take(parser);
	for (unsigned i = 0; i < count; i++) {
		if (name && !strcmp(kinds[i], name))
			return (int)i;
		names_add(&all, kinds[i]);
	}
	return error_set(parser->error, RESPIN_E_INVALID, 0, "no %s is called '%.40s'; there are %s", what,
			 name ? name : "", all.text);
}

static int take_damage(struct parser *parser)
{
	bool seen[KEYS_MAX] = {false};
	struct scenario *scenario = parser->scenario;
	if (scenario->shape_count == SCENARIO_SHAPES_MAX)
		return refuse(parser, "more than 64 damages");
	int kind = kind_take(parser, "damage", shape_names, SHAPE_KINDS);
	if (kind < 0)
		return kind;
	struct shape *shape = &scenario->shapes[scenario->shape_count++];
	*shape = (struct shape){.kind = (enum shape_kind)kind};
	if (!keys_defaults(&shape_keys[kind], shape))
		return error_set(parser->error, RESPIN_E_NOMEM, 0, "no memory for a damage");
	return pairs_take(parser, &shape_keys[kind], shape, seen);
}

static int take_fault(struct parser *parser)
{
	bool seen[KEYS_MAX] = {false};
	struct scenario *scenario = parser->scenario;
	if (scenario->fault_count == SCENARIO_FAULTS_MAX)
		return refuse(parser, "more than 64 faults");
	int kind = kind_take(parser, "fault", fault_names, FAULT_KINDS);
	if (kind < 0)
		return kind;
	struct fault fault = {.kind = (enum fault_kind)kind};
	const struct key_table *table = &fault_keys[kind];
	if (!keys_defaults(table, &fault)) /* none of a fault's keys takes memory */
		return error_set(parser->error, RESPIN_E_NOMEM, 0, "no memory for a fault");
	int code = pairs_take(parser, table, &fault, seen);
	if (code < 0)
		return code;
	if (!seen[keys_find(table, "at") - table->keys])
		return refuse(parser, "a fault needs at=TIME");
	/* Sorted in; of two at the same time the one that was named first comes first. */
	unsigned i = scenario->fault_count++;
	for (; i > 0 && scenario->faults[i - 1].at_ns > fault.at_ns; i--)
		scenario->faults[i] = scenario->faults[i - 1];
	scenario->faults[i] = fault;
	return 0;
}

static const struct directive {
	const char *name;
	int (*take)(struct parser *parser);
	bool often; /* may come more than once */
	bool needed;
} directives[] = {
	{"title", take_title, false, true},   {"disc", take_disc, false, true},
	{"drive", take_drive, false, true},   {"content", take_content, false, false},
	{"damage", take_damage, true, false}, {"fault", take_fault, true, false},
	{"seed", take_seed, false, false},
};
#define DIRECTIVES (sizeof directives / sizeof *directives)

static int line_take(struct parser *parser)
{
	struct names all = {0};
	for (const char *c = parser->line; *c; c++)
		if ((*(const unsigned char *)c < ' ' && *c != '\t') || *c == 0x7f)
			return error_set(parser->error, RESPIN_E_INVALID, 0,
					 "a control character (%02x) in column %td",
					 *(const unsigned char *)c, c - parser->line + 1);
	parser->rest = parser->line;
	const char *name = word_take(parser);
	if (!name)
		return 0;
	for (unsigned i = 0; i < DIRECTIVES; i++) {
		names_add(&all, directives[i].name);
		if (strcmp(directives[i].name, name) != 0)
			continue;
		if (!directives[i].often && parser->seen & 1u << i)
			return error_set(parser->error, RESPIN_E_INVALID, 0, "a second '%s' line", name);
		parser->seen |= 1u << i;
		return directives[i].take(parser);
	}
	return error_set(parser->error, RESPIN_E_INVALID, 0,
			 "no line begins with '%.40s'; they begin with %s", name, all.text);
}

/* Takes one line off *text, without its end (LF or CRLF). */
static int line_read(struct parser *parser, const char **text)
{
	size_t len = strcspn(*text, "\n"), kept = len;
	const char *line = *text;
	*text += len + ((*text)[len] == '\n');
	kept -= kept && line[kept - 1] == '\r';
	if (kept >= sizeof parser->line)
		return error_set(parser->error, RESPIN_E_INVALID, 0, "longer than %u bytes",
				 SCENARIO_LINE_MAX - 1);
	memcpy(parser->line, line, kept);
	parser->line[kept] = 0;
	return line_take(parser);
}

static int missing(const struct parser *parser, struct respin_error *why)
{
	for (unsigned i = 0; i < DIRECTIVES; i++)
		if (directives[i].needed && !(parser->seen & 1u << i))
			return error_set(why, RESPIN_E_INVALID, 0, "the text ends without a '%s' line",
					 directives[i].name);
	return 0;
}

int scenario_check_bytes(const char *name, const char *bytes, size_t len, struct respin_error *error)
{
	const char *nul = len ? memchr(bytes, 0, len) : NULL;
	unsigned line = 1;
	for (const char *c = bytes; nul && c < nul; c++)
		line += *c == '\n';
	if (nul)
		return error_set(error, RESPIN_E_INVALID, 0, "%.200s:%u: a NUL byte: this is no text", name,
				 line);
	if (len > SCENARIO_TEXT_MAX)
		return error_set(error, RESPIN_E_INVALID, 0,
				 "%.200s: longer than %u bytes: this is no scenario", name,
				 SCENARIO_TEXT_MAX);
	return 0;
}

int scenario_parse(struct scenario *scenario, const char *name, const char *text, struct respin_error *error)
{
	struct respin_error why = {0};
	struct parser parser = {.scenario = scenario, .error = &why};
	unsigned line = 0;
	if (scenario_init(scenario, name) < 0)
		return error_set(error, RESPIN_E_NOMEM, 0, "no memory for a scenario");
	int code = 0;
	while (code == 0 && *text) {
		line++;
		code = line_read(&parser, &text);
	}
	if (code == 0)
		code = missing(&parser, &why);
	if (code == 0)
		return 0;
	for (char *c = why.text; *c; c++) /* what %XX brought in */
		if (*(unsigned char *)c < ' ' || *c == 0x7f)
			*c = '?';
	return error_set(error, code, 0, "%.200s:%u: %s", name, line ? line : 1, why.text);
}
