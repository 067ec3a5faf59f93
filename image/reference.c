// SPDX-License-Identifier: Apache-2.0
#include "image/reference.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Image references: the grammar, its defaults, and errors that say which part is wrong and where.
 */

#define DEFAULT_HOST "docker.io"
#define OFFICIAL "library/"
#define LOWER_ALNUM "abcdefghijklmnopqrstuvwxyz0123456789"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* distribution/reference: NameTotalLengthMax, host and repository with the slash; and the tag's
 * length. */
enum { NAME_MAX_LEN = 255, TAG_MAX_LEN = 128 };

/* A reference taken apart, nothing checked yet. Slices point into `text`; a ptr of NULL means
 * absent. */
struct parts {
	const char *text;
	struct slice host, repository, tag, digest;
};

/* "reference 'X', column N: ..." for the byte `at`. */
static bool PRINTF_LIKE(4, 5)
	wrong(struct err *err, const struct parts *p, const char *at, const char *fmt, ...)
{
	char what[ERR_MSG_MAX / 2];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return err_set(err, E_INPUT, "reference '%.300s', column %d: %s", p->text,
		       (int)(at - p->text) + 1, what);
}

static size_t span(struct slice s, const char *set)
{
	size_t len = 0;

	while (len < s.len && s.ptr[len] && strchr(set, s.ptr[len]))
		len++;
	return len;
}

static struct slice from(struct slice s, size_t start)
{
	return (struct slice){ .ptr = s.ptr + start, .len = s.len - start };
}

/* The rule of Docker's splitDockerDomain: what makes the first path element a host. */
static bool looks_like_host(struct slice element)
{
	if (slice_eq(element, "localhost"))
		return true;
	for (size_t i = 0; i < element.len; i++)
		if (strchr(".:" UPPER, element.ptr[i]))
			return true;
	return false;
}

static struct parts take_apart(const char *text)
{
	struct parts p = { .text = text };
	struct slice name = slice_cut(slice_of(text), '@', &p.digest);
	struct slice rest, first;
	size_t colon = name.len;

	while (colon && name.ptr[colon - 1] != ':' && name.ptr[colon - 1] != '/')
		colon--;
	if (colon && name.ptr[colon - 1] == ':') {
		p.tag = from(name, colon);
		name.len = colon - 1;
	}
	first = slice_cut(name, '/', &rest);
	if (rest.ptr && looks_like_host(first)) {
		p.host = first;
		p.repository = rest;
	} else {
		p.repository = name;
	}
	return p;
}

static bool check_port(const struct parts *p, struct slice port, struct err *err)
{
	uint64_t number;

	if (!port.len)
		return wrong(err, p, port.ptr, "the port is empty");
	if (!str_to_u64(&number, port, 65535) || number == 0)
		return wrong(err, p, port.ptr, "port '" SLICE_FMT "' is no number from 1 to 65535",
			     SLICE_ARG(port));
	return true;
}

static bool check_ipv6(const struct parts *p, struct err *err)
{
	char address[INET6_ADDRSTRLEN] = "";
	struct in6_addr binary;
	struct slice rest;
	struct slice inside = slice_cut(from(p->host, 1), ']', &rest);

	if (!rest.ptr)
		return wrong(err, p, p->host.ptr, "host '" SLICE_FMT "' lacks its ']'",
			     SLICE_ARG(p->host));
	if (inside.len < sizeof(address))
		snprintf(address, sizeof(address), SLICE_FMT, SLICE_ARG(inside));
	if (inet_pton(AF_INET6, address, &binary) != 1)
		return wrong(err, p, inside.ptr, "'" SLICE_FMT "' is no IPv6 address",
			     SLICE_ARG(inside));
	if (!rest.len)
		return true;
	if (rest.ptr[0] != ':')
		return wrong(err, p, rest.ptr, "only a port may follow ']'");
	return check_port(p, from(rest, 1), err);
}

static bool check_host(const struct parts *p, struct err *err)
{
	struct slice port, rest;

	if (!p->host.ptr)
		return true;
	if (p->host.len && p->host.ptr[0] == '[')
		return check_ipv6(p, err);
	rest = slice_cut(p->host, ':', &port);
	while (rest.ptr) {
		struct slice label = slice_cut(rest, '.', &rest);
		size_t good = span(label, LOWER_ALNUM UPPER "-");

		if (!label.len)
			return wrong(err, p, label.ptr, "host '" SLICE_FMT "' has an empty part",
				     SLICE_ARG(p->host));
		if (good < label.len)
			return wrong(err, p, label.ptr + good,
				     "'%c' cannot be in host '" SLICE_FMT "'", label.ptr[good],
				     SLICE_ARG(p->host));
		if (label.ptr[0] == '-' || label.ptr[label.len - 1] == '-')
			return wrong(err, p, label.ptr,
				     "'" SLICE_FMT "' in the host begins or ends with '-'",
				     SLICE_ARG(label));
	}
	return !port.ptr || check_port(p, port, err);
}

