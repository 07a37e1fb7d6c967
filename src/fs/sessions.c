/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a disc was at different times: sessions of ISO 9660, and the VATs of
 * UDF, found by what they look like, since no image has a table of contents.
 * Also the root of a volume whose descriptors are gone. Reads no directory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "fs/iso9660.h"
#include "fs/le.h"
#include "fs/udf.h"

#define DESCRIPTOR_FIRST 16u /* ECMA-119 6.2.1 */
#define ROOT_SEARCH 512u     /* sectors from there on: writers put directories first */

/* ECMA-119 6.8.2: the first record is the directory's own, the second one its parent's. */
static bool is_directory(const uint8_t *sector, uint64_t lba, bool its_own_parent)
{
	struct iso_record own, parent;
	return iso_record_take(sector, FS_SECTOR, &own) && own.lba == lba && own.name_len == 1 &&
	       own.name[0] == 0 && (own.flags & ISO_FLAG_DIRECTORY) && own.size_bytes &&
	       iso_record_take(sector + sector[0], FS_SECTOR - sector[0], &parent) && parent.name_len == 1 &&
	       parent.name[0] == 1 && (!its_own_parent || parent.lba == lba);
}

bool iso_search_root(struct fs_build *build, uint64_t session_lba, uint8_t record[34])
{
	uint8_t sector[FS_SECTOR];
	for (uint64_t i = DESCRIPTOR_FIRST; i < ROOT_SEARCH && fs_build_goes_on(build); i++) {
		if (!fs_build_peek(build, session_lba + i, sector) ||
		    !is_directory(sector, session_lba + i, true))
			continue;
		memcpy(record, sector, 34);
		record[0] = 34; /* what stands behind it is not the descriptor's business */
		return true;
	}
	return false;
}

/* A primary volume descriptor whose root lies behind it: one of an image that is itself a file here has another. */
static bool begins_session(const struct fs_reader *reader, const uint8_t *sector, uint64_t lba)
{
	struct iso_record root;
	uint8_t first[FS_SECTOR];
	if (lba < DESCRIPTOR_FIRST || sector[0] != 1 || memcmp(sector + 1, "CD001\x01", 6) != 0 ||
	    le16(sector + 128) != FS_SECTOR || !iso_record_take(sector + 156, 34, &root) ||
	    root.lba + DESCRIPTOR_FIRST <= lba || root.lba >= reader->sectors)
		return false;
	return reader->peek(reader->self, root.lba, 1, first) || is_directory(first, root.lba, true);
}

#define CHUNK 16u /* sectors at once */

/* Is told each sector that can be read, in order. False: that is enough. */
typedef bool visitor(void *arg, const struct fs_reader *reader, const uint8_t *sector, uint64_t lba);

static void visit(const struct fs_reader *reader, uint64_t from, visitor *each, void *arg)
{
	uint8_t chunk[CHUNK * FS_SECTOR];
	if (!reader->peek)
		return;
	for (uint64_t lba = from; lba < reader->sectors; lba += CHUNK) {
		uint64_t left = reader->sectors - lba;
		uint32_t count = left < CHUNK ? (uint32_t)left : CHUNK;
		bool all = !reader->peek(reader->self, lba, count, chunk);
		for (uint32_t i = 0; i < count; i++) {
			uint8_t *sector = chunk + (size_t)i * FS_SECTOR;
			if ((all || !reader->peek(reader->self, lba + i, 1, sector)) &&
			    !each(arg, reader, sector, lba + i))
				return;
		}
	}
}

struct found {
	struct fs_session *list;
	size_t count, most;
	uint64_t newest, end; /* the newest session, and where it ends */
	bool older;           /* behind that lies a root that no descriptor leads to */
	unsigned tries;       /* left for what looks like a VAT */
};

static void add(struct found *found, uint64_t lba, uint64_t root, bool udf)
{
	/* Where a disc can be written again, the newest descriptors stand at the beginning, too. */
	if (!udf && found->count && !found->list[0].udf && found->list[0].root == root)
		memmove(found->list, found->list + 1, --found->count * sizeof *found->list);
	if (found->count < found->most)
		found->list[found->count++] = (struct fs_session){lba, root, udf};
}

/* What looks like one is one if the volume can be read with it. */
static bool is_generation(const struct fs_reader *reader, uint64_t lba)
{
	struct udf udf = {.session_lba = lba};
	if (fs_build_init(&udf.build, reader) < 0)
		return false;
	bool taken = udf_open(&udf) && udf.vat_lba == lba;
	udf_close(&udf);
	fs_build_drop(&udf.build);
	return taken;
}

static bool note_session(void *arg, const struct fs_reader *reader, const uint8_t *sector, uint64_t lba)
{
	struct found *found = arg;
	if (begins_session(reader, sector, lba)) {
		found->newest = lba - DESCRIPTOR_FIRST;
		found->end = found->newest + le32(sector + 80);
		found->older = false;
		add(found, found->newest, le32(sector + 156 + 2), false);
	} else if (lba >= found->end && is_directory(sector, lba, true)) {
		found->older = true;
	}
	return true;
}

static bool note_any(void *arg, const struct fs_reader *reader, const uint8_t *sector, uint64_t lba)
{
	struct found *found = arg;
	(void)note_session(arg, reader, sector, lba);
	if (udf_is_vat(sector) && found->tries > 0) {
		found->tries--;
		if (is_generation(reader, lba))
			add(found, lba, 0, true);
	}
	return found->count < found->most;
}

#define TRIES_MAX 256u

size_t fs_sessions(const struct fs_reader *reader, struct fs_session *list, size_t most)
{
	struct found found = {.list = list, .most = most, .tries = TRIES_MAX};
	visit(reader, 0, note_any, &found);
	return found.count;
}

#define GAP_LEAST 150u /* sectors behind a volume that are only its padding */

uint64_t iso_newest_session(const struct fs_reader *reader, bool *older)
{
	uint8_t sector[FS_SECTOR];
	struct found found = {.end = ROOT_SEARCH};
	*older = false;
	if (!reader->peek || reader->sectors <= DESCRIPTOR_FIRST)
		return 0;
	int code = reader->peek(reader->self, DESCRIPTOR_FIRST, 1, sector);
	if (code ? code != -EBADMSG : !begins_session(reader, sector, DESCRIPTOR_FIRST))
		return 0;
	/* Lost, the first session's descriptor does not say where to begin. */
	uint64_t from = code ? DESCRIPTOR_FIRST + 1 : (found.end = le32(sector + 80));
	if (from + GAP_LEAST < reader->sectors)
		visit(reader, from, note_session, &found);
	*older = found.older;
	return found.newest;
}
