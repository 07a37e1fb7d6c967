/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs run from a private directory, see outside.h. Output goes through files, so nothing can block. */
#include "outside.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define STDIN_FILE "stdin"
#define STDOUT_FILE "stdout"
#define STDERR_FILE "stderr"
#define NOT_STARTED 127

static char directory[4096];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

void outside_init(void)
{
	const char *tmp = getenv("TMPDIR");
	(void)snprintf(directory, sizeof directory, "%s/respin-interop-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(directory) || chdir(directory) < 0)
		die(directory);
}

void outside_finish(void)
{
	DIR *dir = opendir(".");
	if (!dir)
		die(directory);
	for (struct dirent *entry; (entry = readdir(dir));)
		(void)unlinkat(dirfd(dir), entry->d_name, 0);
	(void)closedir(dir);
	if (chdir("/") < 0 || rmdir(directory) < 0)
		die(directory);
}

void outside_keep(void)
{
	printf("the files are kept in %s\n", directory);
}

bool outside_has(const char *program, const char *package)
{
	struct outside_result result;
	outside_run((const char *[]){program, "--version", NULL}, &result);
	bool has = result.status == 0;
	outside_result_finish(&result);
	if (!has)
		printf("skipped: %s is not installed (Debian: %s)\n", program, package);
	return has;
}

static void redirect(const char *name, int flags, int to)
{
	int fd = open(name, flags, 0600);
	if (fd < 0 || dup2(fd, to) < 0)
		_exit(NOT_STARTED);
}

void outside_run(const char *const argv[], struct outside_result *result)
{
	pid_t pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		redirect(access(STDIN_FILE, R_OK) == 0 ? STDIN_FILE : "/dev/null", O_RDONLY, STDIN_FILENO);
		redirect(STDOUT_FILE, O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
		redirect(STDERR_FILE, O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
		(void)execvp(argv[0], (char *const *)argv);
		_exit(NOT_STARTED);
	}
	int status;
	if (waitpid(pid, &status, 0) < 0)
		die("waitpid");
	*result = (struct outside_result){.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1};
	if (result->status == NOT_STARTED)
		result->status = -1;
	outside_read(STDOUT_FILE, &result->out);
	outside_read(STDERR_FILE, &result->err);
}

void outside_result_finish(struct outside_result *result)
{
	buf_finish(&result->out);
	buf_finish(&result->err);
}

void outside_write(const char *name, const void *data, size_t len)
{
	FILE *file = fopen(name, "w");
	if (!file || fwrite(data, 1, len, file) != len || fclose(file) != 0)
		die(name);
}

void outside_read(const char *name, struct buf *data)
{
	char chunk[65536];
	FILE *file = fopen(name, "r");
	if (!file)
		die(name);
	buf_clear(data);
	for (size_t n; (n = fread(chunk, 1, sizeof chunk, file)) > 0;)
		buf_add(data, chunk, n);
	if (ferror(file) || fclose(file) != 0)
		die(name);
	buf_add(data, "", 1);
	if (data->failed)
		die("memory");
	data->len--;
}
