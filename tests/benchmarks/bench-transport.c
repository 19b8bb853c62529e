/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Why calls go to workers through shared memory: the round trip of a small call through the channel's rings and
 * through its socket, to a process that does nothing but send back what it gets. Each is measured with two sides that
 * spin until something comes, which is the best that the transport can do, and with two sides that go to sleep, which
 * costs a wake-up on either side.
 *
 * The rows are private parts of the library, so this program links its objects.
 */

#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench-table.h"
#include "transport/cf-channel-private.h"
#include "base/cf-spin-private.h"

#define SPINS_BEFORE_YIELD 1000

/* About as long as the frame of a small call. */
#define MESSAGE_TEXT "a message that is as long as the frame of a small call, with a name and a number"

typedef struct
{
  gboolean uses_ring;
  gboolean sleeps;
} Transport;

static void
spin (guint i)
{
  if (i % SPINS_BEFORE_YIELD == 0)
    sched_yield ();
  else
    cf_spin_relax ();
}

/* What the channel's users do: cf-worker.c for the worker, cf-result-receiver.c for the pool. */

static gboolean
has_call (gpointer channel)
{
  return !cf_ring_is_empty (&((CfChannel *) channel)->calls);
}

static gboolean
has_result (CfChannel *channel)
{
  return !cf_ring_is_empty (&channel->results);
}

static void
receive (CfChannel *channel,
         gboolean   wait)
{
  g_autofree char *text = NULL;
  CfReceiveResult received;
  CfMessage message;
  int descriptor;

  for (guint i = 1; (received = cf_channel_receive (channel, wait, &message, &text, &descriptor, NULL)) ==
                    CF_RECEIVE_NOTHING; i++)
    spin (i);

  if (received != CF_RECEIVE_MESSAGE)
    _exit (EXIT_SUCCESS);
}

static void
sleep_until_result (CfChannel *channel)
{
  atomic_store (&channel->region->pool_asleep, TRUE);

  /* The worker sends one message for each time that the pool has gone to sleep. */
  if (!has_result (channel) || atomic_exchange (&channel->region->pool_asleep, FALSE) == FALSE)
    {
      struct pollfd ready = { .fd = channel->socket, .events = POLLIN };

      poll (&ready, 1, -1);
      receive (channel, TRUE);
    }
}

static GVariant *
read_frame (CfRing  *ring,
            CfFrame *frame)
{
  g_autoptr (GError) error = NULL;
  guint8 *memory = NULL;
  gsize size;

  if (!cf_ring_read (ring, &memory, &size, &error) || !cf_frame_parse (frame, memory, size, &error))
    g_error ("There is no frame: %s", error != NULL ? error->message : "the ring is empty");

  if (frame->type != NULL)
    return cf_frame_take_value (frame, memory);

  g_free (memory);
  return NULL;
}

/* The process that sends back what it gets, until it gets a frame that says to finish, or the socket is closed. */

static void
serve_ring (CfChannel       *channel,
            const Transport *transport)
{
  for (;;)
    {
      g_autoptr (GVariant) value = NULL;
      CfFrame result = { .kind = CF_FRAME_RESULT };
      CfFrame call;

      if (transport->sleeps)
        cf_channel_sleep_worker (channel, has_call, channel);
      for (guint i = 1; !has_call (channel); i++)
        spin (i);

      value = read_frame (&channel->calls, &call);
      if (call.kind == CF_FRAME_FINISH)
        _exit (EXIT_SUCCESS);

      result.id = call.id;
      result.value = value;
      cf_ring_write (&channel->results, &result);
      cf_channel_wake_pool (channel);
    }
}

static void
serve_socket (CfChannel       *channel,
              const Transport *transport)
{
  for (;;)
    {
      receive (channel, transport->sleeps);
      cf_channel_send (channel, CF_MESSAGE_LOG, 0, 0, MESSAGE_TEXT, -1);
    }
}

