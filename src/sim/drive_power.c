/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What happens to the drive as time goes by: it gets ready, stops by itself,
 * loses its link or its disc, as its scenario or the host wants it. All of it
 * happens when the next command looks; nothing runs by itself.
 */
#include <assert.h>

#include "base/num.h"
#include "core/cdb.h"
#include "sim/cache.h"
#include "sim/drive_parts.h"

#define NEVER UINT64_MAX
#define NS_PER_MS 1e6
/* START STOP UNIT byte 4, MMC-6 6.42; byte 1 bit 0 of every such command: do not wait for the end. */
#define START 0x01u
#define LOAD_EJECT 0x02u
#define IMMED 0x01u
#define PREVENT 0x01u
#define SPIN_DOWN_NS 1500000000u /* until the disc rests [E] */
#define EJECT_NS 2000000000u     /* until the tray is out [E] */
#define MODE_PAGE_LEN 10u
#define BROWNOUT_RPM 1e4 /* the chance is told for a spin-up to here */

/* ---- attentions, resets, link ---- */

void drive_attend(struct drive *drive, uint8_t asc, uint8_t ascq)
{
	for (unsigned i = 0; i < drive->attention_count; i++)
		if (drive->attentions[i].asc == asc && drive->attentions[i].ascq == ascq)
			return;
	if (drive->attention_count < DRIVE_ATTENTIONS_MAX)
		drive->attentions[drive->attention_count++] = (struct drive_attention){asc, ascq};
}

void drive_reset(struct drive *drive, uint8_t ascq)
{
	const struct drive_params *p = &drive->scenario.drive;
	uint8_t *page = drive->mode_page_01;
	for (unsigned i = 0; i < sizeof drive->mode_page_01; i++)
		page[i] = 0;
	page[0] = 0x01;
	page[1] = MODE_PAGE_LEN;
	page[2] = (uint8_t)p->mode_01;
	page[3] = (uint8_t)p->retries;
	drive->locked = false;
	drive->speed_asked = 0;
	drive->speed_coming_ns = NEVER;
	cache_forget(&drive->cache);
	drive_attend(drive, 0x29, ascq);
}

uint64_t drive_back_ns(const struct drive *drive)
{
	const struct key_span *back = &drive->scenario.drive.back_ms;
	double u = num_uniform(drive_draw(drive, CHANCE_BACK, drive->counts.unplugs, 0));
	return (uint64_t)((back->from + (back->to - back->from) * u) * NS_PER_MS);
}

void drive_vanish(struct drive *drive, uint64_t now_ns, uint64_t span_ns, bool power, bool renamed)
{
	if (drive->state != DRIVE_GONE)
		drive->before_gone = drive->state;
	drive->state = DRIVE_GONE;
	drive->back_ns = span_ns == NEVER ? NEVER : now_ns + span_ns;
	drive->power_lost |= power;
	drive->renamed |= renamed;
	drive->counts.unplugs++;
	drive_event_at(drive, drive->back_ns);
}

bool drive_reopen(struct drive *drive)
{
	drive_power_tick(drive, atomic_load(&drive->now_ns));
	if (drive->state == DRIVE_GONE)
		return false;
	drive->renamed = false;
	return true;
}

bool drive_brown_out(struct drive *drive, double rpm, uint64_t at_ns)
{
	const struct drive_params *p = &drive->scenario.drive;
	if (!drive_chance(drive, p->brownout * rpm / BROWNOUT_RPM, CHANCE_BROWNOUT, drive->counts.commands,
			  drive->loads))
		return false;
	drive_vanish(drive, at_ns, drive_back_ns(drive), true, p->renames);
	return true;
}

/* The link is up again; after a power cut the disc has to be loaded anew. */
static void come_back(struct drive *drive, uint64_t now_ns)
{
	const struct drive_params *p = &drive->scenario.drive;
	drive->state = drive->before_gone;
	drive->back_ns = NEVER;
	drive->attention_count = 0;
	drive_reset(drive, 0);
	if (drive->power_lost) {
		drive_wedge_free(drive);
		drive->temperature = 0;
		if (drive->disc_inside)
			drive_spin_up(drive, now_ns, p->mechanics ? p->load_ns : 0, DRIVE_LOADING);
	} else if (drive->state == DRIVE_READY || drive->state == DRIVE_WEDGED) {
		drive->state = drive->wedged ? DRIVE_WEDGED : DRIVE_READY;
	}
	drive->power_lost = false;
}

