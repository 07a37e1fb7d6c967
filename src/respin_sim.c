/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The public side of the simulator (respin/sim.h): scenarios, the truth about
 * their discs, the oracle, trials. Adds nothing of its own but the way there.
 */
#include <respin/sim.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "core/map.h"
#include "report/svg.h"
#include "respin_open.h"
#include "respin_trial.h"
#include "sim/rival.h"

_Static_assert(RESPIN_SIM_SHARES == ORACLE_SHARES, "one list of shares");

/* Fills what the caller's struct has room for. */
static void describe(const struct scenario *from, uint64_t sectors, struct respin_sim_scenario *to)
{
	struct respin_sim_scenario own = {.size = to->size < sizeof own ? to->size : sizeof own,
					  .text = scenario_builtin(from->name),
					  .sectors = sectors,
					  .seed = from->seed};
	(void)snprintf(own.name, sizeof own.name, "%s", from->name);
	(void)snprintf(own.title, sizeof own.title, "%s", from->title);
	(void)snprintf(own.medium, sizeof own.medium, "%s",
		       from->disc.medium ? from->disc.medium->name : SCENARIO_PLAIN);
	(void)snprintf(own.drive, sizeof own.drive, "%s", from->preset);
	memcpy(to, &own, own.size);
}

/* Of a disc that nobody has made yet. */
static uint64_t sectors_of(const struct disc_params *disc)
{
	return disc->size ? disc->size : disc->medium ? disc->medium->sectors : 0;
}

int respin_sim_list(int (*each)(void *arg, const struct respin_sim_scenario *scenario), void *arg)
{
	int code = 0;
	_cleanup_free_ struct scenario *scenario = malloc(sizeof *scenario);
	if (!scenario)
		return RESPIN_E_NOMEM;
	for (size_t i = 0; i < scenario_text_count && code == 0; i++) {
		const struct scenario_text *text = &scenario_texts[i];
		struct respin_sim_scenario entry = {.size = sizeof entry};
		if (scenario_parse(scenario, text->name, text->text, NULL) == 0) {
			describe(scenario, sectors_of(&scenario->disc), &entry);
			code = each(arg, &entry);
		}
		scenario_finish(scenario);
	}
	return code;
}

/* The disc of an address; the drive around it is only its box. */
static int open_disc(const char *address, struct respin_transport *drive, const struct disc **disc,
		     struct respin_error *error)
{
	if (open_is_model(address))
		return error_set(error, RESPIN_E_UNSUPPORTED, 0,
				 "%.100s: nobody can look into a foreign model", address);
	int code = open_sim_transport(address, drive, error);
	if (code < 0)
		return code;
	*disc = transport_sim_disc(drive);
	return 0;
}

static int find_truth(const struct disc *disc, struct respin_map **map, struct respin_error *error)
{
	*map = map_create(disc->sectors, RESPIN_FINISHED);
	int code = *map ? oracle_truth(disc, *map) : RESPIN_E_NOMEM;
	if (code == 0)
		return 0;
	map_destroy(take(*map));
	return error_set(error, code, 0, "no memory for a map");
}

int respin_sim_truth(const char *address, struct respin_map **map, struct respin_sim_scenario *scenario,
		     struct respin_error *error)
{
	struct respin_transport drive;
	const struct disc *disc = NULL;
	if (map)
		*map = NULL;
	int code = open_disc(address, &drive, &disc, error);
	if (!disc)
		return code;
	if (map)
		code = find_truth(disc, map, error);
	if (code == 0)
		describe(disc->scenario, disc->sectors, scenario);
	drive.ops->destroy(drive.self);
	return code;
}

static int draw(const struct disc *disc, char **svg, struct respin_error *error)
{
	static const char *const names[RINGS_KINDS] = {
		[RINGS_SKIPPED] = "",      [RINGS_SAVED] = "readable", [RINGS_UNTRIED] = "not recorded",
		[RINGS_HOPE] = "marginal", [RINGS_LOST] = "dead",
	};
	const struct scenario *scenario = disc->scenario;
	_cleanup_map_ struct respin_map *map = NULL;
	int code = find_truth(disc, &map, error);
	if (code < 0)
		return code;
	const struct respin_svg_options options = {.size = sizeof options,
						   .title = scenario->title[0] ? scenario->title
									       : scenario->name,
						   .sector_bytes = 1}; /* the map counts sectors */
	const struct svg_page words = {
		.medium = scenario->disc.medium->title,
		.angles =
			"At this disc's own angles, clockwise from the mark. A scratch costs whole blocks, and these are longer.",
		.names = names,
		.sector_bytes = DISC_SECTOR};
	if (!svg_map(map, &options, &disc->spiral, &words, svg))
		return error_set(error, RESPIN_E_NOMEM, 0, "no memory for a picture");
	return 0;
}

