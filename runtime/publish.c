// SPDX-License-Identifier: Apache-2.0
#include "runtime/publish.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "runtime/upload_body.h"

/* Look, send when it differs, compare what came of it. */

/* AWS Lambda API reference, PublishLayerVersion. */
enum { NAME_MAX_LEN = 140, DESCRIPTION_MAX = 256, LICENSE_MAX = 512, ANSWER_MAX = 1 * MIB };

struct publishing {
	struct http *http;
	const struct aws_credential *credential;
	const struct publish_request *req;
	struct events *events;
	char *endpoint;   /* of Lambda */
	char *collection; /* path of the layer's versions */
	char *sha256;     /* of the zip, as AWS says it: base64 */
};

static void publishing_free(struct publishing *p)
{
	free(p->endpoint);
	free(p->collection);
	free(p->sha256);
}

void published_free(struct published *p)
{
	free(p->arn);
	*p = (struct published){ 0 };
}

/* --- before anything is sent --- */

static bool check_name(const char *name, struct err *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_";

	if (*name && strlen(name) <= NAME_MAX_LEN && !name[strspn(name, letters)])
		return true;
	err_set(err, E_USAGE, "'%s' is no name of a layer", name);
	return err_hint(err, "1 to %d letters, digits, - and _", NAME_MAX_LEN);
}

/* RFC-less rules of S3: names that cannot leave the URL they are put into. */
static bool check_bucket(const char *name, struct err *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-.";
	size_t len = strlen(name);

	if (len >= 3 && len <= 63 && !name[strspn(name, letters)] && !strstr(name, "..") &&
	    name[0] != '.' && name[0] != '-')
		return true;
	return err_set(err, E_USAGE, "'%s' is no name of a bucket", name);
}

bool publish_check(const struct publish_request *req, struct err *err)
{
	if (!check_name(req->name, err) || (req->bucket && !check_bucket(req->bucket, err)))
		return false;
	if (req->description && strlen(req->description) > DESCRIPTION_MAX)
		return err_set(err, E_USAGE, "a description has at most %d bytes", DESCRIPTION_MAX);
	if (req->license && strlen(req->license) > LICENSE_MAX)
		return err_set(err, E_USAGE, "a license has at most %d bytes", LICENSE_MAX);
	if (!req->zip || req->zip->packed <= LIMIT_LAMBDA_UPLOAD || req->bucket)
		return true;
	err_set(err, E_USAGE, "%s has %llu bytes; a direct upload takes %lld", req->path,
		(unsigned long long)req->zip->packed, LIMIT_LAMBDA_UPLOAD);
	return err_hint(err, "--bucket NAME lets it go through S3; --split makes several layers");
}

/* --- Lambda --- */

static struct aws_request lambda_request(const struct publishing *p, const char *method,
					 const char *path)
{
	return (struct aws_request){ .service = "lambda",
				     .region = p->req->region,
				     .endpoint = p->endpoint,
				     .override = "LAMBDA",
				     .method = method,
				     .path = path };
}

static bool ask_json(json_t **out, char **code_out, const struct publishing *p,
		     const struct aws_request *req, struct err *err)
{
	AUTO(http_reply_free) struct http_reply reply = { 0 };
	AUTO(buf_free) struct buf text = BUF_INIT(ANSWER_MAX);

	return aws_send(&reply, code_out, p->http, p->credential, req, err) &&
	       http_read(&text, &reply, ANSWER_MAX, "the answer of Lambda", err) &&
	       json_parse(out, text.ptr, text.len, "the answer of Lambda", err);
}

/* The list is newest first; a double need not know. */
static int64_t newest_of(const json_t *doc)
{
	const json_t *list = json_object_get(doc, "LayerVersions");
	int64_t newest = 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		int64_t version =
			json_integer_value(json_object_get(json_array_get(list, i), "Version"));

		newest = version > newest ? version : newest;
	}
	return newest;
}

/* *version_out 0: there is no layer of this name, or no version of it any more. */
static bool find_newest(int64_t *version_out, const struct publishing *p, struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = NULL;
	AUTO(auto_free) char *code = NULL;
	struct aws_request req = lambda_request(p, "GET", p->collection);
	struct err why = { 0 };

	*version_out = 0;
	if (ask_json(&doc, &code, p, &req, &why)) {
		*version_out = newest_of(doc);
		return true;
	}
	if (code && str_eq(code, "ResourceNotFoundException"))
		return true;
	*err = why;
	return false;
}

static bool list_is(const json_t *doc, const char *key, const char *only)
{
	const json_t *list = json_object_get(doc, key);
	const char *first = json_string_value(json_array_get(list, 0));

	return json_array_size(list) == 1 && first && str_eq(first, only);
}

