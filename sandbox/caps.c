// SPDX-License-Identifier: Apache-2.0
#include "sandbox/caps.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Capabilities by the raw system calls: libcap would be a dependency for two functions. */

static const struct cap {
	int number;
	const char *name;
} defaults[] = {
	{ CAP_AUDIT_WRITE, "CAP_AUDIT_WRITE" },
	{ CAP_CHOWN, "CAP_CHOWN" },
	{ CAP_DAC_OVERRIDE, "CAP_DAC_OVERRIDE" },
	{ CAP_FOWNER, "CAP_FOWNER" },
	{ CAP_FSETID, "CAP_FSETID" },
	{ CAP_KILL, "CAP_KILL" },
	{ CAP_MKNOD, "CAP_MKNOD" },
	{ CAP_NET_BIND_SERVICE, "CAP_NET_BIND_SERVICE" },
	{ CAP_NET_RAW, "CAP_NET_RAW" },
	{ CAP_SETFCAP, "CAP_SETFCAP" },
	{ CAP_SETGID, "CAP_SETGID" },
	{ CAP_SETPCAP, "CAP_SETPCAP" },
	{ CAP_SETUID, "CAP_SETUID" },
	{ CAP_SYS_CHROOT, "CAP_SYS_CHROOT" },
};

static bool is_default(int number)
{
	for (size_t i = 0; i < ARRAY_LEN(defaults); i++)
		if (defaults[i].number == number)
			return true;
	return false;
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

	for (size_t i = 0; is_root && i < ARRAY_LEN(defaults); i++) {
		int number = defaults[i].number;

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

		for (size_t j = 0; (i == 0 || is_root) && j < ARRAY_LEN(defaults); j++)
			json_array_append_new(list, json_string(defaults[j].name));
		json_object_set_new(doc, sets[i], list);
	}
	return doc;
}
