// SPDX-License-Identifier: Apache-2.0
#include "builder/runoptions.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/limits.h"
#include "base/mem.h"
#include "builder/ramsize.h"

/* Options of a build that its RUN steps see. */

void run_options_free(struct run_options *o)
{
	for (size_t i = 0; i < o->hosts.len; i++) {
		free(o->hosts.items[i].name);
		free(o->hosts.items[i].address);
	}
	free(o->hosts.items);
	free(o->limits.items);
}

/* --- the host name --- */

static const char *given_hostname(const struct build_request *req)
{
	const char *name =
		req->build_args ? map_text(req->build_args, "BUILDKIT_SANDBOX_HOSTNAME") : NULL;

	return name && *name ? name : NULL;
}

const char *run_options_hostname(const struct build_request *req)
{
	const char *name = given_hostname(req);

	return name ? name : "buildkitsandbox";
}

/* --- hosts --- */

/* Of a name in /etc/hosts: what could end it or begin a comment would be a line of its own. */
static bool name_is_valid(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!isalnum((unsigned char)name.ptr[i]) && !strchr("-._", name.ptr[i]))
			return false;
	return name.len && name.len <= LIMIT_HOST_NAME;
}

/* As Go writes addresses: the shortest form, and an IPv4 one as such however it was given. */
static char *format_address(const char *text)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	unsigned char bytes[16];
	char out[INET6_ADDRSTRLEN];

	if (inet_pton(AF_INET, text, bytes) == 1)
		return mem_strdup(inet_ntop(AF_INET, bytes, out, sizeof(out)));
	if (inet_pton(AF_INET6, text, bytes) != 1)
		return NULL;
	if (memcmp(bytes, mapped, sizeof(mapped)) == 0)
		return mem_strdup(inet_ntop(AF_INET, bytes + 12, out, sizeof(out)));
	return mem_strdup(inet_ntop(AF_INET6, bytes, out, sizeof(out)));
}

static bool bad_host(const char *text, const char *why, struct err *err)
{
	err_set(err, E_USAGE, "--add-host '%s': %s", text, why);
	return err_hint(err, "--add-host NAME:ADDRESS, as in db:10.0.0.5 or db=[::1]");
}

bool run_options_add_host(struct run_options *o, const char *text, struct err *err)
{
	struct slice address, name = slice_cut(slice_of(text), '=', &address);
	AUTO(auto_free) char *given = NULL;
	char *shown;

	if (!address.ptr)
		name = slice_cut(slice_of(text), ':', &address);
	if (!address.len)
		return bad_host(text, "it is not NAME:ADDRESS", err);
	if (!name_is_valid(name))
		return bad_host(text, "the name has letters, digits and - . _ alone", err);
	if (slice_eq(address, "host-gateway")) {
		err_set(err, E_UNSUPPORTED,
			"--add-host '%s': there is no gateway between a RUN "
			"and this machine",
			text);
		return err_hint(err, "a RUN has this machine's network: its address is 127.0.0.1");
	}
	given = address.len > 2 && address.ptr[0] == '[' && address.ptr[address.len - 1] == ']'
			? mem_strndup(address.ptr + 1, address.len - 2)
			: mem_strndup(address.ptr, address.len);
	shown = format_address(given);
	if (!shown)
		return bad_host(text, "the address is none of IPv4 or IPv6", err);
	if (o->hosts.len == LIMIT_ADDED_HOSTS) {
		free(shown);
		return err_set(err, E_USAGE, "more than %d --add-host", LIMIT_ADDED_HOSTS);
	}
	*ARRAY_PUSH(&o->hosts) =
		(struct run_host){ .name = mem_strndup(name.ptr, name.len), .address = shown };
	return true;
}

void run_options_hosts(struct buf *out, const struct run_options *o)
{
	for (size_t i = 0; o && i < o->hosts.len; i++)
		buf_putf(out, "%s\t%s\n", o->hosts.items[i].address, o->hosts.items[i].name);
}

