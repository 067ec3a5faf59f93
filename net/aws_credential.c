// SPDX-License-Identifier: Apache-2.0
#include <string.h>
#include <strings.h>

#include "base/env.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "net/aws.h"
#include "net/aws_process.h"
#include "net/aws_profile.h"

/* The sources of AWS credentials, in the order of the SDKs. What is done with one is aws.c's. */

enum { ROLE_CHAIN_MAX = 5 }; /* roles assumed by roles: more is a circle */

static void wipe_text(char **text)
{
	if (*text)
		explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

static void wipe_buf(struct buf *b)
{
	if (b->cap)
		explicit_bzero(b->ptr, b->cap);
	buf_free(b);
}

void aws_credential_free(struct aws_credential *c)
{
	wipe_text(&c->key);
	wipe_text(&c->secret);
	wipe_text(&c->session);
	free(c->where);
	c->where = NULL;
}

static void take(struct aws_credential *out, const char *key, const char *secret,
		 const char *session, const char *where)
{
	*out = (struct aws_credential){ .key = mem_strdup(key),
					.secret = mem_strdup(secret),
					.session =
						session && session[0] ? mem_strdup(session) : NULL,
					.where = mem_strdup(where) };
}

/* --- environment --- */

static bool from_environment(struct aws_credential *out, struct err *err)
{
	const char *key = env_get("AWS_ACCESS_KEY_ID"), *secret = env_get("AWS_SECRET_ACCESS_KEY");

	if (!key && !secret)
		return true;
	if (!key || !secret)
		return err_set(err, E_INPUT, "$%s is set and $%s is not",
			       key ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
			       key ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
	take(out, key, secret, env_get("AWS_SESSION_TOKEN"), "$AWS_ACCESS_KEY_ID");
	return true;
}

/* --- documents that hold credentials --- */

/* GET (or PUT) of a metadata service: text on 200. */
static bool fetch(struct buf *out, struct http *http, const char *method, const char *address,
		  const char *header, const char *value, struct err *err)
{
	AUTO(url_free) struct url url = { 0 };
	AUTO(http_reply_free) struct http_reply reply = { 0 };
	struct http_request req = {
		.method = method, .url = &url, .headers = { { header, value } }, .direct = true
	};

	if (!url_parse(&url, address, err) || !http_send(&reply, http, &req, err))
		return false;
	if (reply.status != 200) {
		AUTO(auto_free) char *shown = url_shown(&url);

		return err_set(err, E_NETWORK, "%s: HTTP %d", shown, reply.status);
	}
	return http_read(out, &reply, LIMIT_TOKEN_ANSWER, "the answer", err);
}

/* {"AccessKeyId", "SecretAccessKey", "Token"}, as container and instance metadata answer. */
static bool take_document(struct aws_credential *out, const struct buf *text, const char *where,
			  struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = NULL;
	const char *key, *secret;
	struct err why = { 0 };

	if (!json_parse(&doc, text->ptr, text->len, "the answer", &why))
		return err_set(err, E_NETWORK, "%s", why.msg);
	key = json_text_member(doc, "AccessKeyId");
	secret = json_text_member(doc, "SecretAccessKey");
	if (!key || !secret)
		return err_set(err, E_NETWORK, "the answer holds no AccessKeyId");
	take(out, key, secret, json_text_member(doc, "Token"), where);
	return true;
}

/* --- STS --- */

static void add_form(struct buf *form, const char *name, const char *value)
{
	buf_putf(form, "%s%s=", form->len ? "&" : "", name);
	buf_put_urlencoded(form, value);
}

/* The text of the first <name> element; STS's query protocol answers a flat list of them. */
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

static bool take_xml(struct aws_credential *out, const char *xml, const char *where,
		     struct err *err)
{
	char *key = element(xml, "AccessKeyId"), *secret = element(xml, "SecretAccessKey");
	char *session = element(xml, "SessionToken");
	bool ok = key && secret && session;

	if (ok)
		take(out, key, secret, session, where);
	else
		err_set(err, E_NETWORK, "the answer of STS holds no credential");
	wipe_text(&key);
	wipe_text(&secret);
	wipe_text(&session);
	return ok;
}

static bool sts_refused(int status, const char *xml, const char *where, struct err *err)
{
	AUTO(auto_free) char *code = element(xml, "Code");
	AUTO(auto_free) char *text = element(xml, "Message");
	AUTO(auto_free) char *shown = str_printable(text ? text : "", text ? strlen(text) : 0, 300);
	AUTO(auto_free) char *name = str_printable(code ? code : "", code ? strlen(code) : 0, 100);

	err_set(err, status >= 500 ? E_NETWORK : E_AUTH, "AWS STS: HTTP %d %s: %s", status, name,
		shown);
	return err_hint(err, "the role is that of %s", where);
}

/* A form to STS, signed by `by` unless it is NULL. */
static bool ask_sts(struct aws_credential *out, struct http *http, const char *region,
		    struct buf *form, const struct aws_credential *by, const char *where,
		    struct err *err)
{
	AUTO(url_free) struct url url = { 0 };
	AUTO(http_reply_free) struct http_reply reply = { 0 };
	AUTO(wipe_buf) struct buf answer = BUF_INIT(LIMIT_TOKEN_ANSWER);
	AUTO(auto_source_close) struct source *body = source_mem(form->ptr, form->len);
	AUTO(auto_free)
	char *usual = mem_printf("https://sts.%s.amazonaws.com%s", region,
				 str_has_prefix(region, "cn-") ? ".cn" : "");
	struct http_sign sign = { .region = region, .service = "sts" };
	struct http_request req = {
		.method = "POST",
		.url = &url,
		.headers = { { "Content-Type", "application/x-www-form-urlencoded" } },
		.body = body,
		.body_size = form->len,
	};

	if (by) {
		sign.key = by->key;
		sign.secret = by->secret;
		req.headers[1] = (struct http_header){ "X-Amz-Security-Token", by->session };
		req.sign = &sign;
	}
	if (!aws_endpoint(&url, "STS", usual, err) || !http_send(&reply, http, &req, err) ||
	    !http_read(&answer, &reply, LIMIT_TOKEN_ANSWER, "the answer of STS", err))
		return err_wrap(err, "%s", where);
	if (reply.status != 200)
		return sts_refused(reply.status, answer.ptr, where, err);
	return take_xml(out, answer.ptr, where, err);
}

static void begin_form(struct buf *form, const char *action, const char *role, const char *session)
{
	add_form(form, "Action", action);
	add_form(form, "Version", "2011-06-15");
	add_form(form, "RoleArn", role);
	add_form(form, "RoleSessionName", session ? session : "rtbuild");
}

static bool web_identity(struct aws_credential *out, struct http *http, const char *region,
			 const char *role, const char *session, const char *token_file,
			 const char *where, struct err *err)
{
	AUTO(wipe_buf) struct buf token = BUF_INIT(LIMIT_PASSWORD);
	AUTO(wipe_buf) struct buf form = BUF_INIT(SIZE_MAX);

	if (!role)
		return err_set(err, E_INPUT, "%s: a web identity token without a role", where);
	if (!fs_read_path(&token, token_file, LIMIT_PASSWORD, err))
		return err_wrap(err, "%s", where);
	while (token.len && strchr("\r\n \t", token.ptr[token.len - 1]))
		token.ptr[--token.len] = '\0';
	begin_form(&form, "AssumeRoleWithWebIdentity", role, session);
	add_form(&form, "WebIdentityToken", token.ptr);
	return ask_sts(out, http, region, &form, NULL, where, err);
}

static bool from_web_identity(struct aws_credential *out, struct http *http, const char *region,
			      struct err *err)
{
	const char *file = env_get("AWS_WEB_IDENTITY_TOKEN_FILE");

	return !file || web_identity(out, http, region, env_get("AWS_ROLE_ARN"),
				     env_get("AWS_ROLE_SESSION_NAME"), file,
				     "$AWS_WEB_IDENTITY_TOKEN_FILE", err);
}

/* --- containers --- */

/* Plain HTTP only to the addresses that stand for this very machine's agent. */
static bool is_agent(const struct url *u)
{
	return u->https || url_reach(u) == URL_LOOPBACK || str_eq(u->host, "169.254.170.2") ||
	       str_eq(u->host, "169.254.170.23") || str_eq(u->host, "[fd00:ec2::23]");
}

static bool from_container(struct aws_credential *out, struct http *http, struct err *err)
{
	const char *relative = env_get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full = env_get("AWS_CONTAINER_CREDENTIALS_FULL_URI");
	const char *file = env_get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *token = env_get("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	AUTO(wipe_buf) struct buf from_file = BUF_INIT(LIMIT_PASSWORD);
	AUTO(wipe_buf) struct buf answer = BUF_INIT(LIMIT_TOKEN_ANSWER);
	AUTO(url_free) struct url url = { 0 };
	AUTO(auto_free) char *address = NULL;

	if (!relative && !full)
		return true;
	address = relative ? mem_printf("http://169.254.170.2%s", relative) : mem_strdup(full);
	if (!url_parse(&url, address, err))
		return err_wrap(err, "$AWS_CONTAINER_CREDENTIALS_*_URI");
	if (!is_agent(&url))
		return err_set(err, E_INPUT,
			       "$AWS_CONTAINER_CREDENTIALS_FULL_URI: plain HTTP to %s", url.host);
	if (!relative && file) {
		if (!fs_read_path(&from_file, file, LIMIT_PASSWORD, err))
			return err_wrap(err, "$AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
		token = from_file.ptr;
	}
	return (fetch(&answer, http, "GET", address, "Authorization", token, err) &&
		take_document(out, &answer, "the container's credentials", err)) ||
	       err_wrap(err, "the container's AWS credentials");
}

/* --- the instance --- */

/* The firmware of EC2's virtual machines says so; asking the address elsewhere would cost seconds
 * and tell strangers that we look for credentials. */
static bool is_ec2(void)
{
	AUTO(buf_free) struct buf vendor = BUF_INIT(4 * KIB);
	struct err ignored = { 0 };

	return fs_read_path(&vendor, "/sys/class/dmi/id/sys_vendor", 4 * KIB, &ignored) &&
	       strncmp(vendor.ptr, "Amazon EC2", 10) == 0;
}

static bool ask_instance(struct aws_credential *out, struct http *http, const char *service,
			 struct err *err)
{
	AUTO(wipe_buf) struct buf token = BUF_INIT(LIMIT_PASSWORD);
	AUTO(buf_free) struct buf role = BUF_INIT(4 * KIB);
	AUTO(wipe_buf) struct buf answer = BUF_INIT(LIMIT_TOKEN_ANSWER);
	AUTO(auto_free) char *token_url = mem_printf("%s/latest/api/token", service);
	AUTO(auto_free)
	char *roles = mem_printf("%s/latest/meta-data/iam/security-credentials/", service);
	AUTO(auto_free) char *url = NULL;

	if (!fetch(&token, http, "PUT", token_url, "X-aws-ec2-metadata-token-ttl-seconds", "300",
		   err) ||
	    !fetch(&role, http, "GET", roles, "X-aws-ec2-metadata-token", token.ptr, err))
		return false;
	url = mem_printf("%s%.*s", roles, (int)strcspn(role.ptr, "\r\n"), role.ptr);
	return fetch(&answer, http, "GET", url, "X-aws-ec2-metadata-token", token.ptr, err) &&
	       take_document(out, &answer, "the instance's role", err);
}

static bool from_instance(struct aws_credential *out, struct http *http, struct err *err)
{
	const char *disabled = env_get("AWS_EC2_METADATA_DISABLED");
	const char *named = env_get("AWS_EC2_METADATA_SERVICE_ENDPOINT");
	AUTO(auto_free) char *service = mem_strdup(named ? named : "http://169.254.169.254");
	size_t len = strlen(service);

	if ((disabled && strcasecmp(disabled, "true") == 0) || (!named && !is_ec2()))
		return true;
	while (len && service[len - 1] == '/')
		service[--len] = '\0';
	return ask_instance(out, http, service, err) ||
	       err_wrap(err, "the AWS credentials of this instance");
}

/* --- profiles --- */

static bool from_profile(struct aws_credential *out, struct http *http, const char *region,
			 const char *name, bool named, int depth, struct err *err);

static bool from_credential_source(struct aws_credential *out, struct http *http, const char *name,
				   const char *where, struct err *err)
{
	bool ok;

	if (strcasecmp(name, "Environment") == 0)
		ok = from_environment(out, err);
	else if (strcasecmp(name, "EcsContainer") == 0)
		ok = from_container(out, http, err);
	else if (strcasecmp(name, "Ec2InstanceMetadata") == 0)
		ok = from_instance(out, http, err);
	else
		return err_set(err, E_INPUT, "%s: credential_source '%s' is not known", where,
			       name);
	return ok && (out->key || err_set(err, E_AUTH, "%s: credential_source %s has no credential",
					  where, name));
}

static bool assume_role(struct aws_credential *out, struct http *http, const char *region,
			const struct aws_profile *p, const char *name, int depth, struct err *err)
{
	AUTO(aws_credential_free) struct aws_credential by = { 0 };
	AUTO(wipe_buf) struct buf form = BUF_INIT(SIZE_MAX);
	const char *source = aws_profile_get(p, "source_profile");
	const char *kind = aws_profile_get(p, "credential_source");
	const char *external = aws_profile_get(p, "external_id");

	if (depth == ROLE_CHAIN_MAX)
		return err_set(err, E_INPUT, "%s: more than %d roles assume each other", p->where,
			       ROLE_CHAIN_MAX);
	if (aws_profile_get(p, "mfa_serial")) {
		err_set(err, E_UNSUPPORTED, "%s wants a code of a device (mfa_serial)", p->where);
		return err_hint(err, "eval \"$(aws configure export-credentials --format env)\"");
	}
	if (!source && !kind)
		return err_set(err, E_INPUT,
			       "%s: role_arn without source_profile or credential_source",
			       p->where);
	if (source && str_eq(source, name)) { /* its own keys assume the role */
		const char *key = aws_profile_get(p, "aws_access_key_id");
		const char *secret = aws_profile_get(p, "aws_secret_access_key");

		if (!key || !secret)
			return err_set(err, E_INPUT, "%s: the profile is its own source", p->where);
		take(&by, key, secret, aws_profile_get(p, "aws_session_token"), p->where);
	} else if (!(source ? from_profile(&by, http, region, source, true, depth + 1, err)
			    : from_credential_source(&by, http, kind, p->where, err))) {
		return false;
	}
	begin_form(&form, "AssumeRole", aws_profile_get(p, "role_arn"),
		   aws_profile_get(p, "role_session_name"));
	if (external)
		add_form(&form, "ExternalId", external);
	return ask_sts(out, http, region, &form, &by, p->where, err);
}

/* Ways to a credential that need a browser. */
static bool check_supported(const struct aws_profile *p, struct err *err)
{
	static const char *const others[] = { "sso_session", "sso_start_url", "login_session" };

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (aws_profile_get(p, others[i])) {
			err_set(err, E_UNSUPPORTED, "%s gets its credential by %s", p->where,
				others[i]);
			return err_hint(
				err, "eval \"$(aws configure export-credentials --format env)\"");
		}
	return true;
}

static bool use_profile(struct aws_credential *out, struct http *http, const char *region,
			const struct aws_profile *p, const char *name, int depth, struct err *err)
{
	const char *key = aws_profile_get(p, "aws_access_key_id");
	const char *secret = aws_profile_get(p, "aws_secret_access_key");
	const char *role = aws_profile_get(p, "role_arn");
	const char *token_file = aws_profile_get(p, "web_identity_token_file");
	const char *process = aws_profile_get(p, "credential_process");

	if (role && token_file)
		return web_identity(out, http, region, role,
				    aws_profile_get(p, "role_session_name"), token_file, p->where,
				    err);
	if (role)
		return assume_role(out, http, region, p, name, depth, err);
	if (!key != !secret)
		return err_set(err, E_INPUT,
			       "%s: a key needs both aws_access_key_id and "
			       "aws_secret_access_key",
			       p->where);
	if (!key && process)
		return aws_process_credential(out, process, p->where, err);
	if (!key)
		return check_supported(p, err);
	take(out, key, secret, aws_profile_get(p, "aws_session_token"), p->where);
	return true;
}

static bool from_profile(struct aws_credential *out, struct http *http, const char *region,
			 const char *name, bool named, int depth, struct err *err)
{
	AUTO(aws_profile_free) struct aws_profile p = { 0 };

	if (!aws_profile_read(&p, name, err))
		return false;
	if (p.where && !use_profile(out, http, region, &p, name, depth, err))
		return false;
	if (named && !out->key)
		return err_set(err, E_AUTH, "the AWS profile '%s' %s", name,
			       p.where ? "has no credential" : "is in none of the files");
	return true;
}

bool aws_credential_find(struct aws_credential *out, struct http *http, const char *region,
			 struct err *err)
{
	const char *profile = env_get("AWS_PROFILE");

	*out = (struct aws_credential){ 0 };
	return from_environment(out, err) &&
	       (out->key || from_web_identity(out, http, region, err)) &&
	       (out->key || from_profile(out, http, region, profile ? profile : "default",
					 profile != NULL, 0, err)) &&
	       (out->key || from_container(out, http, err)) &&
	       (out->key || from_instance(out, http, err));
}
