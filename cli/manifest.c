/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Manifests, see manifest.h. Names are the disc's, but for parts that would lead
 * out of the directory; those are written as "respin files --extract" makes them.
 */
#include "manifest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "commands.h"
#include "escape.h"
#include "say.h"

#define MANIFEST_BYTES_MAX (INT64_C(1) << 30) /* of ten million files: more are none of ours */
static const char remark[] = "# not whole, ";

/* ---- writing ---- */

/* A path that stays below where it is used: no "", "." or ".." between its slashes. NULL: no memory. */
static char *safe_name(const char *path)
{
	char *name = malloc(2 * strlen(path) + 2), *to = name;
	for (const char *part = path; name; part++) {
		size_t len = strcspn(part, "/");
		bool dots = len <= 2 && !memcmp(part, "..", len);
		if (dots)
			memset(to, '_', len ? len : 1);
		else
			memcpy(to, part, len);
		to += dots && !len ? 1 : len;
		part += len;
		*to++ = *part;
		if (!*part)
			break;
	}
	return name;
}

/* As the coreutils do it: a backslash before the line, and these three escaped. */
static bool needs_escape(const char *name)
{
	return name[strcspn(name, "\\\n\r")] != '\0';
}

static void put_name(FILE *out, const char *name)
{
	bool escape = needs_escape(name);
	for (; *name; name++) {
		if (escape && *name == '\\')
			(void)fputs("\\\\", out);
		else if (escape && *name == '\n')
			(void)fputs("\\n", out);
		else if (escape && *name == '\r')
			(void)fputs("\\r", out);
		else
			(void)fputc(*name, out);
	}
}

static void put_lines(FILE *out, const struct hashes *hashes, const unsigned char *digests, const char *name)
{
	/* A bare blake2b could be taken for a sha512. */
	bool tagged = hashes->count > 1 || hashes_by_bytes(hashes->kinds[0].bytes) != hashes->kinds[0].name;
	for (unsigned i = 0; i < hashes->count; i++) {
		char hex[HASHES_HEX_MAX];
		hashes_hex(digests + hashes->kinds[i].offset, hashes->kinds[i].bytes, hex);
		if (needs_escape(name))
			(void)fputc('\\', out);
		if (!tagged) {
			(void)fprintf(out, "%s  ", hex);
			put_name(out, name);
		} else {
			(void)fprintf(out, "%s (", hashes->kinds[i].tag);
			put_name(out, name);
			(void)fprintf(out, ") = %s", hex);
		}
		(void)fputc('\n', out);
	}
}

static void put_remark(FILE *out, const struct respin_file *file, const char *name)
{
	if (file->state == RESPIN_FILE_UNKNOWN)
		(void)fprintf(out, "%swhere it lies is unknown: ", remark);
	else
		(void)fprintf(out, "%s%" PRIu64 " bytes missing: ", remark,
			      file->hoped_bytes + file->lost_bytes);
	if (needs_escape(name))
		(void)fputc('\\', out);
	put_name(out, name);
	(void)fputc('\n', out);
}

