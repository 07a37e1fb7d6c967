/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Landlock, seccomp and capabilities by their bare system calls: no library is
 * worth a dependency for so little, and the C library's headers are older than
 * the kernels that this runs on. A list of what is denied, not of what is
 * allowed: one new call of a new C library must not cost anybody his rescue.
 */
#include "io/confine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/magic.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

/* linux/landlock.h, as of ABI 6. */
#define LL_WRITE_FILE (1ull << 1)
#define LL_REMOVE_DIR (1ull << 4)
#define LL_REMOVE_FILE (1ull << 5)
#define LL_MAKE_CHAR (1ull << 6)
#define LL_MAKE_DIR (1ull << 7)
#define LL_MAKE_REG (1ull << 8)
#define LL_MAKE_SOCK (1ull << 9)
#define LL_MAKE_FIFO (1ull << 10)
#define LL_MAKE_BLOCK (1ull << 11)
#define LL_MAKE_SYM (1ull << 12)
#define LL_TRUNCATE (1ull << 14)      /* from ABI 3 */
#define LL_NET_BIND_TCP (1ull << 0)   /* from ABI 4 */
#define LL_SCOPE_ABSTRACT (1ull << 0) /* from ABI 6 */
#define LL_SCOPE_SIGNAL (1ull << 1)
#define LL_CREATE_VERSION (1u << 0)
#define LL_RULE_PATH_BENEATH 1

#define LL_ALL_WRITES                                                                                        \
	(LL_WRITE_FILE | LL_REMOVE_DIR | LL_REMOVE_FILE | LL_MAKE_CHAR | LL_MAKE_DIR | LL_MAKE_REG |         \
	 LL_MAKE_SOCK | LL_MAKE_FIFO | LL_MAKE_BLOCK | LL_MAKE_SYM)

struct ll_ruleset {
	uint64_t files, net, scoped;
};

