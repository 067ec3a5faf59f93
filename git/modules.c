// SPDX-License-Identifier: Apache-2.0
#include "git/modules.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"

/* The syntax of git's configuration files, as far as .gitmodules uses it. */

struct module {
	char *path, *url;
};

static void module_end(struct module *m, struct map *urls)
{
	if (m->path && m->url && urls->len < LIMIT_GIT_MODULES_COUNT)
		map_put_text(urls, m->path, m->url);
	free(m->path);
	free(m->url);
	*m = (struct module){ 0 };
}

static void auto_module_free(struct module *m)
{
	free(m->path);
	free(m->url);
}

/* The value behind "=": quotes taken off, escapes resolved, comments and final blanks cut. */
static bool take_value(struct buf *out, const char **at, const char *end)
{
	bool quoted = false;
	size_t kept = 0; /* blanks outside quotes only count when something follows */
	const char *c = *at;

	while (c < end && (*c == ' ' || *c == '\t'))
		c++;
	for (; c < end && (*c != '\n' || quoted); c++) {
		char byte = *c;

		if (byte == '\n')
			return false;
		if (byte == '"') {
			quoted = !quoted;
			kept = out->len;
			continue;
		}
		if (!quoted && (byte == '#' || byte == ';'))
			break;
		if (byte == '\\') {
			static const char from[] = "nt\"\\b", to[] = "\n\t\"\\\b";
			const char *found;

			if (++c == end)
				return false;
			if (*c == '\n')
				continue;
			found = *c ? strchr(from, *c) : NULL;
			if (!found)
				return false;
			byte = to[found - from];
		}
		if (!byte)
			return false;
		buf_put_byte(out, (unsigned char)byte);
		if (quoted || (byte != ' ' && byte != '\t' && byte != '\r'))
			kept = out->len;
	}
	while (c < end && *c != '\n')
		c++;
	out->len = kept;
	if (out->cap)
		out->ptr[kept] = '\0';
	*at = c;
	return !quoted;
}

static bool is_key(struct slice key, const char *name)
{
	return key.len == strlen(name) && strncasecmp(key.ptr, name, key.len) == 0;
}

static bool keep(char **to, const struct buf *value)
{
	if (!value->len || value->ptr[0] == '-')
		return false;
	free(*to);
	*to = mem_strdup(value->ptr);
	return true;
}

/* "key = value", or a key alone. */
static bool take_line(struct module *m, bool inside, const char **at, const char *end)
{
	AUTO(buf_free) struct buf value = BUF_INIT(LIMIT_GIT_MODULES + 1);
	struct slice key = { *at, 0 };

	while (*at < end && !strchr(" \t\r\n=#;", **at))
		++*at;
	key.len = (size_t)(*at - key.ptr);
	while (*at < end && (**at == ' ' || **at == '\t'))
		++*at;
	if (*at == end || **at != '=')
		return key.len && (*at == end || strchr("\r\n#;", **at));
	++*at;
	if (!key.len || !take_value(&value, at, end))
		return false;
	if (inside && is_key(key, "path"))
		return keep(&m->path, &value);
	return !inside || !is_key(key, "url") || keep(&m->url, &value);
}

/* "[submodule "NAME"]"; other sections are passed by. */
static bool take_section(bool *inside, const char **at, const char *end)
{
	static const char wanted[] = "[submodule \"";
	const char *begin = *at;
	bool quoted = false;

	for (++*at; *at < end && **at != '\n'; ++*at) {
		if (**at == '\\' && quoted && *at + 1 < end)
			++*at;
		else if (**at == '"')
			quoted = !quoted;
		else if (**at == ']' && !quoted)
			break;
	}
	if (*at == end || **at != ']')
		return false;
	*inside = (size_t)(end - begin) >= strlen(wanted) &&
		  strncasecmp(begin, wanted, strlen(wanted)) == 0;
	++*at;
	return true;
}

static int line_of(const char *text, const char *at)
{
	int line = 1;

	for (; text < at; text++)
		line += *text == '\n';
	return line;
}

bool modules_parse(struct map *urls_out, const char *text, size_t len, struct err *err)
{
	AUTO(auto_module_free) struct module m = { 0 };
	const char *at = text, *end = text + len;
	bool inside = false;

	*urls_out = (struct map)MAP_TEXT;
	while (at < end) {
		const char *begin = at;
		bool ok = true;

		if (strchr(" \t\r\n", *at) && *at) {
			at++;
		} else if (*at == '#' || *at == ';') {
			at = memchr(at, '\n', (size_t)(end - at));
			at = at ? at : end;
		} else if (*at == '[') {
			module_end(&m, urls_out);
			ok = take_section(&inside, &at, end);
		} else {
			ok = take_line(&m, inside, &at, end);
		}
		if (!ok) {
			map_free(urls_out);
			*urls_out = (struct map)MAP_TEXT;
			return err_set(err, E_INPUT, ".gitmodules:%d: malformed",
				       line_of(text, begin));
		}
	}
	module_end(&m, urls_out);
	return true;
}
