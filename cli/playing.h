/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The playing time that a video disc lacks, in words. Decides nothing. */
#ifndef CLI_PLAYING_H
#define CLI_PLAYING_H

#include <respin/files.h>

/* The exit status; STATUS_WHOLE also where something is missing. Prints nothing where nothing plays. */
int playing_print(struct respin_files *files);

#endif
