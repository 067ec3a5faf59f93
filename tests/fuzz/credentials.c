// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "base/fs.h"
#include "registry/credentials.h"

/* A settings file of docker's: looked at, added to, and what was added found and forgotten. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char host[] = "r.example.com:5000";
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(credential_free) struct credential found = { 0 };
	AUTO(auto_free) char *where = NULL;
	AUTO(auto_free) char *path = NULL;
	const struct credential mine = { .user = (char *)(uintptr_t) "me",
					 .password = (char *)(uintptr_t) "p:w" };
	struct err err = { 0 };
	bool had;

	setenv("PATH", "/nonexistent", 1); /* helpers are not for a fuzzer to run */
	assert(fs_tmpdir_open(&dir, &err) &&
	       fs_write_atomic(dir.fd, "config.json", data, len, 0600, &err));
	path = mem_printf("%s/config.json", dir.path);
	verdict(credentials_find(&found, &where, path, "docker.io", "library/a", NULL, &err), &err);
	credential_free(&found);
	auto_free(&where);
	where = NULL;
	verdict(credentials_find(&found, &where, path, host, "ns/repo", NULL, &err), &err);
	credential_free(&found);
	auto_free(&where);
	where = NULL;
	if (!verdict(credentials_store(&where, path, host, &mine, &err), &err))
		return 0;
	auto_free(&where);
	where = NULL;
	assert(credentials_find(&found, &where, path, host, "", NULL, &err));
	assert(credential_eq(&found, &mine));
	assert(credentials_erase(&had, path, host, &err) && had);
	return 0;
}
