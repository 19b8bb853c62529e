/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Drives all transfers from the main thread, which is the only one that touches a FetchBatch and its entries.
 *
 *                   submit the entry's task                    future done, in the main loop
 *   fetch_batch_run ──────────────────────▶ a thread of the pool ─────────────────────▶ settle the entry
 *                              ▲                                                           │
 *                              └────────── a timer of the main loop ◀── failed, but may pass ┘
 *
 * An entry has one CfTask, submitted once for each attempt. The task's timeout limits an attempt and not the
 * whole: between two attempts the entry waits in the main loop, where it occupies no thread. One GCancellable, set on
 * every task, cancels all that there is: calls that have not begun, calls that run, and the timers.
 */

#include "batch.h"

#include "file-names.h"

#define FIRST_RETRY_DELAY_MSEC 250
#define LONGEST_RETRY_DELAY_MSEC 4000

struct _FetchBatch
{
  GPtrArray     *entries;
  CfExecutor    *executor;
  GCancellable  *cancellable;
  GMainLoop     *loop;
  int            n_retries;
  gint64         timeout_usec;
  guint          n_undecided;
  gint64         wall_usec;

  FetchObserver  observer;
  gpointer       observer_data;
};

static void submit_attempt (FetchEntry *entry);

static void
fetch_entry_free (FetchEntry *entry)
{
  g_assert (entry->future == NULL);

  g_object_unref (entry->task);
  fetch_request_free (entry->request);
  g_free (entry->label);
  g_free (entry->reason);
  g_free (entry);
}

static FetchEntry *
fetch_entry_new (FetchBatch   *batch,
                 FetchRequest *request,
                 gint64        timeout_usec)
{
  FetchEntry *entry = g_new0 (FetchEntry, 1);

  entry->batch = batch;
  entry->request = request;
  entry->label = g_uri_escape_string (request->url,
                                      G_URI_RESERVED_CHARS_GENERIC_DELIMITERS
                                        G_URI_RESERVED_CHARS_SUBCOMPONENT_DELIMITERS "%",
                                      FALSE);
  entry->task = cf_task_new_local (fetch_transfer, request, NULL);
  cf_task_set_name (entry->task, entry->label);
  cf_task_set_timeout (entry->task, timeout_usec);
  cf_task_set_cancellable (entry->task, batch->cancellable);

  return entry;
}

/* Errors may quote what a server sent, which goes to the terminal as harmless text only. */
static char *
printable (const char *text)
{
  char *valid = g_utf8_make_valid (text, -1);

  for (char *c = valid; *c != '\0'; c++)
    if (g_ascii_iscntrl (*c))
      *c = ' ';

  return valid;
}

