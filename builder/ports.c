// SPDX-License-Identifier: Apache-2.0
#include "builder/ports.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

/* The two small vocabularies of EXPOSE and STOPSIGNAL. */

struct range {
	uint64_t first, last;
};

static bool parse_range(struct range *out, struct slice text)
{
	struct slice last;
	struct slice first = slice_cut(text, '-', &last);

	if (!str_to_u64(&out->first, first, 65535))
		return false;
	out->last = out->first;
	return !last.ptr || (str_to_u64(&out->last, last, 65535) && out->last >= out->first);
}

/* "udp" of "UDP", "tcp" of nothing; NULL when it is none. */
static const char *parse_protocol(struct slice text)
{
	static const char *const known[] = { "tcp", "udp", "sctp" };

	if (!text.len)
		return "tcp";
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (text.len == strlen(known[i]) && strncasecmp(text.ptr, known[i], text.len) == 0)
			return known[i];
	}
	return NULL;
}

/* "[ip:][port]" before the last colon: BuildKit checks it and drops it. */
static bool host_is_fine(const char *spec, const char *colon, const struct range *range)
{
	const char *start = colon;
	struct range host;
	struct in6_addr address;
	AUTO(auto_free) char *ip = NULL;
	size_t len;

	while (start > spec && start[-1] != ':')
		start--;
	if (start < colon &&
	    (!parse_range(&host, (struct slice){ start, (size_t)(colon - start) }) ||
	     (range->last != range->first && host.last - host.first != range->last - range->first)))
		return false;
	if (start <= spec + 1)
		return true;
	ip = mem_strndup(spec, (size_t)(start - 1 - spec));
	len = strlen(ip);
	if (ip[0] == '[' && ip[len - 1] == ']') {
		ip[len - 1] = '\0';
		return inet_pton(AF_INET6, ip + 1, &address) == 1;
	}
	return inet_pton(AF_INET, ip, &address) == 1 || inet_pton(AF_INET6, ip, &address) == 1;
}

bool ports_parse(struct str_list *out, const char *spec, struct err *err)
{
	const char *colon = strrchr(spec, ':');
	const char *container = colon ? colon + 1 : spec;
	struct slice protocol_text;
	struct slice port = slice_cut(slice_of(container), '/', &protocol_text);
	const char *protocol = parse_protocol(protocol_text);
	struct range range;

	if (!protocol) {
		err_set(err, E_INPUT, "port '%s': the protocol must be tcp, udp or sctp", spec);
		return err_hint(err, "for example 53/udp");
	}
	if (!parse_range(&range, port)) {
		err_set(err, E_INPUT, "'%s' is no port", spec);
		return err_hint(err, "for example 80, 8000-8010 or 53/udp");
	}
	if (colon && !host_is_fine(spec, colon, &range)) {
		err_set(err, E_INPUT, "port '%s': the host part is wrong", spec);
		return err_hint(err, "leave it out: EXPOSE is about the container's ports alone");
	}
	for (uint64_t p = range.first; p <= range.last; p++)
		str_list_push_take(out, mem_printf("%u/%s", (unsigned)p, protocol));
	return true;
}

/* clang-format off */
static const char *const signals[] = {
	"HUP",    "INT",  "QUIT",  "ILL",  "TRAP", "ABRT", "IOT",  "BUS",    "FPE",
	"KILL",   "USR1", "SEGV",  "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD",
	"CLD",    "CONT", "STOP",  "TSTP", "TTIN", "TTOU", "URG",  "XCPU",   "XFSZ",
	"VTALRM", "PROF", "WINCH", "IO",   "POLL", "PWR",  "SYS",  "RTMIN",  "RTMAX",
};
/* clang-format on */

const char *signal_nearest(const char *text)
{
	AUTO(auto_free) char *name = mem_strdup(strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text);

	for (char *c = name; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return str_nearest(name, signals, ARRAY_LEN(signals));
}

bool signal_is_known(const char *text)
{
	const char *name = text;
	uint64_t number;

	if (str_to_u64(&number, slice_of(text), 64))
		return number > 0;
	if (strncasecmp(name, "SIG", 3) == 0)
		name += 3;
	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		if (strcasecmp(name, signals[i]) == 0)
			return true;
	}
	if (strncasecmp(name, "RTMIN+", 6) == 0)
		return str_to_u64(&number, slice_of(name + 6), 15);
	if (strncasecmp(name, "RTMAX-", 6) == 0)
		return str_to_u64(&number, slice_of(name + 6), 14);
	return false;
}
