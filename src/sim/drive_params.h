/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The character of a simulated drive, with the table of its keys and the
 * presets. A preset is nothing but keys and values written over the defaults.
 * The defaults are the drive "plain": ideal, without mechanics, on which time
 * is latency_us a command, block_us an ECC block and fail_ms a failure.
 */
#ifndef SIM_DRIVE_PARAMS_H
#define SIM_DRIVE_PARAMS_H

#include "sim/keys.h"

enum sim_info { SIM_INFO_HONEST, SIM_INFO_ZERO, SIM_INFO_CHUNK, SIM_INFO_NONE };
enum sim_resid { SIM_RESID_HONEST, SIM_RESID_ZERO };
enum sim_rest { SIM_REST_POISON, SIM_REST_ZERO, SIM_REST_STALE };
enum sim_format { SIM_FORMAT_FIXED, SIM_FORMAT_DESCRIPTOR };

/* The fields are the drive's own business (drive_params.c): one for each key. */
#include "sim/drive_fields.h"

extern const struct key_table drive_keys;

struct drive_preset {
	const char *name; /* "plain" "slim-usb-bd" "hh-sata-dvd" "old-cdrom" */
	const char *title;
	const char *settings; /* "key=value key=value ..." */
};
extern const struct drive_preset drive_presets[];
extern const size_t drive_preset_count;

/* Defaults, then the preset, over what was there (zeros, or another preset). RESPIN_E_INVALID: no such preset (the text lists them). */
int drive_params_preset(struct drive_params *params, const char *preset, struct respin_error *error);

#endif