uint64_t drive_host_gave_up(struct drive *drive)
{
	const struct drive_params *p = &drive->scenario.drive;
	uint64_t now = atomic_load(&drive->now_ns);
	drive->counts.timeouts++;
	if (!p->reset_ns || drive->state == DRIVE_GONE)
		return 0;
	/* Abort, device reset, port reset: the ladder ends at once or goes to its end. */
	double share = 0.5 + num_uniform(drive_draw(drive, CHANCE_RESET_TIME, drive->counts.timeouts, 0));
	uint64_t ns = (uint64_t)((double)p->reset_ns * share);
	drive_reset(drive, 0x03); /* bus device reset */
	drive_heat(drive, now, p->reset_bucket);
	if (drive_chance(drive, p->gone_p, CHANCE_GONE, drive->counts.timeouts, 0))
		drive_vanish(drive, now + ns, drive_back_ns(drive), false, p->renames);
	return ns;
}

/* ---- tray ---- */

/* Out it comes; somebody closes it at `close_ns`. */
static void tray_open(struct drive *drive, uint64_t close_ns)
{
	drive->tray_open = true;
	drive->disc_inside = false;
	drive->tray_ns = close_ns;
	drive_wedge_free(drive);
	if (drive->state == DRIVE_GONE)
		drive->before_gone = DRIVE_NO_MEDIUM;
	else
		drive->state = DRIVE_NO_MEDIUM;
	drive_event_at(drive, close_ns);
}

static void tray_close(struct drive *drive, uint64_t now_ns)
{
	const struct drive_params *p = &drive->scenario.drive;
	drive->tray_open = false;
	drive->tray_ns = NEVER;
	drive_insert(drive);
	drive->attend_ready = !drive->silent;
	drive->silent = false;
	if (!drive->disc_inside)
		return;
	bool gone = drive->state == DRIVE_GONE;
	drive_spin_up(drive, now_ns, p->mechanics ? p->load_ns : 0, DRIVE_LOADING);
	if (gone) { /* without a link; it is found loaded */
		drive->before_gone = DRIVE_LOADING;
		drive->state = DRIVE_GONE;
	}
}

void drive_right_disc(struct drive *drive, uint64_t now_ns, uint64_t span_ns)
{
	drive->right_pending = true;
	tray_open(drive, now_ns + span_ns);
}

/* So quick that nothing shows: neither a wait nor an attention. */
static void swap_unseen(struct drive *drive, uint64_t now_ns)
{
	drive->swap_pending = true;
	drive_insert(drive);
	drive_new_session(drive, now_ns);
	drive->speed_cap = 0;
	drive->head = (struct drive_head){.at_ns = now_ns};
	drive->recognised = true;
	if (drive->geometry)
		(void)drive_rate_at(drive, 0, now_ns);
}

/* ---- events ---- */

static void fault_apply(struct drive *drive, const struct fault *fault)
{
	uint64_t at = fault->at_ns, until = at + fault->span_ns;
	switch (fault->kind) {
	case FAULT_UNPLUG:
		drive_vanish(drive, at, fault->span_ns ? fault->span_ns : NEVER, true, fault->renamed);
		break;
	case FAULT_SWAP:
		if (fault->silent && !fault->span_ns && drive->disc_inside) {
			swap_unseen(drive, at);
			break;
		}
		drive->swap_pending = true;
		drive->silent = fault->silent;
		tray_open(drive, until);
		break;
	case FAULT_CLEAN:
		drive->clean_pending = true;
		tray_open(drive, until);
		break;
	case FAULT_OPEN:
		tray_open(drive, until);
		break;
	case FAULT_RESET:
		drive_reset(drive, 0x02); /* SCSI bus reset occurred */
		break;
	case FAULT_WEDGE:
		drive_wedge(drive);
		break;
	default: /* the run's own business */
		break;
	}
}

static const struct fault *fault_next(const struct drive *drive)
{
	const struct scenario *s = &drive->scenario;
	return drive->next_fault < s->fault_count ? &s->faults[drive->next_fault] : NULL;
}

static void get_ready(struct drive *drive, uint64_t now_ns)
{
	drive->state = !drive->recognised ? DRIVE_UNRECOGNISED : drive->wedged ? DRIVE_WEDGED : DRIVE_READY;
	drive->idle_since_ns = now_ns;
	if (drive->attend_ready)
		drive_attend(drive, 0x28, 0); /* not ready to ready, medium may have changed */
	drive->attend_ready = false;
}