/* --- limits --- */

/* docker's names (go-units, ulimit.go). */
static const struct {
	const char *name;
	int resource;
} limit_names[] = {
	{ "core", RLIMIT_CORE },         { "cpu", RLIMIT_CPU },
	{ "data", RLIMIT_DATA },         { "fsize", RLIMIT_FSIZE },
	{ "locks", RLIMIT_LOCKS },       { "memlock", RLIMIT_MEMLOCK },
	{ "msgqueue", RLIMIT_MSGQUEUE }, { "nice", RLIMIT_NICE },
	{ "nofile", RLIMIT_NOFILE },     { "nproc", RLIMIT_NPROC },
	{ "rss", RLIMIT_RSS },           { "rtprio", RLIMIT_RTPRIO },
	{ "rttime", RLIMIT_RTTIME },     { "sigpending", RLIMIT_SIGPENDING },
	{ "stack", RLIMIT_STACK },
};

static bool unknown_limit(const char *text, struct slice name, struct err *err)
{
	AUTO(auto_free) char *word = mem_strndup(name.ptr, name.len);
	const char *names[ARRAY_LEN(limit_names)];
	const char *near;

	for (size_t i = 0; i < ARRAY_LEN(limit_names); i++)
		names[i] = limit_names[i].name;
	near = str_nearest(word, names, ARRAY_LEN(names));
	err_set(err, E_USAGE, "--ulimit '%s': there is no limit '%s'", text, word);
	return near ? err_hint(err, "did you mean %s?", near)
		    : err_hint(err, "--ulimit NAME=SOFT[:HARD], as in nofile=1024:4096");
}

static bool parse_value(uint64_t *out, struct slice text)
{
	*out = UINT64_MAX;
	return slice_eq(text, "-1") || str_to_u64(out, text, INT64_MAX);
}

bool run_options_add_limit(struct run_options *o, const char *text, struct err *err)
{
	struct slice values, name = slice_cut(slice_of(text), '=', &values);
	struct slice hard, soft = slice_cut(values.ptr ? values : slice_of(""), ':', &hard);
	struct sandbox_limit limit;
	size_t i = 0, at = 0;

	while (i < ARRAY_LEN(limit_names) && !slice_eq(name, limit_names[i].name))
		i++;
	if (i == ARRAY_LEN(limit_names))
		return unknown_limit(text, name, err);
	limit.resource = limit_names[i].resource;
	if (!parse_value(&limit.soft, soft) || (hard.ptr && !parse_value(&limit.hard, hard))) {
		err_set(err, E_USAGE, "--ulimit '%s' is not NAME=SOFT[:HARD]", text);
		return err_hint(err, "numbers, or -1 for none: nofile=1024:4096");
	}
	if (!hard.ptr)
		limit.hard = limit.soft;
	if (limit.soft > limit.hard)
		return err_set(err, E_USAGE, "--ulimit '%s': the soft limit is above the hard one",
			       text);
	/* of several for one the last counts */
	while (at < o->limits.len && o->limits.items[at].resource != limit.resource)
		at++;
	if (at == o->limits.len)
		(void)ARRAY_PUSH(&o->limits);
	o->limits.items[at] = limit;
	return true;
}

bool run_options_set_shm(struct run_options *o, const char *text, struct err *err)
{
	if (!ramsize_parse(&o->shm_size, text, err)) {
		err->code = E_USAGE;
		return err_wrap(err, "--shm-size");
	}
	return o->shm_size || err_set(err, E_USAGE, "--shm-size '%s' leaves nothing", text);
}

/* --- rights --- */

