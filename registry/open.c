// SPDX-License-Identifier: Apache-2.0
#include "registry/registry.h"

#include "base/mem.h"
#include "registry/client.h"
#include "registry/standby.h"
#include "registry/stream.h"

/* The life of a registry client. Its requests are in client.c. */

bool registry_open(struct registry **out, const struct registry_options *opt, struct err *err)
{
	struct registry *r = mem_alloc(sizeof(*r));

	(void)err; /* what can fail is left for the first request */
	r->events = opt->events;
	r->authfile = opt->authfile ? mem_strdup(opt->authfile) : NULL;
	r->fallback = opt->fallback;
	r->fallback_self = opt->fallback_self;
	r->plain_http = opt->plain_http;
	r->insecure = opt->insecure;
	r->create_repositories = opt->create_repositories;
	r->foreign_layers = opt->foreign_layers;
	for (size_t i = 0; opt->trusted_realms && i < opt->trusted_realms->len; i++)
		str_list_push(&r->trusted_realms, opt->trusted_realms->items[i]);
	r->store = opt->store;
	r->chunk_size = opt->chunk_size;
	r->http = http_open(&(struct http_options){ .events = opt->events,
						    .ca_file = opt->ca_file,
						    .insecure = opt->insecure,
						    .trace = opt->trace });
	r->hosts.free_value = host_free;
	r->blobs.free_value = free;
	lock_init(&r->lock);
	cond_init(&r->found);
	turns_init(&r->moving);
	r->placed = (struct map)MAP_TEXT;
	r->planned_tags = (struct map)MAP_TEXT;
	*out = r;
	return true;
}

void registry_close(struct registry *r)
{
	if (!r)
		return;
	standby_close(r);
	streams_close(r);
	http_close(r->http);
	map_free(&r->hosts);
	map_free(&r->credentials);
	map_free(&r->finding);
	cond_free(&r->found);
	map_free(&r->blobs);
	map_free(&r->warned);
	map_free(&r->placed);
	map_free(&r->planned);
	map_free(&r->planned_tags);
	turns_free(&r->moving);
	map_free(&r->dead_mirrors);
	registries_free(&r->registries);
	for (size_t i = 0; i < r->logins.len; i++) {
		credential_free(&r->logins.items[i]->credential);
		free(r->logins.items[i]->where);
		free(r->logins.items[i]->host);
		free(r->logins.items[i]);
	}
	free(r->logins.items);
	str_list_free(&r->trusted_realms);
	lock_free(&r->lock);
	free(r->authfile);
	free(r);
}

void registry_expect_push(struct registry *r, const struct reference *ref)
{
	client_expect(r, ref, ACCESS_PUSH);
}
