/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a worker says, which nobody has to believe.
 *
 *      ring of results ──→ read() ──→ CfRemoteResult ──→ to_outcome() ──→ what the future is settled with
 *      socket ──→ read_messages() ──→ ready, lines for the log
 *                      └── descriptors ──→ [payloads] ──→ the result that comes after
 *
 * An invalid frame or message is a fault, and a worker with a fault is killed.
 *
 * One thread reads at a time: the receiver's lock (cf-result-receiver.c) guards a reader. A result that was read
 * belongs to its reader alone. */

#include "config.h"

#include "processes/cf-result-reader-private.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include "base/cf-error-private.h"
#include "cf-error.h"
#include "future/cf-chunk-private.h"
#include "transport/cf-payload-private.h"

/* More descriptors than calls nobody needs. */
#define MAX_PAYLOADS CF_CHANNEL_N_SLOTS

/* How many messages are read at a time: more than a socket holds. */
#define MAX_MESSAGES 1024

void
cf_result_reader_init (CfResultReader  *self,
                       CfWorkerProcess *process)
{
  self->process = process;
  self->payloads = cf_payload_table_new ();
}

void
cf_result_reader_clear (CfResultReader *self)
{
  g_hash_table_unref (self->payloads);
}

/* Reading: with the receiver's lock held. */

static gboolean
set_fault (GError **error)
{
  g_set_error_literal (error, CF_ERROR, CF_ERROR_PROTOCOL,
                       _("The worker sent a message that is not valid at this point"));
  return FALSE;
}

/* Takes the descriptor in any case. */
static gboolean
take_message (CfResultReader   *self,
              const CfMessage  *message,
              char             *text,
              int               descriptor,
              gboolean         *is_ready,
              GQueue           *log,
              GError          **error)
{
  gboolean is_payload = message->kind == CF_MESSAGE_PAYLOAD;
  CfRemoteLogLine *line;

  if (is_payload && descriptor >= 0 && g_hash_table_size (self->payloads) < MAX_PAYLOADS)
    return cf_payload_table_insert (self->payloads, message->id, descriptor) || set_fault (error);

  if (descriptor >= 0)
    {
      g_close (descriptor, NULL);
      return set_fault (error);
    }

  switch (message->kind)
    {
    case CF_MESSAGE_READY:
      *is_ready = TRUE;
      return TRUE;

    case CF_MESSAGE_WAKE:
      return TRUE;

    case CF_MESSAGE_LOG:
      line = g_new (CfRemoteLogLine, 1);
      line->pid = cf_worker_process_get_pid (self->process);
      line->level = message->value;
      line->text = g_strdup (text != NULL ? text : "");
      g_queue_push_tail (log, line);
      return TRUE;

    default:
      return set_fault (error);
    }
}

/**
 * cf_result_reader_read_messages:
 * @self: a reader
 * @is_ready: (inout): set if it says that it is ready
 * @log: (element-type CfRemoteLogLine): where lines to be logged go
 * @error: return location for a `CF_ERROR_PROTOCOL`
 *
 * Reads what is on the socket, up to a limit, so that a worker that never stops sending holds up nobody.
 *
 * Returns: %FALSE if the socket is closed, or if @error is set
 */
gboolean
cf_result_reader_read_messages (CfResultReader  *self,
                                gboolean        *is_ready,
                                GQueue          *log,
                                GError         **error)
{
  for (guint i = 0; i < MAX_MESSAGES; i++)
    {
      g_autofree char *text = NULL;
      CfMessage message;
      int descriptor;

      switch (cf_channel_receive (cf_worker_process_get_channel (self->process), FALSE, &message, &text, &descriptor, error))
        {
        case CF_RECEIVE_MESSAGE:
          if (!take_message (self, &message, text, descriptor, is_ready, log, error))
            return FALSE;
          break;

        case CF_RECEIVE_NOTHING:
          return TRUE;

        case CF_RECEIVE_CLOSED:
        case CF_RECEIVE_FAULT:
          return FALSE;

        default:
          g_assert_not_reached ();
        }
    }

  return TRUE;
}

