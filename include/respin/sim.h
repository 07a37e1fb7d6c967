/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Simulated discs and drives: what scenarios there are, the truth about one, a
 * whole rescue in virtual time, the least time it could take, and a simulated
 * drive shown to this machine as a real one. "sim:NAME?key=value&..." as a
 * source is in source.h; the text of scenarios is in respin-sim(5).
 */
#ifndef RESPIN_SIM_H
#define RESPIN_SIM_H

#include <respin/error.h>
#include <respin/map.h>
#include <respin/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A scenario: one of those that come with the library, or what an address makes of one. */
struct respin_sim_scenario {
	size_t size;
	char name[48];    /* as in "sim:NAME" */
	char title[128];  /* for people; "": none */
	char medium[24];  /* "dvd-5" */
	char drive[24];   /* "hh-sata-dvd" */
	const char *text; /* the whole text of one that comes with the library, else NULL; the library's */
	uint64_t sectors, seed;
};

/* Calls `each` once a scenario, by name; non-zero ends it and is returned. */
RESPIN_API int respin_sim_list(int (*each)(void *arg, const struct respin_sim_scenario *scenario), void *arg);

/*
 * The truth about a scenario's disc, as a map: finished what reads well,
 * non-trimmed what reads sometimes, bad what never does in five sessions,
 * non-tried what is not recorded. Its units are sectors. *map is the caller's
 * (respin_map_destroy); with map NULL only the scenario is filled.
 * RESPIN_E_INVALID, _SOURCE, _NOMEM; UNSUPPORTED for sim:exec, which nobody can look into.
 */
RESPIN_API int respin_sim_truth(const char *address, struct respin_map **map,
				struct respin_sim_scenario *scenario, struct respin_error *error);

/*
 * The same truth as a page of SVG, like respin_map_svg, but with this disc's own
 * radii and angles. *svg is terminated; free() it. Codes as respin_sim_truth;
 * UNSUPPORTED also for a disc without geometry.
 */
RESPIN_API int respin_sim_svg(const char *address, char **svg, struct respin_error *error);

#define RESPIN_SIM_SHARES 5 /* 50, 90, 99, 99.9 and 100 % of the readable sectors */

struct respin_sim_oracle {
	size_t size;
	uint64_t readable; /* sectors that read at least every other time, in five sessions, at some speed */
	uint64_t dead;     /* sectors that do not */
	uint64_t lb0_ns[RESPIN_SIM_SHARES]; /* drive time of one who knows everything: a bound */
	uint64_t lb1_ns[RESPIN_SIM_SHARES]; /* an estimate: knows all but the coins, five sessions */
};

/* Codes as respin_sim_truth. */
RESPIN_API int respin_sim_oracle(const char *address, struct respin_sim_oracle *oracle,
				 struct respin_error *error);

struct respin_sim_options {
	size_t size;
	const char *policy; /* "respin" (or NULL), "linear", "bisection", "predecessor", "ddrescue", ... */
	uint64_t limit_ns;  /* of the drive's time; 0: none */
	struct respin_callbacks callbacks; /* events of our policy; progress and log are not called */
};

struct respin_sim_result {
	size_t size;
	int code;            /* as respin_session_run: 0, 1 or negative, and then *error says why it ended */
	uint32_t sittings;   /* times it was begun or taken up again */
	uint64_t virtual_ns; /* of the drive, from power-on to the end */
	uint64_t reads, failed_reads;
	uint64_t commands, wedges, sessions; /* as the drive counts them */
	/* Sectors that the oracle calls readable. What else stats.finished has was luck. */
	uint64_t readable_saved;
	/* When as many sectors were saved as that share of the readable; UINT64_MAX: never. */
	uint64_t reached_ns[RESPIN_SIM_SHARES];
	uint64_t history;
	struct respin_stats stats;
	struct respin_sim_oracle oracle; /* zero for sim:exec */
};

/*
 * One policy on one simulated disc, from the first command to the end, in
 * virtual time and without an image. *map (may be NULL) becomes the caller's;
 * its units are sectors.
 * RESPIN_E_INVALID (also: no such policy; the text lists them), _SOURCE, _NOMEM.
 */
RESPIN_API int respin_sim_run(const char *address, const struct respin_sim_options *options,
			      struct respin_sim_result *result, struct respin_map **map,
			      struct respin_error *error);

struct respin_sim_attach_options {
	size_t size;
	int stop_fd; /* when it becomes readable (a signalfd, a pipe), the drive is taken away */
	void *arg;
	/*
	 * From the calling thread: the drive is there, as block ("/dev/sr0") and
	 * generic ("/dev/sg0", or NULL where the kernel has no sg). Both NULL: the
	 * scenario unplugged it; it comes back when the scenario says so.
	 */
	void (*changed)(void *arg, const char *block, const char *generic);
};

/*
 * Shows the simulated drive of a scenario to this machine as a true one, by the
 * stock kernel's target_core_user and tcm_loop, and serves it until stop_fd.
 * Needs root. Takes down everything it made, and what a killed run has left.
 * RESPIN_E_PERMISSION; RESPIN_E_UNSUPPORTED: a module is missing (the text says
 * which command helps), or the address is of a drive without bytes; codes of
 * respin_source_open.
 */
RESPIN_API int respin_sim_attach(const char *address, const struct respin_sim_attach_options *options,
				 struct respin_error *error);

#ifdef __cplusplus
}
#endif
#endif
