/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * respin verify: is what an image holds still, or already, what it should be?
 * Hashes, a manifest, an earlier manifest, the file system's own size, and the
 * disc itself. Reads the image, its map and the disc; changes none of them.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "escape.h"
#include "manifest.h"
#include "options.h"
#include "page.h"
#include "quantity.h"
#include "say.h"
#include "verify.h"

enum {
	HASH = 256,
	MANIFEST,
	IMAGE_MANIFEST,
	CHECK,
	DFXML,
	JSON,
	REREAD,
	SOURCE,
	SEED,
	SESSION,
	PLAIN,
	FORCE
};

/* The same sample each time, unless another one is asked for. */
#define REREAD_SEED 1u

static int take_number(const char *option, const char *text, uint64_t least, uint64_t most, uint64_t *number)
{
	return quantity_parse(text, least, most, number)
		       ? OPTIONS_GO_ON
		       : say_usage("verify", "--%s takes a number from %" PRIu64 " to %" PRIu64 ": %s",
				   option, least, most, text);
}

static int take_option(struct verify *verify, int found, char **argv)
{
	switch (found) {
	case HASH:
		return hashes_add(&verify->inventory.hashes, optarg)
			       ? OPTIONS_GO_ON
			       : say_usage("verify", "--hash takes some of %s: %s", hashes_names, optarg);
	case MANIFEST:
		verify->pages[VERIFY_MANIFEST] = optarg;
		return OPTIONS_GO_ON;
	case IMAGE_MANIFEST:
		verify->pages[VERIFY_IMAGE_MANIFEST] = optarg;
		return OPTIONS_GO_ON;
	case DFXML:
		verify->pages[VERIFY_DFXML] = optarg;
		return OPTIONS_GO_ON;
	case JSON:
		verify->pages[VERIFY_JSON] = optarg;
		return OPTIONS_GO_ON;
	case CHECK:
		verify->check = optarg;
		return OPTIONS_GO_ON;
	case REREAD:
		return take_number("reread", optarg, 1, VERIFY_REREAD_MAX, &verify->reread.wanted);
	case SEED:
		return take_number("seed", optarg, 0, UINT64_MAX, &verify->reread.seed);
	case SOURCE:
		verify->reread.source = optarg;
		return OPTIONS_GO_ON;
	case SESSION: {
		int status = take_number("session", optarg, 0, UINT32_MAX, &verify->options.session_lba);
		verify->options.first = verify->options.session_lba == 0;
		return status;
	}
	case PLAIN:
		verify->options.plain = 1;
		return OPTIONS_GO_ON;
	case FORCE:
		verify->force = true;
		return OPTIONS_GO_ON;
	case 'q':
		verify->quiet = true;
		return OPTIONS_GO_ON;
	case 'h':
		return help_print("verify") ? STATUS_WHOLE : STATUS_USAGE;
	default:
		return options_refuse("verify", found, argv);
	}
}

/* The files that a rescue keeps beside its image. */
static void find_neighbours(struct verify *verify)
{
	static const char *const ends[VERIFY_NEIGHBOURS] = {".map", ".domain", ".ledger"};
	for (unsigned i = 0; i < VERIFY_NEIGHBOURS; i++)
		(void)snprintf(verify->beside[i], sizeof verify->beside[i], "%s%s", verify->image, ends[i]);
	if (!verify->map && access(verify->beside[VERIFY_MAP], F_OK) == 0)
		verify->map = verify->beside[VERIFY_MAP];
	verify->has_domain = access(verify->beside[VERIFY_DOMAIN], F_OK) == 0;
}

