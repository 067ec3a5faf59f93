// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "builder/mountargs.h"
#include "builder/plan.h"
#include "builder/quote.h"
#include "builder/survey.h"

/* A plan for people and programs: one line a step, and the JSON document of `build --plan`. */

static void describe_copy(struct buf *out, const struct step *step)
{
	const struct step_copy *c = &step->copy;
	const struct {
		const char *name, *value;
	} flags[] = { { "from", c->from },
		      { "chown", c->chown },
		      { "chmod", c->chmod },
		      { "checksum", c->checksum } };

	buf_put(out, c->is_add ? "add" : "copy");
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		if (flags[i].value && *flags[i].value)
			buf_putf(out, " --%s=%s", flags[i].name, flags[i].value);
	}
	if (c->link)
		buf_put(out, " --link");
	if (c->parents)
		buf_put(out, " --parents");
	if (c->has_keep_git_dir)
		buf_putf(out, " --keep-git-dir=%s", c->keep_git_dir ? "true" : "false");
	if (c->has_unpack)
		buf_putf(out, " --unpack=%s", c->unpack ? "true" : "false");
	for (size_t i = 0; i < c->exclude_count; i++)
		buf_putf(out, " --exclude=%s", c->excludes[i]);
	for (size_t i = 0; i < c->source_count; i++)
		buf_putf(out, " %s", c->sources[i]);
	for (size_t i = 0; i < c->inline_count; i++) {
		buf_putf(out, " <<%s=", c->inlines[i].name);
		quote_text(out, c->inlines[i].content);
	}
	buf_putf(out, " %s", c->dest);
}

static void describe_run(struct buf *out, const struct step_run *run)
{
	size_t count = 0;

	while (run->argv[count])
		count++;
	buf_put(out, "run ");
	quote_list(out, run->argv, count);
	if (!str_eq(run->cwd, "/"))
		buf_putf(out, " cwd=%s", run->cwd);
	if (*run->user)
		buf_putf(out, " user=%s", run->user);
	if (run->no_network || run->host_network)
		buf_putf(out, " network=%s", run->no_network ? "none" : "host");
	if (run->insecure)
		buf_put(out, " security=insecure");
	for (size_t i = 0; i < run->mount_count; i++) {
		buf_put(out, " mount=");
		mountargs_describe(out, &run->mounts[i]);
	}
	if (run->script) {
		buf_put(out, " script=");
		quote_text(out, run->script);
	}
}

void plan_describe(struct buf *out, const struct step *step)
{
	AUTO(buf_free) struct buf name = BUF_INIT(64);

	for (const char *c = step->in->spec->name; *c; c++)
		buf_put_byte(&name, (unsigned char)(*c | 0x20));
	if (step->kind == INSTRUCTION_COPY || step->kind == INSTRUCTION_ADD) {
		describe_copy(out, step);
	} else if (step->kind == INSTRUCTION_RUN) {
		describe_run(out, &step->run);
	} else if (step->kind == INSTRUCTION_HEALTHCHECK) {
		buf_putf(out, "healthcheck %s", step->history + strlen("HEALTHCHECK "));
	} else if (step->pairs) {
		buf_put(out, name.ptr);
		for (size_t i = 0; i < step->pair_count; i++)
			buf_putf(out, " %s%s%s", step->pairs[i].key,
				 step->pairs[i].value ? "=" : "",
				 step->pairs[i].value ? step->pairs[i].value : "");
	} else if (step->list) {
		buf_putf(out, "%s ", name.ptr);
		quote_list(out, step->list, step->list_count);
	} else {
		buf_putf(out, "%s %s", name.ptr, step->text ? step->text : "");
	}
}

/* Bytes that are no UTF-8 come out as \xNN: JSON cannot hold them. */
static json_t *text_json(const char *text)
{
	AUTO(auto_free) char *shown = NULL;
	json_t *out = json_string(text);

	if (out)
		return out;
	shown = str_printable(text, strlen(text), SIZE_MAX);
	return json_string(shown);
}

static json_t *list_json(const char *const *list, size_t count)
{
	json_t *out = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(out, text_json(list[i]));
	return out;
}

static void set_text(json_t *out, const char *key, const char *value)
{
	if (value)
		json_object_set_new(out, key, text_json(value));
}

static void set_octal(json_t *out, const char *key, uint32_t mode)
{
	AUTO(auto_free) char *text = mem_printf("%04o", mode);

	json_object_set_new(out, key, json_string(text));
}

/* "from" as written, and which of the three it is. */
static void set_source(json_t *out, const struct plan *p, size_t stage, const char *from)
{
	struct plan_source source;
	struct err ignored = { 0 };

	if (!from)
		return;
	set_text(out, "from", from);
	if (!plan_source(&source, p, stage, from, &ignored))
		return;
	switch (source.kind) {
	case PLAN_SOURCE_STAGE:
		json_object_set_new(out, "fromStage", json_integer((json_int_t)source.stage));
		return;
	case PLAN_SOURCE_CONTEXT:
		set_text(out, "fromContext", source.context->name);
		return;
	case PLAN_SOURCE_IMAGE:
		set_text(out, "fromImage", source.image);
		return;
	}
}

