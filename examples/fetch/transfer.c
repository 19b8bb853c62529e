/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One attempt to fetch one URL: an ordinary function that blocks on the network, run by a thread of the pool.
 *
 * A FetchRequest goes in and is only read, so that an attempt that was given up, and has not noticed yet, does not
 * disturb the next one. A reply (a GVariant) or an error comes out, through the future, as does the progress. Nothing
 * else is shared with the main thread, except the moment at which the first attempt began, which is set once.
 *
 * The body is read in pieces of 64 KiB, each written before the next is read.
 */

#include "transfer.h"

#include "output-file.h"
#include "units.h"

#define PIECE_SIZE (64 * 1024)

/* Not G_DEFINE_QUARK(), which remembers the quark in a variable that threads would race for. */
GQuark
fetch_http_error_quark (void)
{
  return g_quark_from_static_string ("fetch-http-error-quark");
}

FetchRequest *
fetch_request_new (const char  *url,
                   const char  *path,
                   SoupSession *session)
{
  FetchRequest *self = g_new0 (FetchRequest, 1);

  self->url = g_strdup (url);
  self->path = g_strdup (path);
  self->session = g_object_ref (session);

  return self;
}

void
fetch_request_free (FetchRequest *self)
{
  g_free (self->url);
  g_free (self->path);
  g_object_unref (self->session);
  g_free (self);
}

static GUri *
parse_url (const char  *url,
           GError     **error)
{
  g_autoptr(GUri) uri = g_uri_parse (url, SOUP_HTTP_URI_FLAGS, error);

  if (uri == NULL)
    {
      g_prefix_error (error, "Bad URL: ");
      return NULL;
    }

  if (g_strcmp0 (g_uri_get_scheme (uri), "http") != 0 && g_strcmp0 (g_uri_get_scheme (uri), "https") != 0)
    {
      g_set_error (error, G_URI_ERROR, G_URI_ERROR_BAD_SCHEME,
                   "Bad URL: it has to begin with http:// or https://");
      return NULL;
    }

  if (g_uri_get_host (uri) == NULL || *g_uri_get_host (uri) == '\0')
    {
      g_set_error (error, G_URI_ERROR, G_URI_ERROR_BAD_HOST, "Bad URL: it names no host");
      return NULL;
    }

  return g_steal_pointer (&uri);
}

/* A length of 0 means that the server did not say how long the body will be. */
static void
report_progress (CfFuture *future,
                 guint64   n_bytes,
                 guint64   length)
{
  g_autofree char *received = fetch_format_bytes (n_bytes);
  g_autofree char *expected = fetch_format_bytes (length);
  g_autofree char *both = g_strdup_printf ("%s of %s", received, expected);

  if (length > 0)
    cf_future_report_progress (future, (double) n_bytes / length, both);
  else
    cf_future_report_progress (future, 0, received);
}

static gboolean
receive_body (CfFuture      *future,
              GInputStream  *body,
              SoupMessage   *message,
              const char    *path,
              guint64       *n_bytes,
              GError       **error)
{
  guint64 length = soup_message_headers_get_content_length (soup_message_get_response_headers (message));
  GCancellable *cancellable = cf_future_get_cancellable (future);
  g_autoptr(FetchOutputFile) file = NULL;
  g_autofree guint8 *piece = g_malloc (PIECE_SIZE);
  gssize n_read;

  if (path != NULL)
    {
      file = fetch_output_file_create (path, cancellable, error);

      if (file == NULL)
        return FALSE;
    }

  while ((n_read = g_input_stream_read (body, piece, PIECE_SIZE, cancellable, error)) > 0)
    {
      if (file != NULL && !fetch_output_file_write (file, piece, n_read, cancellable, error))
        return FALSE;

      *n_bytes += n_read;
      report_progress (future, *n_bytes, length);
    }

  if (n_read < 0)
    return FALSE;

  return file == NULL || fetch_output_file_keep (file, cancellable, error);
}

/* A CfLocalFunc whose user data is a FetchRequest and whose result is a variant of FETCH_REPLY_FORMAT. */
gboolean
fetch_transfer (CfFuture  *future,
                GValue    *result,
                gpointer   user_data,
                GError   **error)
{
  FetchRequest *request = user_data;
  gint64 start = g_get_monotonic_time ();
  gint64 not_started = 0;
  gint64 first_byte_usec;
  guint64 n_bytes = 0;
  guint status;
  g_autoptr(GUri) uri = parse_url (request->url, error);
  g_autoptr(SoupMessage) message = NULL;
  g_autoptr(GInputStream) body = NULL;

  atomic_compare_exchange_strong (&request->started_usec, &not_started, start);

  if (uri == NULL)
    return FALSE;

  message = soup_message_new_from_uri (SOUP_METHOD_GET, uri);
  body = soup_session_send (request->session, message, cf_future_get_cancellable (future), error);

  if (body == NULL)
    return FALSE;

  first_byte_usec = g_get_monotonic_time () - start;
  status = soup_message_get_status (message);

  if (!SOUP_STATUS_IS_SUCCESSFUL (status))
    {
      g_set_error (error, FETCH_HTTP_ERROR, status, "HTTP %u %s", status, soup_message_get_reason_phrase (message));
      return FALSE;
    }

  if (!receive_body (future, body, message, request->path, &n_bytes, error))
    return FALSE;

  g_value_init (result, G_TYPE_VARIANT);
  g_value_take_variant (result, g_variant_new (FETCH_REPLY_FORMAT, status, n_bytes, first_byte_usec));

  return TRUE;
}

/* Whether the same attempt, made a little later, has a chance. */
gboolean
fetch_transfer_may_be_retried (const GError *failure)
{
  static const GIOErrorEnum passing[] =
  {
    G_IO_ERROR_CONNECTION_REFUSED,
    G_IO_ERROR_CONNECTION_CLOSED,
    G_IO_ERROR_HOST_UNREACHABLE,
    G_IO_ERROR_NETWORK_UNREACHABLE,
    G_IO_ERROR_PARTIAL_INPUT,
    G_IO_ERROR_TIMED_OUT,
  };

  for (guint i = 0; i < G_N_ELEMENTS (passing); i++)
    if (g_error_matches (failure, G_IO_ERROR, passing[i]))
      return TRUE;

  return g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ||
         g_error_matches (failure, G_RESOLVER_ERROR, G_RESOLVER_ERROR_TEMPORARY_FAILURE) ||
         (failure->domain == FETCH_HTTP_ERROR && SOUP_STATUS_IS_SERVER_ERROR (failure->code));
}
