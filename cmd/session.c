// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/configuration.h"

/* What commands share, made on first use; and results on stdout. */

bool session_store(struct store **out, struct session *s, struct err *err)
{
	if (!s->store && !store_open(&s->store, s->options.store, err))
		return false;
	*out = s->store;
	return true;
}

bool session_registry(struct registry **out, struct session *s, struct err *err)
{
	struct registry_options opt = {
		.events = s->events,
		.authfile = s->options.authfile,
		.ca_file = s->options.ca_file,
		.plain_http = s->options.plain_http,
		.insecure = s->options.insecure,
		.trace = s->options.debug,
		.create_repositories = s->options.create_repository,
		.foreign_layers = s->options.foreign_layers,
		.trusted_realms = &s->options.trusted_realms,
		.fallback = configuration_credential,
		.fallback_self = s,
	};

	if (!s->registry) {
		if (s->options.chunk_size &&
		    !session_size(&opt.chunk_size, s->options.chunk_size, err))
			return false;
		if (!session_store(&opt.store, s, err) || !registry_open(&s->registry, &opt, err))
			return false;
	}
	*out = s->registry;
	return true;
}

void session_resolve_begin(struct session *s)
{
	if (s->company)
		lock_take(&s->company->resolving);
}

void session_resolve_end(struct session *s)
{
	if (s->company)
		lock_drop(&s->company->resolving);
}

bool session_size(uint64_t *out, const char *text, struct err *err)
{
	static const struct {
		const char *unit;
		uint64_t bytes;
	} units[] = {
		{ "TB", 1000000000000 }, { "GB", 1000000000 }, { "MB", 1000000 }, { "kB", 1000 },
		{ "KB", 1000 },          { "B", 1 },           { "", 1 }
	};
	uint64_t number;

	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		struct slice digits = slice_of(text);

		if (!str_has_suffix(text, units[i].unit))
			continue;
		digits.len -= strlen(units[i].unit);
		if (!str_to_u64(&number, slice_trim(digits, " "), UINT64_MAX / units[i].bytes))
			break;
		*out = number * units[i].bytes;
		return true;
	}
	err_set(err, E_USAGE, "'%s' is not a size", text);
	return err_hint(err, "a whole number with kB, MB, GB or TB behind it");
}

bool session_platform(struct platform *out, const char *text, struct err *err)
{
	if (!text) {
		*out = platform_host();
		return true;
	}
	if (strchr(text, ',')) {
		err_set(err, E_UNSUPPORTED, "several platforms in one command: %s", text);
		return err_hint(err, "run the command once for each platform");
	}
	return platform_parse(out, text, err);
}

static bool add_platform(struct platform *list, size_t *count, struct slice text, struct err *err)
{
	AUTO(auto_free) char *name = mem_strndup(text.ptr, text.len);
	struct platform p;

	if (!platform_parse(&p, name, err))
		return false;
	for (size_t i = 0; i < *count; i++)
		if (platform_eq(&list[i], &p))
			return true;
	list[(*count)++] = p;
	return true;
}

bool session_platforms(struct platform **out, size_t *count_out, const struct str_list *texts,
		       struct err *err)
{
	AUTO(auto_free) struct platform *list = NULL;
	size_t most = 1, count = 0;

	for (size_t i = 0; i < texts->len; i++)
		for (const char *c = texts->items[i]; c; c = strchr(c + 1, ','))
			most++;
	if (most > LIMIT_INDEX_ENTRIES)
		return err_set(err, E_USAGE, "more than %d platforms", LIMIT_INDEX_ENTRIES);
	list = mem_alloc(most * sizeof(*list));
	for (size_t i = 0; i < texts->len; i++) {
		struct slice rest = slice_of(texts->items[i]);

		while (rest.ptr)
			if (!add_platform(list, &count, slice_cut(rest, ',', &rest), err))
				return false;
	}
	if (!count)
		list[count++] = platform_host();
	*out = STEAL(list);
	*count_out = count;
	return true;
}

bool session_is_stdout(const char *path)
{
	struct stat a, b;

	return str_eq(path, "-") ||
	       (stat(path, &a) == 0 && fstat(STDOUT_FILENO, &b) == 0 && !S_ISREG(a.st_mode) &&
		a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_rdev == b.st_rdev);
}

bool session_print(const char *line, struct err *err)
{
	if (puts(line) < 0 || fflush(stdout) != 0)
		return err_set_errno(err, "write to stdout");
	return true;
}

bool session_print_raw(const char *data, size_t len, struct err *err)
{
	if (fwrite(data, 1, len, stdout) != len || fflush(stdout) != 0)
		return err_set_errno(err, "write to stdout");
	return true;
}

bool session_print_json(const json_t *doc, struct err *err)
{
	AUTO(auto_free) char *text = json_text_pretty(doc, NULL);

	if (fputs(text, stdout) < 0 || fflush(stdout) != 0)
		return err_set_errno(err, "write to stdout");
	return true;
}

void session_put_counters(json_t *doc, const struct session *s)
{
	for (int i = 0; i < COUNTERS; i++)
		json_object_set_new(
			doc, counter_name((enum counter)i),
			json_integer((json_int_t)counter_get(s->counters, (enum counter)i)));
	json_object_set_new(doc, "seconds",
			    json_real((double)(clock_monotonic_ms() - s->started_ms) / 1000));
}

bool session_result(struct session *s, json_t *doc, const char *line, struct err *err)
{
	AUTO(auto_json_decref) json_t *whole = doc ? doc : json_object();

	if (!s->options.json)
		return session_print(line, err);
	session_put_counters(whole, s);
	if (s->kept) {
		*s->kept = STEAL(whole);
		return true;
	}
	return session_print_json(whole, err);
}
