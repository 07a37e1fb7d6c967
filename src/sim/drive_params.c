/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every key of a simulated drive, with default, range and meaning, and the
 * presets. [S]: a figure found in a source (a drive's data sheet or log, a
 * standard, a published measurement); [D]: derived from such; [E], and
 * whatever has no mark: an estimate of ours. Behaviour stands elsewhere.
 */
#include "sim/drive_params.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

#define AT(field) offsetof(struct drive_params, field)
#define US 1e3
#define MS 1e6
#define S 1e9
#define HOUR 3600e9

#define COUNT(name, field, min, max, fallback, meaning)                                                      \
	{                                                                                                    \
		name, KEY_COUNT, AT(field), min, max, fallback, meaning, NULL, 0                             \
	}
#define SWITCH(name, field, fallback, meaning) COUNT(name, field, 0, 1, fallback, meaning)
#define REAL(name, field, min, max, fallback, meaning)                                                       \
	{                                                                                                    \
		name, KEY_REAL, AT(field), min, max, fallback, meaning, NULL, 0                              \
	}
#define SHARE(name, field, fallback, meaning) REAL(name, field, 0, 1, fallback, meaning)
#define TIME(name, field, max, fallback, unit, meaning)                                                      \
	{                                                                                                    \
		name, KEY_TIME, AT(field), 0, max, fallback, meaning, NULL, unit                             \
	}
#define WORD(name, field, words, fallback, meaning)                                                          \
	{                                                                                                    \
		name, KEY_WORD, AT(field), 0, 0, fallback, meaning, words, 0                                 \
	}
#define SPAN(name, field, min, max, fallback, meaning)                                                       \
	{                                                                                                    \
		name, KEY_SPAN, AT(field), min, max, fallback, meaning, NULL, 0                              \
	}
#define TEXT(name, field, fallback, meaning)                                                                 \
	{                                                                                                    \
		name, KEY_TEXT, AT(field), 0, 0, fallback, meaning, NULL, 0                                  \
	}
#define HEX(name, field, max, fallback, meaning)                                                             \
	{                                                                                                    \
		name, KEY_HEX, AT(field), 0, max, fallback, meaning, NULL, 0                                 \
	}
#define STEPS(name, kind, fallback, meaning)                                                                 \
	{                                                                                                    \
		name, KEY_STEPS, AT(steps[kind]), 0.5, 80, fallback, meaning, NULL, 0                        \
	}
#define CURVE(name, kind)                                                                                    \
	{                                                                                                    \
		name, KEY_WORD, AT(curve[kind]), 0, 0, "cav", "how speed follows the radius", CURVES, 0      \
	}
#define CURVES "cav clv pcav zclv"

