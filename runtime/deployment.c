// SPDX-License-Identifier: Apache-2.0
#include "runtime/deployment.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "runtime/deployment_values.h"
#include "templates/render.h"

/* A backend's descriptor: what is asked is checked, then its file is rendered. */

/* A label of DNS (RFC 1123): what most platforms take at most. */
enum { NAME_MAX_DEFAULT = 63, NAME_HASH_BYTES = 4 };

void deployment_free(struct deployment *d)
{
	free(d->text);
	json_decref(d->doc);
	*d = (struct deployment){ 0 };
}

bool deployment_check_backend(const struct backend *b, struct err *err)
{
	if (b->descriptor.file)
		return true;
	err_set(err, E_UNSUPPORTED, "%s has no descriptor: nothing is deployed there", b->name);
	return err_hint(err,
			"Lithops starts it itself; `rtbuild name -b %s --print-config` has "
			"its configuration",
			b->name);
}

/* --- the name --- */

static size_t name_max(const struct backend *b)
{
	return b->descriptor.name_max ? (size_t)b->descriptor.name_max : NAME_MAX_DEFAULT;
}

static bool name_takes(const struct backend *b, char c)
{
	return islower((unsigned char)c) || isdigit((unsigned char)c) || c == '-' ||
	       (b->descriptor.name_words && (isupper((unsigned char)c) || c == '_'));
}

static bool check_name(const struct backend *b, const char *name, struct err *err)
{
	size_t len = strlen(name), taken = 0;

	while (taken < len && name_takes(b, name[taken]))
		taken++;
	if (len && taken == len && len <= name_max(b) && isalpha((unsigned char)name[0]) &&
	    isalnum((unsigned char)name[len - 1]))
		return true;
	err_set(err, E_USAGE, "%s does not take the name '%s'", b->name, name);
	return err_hint(err, "at most %zu of %s, a letter first, a letter or digit last",
			name_max(b),
			b->descriptor.name_words ? "letters, digits, - and _"
						 : "lower-case letters, digits and -");
}

/* What does not fit ends in a hash of the whole, so that two names stay two. */
static char *shortened(const char *name, size_t max)
{
	unsigned char digest[SHA256_SIZE];
	char hex[2 * NAME_HASH_BYTES + 1];

	if (strlen(name) <= max)
		return mem_strdup(name);
	sha256_of(digest, name, strlen(name));
	hex_format(hex, digest, NAME_HASH_BYTES);
	return mem_printf("%.*s-%s", (int)(max - sizeof(hex)), name, hex);
}

/* "docker.io/me/My.Runtime:1.0" is my-runtime-1-0. */
static char *made_name(const struct deployment_request *req)
{
	const char *path = req->file ? req->file : req->reference->repository;
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	const char *tag = req->file ? "" : req->reference->tag;
	size_t len = strlen(base) - (req->file && str_has_suffix(base, ".zip") ? 4 : 0);
	AUTO(auto_free)
	char *name = mem_printf("%s%.*s%s%s", isalpha((unsigned char)*base) ? "" : "rt-", (int)len,
				base, *tag ? "-" : "", tag);

	for (char *p = name; *p; p++)
		*p = isalnum((unsigned char)*p) ? (char)tolower((unsigned char)*p) : '-';
	for (char *end = name + strlen(name); end > name && end[-1] == '-';)
		*--end = '\0';
	return shortened(name, name_max(req->backend));
}

/* --- memory, time, processor --- */

static bool limit_takes(const struct backend_limit *l, int64_t value)
{
	const int64_t *options = l->options.items;
	bool listed = !l->options.len;

	for (size_t i = 0; i < l->options.len; i++)
		listed = listed || options[i] == value;
	return listed && value >= l->min && (!l->max || value <= l->max) &&
	       (!l->step || (value - l->min) % l->step == 0);
}

