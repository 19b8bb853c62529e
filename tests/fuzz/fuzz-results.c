/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A fuzz target: what a worker that means harm does to its pool, by way of the memory that they share and of
 * their socket.
 *
 *      input ──operations──→ worker's side: ring, claim words, messages
 *                       └──→ pool's side: give, take back, receive ──→ CfRemoteWorker, CfResultReader
 *
 * There is no process: a stand-in for CfWorkerProcess has the channel, and this program plays both sides. What
 * has to hold: nothing is read or written where it must not be, no descriptor is lost, no call has two results,
 * and each result is that of a call which the worker has. */

#include "config.h"

#include "fuzz.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "cf-error.h"
#include "future/cf-chunk-private.h"
#include "processes/cf-remote-worker-private.h"

#define MAX_CALLS       200
#define MAX_DESCRIPTORS 3
#define DESCRIPTORS     256     /* where to look for those that are open */

/* The stand-in, with what the files of CfRemoteWorker use. */

struct _CfWorkerProcess
{
  CfChannel channel;
};

CfChannel *
cf_worker_process_get_channel (CfWorkerProcess *self)
{
  return &self->channel;
}

int
cf_worker_process_get_pid (CfWorkerProcess *self)
{
  return 1;
}

void
cf_worker_process_send_signal (CfWorkerProcess *self,
                               int              signal_number)
{
}

gboolean
cf_worker_process_is_at_work (CfWorkerProcess *self,
                              gint64          *cpu_usec)
{
  return FALSE;
}

void
cf_worker_process_free (CfWorkerProcess *self)
{
  cf_channel_clear (&self->channel);
  g_free (self);
}

typedef struct
{
  const guint8   *input;
  gsize           size;

  CfRemoteWorker *worker;
  gboolean        is_over;        /* it has been found out, or is gone */
  CfRemoteCall   *calls[MAX_CALLS];
  guint           n_calls;

  CfChannel      *channel;
  int             socket;         /* the worker's */
  guint64         written;        /* to the ring of results */
} Fuzz;

/* The input. */

static guint64
take_number (Fuzz *self,
             gsize size)
{
  guint64 number = 0;
  gsize n = MIN (size, self->size);

  memcpy (&number, self->input, n);
  self->input += n;
  self->size -= n;
  return number;
}

static GBytes *
take_data (Fuzz  *self,
           gsize  size_of_size)
{
  gsize size = take_number (self, size_of_size);
  GBytes *data;

  size = MIN (size, self->size);
  data = g_bytes_new (self->input, size);
  self->input += size;
  self->size -= size;
  return data;
}

static CfRemoteCall *
take_call (Fuzz *self)
{
  guint n = take_number (self, 1);

  return n < self->n_calls ? self->calls[n] : NULL;
}

/* The pool's side. */

/* What a chunk of a map has is as many items. */
static GVariant *
make_args (GBytes *data,
           guint   n_items)
{
  GVariant *item = g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, data, TRUE);
  GVariantBuilder builder;

  if (n_items == 0)
    return item;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("av"));
  for (guint i = 0; i < n_items; i++)
    g_variant_builder_add (&builder, "v", i == 0 ? item : g_variant_new_byte (i));
  return g_variant_builder_end (&builder);
}

static void
give_call (Fuzz *self)
{
  guint n_items = take_number (self, 1);
  g_autoptr(GBytes) data = take_data (self, 2);
  CfRemoteCall *call;

  if (self->n_calls == MAX_CALLS)
    return;

  call = cf_remote_call_new (NULL);
  cf_call_init_name (&call->call, "module:function", make_args (data, n_items));
  if (n_items > 0)
    cf_call_make_chunk (&call->call);
  cf_remote_call_set_call (call, call->call.name);

  if (cf_remote_worker_give (self->worker, call, self->n_calls + 1, TRUE))
    self->calls[self->n_calls++] = call;
  else
    cf_remote_call_free (call);
}

