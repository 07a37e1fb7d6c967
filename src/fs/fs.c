/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which file system of a disc is to be believed: bridge discs have two that tell of the same files. */
#include "base/error.h"
#include "fs/iso9660.h"

static size_t lacking(const struct fs_tree *tree)
{
	size_t count = tree->lacking_count + (tree->doubt != FS_SURE);
	for (size_t i = 0; i < tree->node_count; i++)
		count += tree->nodes[i].incomplete;
	return count;
}

int fs_read(const struct fs_reader *reader, const struct fs_options *options, struct fs_tree **tree,
	    struct respin_error *error)
{
	struct fs_tree *udf = NULL, *iso = NULL;
	struct fs_options newest = options ? *options : (struct fs_options){0};
	*tree = NULL;
	bool older = false;
	if (!newest.session_lba && !newest.first)
		newest.session_lba = iso_newest_session(reader, &older);
	options = &newest;
	int code = fs_udf(reader, options, &udf, error);
	if (code < 0 && code != RESPIN_E_UNSUPPORTED)
		return code;
	if (udf && !lacking(udf)) {
		*tree = udf;
		return 0;
	}
	code = fs_iso9660(reader, options, &iso, error);
	if (code < 0 && code != RESPIN_E_UNSUPPORTED) {
		fs_tree_destroy(udf);
		return code;
	}
	if (!udf && !iso)
		return error_set(error, RESPIN_E_UNSUPPORTED, 0,
				 "no file system that is known here can be read");
	bool take_udf = udf && (!iso || udf->node_count > iso->node_count ||
				(udf->node_count == iso->node_count && lacking(udf) <= lacking(iso)));
	*tree = take_udf ? udf : iso;
	if (older && !take_udf)
		iso->doubt = FS_OLDER;
	fs_tree_destroy(take_udf ? iso : udf);
	return 0;
}
