/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a process gives up once it holds what it needs: the right to write
 * anywhere else (Landlock), system calls that it will never make (seccomp),
 * capabilities, another user's identity. Best effort: each function says what
 * the kernel refused; nobody fails for it. Decides nothing about when.
 */
#ifndef IO_CONFINE_H
#define IO_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The sanitizers trace, execute and report from within: they are left their ways. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

enum confine_right {
	CONFINE_DEVICE, /* a node (or those below a directory): opened for writing, never made or removed */
	CONFINE_DIRECTORY, /* files are made, written, replaced and removed in it */
};

struct confine_place {
	int file; /* open on the node or directory, in any way */
	enum confine_right right;
};

/*
 * WRITER: threads, signals to others and everything about its files; no new
 * socket. ALONE: the drive's child, which may have sockets and start nothing.
 */
enum confine_kind { CONFINE_WRITER, CONFINE_ALONE };

/*
 * This thread, and what it starts from now on, writes, makes, removes and
 * truncates files below these places alone; what is open stays as it is. Sets
 * no-new-privs. The Landlock version in force, or a negative errno.
 */
int confine_files(const struct confine_place *places, size_t count, enum confine_kind kind);

/* Does this directory lie on NFS, whose client may forget inodes, and with them the rules above? */
bool confine_on_nfs(int dir);

/* A list of system calls that answer EPERM from now on. Sets no-new-privs. 0 or a negative errno. */
int confine_calls(enum confine_kind kind);

/* Keeps none, those to open what belongs to others, or also to replace it. Of this thread. 0 or a negative errno. */
enum confine_keep { CONFINE_KEEP_NONE, CONFINE_KEEP_OPENING, CONFINE_KEEP_FILES };
int confine_capabilities(enum confine_keep keep);

/* --- confine_user.c --- */

#define CONFINE_GROUPS_MAX 64

struct confine_user {
	uid_t uid;
	gid_t gid;
	gid_t groups[CONFINE_GROUPS_MAX];
	size_t group_count;
};

/* The user and all groups that the system knows of. */
void confine_user_find(struct confine_user *user, uid_t uid, gid_t gid);

/*
 * Could that user, without any capability, work in these directories and with
 * these files (by their names in the directory of the same index; NULL: none)?
 * Asked of the kernel, by a child that becomes that user.
 */
struct confine_file {
	int dir;
	const char *name; /* NULL: the directory alone */
};
bool confine_user_suffices(const struct confine_user *user, const struct confine_file *files, size_t count);

/* The whole process becomes that user for good: groups first. 0 or a negative errno. */
int confine_become(const struct confine_user *user);

#endif