static void
forget_call (Fuzz         *self,
             CfRemoteCall *call)
{
  for (guint i = 0; i < self->n_calls; i++)
    {
      if (self->calls[i] == call)
        self->calls[i] = NULL;
    }
  cf_remote_call_free (call);
}

static void
take_back_call (Fuzz *self)
{
  CfRemoteCall *call = take_call (self);

  if (call != NULL && cf_remote_worker_take_back (self->worker, call))
    forget_call (self, call);
}

/* What the iterator of a map does. */
static void
touch_chunk (GVariant *chunk)
{
  g_autoptr(GError) error = cf_chunk_dup_error (chunk);
  gsize n = MIN (cf_chunk_n_results (chunk), MAX_CALLS);

  g_assert_true (error == NULL || error->message != NULL);
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr(GVariant) result = cf_chunk_dup_result (chunk, i);

      if (result != NULL)
        fuzz_touch_value (result);
    }
}

static void
touch_outcome (CfRemoteResult *result)
{
  const CfFrame *frame = &result->frame;
  CfOutcome outcome;

  if ((frame->flags & (CF_FRAME_FLAG_ERROR | CF_FRAME_FLAG_PAYLOAD)) == CF_FRAME_FLAG_ERROR &&
      frame->data_size > 0 && memchr (frame->data, '\0', frame->data_size) != NULL &&
      !fuzz_may_keep_domain (frame->data))
    return;

  cf_remote_result_to_outcome (result, &outcome);
  g_assert_cmpuint (outcome.kind, !=, CF_OUTCOME_VALUE);
  if (outcome.kind == CF_OUTCOME_VARIANT)
    fuzz_touch_value (outcome.variant);
  if (outcome.kind == CF_OUTCOME_VARIANT && result->call->call.is_chunk)
    touch_chunk (outcome.variant);
  if (outcome.kind == CF_OUTCOME_ERROR)
    g_assert_true (outcome.error->domain != 0);

  cf_outcome_clear (&outcome);
}

static void
touch_progress (CfRemoteResult *result)
{
  g_autoptr(GVariant) value = cf_frame_take_value (&result->frame, g_steal_pointer (&result->memory));

  g_assert_true (g_variant_is_of_type (value, G_VARIANT_TYPE (CF_FRAME_PROGRESS_TYPE)));
  fuzz_touch_value (value);
}

static void
receive_result (Fuzz           *self,
                CfRemoteResult *result)
{
  CfRemoteCall *call = cf_remote_worker_find (self->worker, &result->frame);

  self->is_over = call == NULL;
  if (result->frame.kind == CF_FRAME_PROGRESS)
    {
      touch_progress (result);
    }
  else if (call != NULL)
    {
      g_assert_true (call->worker == self->worker);
      g_assert_cmpuint (call->id, ==, result->frame.id);
      cf_remote_worker_remove (self->worker, call);
      result->call = call;
      touch_outcome (result);
      forget_call (self, call);
    }

  cf_remote_result_clear (result);
}

static void
free_line (gpointer data)
{
  CfRemoteLogLine *line = data;

  g_assert_true (g_utf8_validate (line->text, -1, NULL));
  g_free (line->text);
  g_free (line);
}

static void
receive (Fuzz *self)
{
  g_autoptr(GError) fault = NULL;
  GQueue log = G_QUEUE_INIT;
  CfRemoteResult result;
  gboolean is_ready = FALSE;

  if (!cf_result_reader_read_messages (&self->worker->reader, &is_ready, &log, &fault))
    self->is_over = TRUE;
  while (!self->is_over && cf_result_reader_read (&self->worker->reader, &result, &log, &fault))
    receive_result (self, &result);

  if (fault != NULL)
    {
      g_assert_error (fault, CF_ERROR, CF_ERROR_PROTOCOL);
      self->is_over = TRUE;
    }
  g_assert_cmpuint (self->worker->n_free_slots + self->worker->calls.length, ==, CF_CHANNEL_N_SLOTS);
  g_queue_clear_full (&log, free_line);
}

