// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "base/env.h"
#include "base/limits.h"
#include "base/mem.h"
#include "net/aws.h"
#include "net/aws_profile.h"

/* Signed requests of services that are no JSON 1.1, and the two questions they need answered first:
 * which region, and who we are. */

const char *aws_domain_end(const char *region)
{
	return str_has_prefix(region, "cn-") ? ".cn" : "";
}

/* A region becomes part of a host name and of the signature's scope. */
static bool check_region(const char *region, struct err *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

	if (region[0] && strlen(region) < 64 && !region[strspn(region, letters)])
		return true;
	return err_set(err, E_INPUT, "'%s' is no AWS region", region);
}

bool aws_region_find(char **out, const char *option, struct err *err)
{
	const char *name = env_get("AWS_PROFILE");
	const char *region = option;
	AUTO(aws_profile_free) struct aws_profile profile = { 0 };

	region = region ? region : env_get("AWS_REGION");
	region = region ? region : env_get("AWS_DEFAULT_REGION");
	if (!region && !aws_profile_read(&profile, name ? name : "default", err))
		return false;
	region = region ? region : aws_profile_get(&profile, "region");
	if (!region) {
		err_set(err, E_USAGE, "no AWS region");
		return err_hint(err, "--region NAME, $AWS_REGION, or `region = NAME` in "
				     "~/.aws/config");
	}
	if (!check_region(region, err))
		return false;
	*out = mem_strdup(region);
	return true;
}

/* --- errors --- */

/* The text of the first <name> element of an error; these are flat. */
static char *element(const char *xml, const char *name)
{
	AUTO(auto_free) char *open = mem_printf("<%s>", name);
	AUTO(auto_free) char *close = mem_printf("</%s>", name);
	const char *start = strstr(xml, open), *end;

	if (!start)
		return NULL;
	start += strlen(open);
	end = strstr(start, close);
	return end ? mem_strndup(start, (size_t)(end - start)) : NULL;
}

struct refusal {
	char *code, *text, *region; /* `region`: where S3 says the bucket is */
};

static void refusal_free(struct refusal *r)
{
	free(r->code);
	free(r->text);
	free(r->region);
}

/* "ResourceNotFoundException:http://internal..." -> the name alone. */
static char *code_of(const char *text)
{
	return text ? mem_strndup(text, strcspn(text, ":")) : NULL;
}

/* Lambda: a header and JSON; S3 and STS: XML. */
static void read_refusal(struct refusal *out, struct http_reply *reply)
{
	AUTO(buf_free) struct buf body = BUF_INIT(LIMIT_ERROR_BODY);
	AUTO(auto_json_decref) json_t *doc = NULL;
	struct err ignored = { 0 };
	const char *region = http_header(reply, "x-amz-bucket-region", 0);
	const char *text;

	*out = (struct refusal){ .region = region ? mem_strdup(region) : NULL };
	out->code = code_of(http_header(reply, "x-amzn-errortype", 0));
	if (!http_read(&body, reply, LIMIT_ERROR_BODY, "the error", &ignored) || !body.len)
		return;
	if (body.ptr[0] == '<') {
		out->code = out->code ? out->code : element(body.ptr, "Code");
		out->text = element(body.ptr, "Message");
		out->region = out->region ? out->region : element(body.ptr, "Region");
		return;
	}
	if (!json_parse(&doc, body.ptr, body.len, "the error", &ignored))
		return;
	text = json_text_member(doc, "message");
	text = text ? text : json_text_member(doc, "Message");
	out->text = text ? mem_strdup(text) : NULL;
	if (!out->code)
		out->code = code_of(json_text_member(doc, "__type"));
}

static enum err_code kind_of(const char *code, int status)
{
	return aws_is_refusal(code, status)                     ? E_AUTH
	       : status == 404                                  ? E_NOT_FOUND
	       : status == 429 || status >= 500 || status < 300 ? E_NETWORK
								: E_INPUT;
}

static bool refused(char **code_out, const struct aws_request *req, const struct aws_credential *c,
		    struct http_reply *reply, struct err *err)
{
	AUTO(refusal_free) struct refusal why = { 0 };
	AUTO(auto_free) char *code = NULL;
	AUTO(auto_free) char *text = NULL;

	read_refusal(&why, reply);
	code = why.code ? str_printable(why.code, strlen(why.code), 100) : mem_strdup("");
	text = why.text ? str_printable(why.text, strlen(why.text), 300) : mem_strdup("");
	err_set(err, kind_of(why.code, reply->status), "AWS %s in %s: HTTP %d%s%s%s%s",
		req->service, req->region, reply->status, *code ? " " : "", code, *text ? ": " : "",
		text);
	if (why.region && !str_eq(why.region, req->region)) {
		AUTO(auto_free) char *region = str_printable(why.region, strlen(why.region), 64);

		err_hint(err, "it is in the region %s: --region %s", region, region);
	} else if (err->code == E_AUTH) {
		err_hint(err, "the credential is that of %s; `rtbuild auth explain` says more",
			 c->where);
	}
	*code_out = STEAL(why.code);
	return false;
}

