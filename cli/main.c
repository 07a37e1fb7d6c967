/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the command and runs it. Knows no command's options. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "say.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{"rescue", cmd_rescue}, {"sweep", cmd_rescue}, {"patch", cmd_rescue}, {"info", cmd_info},
	{"files", cmd_files},   {"show", cmd_show},    {"map", cmd_map},      {"merge", cmd_merge},   {"serve", cmd_serve},      {"sim", cmd_sim},
	{"report", cmd_report}, {"verify", cmd_verify}, {"drives", cmd_drives}, {"help", cmd_help},     {"--help", cmd_help},  {"-h", cmd_help},
};

static int run(int argc, char **argv)
{
	if (argc < 2)
		return say_usage(NULL, "there is no command");
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		(void)printf("respin %s\n", RESPIN_VERSION);
		return STATUS_WHOLE;
	}
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(commands[i].name, argv[1]) == 0)
			return commands[i].run(argc - 1, argv + 1);
	return say_usage(NULL, "there is no %s %s", argv[1][0] == '-' ? "option" : "command", argv[1]);
}

/* Or the first file that is opened, a drive say, would get what is meant for people. */
static void occupy_standard_streams(void)
{
	int fd;
	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		(void)close(fd);
}

int main(int argc, char **argv)
{
	occupy_standard_streams();
	/* Only what is a character and how wide: numbers look the same everywhere. */
	(void)setlocale(LC_CTYPE, "");
	int status = run(argc, argv);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		say("standard output: %s", strerror(errno));
		if (status == STATUS_WHOLE)
			status = STATUS_OUTPUT;
	}
	return status;
}