int manifest_write(FILE *out, const struct inventory *inventory)
{
	struct respin_file file = {.size = sizeof file};
	for (uint64_t i = 0; i < inventory->info.count; i++) {
		uint8_t verdict = inventory->entries[i].verdict;
		if (verdict == INVENTORY_NO_FILE)
			continue;
		char *name = respin_files_at(inventory->files, i, &file) > 0 ? safe_name(file.path) : NULL;
		if (!name)
			return say_failure(RESPIN_E_NOMEM, NULL);
		if (verdict == INVENTORY_HASHED)
			put_lines(out, &inventory->hashes, inventory_digests(inventory, i), name);
		else if (verdict == INVENTORY_NOT_WHOLE)
			put_remark(out, &file, name);
		free(name);
	}
	return STATUS_WHOLE;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

int manifest_write_image(FILE *out, const struct inventory *inventory)
{
	if (inventory->lacking_bytes + inventory->beyond_bytes)
		(void)fprintf(out, "# the file as it is; %" PRIu64 " bytes of the disc are missing in it\n",
			      inventory->lacking_bytes + inventory->beyond_bytes);
	put_lines(out, &inventory->hashes, inventory->image_digests, last_part(inventory->image));
	return STATUS_WHOLE;
}

/* ---- reading ---- */

static bool unescape(char *name)
{
	char *to = name;
	for (const char *from = name; *from; from++) {
		if (*from != '\\') {
			*to++ = *from;
			continue;
		}
		switch (*++from) {
		case '\\':
			*to++ = '\\';
			break;
		case 'n':
			*to++ = '\n';
			break;
		case 'r':
			*to++ = '\r';
			break;
		default:
			return false;
		}
	}
	*to = '\0';
	return true;
}

static int nibble(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* The digest that `text` begins with; how many bytes, 0: none. */
static size_t parse_hex(const char *text, unsigned char digest[HASHES_BYTES_MAX])
{
	size_t n = 0;
	while (n < HASHES_BYTES_MAX && nibble(text[2 * n]) >= 0 && nibble(text[2 * n + 1]) >= 0) {
		digest[n] = (unsigned char)(nibble(text[2 * n]) << 4 | nibble(text[2 * n + 1]));
		n++;
	}
	return nibble(text[2 * n]) >= 0 ? 0 : n;
}

/* "HEX  NAME" or "HEX *NAME". */
static bool parse_plain(char *line, struct manifest_entry *entry, char **name)
{
	size_t bytes = parse_hex(line, entry->digest);
	entry->hash = hashes_by_bytes(bytes);
	if (!entry->hash || line[2 * bytes] != ' ' ||
	    (line[2 * bytes + 1] != ' ' && line[2 * bytes + 1] != '*'))
		return false;
	*name = line + 2 * bytes + 2;
	return true;
}

/* "SHA256 (NAME) = HEX". */
static bool parse_tagged(char *line, struct manifest_entry *entry, char **name)
{
	size_t tag = strcspn(line, " ");
	entry->hash = hashes_by_tag(line, tag);
	if (!entry->hash || strncmp(line + tag, " (", 2) != 0)
		return false;
	char *end = NULL;
	for (char *p = line + tag; (p = strstr(p, ") = ")); p++)
		end = p;
	if (!end)
		return false;
	*end = '\0';
	*name = line + tag + 2;
	size_t bytes = parse_hex(end + 4, entry->digest);
	const char *by_len = hashes_by_bytes(bytes);
	/* blake2b is as long as sha512: the tag says which. */
	return by_len && !end[4 + 2 * bytes] && (by_len == entry->hash || bytes == HASHES_BYTES_MAX);
}

/* 1: an entry; 0: nothing to compare; -1: no line of a manifest; -2: no memory. */
static int parse_line(char *line, struct manifest_entry *entry)
{
	char *name = NULL;
	bool escaped = *line == '\\', good;
	*entry = (struct manifest_entry){0};
	if (strncmp(line, remark, sizeof remark - 1) == 0) {
		name = strstr(line, ": ");
		name = name && strncmp(name, ": \\", 3) != 0 ? name + 2 : name;
		escaped = name && strncmp(name, ": \\", 3) == 0;
		name = escaped ? name + 3 : name;
		good = name != NULL;
	} else if (!*line || *line == '#') {
		return 0;
	} else {
		line += escaped;
		good = parse_plain(line, entry, &name) || parse_tagged(line, entry, &name);
	}
	if (!good || !name || (escaped && !unescape(name)))
		return -1;
	while (!strncmp(name, "./", 2)) /* as "find -type f -exec sha256sum" writes it */
		name += 2;
	entry->name = strdup(name);
	return entry->name ? 1 : -2;
}

static int compare_names(const void *left, const void *right)
{
	const struct manifest_entry *one = left, *two = right;
	return strcmp(one->name, two->name);
}

static int add_line(struct manifest *manifest, char *line, unsigned long long number, size_t *cap)
{
	struct manifest_entry entry;
	int found = parse_line(line, &entry);
	if (found == -1) {
		say("%s: line %llu is none of a manifest", manifest->path, number);
		return STATUS_REFUSED;
	}
	if (found == 0)
		return STATUS_WHOLE;
	if (found > 0 && manifest->count == *cap) {
		size_t more = *cap ? 2 * *cap : 256;
		struct manifest_entry *entries = reallocarray(manifest->entries, more, sizeof *entries);
		if (entries) {
			manifest->entries = entries;
			*cap = more;
		}
	}
	if (found < 0 || manifest->count == *cap) {
		free(entry.name);
		return say_failure(RESPIN_E_NOMEM, NULL);
	}
	manifest->entries[manifest->count++] = entry;
	return STATUS_WHOLE;
}

static int read_lines(struct manifest *manifest, FILE *in)
{
	char *line = NULL;
	size_t room = 0, cap = 0;
	unsigned long long number = 0;
	int64_t total = 0;
	int status = STATUS_WHOLE;
	errno = 0;
	for (ssize_t n; status == STATUS_WHOLE && (n = getline(&line, &room, in)) > 0;) {
		total += n;
		number++;
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		if (total > MANIFEST_BYTES_MAX || strlen(line) + 1 < (size_t)n) {
			say("%s: this is no manifest", manifest->path);
			status = STATUS_REFUSED;
		} else {
			status = add_line(manifest, line, number, &cap);
		}
	}
	if (status == STATUS_WHOLE && ferror(in)) {
		say("%s: cannot be read: %s", manifest->path, strerror(errno));
		status = STATUS_USAGE;
	}
	free(line);
	return status;
}

int manifest_load(struct manifest *manifest, const char *path, struct hashes *hashes)
{
	struct stat here;
	*manifest = (struct manifest){.path = path};
	FILE *in = fopen(path, "re");
	if (!in) {
		say("%s: cannot be read: %s", path, strerror(errno));
		return STATUS_USAGE;
	}
	bool huge = fstat(fileno(in), &here) == 0 && here.st_size > MANIFEST_BYTES_MAX;
	if (huge)
		say("%s: this is no manifest", path);
	int status = huge ? STATUS_REFUSED : read_lines(manifest, in);
	(void)fclose(in);
	if (status == STATUS_WHOLE && !manifest->count) {
		say("%s: there is no file in this manifest", path);
		status = STATUS_REFUSED;
	}
	for (size_t i = 0; status == STATUS_WHOLE && i < manifest->count; i++)
		if (manifest->entries[i].hash && !hashes_add(hashes, manifest->entries[i].hash)) {
			say("%s: this build cannot compute %s", path, manifest->entries[i].hash);
			status = STATUS_REFUSED;
		}
	if (manifest->count)
		qsort(manifest->entries, manifest->count, sizeof *manifest->entries, compare_names);
	return status;
}

void manifest_finish(struct manifest *manifest)
{
	for (size_t i = 0; i < manifest->count; i++)
		free(manifest->entries[i].name);
	free(manifest->entries);
}

/* ---- comparing ---- */

static void say_name(FILE *out, const char *what, const char *name)
{
	size_t cap = ESCAPE_ROOM(strlen(name));
	char *clean = malloc(cap);
	(void)fprintf(out, "%-9s  %s\n", what, clean ? escape_text(clean, cap, name) : "?");
	free(clean);
}

/* The first entry of that name, or `count`. */
static size_t find_name(const struct manifest *manifest, const char *name)
{
	size_t low = 0, high = manifest->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(manifest->entries[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < manifest->count && !strcmp(manifest->entries[low].name, name) ? low : manifest->count;
}

/*
 * One file, or the image, against every line of its name. A name may stand there twice: it is the same file if, by each
 * hash that is told, one of its lines agrees.
 */
static void compare_one(struct manifest *manifest, const struct hashes *hashes, const char *name,
			const unsigned char *digests, FILE *out, struct manifest_result *result)
{
	size_t first = find_name(manifest, name), end = first;
	unsigned told = 0, agreed = 0;
	bool was_not_whole = false;
	for (; end < manifest->count && !strcmp(manifest->entries[end].name, name); end++) {
		struct manifest_entry *entry = &manifest->entries[end];
		entry->seen = true;
		was_not_whole = was_not_whole || !entry->hash;
		unsigned kind = entry->hash ? hashes_find(hashes, entry->hash) : HASHES_MAX;
		if (kind == HASHES_MAX)
			continue;
		told |= 1u << kind;
		if (digests &&
		    !memcmp(digests + hashes->kinds[kind].offset, entry->digest, hashes->kinds[kind].bytes))
			agreed |= 1u << kind;
	}
	if (!told && digests && !was_not_whole) {
		result->new ++;
		say_name(out, "new", name);
	} else if (told && !digests) {
		result->not_whole++;
		say_name(out, "not whole", name);
	} else if (told && agreed != told) {
		result->differing++;
		say_name(out, "differs", name);
	} else if (told) {
		result->same++;
	}
}

int manifest_check(struct manifest *manifest, const struct inventory *inventory, FILE *out,
		   struct manifest_result *result)
{
	struct respin_file file = {.size = sizeof file};
	const char *image = last_part(inventory->image);
	*result = (struct manifest_result){0};
	for (uint64_t i = 0; i < inventory->info.count; i++) {
		if (inventory->entries[i].verdict == INVENTORY_NO_FILE)
			continue;
		char *name = respin_files_at(inventory->files, i, &file) > 0 ? safe_name(file.path) : NULL;
		if (!name)
			return say_failure(RESPIN_E_NOMEM, NULL);
		compare_one(manifest, &inventory->hashes, name, inventory_digests(inventory, i), out, result);
		free(name);
	}
	/* A manifest of the image alone knows no files, so none of them is new. */
	size_t own = find_name(manifest, image);
	if (own < manifest->count && !manifest->entries[own].seen) {
		bool alone = !result->same && !result->differing && !result->not_whole;
		result->new = alone ? 0 : result->new;
		compare_one(manifest, &inventory->hashes, image, inventory->image_digests, out, result);
	}
	for (size_t i = 0; i < manifest->count; i++)
		if (!manifest->entries[i].seen && manifest->entries[i].hash &&
		    (i == 0 || strcmp(manifest->entries[i].name, manifest->entries[i - 1].name) != 0)) {
			result->gone++;
			say_name(out, "gone", manifest->entries[i].name);
		}
	return STATUS_WHOLE;
}