static void print_limit(struct buf *out, const struct backend_limit *l, const char *unit)
{
	const int64_t *options = l->options.items;

	for (size_t i = 0; i < l->options.len; i++)
		buf_putf(out, "%s%" PRId64, i ? ", " : "one of ", options[i]);
	if (!l->options.len)
		buf_putf(out, "from %" PRId64, l->min);
	if (l->max)
		buf_putf(out, " to %" PRId64, l->max);
	if (l->step)
		buf_putf(out, " in steps of %" PRId64, l->step);
	buf_putf(out, " %s", unit);
}

/* `asked` 0: the default, which may be 0, too, where the platform has no such setting. */
static bool choose_limit(int64_t *out, const struct backend *b, const char *what, const char *unit,
			 const struct backend_limit *l, int64_t asked, struct err *err)
{
	AUTO(buf_free) struct buf range = BUF_INIT(LIMIT_TEMPLATE);

	*out = asked ? asked : l->def;
	if (asked && !l->def) {
		err_set(err, E_USAGE, "%s takes no --%s", b->name, what);
		return err_hint(err, "leave it out: the machine's is used");
	}
	if (!*out || limit_takes(l, *out))
		return true;
	print_limit(&range, l, unit);
	err_set(err, E_USAGE, "%s does not take a %s of %" PRId64 " %s", b->name, what, *out, unit);
	return err_hint(err, "%s", range.ptr);
}

static bool cpu_takes(const struct backend_cpu *c, int64_t memory_mb)
{
	return memory_mb >= c->min && (!c->max || memory_mb <= c->max) &&
	       (!c->step || (memory_mb - c->min) % c->step == 0);
}

/* A row without bounds: the platform takes any number. */
static bool cpu_is_free(const struct backend_descriptor *d)
{
	const struct backend_cpu *rows = d->cpus.items;

	return d->cpus.len == 1 && !rows[0].min && !rows[0].max;
}

static bool is_cpu_number(const char *text)
{
	size_t digits = strspn(text, "0123456789"), more = 0;

	if (text[digits] == '.')
		more = 1 + strspn(text + digits + 1, "0123456789");
	return digits && more != 1 && digits + more < 16 &&
	       (!text[digits + more] || (!more && str_eq(text + digits, "m")));
}

static bool refuse_cpu(const struct deployment_request *req, int64_t memory_mb, struct err *err)
{
	const struct backend_cpu *rows = req->backend->descriptor.cpus.items;
	AUTO(buf_free) struct buf fitting = BUF_INIT(LIMIT_TEMPLATE);

	for (size_t i = 0; i < req->backend->descriptor.cpus.len; i++)
		if (cpu_takes(&rows[i], memory_mb))
			buf_putf(&fitting, "%s%s", fitting.len ? ", " : "", rows[i].cpu);
	err_set(err, E_USAGE, "%s has no CPU of %s with %" PRId64 " MB", req->backend->name,
		req->cpu ? req->cpu : "any size", memory_mb);
	return err_hint(err, "%s: %s", fitting.len ? "--cpu" : "no CPU takes that memory; --memory",
			fitting.len ? fitting.ptr : "another one");
}

/* "" where the platform decides by the memory. */
static bool choose_cpu(const char **out, const struct deployment_request *req, int64_t memory_mb,
		       struct err *err)
{
	const struct backend_descriptor *d = &req->backend->descriptor;
	const struct backend_cpu *rows = d->cpus.items;

	*out = "";
	if (!d->cpus.len)
		return !req->cpu ||
		       err_set(err, E_USAGE, "%s takes no --cpu: it goes by the memory",
			       req->backend->name);
	if (cpu_is_free(d)) {
		*out = req->cpu ? req->cpu : rows[0].cpu;
		return is_cpu_number(*out) ||
		       err_set(err, E_USAGE, "--cpu '%s' is no number like 0.5 or 500m", *out);
	}
	for (size_t i = 0; i < d->cpus.len; i++)
		if (cpu_takes(&rows[i], memory_mb) &&
		    (!req->cpu || str_eq(req->cpu, rows[i].cpu))) {
			*out = rows[i].cpu;
			return true;
		}
	return refuse_cpu(req, memory_mb, err);
}