static json_t *mount_json(const struct plan *p, size_t stage, const struct step_mount *m)
{
	json_t *out = json_object();

	set_text(out, "type", mountargs_kind_name(m->kind));
	set_text(out, "target", m->target);
	json_object_set_new(out, "readOnly", json_boolean(m->read_only));
	set_source(out, p, stage, m->from);
	set_text(out, "source", m->source);
	set_text(out, "id", m->id);
	set_text(out, "env", m->env);
	if (m->kind == MOUNT_CACHE)
		set_text(out, "sharing", mountargs_sharing_name(m->sharing));
	if (m->size)
		json_object_set_new(out, "size", json_integer((json_int_t)m->size));
	if (m->kind == MOUNT_SECRET || m->kind == MOUNT_SSH)
		json_object_set_new(out, "required", json_boolean(m->required));
	if (m->kind == MOUNT_BIND || m->kind == MOUNT_TMPFS)
		return out;
	set_octal(out, "mode", m->mode);
	json_object_set_new(out, "uid", json_integer(m->uid));
	json_object_set_new(out, "gid", json_integer(m->gid));
	return out;
}

static void set_run(json_t *out, const struct plan *p, size_t stage, const struct step_run *run)
{
	json_t *mounts = json_array();
	size_t argc = 0;
	size_t envc = 0;

	while (run->argv[argc])
		argc++;
	while (run->env[envc])
		envc++;
	json_object_set_new(out, "argv", list_json(run->argv, argc));
	json_object_set_new(out, "env", list_json(run->env, envc));
	set_text(out, "cwd", run->cwd);
	set_text(out, "user", run->user);
	set_text(out, "network", run->no_network ? "none" : run->host_network ? "host" : "default");
	set_text(out, "security", run->insecure ? "insecure" : "sandbox");
	set_text(out, "script", run->script);
	for (size_t i = 0; i < run->mount_count; i++)
		json_array_append_new(mounts, mount_json(p, stage, &run->mounts[i]));
	json_object_set_new(out, "mounts", mounts);
}

static json_t *inlines_json(const struct step_copy *c)
{
	json_t *out = json_array();

	for (size_t i = 0; i < c->inline_count; i++) {
		json_t *doc = json_object();

		set_text(doc, "name", c->inlines[i].name);
		set_text(doc, "content", c->inlines[i].content);
		json_array_append_new(out, doc);
	}
	return out;
}

static void set_copy(json_t *out, const struct plan *p, size_t stage, const struct step_copy *c)
{
	json_object_set_new(out, "sources", list_json(c->sources, c->source_count));
	if (c->inline_count)
		json_object_set_new(out, "heredocs", inlines_json(c));
	set_text(out, "destination", c->dest);
	set_source(out, p, stage, c->from);
	set_text(out, "chown", c->chown);
	set_text(out, "chmod", c->chmod);
	set_text(out, "checksum", c->checksum);
	json_object_set_new(out, "link", json_boolean(c->link));
	json_object_set_new(out, "parents", json_boolean(c->parents));
	if (c->exclude_count)
		json_object_set_new(out, "exclude", list_json(c->excludes, c->exclude_count));
	if (c->has_unpack)
		json_object_set_new(out, "unpack", json_boolean(c->unpack));
	if (c->has_keep_git_dir)
		json_object_set_new(out, "keepGitDir", json_boolean(c->keep_git_dir));
}

/* ENV, LABEL and ARG in order; an ARG without a value is null. */
static json_t *pairs_json(const struct step *step)
{
	json_t *out = json_array();

	for (size_t i = 0; i < step->pair_count; i++) {
		const char *value = step->pairs[i].value;
		json_t *pair = json_object();

		set_text(pair, "name", step->pairs[i].key);
		json_object_set_new(pair, "value", value ? text_json(value) : json_null());
		json_array_append_new(out, pair);
	}
	return out;
}

static json_t *health_json(const struct step_health *h)
{
	json_t *out = json_object();

	json_object_set_new(out, "test", list_json(h->test, h->test_count));
	json_object_set_new(out, "interval", json_integer(h->interval));
	json_object_set_new(out, "timeout", json_integer(h->timeout));
	json_object_set_new(out, "startPeriod", json_integer(h->start_period));
	json_object_set_new(out, "startInterval", json_integer(h->start_interval));
	json_object_set_new(out, "retries", json_integer(h->retries));
	return out;
}

/* What the instruction says, by kind. */
static void set_data(json_t *out, const struct plan *p, size_t stage, const struct step *step)
{
	if (step->kind == INSTRUCTION_RUN)
		set_run(out, p, stage, &step->run);
	else if (step->kind == INSTRUCTION_COPY || step->kind == INSTRUCTION_ADD)
		set_copy(out, p, stage, &step->copy);
	else if (step->kind == INSTRUCTION_HEALTHCHECK)
		json_object_set_new(out, "health", health_json(&step->health));
	else if (step->pairs)
		json_object_set_new(out, "pairs", pairs_json(step));
	else if (step->list)
		json_object_set_new(out, "list", list_json(step->list, step->list_count));
	else
		set_text(out, "value", step->text);
}