/* The worker's side. */

static void
claim_call (Fuzz *self)
{
  CfRemoteCall *call = take_call (self);

  if (call != NULL)
    cf_channel_claim (self->channel, call->slot, call->id);
}

static void
write_bytes (Fuzz         *self,
             const guint8 *bytes,
             gsize         size)
{
  CfRing *ring = &self->channel->results;

  for (gsize i = 0; i < size; i++)
    ring->data[(self->written + i) & (ring->size - 1)] = bytes[i];

  self->written += (size + 7) & ~(gsize) 7;
  atomic_store (&ring->ends->written, self->written);
}

static void
write_data (Fuzz *self)
{
  g_autoptr(GBytes) data = take_data (self, 2);

  write_bytes (self, g_bytes_get_data (data, NULL), g_bytes_get_size (data));
}

static GVariant *
value_of (GBytes *type,
          GBytes *data)
{
  g_autofree char *string = g_strndup (g_bytes_get_data (type, NULL), g_bytes_get_size (type));

  if (string == NULL || !g_variant_type_string_is_valid (string) ||
      !g_variant_type_is_definite ((const GVariantType *) string))
    return NULL;

  return g_variant_take_ref (g_variant_new_from_bytes ((const GVariantType *) string, data, FALSE));
}

static void
write_frame (Fuzz *self)
{
  CfFrame frame = { .kind = take_number (self, 1), .flags = take_number (self, 1) };
  CfRemoteCall *call = take_call (self);
  g_autoptr(GBytes) type = take_data (self, 1);
  g_autoptr(GBytes) data = take_data (self, 2);
  g_autoptr(GVariant) value = value_of (type, data);
  g_autofree guint64 *memory = NULL;

  frame.id = call != NULL ? call->id : 0;
  frame.slot = call != NULL ? call->slot : 0;
  frame.value = value;
  memory = g_malloc0 (cf_frame_get_size (&frame));
  cf_frame_write (&frame, memory);
  write_bytes (self, (const guint8 *) memory, cf_frame_get_size (&frame));
}

static void
write_region (Fuzz *self)
{
  gsize offset = take_number (self, 2) % (sizeof (CfRegion) - sizeof (guint64) + 1);
  guint64 number = take_number (self, sizeof (number));

  memcpy ((guint8 *) self->channel->region + offset, &number, sizeof (number));
}

static void
move_end (Fuzz *self)
{
  self->written += (guint64) (gint32) take_number (self, 4);
  atomic_store (&self->channel->results.ends->written, self->written);
}