static int take_words(struct verify *verify, int argc, char **argv)
{
	int words = argc - optind, to_stdout = 0;
	if (words < 1)
		return say_usage("verify", "IMAGE is missing");
	if (words > 2)
		return say_usage("verify", "one word too many: %s", argv[optind + 2]);
	if ((verify->reread.wanted != 0) != (verify->reread.source != NULL))
		return say_usage("verify", "--reread N and --source SOURCE go together");
	if (strlen(argv[optind]) + sizeof ".domain" > sizeof verify->beside[0])
		return say_usage("verify", "the name of the image is too long");
	verify->image = argv[optind];
	verify->map = words > 1 ? argv[optind + 1] : NULL;
	find_neighbours(verify);
	/* What can be refused is refused before an hour of hashing. */
	for (unsigned i = 0; i < VERIFY_PAGES; i++) {
		if (!verify->pages[i])
			continue;
		if (strcmp(verify->pages[i], "-") == 0)
			to_stdout++;
		else if (!verify->force && access(verify->pages[i], F_OK) == 0)
			return page_there(verify->pages[i]);
	}
	if (to_stdout > 1)
		return say_usage("verify", "only one thing at a time can be written to '-'");
	verify->alone = to_stdout;
	return OPTIONS_GO_ON;
}

/* ---- what is said ---- */

static void print_image(const struct verify *verify)
{
	const struct inventory *inventory = &verify->inventory;
	char clean[ESCAPE_ROOM(sizeof verify->beside[0])];
	uint64_t lacking = inventory->lacking_bytes + inventory->beyond_bytes;
	(void)printf("image      %s: %s bytes\n", escape_text(clean, sizeof clean, inventory->image),
		     quantity_grouped(inventory->image_bytes).text);
	for (unsigned i = 0; i < inventory->hashes.count; i++) {
		char hex[HASHES_HEX_MAX];
		hashes_hex(inventory->image_digests + inventory->hashes.kinds[i].offset,
			   inventory->hashes.kinds[i].bytes, hex);
		(void)printf("%-9s  %s%s\n", inventory->hashes.kinds[i].name, hex,
			     lacking ? "  (of the file as it is)" : "");
	}
	if (!inventory->map)
		(void)printf("map        none: all of the image counts as read\n");
	else if (!lacking)
		(void)printf("map        everything was read\n");
	if (inventory->lacking_bytes)
		(void)printf("missing    %s bytes of the disc are not in the image\n",
			     quantity_grouped(inventory->lacking_bytes).text);
	if (inventory->beyond_bytes)
		(void)printf("missing    %s bytes that the map calls finished lie behind the image's end\n",
			     quantity_grouped(inventory->beyond_bytes).text);
}

static void print_size(const struct inventory *inventory)
{
	uint64_t truncated = inventory_truncated(inventory);
	if (truncated)
		(void)printf(
			"size       TRUNCATED: the file system is %s bytes long, %s of them are behind the "
			"image's end\n",
			quantity_grouped(inventory->info.volume_bytes).text,
			quantity_grouped(truncated).text);
	else if (inventory->info.volume_bytes)
		(void)printf("size       the file system is %s bytes long; the image has them\n",
			     quantity_grouped(inventory->info.volume_bytes).text);
	else
		(void)printf("size       the file system does not say how long it is\n");
}

static void print_file(struct inventory *inventory, uint64_t index, const struct respin_file *file)
{
	static const char *const states[] = {"whole", "hit", "untouched", "unknown"};
	size_t cap = ESCAPE_ROOM(strlen(file->path));
	char *clean = malloc(cap);
	bool excessive = inventory->entries[index].verdict == INVENTORY_EXCESSIVE;
	(void)printf("%-9s  %s", excessive ? "no hash" : states[file->state & 3],
		     clean ? escape_text(clean, cap, file->path) : "?");
	if (excessive)
		(void)printf("  (the files claim more bytes than such a disc holds)\n");
	else if (file->state == RESPIN_FILE_UNKNOWN)
		(void)printf("  (its place could not be read)\n");
	else
		(void)printf("  (%s missing)\n",
			     quantity_count(file->hoped_bytes + file->lost_bytes, "byte").text);
	free(clean);
}