static bool is_starting(const struct drive *drive)
{
	return drive->state == DRIVE_LOADING || drive->state == DRIVE_SPINUP;
}

static uint64_t min_of(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t event_next(const struct drive *drive)
{
	const struct fault *fault = fault_next(drive);
	uint64_t at = fault ? fault->at_ns : NEVER;
	at = min_of(at, is_starting(drive) ? drive->ready_ns : NEVER);
	at = min_of(at, drive->state == DRIVE_GONE ? drive->back_ns : NEVER);
	at = min_of(at, drive->tray_open ? drive->tray_ns : NEVER);
	at = min_of(at, drive->speed_coming_ns);
	at = min_of(at, drive->speed_cap > 0 ? drive->cap_until_ns : NEVER);
	uint64_t session = drive->scenario.drive.session_ns;
	return min_of(at, session ? drive->session_since_ns + session : NEVER);
}

/* Everything that is due at `now_ns`, which is the time of the first of it. */
static void events(struct drive *drive, uint64_t now_ns)
{
	const struct fault *fault = fault_next(drive);
	if (fault && fault->at_ns <= now_ns) {
		drive->next_fault++;
		fault_apply(drive, fault);
	}
	if (drive->state == DRIVE_GONE && drive->back_ns <= now_ns)
		come_back(drive, now_ns);
	if (drive->tray_open && drive->tray_ns <= now_ns)
		tray_close(drive, now_ns);
	if (is_starting(drive) && drive->ready_ns <= now_ns)
		get_ready(drive, now_ns);
	uint64_t session = drive->scenario.drive.session_ns;
	if (session && drive->session_since_ns + session <= now_ns)
		drive_new_session(drive, now_ns);
	drive_speed_tick(drive, now_ns);
}

void drive_power_tick(struct drive *drive, uint64_t now_ns)
{
	const struct drive_params *p = &drive->scenario.drive;
	while (drive->event_ns <= now_ns) {
		uint64_t at = event_next(drive);
		if (at <= now_ns)
			events(drive, at);
		drive->event_ns = event_next(drive);
	}
	uint64_t idle = now_ns > drive->idle_since_ns ? now_ns - drive->idle_since_ns : 0;
	if (p->standby_ns && drive->state == DRIVE_READY && idle >= p->standby_ns) {
		drive_margin(drive, drive->idle_since_ns + p->standby_ns); /* warm until then */
		drive->state = DRIVE_STANDBY;
		drive->cache.filling = false;
	}
	if (drive->wedged && p->wedge_cure == CURE_WAIT && idle >= p->cure_wait_ns) {
		drive->loads++; /* another wait has other luck */
		drive->idle_since_ns = now_ns;
		drive_wedge_cure(drive);
	}
}

/* ---- what the host asks for ---- */

bool drive_knows_disc(const struct drive *drive)
{
	switch (drive->state == DRIVE_GONE ? drive->before_gone : drive->state) {
	case DRIVE_READY:
	case DRIVE_STANDBY:
	case DRIVE_STOPPED:
	case DRIVE_WEDGED:
		return drive->recognised;
	case DRIVE_SPINUP:
		return true;
	default:
		return false;
	}
}

void drive_prevent(struct drive *drive, const struct respin_command *command)
{
	drive->locked = command->cdb[4] & PREVENT;
}

static void stop(struct drive *drive, uint64_t now_ns, struct drive_answer *answer)
{
	switch (drive->state) {
	case DRIVE_READY:
	case DRIVE_STANDBY:
	case DRIVE_WEDGED:
	case DRIVE_UNRECOGNISED:
	case DRIVE_LOADING:
	case DRIVE_SPINUP:
		break;
	default:
		return;
	}
	drive_margin(drive, now_ns);
	drive->cache.filling = false;
	if (!drive->scenario.drive.mechanics && drive->state == DRIVE_READY) {
		drive->state = DRIVE_STANDBY; /* an ideal drive is up again when it is wanted */
		return;
	}
	answer->took_ns += drive->scenario.drive.mechanics ? SPIN_DOWN_NS : 0;
	drive->state = DRIVE_STOPPED;
	drive->stopped_ns = now_ns + answer->took_ns;
}

static void eject(struct drive *drive, uint64_t now_ns, struct drive_answer *answer)
{
	const struct drive_params *p = &drive->scenario.drive;
	if (drive->locked) {
		answer_fail(answer, SENSE_ILLEGAL_REQUEST, 0x53, 0x02); /* medium removal prevented */
		return;
	}
	answer->took_ns += p->mechanics ? EJECT_NS : 0;
	if (!drive->tray_open)
		tray_open(drive, p->hand_ns ? now_ns + p->hand_ns : NEVER);
}

/* The disc comes up; `answer` waits for it unless the host does not want to. */
static void start(struct drive *drive, uint64_t now_ns, bool immediate, struct drive_answer *answer)
{
	const struct drive_params *p = &drive->scenario.drive;
	bool rested = now_ns >= drive->stopped_ns + p->cure_rest_ns;
	bool known = drive->recognised;
	if (drive->state != DRIVE_STOPPED && drive->state != DRIVE_STANDBY &&
	    drive->state != DRIVE_UNRECOGNISED)
		return;
	uint64_t ns = known ? p->spinup_ns : p->load_ns;
	drive_spin_up(drive, now_ns, p->mechanics ? ns : 0, known ? DRIVE_SPINUP : DRIVE_LOADING);
	if (p->wedge_cure == CURE_SPIN && rested)
		drive_wedge_cure(drive);
	if (drive_brown_out(drive, drive->head.rpm, now_ns)) {
		answer->host = RESPIN_HOST_ERROR;
		return;
	}
	if (!immediate)
		answer->took_ns += drive->ready_ns - now_ns;
	drive_power_tick(drive, now_ns);
}

static void load(struct drive *drive, uint64_t now_ns, bool immediate, struct drive_answer *answer)
{
	if (!drive->tray_open) {
		start(drive, now_ns, immediate, answer);
		return;
	}
	if (!drive->scenario.drive.load) {
		answer_fail(answer, SENSE_ILLEGAL_REQUEST, 0x24, 0);
		return;
	}
	tray_close(drive, now_ns);
	if (!immediate && is_starting(drive))
		answer->took_ns += drive->ready_ns - now_ns;
	drive_power_tick(drive, now_ns);
}

void drive_start_stop(struct drive *drive, const struct respin_command *command, struct drive_answer *answer)
{
	uint64_t now = atomic_load(&drive->now_ns);
	uint8_t what = command->cdb[4] & (START | LOAD_EJECT);
	bool immediate = command->cdb[1] & IMMED;
	if (what == 0)
		stop(drive, now, answer);
	else if (what == START)
		start(drive, now, immediate, answer);
	else if (what == LOAD_EJECT)
		eject(drive, now, answer);
	else
		load(drive, now, immediate, answer);
}

/* A drive that went to sleep by itself wakes for a read, which waits. False: it did not know the disc again. */
bool drive_wake(struct drive *drive, struct drive_answer *answer)
{
	const struct drive_params *p = &drive->scenario.drive;
	uint64_t now = atomic_load(&drive->now_ns);
	drive_spin_up(drive, now, p->mechanics ? p->spinup_ns : 0, DRIVE_SPINUP);
	uint64_t up = drive->ready_ns;
	get_ready(drive, up);
	answer->took_ns += up - now;
	if (drive_brown_out(drive, drive->head.rpm, up)) {
		answer->host = RESPIN_HOST_ERROR;
		return false;
	}
	if (drive->recognised)
		return true;
	answer->sense = drive->unknown_sense;
	return false;
}

/* ---- the beginning ---- */

void drive_start(struct drive *drive)
{
	const struct drive_params *p = &drive->scenario.drive;
	uint64_t tray = drive->scenario.disc.tray;
	drive->seed = drive->scenario.seed;
	drive->rng.state = drive->seed;
	drive->session = UINT32_MAX; /* the first one is 0 */
	drive->tray_ns = drive->back_ns = NEVER;
	drive_reset(drive, 0);
	drive_disc_made(drive);
	if (p->jitter_ns)
		drive_jitter_draw(drive);
	drive->disc_inside = tray == TRAY_DISC;
	drive->tray_open = tray == TRAY_OPEN;
	drive->state = DRIVE_NO_MEDIUM;
	if (tray == TRAY_DISC) {
		drive_spin_up(drive, 0, p->mechanics ? p->load_ns : 0, DRIVE_LOADING);
		drive->ready_ns = drive->ready_ns > p->ready_ns ? drive->ready_ns : p->ready_ns;
	} else if (tray == TRAY_OPEN && p->hand_ns) {
		drive->tray_ns = p->hand_ns;
	}
	drive->event_ns = 0;
	drive_power_tick(drive, 0);
}
