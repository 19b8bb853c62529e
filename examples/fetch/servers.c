/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Five SoupServers, each on a free port of the loopback interface and each with one page, all in one thread with a
 * main context of its own. They differ in how long they think, how much they send, how fast, and whether they say
 * beforehand how much it will be.
 *
 * The starting thread learns the URLs through a promise: a CfFuture that the servers' thread settles when all of
 * them listen, or one cannot.
 *
 *   main thread       fetch_servers_start()                                     fetch_servers_stop()
 *                            │ starts            ▲ future: the URLs                      │ wakes, joins
 *   servers' thread          └── listen ─────────┘── iterate the context, answer … ──────┘
 *
 * An answer is sent in pieces: the timer of each piece appends it to the body and lets the message go on;
 * libsoup pauses the message when it has sent what there is.
 */

#include "servers.h"

#include <stdatomic.h>

#include <cfutures.h>
#include <libsoup/soup.h>

#define PIECE_INTERVAL_MSEC 50

typedef struct
{
  const char *path;
  guint       delay_msec;
  guint       n_pieces;
  gsize       piece_size;
  gboolean    has_length;   /* with Content-Length, or else chunked */
} Page;

static const Page pages[] =
{
  { "/quick",     50,  1,  16000, TRUE  },
  { "/steady",   200, 15,  64000, TRUE  },
  { "/chunked",  300, 12,  40000, FALSE },
  { "/thinker", 1000,  1, 100000, FALSE },
  { "/large",    100, 20, 500000, TRUE  },
};

struct _FetchServers
{
  GThread      *thread;
  GMainContext *context;
  CfFuture     *urls;       /* as, settled by the thread */
  atomic_bool   stopping;
};

/* An answer that is being sent. It belongs to its message, and goes with it. */
typedef struct
{
  SoupServerMessage *message;
  const Page        *page;
  guint              n_sent;
  GSource           *timer;
} Answer;

static void schedule_piece (Answer *answer,
                            guint   delay_msec);

static gboolean
on_piece_due (gpointer user_data)
{
  Answer *answer = user_data;
  SoupMessageBody *body = soup_server_message_get_response_body (answer->message);

  g_clear_pointer (&answer->timer, g_source_unref);

  soup_message_body_append_take (body, g_malloc0 (answer->page->piece_size), answer->page->piece_size);
  answer->n_sent++;

  if (answer->n_sent < answer->page->n_pieces)
    schedule_piece (answer, PIECE_INTERVAL_MSEC);
  else
    soup_message_body_complete (body);

  soup_server_message_unpause (answer->message);

  return G_SOURCE_REMOVE;
}

static void
schedule_piece (Answer *answer,
                guint   delay_msec)
{
  answer->timer = g_timeout_source_new (delay_msec);
  g_source_set_callback (answer->timer, on_piece_due, answer, NULL);
  g_source_attach (answer->timer, g_main_context_get_thread_default ());
}

static void
on_finished (SoupServerMessage *message,
             gpointer           user_data)
{
  Answer *answer = user_data;

  if (answer->timer != NULL)
    {
      g_source_destroy (answer->timer);
      g_source_unref (answer->timer);
    }

  g_free (answer);
}

static void
on_request (SoupServer        *server,
            SoupServerMessage *message,
            const char        *path,
            GHashTable        *query,
            gpointer           user_data)
{
  const Page *page = user_data;
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  Answer *answer;

  if (soup_server_message_get_method (message) != SOUP_METHOD_GET)
    {
      soup_server_message_set_status (message, SOUP_STATUS_METHOD_NOT_ALLOWED, NULL);
      return;
    }

  answer = g_new0 (Answer, 1);
  answer->message = message;
  answer->page = page;
  g_signal_connect (message, "finished", G_CALLBACK (on_finished), answer);

  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_message_headers_set_content_type (headers, "application/octet-stream", NULL);
  soup_message_body_set_accumulate (soup_server_message_get_response_body (message), FALSE);

  if (page->has_length)
    soup_message_headers_set_content_length (headers, page->n_pieces * page->piece_size);
  else
    soup_message_headers_set_encoding (headers, SOUP_ENCODING_CHUNKED);

  soup_server_message_pause (message);
  schedule_piece (answer, page->delay_msec);
}

/* Returns the server, whose page is at the URL that is added to `urls`. */
static SoupServer *
listen_for (const Page       *page,
            GVariantBuilder  *urls,
            GError          **error)
{
  g_autoptr(SoupServer) server = soup_server_new ("server-header", "cf-fetch ", NULL);
  g_autoslist(GUri) uris = NULL;

  soup_server_add_handler (server, page->path, on_request, (gpointer) page, NULL);

  if (!soup_server_listen_local (server, 0, SOUP_SERVER_LISTEN_IPV4_ONLY, error))
    return NULL;

  uris = soup_server_get_uris (server);
  g_variant_builder_add_value (urls, g_variant_new_printf ("http://127.0.0.1:%d%s",
                                                           g_uri_get_port (uris->data), page->path));

  return g_steal_pointer (&server);
}

static gboolean
listen_for_all (GPtrArray        *servers,
                GVariantBuilder  *urls,
                GError          **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (pages); i++)
    {
      SoupServer *server = listen_for (&pages[i], urls, error);

      if (server == NULL)
        return FALSE;

      g_ptr_array_add (servers, server);
    }

  return TRUE;
}

static gpointer
serve (gpointer user_data)
{
  FetchServers *self = user_data;
  g_autoptr(GMainContextPusher) pusher G_GNUC_UNUSED = g_main_context_pusher_new (self->context);
  g_autoptr(GPtrArray) servers = g_ptr_array_new_with_free_func (g_object_unref);
  g_auto(GVariantBuilder) urls = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_STRING_ARRAY);
  g_autoptr(GError) failure = NULL;

  if (!listen_for_all (servers, &urls, &failure))
    {
      cf_future_set_error (self->urls, failure, NULL);
      return NULL;
    }

  cf_future_set_variant (self->urls, g_variant_builder_end (&urls), NULL);

  while (!atomic_load (&self->stopping))
    g_main_context_iteration (self->context, TRUE);

  return NULL;
}

/* Returns when all servers listen. */
FetchServers *
fetch_servers_start (GError **error)
{
  g_autoptr(FetchServers) self = g_new0 (FetchServers, 1);

  self->context = g_main_context_new ();
  self->urls = cf_future_new ();
  self->thread = g_thread_new ("fetch-servers", serve, self);

  cf_future_wait (self->urls, -1, NULL, NULL);
  if (cf_future_get_error (self->urls) != NULL)
    {
      g_propagate_error (error, g_error_copy (cf_future_get_error (self->urls)));
      return NULL;
    }

  return g_steal_pointer (&self);
}

void
fetch_servers_stop (FetchServers *self)
{
  atomic_store (&self->stopping, TRUE);
  g_main_context_wakeup (self->context);
  g_thread_join (self->thread);

  g_object_unref (self->urls);
  g_main_context_unref (self->context);
  g_free (self);
}

char **
fetch_servers_dup_urls (FetchServers *self)
{
  g_autoptr(GVariant) urls = cf_future_await_variant (self->urls, NULL);

  return g_variant_dup_strv (urls, NULL);
}
