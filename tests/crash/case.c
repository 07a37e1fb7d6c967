/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A case as one word on a command line, and back. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "explore.h"

void case_print(const struct crash_case *at, const char *path, char text[CASE_TEXT_MAX])
{
	char fault[80] = "-";
	if (at->fault.nth)
		(void)snprintf(fault, sizeof fault, "%ux%u=%" PRId64 "~%" PRIu64 "%s", at->fault.nth,
			       at->fault.times, at->fault.result, at->fault.partial_seed,
			       at->fault.lies ? "!" : "");
	(void)snprintf(text, CASE_TEXT_MAX, "%s/%s/%s/%s", at->workload->name, at->mode->name, fault, path);
}

static bool find_workload(const char *name, size_t len, struct crash_case *at)
{
	if (len > 5 && !strncmp(name, "seed:", 5)) {
		crash_draw(strtoull(name + 5, NULL, 10), at);
		return true;
	}
	for (size_t i = 0; i < crash_workload_count; i++)
		if (strlen(crash_workloads[i].name) == len && !strncmp(crash_workloads[i].name, name, len)) {
			at->workload = &crash_workloads[i];
			return true;
		}
	return false;
}

bool case_parse(const char *text, struct crash_case *at, const char **path)
{
	const char *mode = strchr(text, '/');
	const char *fault = mode ? strchr(mode + 1, '/') : NULL;
	const char *rest = fault ? strchr(fault + 1, '/') : NULL;
	*at = (struct crash_case){0};
	if (!rest || !find_workload(text, (size_t)(mode - text), at))
		return false;
	at->mode = NULL;
	for (unsigned i = 0; i < MODES; i++)
		if (strlen(crash_modes[i].name) == (size_t)(fault - mode - 1) &&
		    !strncmp(crash_modes[i].name, mode + 1, (size_t)(fault - mode - 1)))
			at->mode = &crash_modes[i];
	at->fault = (struct crash_fault){0};
	if (fault[1] != '-' && sscanf(fault + 1, "%ux%u=%" SCNd64 "~%" SCNu64, &at->fault.nth,
				      &at->fault.times, &at->fault.result, &at->fault.partial_seed) != 4)
		return false;
	at->fault.lies = rest[-1] == '!';
	*path = rest + 1;
	return at->mode != NULL;
}