/* Not nothing, and not files that are at hand. */
static bool starts_from_layers(const struct plan_stage *s)
{
	return !s->is_scratch && (!s->base_context || s->base_context->kind == BUILD_CONTEXT_IMAGE);
}

static json_t *step_json(const struct plan *p, size_t stage, const struct step *step)
{
	AUTO(buf_free) struct buf text = BUF_INIT(32 * MIB);
	const char *needs = plan_step_needs_base(step);
	json_t *out = json_object();

	plan_describe(&text, step);
	json_object_set_new(out, "line", json_integer(step->in->place.line));
	set_text(out, "instruction", step->in->spec->name);
	set_text(out, "text", text.ptr);
	set_text(out, "createdBy", step->history);
	json_object_set_new(out, "layer", json_boolean(step->has_layer));
	if (needs && starts_from_layers(&p->stages[stage]))
		set_text(out, "needsBaseFiles", needs);
	set_data(out, p, stage, step);
	if (step->unset)
		json_object_set_new(
			out, "unset",
			list_json((const char *const *)step->unset->items, step->unset->len));
	return out;
}

static json_t *stage_json(struct plan *p, size_t index)
{
	const struct plan_stage *s = &p->stages[index];
	json_t *out = json_object();

	json_object_set_new(out, "stage", json_integer((json_int_t)index));
	if (s->name)
		json_object_set_new(out, "name", json_string(s->name));
	json_object_set_new(out, "line", json_integer(s->from->place.line));
	if (s->base_stage != SIZE_MAX)
		json_object_set_new(out, "fromStage", json_integer((json_int_t)s->base_stage));
	else if (s->base_context)
		json_object_set_new(out, "fromContext", json_string(s->base_context->name));
	else
		json_object_set_new(out, "from", json_string(s->base));
	json_object_set_new(out, "platform", json_string(platform_format(&s->platform).text));
	return out;
}

/* The document under way: the stage that steps are added to. */
struct document {
	struct plan *plan;
	json_t *stages;
	json_t *steps;
};

static void begin_stage(void *arg, size_t stage, const struct scope *scope)
{
	struct document *d = arg;
	json_t *out = stage_json(d->plan, stage);

	(void)scope;
	d->steps = json_array();
	json_object_set_new(out, "steps", d->steps);
	json_array_append_new(d->stages, out);
}

static bool add_step(void *arg, const struct survey_step *step, struct err *err)
{
	struct document *d = arg;
	json_t *out = step_json(d->plan, step->stage, step->step);

	(void)err;
	if (step->is_trigger)
		json_object_set_new(out, "trigger", json_true());
	json_array_append_new(d->steps, out);
	return true;
}

/* Each image and platform once; contexts that are images are images too. */
static void add_image(json_t *images, const char *name, const struct platform *platform)
{
	AUTO(auto_json_decref) json_t *image = json_object();

	set_text(image, "image", name);
	set_text(image, "platform", platform_format(platform).text);
	for (size_t i = 0; i < json_array_size(images); i++) {
		if (json_equal(json_array_get(images, i), image))
			return;
	}
	json_array_append(images, image);
}

static json_t *images_json(const struct plan *p)
{
	json_t *out = json_array();

	for (size_t i = 0; i < p->stage_count; i++) {
		const struct plan_stage *s = &p->stages[i];
		const struct build_context *c = s->base_context;

		if (s->used && s->base_stage == SIZE_MAX && starts_from_layers(s))
			add_image(out, c ? c->path : s->base, &s->platform);
	}
	for (size_t i = 0; i < p->images.len; i++)
		add_image(out, p->images.items[i].name, &p->images.items[i].platform);
	return out;
}

bool plan_json(json_t **out, struct plan *p, struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = json_object();
	struct document d = { .plan = p, .stages = json_array() };
	struct survey survey = { .plan = p, .step = add_step, .stage = begin_stage, .arg = &d };
	json_t *unused = json_array();

	json_object_set_new(doc, "dockerfile", json_string(p->file->name));
	json_object_set_new(doc, "platform",
			    json_string(platform_format(&p->request->platform).text));
	json_object_set_new(doc, "target", json_integer((json_int_t)p->target));
	json_object_set_new(doc, "images", images_json(p));
	json_object_set_new(doc, "stages", d.stages);
	json_object_set_new(doc, "unused", unused);
	for (size_t i = 0; i < p->stage_count; i++) {
		if (!p->stages[i].used)
			json_array_append_new(unused, json_string(plan_stage_label(p, i)));
	}
	if (!survey_run(&survey, err))
		return false;
	*out = STEAL(doc);
	return true;
}
