// SPDX-License-Identifier: Apache-2.0
#include "registry/gar.h"

#include <string.h>

#include "base/clock.h"
#include "base/env.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "registry/oauth.h"

/* Access tokens of Google. What a registry does with one is token.c's. */

bool gar_is_host(const char *host)
{
	return str_eq(host, "gcr.io") || str_has_suffix(host, ".gcr.io") ||
	       str_has_suffix(host, ".pkg.dev");
}

/* What registries take it as. */
static bool ask(struct credential *out, struct http *http, const struct http_request *req,
		const struct buf *form, struct err *err)
{
	if (!oauth_ask(&out->password, http, req, form, "access_token", err))
		return false;
	out->user = mem_strdup("oauth2accesstoken");
	return true;
}

/* --- key files --- */

static void put_base64url(struct buf *out, const void *data, size_t len)
{
	char *text = str_base64_encode(data, len);

	for (char *c = text; *c && *c != '='; c++)
		buf_put_byte(out, *c == '+' ? '-' : *c == '/' ? '_' : (unsigned char)*c);
	secret_free(&text);
}

static void put_part(struct buf *out, json_t *part)
{
	size_t len;
	char *text = json_text(part, &len);

	put_base64url(out, text, len);
	secret_free(&text);
	json_decref(part);
}

/* A JWT by which the service account asks for a token. */
static bool make_assertion(struct buf *out, json_t *key, const char *endpoint, struct err *err)
{
	AUTO(secret_buf_free) struct buf signature = BUF_INIT(SIZE_MAX);
	const char *pem = json_text_member(key, "private_key");
	const char *email = json_text_member(key, "client_email");
	const char *id = json_text_member(key, "private_key_id");
	json_t *head = json_pack("{s:s, s:s}", "alg", "RS256", "typ", "JWT");
	int64_t now = clock_wall();

	if (id)
		json_object_set_new(head, "kid", json_string(id));
	put_part(out, head);
	buf_put(out, ".");
	put_part(out, json_pack("{s:s, s:s, s:s, s:I, s:I}", "iss", email ? email : "", "scope",
				"https://www.googleapis.com/auth/cloud-platform", "aud", endpoint,
				"iat", (json_int_t)now, "exp", (json_int_t)now + 3600));
	if (!pem || !email || !sign_rs256(&signature, pem, out->ptr, out->len))
		return err_set(err, E_INPUT, "no client_email and RSA private_key in it");
	buf_put(out, ".");
	put_base64url(out, signature.ptr, signature.len);
	return true;
}

static bool service_account_form(struct buf *form, json_t *key, const char *endpoint,
				 struct err *err)
{
	AUTO(secret_buf_free) struct buf assertion = BUF_INIT(SIZE_MAX);

	if (!make_assertion(&assertion, key, endpoint, err))
		return false;
	oauth_add(form, "grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
	oauth_add(form, "assertion", assertion.ptr);
	return true;
}

static bool user_form(struct buf *form, json_t *key, const char *endpoint, struct err *err)
{
	static const char *const members[] = { "client_id", "client_secret", "refresh_token" };

	(void)endpoint;
	oauth_add(form, "grant_type", "refresh_token");
	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		const char *value = json_text_member(key, members[i]);

		if (!value)
			return err_set(err, E_INPUT, "no %s in it", members[i]);
		oauth_add(form, members[i], value);
	}
	return true;
}

static const struct {
	const char *type;
	bool (*form)(struct buf *form, json_t *key, const char *endpoint, struct err *err);
} kinds[] = { { "service_account", service_account_form }, { "authorized_user", user_form } };

static bool make_form(struct buf *form, json_t *key, const char *endpoint, struct err *err)
{
	const char *type = json_text_member(key, "type");

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (type && str_eq(kinds[i].type, type))
			return kinds[i].form(form, key, endpoint, err);
	err_set(err, E_UNSUPPORTED, "a credential of type '%s'", type ? type : "");
	return err_hint(err, "rtbuild login -u oauth2accesstoken --password-stdin HOST, fed by "
			     "`gcloud auth print-access-token`");
}

static bool ask_endpoint(struct credential *out, struct http *http, json_t *key, struct err *err)
{
	const char *named = json_text_member(key, "token_uri");
	const char *endpoint = named ? named : "https://oauth2.googleapis.com/token";
	AUTO(secret_buf_free) struct buf form = BUF_INIT(SIZE_MAX);
	AUTO(url_free) struct url url = { 0 };
	const struct http_request req = { .method = "POST", .url = &url };

	if (!url_parse(&url, endpoint, err))
		return err_wrap(err, "token_uri");
	return oauth_check_plain(&url, "token_uri", err) && make_form(&form, key, endpoint, err) &&
	       ask(out, http, &req, &form, err);
}

static bool from_file(struct credential *out, char **where_out, struct http *http, struct err *err)
{
	const char *named = env_get("GOOGLE_APPLICATION_CREDENTIALS");
	const char *config = env_get("CLOUDSDK_CONFIG");
	static const char usual[] = "application_default_credentials.json";
	AUTO(auto_free)
	char *path = named    ? mem_strdup(named)
		     : config ? mem_printf("%s/%s", config, usual)
			      : mem_printf("%s/.config/gcloud/%s", env_home(), usual);
	AUTO(secret_buf_free) struct buf text = BUF_INIT(LIMIT_SETTINGS_FILE);
	AUTO(auto_json_decref) json_t *key = NULL;
	struct err why = { 0 };

	if (!fs_read_path(&text, path, LIMIT_SETTINGS_FILE, &why)) {
		if (!named && why.code == E_NOT_FOUND)
			return true;
		*err = why;
		return err_wrap(err, "Google credentials");
	}
	if (!json_parse(&key, text.ptr, text.len, path, err))
		return false;
	if (!ask_endpoint(out, http, key, err))
		return err_wrap(err, "%s", path);
	*where_out = mem_printf("Google, %s", path);
	return true;
}

/* --- Google's machines --- */

static bool is_google(void)
{
	AUTO(buf_free) struct buf name = BUF_INIT(4 * KIB);
	struct err ignored = { 0 };

	return fs_read_path(&name, "/sys/class/dmi/id/product_name", 4 * KIB, &ignored) &&
	       strncmp(name.ptr, "Google", 6) == 0;
}

static bool from_machine(struct credential *out, char **where_out, struct http *http,
			 struct err *err)
{
	const char *named = env_get("GCE_METADATA_HOST");
	AUTO(auto_free)
	char *address =
		mem_printf("http://%s/computeMetadata/v1/instance/service-accounts/default/token",
			   named ? named : "metadata.google.internal");
	AUTO(url_free) struct url url = { 0 };
	const struct http_request req = { .method = "GET",
					  .url = &url,
					  .headers = { { "Metadata-Flavor", "Google" } },
					  .direct = true };

	if (!named && !is_google())
		return true;
	if (!url_parse(&url, address, err) || !ask(out, http, &req, NULL, err))
		return err_wrap(err, "the service account of this machine");
	*where_out = mem_strdup("Google, the service account of this machine");
	return true;
}

bool gar_login(struct credential *out, char **where_out, struct http *http, const char *host,
	       struct events *events, struct err *err)
{
	*out = (struct credential){ 0 };
	*where_out = NULL;
	if (!from_file(out, where_out, http, err) ||
	    (!*where_out && !from_machine(out, where_out, http, err)))
		return err_wrap(err, "login to %s", host);
	if (!*where_out)
		event_detail(events,
			     "%s: no Google credential in the environment, of gcloud or of "
			     "this machine",
			     host);
	return true;
}