static gboolean
find_payload (CfResultReader  *self,
              CfRemoteResult  *result,
              GQueue          *log,
              GError         **error)
{
  GError *fault = NULL;
  gboolean is_ready = FALSE;

  /* It was sent before the frame was written. */
  if (!g_hash_table_contains (self->payloads, &result->frame.id))
    cf_result_reader_read_messages (self, &is_ready, log, &fault);

  if (fault != NULL)
    {
      g_propagate_error (error, fault);
      return FALSE;
    }

  result->payload = cf_payload_table_steal (self->payloads, result->frame.id);
  return result->payload >= 0 || set_fault (error);
}

static gboolean
check_frame (const CfFrame  *frame,
             GError        **error)
{
  const char *type = frame->type;

  if (frame->kind == CF_FRAME_PROGRESS && (frame->flags & CF_FRAME_FLAG_PAYLOAD) == 0)
    return g_strcmp0 (type, CF_FRAME_PROGRESS_TYPE) == 0 || set_fault (error);

  if (frame->kind != CF_FRAME_RESULT)
    return set_fault (error);

  if ((frame->flags & CF_FRAME_FLAG_ERROR) != 0)
    return g_strcmp0 (type, CF_SERIALIZED_ERROR_TYPE) == 0 || set_fault (error);

  return type != NULL || (frame->flags & CF_FRAME_FLAG_PAYLOAD) == 0 || set_fault (error);
}

/**
 * cf_result_reader_read:
 * @self: a reader
 * @result: (out caller-allocates): what it has sent about a call
 * @log: (element-type CfRemoteLogLine): where lines to be logged go
 * @error: return location for a `CF_ERROR_PROTOCOL`
 *
 * Reads the next frame.
 *
 * Returns: %FALSE if there is none now, or if @error is set
 */
gboolean
cf_result_reader_read (CfResultReader  *self,
                       CfRemoteResult  *result,
                       GQueue          *log,
                       GError         **error)
{
  GError *fault = NULL;
  guint8 *memory;
  gsize size;

  *result = (CfRemoteResult) { .payload = -1 };

  if (cf_ring_read (&cf_worker_process_get_channel (self->process)->results, &memory, &size, &fault))
    {
      result->memory = memory;
      if (cf_frame_parse (&result->frame, memory, size, &fault) &&
          check_frame (&result->frame, &fault) &&
          ((result->frame.flags & CF_FRAME_FLAG_PAYLOAD) == 0 || find_payload (self, result, log, &fault)))
        return TRUE;
    }

  cf_remote_result_clear (result);
  if (fault != NULL)
    g_propagate_error (error, fault);
  return FALSE;
}

/* Results: without a lock. */

void
cf_remote_result_clear (CfRemoteResult *self)
{
  g_clear_pointer (&self->memory, g_free);
  if (self->payload >= 0)
    g_close (g_steal_fd (&self->payload), NULL);
}

static GVariant *
take_value (CfRemoteResult  *self,
            GError         **error)
{
  if (self->frame.type == NULL)
    {
      set_fault (error);
      return NULL;
    }

  if ((self->frame.flags & CF_FRAME_FLAG_PAYLOAD) != 0)
    return cf_payload_map (self->payload, G_VARIANT_TYPE (self->frame.type), self->frame.data_size, error);

  return cf_frame_take_value (&self->frame, g_steal_pointer (&self->memory));
}

/**
 * cf_remote_result_to_outcome:
 * @self: the result of a call, which is known
 * @outcome: (out caller-allocates): what came of the call
 */
void
cf_remote_result_to_outcome (CfRemoteResult *self,
                             CfOutcome      *outcome)
{
  g_autoptr(GVariant) value = NULL;
  GError *error = NULL;

  outcome->kind = CF_OUTCOME_NOTHING;
  if (self->frame.type == NULL && !self->call->call.is_chunk)
    return;

  value = take_value (self, &error);
  if (value != NULL && (self->frame.flags & CF_FRAME_FLAG_ERROR) != 0)
    {
      error = cf_error_from_variant (value);
    }
  else if (value != NULL && self->call->call.is_chunk && !cf_chunk_fits (value, self->call->call.args))
    {
      set_fault (&error);
    }

  if (error != NULL)
    {
      cf_outcome_take_error (outcome, error);
      return;
    }

  outcome->kind = CF_OUTCOME_VARIANT;
  outcome->variant = g_steal_pointer (&value);
}