static bool same_text(const json_t *doc, const char *key, const char *want)
{
	const char *have = json_text_member(doc, key);

	return str_eq(have ? have : "", want ? want : "");
}

static bool take_answer(struct published *out, const json_t *doc, struct err *err)
{
	const char *arn = json_text_member(doc, "LayerVersionArn");

	if (!arn)
		return err_set(err, E_NETWORK, "the answer of Lambda names no layer version");
	out->arn = str_printable(arn, strlen(arn), 300);
	out->version = json_integer_value(json_object_get(doc, "Version"));
	return true;
}

static bool find_same(struct published *out, const struct publishing *p, struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = NULL;
	AUTO(auto_free) char *code = NULL;
	AUTO(auto_free) char *runtime = mem_printf("python%s", p->req->python);
	AUTO(auto_free) char *path = NULL;
	struct aws_request req;
	int64_t version;

	if (!find_newest(&version, p, err) || !version)
		return !err->code;
	path = mem_printf("%s/%lld", p->collection, (long long)version);
	req = lambda_request(p, "GET", path);
	if (!ask_json(&doc, &code, p, &req, err))
		return false;
	out->unchanged = same_text(json_object_get(doc, "Content"), "CodeSha256", p->sha256) &&
			 list_is(doc, "CompatibleRuntimes", runtime) &&
			 list_is(doc, "CompatibleArchitectures", p->req->arch) &&
			 same_text(doc, "LicenseInfo", p->req->license);
	return !out->unchanged || take_answer(out, doc, err);
}

/* --- S3 --- */

struct object {
	char *endpoint, *path;
	char *version; /* of a bucket that keeps versions */
	bool is_there;
};

static void object_free(struct object *o)
{
	free(o->endpoint);
	free(o->path);
	free(o->version);
}

/* Named by its content, so that two publishing at once do no harm to each other's bytes. A bucket
 * is part of the path: every endpoint takes that, and names with dots need it for TLS. */
static void name_object(struct object *o, char **key_out, const struct publishing *p)
{
	*key_out = mem_printf("rtbuild/%s/%s.zip", p->req->name,
			      digest_hex(&p->req->zip->digest).text);
	o->endpoint = mem_printf("https://s3.%s.amazonaws.com%s", p->req->region,
				 aws_domain_end(p->req->region));
	o->path = mem_printf("/%s/%s", p->req->bucket, *key_out);
}

static struct aws_request s3_request(const struct publishing *p, const struct object *o,
				     const char *method, const char *path)
{
	return (struct aws_request){ .service = "s3",
				     .region = p->req->region,
				     .endpoint = o->endpoint,
				     .override = "S3",
				     .method = method,
				     .path = path };
}

/* S3 compares both with what it got: the hash that is signed, and the checksum it keeps. */
static bool put_object(struct object *o, const struct publishing *p, struct err *err)
{
	struct aws_request req = s3_request(p, o, "PUT", o->path);
	AUTO(http_reply_free) struct http_reply reply = { 0 };
	AUTO(auto_free) char *code = NULL;
	AUTO(auto_source_close) struct source *body = NULL;
	int fd = open(p->req->path, O_RDONLY | O_CLOEXEC);
	const char *version;

	if (fd < 0)
		return err_set_errno(err, "%s", p->req->path);
	body = source_fd(fd);
	req.body = body;
	req.body_size = p->req->zip->packed;
	req.content_type = "application/zip";
	memcpy(req.body_hash, p->req->zip->digest.bytes, sizeof(req.body_hash));
	req.headers[0] = (struct http_header){ "X-Amz-Checksum-Sha256", p->sha256 };
	if (!aws_send(&reply, &code, p->http, p->credential, &req, err))
		return err_wrap(err, "s3:/%s", o->path);
	version = http_header(&reply, "x-amz-version-id", 0);
	o->version = version ? mem_strdup(version) : NULL;
	o->is_there = true;
	return true;
}

/* Lambda has its own copy by then. */
static void remove_object(const struct object *o, const struct publishing *p)
{
	AUTO(http_reply_free) struct http_reply reply = { 0 };
	AUTO(auto_free) char *code = NULL;
	AUTO(buf_free) struct buf path = BUF_INIT(LIMIT_URL);
	struct aws_request req = s3_request(p, o, "DELETE", NULL);
	struct err why = { 0 };

	if (!o->is_there)
		return;
	buf_put(&path, o->path);
	if (o->version) {
		buf_put(&path, "?versionId=");
		buf_put_urlencoded(&path, o->version);
	}
	req.path = path.ptr;
	if (!aws_send(&reply, &code, p->http, p->credential, &req, &why))
		event_warn(p->events, "s3:/%s stays: %s", o->path, why.msg);
}

