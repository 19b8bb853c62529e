/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The channel between a pool and one of its workers: shared memory for the calls, a socket for the rest.
 *
 *                          ┌───────────────── region ─────────────────┐
 *      pool ──calls──────→ │ ring, a claim word for each call in it    │ ──→ worker
 *           ←────results── │ ring                                      │ ←──
 *                          └───────────────────────────────────────────┘
 *           ←── socket: start-up, payloads' descriptors, cancelling, wake-ups, death ──→
 *
 * Why both: measured on two cores, with a small frame that another process sends back while both sides spin, a
 * round trip takes 1.3 µs through shared memory and 6 to 7 µs through a socket, which costs two system calls on either
 * side (tests/benchmarks/bench-transport.c); if both sleep it is the same, 40 to 70 µs. But a socket passes
 * descriptors, can be polled with everything else, and tells when the other side has died, whatever killed it.
 *
 * **Claim words.** A call in the ring is still the pool's until the worker begins it. Both change the word of its
 * slot from OFFERED, with the call's id in it, by a compare-and-swap: the worker to CLAIMED, the pool to FREE if it
 * wants the call back because it was cancelled or because another worker is idle. Exactly one of them succeeds. As
 * ids are never used twice, a frame whose call was taken back is recognized although its slot has another call by
 * now.
 *
 * **Sleeping.** Each side has a word that says that it sleeps, or is about to. The side that writes a frame and then
 * finds the word set, resets it and wakes the other side; the side that goes to sleep sets it and then looks at the
 * ring once more. Both put a sequentially consistent fence between the two steps, so that at least one of them
 * sees what the other has done (Dekker's pattern): no frame is left lying. The worker sleeps in a futex on its word,
 * the pool is woken by a message on the socket, where it waits for all its workers at once.
 *
 * A thread of the pool that polls keeps the word clear, and may then be preempted for long. So a worker that sleeps, and
 * whose results lie unread for UNREAD_USEC, sends the message all the same.
 *
 * The pool owns the region. A worker may do there what it likes: it hurts only itself. The region's memfd is
 * sealed against shrinking, so that it cannot be pulled away under the pool. */

#include "config.h"

#include "transport/cf-channel-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include "base/cf-cpu-count-private.h"
#include "cf-error.h"
#include "base/cf-futex-private.h"
#include "transport/cf-held-signals-private.h"

#define PROTOCOL_VERSION 1
#define UNREAD_USEC      200
#define RING_SIZE        (512 * 1024)
#define REGION_HEADER    ((sizeof (CfRegion) + 4095) & ~(gsize) 4095)
#define REGION_SIZE      (REGION_HEADER + 2 * RING_SIZE)

/* The state of a call, in the lower bits of its claim word. */
enum
{
  FREE,
  OFFERED,
  CLAIMED,
};

static guint64
claim_word (guint64 id,
            guint   state)
{
  return id << 2 | state;
}

/* The region. */

static gboolean
set_error_from_errno (GError     **error,
                      const char  *what)
{
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s: %s", what, g_strerror (errno));
  return FALSE;
}

static gboolean
map_region (CfChannel  *self,
            int         descriptor,
            GError    **error)
{
  guint8 *address = mmap (NULL, REGION_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);

  if (address == MAP_FAILED)
    return set_error_from_errno (error, _("Could not map the memory shared with a worker"));

  /* A child that is forked for something else has no business here. */
  madvise (address, REGION_SIZE, MADV_DONTFORK);

  self->region = (CfRegion *) (void *) address;
  cf_ring_init (&self->calls, &self->region->call_ends, address + REGION_HEADER, RING_SIZE);
  cf_ring_init (&self->results, &self->region->result_ends, address + REGION_HEADER + RING_SIZE, RING_SIZE);
  return TRUE;
}

static int
create_region (GError **error)
{
  int descriptor = memfd_create ("cfutures-region", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  CfHeldSignals held;
  gboolean is_large;

  cf_held_signals_begin (&held);
  is_large = descriptor >= 0 && ftruncate (descriptor, REGION_SIZE) == 0;
  if (is_large)
    errno = 0;
  cf_held_signals_end (&held);

  if (is_large && fcntl (descriptor, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW) == 0)
    return descriptor;

  if (errno == EFBIG)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                 _("The memory shared with a worker takes %u KiB, and this process may not create files that large. "
                   "Raise its limit (ulimit -f)"), (guint) (REGION_SIZE / 1024));
  else
    set_error_from_errno (error, _("Could not create memory to share with a worker"));
  if (descriptor >= 0)
    g_close (descriptor, NULL);
  return -1;
}

static gboolean
say_hello (CfChannel  *self,
           int         region,
           GError    **error)
{
  return cf_channel_send (self, CF_MESSAGE_HELLO, PROTOCOL_VERSION, cf_cpu_count_cached (), NULL, region) ||
         set_error_from_errno (error, _("Could not send a worker the memory that it shares"));
}

/**
 * cf_channel_init_pool:
 * @self: (out caller-allocates): the pool's side of a new channel
 * @worker_socket: (out): the descriptor that the worker is to have, for the caller to close
 * @error: return location for a `GIOErrorEnum`
 *
 * Returns: %FALSE if @error is set
 */
gboolean
cf_channel_init_pool (CfChannel  *self,
                      int        *worker_socket,
                      GError    **error)
{
  gboolean is_ready;
  int sockets[2];
  int region;

  *self = (CfChannel) { .socket = -1 };
  *worker_socket = -1;

  region = create_region (error);
  if (region < 0)
    return FALSE;

  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
    {
      set_error_from_errno (error, _("Could not create a socket for a worker"));
      g_close (region, NULL);
      return FALSE;
    }

  self->socket = sockets[0];
  *worker_socket = sockets[1];

  is_ready = map_region (self, region, error) && say_hello (self, region, error);
  g_close (region, NULL);
  if (is_ready)
    return TRUE;

  g_close (g_steal_fd (worker_socket), NULL);
  cf_channel_clear (self);
  return FALSE;
}

/**
 * cf_channel_init_worker:
 * @self: (out caller-allocates): the worker's side of a channel
 * @socket: (transfer full): the descriptor that the worker was started with
 * @error: return location for a `CF_ERROR_PROTOCOL` or a `GIOErrorEnum`
 *
 * Waits for the pool's first message, and answers that the worker is ready.
 *
 * Returns: %FALSE if @error is set
 */
gboolean
cf_channel_init_worker (CfChannel  *self,
                        int         socket,
                        GError    **error)
{
  g_autoptr(GError) fault = NULL;
  g_autofree char *text = NULL;
  CfMessage message = { 0 };
  int region = -1;

  *self = (CfChannel) { .socket = socket };

  if (fcntl (socket, F_SETFD, FD_CLOEXEC) < 0)
    return set_error_from_errno (error, _("The worker was started without its socket"));

  if (cf_channel_receive (self, TRUE, &message, &text, &region, &fault) != CF_RECEIVE_MESSAGE ||
      message.kind != CF_MESSAGE_HELLO || message.value != PROTOCOL_VERSION || region < 0)
    g_set_error (error, CF_ERROR, CF_ERROR_PROTOCOL,
                 _("The pool and its worker belong to different versions of CFutures and cannot work together"));
  else if (map_region (self, region, error))
    cf_cpu_count_set_cached (message.id);

  if (region >= 0)
    g_close (region, NULL);

  if (self->region == NULL)
    return FALSE;

  if (cf_channel_send (self, CF_MESSAGE_READY, PROTOCOL_VERSION, 0, NULL, -1))
    return TRUE;

  /* The pool did not wait for it. */
  g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (errno), g_strerror (errno));
  return FALSE;
}