bool run_options_allow(struct run_options *o, const char *text, struct err *err)
{
	const char *known[] = { "network.host", "security.insecure" };
	bool *const given[] = { &o->allow_host_network, &o->allow_insecure };
	const char *near;

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (str_eq(text, known[i])) {
			*given[i] = true;
			return true;
		}
	if (str_has_prefix(text, "device")) {
		err_set(err, E_UNSUPPORTED, "--allow %s: no RUN gets a device here", text);
		return err_hint(err, "RUN --security=insecure has those of a privileged container");
	}
	near = str_nearest(text, known, ARRAY_LEN(known));
	err_set(err, E_USAGE, "--allow '%s' is unknown", text);
	return near ? err_hint(err, "did you mean %s?", near)
		    : err_hint(err, "there are %s and %s", known[0], known[1]);
}

static bool withholds_network(const struct build_request *req)
{
	return !req->network && !(req->run_options && req->run_options->allow_host_network);
}

static bool withholds_insecure(const struct build_request *req)
{
	return !(req->run_options && req->run_options->allow_insecure);
}

/* What a flag of RUN asks for that only the command line gives. */
static const struct right {
	const char *flag, *value;
	bool (*is_withheld)(const struct build_request *req);
	const char *why, *cure;
} rights[] = {
	{ "network", "host", withholds_network, "this build was given no network",
	  "add --allow network.host, or leave out --network none" },
	{ "security", "insecure", withholds_insecure, "this build does not allow it",
	  "add --allow security.insecure: the command then may do to this machine what root may" },
};

static bool check_instruction(const struct build_request *req, const struct dockerfile *file,
			      const struct instruction *in, struct err *err)
{
	for (size_t i = 0; in->kind == INSTRUCTION_RUN && i < ARRAY_LEN(rights); i++) {
		const struct right *r = &rights[i];
		const struct flag *flag = instruction_find_flag(in, r->flag);

		if (!flag || !str_eq(flag->value, r->value) || !r->is_withheld(req))
			continue;
		err_set(err, E_INPUT, "RUN --%s=%s: %s", r->flag, r->value, r->why);
		err_hint(err, "%s", r->cure);
		return dockerfile_at_flag(file, flag, err);
	}
	return true;
}

bool run_options_check_step(const struct build_request *req, const struct step *step,
			    struct err *err)
{
	return check_instruction(req, step->file, step->in, err);
}

static bool check_hostname(const struct build_request *req, struct err *err)
{
	const char *name = run_options_hostname(req);

	if (strlen(name) <= HOST_NAME_MAX && name_is_valid(slice_of(name)))
		return true;
	err_set(err, E_USAGE, "--build-arg BUILDKIT_SANDBOX_HOSTNAME=%s: it is no host name", name);
	return err_hint(err, "letters, digits and - . _, at most %d", HOST_NAME_MAX);
}

bool run_options_check(const struct plan *p, struct err *err)
{
	if (!check_hostname(p->request, err))
		return false;
	for (size_t i = 0; i < p->stage_count; i++) {
		const struct plan_stage *s = &p->stages[i];

		for (size_t k = 0; s->used && k < s->instruction_count; k++)
			if (!check_instruction(p->request, p->file, &s->instructions[k], err))
				return false;
	}
	return true;
}

/* --- the key --- */

void run_options_key(struct cache_key *k, const struct build_request *req)
{
	const struct run_options *o = req->run_options;
	const char *hostname = given_hostname(req);

	if (hostname) {
		cache_key_text(k, "hostname");
		cache_key_text(k, hostname);
	}
	if (!o)
		return;
	for (size_t i = 0; i < o->hosts.len; i++) {
		cache_key_text(k, "host");
		cache_key_text(k, o->hosts.items[i].name);
	}
	for (size_t i = 0; i < o->limits.len; i++) {
		cache_key_text(k, "limit");
		cache_key_number(k, o->limits.items[i].resource);
		cache_key_number(k, (int64_t)o->limits.items[i].soft);
		cache_key_number(k, (int64_t)o->limits.items[i].hard);
	}
	if (o->shm_size) {
		cache_key_text(k, "shm");
		cache_key_number(k, (int64_t)o->shm_size);
	}
}
