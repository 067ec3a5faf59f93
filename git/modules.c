// SPDX-License-Identifier: Apache-2.0
#include "git/modules.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"

/* The syntax of git's configuration files, as far as .gitmodules uses it. */

struct module {
	char *name; /* NULL: another section, or none yet */
	char *path, *url;
};

static void auto_module_free(struct module *m)
{
	free(m->name);
	free(m->path);
	free(m->url);
}

static void module_end(struct module *m, struct map *urls, struct map *names)
{
	if (m->path && m->url && urls->len < LIMIT_GIT_MODULES_COUNT) {
		map_put_text(urls, m->path, m->url);
		map_put_text(names, m->path, m->name);
	}
	auto_module_free(m);
	*m = (struct module){ 0 };
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
static bool take_line(struct module *m, const char **at, const char *end)
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
	if (m->name && is_key(key, "path"))
		return keep(&m->path, &value);
	return !m->name || !is_key(key, "url") || keep(&m->url, &value);
}

/* What stands between the quotes of a section's name; what is escaped stands for itself. */
static char *unescape(const char *from, const char *end)
{
	AUTO(buf_free) struct buf out = BUF_INIT(LIMIT_GIT_MODULES + 1);

	for (; from < end && *from != '"'; from++) {
		from += *from == '\\' && from + 1 < end;
		buf_put_byte(&out, (unsigned char)*from);
	}
	return mem_strdup(out.len ? out.ptr : "");
}

/* "[submodule "NAME"]"; other sections are passed by. */
static bool take_section(struct module *m, const char **at, const char *end)
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
	if ((size_t)(end - begin) >= strlen(wanted) &&
	    strncasecmp(begin, wanted, strlen(wanted)) == 0)
		m->name = unescape(begin + strlen(wanted), *at);
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

bool modules_parse(struct map *urls_out, struct map *names_out, const char *text, size_t len,
		   struct err *err)
{
	AUTO(auto_module_free) struct module m = { 0 };
	const char *at = text, *end = text + len;

	*urls_out = *names_out = (struct map)MAP_TEXT;
	while (at < end) {
		const char *begin = at;
		bool ok = true;

		if (strchr(" \t\r\n", *at) && *at) {
			at++;
		} else if (*at == '#' || *at == ';') {
			at = memchr(at, '\n', (size_t)(end - at));
			at = at ? at : end;
		} else if (*at == '[') {
			module_end(&m, urls_out, names_out);
			ok = take_section(&m, &at, end);
		} else {
			ok = take_line(&m, &at, end);
		}
		if (!ok) {
			map_free(urls_out);
			map_free(names_out);
			*urls_out = *names_out = (struct map)MAP_TEXT;
			return err_set(err, E_INPUT, ".gitmodules:%d: malformed",
				       line_of(text, begin));
		}
	}
	module_end(&m, urls_out, names_out);
	return true;
}