static bool wrong_letter(const struct parts *p, const char *at, struct err *err)
{
	char lower[NAME_MAX_LEN + 1] = "";

	if (!strchr(UPPER, *at))
		return wrong(err, p, at, "'%c' cannot be in repository '" SLICE_FMT "'", *at,
			     SLICE_ARG(p->repository));
	for (size_t i = 0; i < p->repository.len && i < NAME_MAX_LEN; i++)
		lower[i] = (char)tolower((unsigned char)p->repository.ptr[i]);
	wrong(err, p, at, "repository '" SLICE_FMT "' has an upper-case letter",
	      SLICE_ARG(p->repository));
	return err_hint(err, "repository names are lower case: try '%s'", lower);
}

/* The separators of the grammar: ".", "_", "__" or any number of "-". */
static bool is_separator(struct slice s)
{
	return slice_eq(s, ".") || slice_eq(s, "_") || slice_eq(s, "__") ||
	       (s.len && span(s, "-") == s.len);
}

/* [a-z0-9]+ ((\.|_|__|-+) [a-z0-9]+)* */
static bool check_component(const struct parts *p, struct slice component, struct err *err)
{
	struct slice left = component;

	if (!component.len)
		return wrong(err, p, component.ptr,
			     "repository '" SLICE_FMT "' has an empty component",
			     SLICE_ARG(p->repository));
	while (left.len) {
		size_t word = span(left, LOWER_ALNUM);
		struct slice after = from(left, word);
		struct slice separator = { after.ptr, span(after, "._-") };

		if (after.len && !separator.len)
			return wrong_letter(p, after.ptr, err);
		if (!word)
			return wrong(err, p, left.ptr, "'" SLICE_FMT "' begins with '%c'",
				     SLICE_ARG(component), *left.ptr);
		if (!after.len)
			return true;
		if (!is_separator(separator))
			return wrong(err, p, separator.ptr, "'" SLICE_FMT "' is no separator",
				     SLICE_ARG(separator));
		left = from(after, separator.len);
		if (!left.len)
			return wrong(err, p, separator.ptr, "'" SLICE_FMT "' ends with '%c'",
				     SLICE_ARG(component), *separator.ptr);
	}
	return true;
}

static bool check_repository(const struct parts *p, struct err *err)
{
	struct slice rest = p->repository;

	if (!p->repository.len)
		return wrong(err, p, p->repository.ptr, "the repository is missing");
	while (rest.ptr) {
		struct slice component = slice_cut(rest, '/', &rest);

		if (!check_component(p, component, err))
			return false;
	}
	return true;
}

static bool check_tag(const struct parts *p, struct err *err)
{
	size_t good;

	if (!p->tag.ptr)
		return true;
	if (!p->tag.len)
		return wrong(err, p, p->tag.ptr, "the tag is empty");
	if (strchr(".-", p->tag.ptr[0]))
		return wrong(err, p, p->tag.ptr, "tag '" SLICE_FMT "' begins with '%c'",
			     SLICE_ARG(p->tag), p->tag.ptr[0]);
	good = span(p->tag, LOWER_ALNUM UPPER "_.-");
	if (good < p->tag.len)
		return wrong(err, p, p->tag.ptr + good, "'%c' cannot be in tag '" SLICE_FMT "'",
			     p->tag.ptr[good], SLICE_ARG(p->tag));
	if (p->tag.len > TAG_MAX_LEN)
		return wrong(err, p, p->tag.ptr + TAG_MAX_LEN,
			     "the tag has %zu characters, %d are allowed", p->tag.len, TAG_MAX_LEN);
	return true;
}

static bool check_digest(struct digest *out, const struct parts *p, struct err *err)
{
	if (!digest_parse(out, p->digest.ptr, err))
		return err_wrap(err, "reference '%.300s', column %d", p->text,
				(int)(p->digest.ptr - p->text) + 1);
	return true;
}

/* 64 hex digits, which Docker forbids as a name, or the same with its algorithm, which would be
 * image "sha256". */
static bool is_bare_digest(const char *text)
{
	const char *hex = str_has_prefix(text, "sha256:") ? text + strlen("sha256:") : text;

	return strspn(hex, "0123456789abcdef") == 2 * SHA256_SIZE && !hex[2 * SHA256_SIZE];
}

/* Mistakes that the grammar alone would explain badly. */
static bool check_common_mistakes(const struct parts *p, struct err *err)
{
	const char *scheme = strstr(p->text, "://");

	if (!p->text[0]) {
		err_set(err, E_INPUT, "the reference is empty");
		return err_hint(err, "an image is named like 'python:3.11' or 'ghcr.io/me/app:1'");
	}
	if (strlen(p->text) >= REFERENCE_TEXT_MAX)
		return wrong(err, p, p->text + REFERENCE_TEXT_MAX - 1,
			     "longer than any reference can be");
	if (scheme) {
		wrong(err, p, p->text, "a reference has no scheme");
		return err_hint(err, "leave out '%.*s'", (int)(scheme + 3 - p->text), p->text);
	}
	if (is_bare_digest(p->text)) {
		wrong(err, p, p->text, "that is a digest, not a name");
		return err_hint(err, "write NAME@sha256:<64 hex digits>");
	}
	return true;
}

