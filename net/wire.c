// SPDX-License-Identifier: Apache-2.0
#include "net/wire.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define CURL_DISABLE_TYPECHECK /* its macros do not work on function pointers */
#include <curl/curl.h>

#include "base/clock.h"
#include "base/dynlib.h"
#include "base/env.h"
#include "base/event.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "net/ring.h"

/*
 * The adapter of libcurl: its thread, its options, its callbacks, its error codes. Every curl
 * handle is made, used and freed by the one thread; callers see only rings and flags, under the one
 * lock.
 */

/* clang-format off */
#define CURL_FUNCTIONS(X)                                                              \
	X(curl_global_init) X(curl_easy_init) X(curl_easy_cleanup) X(curl_easy_setopt)     \
	X(curl_easy_getinfo) X(curl_easy_pause) X(curl_easy_strerror)                      \
	X(curl_slist_append) X(curl_slist_free_all) X(curl_share_init)                     \
	X(curl_share_setopt) X(curl_share_cleanup) X(curl_multi_init)                      \
	X(curl_multi_cleanup) X(curl_multi_setopt) X(curl_multi_add_handle)                \
	X(curl_multi_remove_handle) X(curl_multi_perform) X(curl_multi_info_read)          \
	X(curl_multi_poll) X(curl_multi_wakeup) X(curl_version_info)
/* clang-format on */

#define X(name) __typeof__(&name) name;
static struct curl_lib {
	CURL_FUNCTIONS(X)
} lib;
#undef X
#define X(name) { #name, offsetof(struct curl_lib, name) },
static const struct dynlib_symbol symbols[] = { CURL_FUNCTIONS(X){ 0 } };
#undef X

/*
 * What a ring holds decouples the network from hashing and disk. Far more connections than
 * parallel transfers: each may be a download paused on an upload to the same host.
 */
enum { RING_SIZE = 256 * KIB, CURL_BUFFER = 128 * KIB, POOL_HOST = 16, POOL_ALL = 64 };

struct wire {
	CURLM *multi;
	CURLSH *share; /* TLS sessions */
	struct thread *thread;
	int64_t stall_s;
	struct lock lock; /* all below, and every exchange */
	struct exchange *changed;
	bool stop;
	struct exchange *active; /* the thread's alone */
};

struct exchange {
	struct wire *wire;
	struct cond cond;
	/* the request, until the thread took it over */
	char *method, *url, *proxy;
	struct str_list headers;
	const struct certs *certs;
	bool has_body, insecure, lean, no_link_local, once;
	uint64_t body_size;
	char *sign_provider, *sign_key, *sign_secret, *sign_body; /* NULL: not signed */
	/* between the two threads */
	struct exchange *next_changed;
	bool queued, started, abort, resume;
	struct ring out, in;
	uint64_t put;   /* bytes of the body the caller gave */
	uint64_t given; /* and libcurl took */
	bool out_paused, in_paused;
	int status;
	struct str_list lines;
	size_t lines_size;
	bool headers_done, finished, was_sent;
	enum wire_trouble trouble;
	char text[CURL_ERROR_SIZE];
	/* the wire thread's alone */
	CURL *easy;
	struct curl_slist *header_list;
	struct exchange *next, *prev;
	bool linked, forbidden, garbage;
	uint64_t moved, moved_mark; /* for the stall rule */
	uint64_t mark_ms;
};

/* --- what went wrong --- */

