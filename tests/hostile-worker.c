/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A worker that knows the protocol and breaks it, in the way that the name of the function tells: see the table at the
 * end. What becomes of it then is up to the pool: mostly it goes on serving.
 *
 * Frames that the library would not write are put together here byte by byte, in the layout of cf-frame.c. */

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cfutures.h>
#include <glib/gstdio.h>

#include "transport/cf-channel-private.h"
#include "transport/cf-frame-private.h"
#include "process-gates.h"

#define WORKER_SOCKET 3
#define ALL_SEALS     (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

typedef struct
{
  guint32 size;
  guint16 kind;
  guint16 flags;
  guint64 id;
  guint32 slot;
  guint32 duration_nsec;
  guint32 function_size;
  guint32 type_size;
  guint64 data_size;
  char    rest[80];
} RawFrame;

#define RAW_HEADER_SIZE G_STRUCT_OFFSET (RawFrame, rest)

typedef struct
{
  CfChannel  channel;
  CfFrame    call;
  GVariant  *args;
} Worker;

/* Sending what is in order. */

static void
send_frame (Worker  *self,
            CfFrame *frame)
{
  g_autoptr(GVariant) value = frame->value != NULL ? g_variant_ref_sink (frame->value) : NULL;

  frame->value = value;
  while (!cf_ring_write (&self->channel.results, frame))
    g_thread_yield ();
  cf_channel_wake_pool (&self->channel);
}

static CfFrame
make_result (Worker   *self,
             GVariant *value)
{
  return (CfFrame) { .kind = CF_FRAME_RESULT, .id = self->call.id, .slot = self->call.slot, .value = value };
}

static void
send_result (Worker   *self,
             GVariant *value)
{
  CfFrame frame = make_result (self, value);

  send_frame (self, &frame);
}

static void
be_honest (Worker *self)
{
  send_result (self, self->args);
}

static void
block (Worker *self)
{
  send_result (self, block_remotely (NULL, self->args, NULL));
}

/* Frames that make no sense. */

static void
send_bytes (Worker        *self,
            gconstpointer  bytes,
            gsize          size)
{
  CfRing *ring = &self->channel.results;

  memcpy (ring->data + (ring->position & (ring->size - 1)), bytes, size);
  ring->position += size;
  atomic_store_explicit (&ring->ends->written, ring->position, memory_order_release);
  cf_channel_wake_pool (&self->channel);
}

static RawFrame
make_raw_result (Worker *self)
{
  return (RawFrame) {
    .size = sizeof (RawFrame), .kind = CF_FRAME_RESULT, .id = self->call.id, .slot = self->call.slot,
    .type_size = 2, .data_size = 4, .rest = "i",
  };
}

static void
send_truncated (Worker *self)
{
  RawFrame frame = make_raw_result (self);

  frame.size = 16;
  send_bytes (self, &frame, 16);
}

static void
send_size (Worker  *self,
           guint32  size)
{
  RawFrame frame = make_raw_result (self);

  frame.size = size;
  send_bytes (self, &frame, sizeof (frame));
}

static void
send_oversized (Worker *self)
{
  send_size (self, 1u << 30);
}

static void
send_oversized_a_little (Worker *self)
{
  send_size (self, sizeof (RawFrame) + 8);
}

static void
send_odd_size (Worker *self)
{
  send_size (self, 51);
}

static void
send_no_size (Worker *self)
{
  send_size (self, 0);
}

/* A ring that is full of it could be read for ever. */
static void
send_padding (Worker *self)
{
  guint64 padding;

  cf_frame_write_padding (&padding, sizeof (padding));
  send_bytes (self, &padding, sizeof (padding));
}

static void
send_oversized_data (Worker *self)
{
  RawFrame frame = make_raw_result (self);

  frame.data_size = G_MAXUINT64 - 7;
  send_bytes (self, &frame, sizeof (frame));
}

static void
send_oversized_type (Worker *self)
{
  RawFrame frame = make_raw_result (self);

  frame.type_size = G_MAXUINT32;
  send_bytes (self, &frame, sizeof (frame));
}

static void
send_oversized_function (Worker *self)
{
  RawFrame frame = make_raw_result (self);

  frame.function_size = sizeof (RawFrame) - 8;
  send_bytes (self, &frame, sizeof (frame));
}

static void
send_endless_function (Worker *self)
{
  RawFrame frame = make_raw_result (self);

  frame.function_size = 8;
  memcpy (frame.rest, "abcdefghi", 10);
  send_bytes (self, &frame, sizeof (frame));
}

