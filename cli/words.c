/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The library's values in words, see words.h. The switches name every value, so
 * that the compiler says when one is new.
 */
#include "words.h"

const char *words_phase(enum respin_phase phase)
{
	switch (phase) {
	case RESPIN_PHASE_SAMPLE:
		return "checking";
	case RESPIN_PHASE_COPYING:
		return "copying";
	case RESPIN_PHASE_SWEEPING:
		return "sweeping";
	case RESPIN_PHASE_TRIMMING:
		return "trimming";
	case RESPIN_PHASE_SCRAPING:
		return "scraping";
	case RESPIN_PHASE_RETRYING:
		return "retrying";
	case RESPIN_PHASE_CLOSING:
		return "closing";
	case RESPIN_PHASE_FINISHED:
		return "finished";
	}
	return "working";
}

const char *words_doing(enum respin_phase phase)
{
	switch (phase) {
	case RESPIN_PHASE_SAMPLE:
		return "a few saved blocks again: is it still the same disc?";
	case RESPIN_PHASE_COPYING:
		return "what was never tried, keeping clear of damage";
	case RESPIN_PHASE_SWEEPING:
		return "what the first pass jumped over";
	case RESPIN_PHASE_TRIMMING:
		return "every damaged block once more, as a whole";
	case RESPIN_PHASE_SCRAPING:
		return "damaged blocks sector by sector";
	case RESPIN_PHASE_RETRYING:
		return "what failed, again: luck changes from try to try";
	case RESPIN_PHASE_CLOSING:
		return "what never came is marked as lost";
	case RESPIN_PHASE_FINISHED:
		return "everything was tried";
	}
	return "";
}

const char *words_reason(enum respin_reason reason)
{
	switch (reason) {
	case RESPIN_REASON_GOOD:
		return "read well";
	case RESPIN_REASON_RECOVERED:
		return "read with great effort, so it is read again";
	case RESPIN_REASON_MEDIUM:
		return "the disc is unreadable there";
	case RESPIN_REASON_HARDWARE:
		return "the drive stumbled there";
	case RESPIN_REASON_BECOMING_READY:
		return "the drive is still getting ready";
	case RESPIN_REASON_NEEDS_START:
		return "the disc stood still";
	case RESPIN_REASON_NOT_READY:
		return "the drive is not ready";
	case RESPIN_REASON_NO_MEDIUM:
		return "the drive recognises no disc";
	case RESPIN_REASON_REFUSED:
		return "the drive refused the command";
	case RESPIN_REASON_OUT_OF_RANGE:
		return "the drive says the disc ends before that, which is not believed";
	case RESPIN_REASON_NOT_RECORDED:
		return "the drive finds nothing recorded there";
	case RESPIN_REASON_LOCKED:
		return "locked by copy protection";
	case RESPIN_REASON_MEDIUM_CHANGED:
		return "the disc may have been changed";
	case RESPIN_REASON_RESET:
		return "the drive was reset";
	case RESPIN_REASON_ABORTED:
		return "the drive broke the command off";
	case RESPIN_REASON_SHORT:
		return "fewer bytes arrived than were asked for";
	case RESPIN_REASON_UNPROVED:
		return "nothing proves that the bytes arrived";
	case RESPIN_REASON_TIMEOUT:
		return "the drive gave no answer in time";
	case RESPIN_REASON_LINK:
		return "the link to the drive failed";
	case RESPIN_REASON_GONE:
		return "the source is gone";
	case RESPIN_REASON_CANCELLED:
		return "stopped before an answer came";
	case RESPIN_REASON_SKIPPED:
		return "not reached";
	case RESPIN_REASON_GIVEN_UP:
		return "given up after every pass";
	}
	return "unknown";
}