/* clang-format off */
static const struct {
	CURLcode code;
	enum wire_trouble trouble;
} troubles[] = {
	{ CURLE_COULDNT_RESOLVE_HOST,    WIRE_RESOLVE },
	{ CURLE_COULDNT_RESOLVE_PROXY,   WIRE_PROXY },
	{ CURLE_PROXY,                   WIRE_PROXY },
	{ CURLE_COULDNT_CONNECT,         WIRE_REFUSED },
	{ CURLE_OPERATION_TIMEDOUT,      WIRE_TIMEOUT },
	{ CURLE_SSL_CONNECT_ERROR,       WIRE_TLS },
	{ CURLE_PEER_FAILED_VERIFICATION, WIRE_CERTIFICATE },
	{ CURLE_SSL_CERTPROBLEM,         WIRE_TLS },
	{ CURLE_SSL_CACERT_BADFILE,      WIRE_TLS },
	{ CURLE_SSL_CIPHER,              WIRE_TLS },
	{ CURLE_SSL_ISSUER_ERROR,        WIRE_CERTIFICATE },
	{ CURLE_UNSUPPORTED_PROTOCOL,    WIRE_GARBAGE },
	{ CURLE_WEIRD_SERVER_REPLY,      WIRE_GARBAGE },
};

/* Texts of OpenSSL's alerts and of refusing proxies: libcurl has no codes for them. */
static const struct {
	const char *text;
	enum wire_trouble trouble;
} tls_texts[] = {
	{ "wrong version number",            WIRE_NOT_TLS },
	{ "packet length too long",          WIRE_NOT_TLS },
	{ "http request",                    WIRE_NOT_TLS },
	{ "certificate required",            WIRE_CERT_CLIENT },
	{ "alert bad certificate",           WIRE_CERT_CLIENT },
	{ "alert handshake failure",         WIRE_CERT_CLIENT },
	{ "alert unknown ca",                WIRE_CERT_CLIENT },
	{ "subject name",                    WIRE_CERT_NAME },
	{ "does not match target host",      WIRE_CERT_NAME },
	{ "certificate has expired",         WIRE_CERT_DATE },
	{ "certificate is not yet valid",    WIRE_CERT_DATE },
	{ "CONNECT tunnel failed",           WIRE_PROXY },
};
/* clang-format on */

static enum wire_trouble trouble_of(const struct exchange *x, CURLcode code)
{
	bool tls = code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION ||
		   code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR;

	if (code == CURLE_OK)
		return WIRE_OK;
	if (x->forbidden)
		return WIRE_FORBIDDEN;
	if (x->garbage)
		return WIRE_GARBAGE;
	for (size_t i = 0; tls && i < ARRAY_LEN(tls_texts); i++)
		if (strstr(x->text, tls_texts[i].text))
			return tls_texts[i].trouble;
	for (size_t i = 0; i < ARRAY_LEN(troubles); i++)
		if (troubles[i].code == code)
			return troubles[i].trouble;
	return WIRE_BROKEN;
}

/* --- callbacks, on the wire thread --- */

static size_t on_body(char *data, size_t one, size_t len, void *arg)
{
	struct exchange *x = arg;
	struct wire *w = x->wire;
	bool fits;

	(void)one;
	lock_take(&w->lock);
	fits = ring_space(&x->in) >= len;
	if (fits)
		ring_put(&x->in, data, len);
	else
		x->in_paused = true;
	cond_signal(&x->cond);
	lock_drop(&w->lock);
	x->moved += fits ? len : 0;
	return fits ? len : CURL_WRITEFUNC_PAUSE;
}

static size_t on_want_body(char *data, size_t one, size_t cap, void *arg)
{
	struct exchange *x = arg;
	struct wire *w = x->wire;
	bool early;
	size_t len;

	lock_take(&w->lock);
	len = ring_take(&x->out, data, one * cap);
	x->given += len;
	early = len == 0 && x->given < x->body_size && x->headers_done;
	x->out_paused = len == 0 && x->given < x->body_size && !early;
	cond_signal(&x->cond);
	lock_drop(&w->lock);
	if (early) /* answered without having it all, and nobody gives the rest */
		return CURL_READFUNC_ABORT;
	x->moved += len;
	if (x->given == x->body_size) {
		x->mark_ms = clock_monotonic_ms();
		x->moved_mark = x->moved;
	}
	return x->out_paused ? CURL_READFUNC_PAUSE : len;
}

/* libcurl found a pooled connection dead and starts over: possible while the ring still holds
 * everything. */
