/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Surviving subsets: choosing, listing, drawing, and their text. Looks at no byte's meaning. */
#include "state.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

/* So many directory changes have each subset listed; of more, only those of the words in state_each. */
#define LOOSE_WHOLE 8u
/* Of a longer write only these tears are listed: at its ends, and evenly between. */
#define TEARS_MAX 64u

void state_finish(struct state *state)
{
	for (size_t i = 0; i < STATE_FILES_MAX; i++)
		free(state->files[i].own.data);
	*state = (struct state){0};
}

static unsigned add_file(struct state *state, const struct inode *inode)
{
	for (unsigned i = 0; i < state->file_count; i++)
		if (state->files[i].inode == inode)
			return i;
	assert(state->file_count < STATE_FILES_MAX &&
	       state->change_count + inode->change_count <= STATE_CHANGES_MAX);
	struct state_file *file = &state->files[state->file_count];
	file->inode = inode;
	file->first = state->change_count;
	for (size_t i = 0; i < inode->change_count; i++) {
		state->fates[state->change_count] = (struct fate){FATE_LOST, 0};
		state->changes[state->change_count++] = &inode->changes[i];
	}
	return (unsigned)state->file_count++;
}

void state_choose_names(struct state *state, const struct world *world, const uint32_t kept[CRASH_DIRS])
{
	static struct entry entries[ENTRIES_MAX];
	state->world = world;
	state->name_count = state->file_count = state->change_count = 0;
	for (unsigned d = 0; d < CRASH_DIRS; d++) {
		const struct dir *dir = world->dirs[d];
		const struct entry *list = dir->disk;
		state->kept[d] = kept[d];
		if (dir->change_count) {
			memcpy(entries, dir->disk, sizeof entries);
			list = entries;
		}
		for (size_t i = 0; i < dir->change_count; i++)
			if (kept[d] >> i & 1)
				set_entry(entries, dir->changes[i].name, dir->changes[i].inode);
		for (size_t i = 0; i < ENTRIES_MAX; i++) {
			if (!list[i].inode)
				continue;
			assert(state->name_count < STATE_FILES_MAX);
			/* The name must outlive the scratch list: the same text stands in the directory. */
			const char *name = dir->disk[i].inode && list == dir->disk ? list[i].name : NULL;
			for (size_t k = 0; !name && k < dir->change_count; k++)
				if (!strcmp(dir->changes[k].name, list[i].name))
					name = dir->changes[k].name;
			state->names[state->name_count++] = (struct state_name){
				name ? name : dir->disk[i].name, d, add_file(state, list[i].inode)};
		}
	}
}

static size_t dir_choices(const struct dir *dir, bool loose, uint32_t *choices)
{
	size_t n = dir->change_count, count = 0;
	uint32_t all = (uint32_t)((1ull << n) - 1);
	assert(n <= 16);
	if (!loose) {
		for (size_t i = 0; i <= n; i++)
			choices[count++] = (uint32_t)((1ull << i) - 1);
	} else if (n <= LOOSE_WHOLE) {
		for (uint32_t mask = 0; mask <= all; mask++)
			choices[count++] = mask;
	} else {
		choices[count++] = 0;
		choices[count++] = all;
		for (size_t i = 0; i < n; i++) {
			choices[count++] = 1u << i;
			choices[count++] = all & ~(1u << i);
		}
	}
	return count;
}

size_t state_name_choices(const struct world *world, bool loose, uint32_t (*choices)[CRASH_DIRS], size_t max)
{
	uint32_t first[1u << LOOSE_WHOLE], second[1u << LOOSE_WHOLE];
	size_t firsts = dir_choices(world->dirs[0], loose, first);
	size_t seconds = dir_choices(world->dirs[1], loose, second), count = 0;
	for (size_t a = 0; a < firsts; a++)
		for (size_t b = 0; b < seconds && count < max; b++, count++) {
			choices[count][0] = first[a];
			choices[count][1] = second[b];
		}
	assert(count < max);
	return count;
}

static void set_all(struct state *state, enum fate_kind kind)
{
	for (size_t i = 0; i < state->change_count; i++)
		state->fates[i] = (struct fate){(uint16_t)kind, 0};
}

static bool overlaps_newer(const struct state *state, size_t at)
{
	const struct change *older = state->changes[at];
	for (size_t f = 0; f < state->file_count; f++) {
		const struct state_file *file = &state->files[f];
		size_t past = file->first + file->inode->change_count;
		if (at < file->first || at >= past)
			continue;
		for (size_t i = at + 1; i < past; i++)
			if (!state->changes[i]->resize && !older->resize &&
			    state->changes[i]->pos < older->pos + older->len &&
			    older->pos < state->changes[i]->pos + state->changes[i]->len)
				return true;
	}
	return false;
}

static void with_one(struct state *state, size_t at, enum fate_kind one, enum fate_kind others,
		     void (*fn)(void *arg), void *arg)
{
	set_all(state, others);
	state->fates[at] = (struct fate){(uint16_t)one, 0};
	fn(arg);
}

