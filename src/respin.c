/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Wires the floors together: from an address to a source. The only file that
 * knows every floor; it decides nothing about reading.
 */
#include <respin/source.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "io/clock_real.h"
#include "io/files.h"
#include "io/source_block.h"
#include "io/source_image.h"
#include "io/source_proc.h"
#include "io/transport_iscsi.h"
#include "io/transport_sgio.h"
#include "mmc/source_mmc.h"
#include "respin_open.h"
#include "sim/transport_sim.h"

static const struct mmc_clock host_clock = {clock_real_now_ns, clock_real_sleep_until_ns};

int respin_source_mmc(struct respin_transport *transport, struct respin_source *source,
		      struct respin_error *error)
{
	return source_mmc_create(transport, &host_clock, source, error);
}

static bool host_wait(void *self, uint64_t ns)
{
	return waiter_wait(self, ns);
}

static void host_wake(void *self)
{
	waiter_wake(self);
}

static void host_destroy(void *self)
{
	waiter_finish(self);
	free(self);
}

/* What a file of the user's says of a simulated disc and drive. */
static int load_scenario(const char *path, struct buf *text, struct respin_error *error)
{
	const struct respin_io io = respin_io_real();
	struct respin_io_stat st;
	struct place place = {.dir = -1};
	int rc = io.ops->stat_path(io.self, path, &st);
	if (rc == 0 && st.kind != RESPIN_IO_REGULAR)
		return error_set(error, RESPIN_E_SOURCE, 0, "%s: a scenario is a file", path);
	if (rc == 0 && place_open(&io, path, &place, NULL) == 0)
		rc = files_load(&io, place.dir, place.name, 0, SCENARIO_TEXT_MAX, text, NULL);
	place_close(&io, &place);
	if (rc == -EFBIG)
		return error_set(error, RESPIN_E_INVALID, 0, "%s: longer than %u bytes: this is no scenario",
				 path, SCENARIO_TEXT_MAX);
	if (rc < 0)
		return error_set(error, rc == -EACCES ? RESPIN_E_PERMISSION : RESPIN_E_SOURCE, -rc, "%s: %s",
				 path, strerrordesc_np(-rc));
	int code = scenario_check_bytes(path, text->data, text->len, error);
	buf_add(text, "", 1);
	return code < 0 || !text->failed ? code
					 : error_set(error, RESPIN_E_NOMEM, 0, "no memory for a scenario");
}

static bool ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);
	return n >= m && !strcmp(text + n - m, end);
}

/* sim:NAME, sim:FILE.sim or sim:disc, with what stands behind the question mark. */
static int find_scenario(struct scenario *scenario, const char *address, struct respin_error *error)
{
	_cleanup_(buf_finish) struct buf text = {0};
	char name[PATH_MAX];
	bool named = scenario_address_name(address, name, sizeof name);
	int code = 0;
	if (!named || !ends_in(name, ".sim"))
		return scenario_address(scenario, address, named ? scenario_builtin(name) : NULL, error);
	code = load_scenario(name, &text, error);
	return code < 0 ? code : scenario_address(scenario, address, text.data, error);
}

int open_sim_transport(const char *address, struct respin_transport *transport, struct respin_error *error)
{
	*transport = (struct respin_transport){0};
	_cleanup_free_ struct scenario *scenario = calloc(1, sizeof *scenario); /* too large for a stack */
	struct respin_source image = {0};
	int code = scenario ? find_scenario(scenario, address, error) : RESPIN_E_NOMEM;
	if (code == 0 && scenario->image)
		code = source_block_open(scenario->image, &image, error);
	struct waiter *waiter = code == 0 ? malloc(sizeof *waiter) : NULL;
	if (code == RESPIN_E_NOMEM || (code == 0 && (!waiter || waiter_init(waiter) < 0)))
		code = error_set(error, RESPIN_E_NOMEM, 0, "no memory for a simulated drive");
	if (code < 0) {
		free(waiter);
		respin_source_destroy(&image);
		if (scenario)
			scenario_finish(scenario);
		return code;
	}
	const struct sim_host host = {waiter, host_wait, host_wake, host_destroy};
	return transport_sim_create(scenario, &image, &host, transport, error);
}