/* --- sending --- */

static void add_headers(struct http_request *out, const struct aws_credential *c,
			const struct aws_request *req)
{
	size_t count = 0;

	out->headers[count++] = (struct http_header){ "X-Amz-Security-Token", c->session };
	if (req->content_type)
		out->headers[count++] = (struct http_header){ "Content-Type", req->content_type };
	for (size_t i = 0; i < ARRAY_LEN(req->headers) && req->headers[i].name; i++)
		out->headers[count++] = req->headers[i];
}

static bool make_url(struct url *out, const struct aws_request *req, struct err *err)
{
	AUTO(url_free) struct url base = { 0 };
	AUTO(auto_free) char *text = NULL;
	AUTO(auto_free) char *whole = NULL;
	size_t len;

	if (!aws_endpoint(&base, req->override, req->endpoint, err))
		return false;
	text = url_text(&base);
	len = strlen(text);
	while (len && text[len - 1] == '/')
		len--;
	whole = mem_printf("%.*s%s", (int)len, text, req->path);
	return url_parse(out, whole, err);
}

/* Some services say "slow down" with a 400, which nobody would repeat by its status. */
static bool is_throttled(const struct http_reply *reply)
{
	static const char *const codes[] = { "ThrottlingException", "Throttling",
					     "RequestLimitExceeded", "TooManyRequestsException" };
	AUTO(auto_free) char *code = code_of(http_header(reply, "x-amzn-errortype", 0));

	for (size_t i = 0; code && reply->status == 400 && i < ARRAY_LEN(codes); i++)
		if (str_eq(code, codes[i]))
			return true;
	return false;
}

static bool send(struct http_reply *out, struct http *http, const struct aws_credential *c,
		 const struct aws_request *req, const struct url *url, struct err *err)
{
	char hash[2 * SHA256_SIZE + 1];
	struct http_sign sign = {
		.region = req->region, .service = req->service, .key = c->key, .secret = c->secret
	};
	struct http_request request = {
		.method = req->method,
		.url = url,
		.body = req->body,
		.body_size = req->body_size,
		.sign = &sign,
	};

	if (req->body) {
		hex_format(hash, req->body_hash, sizeof(req->body_hash));
		sign.body_hash = hash;
	}
	add_headers(&request, c, req);
	for (unsigned attempt = 1;; attempt++) {
		if (!http_send(out, http, &request, err))
			return false;
		if (attempt > LIMIT_RETRIES || !is_throttled(out))
			return true;
		if (!http_wait(http, attempt, out, err))
			return false;
		http_reply_free(out);
		if (req->body && !req->body->rewind(req->body, err))
			return false;
	}
}

bool aws_send(struct http_reply *out, char **code_out, struct http *http,
	      const struct aws_credential *c, const struct aws_request *req, struct err *err)
{
	AUTO(url_free) struct url url = { 0 };

	*code_out = NULL;
	*out = (struct http_reply){ 0 };
	if (!make_url(&url, req, err))
		return false;
	if (!send(out, http, c, req, &url, err))
		return err_wrap(err, "AWS %s", req->service);
	if (out->status >= 200 && out->status < 300)
		return true;
	refused(code_out, req, c, out, err);
	http_reply_free(out);
	return false;
}

bool aws_user_id(char **out, struct http *http, const struct aws_credential *c, const char *region,
		 struct err *err)
{
	static const char form[] = "Action=GetCallerIdentity&Version=2011-06-15";
	AUTO(auto_free)
	char *usual = mem_printf("https://sts.%s.amazonaws.com%s", region, aws_domain_end(region));
	AUTO(auto_source_close) struct source *body = source_mem(form, sizeof(form) - 1);
	AUTO(http_reply_free) struct http_reply reply = { 0 };
	AUTO(buf_free) struct buf answer = BUF_INIT(LIMIT_TOKEN_ANSWER);
	AUTO(auto_free) char *code = NULL;
	struct aws_request req = { .service = "sts",
				   .region = region,
				   .endpoint = usual,
				   .override = "STS",
				   .method = "POST",
				   .path = "/",
				   .content_type = "application/x-www-form-urlencoded",
				   .body = body,
				   .body_size = sizeof(form) - 1 };

	sha256_of(req.body_hash, form, sizeof(form) - 1);
	if (!aws_send(&reply, &code, http, c, &req, err) ||
	    !http_read(&answer, &reply, LIMIT_TOKEN_ANSWER, "the answer of STS", err))
		return false;
	*out = element(answer.ptr, "UserId");
	return *out || err_set(err, E_NETWORK, "the answer of STS names no user");
}