static void
send_type (Worker     *self,
           const char *type,
           gsize       type_size)
{
  RawFrame frame = make_raw_result (self);

  frame.type_size = type_size;
  memcpy (frame.rest, type, type_size);
  send_bytes (self, &frame, sizeof (frame));
}

static void
send_invalid_type (Worker *self)
{
  send_type (self, "a{", 3);
}

static void
send_indefinite_type (Worker *self)
{
  send_type (self, "a*", 3);
}

static void
send_endless_type (Worker *self)
{
  send_type (self, "ii", 2);
}

static void
send_value_without_type (Worker *self)
{
  RawFrame frame = make_raw_result (self);

  frame.type_size = 0;
  send_bytes (self, &frame, sizeof (frame));
}

static void
send_kind (Worker *self,
           guint   kind)
{
  RawFrame frame = make_raw_result (self);

  frame.kind = kind;
  send_bytes (self, &frame, sizeof (frame));
}

static void
send_unknown_kind (Worker *self)
{
  send_kind (self, 77);
}

static void
send_call (Worker *self)
{
  send_kind (self, CF_FRAME_CALL);
}

static void
send_finish (Worker *self)
{
  send_kind (self, CF_FRAME_FINISH);
}

static void
send_unknown_flags (Worker *self)
{
  RawFrame frame = make_raw_result (self);

  frame.flags = 0x8000;
  send_bytes (self, &frame, sizeof (frame));
}

static void
send_random_bytes (Worker *self)
{
  g_autoptr(GRand) random = g_rand_new_with_seed (g_variant_get_int64 (self->args));
  guint32 words[64];

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    words[i] = g_rand_int (random);
  words[0] |= 1u << 24;
  send_bytes (self, words, sizeof (words));
}

/* Counters that make no sense. */

static void
set_written (Worker  *self,
             guint64  written)
{
  atomic_store_explicit (&self->channel.results.ends->written, written, memory_order_release);
  cf_channel_wake_pool (&self->channel);
}

static void
run_ahead (Worker *self)
{
  set_written (self, self->channel.results.position + 3 * self->channel.results.size);
}

static void
fall_behind (Worker *self)
{
  set_written (self, self->channel.results.position - 8);
}

static void
get_out_of_step (Worker *self)
{
  set_written (self, self->channel.results.position + 4);
}

/* It looks as if the worker would never take a call. */
static void
never_read (Worker *self)
{
  send_result (self, self->args);
  atomic_store_explicit (&self->channel.calls.ends->read, G_MAXUINT64 / 3, memory_order_release);
}

/* Calls get lost: they count as begun before they are. */
static void
scribble_on_claims (Worker *self)
{
  for (guint i = 0; i < CF_CHANNEL_N_SLOTS; i++)
    atomic_store (&self->channel.region->slots[i], 0x0123456789abcdef);
  send_result (self, self->args);
}

/* Results of something else. */

static void
send_wrong_id (Worker *self)
{
  CfFrame frame = make_result (self, self->args);

  frame.id += 1000;
  send_frame (self, &frame);
}

static void
send_wrong_slot (Worker *self)
{
  CfFrame frame = make_result (self, self->args);

  frame.slot = 100000;
  send_frame (self, &frame);
}

static void
send_free_slot (Worker *self)
{
  CfFrame frame = make_result (self, self->args);

  frame.slot = (frame.slot + 1) % CF_CHANNEL_N_SLOTS;
  send_frame (self, &frame);
}

static void
send_twice (Worker *self)
{
  send_result (self, self->args);
  send_result (self, self->args);

  /* A call that was begun now would be blamed too. */
  for (;;)
    pause ();
}

static void
send_error_of_wrong_type (Worker *self)
{
  CfFrame frame = make_result (self, self->args);

  frame.flags = CF_FRAME_FLAG_ERROR;
  send_frame (self, &frame);
}

static void
send_error_without_domain (Worker *self)
{
  CfFrame frame = make_result (self, g_variant_new ("(si^ay)", "", 1, "nobody's"));

  frame.flags = CF_FRAME_FLAG_ERROR;
  send_frame (self, &frame);
}

static void
send_error_of_long_domain (Worker *self)
{
  g_autofree char *domain = g_strnfill (10000, 'd');
  CfFrame frame = make_result (self, g_variant_new ("(si^ay)", domain, 1, "nobody's"));

  frame.flags = CF_FRAME_FLAG_ERROR;
  send_frame (self, &frame);
}