static int
make_descriptor (FuzzDescriptors  kind,
                 GBytes          *data)
{
  gsize size = g_bytes_get_size (data);
  int descriptor;

  if (kind == FUZZ_SOCKET)
    return socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  descriptor = memfd_create ("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  g_assert_cmpint (write (descriptor, g_bytes_get_data (data, NULL), size), ==, size);
  if (kind != FUZZ_UNSEALED)
    fcntl (descriptor, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);

  return descriptor;
}

static guint
count_for (FuzzDescriptors kind)
{
  if (kind == FUZZ_NO_DESCRIPTOR)
    return 0;

  return kind == FUZZ_TWO_SEALED ? 2 : kind == FUZZ_THREE_SEALED ? 3 : 1;
}

/* Takes the descriptors. */
static void
send_parts (Fuzz         *self,
            struct iovec *parts,
            gsize         n_parts,
            const int    *descriptors,
            guint         n_descriptors)
{
  union
  {
    struct cmsghdr header;
    char           space[CMSG_SPACE (MAX_DESCRIPTORS * sizeof (int))];
  } control = { .space = { 0 } };
  struct msghdr header = { .msg_iov = parts, .msg_iovlen = n_parts };

  if (n_descriptors > 0)
    {
      control.header = (struct cmsghdr) {
        .cmsg_len = CMSG_LEN (n_descriptors * sizeof (int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
      };
      memcpy (CMSG_DATA (&control.header), descriptors, n_descriptors * sizeof (int));
      header.msg_control = &control;
      header.msg_controllen = CMSG_SPACE (n_descriptors * sizeof (int));
    }
  if (self->socket >= 0)
    sendmsg (self->socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT);

  for (guint i = 0; i < n_descriptors; i++)
    g_close (descriptors[i], NULL);
}

static void
send_message (Fuzz *self)
{
  CfMessage message = { .kind = take_number (self, 1), .value = take_number (self, 1) };
  CfRemoteCall *call = take_call (self);
  FuzzDescriptors kind = take_number (self, 1) % FUZZ_N_DESCRIPTORS;
  g_autoptr(GBytes) data = take_data (self, 2);
  struct iovec parts[2] = { { &message, sizeof (message) } };
  int descriptors[MAX_DESCRIPTORS];

  message.id = call != NULL ? call->id : 0;
  parts[1].iov_base = (gpointer) g_bytes_get_data (data, &parts[1].iov_len);
  for (guint i = 0; i < count_for (kind); i++)
    descriptors[i] = make_descriptor (kind, data);

  /* The data of a payload are in its descriptor. */
  send_parts (self, parts, count_for (kind) > 0 ? 1 : 2, descriptors, count_for (kind));
}

static void
send_bytes (Fuzz *self)
{
  g_autoptr(GBytes) data = take_data (self, 2);
  struct iovec part;

  part.iov_base = (gpointer) g_bytes_get_data (data, &part.iov_len);
  send_parts (self, &part, 1, NULL, 0);
}

static void
close_socket (Fuzz *self)
{
  if (self->socket >= 0)
    g_close (g_steal_fd (&self->socket), NULL);
}

/* All together. */

static void (*const operations[FUZZ_N_OPERATIONS]) (Fuzz *) = {
  [FUZZ_GIVE] = give_call,
  [FUZZ_TAKE_BACK] = take_back_call,
  [FUZZ_CLAIM] = claim_call,
  [FUZZ_WRITE_BYTES] = write_data,
  [FUZZ_WRITE_FRAME] = write_frame,
  [FUZZ_WRITE_REGION] = write_region,
  [FUZZ_MOVE_END] = move_end,
  [FUZZ_SEND_MESSAGE] = send_message,
  [FUZZ_SEND_BYTES] = send_bytes,
  [FUZZ_CLOSE] = close_socket,
  [FUZZ_RECEIVE] = receive,
};

static void
begin (Fuzz         *self,
       const guint8 *data,
       gsize         size)
{
  CfWorkerProcess *process = g_new0 (CfWorkerProcess, 1);
  g_autoptr(GError) error = NULL;

  *self = (Fuzz) { .input = data, .size = size };
  cf_channel_init_pool (&process->channel, &self->socket, &error);
  g_assert_no_error (error);
  self->channel = &process->channel;
  self->worker = cf_remote_worker_new (process, 0, -1);
}

/* What the pool does when a worker has ended. */
static void
end (Fuzz *self)
{
  while (self->worker->calls.length > 0)
    {
      CfRemoteCall *call = self->worker->calls.head->data;

      if (!cf_remote_worker_take_back (self->worker, call))
        cf_remote_worker_remove (self->worker, call);
      forget_call (self, call);
    }

  cf_remote_worker_free (self->worker);
  close_socket (self);
}

static guint
count_descriptors (void)
{
  guint n = 0;

  for (int i = 0; i < DESCRIPTORS; i++)
    n += fcntl (i, F_GETFD) >= 0;

  return n;
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  guint n_descriptors = count_descriptors ();
  Fuzz self;

  begin (&self, data, size);
  while (self.size > 0 && !self.is_over)
    operations[take_number (&self, 1) % FUZZ_N_OPERATIONS] (&self);
  if (!self.is_over)
    receive (&self);
  end (&self);

  g_assert_cmpuint (count_descriptors (), ==, n_descriptors);
  return 0;
}