static pid_t
start_echo (CfChannel       *channel,
            const Transport *transport)
{
  g_autoptr (GError) error = NULL;
  CfChannel worker;
  int worker_socket;
  pid_t process;

  if (!cf_channel_init_pool (channel, &worker_socket, &error))
    g_error ("There is no channel: %s", error->message);

  process = fork ();
  g_assert_cmpint (process, >=, 0);
  if (process > 0)
    {
      close (worker_socket);
      receive (channel, TRUE);
      return process;
    }

  close (channel->socket);
  if (!cf_channel_init_worker (&worker, worker_socket, &error))
    g_error ("The worker has no channel: %s", error->message);

  if (transport->uses_ring)
    serve_ring (&worker, transport);
  else
    serve_socket (&worker, transport);
  g_assert_not_reached ();
}

/* The measurements */

static void
send_and_receive_by_ring (CfChannel       *channel,
                          const Transport *transport,
                          guint            id,
                          GVariant        *args)
{
  g_autoptr (GVariant) value = NULL;
  CfFrame call = { .kind = CF_FRAME_CALL, .id = id, .function = "echo", .value = args };
  CfFrame result;

  cf_ring_write (&channel->calls, &call);
  cf_channel_wake_worker (channel);

  if (transport->sleeps)
    sleep_until_result (channel);
  for (guint i = 1; !has_result (channel); i++)
    spin (i);

  value = read_frame (&channel->results, &result);
  g_assert_cmpuint (result.id, ==, id);
}

static double
measure (const Transport *transport,
         guint            n)
{
  g_autoptr (GVariant) args = g_variant_ref_sink (g_variant_new_uint32 (n));
  CfFrame finish = { .kind = CF_FRAME_FINISH };
  CfChannel channel;
  pid_t process = start_echo (&channel, transport);
  guint64 start = bench_now ();
  double result;

  for (guint i = 1; i <= n; i++)
    {
      if (transport->uses_ring)
        {
          send_and_receive_by_ring (&channel, transport, i, args);
        }
      else
        {
          cf_channel_send (&channel, CF_MESSAGE_LOG, 0, i, MESSAGE_TEXT, -1);
          receive (&channel, transport->sleeps);
        }
    }

  result = bench_per_operation (start, n);
  cf_ring_write (&channel.calls, &finish);
  cf_channel_wake_worker (&channel);
  cf_channel_clear (&channel);
  waitpid (process, NULL, 0);

  return result;
}

static double
measure_ring_spinning (guint n,
                       guint n_workers)
{
  return measure (&(Transport) { .uses_ring = TRUE }, n);
}

static double
measure_ring_sleeping (guint n,
                       guint n_workers)
{
  return measure (&(Transport) { .uses_ring = TRUE, .sleeps = TRUE }, n);
}

static double
measure_socket_spinning (guint n,
                         guint n_workers)
{
  return measure (&(Transport) { .uses_ring = FALSE }, n);
}

static double
measure_socket_sleeping (guint n,
                         guint n_workers)
{
  return measure (&(Transport) { .sleeps = TRUE }, n);
}

static const BenchMeasurement transports[] = {
  { "ring/spinning", "shared memory, both spin", measure_ring_spinning, 200000, 20000, { { NULL } } },
  { "socket/spinning", "socket, both spin", measure_socket_spinning, 50000, 5000, { { NULL } } },
  { "ring/sleeping", "shared memory, both sleep", measure_ring_sleeping, 20000, 2000, { { NULL } } },
  { "socket/sleeping", "socket, both sleep", measure_socket_sleeping, 20000, 2000, { { NULL } } },
};

static const BenchGroup groups[] = {
  { "Round trip of a small call to another process", "ns", transports, G_N_ELEMENTS (transports) },
};

int
main (int    argc,
      char **argv)
{
  const BenchTable table = {
    .summary = "- measure what the process pool's channel is made of",
    .groups = groups,
    .n_groups = G_N_ELEMENTS (groups),
  };

  return bench_table_main (&table, argc, argv);
}
