/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last words of a rescue: what was saved, what was lost, what to do next. Decides nothing. */
#ifndef CLI_CLOSING_H
#define CLI_CLOSING_H

#include "view.h"

/* `code` is what respin_session_run returned. */
void closing_words(const struct view *view, const struct respin_snapshot *snapshot, int code);

#endif