static int on_seek(void *arg, curl_off_t offset, int origin)
{
	struct exchange *x = arg;
	struct wire *w = x->wire;
	bool whole;

	lock_take(&w->lock);
	whole = !x->once && origin == SEEK_SET && offset == 0 && x->put <= RING_SIZE;
	if (whole) {
		x->out.head = 0;
		x->out.len = x->put;
		x->given = 0;
	}
	lock_drop(&w->lock);
	return whole ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

static size_t take_line(struct exchange *x, const char *data, size_t len)
{
	struct slice line = { data, len };

	x->lines_size += len;
	if (x->lines_size > LIMIT_HTTP_HEADERS || memchr(data, '\0', len)) {
		x->garbage = true;
		return 0;
	}
	while (line.len && strchr(" \t\r\n", line.ptr[line.len - 1])) /* RFC 9110, 5.5 */
		line.len--;
	if (slice_has_prefix(line, "HTTP/")) { /* an interim answer may have come before */
		str_list_free(&x->lines);
		x->lines_size = len;
	} else if (line.len) {
		str_list_push_take(&x->lines, mem_strndup(line.ptr, line.len));
	} else {
		long status = 0;

		lib.curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
		x->status = (int)status;
		x->headers_done = status >= 200;
	}
	return len;
}

static size_t on_header(char *data, size_t one, size_t len, void *arg)
{
	struct exchange *x = arg;
	struct wire *w = x->wire;
	size_t taken = len;

	(void)one;
	lock_take(&w->lock);
	if (!x->headers_done) /* trailers are of no use to anyone here */
		taken = take_line(x, data, len);
	cond_signal(&x->cond);
	lock_drop(&w->lock);
	x->moved += len;
	return taken;
}

static bool is_link_local(const struct sockaddr *sa)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (sa->sa_family == AF_INET) {
		memcpy(&v4, sa, sizeof(v4));
		return (ntohl(v4.sin_addr.s_addr) >> 16) == 0xa9fe;
	}
	if (sa->sa_family != AF_INET6)
		return false;
	memcpy(&v6, sa, sizeof(v6));
	if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr))
		return v6.sin6_addr.s6_addr[12] == 169 && v6.sin6_addr.s6_addr[13] == 254;
	return IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr);
}

static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct exchange *x = arg;

	(void)purpose;
	if (x->no_link_local && !x->proxy && is_link_local(&to->addr)) {
		x->forbidden = true;
		return CURL_SOCKET_BAD;
	}
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* --- setting up, on the wire thread --- */

static void set_body(struct exchange *x, CURL *c)
{
	if (x->sign_body && x->has_body) {
		lib.curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->body_size);
		lib.curl_easy_setopt(c, CURLOPT_POSTFIELDS, x->sign_body);
	} else if (str_eq(x->method, "HEAD")) {
		lib.curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	} else if (x->has_body && x->body_size) {
		lib.curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
		lib.curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)x->body_size);
		lib.curl_easy_setopt(c, CURLOPT_READFUNCTION, on_want_body);
		lib.curl_easy_setopt(c, CURLOPT_READDATA, x);
		lib.curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, on_seek);
		lib.curl_easy_setopt(c, CURLOPT_SEEKDATA, x);
	} else if (x->has_body) { /* says Content-Length: 0, which some proxies insist on */
		lib.curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, 0L);
		lib.curl_easy_setopt(c, CURLOPT_COPYPOSTFIELDS, "");
	}
	lib.curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, x->method);
}

static void set_signature(const struct exchange *x, CURL *c)
{
	if (!x->sign_provider)
		return;
	lib.curl_easy_setopt(c, CURLOPT_AWS_SIGV4, x->sign_provider);
	lib.curl_easy_setopt(c, CURLOPT_USERNAME, x->sign_key);
	lib.curl_easy_setopt(c, CURLOPT_PASSWORD, x->sign_secret);
}