void
cf_channel_clear (CfChannel *self)
{
  if (self->region != NULL)
    munmap (self->region, REGION_SIZE);
  if (self->socket >= 0)
    g_close (self->socket, NULL);

  *self = (CfChannel) { .socket = -1 };
}

/* Messages. */

/**
 * cf_channel_send:
 * @self: a channel
 * @kind: of the message
 * @value: its number
 * @id: the call that it is about, or 0
 * @text: (nullable): its text, of which the first %CF_MESSAGE_MAX_TEXT bytes are sent
 * @descriptor: a descriptor that the other side gets a copy of, or -1
 *
 * Sends a message. It does not block: a side that does not read its messages has stopped working.
 *
 * Returns: %FALSE if it could not be sent
 */
gboolean
cf_channel_send (CfChannel     *self,
                 CfMessageKind  kind,
                 guint          value,
                 guint64        id,
                 const char    *text,
                 int            descriptor)
{
  CfMessage message = { .kind = kind, .value = value, .id = id };
  struct iovec parts[2] = {
    { &message, sizeof (message) },
    { (gpointer) text, text != NULL ? strnlen (text, CF_MESSAGE_MAX_TEXT) : 0 },
  };
  union
  {
    struct cmsghdr header;
    char           space[CMSG_SPACE (sizeof (int))];
  } control = { .header = { .cmsg_len = CMSG_LEN (sizeof (int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
  struct msghdr header = { .msg_iov = parts, .msg_iovlen = G_N_ELEMENTS (parts) };
  gssize sent;

  if (descriptor >= 0)
    {
      memcpy (CMSG_DATA (&control.header), &descriptor, sizeof (descriptor));
      header.msg_control = &control;
      header.msg_controllen = sizeof (control.space);
    }

  do
    sent = sendmsg (self->socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (sent < 0 && errno == EINTR);

  return sent >= 0;
}

/* Takes what has come with a message: one descriptor at most. The buffer is rounded up, and may have room for more.
 * Returns FALSE if there was more. */
static gboolean
take_descriptor (struct msghdr *header,
                 int           *descriptor)
{
  struct cmsghdr *control = CMSG_FIRSTHDR (header);
  const guchar *data;
  guint n;

  *descriptor = -1;
  if (control == NULL || control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS)
    return control == NULL;

  data = CMSG_DATA (control);
  n = (control->cmsg_len - CMSG_LEN (0)) / sizeof (int);
  for (guint i = 0; i < n; i++)
    {
      if (*descriptor >= 0)
        g_close (*descriptor, NULL);
      memcpy (descriptor, data + i * sizeof (int), sizeof (int));
    }

  return n <= 1;
}

/**
 * cf_channel_receive:
 * @self: a channel
 * @wait: whether to wait for a message
 * @message: (out caller-allocates): the message
 * @text: (out) (transfer full) (nullable): its text
 * @descriptor: (out): the descriptor that came with it, for the caller to close, or -1
 * @error: return location for a `CF_ERROR_PROTOCOL`
 *
 * Returns: what has come
 */
CfReceiveResult
cf_channel_receive (CfChannel  *self,
                    gboolean    wait,
                    CfMessage  *message,
                    char      **text,
                    int        *descriptor,
                    GError    **error)
{
  char buffer[CF_MESSAGE_MAX_TEXT];
  struct iovec parts[2] = { { message, sizeof (*message) }, { buffer, sizeof (buffer) } };
  union
  {
    struct cmsghdr header;
    char           space[CMSG_SPACE (sizeof (int))];
  } control;
  struct msghdr header = {
    .msg_iov = parts, .msg_iovlen = G_N_ELEMENTS (parts),
    .msg_control = &control, .msg_controllen = sizeof (control.space),
  };
  gboolean is_sane;
  gssize size;

  *text = NULL;
  *descriptor = -1;

  do
    size = recvmsg (self->socket, &header, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
  while (size < 0 && errno == EINTR);

  if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
    return CF_RECEIVE_NOTHING;
  if (size <= 0)
    return CF_RECEIVE_CLOSED;

  is_sane = take_descriptor (&header, descriptor);
  if (!is_sane || (gsize) size < sizeof (*message) || (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
    {
      g_set_error (error, CF_ERROR, CF_ERROR_PROTOCOL, _("Received an invalid message of %lu bytes"),
                   (gulong) size);
      if (*descriptor >= 0)
        g_close (g_steal_fd (descriptor), NULL);
      return CF_RECEIVE_FAULT;
    }

  if ((gsize) size > sizeof (*message))
    *text = g_utf8_make_valid (buffer, size - sizeof (*message));
  return CF_RECEIVE_MESSAGE;
}

/* Claim words. */

/**
 * cf_channel_offer:
 * @self: the pool's side
 * @slot: a slot that no call has
 * @id: of a call, whose frame is written afterwards
 */
void
cf_channel_offer (CfChannel *self,
                  guint      slot,
                  guint64    id)
{
  atomic_store_explicit (&self->region->slots[slot], claim_word (id, OFFERED), memory_order_relaxed);
}

static gboolean
change_claim (CfChannel *self,
              guint      slot,
              guint64    id,
              guint      state)
{
  guint64 offered = claim_word (id, OFFERED);

  return atomic_compare_exchange_strong_explicit (&self->region->slots[slot], &offered, claim_word (id, state),
                                                  memory_order_acq_rel, memory_order_acquire);
}

/**
 * cf_channel_take_back:
 * @self: the pool's side
 * @slot: of a call
 * @id: of the call
 *
 * Returns: whether the call is the pool's again; otherwise the worker has begun it
 */
gboolean
cf_channel_take_back (CfChannel *self,
                      guint      slot,
                      guint64    id)
{
  return change_claim (self, slot, id, FREE);
}

/**
 * cf_channel_claim:
 * @self: the worker's side
 * @slot: of a call
 * @id: of the call
 *
 * Returns: whether the call is the worker's, to be made; otherwise the pool has taken it back
 */
gboolean
cf_channel_claim (CfChannel *self,
                  guint      slot,
                  guint64    id)
{
  return change_claim (self, slot, id, CLAIMED);
}

/**
 * cf_channel_is_claimed:
 * @self: the pool's side
 * @slot: of a call that was offered and not taken back
 * @id: of the call
 *
 * Returns: whether the worker has begun it
 */
gboolean
cf_channel_is_claimed (CfChannel *self,
                       guint      slot,
                       guint64    id)
{
  return atomic_load_explicit (&self->region->slots[slot], memory_order_acquire) != claim_word (id, OFFERED);
}

/* Waking. */

static gboolean
was_asleep (_Atomic guint32 *word)
{
  /* Pairs with the fence of the side that goes to sleep: see the top of the file. */
  atomic_thread_fence (memory_order_seq_cst);
  return atomic_load_explicit (word, memory_order_relaxed) != 0 &&
         atomic_exchange_explicit (word, 0, memory_order_relaxed) != 0;
}

/* Sleeps until the word is reset, but if there are results only until nobody has read them for a while. Returns whether
 * that is so. */
static gboolean
sleep_over_results (CfChannel       *self,
                    _Atomic guint32 *asleep)
{
  const struct timespec timeout = { .tv_nsec = UNREAD_USEC * 1000 };

  if (cf_ring_is_read (&self->results))
    {
      cf_futex (asleep, FUTEX_WAIT, TRUE, NULL);
      return FALSE;
    }

  return cf_futex (asleep, FUTEX_WAIT, TRUE, &timeout) < 0 && errno == ETIMEDOUT && !cf_ring_is_read (&self->results);
}

/**
 * cf_channel_sleep_worker:
 * @self: the worker's side
 * @condition: what to sleep for; the thread that makes it true then calls cf_channel_wake_worker()
 * @data: passed to @condition
 *
 * Sleeps until @condition holds. The worker's main thread alone sleeps here.
 */
void
cf_channel_sleep_worker (CfChannel          *self,
                         CfChannelCondition  condition,
                         gpointer            data)
{
  _Atomic guint32 *asleep = &self->region->worker_asleep;
  gboolean has_told = FALSE;

  while (!condition (data))
    {
      atomic_store_explicit (asleep, TRUE, memory_order_relaxed);

      /* Pairs with the fence in was_asleep(). */
      atomic_thread_fence (memory_order_seq_cst);
      if (!condition (data) && has_told)
        cf_futex (asleep, FUTEX_WAIT, TRUE, NULL);
      else if (!condition (data) && sleep_over_results (self, asleep))
        has_told = cf_channel_send (self, CF_MESSAGE_WAKE, 0, 0, NULL, -1);
      atomic_store_explicit (asleep, FALSE, memory_order_relaxed);
    }
}

/**
 * cf_channel_wake_worker:
 * @self: either side
 *
 * Sees to it that the worker's main thread looks at what was done before this.
 */
void
cf_channel_wake_worker (CfChannel *self)
{
  /* The memory is the worker's to write to, and whatever it has made of it, this call does no harm. */
  if (was_asleep (&self->region->worker_asleep))
    cf_futex (&self->region->worker_asleep, FUTEX_WAKE, 1, NULL);
}

/**
 * cf_channel_wake_pool:
 * @self: the worker's side
 *
 * Sees to it that the pool looks at what was done before this.
 */
void
cf_channel_wake_pool (CfChannel *self)
{
  if (was_asleep (&self->region->pool_asleep))
    cf_channel_send (self, CF_MESSAGE_WAKE, 0, 0, NULL, -1);
}