/* --- publishing --- */

static void put_text(json_t *doc, const char *key, const char *value)
{
	if (value)
		json_object_set_new(doc, key, json_string(value));
}

/* Everything but the content. */
static json_t *describe(const struct publishing *p)
{
	AUTO(auto_free) char *runtime = mem_printf("python%s", p->req->python);
	json_t *doc = json_object();

	json_object_set_new(doc, "CompatibleRuntimes", json_pack("[s]", runtime));
	json_object_set_new(doc, "CompatibleArchitectures", json_pack("[s]", p->req->arch));
	put_text(doc, "Description", p->req->description);
	put_text(doc, "LicenseInfo", p->req->license);
	return doc;
}

static bool post(struct published *out, const struct publishing *p, struct source *body,
		 uint64_t size, const unsigned char *hash, struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = NULL;
	AUTO(auto_free) char *code = NULL;
	struct aws_request req = lambda_request(p, "POST", p->collection);

	req.content_type = "application/json";
	req.body = body;
	req.body_size = size;
	memcpy(req.body_hash, hash, sizeof(req.body_hash));
	if (!ask_json(&doc, &code, p, &req, err))
		return err_wrap(err, "publish %s", p->req->name);
	if (!same_text(json_object_get(doc, "Content"), "CodeSha256", p->sha256))
		return err_set(err, E_INTEGRITY, "publish %s: Lambda got other bytes than %s has",
			       p->req->name, p->req->path);
	return take_answer(out, doc, err);
}

/* {..., "Content":{"ZipFile":"BASE64"}} with the file read while it is sent. */
static bool post_file(struct published *out, const struct publishing *p, struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = describe(p);
	AUTO(upload_body_close) struct upload_body body = { 0 };
	AUTO(auto_free) char *text = NULL;
	size_t len;

	text = json_text(doc, &len);
	text[len - 1] = '\0'; /* its "}" */
	return upload_body_open(&body, p->req->path,
				mem_printf("%s,\"Content\":{\"ZipFile\":\"", text),
				mem_strdup("\"}}"), err) &&
	       post(out, p, &body.source, body.size, body.hash, err);
}

static bool post_object(struct published *out, const struct publishing *p, const struct object *o,
			const char *key, struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = describe(p);
	AUTO(auto_source_close) struct source *body = NULL;
	AUTO(auto_free) char *text = NULL;
	unsigned char hash[SHA256_SIZE];
	json_t *content = json_object();
	size_t len;

	put_text(content, "S3Bucket", p->req->bucket);
	put_text(content, "S3Key", key);
	put_text(content, "S3ObjectVersion", o->version);
	json_object_set_new(doc, "Content", content);
	text = json_text(doc, &len);
	sha256_of(hash, text, len);
	body = source_mem(text, len);
	return post(out, p, body, len, hash, err);
}

static bool send_past_s3(struct published *out, const struct publishing *p, struct err *err)
{
	AUTO(object_free) struct object o = { 0 };
	AUTO(auto_free) char *key = NULL;
	bool ok;

	name_object(&o, &key, p);
	ok = put_object(&o, p, err) && post_object(out, p, &o, key, err);
	remove_object(&o, p);
	return ok;
}

static bool send_zip(struct published *out, const struct publishing *p, struct err *err)
{
	uint64_t task = event_start(p->events, "publish %s (%s)", p->req->name,
				    str_format_size(p->req->zip->packed).text);

	if (!(p->req->zip->packed > LIMIT_LAMBDA_UPLOAD ? send_past_s3(out, p, err)
							: post_file(out, p, err))) {
		event_failed(p->events, task);
		return false;
	}
	event_done(p->events, task, "version %lld", (long long)out->version);
	return true;
}

bool publish_layer(struct published *out, struct http *http, const struct aws_credential *c,
		   const struct publish_request *req, struct events *events, struct err *err)
{
	AUTO(publishing_free)
	struct publishing p = { .http = http, .credential = c, .req = req, .events = events };

	*out = (struct published){ 0 };
	if (!publish_check(req, err))
		return false;
	p.endpoint = mem_printf("https://lambda.%s.amazonaws.com%s", req->region,
				aws_domain_end(req->region));
	p.collection = mem_printf("/2018-10-31/layers/%s/versions", req->name);
	p.sha256 = str_base64_encode(req->zip->digest.bytes, sizeof(req->zip->digest.bytes));
	if (!find_same(out, &p, err))
		return false;
	if (!out->unchanged)
		return send_zip(out, &p, err);
	event_note(events, "%s: version %lld has these bytes already", req->name,
		   (long long)out->version);
	return true;
}