static int print_files(struct inventory *inventory)
{
	struct respin_file file = {.size = sizeof file};
	char clean[ESCAPE_ROOM(sizeof inventory->info.volume)];
	if (!inventory->files) {
		(void)printf("files      no file system that is known: only the image has a hash\n");
		return STATUS_WHOLE;
	}
	for (uint64_t i = 0; i < inventory->info.count; i++) {
		uint8_t verdict = inventory->entries[i].verdict;
		if (verdict != INVENTORY_NOT_WHOLE && verdict != INVENTORY_EXCESSIVE)
			continue;
		if (respin_files_at(inventory->files, i, &file) <= 0)
			return say_failure(RESPIN_E_NOMEM, NULL);
		print_file(inventory, i, &file);
	}
	(void)printf("files      %s \"%s\": %s with a hash, %" PRIu64 " not whole\n", inventory->info.format,
		     escape_text(clean, sizeof clean, inventory->info.volume),
		     quantity_count(inventory->hashed, "file").text, inventory->not_whole);
	if (inventory->info.incomplete_directories)
		(void)printf("files      %s could not be read whole: more files may hang there\n",
			     inventory->info.incomplete_directories == 1
				     ? "a directory"
				     : quantity_count(inventory->info.incomplete_directories, "list").text);
	if (inventory->info.doubt == RESPIN_FILES_OLDER)
		(void)printf(
			"files      what was written last cannot be read: this is how the disc was before\n");
	else if (inventory->info.doubt == RESPIN_FILES_UNMOVED)
		(void)printf(
			"files      a table of moved packets is gone: old bytes may pass for new ones\n");
	if (inventory->info.cut)
		(void)printf("files      there are more entries than are listed\n");
	print_size(inventory);
	return STATUS_WHOLE;
}

static void print_check(const struct verify *verify)
{
	const struct manifest_result *checked = &verify->checked;
	(void)printf("check      %s the same, %" PRIu64 " differing, %" PRIu64 " gone, %" PRIu64
		     " not whole, %" PRIu64 " new\n",
		     quantity_count(checked->same, "sum").text, checked->differing, checked->gone,
		     checked->not_whole, checked->new);
}

/* ---- what is written ---- */

static int write_page(struct verify *verify, enum verify_page which)
{
	static int (*const writers[VERIFY_PAGES])(FILE * out, const struct verify *verify) = {
		[VERIFY_MANIFEST] = verify_manifest,
		[VERIFY_IMAGE_MANIFEST] = verify_image_manifest,
		[VERIFY_DFXML] = verify_dfxml,
		[VERIFY_JSON] = verify_json,
	};
	const char *const spared[] = {verify->image,
				      verify->map ? verify->map : verify->image,
				      verify->beside[VERIFY_MAP],
				      verify->beside[VERIFY_DOMAIN],
				      verify->beside[VERIFY_LEDGER],
				      verify->check ? verify->check : verify->image,
				      verify->reread.source ? verify->reread.source : verify->image,
				      NULL};
	struct page page;
	int status = page_begin(&page, verify->pages[which], verify->force, spared);
	if (status != STATUS_WHOLE)
		return status;
	status = writers[which](page.out, verify);
	int ended = page_end(&page);
	return status != STATUS_WHOLE ? status : ended;
}

int verify_manifest(FILE *out, const struct verify *verify)
{
	return manifest_write(out, &verify->inventory);
}

int verify_image_manifest(FILE *out, const struct verify *verify)
{
	return manifest_write_image(out, &verify->inventory);
}

/* ---- the work ---- */

static int tick(void *arg, uint64_t done, uint64_t all)
{
	unsigned *shown = arg, now = (unsigned)(all ? (done / (all / 100 + 1)) : 100);
	if (now == *shown)
		return 0;
	*shown = now;
	(void)fprintf(stderr, "\rhashing: %u %%", now);
	if (done == all)
		(void)fprintf(stderr, "\r%*s\r", 20, "");
	return 0;
}