/* --- values --- */

static bool put_number(struct map *out, const char *name, int64_t value)
{
	AUTO(auto_free) char *text = mem_printf("%" PRId64, value);

	map_put_text(out, name, text);
	return true;
}

/* GiB without needless zeros: 512 is 0.5, 1024 is 1. */
static void put_gib(struct map *out, int64_t memory_mb)
{
	AUTO(auto_free) char *text = mem_printf("%.6g", (double)memory_mb / 1024);

	map_put_text(out, "memory_g", text);
}

static bool put_sizes(struct map *out, const struct deployment_form *form,
		      const struct deployment_request *req, struct err *err)
{
	const struct backend *b = req->backend;
	int64_t memory, timeout;
	const char *cpu;

	if (!choose_limit(&memory, b, "memory", "MB", &b->memory, req->memory_mb, err) ||
	    !choose_limit(&timeout, b, "timeout", "seconds", &b->timeout, req->timeout_s, err) ||
	    !choose_cpu(&cpu, req, memory, err))
		return false;
	put_gib(out, memory);
	return put_number(out, "memory", memory) && put_number(out, "timeout", timeout) &&
	       put_number(out, "timeout_ms", timeout * 1000) && put_number(out, "port", b->port) &&
	       deployment_put(out, form, "cpu", cpu, err);
}

static bool put_artifact(struct map *out, const struct deployment_form *form,
			 const struct deployment_request *req, struct err *err)
{
	const char *slash = req->file ? strrchr(req->file, '/') : NULL;
	struct reference named = { 0 };
	AUTO(auto_free) char *digest = NULL;
	AUTO(auto_free) char *image = NULL;

	if (req->reference) {
		named = *req->reference;
		named.has_digest = false;
		digest = mem_strdup(digest_format(req->digest).text);
		image = mem_printf("%s@%s", reference_name(req->reference).text, digest);
	}
	return deployment_put(out, form, "image", image, err) &&
	       deployment_put(out, form, "digest", digest, err) &&
	       deployment_put(out, form, "reference",
			      req->reference ? reference_format(&named).text : "", err) &&
	       deployment_put(out, form, "registry", named.host, err) &&
	       deployment_put(out, form, "zip", req->file, err) &&
	       deployment_put(out, form, "file_name", slash ? slash + 1 : req->file, err);
}

static bool put_row(struct map *out, const struct deployment_form *form,
		    const struct deployment_request *req, struct err *err)
{
	const struct render_options opt = { .python = req->python };
	const struct backend *b = req->backend;
	AUTO(auto_free) char *flat = NULL;
	AUTO(auto_free) char *default_name = NULL;
	bool is_arm = str_eq(req->arch, "arm64");

	return render_field(&flat, b, "{{python_flat}}", &opt, err) &&
	       render_field(&default_name, b, b->naming.def, &opt, err) &&
	       deployment_put(out, form, "title", b->title, err) &&
	       deployment_put(out, form, "python", req->python, err) &&
	       deployment_put(out, form, "python_flat", flat, err) &&
	       deployment_put(out, form, "default_name", default_name, err) &&
	       deployment_put(out, form, "arch", req->arch, err) &&
	       deployment_put(out, form, "machine", is_arm ? "arm64" : "x86_64", err) &&
	       deployment_put(out, form, "arm64", is_arm ? "yes" : "", err) &&
	       deployment_put(out, form, "workdir", b->workdir, err) &&
	       deployment_put(out, form, "entry", b->handler.as, err) &&
	       deployment_put(out, form, "pull_secret", req->pull_secret, err);
}

static bool put_name(struct map *out, const struct deployment_form *form,
		     const struct deployment_request *req, struct err *err)
{
	AUTO(auto_free) char *made = req->name ? NULL : made_name(req);

	return check_name(req->backend, req->name ? req->name : made, err) &&
	       deployment_put(out, form, "name", req->name ? req->name : made, err);
}

/* --- settings --- */