static void set_tls(const struct exchange *x, CURL *c)
{
	const struct certs *certs = x->certs;

	lib.curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	lib.curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, x->insecure ? 0L : 1L);
	lib.curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, x->insecure ? 0L : 2L);
	if (x->lean)
		lib.curl_easy_setopt(c, CURLOPT_CAINFO, NULL);
	if (!certs)
		return;
	if (certs->ca) {
		struct curl_blob blob = { .data = certs->ca,
					  .len = certs->ca_len,
					  .flags = CURL_BLOB_COPY };

		lib.curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &blob);
	}
	if (certs->bundle)
		lib.curl_easy_setopt(c, CURLOPT_CAINFO, certs->bundle);
	if (certs->dir)
		lib.curl_easy_setopt(c, CURLOPT_CAPATH, certs->dir);
	if (certs->cert) {
		lib.curl_easy_setopt(c, CURLOPT_SSLCERT, certs->cert);
		lib.curl_easy_setopt(c, CURLOPT_SSLKEY, certs->key);
	}
}

static void set_policy(struct exchange *x, CURL *c)
{
	lib.curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	lib.curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	lib.curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	lib.curl_easy_setopt(c, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	lib.curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
	lib.curl_easy_setopt(c, CURLOPT_PROXY,
			     x->proxy ? x->proxy : ""); /* "": not the environment's */
	lib.curl_easy_setopt(c, CURLOPT_NOPROXY, "");
	lib.curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	lib.curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	lib.curl_easy_setopt(c, CURLOPT_PIPEWAIT, str_has_prefix(x->url, "https:") ? 1L : 0L);
	lib.curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)LIMIT_CONNECT_S);
	lib.curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
	lib.curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	lib.curl_easy_setopt(c, CURLOPT_QUICK_EXIT,
			     1L); /* interruption does not wait for a resolver */
	lib.curl_easy_setopt(c, CURLOPT_BUFFERSIZE, (long)CURL_BUFFER);
	lib.curl_easy_setopt(c, CURLOPT_UPLOAD_BUFFERSIZE, (long)CURL_BUFFER);
	lib.curl_easy_setopt(c, CURLOPT_SHARE, x->wire->share);
	lib.curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	lib.curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, x);
}

static void add_header(struct exchange *x, const char *line)
{
	struct curl_slist *list = lib.curl_slist_append(x->header_list, line);

	if (list)
		x->header_list = list;
}

static void finish(struct exchange *x, CURLcode code, enum wire_trouble trouble)
{
	struct wire *w = x->wire;
	long sent = 0;

	if (x->easy) {
		lib.curl_easy_getinfo(x->easy, CURLINFO_REQUEST_SIZE, &sent);
		lib.curl_multi_remove_handle(w->multi, x->easy);
		lib.curl_easy_cleanup(x->easy);
		lib.curl_slist_free_all(x->header_list);
		x->easy = NULL;
		x->header_list = NULL;
	}
	if (x->linked) {
		x->prev ? (x->prev->next = x->next) : (w->active = x->next);
		if (x->next)
			x->next->prev = x->prev;
		x->linked = false;
	}
	lock_take(&w->lock);
	x->trouble = trouble;
	if (trouble == WIRE_OK && !x->headers_done)
		x->trouble = WIRE_BROKEN;
	if (!x->text[0] && code != CURLE_OK)
		snprintf(x->text, sizeof(x->text), "%s", lib.curl_easy_strerror(code));
	x->was_sent = sent > 0;
	x->finished = true;
	cond_broadcast(&x->cond);
	lock_drop(&w->lock);
}

