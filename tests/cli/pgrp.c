/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pgrp: runs a command in a process group of its own that is not orphaned, as a shell with job control does: only such
 * a group can be stopped by SIGTSTP. Says its process id, waits for it, ends with its status.
 *
 *   pgrp FILE COMMAND [ARGUMENT...]      writes the id to FILE
 */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int status = 0;
	FILE *file = argc > 2 ? fopen(argv[1], "we") : NULL;
	pid_t pid = file ? fork() : -1;
	if (pid < 0) {
		perror("pgrp");
		return 2;
	}
	if (pid == 0) {
		setpgid(0, 0);
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	fprintf(file, "%d\n", (int)pid);
	fclose(file);
	while (waitpid(pid, &status, 0) < 0)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}