static void
send_progress (Worker   *self,
               GVariant *value)
{
  CfFrame frame = make_result (self, value);

  frame.kind = CF_FRAME_PROGRESS;
  send_frame (self, &frame);
}

static void
send_progress_of_wrong_type (Worker *self)
{
  send_progress (self, g_variant_new_double (0.5));
}

static void
send_progress_of_wrong_id (Worker *self)
{
  self->call.id += 1000;
  send_progress (self, g_variant_new ("(dm^ay)", 0.5, NULL));
}

/* To be put up with. */
static void
send_progress_of_nonsense (Worker *self)
{
  const double fractions[] = { -1.0, 1.5, (double) NAN, (double) INFINITY };

  for (guint i = 0; i < G_N_ELEMENTS (fractions); i++)
    send_progress (self, g_variant_new ("(dm^ay)", fractions[i], "nonsense"));
  send_progress (self, g_variant_new ("(dm^ay)", 0.5, "\xff\xfe no text"));
  be_honest (self);
}

/* A string that is none, and an array whose offsets lead out of it. */
static void
send_abnormal_value (Worker *self)
{
  static const guint8 bytes[] = { 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

  send_result (self, g_variant_new_from_data (G_VARIANT_TYPE ("(sas)"), bytes, sizeof (bytes), TRUE, NULL, NULL));
}

/* A string that does not end where its data do. */
static void
send_endless_string (Worker *self)
{
  static const guint8 bytes[] = { 'e', 'n', 'd', 'l', 'e', 's', 's', '!' };

  send_result (self, g_variant_new_from_data (G_VARIANT_TYPE_STRING, bytes, sizeof (bytes), TRUE, NULL, NULL));
}

/* A chunk of a map with one result, whatever was asked for. */
static void
send_short_chunk (Worker *self)
{
  send_result (self, g_variant_new_parsed ("([just <int64 42>], @m(siay) nothing)"));
}

static void
send_nothing (Worker *self)
{
  send_result (self, NULL);
}

/* Payloads. */

static int
make_memfd (gsize size,
            int   seals)
{
  int descriptor = memfd_create ("hostile", MFD_CLOEXEC | MFD_ALLOW_SEALING);

  g_assert_cmpint (ftruncate (descriptor, size), ==, 0);
  g_assert_cmpint (fcntl (descriptor, F_ADD_SEALS, seals), ==, 0);

  return descriptor;
}

static void
send_payload_message (Worker *self,
                      int     descriptor)
{
  cf_channel_send (&self->channel, CF_MESSAGE_PAYLOAD, 0, self->call.id, NULL, descriptor);
}

/* Sends a result whose data, 100000 bytes, are said to be in @descriptor, which it closes. */
static void
send_payload (Worker *self,
              int     descriptor)
{
  g_autofree guint8 *zeros = g_malloc0 (100000);
  CfFrame frame = make_result (self, g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, zeros, 100000, 1));

  if (descriptor >= 0)
    {
      send_payload_message (self, descriptor);
      g_close (descriptor, NULL);
    }

  frame.flags = CF_FRAME_FLAG_PAYLOAD;
  send_frame (self, &frame);
}

static void
send_payload_sealed (Worker *self)
{
  send_payload (self, make_memfd (100000, ALL_SEALS));
}

static void
send_payload_unsealed (Worker *self)
{
  send_payload (self, make_memfd (100000, 0));
}

static void
send_payload_half_sealed (Worker *self)
{
  send_payload (self, make_memfd (100000, F_SEAL_SHRINK | F_SEAL_GROW));
}

static void
send_payload_too_small (Worker *self)
{
  send_payload (self, make_memfd (4096, ALL_SEALS));
}

static void
send_payload_too_large (Worker *self)
{
  send_payload (self, make_memfd (100001, ALL_SEALS));
}

static void
send_payload_of_nothing (Worker *self)
{
  send_payload (self, g_open ("/dev/null", O_RDWR | O_CLOEXEC, 0));
}

static void
send_payload_missing (Worker *self)
{
  send_payload (self, -1);
}

static void
send_payload_twice (Worker *self)
{
  send_payload_message (self, STDIN_FILENO);
  send_payload (self, make_memfd (100000, ALL_SEALS));
}

static void
send_payload_without_descriptor (Worker *self)
{
  cf_channel_send (&self->channel, CF_MESSAGE_PAYLOAD, 0, self->call.id, NULL, -1);
}

static void
send_payloads_of_nobody (Worker *self)
{
  for (guint i = 0; i < 2 * CF_CHANNEL_N_SLOTS; i++)
    {
      self->call.id++;
      send_payload_message (self, STDIN_FILENO);
    }
}

