/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What "respin verify" found as one JSON document; docs/verify.schema.json is its schema. */
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "commands.h"
#include "provenance.h"
#include "quote.h"
#include "say.h"
#include "verify.h"

const char *const verify_state_names[4] = {"whole", "hit", "untouched", "unknown"};

static void put_text(FILE *out, const char *name, const char *text)
{
	(void)fprintf(out, ",\"%s\":", name);
	quote_json(out, text);
	if (quote_json_exact(text))
		return;
	(void)fprintf(out, ",\"%s_hex\":\"", name);
	quote_hex(out, text);
	(void)fputc('"', out);
}

static void put_hashes(FILE *out, const struct hashes *hashes, const unsigned char *digests)
{
	(void)fputs(",\"hashes\":", out);
	if (!digests) {
		(void)fputs("null", out);
		return;
	}
	for (unsigned i = 0; i < hashes->count; i++) {
		char hex[HASHES_HEX_MAX];
		hashes_hex(digests + hashes->kinds[i].offset, hashes->kinds[i].bytes, hex);
		(void)fprintf(out, "%s\"%s\":\"%s\"", i ? "," : "{", hashes->kinds[i].name, hex);
	}
	(void)fputc('}', out);
}

static void put_head(FILE *out, const struct verify *verify)
{
	const struct inventory *inventory = &verify->inventory;
	(void)fprintf(out, "{\"schema\":\"respin-verify-1\",\"program_version\":\"%s\",\"created\":\"%s\"",
		      RESPIN_VERSION, provenance_time(time(NULL)).text);
	(void)fputs(",\"command_line\":[\"respin\"", out);
	for (int i = 0; i < verify->argc; i++) {
		(void)fputc(',', out);
		quote_json(out, verify->argv[i]);
	}
	(void)fprintf(out, "],\"image\":{\"bytes\":%" PRIu64 ",\"missing_bytes\":%" PRIu64,
		      inventory->image_bytes, inventory->lacking_bytes + inventory->beyond_bytes);
	put_text(out, "name", verify->image);
	put_hashes(out, &inventory->hashes, inventory->image_digests);
	(void)fputs("}", out);
	if (verify->map)
		put_text(out, "map", verify->map);
	else
		(void)fputs(",\"map\":null", out);
}

static void put_file_system(FILE *out, const struct inventory *inventory)
{
	static const char *const doubts[] = {"none", "older", "unmoved"};
	const struct respin_files_info *info = &inventory->info;
	if (!inventory->files) {
		(void)fputs(",\"file_system\":null", out);
		return;
	}
	(void)fprintf(out,
		      ",\"file_system\":{\"bytes\":%" PRIu64 ",\"truncated_bytes\":%" PRIu64
		      ",\"session_lba\":%" PRIu64 ",\"incomplete_directories\":%" PRIu64
		      ",\"cut\":%s,\"doubt\":\"%s\"",
		      info->volume_bytes, inventory_truncated(inventory), info->session_lba,
		      info->incomplete_directories, info->cut ? "true" : "false",
		      doubts[info->doubt <= RESPIN_FILES_UNMOVED ? info->doubt : 0]);
	put_text(out, "format", info->format);
	put_text(out, "volume", info->volume);
	(void)fputs("}", out);
}

static void put_runs(FILE *out, const struct respin_files *files, uint64_t index)
{
	struct respin_file_run run = {.size = sizeof run};
	const char *between = "";
	(void)fputs(",\"runs\":[", out);
	for (uint64_t from = 0; respin_files_run(files, index, from, &run); from += run.len_bytes) {
		(void)fprintf(out, "%s{\"file\":%" PRIu64 ",\"image\":", between, run.file_bytes);
		if (run.placed && !run.hole)
			(void)fprintf(out, "%" PRIu64, run.disc_bytes);
		else
			(void)fputs("null", out);
		(void)fprintf(out, ",\"bytes\":%" PRIu64 ",\"status\":\"%c\"%s}", run.len_bytes,
			      respin_status_char((enum respin_status)run.status),
			      run.hole ? ",\"hole\":true" : "");
		between = ",";
	}
	(void)fputs("]", out);
}

static void put_file(FILE *out, const struct inventory *inventory, uint64_t index,
		     const struct respin_file *file)
{
	static const char *const kinds[] = {"file", "directory", "symlink", "other"};
	(void)fprintf(out, "%s\n{\"kind\":\"%s\",\"state\":\"%s\"", index ? "," : "", kinds[file->kind & 3],
		      verify_state_names[file->state & 3]);
	put_text(out, "path", file->path);
	struct provenance_time modified = provenance_time(file->modified_s);
	if (file->modified_s != INT64_MIN && modified.text[0])
		(void)fprintf(out, ",\"modified\":\"%s\"", modified.text);
	if (file->orphan)
		(void)fputs(",\"orphan\":true", out);
	if (file->broken)
		(void)fputs(",\"contradicts_itself\":true", out);
	if (file->kind == RESPIN_FILE_SYMLINK && file->target)
		put_text(out, "target", file->target);
	if (file->kind == RESPIN_FILE_REGULAR) {
		(void)fprintf(out, ",\"bytes\":%" PRIu64 ",\"missing_bytes\":%" PRIu64, file->size_bytes,
			      file->hoped_bytes + file->lost_bytes);
		put_hashes(out, &inventory->hashes, inventory_digests(inventory, index));
		put_runs(out, inventory->files, index);
	}
	(void)fputs("}", out);
}

static void put_check(FILE *out, const struct verify *verify)
{
	const struct manifest_result *checked = &verify->checked;
	if (!verify->check) {
		(void)fputs(",\"check\":null", out);
		return;
	}
	(void)fprintf(out,
		      ",\"check\":{\"same\":%" PRIu64 ",\"differing\":%" PRIu64 ",\"gone\":%" PRIu64
		      ",\"not_whole\":%" PRIu64 ",\"new\":%" PRIu64,
		      checked->same, checked->differing, checked->gone, checked->not_whole, checked->new);
	put_text(out, "manifest", verify->check);
	(void)fputs("}", out);
}

int verify_json(FILE *out, const struct verify *verify)
{
	const struct inventory *inventory = &verify->inventory;
	struct respin_file file = {.size = sizeof file};
	put_head(out, verify);
	put_file_system(out, inventory);
	(void)fputs(",\"files\":[", out);
	for (uint64_t i = 0; i < inventory->info.count; i++) {
		if (respin_files_at(inventory->files, i, &file) <= 0)
			return say_failure(RESPIN_E_NOMEM, NULL);
		put_file(out, inventory, i, &file);
	}
	(void)fputs("]", out);
	put_check(out, verify);
	reread_json(out, &verify->reread);
	(void)fputs(",\"provenance\":", out);
	provenance_json(out, verify->beside[VERIFY_LEDGER]);
	(void)fputs("}\n", out);
	return STATUS_WHOLE;
}
