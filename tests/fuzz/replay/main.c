// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include <stdio.h>

#include "base/fs.h"

/*
 * A fuzz target without libFuzzer: feeds it each file of tests/fuzz/corpus/<program's name>, or
 * those that are named, and prints TAP. A target fails by dying.
 */

static bool feed(const char *path, struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(1 << 24);
	AUTO(auto_free) void *exact = NULL;

	if (!fs_read_path(&text, path, text.max, err))
		return false;
	exact = mem_dup(text.ptr, text.len); /* no NUL behind it that could hide an overrun */
	LLVMFuzzerTestOneInput(exact, text.len);
	return true;
}

int main(int argc, char **argv)
{
	AUTO(auto_free) char *corpus = mem_printf("tests/fuzz/corpus/%s", fs_basename(argv[0]));
	AUTO(str_list_free) struct str_list paths = { 0 };
	AUTO(str_list_free) struct str_list names = { 0 };
	AUTO(auto_close) int dir = -1;
	struct err err = { 0 };

	for (int i = 1; i < argc; i++)
		str_list_push(&paths, argv[i]);
	if (argc == 1 &&
	    (!fs_open_dir(&dir, corpus, &err) || !fs_list(&names, dir, ".", FS_BENEATH, &err)))
		fprintf(stderr, "%s\n", err.msg);
	for (size_t i = 0; i < names.len; i++)
		str_list_push_take(&paths, mem_printf("%s/%s", corpus, names.items[i]));
	printf("1..%zu\n", paths.len);
	for (size_t i = 0; i < paths.len && err.code == E_NONE; i++) {
		fflush(stdout);
		if (feed(paths.items[i], &err))
			printf("ok %zu - %s\n", i + 1, fs_basename(paths.items[i]));
	}
	if (err.code != E_NONE)
		fprintf(stderr, "%s\n", err.msg);
	return err.code != E_NONE || !paths.len;
}
