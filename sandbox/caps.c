// SPDX-License-Identifier: Apache-2.0
#include "sandbox/caps.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Capabilities by the raw system calls: libcap would be a dependency for two functions. */

#define CAP(name, is_default) [CAP_##name] = { "CAP_" #name, is_default }
static const struct {
	const char *name;
	bool is_default; /* Docker's */
} caps[] = {
	CAP(CHOWN, true),
	CAP(DAC_OVERRIDE, true),
	CAP(DAC_READ_SEARCH, false),
	CAP(FOWNER, true),
	CAP(FSETID, true),
	CAP(KILL, true),
	CAP(SETGID, true),
	CAP(SETUID, true),
	CAP(SETPCAP, true),
	CAP(LINUX_IMMUTABLE, false),
	CAP(NET_BIND_SERVICE, true),
	CAP(NET_BROADCAST, false),
	CAP(NET_ADMIN, false),
	CAP(NET_RAW, true),
	CAP(IPC_LOCK, false),
	CAP(IPC_OWNER, false),
	CAP(SYS_MODULE, false),
	CAP(SYS_RAWIO, false),
	CAP(SYS_CHROOT, true),
	CAP(SYS_PTRACE, false),
	CAP(SYS_PACCT, false),
	CAP(SYS_ADMIN, false),
	CAP(SYS_BOOT, false),
	CAP(SYS_NICE, false),
	CAP(SYS_RESOURCE, false),
	CAP(SYS_TIME, false),
	CAP(SYS_TTY_CONFIG, false),
	CAP(MKNOD, true),
	CAP(LEASE, false),
	CAP(AUDIT_WRITE, true),
	CAP(AUDIT_CONTROL, false),
	CAP(SETFCAP, true),
	CAP(MAC_OVERRIDE, false),
	CAP(MAC_ADMIN, false),
	CAP(SYSLOG, false),
	CAP(WAKE_ALARM, false),
	CAP(BLOCK_SUSPEND, false),
	CAP(AUDIT_READ, false),
	CAP(PERFMON, false),
	CAP(BPF, false),
	CAP(CHECKPOINT_RESTORE, false),
};
#undef CAP

static bool is_default(int number)
{
	return number < (int)ARRAY_LEN(caps) && caps[number].is_default;
}

bool caps_bound(struct err *err)
{
	/* PR_CAPBSET_READ answers EINVAL behind the last capability this kernel knows. */
	for (int number = 0; prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0; number++)
		if (!is_default(number) && prctl(PR_CAPBSET_DROP, number, 0, 0, 0) < 0)
			return err_set_errno(err, "drop capability %d", number);
	return true;
}

bool caps_set(bool is_root, struct err *err)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	for (int number = 0; is_root && number < (int)ARRAY_LEN(caps); number++) {
		if (!caps[number].is_default)
			continue;
		data[number / 32].permitted |= 1U << (number % 32);
		data[number / 32].effective |= 1U << (number % 32);
	}
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return err_set_errno(err, "clear ambient capabilities");
	/* Inheritable stays empty (CVE-2022-24769). */
	return syscall(SYS_capset, &head, data) == 0 || err_set_errno(err, "set capabilities");
}

json_t *caps_oci(bool is_root)
{
	static const char *const sets[] = { "bounding", "effective", "permitted" };
	json_t *doc = json_object();

	for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
		json_t *list = json_array();

		for (size_t j = 0; (i == 0 || is_root) && j < ARRAY_LEN(caps); j++)
			if (caps[j].is_default)
				json_array_append_new(list, json_string(caps[j].name));
		json_object_set_new(doc, sets[i], list);
	}
	return doc;
}

bool caps_hold(struct err *err)
{
	return prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0 || err_set_errno(err, "keep capabilities");
}

/* What is inheritable and ambient survives execve whatever the user. */
bool caps_raise(struct err *err)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data) < 0)
		return err_set_errno(err, "read capabilities");
	for (size_t i = 0; i < ARRAY_LEN(data); i++)
		data[i].effective = data[i].inheritable = data[i].permitted;
	if (syscall(SYS_capset, &head, data) < 0)
		return err_set_errno(err, "set capabilities");
	for (int number = 0; number < 32 * (int)ARRAY_LEN(data); number++)
		if (data[number / 32].permitted & 1U << (number % 32) &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) < 0)
			return err_set_errno(err, "raise capability %d", number);
	return true;
}

json_t *caps_oci_all(void)
{
	static const char *const sets[] = { "bounding", "effective", "permitted", "inheritable",
					    "ambient" };
	json_t *doc = json_object();

	for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
		json_t *list = json_array();

		/* A runtime cannot give what this process lacks. */
		for (size_t j = 0; j < ARRAY_LEN(caps); j++)
			if (prctl(PR_CAPBSET_READ, j, 0, 0, 0) > 0)
				json_array_append_new(list, json_string(caps[j].name));
		json_object_set_new(doc, sets[i], list);
	}
	return doc;
}