static const struct key keys[] = {
	/* Who it is. */
	TEXT("vendor", vendor, "RESPIN", "INQUIRY: vendor, 8 letters; _ is a blank"),
	TEXT("product", product, "SIMULATED_DRIVE", "INQUIRY: product, 16 letters; _ is a blank"),
	TEXT("revision", revision, "0.1", "INQUIRY: revision, 4 letters; _ is a blank"),
	COUNT("type", type, 0, 31, "5", "INQUIRY: peripheral device type; 5 is an optical drive"),
	WORD("reads", reads, "cd dvd bd", "bd", "the newest family it reads; a newer disc is not recognised"),
	SWITCH("load", load, "0", "it can pull its tray in (feature 0003h, Load); slim ones cannot"),
	SWITCH("read12", read12, "1", "it knows READ(12)"),
	SWITCH("read_cd", read_cd, "1", "it knows READ CD"),
	SWITCH("c2", c2, "1", "READ CD delivers C2 pointers"),
	SWITCH("structure", structure, "1", "it knows READ DISC STRUCTURE"),
	SWITCH("performance", performance, "1", "it knows GET PERFORMANCE"),
	COUNT("buffer_kb", buffer_kb, 64, 65536, "2048", "size of its buffer in KiB"),
	COUNT("max_kb", max_kb, 2, 1048576, "128", "largest transfer in KiB"),

	/* How it answers. */
	HEX("sense", sense, 0xfffff, "31100",
	    "what a bad sector answers, KAAQQ; 0: drawn, nine in ten 3/11/05, else seek, ID, timeout, servo"),
	HEX("mode_01", mode_01, 0xff, "0",
	    "byte 2 of mode page 01h as another program left it: 4 PER, 10 RC (data in spite of errors)"),
	WORD("format", format, "fixed descriptor", "fixed", "how sense data are written"),
	WORD("info", info, "honest zero chunk none", "honest",
	     "INFORMATION of a failure: first bad LBA, 0, start of the request, not valid"),
	SHARE("info_p", info_p, "1", "share of the failures in which INFORMATION is valid"),
	SWITCH("partial", partial, "0", "the good sectors before a bad one are transferred"),
	WORD("resid", resid, "honest zero", "honest", "residual; zero: as behind libata, always 0"),
	WORD("rest", rest, "poison zero stale", "poison",
	     "what the host's buffer holds where nothing arrived: as it was, zeros, the last transfer"),
	COUNT("short", short_one_in, 0, 1u << 30, "0", "one GOOD read in so many ends early; 0: none"),
	SWITCH("partial_blocks", partial_blocks, "0",
	       "sectors of a failed DVD block that the scratch does not touch are delivered"),

	/* Time. */
	SWITCH("mechanics", mechanics, "0", "head, spindle and buffer take time; 0: an ideal drive"),
	TIME("latency_us", latency_ns, HOUR, "0", US, "what every command costs"),
	TIME("block_us", block_ns, HOUR, "0", US, "without mechanics: what every ECC block costs"),
	TIME("fail_ms", fail_ns, HOUR, "0", MS, "how long it tries before it fails (with mechanics: median)"),
	TIME("ready_ms", ready_ns, HOUR, "0", MS, "at the start it is becoming ready so long"),

	/* Speeds. */
	STEPS("cd_x", KIND_CD, "4,10,24", "speeds for CD"),
	STEPS("dvd_x", KIND_DVD, "2,4,8", "speeds for DVD of one layer"),
	STEPS("dvd_dl_x", KIND_DVD_DL, "2,4,8", "speeds for DVD of two layers"),
	STEPS("bd_x", KIND_BD, "2,4,6", "speeds for BD of one layer"),
	STEPS("bd_dl_x", KIND_BD_DL, "2,4,6", "speeds for BD of two layers"),
	STEPS("bdxl_x", KIND_BDXL, "2,4", "speeds for BD with 33 GB a layer"),
	CURVE("cd_curve", KIND_CD),
	CURVE("dvd_curve", KIND_DVD),
	CURVE("dvd_dl_curve", KIND_DVD_DL),
	CURVE("bd_curve", KIND_BD),
	CURVE("bd_dl_curve", KIND_BD_DL),
	CURVE("bdxl_curve", KIND_BDXL),
	REAL("pcav_ratio", pcav_ratio, 1, 3, "1.5",
	     "pcav: its rpm would give so many times the speed at the rim"), /* [D] 12x rpm, capped at 8x */
	COUNT("zclv_zones", zclv_zones, 2, 16, "4", "zclv: rings of even width"), /* [E] */
	/* [E] A smudge's and a warp's speed sensitivity counts from here. */
	REAL("ref_cd", ref_cd, 1, 80, "12", "speed at which CD damage is worth its nominal value"),
	REAL("ref_dvd", ref_dvd, 1, 80, "4", "the same for DVD"),
	REAL("ref_bd", ref_bd, 1, 80, "4", "the same for BD"),
	REAL("link_mb_s", link_mb_s, 0.1, 10000, "100", "MB/s from its buffer to the host"),
	WORD("speed_cmd", speed_cmd, "honoured late ignored", "honoured", "what SET CD SPEED does"),
	TIME("speed_late_s", speed_late_ns, HOUR, "20", S, "late: after so long"), /* [E] */
	SWITCH("rearm", rearm, "0", "SET CD SPEED to the maximum ends a step-down at once"),

	/* Mechanics. Time of a seek: settle + near x sqrt(tracks), beyond near_tracks
	 * settle + sled + stroke x sqrt(radius / 34 mm); then the rotation; all [E] after data sheets. */
	TIME("settle_ms", settle_ns, 10 * S, "20", MS, "seek: settling"),
	TIME("near_us", near_ns, 10 * S, "250", US, "seek without the sled: times the root of the tracks"),
	COUNT("near_tracks", near_tracks, 0, 10000, "300",
	      "tracks that the actuator reaches without the sled"),
	TIME("sled_ms", sled_ns, 10 * S, "25", MS, "seek: the sled starts"),
	TIME("stroke_ms", stroke_ns, 10 * S, "190", MS, "seek: over all the radius"),
	TIME("layer_ms", layer_ns, 10 * S, "30", MS, "change of layer"),
	TIME("refocus_ms", refocus_ns, 60 * S, "800", MS, "change of layer that missed"),
	SHARE("refocus_p", refocus_p, "0.02", "share of the changes of layer that miss"),
	REAL("ramp", ramp_rpm_s, 100, 1e6, "3000", "rpm gained or lost in a second"),
	COUNT("through", through, 0, 1000, "8", "ECC blocks that are read over rather than jumped over"),
	TIME("spinup_s", spinup_ns, 600 * S, "4", S, "from rest to readable"),
	TIME("load_s", load_ns, 600 * S, "20", S, "from a closing tray to a recognised disc"),
	TIME("standby_s", standby_ns, 24 * HOUR, "0", S, "stops after so long without a command; 0: never"),

	/* Buffer. */
	SWITCH("prefetch", prefetch, "1", "reads on behind what was asked for"),
	SHARE("ahead", ahead, "0.75", "share of the buffer that reading on may fill"),               /* [E] */
	SHARE("refill", refill, "0.5", "a full buffer is filled up again below this share of that"), /* [E] */
	SPAN("refill_ms", refill_ms, 0, 10000, "20..100", "what taking up reading again costs"),     /* [E] */
	WORD("fua", fua, "honoured ignored refused", "honoured", "FUA: from the disc, as any read, 5/24/00"),
	SHARE("fua_cached", fua_cached, "1", "ignored: share of such reads that come from the buffer"),
	SHARE("prefetch_stall", prefetch_stall, "0",
	      "chance that reading on or over into a bad block holds the drive up, up to a failure's time"),

	/* Failures. */
	REAL("fail_sigma", fail_sigma, 0, 2, "0.35",
	     "spread of the time of a failure (log-normal)"), /* [E] */
	SPAN("rec_ms", rec_ms, 0, 60000, "500..2000", "what a read that took effort costs on top"),
	COUNT("retries", retries, 0, 255, "5", "retry count of mode page 01h as delivered"), /* [S] Toshiba */
	WORD("retry_set", retry_set, "taken refused", "taken", "whether the retry count can be changed"),
	SHARE("retry_floor", retry_floor, "0.15", "share of a failure's time that no retry count takes off"),
	REAL("retry_margin", retry_margin, 0, 1, "0.02", "margin that a retry count of 0 costs"), /* [E] */
	SWITCH("step_down", step_down, "1", "halves its speed after a failure (mechanics)"),
	TIME("hold_s", hold_ns, HOUR, "30", S, "keeps the lower speed so long"),
	COUNT("hold_sectors", hold_sectors, 0, 1u << 30, "2000",
	      "or for so many good sectors; 0: time alone"),
	SHARE("fail_cached", fail_cached, "0",
	      "chance that a repeat inside a failed block fails from memory"),
	TIME("fail_cached_ms", fail_cached_ns, HOUR, "200", MS, "and then takes so long"),       /* [E] */
	TIME("fail_cached_hold_s", fail_cached_hold_ns, HOUR, "60", S, "how long it remembers"), /* [E] */
	TIME("relock_ms", relock_ns, 60 * S, "0", MS, "lost whenever the head crosses a bad block"),
	COUNT("halo", halo, 0, 1000, "0", "good blocks behind a crossing that need effort or fail"),
	SHARE("halo_fail", halo_fail, "0.3", "share of the halo that fails"), /* [E] */
	WORD("stream", stream, "honest corrupt refused", "honest",
	     "Streaming: fails sooner, GOOD with wrong bytes, 5/24/00"),
	SHARE("stream_factor", stream_factor, "0.3", "Streaming: time of a failure"),
	TIME("gap_s", gap_ns, HOUR, "0", S, "a read in a gap between sessions takes so long"),
	SHARE("gap_gone", gap_gone, "0", "and takes the link with it so often"),

	/* Wedging: every failure adds 1 to a bucket that leaks. */
	REAL("wedge_at", wedge_at, 0, 1e6, "0",
	     "level at which every further failure may wedge the drive; 0: never"),
	SHARE("wedge_p", wedge_p, "0.5", "chance that it then does"),
	TIME("bucket_leak_s", bucket_leak_ns, HOUR, "5", S,
	     "1 leaks out of the bucket in this time, drop by drop"),
	WORD("bucket_leaks", bucket_leaks, "always idle", "always",
	     "when: always, or only after a second without a command"),
	WORD("wedge_as", wedge_as, "mixed hardware invalid busy", "mixed",
	     "answer of a wedged drive: 4/44/00 or 5/24/00, drawn; 4/44/00; 5/24/00; 2/04/01"),
	WORD("wedge_cure", wedge_cure, "spin wait power", "spin",
	     "what frees it: stop, rest, start; being left alone; a power cycle. Eject and power always do"),
	SHARE("cure_p", cure_p, "0.8", "how often the cure works"),
	TIME("cure_rest_s", cure_rest_ns, HOUR, "5", S, "spin: the disc must rest so long"),
	TIME("cure_wait_s", cure_wait_ns, HOUR, "30", S, "wait: without a read for so long"),

	/* The way to the host. */
	TIME("reset_s", reset_ns, 600 * S, "0", S,
	     "time of the host's abort and reset after its timeout; 0: the drive does not feel it"),
	REAL("reset_bucket", reset_bucket, 0, 100, "3", "what a reset adds to the wedge bucket"), /* [E] */
	SHARE("gone_p", gone_p, "0", "chance that such a reset takes the link down"),
	SHARE("bridge_p", bridge_p, "0", "chance that a failure crashes the bridge: the link is down"),
	REAL("brownout", brownout, 0, 1, "0", "chance that a spin-up to 10000 rpm cuts its own power"),
	SPAN("back_ms", back_ms, 0, 3.6e6, "8000", "how long the link stays down"),
	SWITCH("renames", renames, "0", "it comes back under another name"),
	TIME("quantum_us", quantum_ns, S, "0", US, "commands end on multiples of this time"),
	TIME("jitter_us", jitter_ns, S, "0", US,
	     "the host adds about so long (log-normal median); 0: nothing"),
	REAL("jitter_sigma", jitter_sigma, 0, 3, "1", "spread of that"),                             /* [E] */
	SHARE("jitter_rare", jitter_rare, "0.001", "share of the commands that meet the rare case"), /* [E] */
	TIME("jitter_rare_ms", jitter_rare_ns, 60 * S, "50", MS, "which takes so long"),             /* [E] */

	/* Loading, age. */
	SHARE("recognise_p", recognise_p, "1", "chance that a load recognises the disc; anew at every one"),
	SWITCH("loaded", loaded, "0",
	       "it was recognised before the rescue began: only later loads are drawn"),
	WORD("unknown_as", unknown_as, "mixed no_disc incompatible no_toc becoming", "mixed",
	     "answer for a disc that it does not recognise: drawn, 2/3A, 2/30, 3/57, 2/04/01"),
	TIME("hand_s", hand_ns, 24 * HOUR, "0", S, "somebody closes an open tray after so long; 0: nobody"),
	/* Not shorter than a command: sessions without end would pass in one. */
	{"session_s", KEY_TIME, AT(session_ns), MS, 24 * HOUR, "900",
	 "luck of damaged blocks is drawn anew after so long", "never=0", S},
	REAL("noise", noise, 0, 10, "1",
	     "its share in the luck of sessions: times the disc's sigma_"),                          /* [E] */
	REAL("noise_tau", noise_tau, 0.1, 10, "1", "and in that of attempts: times the disc's tau"), /* [E] */
	REAL("bias", bias, -2, 2, "0", "margin that this drive has over others; a tired laser: -0.4"),
	REAL("warm_k", warm_k, 0, 100, "15", "kelvin that it warms up in use"),                /* [E] */
	REAL("warm_fail_k", warm_fail_k, 0, 10, "0.1", "and for each failure"),                /* [E] */
	TIME("warm_s", warm_ns, 24 * HOUR, "1200", S, "time constant of warming and cooling"), /* [E] */
	REAL("warm_margin", warm_margin, 0, 0.1, "0", "margin that each kelvin costs"),
	REAL("wear", wear, 0, 10, "0", "margin lost for good with each hour of failing"),

	/* Lies. */
	SHARE("lie_stale", lie_stale, "0", "share of GOOD reads that deliver the previous transfer"),
	SHARE("lie_zero", lie_zero, "0", "share that deliver zeros"),
	SHARE("lie_neighbour", lie_neighbour, "0", "share that deliver the sectors beside"),
	SHARE("lie_short", lie_short, "0", "share that end early"),
	WORD("lie_where", lie_where, "anywhere hard", "anywhere",
	     "on all reads, or where the disc is damaged"),
};

