/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Digital Forensics XML 1.2.0 of an image: the order of the elements is the
 * schema's. What DFXML has no word for (states of runs, provenance) stands in a
 * namespace of our own, after everything else. Well-formed whatever the names.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "commands.h"
#include "provenance.h"
#include "quote.h"
#include "say.h"
#include "verify.h"

#define SECTOR_BYTES 2048u

static const char head[] =
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	"<dfxml xmlns=\"http://www.forensicswiki.org/wiki/Category:Digital_Forensics_XML\""
	" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:respin=\"urn:respin:dfxml:1\" version=\"1.2.0\">\n"
	"  <metadata>\n    <dc:type>Disk Image</dc:type>\n  </metadata>\n";

static void element(FILE *out, const char *indent, const char *name, const char *text)
{
	(void)fprintf(out, "%s<%s>", indent, name);
	quote_xml(out, text);
	(void)fprintf(out, "</%s>\n", name);
}

static void put_creator(FILE *out, const struct verify *verify)
{
	(void)fprintf(out,
		      "  <creator>\n    <program>respin</program>\n    <version>%s</version>\n"
		      "    <execution_environment>\n      <command_line>",
		      RESPIN_VERSION);
	for (int i = 0; i < verify->argc; i++) {
		(void)fputs(i ? " " : "respin ", out);
		quote_xml(out, verify->argv[i]);
	}
	(void)fprintf(
		out,
		"</command_line>\n      <start_time>%s</start_time>\n    </execution_environment>\n  </creator>\n",
		provenance_time(time(NULL)).text);
	(void)fputs("  <source>\n", out);
	element(out, "    ", "image_filename", verify->image);
	(void)fputs("  </source>\n", out);
}

static void put_hashes(FILE *out, const char *indent, const struct hashes *hashes,
		       const unsigned char *digests)
{
	for (unsigned i = 0; digests && i < hashes->count; i++) {
		char hex[HASHES_HEX_MAX];
		hashes_hex(digests + hashes->kinds[i].offset, hashes->kinds[i].bytes, hex);
		(void)fprintf(out, "%s<hashdigest type=\"%s\">%s</hashdigest>\n", indent,
			      hashes->kinds[i].name, hex);
	}
}

static void put_runs(FILE *out, const struct respin_files *files, uint64_t index)
{
	struct respin_file_run run = {.size = sizeof run};
	(void)fputs("      <byte_runs>\n", out);
	for (uint64_t from = 0; respin_files_run(files, index, from, &run); from += run.len_bytes) {
		(void)fprintf(out, "        <byte_run file_offset=\"%" PRIu64 "\"", run.file_bytes);
		if (run.placed && !run.hole)
			(void)fprintf(out, " fs_offset=\"%" PRIu64 "\" img_offset=\"%" PRIu64 "\"",
				      run.disc_bytes, run.disc_bytes);
		(void)fprintf(out, " len=\"%" PRIu64 "\"", run.len_bytes);
		if (run.hole)
			(void)fputs(" fill=\"0\"", out);
		(void)fprintf(out, " respin:status=\"%c\"/>\n",
			      respin_status_char((enum respin_status)run.status));
	}
	(void)fputs("      </byte_runs>\n", out);
}

static void put_names(FILE *out, const char *what, const char *text)
{
	if (quote_xml_exact(text))
		return;
	(void)fprintf(out, "      <respin:%s_hex>", what);
	quote_hex(out, text);
	(void)fprintf(out, "</respin:%s_hex>\n", what);
}