static void start(struct exchange *x)
{
	struct wire *w = x->wire;
	CURL *c = lib.curl_easy_init();
	CURLMcode added;

	if (!c) {
		finish(x, CURLE_OUT_OF_MEMORY, WIRE_BROKEN);
		return;
	}
	x->easy = c;
	lib.curl_easy_setopt(c, CURLOPT_URL, x->url);
	lib.curl_easy_setopt(c, CURLOPT_PRIVATE, x);
	lib.curl_easy_setopt(c, CURLOPT_ERRORBUFFER, x->text);
	lib.curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	lib.curl_easy_setopt(c, CURLOPT_WRITEDATA, x);
	lib.curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	lib.curl_easy_setopt(c, CURLOPT_HEADERDATA, x);
	set_policy(x, c);
	set_tls(x, c);
	set_body(x, c);
	set_signature(x, c);
	for (size_t i = 0; i < x->headers.len; i++)
		add_header(x, x->headers.items[i]);
	if (!x->sign_provider)            /* libcurl would sign the empty header */
		add_header(x, "Expect:"); /* a round trip that saves nothing */
	lib.curl_easy_setopt(c, CURLOPT_HTTPHEADER, x->header_list);
	x->next = w->active;
	if (x->next)
		x->next->prev = x;
	w->active = x;
	x->linked = true;
	x->mark_ms = clock_monotonic_ms();
	added = lib.curl_multi_add_handle(w->multi, c);
	if (added != CURLM_OK)
		finish(x, CURLE_FAILED_INIT, WIRE_BROKEN);
}

/* --- the thread --- */

static void handle_change(struct exchange *x, bool fresh, bool abort, bool resume)
{
	if (x->finished) /* only this thread sets it */
		return;
	if (abort || cancel_requested()) {
		finish(x, CURLE_OK, WIRE_CANCELLED);
	} else if (fresh) {
		start(x);
	} else if (resume) {
		x->mark_ms = clock_monotonic_ms();
		x->moved_mark = x->moved;
		lib.curl_easy_pause(x->easy, CURLPAUSE_CONT);
	}
}

/* What callers asked for since the last time; false: the end. */
static bool take_changes(struct wire *w)
{
	bool go_on;

	lock_take(&w->lock);
	while (w->changed) {
		struct exchange *x = w->changed;
		bool abort = x->abort, fresh = !x->started, resume = x->resume;

		w->changed = x->next_changed;
		x->started = true;
		x->resume = false;
		if (resume)
			x->in_paused = x->out_paused = false;
		lock_drop(&w->lock);
		handle_change(x, fresh, abort, resume);
		lock_take(&w->lock);
		/* Queued all the while, so that nobody frees it; what came in meanwhile is next. */
		if (!x->finished && (x->resume || x->abort)) {
			x->next_changed = w->changed;
			w->changed = x;
		} else {
			x->queued = false;
			cond_broadcast(&x->cond);
		}
	}
	go_on = !w->stop;
	lock_drop(&w->lock);
	return go_on;
}

static void reap(struct wire *w)
{
	CURLMsg *msg;
	int left;

	while ((msg = lib.curl_multi_info_read(w->multi, &left))) {
		CURLcode code = msg->data.result;
		struct exchange *x = NULL;

		if (msg->msg != CURLMSG_DONE)
			continue;
		lib.curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &x);
		finish(x, code, trouble_of(x, code));
	}
}

/* Under 1 KiB/s for the limit, while it is the network's turn. */
static bool is_stalled(const struct exchange *x, uint64_t now)
{
	uint64_t limit_s = (uint64_t)x->wire->stall_s;

	if (x->has_body && x->given == x->body_size && !x->headers_done) {
		limit_s += x->body_size / MIB;
		if (limit_s > LIMIT_REPLY_S)
			limit_s = LIMIT_REPLY_S;
	}
	return now - x->mark_ms >= limit_s * 1000 && x->moved - x->moved_mark < limit_s * KIB;
}

static void check_stalls(struct wire *w)
{
	uint64_t now = clock_monotonic_ms();

	for (struct exchange *x = w->active, *next; x; x = next) {
		bool ours;

		next = x->next;
		lock_take(&w->lock);
		ours = x->in_paused || x->out_paused;
		lock_drop(&w->lock);
		if (!ours && is_stalled(x, now)) {
			finish(x, CURLE_OK, WIRE_STALLED);
		} else if (ours || x->moved - x->moved_mark >= (uint64_t)w->stall_s * KIB) {
			x->mark_ms = now;
			x->moved_mark = x->moved;
		}
	}
}