const struct key_table drive_keys = {"drive", keys, sizeof keys / sizeof *keys};

/*
 * The switches that decide between policies (prefetch_stall, relock_ms,
 * fail_cached) stand inside their ranges in the presets with mechanics, not at
 * an end: that would flatter one or the other. At 0 stay halo= (each crossing
 * is charged by relock_ms= already, and no source has a figure), jitter_us=
 * where no USB is in the way, warm_margin= where there is air around the laser,
 * and prefetch_stall= of the drive whose buffer is too small to read far ahead.
 * The bucket leaks always; leaking only at rest is for scenarios to ask for.
 */
const struct drive_preset drive_presets[] = {
	{"plain", "ideal: no mechanics, time as its keys say", ""},
	{"slim-usb-bd", "slim BD writer behind a USB 3 bridge, like an LG BU40N",
	 "vendor=HL-DT-ST product=BD-RE__BU40N revision=1.00 mechanics=1 reads=bd load=0 sense=0 "
	 "bd_x=2,4,6 bd_dl_x=2,4,6 bdxl_x=2,4 " /* [S] at most 26976 kB/s; steps [E] */
	 "dvd_x=2,4,8 dvd_dl_x=2,4,8 cd_x=4,10,24 "
	 "buffer_kb=4064 " /* [S] mode page 2Ah */
	 "max_kb=1024 "    /* [S] usb-storage, USB 3 */
	 "link_mb_s=150 latency_us=250 quantum_us=125 "
	 "settle_ms=20 sled_ms=25 stroke_ms=190 " /* [E] 155 ms on average */
	 "layer_ms=30 refocus_ms=800 refocus_p=0.02 spinup_s=4 load_s=20 standby_s=60 "
	 "fail_ms=5000 "      /* [E] within 3.6-8.8 s [S] */
	 "rec_ms=1600..2600 " /* [S] */
	 "hold_s=30 retry_set=taken retry_floor=0.5 "
	 "fua=honoured "
	 "stream=corrupt stream_factor=0.5 "                  /* [S] it may be wrong; the factor [E] */
	 "wedge_at=6 wedge_p=0.5 wedge_cure=spin cure_p=0.8 " /* [E] fitted to one event, 7 failures in 6.5 s [S] */
	 "reset_s=6 gone_p=0.15 bridge_p=0.005 back_ms=8000 renames=1 "
	 "prefetch_stall=0.3 relock_ms=30 fail_cached=0.2 jitter_us=200 warm_margin=0.001 "
	 "info_p=0.7 partial=0 "},
	{"hh-sata-dvd", "half-height SATA DVD writer",
	 "vendor=HL-DT-ST product=DVDRAM_GH24 revision=LG00 mechanics=1 reads=dvd load=1 sense=0 "
	 "dvd_x=2,4,8,12,16 " /* [S] 16x CAV, 6 minutes a disc; steps [E] */
	 "dvd_dl_x=2,4,8 dvd_dl_curve=pcav cd_x=8,16,24,32,48 "
	 "buffer_kb=2048 "
	 "max_kb=128 " /* [S] ATAPI on AHCI */
	 "link_mb_s=100 latency_us=200 "
	 "settle_ms=15 sled_ms=20 stroke_ms=140 " /* [E] 116 ms on average */
	 "layer_ms=20 refocus_ms=500 refocus_p=0.01 spinup_s=3 load_s=12 standby_s=180 "
	 "fail_ms=8000 " /* [E] within 7-10 s [S] */
	 "rec_ms=500..2000 "
	 "hold_s=120 " /* [S] 2 minutes */
	 "retry_set=taken retry_floor=0.2 "
	 "fua=ignored fua_cached=0.6 "       /* [S] such drives exist; the share [E] */
	 "stream=corrupt stream_factor=0.3 " /* [S] it may be wrong; the factor [E] */
	 "wedge_at=15 wedge_p=0.02 wedge_cure=wait cure_wait_s=30 cure_p=0.8 "
	 "reset_s=5 gone_p=0 bridge_p=0 "
	 "prefetch_stall=0.3 relock_ms=20 "
	 "fail_cached=0.5 " /* [E] in the middle: from 0 to 1 it decides what a scrape costs, ten times over */
	 "noise=0.8 "
	 "resid=zero " /* [S] libata never tells one */
	 "info_p=1 partial=1 "},
	{"old-cdrom", "CD-ROM drive of the nineties, 24x, ATAPI",
	 "vendor=MATSHITA product=CD-ROM_CR-594 revision=0S13 mechanics=1 reads=cd load=1 sense=0 "
	 "read12=0 structure=0 performance=0 c2=0 "
	 "cd_x=4,8,16,24 " /* [D] 24x CAV: 10.3 at the hub */
	 "buffer_kb=128 max_kb=64 link_mb_s=16 latency_us=500 "
	 "settle_ms=20 sled_ms=30 stroke_ms=130 " /* [E] 125 ms on average */
	 "spinup_s=2.5 load_s=8 standby_s=120 "
	 "fail_ms=2500 rec_ms=200..1000 "
	 "hold_s=60 retry_set=refused fua=refused stream=refused "
	 "relock_ms=30 fail_cached=0.3 " /* [E] */
	 "noise=1 noise_tau=1.67 "
	 "resid=zero " /* [S] libata */
	 "reset_s=5 info_p=1 partial=1 "},
};
const size_t drive_preset_count = sizeof drive_presets / sizeof *drive_presets;