/* The newest change of a file, torn at each place; the others are there, or are not. */
static void each_tear(struct state *state, const struct state_file *file, void (*fn)(void *arg), void *arg)
{
	size_t at = file->first + file->inode->change_count - 1;
	const struct change *change = state->changes[at];
	size_t grains = change->resize ? 0 : (change->len + TEAR_BYTES - 1) / TEAR_BYTES;
	size_t step = grains > TEARS_MAX ? grains / TEARS_MAX : 1;
	for (size_t grain = 1; grain < grains;
	     grain += grain + step < grains || grain + 1 == grains ? step : grains - 1 - grain)
		for (unsigned way = 0; way < 4; way++) {
			set_all(state, way & 1 ? FATE_KEPT : FATE_LOST);
			state->fates[at] = (struct fate){way & 2 ? FATE_HEAD : FATE_REST, (uint16_t)grain};
			fn(arg);
		}
}

void state_each(struct state *state, void (*fn)(void *arg), void *arg)
{
	set_all(state, FATE_LOST);
	fn(arg);
	if (!state->change_count)
		return;
	set_all(state, FATE_KEPT);
	fn(arg);
	for (size_t i = 0; i < state->change_count; i++) {
		with_one(state, i, FATE_LOST, FATE_KEPT, fn, arg);
		with_one(state, i, FATE_KEPT, FATE_LOST, fn, arg);
		if (state->changes[i]->resize)
			continue;
		with_one(state, i, FATE_GARBAGE, FATE_KEPT, fn, arg);
		with_one(state, i, FATE_GARBAGE, FATE_LOST, fn, arg);
		with_one(state, i, FATE_SIZE, FATE_LOST, fn, arg);
		if (overlaps_newer(state, i))
			with_one(state, i, FATE_LAST, FATE_KEPT, fn, arg);
	}
	for (size_t i = 0; i < state->file_count; i++)
		if (state->files[i].inode->change_count)
			each_tear(state, &state->files[i], fn, arg);
}

void state_draw(struct state *state, const struct world *world, bool loose, struct rng *rng)
{
	uint32_t kept[CRASH_DIRS];
	for (unsigned d = 0; d < CRASH_DIRS; d++) {
		size_t n = world->dirs[d]->change_count;
		uint64_t all = (1ull << n) - 1;
		kept[d] = (uint32_t)(loose ? rng_next(rng) & all : (1ull << rng_below(rng, n + 1)) - 1);
	}
	state_choose_names(state, world, kept);
	for (size_t i = 0; i < state->change_count; i++)
		state->fates[i] = fate_draw(state->changes[i], rng);
}

const unsigned char *state_bytes(struct state *state, unsigned index, size_t *len)
{
	struct state_file *file = &state->files[index];
	const struct content *content = &file->inode->disk;
	if (file->inode->change_count) {
		content_copy(&file->own, content);
		disk_apply_fates(&file->own, file->inode, &state->fates[file->first]);
		content = &file->own;
	}
	*len = content->size;
	return content->data ? content->data : (const unsigned char *)"";
}

int state_find(const struct state *state, unsigned dir, const char *name)
{
	for (size_t i = 0; i < state->name_count; i++)
		if (state->names[i].dir == dir && !strcmp(state->names[i].name, name))
			return (int)state->names[i].file;
	return -1;
}

uint64_t state_hash(const struct state *state)
{
	uint64_t names = hash_bytes(state->kept, sizeof state->kept, 0);
	return hash_bytes(state->fates, state->change_count * sizeof *state->fates, names);
}

/* ---- text ---- */

static const char letters[FATES + 1] = "-+o#zhrg";
static const char *const words[FATES] = {
	"lost",      "persisted",          "persisted, after newer ones", "garbage",
	"size only", "its head persisted", "its rest persisted",          "some grains persisted"};

const char *state_fate_name(struct fate fate)
{
	return words[fate.kind];
}

void state_print(const struct state *state, char text[STATE_TEXT_MAX])
{
	int len = snprintf(text, STATE_TEXT_MAX, "%x.%x:", state->kept[0], state->kept[1]);
	for (size_t i = 0; i < state->change_count; i++) {
		struct fate fate = state->fates[i];
		assert(len < (int)STATE_TEXT_MAX - 8);
		text[len++] = letters[fate.kind];
		if (fate.kind >= FATE_HEAD)
			len += snprintf(text + len, STATE_TEXT_MAX - (size_t)len, "%u.", fate.arg);
	}
	text[len] = '\0';
}

bool state_parse(struct state *state, const struct world *world, const char *text)
{
	uint32_t kept[CRASH_DIRS];
	int used = 0;
	if (sscanf(text, "%x.%x:%n", &kept[0], &kept[1], &used) != 2 || !used)
		return false;
	state_choose_names(state, world, kept);
	text += used;
	for (size_t i = 0; i < state->change_count; i++) {
		const char *letter = *text ? strchr(letters, *text++) : NULL;
		if (!letter)
			return false;
		state->fates[i] = (struct fate){(uint16_t)(letter - letters), 0};
		if (state->fates[i].kind < FATE_HEAD)
			continue;
		char *past;
		state->fates[i].arg = (uint16_t)strtoul(text, &past, 10);
		text = past + (*past == '.');
	}
	return !*text;
}