static bool complains(const struct verify *verify)
{
	const struct inventory *inventory = &verify->inventory;
	const struct manifest_result *checked = &verify->checked;
	return inventory->lacking_bytes || inventory->beyond_bytes || inventory->not_whole ||
	       inventory->excessive || inventory->info.incomplete_directories || inventory->info.cut ||
	       inventory->info.doubt || inventory_truncated(inventory) || checked->differing ||
	       checked->gone || checked->not_whole || checked->new || verify->reread.differing;
}

static int look(struct verify *verify)
{
	struct respin_error error = {0};
	unsigned shown = 0;
	bool watched = !verify->quiet && isatty(STDERR_FILENO);
	int code = inventory_open(&verify->inventory, verify->image, verify->map,
				  verify->has_domain ? verify->beside[VERIFY_DOMAIN] : NULL, &verify->options,
				  &error);
	if (code == 0)
		code = inventory_hash(&verify->inventory, watched ? tick : NULL, &shown, &error);
	return code < 0 ? say_failure(code, &error) : STATUS_WHOLE;
}

static int run(struct verify *verify)
{
	FILE *words = verify->alone ? stderr : stdout;
	int status = look(verify);
	if (status == STATUS_WHOLE && !verify->alone && !verify->quiet) {
		print_image(verify);
		status = print_files(&verify->inventory);
	}
	if (status == STATUS_WHOLE && verify->check)
		status = manifest_check(&verify->manifest, &verify->inventory, words, &verify->checked);
	if (status == STATUS_WHOLE && verify->check && !verify->alone && !verify->quiet)
		print_check(verify);
	if (status == STATUS_WHOLE && verify->reread.source)
		status = reread_run(&verify->reread, &verify->inventory, words);
	for (unsigned i = 0; status == STATUS_WHOLE && i < VERIFY_PAGES; i++)
		if (verify->pages[i])
			status = write_page(verify, i);
	return status == STATUS_WHOLE && complains(verify) ? STATUS_MISSING : status;
}

int cmd_verify(int argc, char **argv)
{
	static const struct option known[] = {{"hash", required_argument, NULL, HASH},
					      {"manifest", required_argument, NULL, MANIFEST},
					      {"image-manifest", required_argument, NULL, IMAGE_MANIFEST},
					      {"check", required_argument, NULL, CHECK},
					      {"dfxml", required_argument, NULL, DFXML},
					      {"json", required_argument, NULL, JSON},
					      {"reread", required_argument, NULL, REREAD},
					      {"source", required_argument, NULL, SOURCE},
					      {"seed", required_argument, NULL, SEED},
					      {"session", required_argument, NULL, SESSION},
					      {"plain", no_argument, NULL, PLAIN},
					      {"force", no_argument, NULL, FORCE},
					      {"quiet", no_argument, NULL, 'q'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	struct verify verify = {.options.size = sizeof verify.options,
				.inventory.fd = -1,
				.reread.seed = REREAD_SEED,
				.argc = argc,
				.argv = argv};
	int status = OPTIONS_GO_ON;
	opterr = 0;
	optind = 0;
	for (int found;
	     status == OPTIONS_GO_ON && (found = getopt_long(argc, argv, ":qh", known, NULL)) != -1;)
		status = take_option(&verify, found, argv);
	if (status == OPTIONS_GO_ON)
		status = take_words(&verify, argc, argv);
	if (status != OPTIONS_GO_ON)
		return status;
	status = STATUS_WHOLE;
	if (verify.check)
		status = manifest_load(&verify.manifest, verify.check, &verify.inventory.hashes);
	if (!verify.inventory.hashes.count)
		(void)hashes_add(&verify.inventory.hashes, "sha256");
	if (status == STATUS_WHOLE)
		status = run(&verify);
	manifest_finish(&verify.manifest);
	inventory_finish(&verify.inventory);
	reread_finish(&verify.reread);
	return status;
}