static bool check_settings(const struct deployment_request *req, struct err *err)
{
	const struct backend_setting *own = req->backend->descriptor.settings.items;
	size_t count = req->backend->descriptor.settings.len;
	AUTO(str_list_free) struct str_list names = { 0 };

	for (size_t i = 0; i < count; i++)
		str_list_push(&names, own[i].name);
	for (size_t i = 0; i < req->settings->len; i++) {
		const char *key = req->settings->items[i].key;
		const char *near = str_nearest(key, (const char *const *)names.items, count);

		if (str_list_has(&names, key))
			continue;
		err_set(err, E_USAGE, "the descriptor of %s has no setting '%s'",
			req->backend->name, key);
		return near ? err_hint(err, "did you mean %s?", near)
			    : err_hint(err, "`rtbuild template show %s` lists them",
				       req->backend->name);
	}
	return true;
}

/* What the user said, else the default, in which the values before it may stand. */
static bool put_setting(struct map *out, struct buf *missing, const struct deployment_form *form,
			const struct deployment_request *req, const struct backend_setting *s,
			struct err *err)
{
	const char *said = map_text(req->settings, s->name);
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_TEMPLATE);

	if (said && *said)
		return deployment_put(out, form, s->name, said, err);
	if (!s->def) {
		buf_putf(missing, "%s%s%s%s%s", missing->len ? ", " : "", s->name,
			 s->what ? " (" : "", s->what ? s->what : "", s->what ? ")" : "");
		return true;
	}
	if (!render_text(&text, req->backend->name, s->def, strlen(s->def), out, err))
		return false;
	map_put_text(out, s->name, text.ptr);
	return true;
}

static bool put_settings(struct map *out, const struct deployment_form *form,
			 const struct deployment_request *req, struct err *err)
{
	const struct backend_setting *own = req->backend->descriptor.settings.items;
	AUTO(buf_free) struct buf missing = BUF_INIT(LIMIT_TEMPLATE);

	if (!check_settings(req, err))
		return false;
	for (size_t i = 0; i < req->backend->descriptor.settings.len; i++)
		if (!put_setting(out, &missing, form, req, &own[i], err))
			return false;
	if (!missing.len)
		return true;
	err_set(err, E_USAGE, "the descriptor of %s needs %s", req->backend->name, missing.ptr);
	return err_hint(err, "--setting NAME=VALUE for each");
}

/* --- the document --- */

static bool put_values(struct map *out, const struct deployment_form *form,
		       const struct deployment_request *req, struct err *err)
{
	const struct backend *b = req->backend;
	AUTO(auto_free)
	char *entry = b->handler.as
			      ? mem_printf("%s/%s", b->workdir ? b->workdir : "", b->handler.as)
			      : mem_strdup("");

	return put_artifact(out, form, req, err) && put_row(out, form, req, err) &&
	       put_name(out, form, req, err) && put_sizes(out, form, req, err) &&
	       deployment_put_env(out, form, req->env, err) &&
	       deployment_put_args(out, form, entry, req->args, err) &&
	       put_settings(out, form, req, err);
}

bool deployment_make(struct deployment *out, const struct deployment_request *req, struct err *err)
{
	const char *file = req->backend->descriptor.file;
	AUTO(map_free) struct map values = MAP_TEXT;
	AUTO(buf_free) struct buf text = BUF_INIT(8 * LIMIT_TEMPLATE);
	const struct deployment_form *form;

	if (!deployment_check_backend(req->backend, err))
		return false;
	form = deployment_form_find(file);
	if (!put_values(&values, form, req, err) ||
	    !render_file(&text, req->table, req->backend, file, &values, err))
		return false;
	out->is_json = str_eq(form->suffix, ".json");
	/* also says where a user's own file is wrong */
	if (out->is_json && !json_parse(&out->doc, text.ptr, text.len, file, err))
		return false;
	if (form->is_document && !out->is_json &&
	    !yaml_parse(&out->doc, text.ptr, text.len, file, err))
		return false;
	out->text = buf_steal(&text);
	return true;
}