struct ll_beneath {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

#ifndef __NR_landlock_create_ruleset
#define __NR_landlock_create_ruleset 444 /* the same on every machine since 5.13 */
#define __NR_landlock_add_rule 445
#define __NR_landlock_restrict_self 446
#endif

static int no_new_privs(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

static int add_place(int ruleset, const struct confine_place *place, uint64_t handled)
{
	uint64_t rights = place->right == CONFINE_DEVICE
				  ? LL_WRITE_FILE | LL_TRUNCATE
				  : LL_WRITE_FILE | LL_REMOVE_FILE | LL_MAKE_REG | LL_TRUNCATE;
	struct ll_beneath beneath = {rights & handled, place->file};
	long r = syscall(__NR_landlock_add_rule, ruleset, LL_RULE_PATH_BENEATH, &beneath, 0);
	return r < 0 ? -errno : 0;
}

int confine_files(const struct confine_place *places, size_t count, enum confine_kind kind)
{
	long version = syscall(__NR_landlock_create_ruleset, NULL, 0, LL_CREATE_VERSION);
	if (version < 0)
		return -errno;
	struct ll_ruleset handled = {.files = LL_ALL_WRITES | (version >= 3 ? LL_TRUNCATE : 0)};
	size_t size = sizeof handled.files;
	if (version >= 4) {
		handled.net = LL_NET_BIND_TCP;
		size = 2 * sizeof(uint64_t);
	}
	if (version >= 6) {
		/* The writer must be able to end the drive's child, which stands outside. */
		handled.scoped = LL_SCOPE_ABSTRACT | (kind == CONFINE_ALONE ? LL_SCOPE_SIGNAL : 0);
		size = sizeof handled;
	}
	int ruleset = (int)syscall(__NR_landlock_create_ruleset, &handled, size, 0);
	if (ruleset < 0)
		return -errno;
	int r = no_new_privs();
	for (size_t i = 0; r == 0 && i < count; i++)
		r = add_place(ruleset, &places[i], handled.files);
	if (r == 0 && syscall(__NR_landlock_restrict_self, ruleset, 0) < 0)
		r = -errno;
	close(ruleset);
	return r < 0 ? r : (int)version;
}

bool confine_on_nfs(int dir)
{
	struct statfs fs;
	return fstatfs(dir, &fs) == 0 && (uint32_t)fs.f_type == NFS_SUPER_MAGIC;
}

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#define OTHER_ABI 0x40000000u /* x32 numbers */
#elif defined(__aarch64__)
#define MACHINE AUDIT_ARCH_AARCH64
#elif defined(__i386__)
#define MACHINE AUDIT_ARCH_I386
#elif defined(__riscv) && __riscv_xlen == 64
#define MACHINE AUDIT_ARCH_RISCV64
#endif
#ifndef OTHER_ABI
#define OTHER_ABI 0xffffffffu
#endif

#ifdef MACHINE
/* What neither side has any business with: other processes, other programs, the machine itself. */
static const uint16_t denied[] = {
	__NR_process_vm_readv,
	__NR_process_vm_writev,
	__NR_pidfd_getfd, /* another process's files: the image, say */
	__NR_mount,
	__NR_umount2,
	__NR_pivot_root,
	__NR_chroot,
	__NR_move_mount,
	__NR_open_tree,
	__NR_fsopen,
	__NR_fsmount,
	__NR_setns,
	__NR_unshare,
	__NR_bpf,
	__NR_perf_event_open,
	__NR_userfaultfd,
	__NR_keyctl,
	__NR_add_key,
	__NR_request_key,
	__NR_init_module,
	__NR_finit_module,
	__NR_delete_module,
	__NR_kexec_load,
	__NR_reboot,
	__NR_swapon,
	__NR_swapoff,
	__NR_acct,
	__NR_quotactl,
	__NR_open_by_handle_at,
	__NR_io_uring_setup,
	__NR_io_uring_enter,
	__NR_io_uring_register,
};
static const uint16_t denied_to_most[] = {__NR_execve, __NR_execveat, __NR_ptrace}; /* not to sanitizers */
static const uint16_t denied_to_writer[] = {__NR_socket, __NR_connect};

#define COUNT(list) (sizeof(list) / sizeof *(list))
#define DENY (SECCOMP_RET_ERRNO | EPERM)

static size_t add_calls(struct sock_filter *program, size_t n, const uint16_t *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		program[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i], 0, 1);
		program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, DENY);
	}
	return n;
}

int confine_calls(enum confine_kind kind)
{
	struct sock_filter
		program[8 + 2 * (COUNT(denied) + COUNT(denied_to_most) + COUNT(denied_to_writer))] = {
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0),
			BPF_STMT(BPF_RET | BPF_K, DENY), /* a call in another machine's numbers */
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
			BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, OTHER_ABI, 0, 1),
			BPF_STMT(BPF_RET | BPF_K, DENY),
		};
	size_t n = add_calls(program, 6, denied, COUNT(denied));
	if (!SANITIZED)
		n = add_calls(program, n, denied_to_most, COUNT(denied_to_most));
	if (kind == CONFINE_WRITER)
		n = add_calls(program, n, denied_to_writer, COUNT(denied_to_writer));
	program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog filter = {(unsigned short)n, program};
	int r = no_new_privs();
	if (r == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) < 0)
		r = -errno;
	return r;
}
#else
int confine_calls(enum confine_kind kind)
{
	(void)kind;
	return -ENOSYS; /* nobody has looked up this machine's numbers yet */
}
#endif

int confine_capabilities(enum confine_keep keep)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {0}, now[2];
	if (syscall(__NR_capget, &header, now) < 0)
		return -errno;
	uint32_t kept = keep == CONFINE_KEEP_NONE ? 0 : 1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH;
	if (keep == CONFINE_KEEP_FILES)
		kept |= 1u << CAP_FOWNER | 1u << CAP_CHOWN;
	data[0].effective = now[0].effective & kept;
	data[0].permitted = now[0].permitted & kept;
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(__NR_capset, &header, data) < 0 ? -errno : 0;
}