/* Messages that make no sense. */

static void
send_message_of_size (Worker *self,
                      gsize   size)
{
  g_autofree guint8 *bytes = g_malloc0 (size + 1);

  memset (bytes, 6, size);
  g_assert_cmpint (send (self->channel.socket, bytes, size, MSG_NOSIGNAL), ==, size);
}

static void
send_short_message (Worker *self)
{
  send_message_of_size (self, 3);
}

static void
send_long_message (Worker *self)
{
  send_message_of_size (self, 3 * CF_MESSAGE_MAX_TEXT);
}

static void
send_unknown_message (Worker *self)
{
  cf_channel_send (&self->channel, 99, 0, 0, NULL, -1);
}

static void
send_hello (Worker *self)
{
  cf_channel_send (&self->channel, CF_MESSAGE_HELLO, 1, 0, NULL, -1);
}

static void
send_descriptor_with_log (Worker *self)
{
  cf_channel_send (&self->channel, CF_MESSAGE_LOG, G_LOG_LEVEL_DEBUG, 0, "look, a descriptor", STDIN_FILENO);
}

static void
send_descriptors (Worker *self,
                  guint   n)
{
  CfMessage message = { .kind = CF_MESSAGE_WAKE };
  struct iovec part = { &message, sizeof (message) };
  int descriptors[8] = { 0 };
  union
  {
    struct cmsghdr header;
    char           space[CMSG_SPACE (sizeof (descriptors))];
  } control = { .header = { .cmsg_len = CMSG_LEN (n * sizeof (int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
  struct msghdr header = {
    .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_SPACE (n * sizeof (int)),
  };

  memcpy (CMSG_DATA (&control.header), descriptors, n * sizeof (int));
  g_assert_cmpint (sendmsg (self->channel.socket, &header, MSG_NOSIGNAL), ==, sizeof (message));
}

static void
send_two_descriptors (Worker *self)
{
  send_descriptors (self, 2);
}

static void
send_eight_descriptors (Worker *self)
{
  send_descriptors (self, 8);
}

/* Without end. */

static void
flood_with_messages (Worker *self)
{
  process_gate_open_at (g_variant_get_string (self->args, NULL));
  for (;;)
    {
      if (!cf_channel_send (&self->channel, CF_MESSAGE_LOG, G_LOG_LEVEL_DEBUG, 0, "blah", -1))
        g_thread_yield ();
    }
}

static void
flood_with_progress (Worker *self)
{
  process_gate_open_at (g_variant_get_string (self->args, NULL));
  for (;;)
    send_progress (self, g_variant_new ("(dm^ay)", 0.5, "blah"));
}

/* The end. */

static void
exit_after_garbage (Worker *self)
{
  send_truncated (self);
  _exit (EXIT_SUCCESS);
}

static void
exit_after_result (Worker *self)
{
  be_honest (self);
  _exit (EXIT_FAILURE);
}

static void
die_after_result (Worker *self)
{
  be_honest (self);
  raise (SIGKILL);
}

/* Is killed when it has taken the next call, of which nothing can be sent any longer by the socket. */
static void
die_when_called (Worker *self)
{
  guint8 *memory;
  gsize size;

  shutdown (WORKER_SOCKET, SHUT_RD);
  be_honest (self);

  while (!cf_ring_read (&self->channel.calls, &memory, &size, NULL))
    ;
  g_assert_true (cf_frame_parse (&self->call, memory, size, NULL));
  cf_channel_claim (&self->channel, self->call.slot, self->call.id);
  raise (SIGKILL);
}

static const struct
{
  const char *name;
  void      (*act) (Worker *self);
} acts[] =
  {
    { "hostile:honest", be_honest },
    { "hostile:block", block },
    { "hostile:truncated", send_truncated },
    { "hostile:oversized", send_oversized },
    { "hostile:oversized-a-little", send_oversized_a_little },
    { "hostile:odd-size", send_odd_size },
    { "hostile:no-size", send_no_size },
    { "hostile:padding", send_padding },
    { "hostile:oversized-data", send_oversized_data },
    { "hostile:oversized-type", send_oversized_type },
    { "hostile:oversized-function", send_oversized_function },
    { "hostile:endless-function", send_endless_function },
    { "hostile:invalid-type", send_invalid_type },
    { "hostile:indefinite-type", send_indefinite_type },
    { "hostile:endless-type", send_endless_type },
    { "hostile:value-without-type", send_value_without_type },
    { "hostile:unknown-kind", send_unknown_kind },
    { "hostile:call", send_call },
    { "hostile:finish", send_finish },
    { "hostile:unknown-flags", send_unknown_flags },
    { "hostile:random-bytes", send_random_bytes },
    { "hostile:run-ahead", run_ahead },
    { "hostile:fall-behind", fall_behind },
    { "hostile:out-of-step", get_out_of_step },
    { "hostile:never-read", never_read },
    { "hostile:scribble-on-claims", scribble_on_claims },
    { "hostile:wrong-id", send_wrong_id },
    { "hostile:wrong-slot", send_wrong_slot },
    { "hostile:free-slot", send_free_slot },
    { "hostile:twice", send_twice },
    { "hostile:error-of-wrong-type", send_error_of_wrong_type },
    { "hostile:error-without-domain", send_error_without_domain },
    { "hostile:error-of-long-domain", send_error_of_long_domain },
    { "hostile:progress-of-wrong-type", send_progress_of_wrong_type },
    { "hostile:progress-of-wrong-id", send_progress_of_wrong_id },
    { "hostile:progress-of-nonsense", send_progress_of_nonsense },
    { "hostile:abnormal-value", send_abnormal_value },
    { "hostile:endless-string", send_endless_string },
    { "hostile:short-chunk", send_short_chunk },
    { "hostile:nothing", send_nothing },
    { "hostile:payload-sealed", send_payload_sealed },
    { "hostile:payload-unsealed", send_payload_unsealed },
    { "hostile:payload-half-sealed", send_payload_half_sealed },
    { "hostile:payload-too-small", send_payload_too_small },
    { "hostile:payload-too-large", send_payload_too_large },
    { "hostile:payload-of-nothing", send_payload_of_nothing },
    { "hostile:payload-missing", send_payload_missing },
    { "hostile:payload-twice", send_payload_twice },
    { "hostile:payload-without-descriptor", send_payload_without_descriptor },
    { "hostile:payloads-of-nobody", send_payloads_of_nobody },
    { "hostile:short-message", send_short_message },
    { "hostile:long-message", send_long_message },
    { "hostile:unknown-message", send_unknown_message },
    { "hostile:hello", send_hello },
    { "hostile:descriptor-with-log", send_descriptor_with_log },
    { "hostile:two-descriptors", send_two_descriptors },
    { "hostile:eight-descriptors", send_eight_descriptors },
    { "hostile:flood-with-messages", flood_with_messages },
    { "hostile:flood-with-progress", flood_with_progress },
    { "hostile:exit-after-garbage", exit_after_garbage },
    { "hostile:exit-after-result", exit_after_result },
    { "hostile:die-after-result", die_after_result },
    { "hostile:die-when-called", die_when_called },
  };

static void
act (Worker *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (acts); i++)
    {
      if (g_str_equal (self->call.function, acts[i].name))
        {
          acts[i].act (self);
          return;
        }
    }

  g_error ("How is “%s” done?", self->call.function);
}

/* The first time it sends the result of a call that it has not begun; later, in whatever process, it behaves. The
 * argument is the path of a file that tells the times apart. */
static gboolean
anticipates (Worker *self)
{
  const char *path;

  if (!g_str_equal (self->call.function, "hostile:anticipate"))
    return FALSE;

  self->call.function = "hostile:honest";
  path = g_variant_get_string (self->args, NULL);
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    return FALSE;

  g_assert_true (g_file_set_contents (path, "", 0, NULL));
  be_honest (self);
  return TRUE;
}

static void
serve (Worker *self)
{
  guint8 *memory;
  gsize size;

  while (!cf_ring_read (&self->channel.calls, &memory, &size, NULL))
    g_usleep (100);

  g_assert_true (cf_frame_parse (&self->call, memory, size, NULL));
  if (self->call.kind == CF_FRAME_FINISH)
    exit (EXIT_SUCCESS);

  g_assert_nonnull (self->call.type);
  self->args = g_variant_ref_sink (g_variant_new_from_data (G_VARIANT_TYPE (self->call.type), self->call.data,
                                                            self->call.data_size, TRUE, NULL, NULL));
  if (!anticipates (self) && cf_channel_claim (&self->channel, self->call.slot, self->call.id))
    act (self);

  g_variant_unref (self->args);
  g_free (memory);
}

int
main (int   argc,
      char *argv[])
{
  Worker self = { 0 };

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (!cf_channel_init_worker (&self.channel, WORKER_SOCKET, NULL))
    return EXIT_FAILURE;

  for (;;)
    serve (&self);
}