static void wire_main(void *arg)
{
	struct wire *w = arg;
	int running;

	while (take_changes(w)) {
		struct curl_waitfd cancel = { .fd = cancel_fd(), .events = CURL_WAIT_POLLIN };
		bool watch = cancel.fd >= 0 && !cancel_requested();

		lib.curl_multi_perform(w->multi, &running);
		reap(w);
		check_stalls(w);
		while (w->active && cancel_requested())
			finish(w->active, CURLE_OK, WIRE_CANCELLED);
		lib.curl_multi_poll(w->multi, watch ? &cancel : NULL, watch,
				    w->active ? 500 : 60000, NULL);
	}
}

/* Holding the lock. */
static void tell_thread(struct exchange *x)
{
	struct wire *w = x->wire;

	if (!x->queued) {
		x->queued = true;
		x->next_changed = w->changed;
		w->changed = x;
	}
	lib.curl_multi_wakeup(w->multi);
}

static bool load(struct err *err)
{
	static struct lock once = LOCK_INIT;
	static bool loaded;
	bool ok;

	lock_take(&once);
	env_hold_gnutls(true);
	if (!loaded && dynlib_load(&lib, "libcurl.so.4", symbols, "libcurl4", err)) {
		loaded = lib.curl_global_init(CURL_GLOBAL_ALL) == CURLE_OK;
		if (!loaded)
			err_set(err, E_UNSUPPORTED, "libcurl does not start");
	}
	env_hold_gnutls(false);
	ok = loaded;
	lock_drop(&once);
	return ok;
}

bool wire_open(struct wire **out, unsigned stall_s, struct err *err)
{
	struct wire *w;

	if (!load(err))
		return false;
	w = mem_alloc(sizeof(*w));
	lock_init(&w->lock);
	w->stall_s = stall_s ? stall_s : LIMIT_STALL_S;
	w->multi = lib.curl_multi_init();
	w->share = lib.curl_share_init();
	if (!w->multi || !w->share)
		abort(); /* out of memory */
	lib.curl_share_setopt(w->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	lib.curl_multi_setopt(w->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	lib.curl_multi_setopt(w->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)POOL_HOST);
	lib.curl_multi_setopt(w->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)POOL_ALL);
	lib.curl_multi_setopt(w->multi, CURLMOPT_MAXCONNECTS, (long)POOL_ALL);
	if (!thread_start(&w->thread, wire_main, w, err)) {
		wire_close(w);
		return false;
	}
	*out = w;
	return true;
}

void wire_close(struct wire *w)
{
	if (!w)
		return;
	if (w->thread) {
		lock_take(&w->lock);
		w->stop = true;
		lib.curl_multi_wakeup(w->multi);
		lock_drop(&w->lock);
		thread_join(w->thread);
	}
	lib.curl_multi_cleanup(w->multi);
	lib.curl_share_cleanup(w->share);
	lock_free(&w->lock);
	free(w);
}

bool wire_is_lean(const struct wire_request *req)
{
	const curl_version_info_data *built = lib.curl_version_info(CURLVERSION_NOW);
	bool has_dir = built->age >= CURLVERSION_SEVENTH && built->capath;

	return has_dir && req->certs && !req->certs->ca && !req->certs->bundle &&
	       !req->certs->dir && !req->whole_bundle;
}

