// SPDX-License-Identifier: Apache-2.0
#include "runtime/check_start.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "builder/foreign.h"

/* One command in the image, and what it says. */

/* The entry point is compiled and not run: it would serve. */
static const char program[] =
	"import sys\n"
	"version = ''\n"
	"if len(sys.argv) > 1:\n"
	"    import lithops\n"
	"    version = lithops.__version__\n"
	"    with open(sys.argv[1], 'rb') as entry:\n"
	"        compile(entry.read(), sys.argv[1], 'exec')\n"
	"print('\\nstarted %d.%d %s' % (sys.version_info[0], sys.version_info[1], version))\n";

struct start {
	struct str_list argv, env;
	struct sandbox_layer *layers;
	struct sandbox_spec spec;
};

static void start_free(struct start *s)
{
	str_list_free(&s->argv);
	str_list_free(&s->env);
	free(s->layers);
}

static void make_argv(struct start *s, const struct backend *b)
{
	static const char *const words[] = { "python3", "-B", "-c", program };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		str_list_push(&s->argv, words[i]);
	if (b->handler.as)
		str_list_push_take(&s->argv, mem_printf("%s/%s", b->workdir, b->handler.as));
}

/* The image's own, which may leave PATH to the runtime's default. */
static void make_env(struct start *s, const struct config *config)
{
	const json_t *own = config_member(config, "Env"), *pair;
	size_t i;

	if (!config_env(config, "PATH"))
		str_list_push(&s->env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
				       "/sbin:/bin");
	json_array_foreach(own, i, pair) str_list_push(&s->env, json_string_value(pair));
}

static void make_layers(struct start *s, const struct image *img)
{
	s->layers = mem_alloc((img->manifest.layer_count + 1) * sizeof(*s->layers));
	for (size_t i = 0; i < img->manifest.layer_count; i++)
		s->layers[i] = (struct sandbox_layer){ img->manifest.layers[i],
						       config_diff_id(&img->config, i) };
}

static void prepare(struct start *s, const struct check_start_request *req)
{
	const struct config *config = &req->image->config;
	const char *cwd = config_text(config, "WorkingDir"), *user = config_text(config, "User");

	make_argv(s, req->backend);
	make_env(s, config);
	make_layers(s, req->image);
	s->spec = (struct sandbox_spec){ .store = req->store,
					 .layers = s->layers,
					 .layer_count = req->image->manifest.layer_count,
					 .argv = (const char *const *)str_list_argv(&s->argv),
					 .env = (const char *const *)str_list_argv(&s->env),
					 .cwd = cwd ? cwd : "/",
					 .user = user ? user : "",
					 .stdin_fd = -1,
					 .tty_fd = -1,
					 .stdout_fd = -1,
					 .stderr_fd = -1,
					 .timeout_ms = LIMIT_CHECK_START_MS };
}

/* The last line that says something. */
static struct slice last_line(const struct buf *said)
{
	struct slice all = slice_trim((struct slice){ said->ptr, said->len }, " \t\r\n");
	const char *at = all.len ? memrchr(all.ptr, '\n', all.len) : NULL;

	return at ? (struct slice){ at + 1, (size_t)(all.ptr + all.len - at - 1) } : all;
}

static bool judge(struct check_report *report, const struct check_start_request *req,
		  const struct sandbox_result *result, const struct buf *said, struct err *err)
{
	struct slice lithops, version, line = last_line(said);
	struct slice word = slice_cut(line, ' ', &version);

	if (result->timed_out || result->status || !slice_eq(word, "started")) {
		AUTO(auto_free) char *text = str_printable(line.ptr ? line.ptr : "", line.len, 300);

		err_set(err, E_NEGATIVE, "its python3 %s: %s",
			result->timed_out ? "was killed after two minutes" : "fails", text);
		return err_hint(err, "rtbuild run IMAGE python3 -c 'import lithops' shows more");
	}
	version = slice_cut(version, ' ', &lithops);
	if (report->python && !slice_eq(version, report->python)) {
		err_set(err, E_NEGATIVE, "its python3 is Python " SLICE_FMT ", and by its files %s",
			SLICE_ARG(version), report->python);
		return err_hint(err, "begin from the base of Python %s", report->python);
	}
	report->executed = true;
	if (req->backend->handler.as && !report->lithops)
		report->lithops = mem_strndup(lithops.ptr, lithops.len);
	return true;
}

static bool check_platform_runs(const struct image *img, struct err *err)
{
	struct platform platform = image_platform(img);
	struct foreign how;

	foreign_find(&how, &platform, NULL);
	if (how.how == FOREIGN_NATIVE || how.how == FOREIGN_HANDLER)
		return true;
	err_set(err, E_UNSUPPORTED, "--run: programs for %s do not run on this machine",
		platform_format(&platform).text);
	return err_hint(err, "without --run it is checked by its files");
}

bool check_start(struct check_report *report, const struct check_start_request *req,
		 struct err *err)
{
	AUTO(start_free) struct start start = { 0 };
	AUTO(buf_free) struct buf said = BUF_INIT(LIMIT_TEMPLATE);
	struct sink_buf to = sink_buf(&said);
	struct sandbox_result result = { 0 };

	if (!check_platform_runs(req->image, err))
		return false;
	prepare(&start, req);
	start.spec.output = &to.sink;
	return sandbox_run(&result, req->sandbox, &start.spec, err) &&
	       judge(report, req, &result, &said, err);
}