/* Our own settings parse, or it is our mistake. */
static int settings_apply(struct drive_params *params, const char *settings)
{
	char pair[128];
	for (const char *at = settings; *at; at += strspn(at, " ")) {
		size_t len = strcspn(at, " ");
		assert(len < sizeof pair);
		memcpy(pair, at, len);
		pair[len] = 0;
		char *value = strchr(pair, '=');
		assert(value);
		*value++ = 0;
		const struct key *key = keys_find(&drive_keys, pair);
		assert(key);
		int code = keys_set(key, params, value, NULL);
		assert(code == 0 || code == RESPIN_E_NOMEM);
		if (code < 0)
			return code;
		at += len;
	}
	return 0;
}

int drive_params_preset(struct drive_params *params, const char *preset, struct respin_error *error)
{
	for (size_t i = 0; i < drive_preset_count; i++) {
		if (strcmp(drive_presets[i].name, preset) != 0)
			continue;
		keys_finish(&drive_keys, params);
		if (!keys_defaults(&drive_keys, params) ||
		    settings_apply(params, drive_presets[i].settings) < 0)
			return error_set(error, RESPIN_E_NOMEM, 0, "no memory for a drive");
		return 0;
	}
	char names[256] = "";
	for (size_t i = 0, len = 0; i < drive_preset_count && len < sizeof names; i++)
		len += (size_t)snprintf(names + len, sizeof names - len, " %s", drive_presets[i].name);
	return error_set(error, RESPIN_E_INVALID, 0, "no drive is called '%s'; there are:%s", preset, names);
}