int respin_sim_svg(const char *address, char **svg, struct respin_error *error)
{
	struct respin_transport drive;
	const struct disc *disc = NULL;
	*svg = NULL;
	int code = open_disc(address, &drive, &disc, error);
	if (!disc)
		return code;
	if (disc->has_geometry)
		code = draw(disc, svg, error);
	else
		code = error_set(error, RESPIN_E_UNSUPPORTED, 0,
				 "%.100s: a disc without geometry has no places that could be drawn",
				 address);
	drive.ops->destroy(drive.self);
	return code;
}

static void tell_oracle(const struct oracle *oracle, struct respin_sim_oracle *result)
{
	struct respin_sim_oracle own = {.size = result->size < sizeof own ? result->size : sizeof own,
					.readable = oracle->readable,
					.dead = oracle->dead};
	memcpy(own.lb0_ns, oracle->lb0_ns, sizeof own.lb0_ns);
	memcpy(own.lb1_ns, oracle->lb1_ns, sizeof own.lb1_ns);
	memcpy(result, &own, own.size);
}

/* What can be had from a disc, and (truth not NULL) where. */
static int foresee(const char *address, struct oracle *oracle, struct respin_map **truth,
		   struct respin_error *error)
{
	struct respin_transport drive;
	const struct disc *disc = NULL;
	int code = open_disc(address, &drive, &disc, error);
	if (!disc)
		return code;
	code = oracle_find(disc, oracle, error);
	if (code == 0 && truth)
		code = find_truth(disc, truth, error);
	drive.ops->destroy(drive.self);
	return code;
}

int respin_sim_oracle(const char *address, struct respin_sim_oracle *result, struct respin_error *error)
{
	struct oracle oracle;
	int code = foresee(address, &oracle, NULL, error);
	if (code == 0)
		tell_oracle(&oracle, result);
	return code;
}

static int check_policy(const char *policy, struct respin_error *error)
{
	char names[200] = TRIAL_OURS;
	if (!policy || !strcmp(policy, TRIAL_OURS) || rival_find(policy))
		return 0;
	for (size_t i = 0, used = strlen(names); i < rival_count && used < sizeof names; i++)
		used += (size_t)snprintf(names + used, sizeof names - used, ", %s", rivals[i].name);
	return error_set(error, RESPIN_E_INVALID, 0, "no policy is called '%.80s'; there are %s", policy,
			 names);
}

static void report(const struct trial *trial, const struct oracle *oracle, const struct respin_map *truth,
		   struct respin_sim_result *result)
{
	struct respin_sim_result own = {
		.size = result->size < sizeof own ? result->size : sizeof own,
		.code = trial->code,
		.sittings = trial->sittings,
		.virtual_ns = trial->virtual_ns,
		.reads = trial->reads,
		.failed_reads = trial->failed_reads,
		.commands = trial->counts.commands,
		.wedges = trial->counts.wedges,
		.sessions = trial->counts.sessions,
		.readable_saved = truth ? trial->saved : 0,
		.history = trial->history,
		.stats = trial->stats,
		.oracle = {.size = sizeof own.oracle},
	};
	tell_oracle(oracle, &own.oracle);
	memcpy(own.reached_ns, trial->reached_ns, sizeof own.reached_ns);
	memcpy(result, &own, own.size);
}

int respin_sim_run(const char *address, const struct respin_sim_options *given,
		   struct respin_sim_result *result, struct respin_map **map, struct respin_error *error)
{
	struct trial trial = {0};
	struct oracle oracle = {0};
	struct respin_sim_options options = {.size = sizeof options};
	_cleanup_map_ struct respin_map *truth = NULL;
	if (given)
		memcpy(&options, given, given->size < sizeof options ? given->size : sizeof options);
	if (map)
		*map = NULL;
	int code = check_policy(options.policy, error);
	if (code == 0 && !open_is_model(address))
		code = foresee(address, &oracle, &truth, error);
	if (code < 0)
		return code;
	const struct trial_options how = {.policy = options.policy,
					  .limit_ns = options.limit_ns,
					  .readable = oracle.readable,
					  .truth = truth,
					  .callbacks = options.callbacks};
	code = trial_run(address, &how, &trial, error);
	if (code == 0)
		report(&trial, &oracle, truth, result);
	if (code == 0 && map)
		*map = take(trial.map);
	map_destroy(trial.map);
	return code;
}
