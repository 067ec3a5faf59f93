// SPDX-License-Identifier: Apache-2.0
#include "image/platform.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/str.h"

/* Platforms: text and JSON to value, normalised as containerd's platforms package does. */

/* What users may write; documents may name others. The lists of `go tool dist list`. */
static const char *const known_os[] = { "linux",   "darwin",  "windows", "freebsd",
					"openbsd", "netbsd",  "solaris", "illumos",
					"aix",     "android", "wasip1",  "wasi" };
static const char *const known_architectures[] = { "amd64",    "arm64",  "arm",    "386",
						   "ppc64le",  "ppc64",  "s390x",  "riscv64",
						   "mips64le", "mips64", "mipsle", "mips",
						   "loong64",  "wasm" };

static const struct {
	const char *alias, *architecture, *variant;
} aliases[] = {
	{ "x86_64", "amd64", "" }, { "x86-64", "amd64", "" }, { "aarch64", "arm64", "" },
	{ "armhf", "arm", "v7" },  { "armv7l", "arm", "v7" }, { "armel", "arm", "v6" },
	{ "armv6l", "arm", "v6" }, { "i386", "386", "" },     { "i486", "386", "" },
	{ "i586", "386", "" },     { "i686", "386", "" },
};

/* The variant an architecture has when none is said; written as "". */
static const struct {
	const char *architecture, *variant;
} implied[] = { { "arm64", "v8" }, { "amd64", "v1" } };

static bool put(char *out, size_t size, struct slice text)
{
	if (text.len >= size)
		return false;
	memset(out, 0, size);
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && !strchr("._-", c))
			return false;
		out[i] = c;
	}
	return true;
}

#define PUT(member, text) put((member), sizeof(member), (text))

static void normalise(struct platform *p)
{
	if (str_eq(p->os, "macos"))
		PUT(p->os, SLICE_LIT("darwin"));
	for (size_t i = 0; i < ARRAY_LEN(aliases); i++) {
		if (!str_eq(p->architecture, aliases[i].alias))
			continue;
		PUT(p->architecture, slice_of(aliases[i].architecture));
		if (!p->variant[0])
			PUT(p->variant, slice_of(aliases[i].variant));
	}
	if (p->variant[0] >= '0' && p->variant[0] <= '9' && !p->variant[1]) {
		p->variant[1] = p->variant[0];
		p->variant[0] = 'v';
	}
	if (str_eq(p->architecture, "arm") && !p->variant[0])
		PUT(p->variant, SLICE_LIT("v7"));
	for (size_t i = 0; i < ARRAY_LEN(implied); i++)
		if (str_eq(p->architecture, implied[i].architecture) &&
		    str_eq(p->variant, implied[i].variant))
			PUT(p->variant, SLICE_LIT(""));
}

static bool known(const char *word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq(word, list[i]))
			return true;
	return false;
}

static bool unknown_word(struct err *err, const char *text, const char *what, const char *word,
			 const char *const *list, size_t count)
{
	const char *near = str_nearest(word, list, count);

	err_set(err, E_INPUT, "platform '%s': unknown %s '%s'", text, what, word);
	return near ? err_hint(err, "did you mean '%s'?", near)
		    : err_hint(err, "write os/architecture, for example linux/arm64");
}

bool platform_parse(struct platform *out, const char *text, struct err *err)
{
	struct platform p = { 0 };
	struct slice parts[4] = { { 0 } };
	struct slice rest = slice_of(text);
	const struct platform host = platform_host();
	size_t count = 0;

	while (rest.ptr && count < ARRAY_LEN(parts))
		parts[count++] = slice_cut(rest, '/', &rest);
	if (count > 3)
		return err_set(err, E_INPUT, "platform '%s' has more than os/architecture/variant",
			       text);
	for (size_t i = 0; i < count; i++)
		if (!parts[i].len)
			return err_set(err, E_INPUT, "platform '%s': part %zu is empty", text,
				       i + 1);
	if (count == 1 && slice_eq(parts[0], "linux")) {
		parts[1] = slice_of(host.architecture);
		parts[2] = slice_of(host.variant);
	} else if (count == 1) {
		parts[1] = parts[0];
		parts[0] = SLICE_LIT("linux");
	}
	if (!PUT(p.os, parts[0]) || !PUT(p.architecture, parts[1]) || !PUT(p.variant, parts[2]))
		return err_set(err, E_INPUT,
			       "platform '%s': a part is too long or holds an odd character", text);
	normalise(&p);
	if (!known(p.os, known_os, ARRAY_LEN(known_os)))
		return unknown_word(err, text, "operating system", p.os, known_os,
				    ARRAY_LEN(known_os));
	if (!known(p.architecture, known_architectures, ARRAY_LEN(known_architectures)))
		return unknown_word(err, text, "architecture", p.architecture, known_architectures,
				    ARRAY_LEN(known_architectures));
	*out = p;
	return true;
}