void wire_start(struct exchange **out, struct wire *w, const struct wire_request *req)
{
	struct exchange *x = mem_alloc(sizeof(*x));

	x->wire = w;
	cond_init(&x->cond);
	x->method = mem_strdup(req->method);
	x->url = mem_strdup(req->url);
	x->proxy = req->proxy ? mem_strdup(req->proxy) : NULL;
	for (size_t i = 0; i < req->headers->len; i++)
		str_list_push(&x->headers, req->headers->items[i]);
	x->certs = req->certs;
	x->insecure = req->insecure;
	x->lean = wire_is_lean(req);
	x->no_link_local = req->no_link_local;
	x->has_body = req->has_body;
	x->once = req->once;
	x->body_size = req->body_size;
	if (req->sign) {
		x->sign_provider = mem_strdup(req->sign->provider);
		x->sign_key = mem_strdup(req->sign->key);
		x->sign_secret = mem_strdup(req->sign->secret);
		if (req->sign->body)
			x->sign_body = mem_strndup(req->sign->body, req->body_size);
	}
	ring_init(&x->out, RING_SIZE);
	ring_init(&x->in, RING_SIZE);
	lock_take(&w->lock);
	tell_thread(x);
	lock_drop(&w->lock);
	*out = x;
}

void exchange_put(struct exchange *x, const void *data, size_t len, size_t *taken_out)
{
	struct wire *w = x->wire;
	size_t taken = 0;

	lock_take(&w->lock);
	while (!x->finished && !x->headers_done && ring_space(&x->out) == 0)
		cond_wait(&x->cond, &w->lock);
	if (!x->finished && !x->headers_done) {
		taken = ring_put(&x->out, data, len);
		x->put += taken;
	}
	/* Paused is also what waits for bytes that are not wanted any more. */
	if (x->out_paused && !x->finished) {
		x->resume = true;
		tell_thread(x);
	}
	lock_drop(&w->lock);
	*taken_out = taken;
}

bool exchange_headers(struct exchange *x)
{
	struct wire *w = x->wire;
	bool done;

	lock_take(&w->lock);
	while (!x->finished && !x->headers_done)
		cond_wait(&x->cond, &w->lock);
	done = x->headers_done;
	lock_drop(&w->lock);
	return done;
}

int exchange_status(const struct exchange *x)
{
	return x->status;
}

const struct str_list *exchange_lines(const struct exchange *x)
{
	return &x->lines;
}

bool exchange_take(struct exchange *x, void *data, size_t cap, size_t *len_out)
{
	struct wire *w = x->wire;
	bool ok;

	lock_take(&w->lock);
	while (!x->finished && x->in.len == 0)
		cond_wait(&x->cond, &w->lock);
	*len_out = ring_take(&x->in, data, cap);
	ok = *len_out > 0 || x->trouble == WIRE_OK;
	if (x->in_paused && x->in.len <= x->in.cap / 2) {
		x->resume = true;
		tell_thread(x);
	}
	lock_drop(&w->lock);
	return ok;
}

enum wire_trouble exchange_trouble(struct exchange *x, const char **text_out)
{
	struct wire *w = x->wire;
	enum wire_trouble trouble;

	lock_take(&w->lock);
	trouble = x->trouble;
	lock_drop(&w->lock);
	if (text_out)
		*text_out = x->text;
	return trouble;
}

bool exchange_was_sent(struct exchange *x)
{
	struct wire *w = x->wire;
	bool sent;

	lock_take(&w->lock);
	sent = x->was_sent || !x->finished;
	lock_drop(&w->lock);
	return sent;
}

static void wipe(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

void exchange_close(struct exchange *x)
{
	struct wire *w;

	if (!x)
		return;
	w = x->wire;
	lock_take(&w->lock);
	if (!x->finished) {
		x->abort = true;
		tell_thread(x);
	}
	while (!x->finished || x->queued)
		cond_wait(&x->cond, &w->lock);
	lock_drop(&w->lock);
	ring_free(&x->in);
	ring_free(&x->out);
	str_list_free(&x->headers);
	str_list_free(&x->lines);
	cond_free(&x->cond);
	free(x->method);
	free(x->url);
	free(x->proxy);
	free(x->sign_provider);
	free(x->sign_key);
	wipe(x->sign_secret);
	wipe(x->sign_body);
	free(x);
}