static bool fill(struct reference *out, const struct parts *p, struct err *err)
{
	struct slice host = p->host.ptr ? p->host : SLICE_LIT(DEFAULT_HOST);
	const char *prefix = "";
	struct reference r = { .has_digest = p->digest.ptr != NULL };

	if (slice_eq(host, "index." DEFAULT_HOST))
		host = SLICE_LIT(DEFAULT_HOST);
	if (slice_eq(host, DEFAULT_HOST) && !memchr(p->repository.ptr, '/', p->repository.len))
		prefix = OFFICIAL;
	if (host.len + 1 + strlen(prefix) + p->repository.len > NAME_MAX_LEN)
		return wrong(err, p, p->repository.ptr,
			     "host and repository have %zu characters, %d are allowed",
			     host.len + 1 + strlen(prefix) + p->repository.len, NAME_MAX_LEN);
	snprintf(r.host, sizeof(r.host), SLICE_FMT, SLICE_ARG(host));
	snprintf(r.repository, sizeof(r.repository), "%s" SLICE_FMT, prefix,
		 SLICE_ARG(p->repository));
	snprintf(r.tag, sizeof(r.tag), SLICE_FMT, SLICE_ARG(p->tag));
	if (r.has_digest && !check_digest(&r.digest, p, err))
		return false;
	*out = r;
	return true;
}

bool reference_parse(struct reference *out, const char *text, struct err *err)
{
	struct parts p = take_apart(text);

	return check_common_mistakes(&p, err) && check_host(&p, err) && check_repository(&p, err) &&
	       check_tag(&p, err) && fill(out, &p, err);
}

void reference_default_tag(struct reference *r)
{
	if (!r->tag[0] && !r->has_digest)
		snprintf(r->tag, sizeof(r->tag), "latest");
}

static struct reference_text with_tag_and_digest(const struct reference *r, const char *host,
						 const char *repository)
{
	struct reference_text out;
	struct digest_text digest =
		r->has_digest ? digest_format(&r->digest) : (struct digest_text){ "" };

	snprintf(out.text, sizeof(out.text), "%s%s%s%s%s%s%s", host, host[0] ? "/" : "", repository,
		 r->tag[0] ? ":" : "", r->tag, r->has_digest ? "@" : "", digest.text);
	return out;
}

struct reference_text reference_format(const struct reference *r)
{
	return with_tag_and_digest(r, r->host, r->repository);
}

struct reference_text reference_familiar(const struct reference *r)
{
	const char *repository = r->repository;
	struct slice rest;
	struct slice first = slice_cut(slice_of(repository), '/', &rest);

	if (!str_eq(r->host, DEFAULT_HOST))
		return reference_format(r);
	if (str_has_prefix(repository, OFFICIAL) && !strchr(repository + strlen(OFFICIAL), '/')) {
		struct reference_text name =
			with_tag_and_digest(r, "", repository + strlen(OFFICIAL));

		return is_bare_digest(name.text) ? reference_format(r) : name;
	}
	/* "docker.io/a.b/c" and "docker.io/c" would be read as something else without their host.
	 */
	if (!rest.ptr || looks_like_host(first))
		return reference_format(r);
	return with_tag_and_digest(r, "", repository);
}

struct reference_text reference_name(const struct reference *r)
{
	struct reference_text out;

	snprintf(out.text, sizeof(out.text), "%s/%s", r->host, r->repository);
	return out;
}

bool reference_set_tag(struct reference *r, const char *tag, struct err *err)
{
	struct parts p = { .text = tag, .tag = slice_of(tag) };

	if (!check_tag(&p, err))
		return false;
	snprintf(r->tag, sizeof(r->tag), "%s", tag);
	return true;
}

bool reference_same_repository(const struct reference *a, const struct reference *b)
{
	return str_eq(a->host, b->host) && str_eq(a->repository, b->repository);
}

const char *reference_api_host(const struct reference *r)
{
	return str_eq(r->host, DEFAULT_HOST) ? "registry-1.docker.io" : r->host;
}

bool reference_host_is_loopback(const char *host)
{
	char name[NAME_MAX_LEN + 1];
	struct in_addr v4;
	struct in6_addr v6;
	struct slice bare = slice_of(host), rest;

	if (bare.len && bare.ptr[0] == '[')
		bare = slice_cut(from(bare, 1), ']', &rest);
	else if (memchr(host, ':', bare.len) == memrchr(host, ':', bare.len))
		bare = slice_cut(bare, ':', &rest);
	if (bare.len >= sizeof(name))
		return false;
	snprintf(name, sizeof(name), SLICE_FMT, SLICE_ARG(bare));
	if (strcasecmp(name, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, name, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, name, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}