static void put_file(FILE *out, const struct inventory *inventory, uint64_t index,
		     const struct respin_file *file)
{
	static const char types[] = {'r', 'd', 'l', '-'};
	(void)fputs("    <fileobject>\n", out);
	element(out, "      ", "filename", file->path);
	(void)fprintf(out, "      <partition>1</partition>\n      <id>%" PRIu64 "</id>\n", index + 1);
	(void)fprintf(out, "      <name_type>%c</name_type>\n", types[file->kind & 3]);
	if (file->kind == RESPIN_FILE_REGULAR && file->state != RESPIN_FILE_UNKNOWN)
		(void)fprintf(out, "      <filesize>%" PRIu64 "</filesize>\n", file->size_bytes);
	(void)fputs("      <alloc>1</alloc>\n", out);
	if (file->orphan)
		(void)fputs("      <orphan>1</orphan>\n", out);
	struct provenance_time modified = provenance_time(file->modified_s);
	if (file->modified_s != INT64_MIN && modified.text[0])
		(void)fprintf(out, "      <mtime>%s</mtime>\n", modified.text);
	if (file->kind == RESPIN_FILE_SYMLINK && file->target)
		element(out, "      ", "link_target", file->target);
	if (file->kind == RESPIN_FILE_REGULAR) {
		put_runs(out, inventory->files, index);
		put_hashes(out, "      ", &inventory->hashes, inventory_digests(inventory, index));
	}
	(void)fprintf(out, "      <respin:state>%s</respin:state>\n", verify_state_names[file->state & 3]);
	if (file->broken)
		(void)fputs("      <respin:contradicts_itself>1</respin:contradicts_itself>\n", out);
	put_names(out, "filename", file->path);
	if (file->kind == RESPIN_FILE_SYMLINK && file->target)
		put_names(out, "link_target", file->target);
	(void)fputs("    </fileobject>\n", out);
}

static int put_volume(FILE *out, const struct inventory *inventory)
{
	struct respin_file file = {.size = sizeof file};
	const struct respin_files_info *info = &inventory->info;
	(void)fprintf(
		out,
		"  <volume offset=\"0\">\n    <sector_size>%u</sector_size>\n    <block_size>%u</block_size>\n",
		SECTOR_BYTES, SECTOR_BYTES);
	element(out, "    ", "ftype_str", info->format);
	if (info->volume_bytes)
		(void)fprintf(out, "    <block_count>%" PRIu64 "</block_count>\n",
			      info->volume_bytes / SECTOR_BYTES);
	(void)fputs("    <first_block>0</first_block>\n", out);
	if (info->volume_bytes > SECTOR_BYTES)
		(void)fprintf(out, "    <last_block>%" PRIu64 "</last_block>\n",
			      info->volume_bytes / SECTOR_BYTES - 1);
	(void)fputs("    <allocated_only>1</allocated_only>\n", out);
	for (uint64_t i = 0; i < info->count; i++) {
		if (respin_files_at(inventory->files, i, &file) <= 0)
			return say_failure(RESPIN_E_NOMEM, NULL);
		put_file(out, inventory, i, &file);
	}
	(void)fputs("    <respin:volume_name>", out);
	quote_xml(out, info->volume);
	(void)fprintf(out,
		      "</respin:volume_name>\n    <respin:truncated_bytes>%" PRIu64
		      "</respin:truncated_bytes>\n",
		      inventory_truncated(inventory));
	(void)fprintf(out, "    <respin:incomplete_directories>%" PRIu64 "</respin:incomplete_directories>\n",
		      info->incomplete_directories);
	(void)fputs("  </volume>\n", out);
	return STATUS_WHOLE;
}

static void put_image(FILE *out, const struct inventory *inventory)
{
	(void)fprintf(out, "  <respin:image bytes=\"%" PRIu64 "\" missing_bytes=\"%" PRIu64 "\">\n",
		      inventory->image_bytes, inventory->lacking_bytes + inventory->beyond_bytes);
	for (unsigned i = 0; i < inventory->hashes.count; i++) {
		char hex[HASHES_HEX_MAX];
		hashes_hex(inventory->image_digests + inventory->hashes.kinds[i].offset,
			   inventory->hashes.kinds[i].bytes, hex);
		(void)fprintf(out, "    <respin:hashdigest type=\"%s\">%s</respin:hashdigest>\n",
			      inventory->hashes.kinds[i].name, hex);
	}
	(void)fputs("  </respin:image>\n", out);
}

int verify_dfxml(FILE *out, const struct verify *verify)
{
	int status = STATUS_WHOLE;
	(void)fputs(head, out);
	put_creator(out, verify);
	if (verify->inventory.files)
		status = put_volume(out, &verify->inventory);
	put_image(out, &verify->inventory);
	provenance_xml(out, verify->beside[VERIFY_LEDGER]);
	(void)fputs("</dfxml>\n", out);
	return status;
}
