/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Five small HTTP servers on the loopback interface, for a run that needs no network. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _FetchServers FetchServers;

FetchServers *fetch_servers_start (GError       **error);
void          fetch_servers_stop  (FetchServers  *self);

char        **fetch_servers_dup_urls (FetchServers *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FetchServers, fetch_servers_stop)

G_END_DECLS
