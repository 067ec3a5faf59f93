// SPDX-License-Identifier: Apache-2.0
#include "registry/realm.h"

#include <libpsl.h>
#include <string.h>

#include "base/dynlib.h"
#include "base/parallel.h"

/* The rule of where credentials go, and nothing else. */

static struct psl {
	__typeof__(&psl_builtin) builtin;
	__typeof__(&psl_registrable_domain) registrable_domain;
} psl;
static const struct dynlib_symbol psl_symbols[] = {
	{ "psl_builtin", offsetof(struct psl, builtin) },
	{ "psl_registrable_domain", offsetof(struct psl, registrable_domain) },
	{ 0 },
};

/* NULL without the library: then nothing is shared but equal names. */
static const psl_ctx_t *public_suffixes(void)
{
	static struct lock once = LOCK_INIT;
	static bool tried;
	static const psl_ctx_t *list;
	const psl_ctx_t *found;
	struct err err = { 0 };

	lock_take(&once);
	if (!tried && dynlib_load(&psl, "libpsl.so.5", psl_symbols, "libpsl5", &err))
		list = psl.builtin();
	tried = true;
	found = list;
	lock_drop(&once);
	return found;
}

static bool share_domain(const char *a, const char *b)
{
	const psl_ctx_t *list = public_suffixes();
	const char *domain_a = list ? psl.registrable_domain(list, a) : NULL;
	const char *domain_b = list ? psl.registrable_domain(list, b) : NULL;

	return domain_a && domain_b && strchr(domain_a, '.') && str_eq(domain_a, domain_b);
}

bool realm_may_ask(const struct url *realm, const struct url *registry)
{
	enum url_reach near = url_reach(realm), far = url_reach(registry);

	if (!realm->https && registry->https)
		return false;
	if (str_eq(realm->host, registry->host))
		return true;
	return near <= far || (near == URL_PRIVATE && !url_is_address(registry));
}

bool realm_may_send(const struct url *realm, const struct url *registry,
		    const struct str_list *trusted)
{
	if (!realm_may_ask(realm, registry))
		return false;
	if (str_eq(realm->host, registry->host))
		return true;
	/* Two names of this very machine are one host. */
	if (url_reach(realm) == URL_LOOPBACK && url_reach(registry) == URL_LOOPBACK)
		return true;
	if (!realm->https || url_is_address(realm) || url_reach(realm) != URL_PUBLIC)
		return false;
	return (trusted && str_list_has(trusted, realm->host)) ||
	       (!url_is_address(registry) && share_domain(realm->host, registry->host));
}