struct platform_text platform_format(const struct platform *p)
{
	struct platform_text out;

	snprintf(out.text, sizeof(out.text), "%s/%s%s%s", p->os, p->architecture,
		 p->variant[0] ? "/" : "", p->variant);
	return out;
}

struct platform platform_host(void)
{
	struct platform p = { .os = "linux" };
	struct utsname name;

	if (uname(&name) == 0)
		PUT(p.architecture, slice_of(name.machine));
	normalise(&p);
	return p;
}

static struct platform normal(const struct platform *from)
{
	struct platform p = *from;

	normalise(&p);
	return p;
}

bool platform_eq(const struct platform *a, const struct platform *b)
{
	return str_eq(a->os, b->os) && str_eq(a->architecture, b->architecture) &&
	       str_eq(a->variant, b->variant) && str_eq(a->os_version, b->os_version);
}

bool platform_matches(const struct platform *have, const struct platform *want)
{
	struct platform h = normal(have), w = normal(want);

	return str_eq(h.os, w.os) && str_eq(h.architecture, w.architecture) &&
	       str_eq(h.variant, w.variant);
}

/* "v7" is 7, "" is the architecture's lowest; -1 for variants that have no order ("power9"). */
static int level(const char *variant)
{
	if (!variant[0])
		return 1;
	if (variant[0] != 'v' || variant[1] < '1' || variant[1] > '9' || variant[2])
		return -1;
	return variant[1] - '0';
}

int platform_rank(const struct platform *have, const struct platform *want)
{
	struct platform h = normal(have), w = normal(want);
	bool ordered = str_eq(w.architecture, "arm") || str_eq(w.architecture, "amd64");

	if (!str_eq(h.os, w.os) || !str_eq(h.architecture, w.architecture))
		return 0;
	if (str_eq(h.variant, w.variant))
		return 100;
	if (!ordered || level(h.variant) < 0 || level(h.variant) > level(w.variant))
		return 0;
	return level(h.variant);
}

static bool decode_member(char *out, size_t size, json_t *json, const char *key, struct err *err)
{
	json_t *member = json_object_get(json, key);

	if (!member || json_is_null(member))
		return true;
	if (!json_is_string(member) || !put(out, size, slice_of(json_string_value(member))))
		return err_set(err, E_INPUT, "%s: a short plain word expected", key);
	return true;
}

static bool decode_platform(const struct json_type *type, void *value, json_t *json,
			    struct arena *arena, struct err *err)
{
	struct platform p = { 0 };

	(void)type;
	(void)arena;
	if (!json_is_object(json))
		return err_set(err, E_INPUT, "an object expected");
	if (!decode_member(p.os, sizeof(p.os), json, "os", err) ||
	    !decode_member(p.architecture, sizeof(p.architecture), json, "architecture", err) ||
	    !decode_member(p.variant, sizeof(p.variant), json, "variant", err) ||
	    !decode_member(p.os_version, sizeof(p.os_version), json, "os.version", err))
		return false;
	normalise(&p);
	*(struct platform *)value = p;
	return true;
}

static json_t *encode_platform(const struct json_type *type, const void *value)
{
	const struct platform *p = value;
	json_t *json;

	(void)type;
	if (!p->os[0])
		return NULL;
	json = json_object();
	json_object_set_new(json, "architecture", json_string(p->architecture));
	json_object_set_new(json, "os", json_string(p->os));
	if (p->os_version[0])
		json_object_set_new(json, "os.version", json_string(p->os_version));
	if (p->variant[0])
		json_object_set_new(json, "variant", json_string(p->variant));
	return json;
}

const struct json_type platform_type = { .size = sizeof(struct platform),
					 .decode = decode_platform,
					 .encode = encode_platform };