static char *
describe_failure (FetchBatch   *self,
                  const GError *failure)
{
  if (g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return g_strdup_printf ("Timed out after %g s", (double) self->timeout_usec / G_USEC_PER_SEC);

  return printable (failure->message);
}

static void
tell_observer (FetchEntry *entry,
               FetchEvent  event)
{
  FetchBatch *self = entry->batch;

  if (self->observer != NULL)
    self->observer (entry, event, self->observer_data);
}

static void
end_entry (FetchEntry   *entry,
           FetchOutcome  outcome)
{
  FetchBatch *self = entry->batch;
  gint64 started_usec = atomic_load (&entry->request->started_usec);

  g_assert (entry->outcome == FETCH_UNDECIDED && entry->future == NULL);

  entry->outcome = outcome;

  if (started_usec != 0)
    entry->total_usec = g_get_monotonic_time () - started_usec;

  tell_observer (entry, FETCH_EVENT_END);

  self->n_undecided--;

  if (self->n_undecided == 0)
    g_main_loop_quit (self->loop);
}

static gboolean
on_retry_due (gpointer user_data)
{
  FetchEntry *entry = user_data;

  if (g_cancellable_is_cancelled (entry->batch->cancellable))
    end_entry (entry, FETCH_CANCELLED);
  else
    submit_attempt (entry);

  return G_SOURCE_REMOVE;
}

/* The delay ends at once when the batch is cancelled. */
static void
schedule_retry (FetchEntry *entry)
{
  FetchBatch *self = entry->batch;
  guint doublings = MIN (entry->n_failed_attempts - 1, 10);
  guint delay_msec = MIN (FIRST_RETRY_DELAY_MSEC << doublings, LONGEST_RETRY_DELAY_MSEC);
  g_autoptr(GSource) timer = g_timeout_source_new (delay_msec);
  g_autoptr(GSource) cancelled = g_cancellable_source_new (self->cancellable);

  g_source_set_dummy_callback (cancelled);
  g_source_add_child_source (timer, cancelled);
  g_source_set_callback (timer, on_retry_due, entry, NULL);
  g_source_attach (timer, NULL);

  tell_observer (entry, FETCH_EVENT_RETRY);
}

static void
settle_failure (FetchEntry   *entry,
                const GError *failure)
{
  FetchBatch *self = entry->batch;

  if (g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      end_entry (entry, FETCH_CANCELLED);
      return;
    }

  g_free (entry->reason);
  entry->reason = describe_failure (self, failure);
  entry->status = failure->domain == FETCH_HTTP_ERROR ? failure->code : 0;
  entry->n_failed_attempts++;

  if (entry->n_failed_attempts <= self->n_retries && fetch_transfer_may_be_retried (failure))
    schedule_retry (entry);
  else
    end_entry (entry, FETCH_FAILED);
}

static void
on_attempt_done (CfFuture *future,
                 gpointer  user_data)
{
  FetchEntry *entry = user_data;
  g_autoptr(GError) failure = NULL;
  g_autoptr(GVariant) reply = cf_future_await_variant (future, &failure);

  g_clear_object (&entry->future);

  if (reply == NULL)
    {
      settle_failure (entry, failure);
      return;
    }

  g_variant_get (reply, FETCH_REPLY_FORMAT, &entry->status, &entry->n_bytes, &entry->first_byte_usec);
  g_clear_pointer (&entry->reason, g_free);
  end_entry (entry, FETCH_FETCHED);
}

static void
submit_attempt (FetchEntry *entry)
{
  entry->future = cf_executor_submit_task (entry->batch->executor, entry->task);
  cf_future_add_done_callback (entry->future, on_attempt_done, entry, NULL);
}

/* One connection for each thread, all to the same host if it comes to that. Bodies are taken as they are sent: what
 * is written, counted and compared with the Content-Length are the same bytes.
 */
static SoupSession *
create_session (int n_jobs)
{
  SoupSession *session = soup_session_new_with_options ("max-conns", n_jobs,
                                                        "max-conns-per-host", n_jobs,
                                                        "user-agent", "cf-fetch ",
                                                        NULL);

  soup_session_remove_feature_by_type (session, SOUP_TYPE_CONTENT_DECODER);

  return session;
}

/* `urls` are those of the options, or of servers in this program, which no proxy can reach. */
FetchBatch *
fetch_batch_new (const FetchOptions  *options,
                 char               **urls)
{
  FetchBatch *self = g_new0 (FetchBatch, 1);
  g_autoptr(SoupSession) session = create_session (options->n_jobs);
  g_autoptr(FetchFileNames) names = fetch_file_names_new ();

  if (options->urls == NULL)
    g_object_set (session, "proxy-resolver", NULL, NULL);

  self->entries = g_ptr_array_new_with_free_func ((GDestroyNotify) fetch_entry_free);
  self->executor = g_object_new (CF_TYPE_THREAD_POOL_EXECUTOR,
                                 "max-workers", options->n_jobs,
                                 "thread-name-prefix", "fetch",
                                 NULL);
  self->cancellable = g_cancellable_new ();
  self->loop = g_main_loop_new (NULL, FALSE);
  self->n_retries = options->n_retries;
  self->timeout_usec = options->timeout_usec;

  for (guint i = 0; urls[i] != NULL; i++)
    {
      g_autofree char *name = fetch_file_names_make (names, urls[i]);
      g_autofree char *path = NULL;

      if (options->directory != NULL)
        path = g_build_filename (options->directory, name, NULL);

      g_ptr_array_add (self->entries,
                       fetch_entry_new (self, fetch_request_new (urls[i], path, session), options->timeout_usec));
    }

  return self;
}

/* An attempt that was given up may still be on its way out, and uses what is freed here: so the pool ends first. */
void
fetch_batch_free (FetchBatch *self)
{
  cf_executor_shutdown (self->executor, CF_SHUTDOWN_WAIT);

  g_ptr_array_unref (self->entries);
  g_object_unref (self->executor);
  g_object_unref (self->cancellable);
  g_main_loop_unref (self->loop);
  g_free (self);
}

void
fetch_batch_set_observer (FetchBatch    *self,
                          FetchObserver  observer,
                          gpointer       user_data)
{
  self->observer = observer;
  self->observer_data = user_data;
}

/* Returns when every entry has its outcome. */
void
fetch_batch_run (FetchBatch *self)
{
  gint64 start = g_get_monotonic_time ();

  self->n_undecided = self->entries->len;

  for (guint i = 0; i < self->entries->len; i++)
    submit_attempt (g_ptr_array_index (self->entries, i));

  if (self->n_undecided > 0)
    g_main_loop_run (self->loop);

  self->wall_usec = g_get_monotonic_time () - start;
}

/* From an event of the main loop: fetch_batch_run() returns soon afterwards. */
void
fetch_batch_cancel (FetchBatch *self)
{
  g_cancellable_cancel (self->cancellable);
}

GPtrArray *
fetch_batch_get_entries (FetchBatch *self)
{
  return self->entries;
}

guint
fetch_batch_count (FetchBatch   *self,
                   FetchOutcome  outcome)
{
  guint n = 0;

  for (guint i = 0; i < self->entries->len; i++)
    {
      FetchEntry *entry = g_ptr_array_index (self->entries, i);

      if (entry->outcome == outcome)
        n++;
    }

  return n;
}

gint64
fetch_batch_get_wall_usec (FetchBatch *self)
{
  return self->wall_usec;
}