static int open_sim(const char *address, struct respin_source *source, struct respin_error *error)
{
	struct respin_transport transport;
	if (open_is_model(address))
		return open_model_source(address, source, error);
	int code = open_sim_transport(address, &transport, error);
	return code < 0 ? code : respin_source_mmc(&transport, source, error);
}

static int open_iscsi(const char *address, struct respin_source *source, struct respin_error *error)
{
#ifdef HAVE_ISCSI
	struct respin_transport transport;
	int code = transport_iscsi_open(address, &transport, error);
	return code < 0 ? code : respin_source_mmc(&transport, source, error);
#else
	(void)source;
	return error_set(error, RESPIN_E_UNSUPPORTED, 0, "%s: built without iSCSI (needs libiscsi)", address);
#endif
}

static int open_path(const char *path, struct respin_source *source, struct respin_error *error)
{
	struct stat st;
	if (stat(path, &st) < 0) {
		int err = errno;
		return error_set(error, err == EACCES ? RESPIN_E_PERMISSION : RESPIN_E_SOURCE, err, "%s: %s",
				 path, strerrordesc_np(err));
	}
	if (transport_sgio_takes(&st)) {
		struct respin_transport transport;
		int code = transport_sgio_open(path, &transport, error);
		return code < 0 ? code : respin_source_mmc(&transport, source, error);
	}
	if (S_ISBLK(st.st_mode) || S_ISREG(st.st_mode))
		return source_block_open(path, source, error);
	if (S_ISCHR(st.st_mode))
		return error_set(error, RESPIN_E_NOT_OPTICAL, 0,
				 "%s: a character device, but not an optical drive", path);
	return error_set(error, RESPIN_E_SOURCE, 0, "%s: neither a drive nor a block device nor a file",
			 path);
}

/* "name:" of two letters or more, as no path begins; "./name:x" is how to say that it is one. */
static size_t scheme_len(const char *address)
{
	size_t n = strspn(address, "abcdefghijklmnopqrstuvwxyz0123456789+");
	return n >= 2 && address[n] == ':' ? n : 0;
}

int respin_source_open(const char *address, struct respin_source *source, struct respin_error *error)
{
	*source = (struct respin_source){0};
	struct respin_source_info info;
	size_t n = scheme_len(address);
	if (!*address)
		return error_set(error, RESPIN_E_INVALID, 0, "the source's address is empty");
	if (strlen(address) >= sizeof info.address && strncmp(address, "sim:", 4) != 0)
		return error_set(error, RESPIN_E_INVALID, 0, "the source's address is longer than %zu bytes",
				 sizeof info.address - 1);
	if (n == 0)
		return open_path(address, source, error);
	if (n == 3 && !strncmp(address, "sim", n))
		return open_sim(address, source, error);
	if (n == 5 && !strncmp(address, "iscsi", n))
		return open_iscsi(address, source, error);
	if (n == 5 && !strncmp(address, "image", n))
		return source_image_open(address + n + 1, source, error);
	struct stat st;
	if (stat(address, &st) == 0)
		return open_path(address, source, error);
	return error_set(error, RESPIN_E_INVALID, 0,
			 "%s: no source is addressed by '%.*s:'; there are paths, image:, iscsi:// and sim:", address,
			 (int)n, address);
}

int respin_source_open_apart(const char *address, struct respin_source *source, struct respin_error *error)
{
	const struct source_proc_opener opener = {respin_source_open, open_is_model(address)};
	return source_proc_open(address, &opener, source, error);
}

void respin_source_info(const struct respin_source *source, struct respin_source_info *info)
{
	struct respin_source_info own = {.size = sizeof own};
	size_t size = info->size < sizeof own ? info->size : sizeof own;
	source->ops->info(source->self, &own);
	own.size = size;
	memcpy(info, &own, size);
}

void respin_source_destroy(struct respin_source *source)
{
	if (!source)
		return;
	if (source->ops)
		source->ops->destroy(source->self);
	*source = (struct respin_source){0};
}
