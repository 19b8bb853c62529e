/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* CFUTURES_DEBUG=dump: on SIGUSR1 all executors are described on standard error, also while the main loop is stuck.
 *
 *      SIGUSR1 ──→ handler, in any thread ──eventfd──→ thread cf-dump ──→ describe() of each executor ──→ standard error
 *
 * The handler does nothing but write to a file descriptor. It is installed if the signal has no handler yet, and stays. The
 * thread is started with the first executor, and stays.
 *
 * Executors are listed by weak references, under a mutex, and only if the topic is set. */

#include "config.h"

#include "executors/cf-dump-private.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include <sys/eventfd.h>

#include "base/cf-mutex-private.h"
#include "base/cf-trace-private.h"
#include "executors/cf-dump-text-private.h"

typedef GVariant *(*DescribeFunc) (GObject *executor);

static CfMutex mutex;             /* guards these */
static GHashTable *executors;     /* address of an executor: GWeakRef */
static gboolean has_begun;
static DescribeFunc describe;     /* the same for all */

/* Written before the handler is installed. */
static int wakeup = -1;
static pid_t process;

/* Async-signal-safe. A forked child, which has no thread for it, shares the descriptor with its parent. */
static void
on_signal (int signal_number)
{
  const guint64 one = 1;
  int saved_errno = errno;
  G_GNUC_UNUSED gssize n;

  if (getpid () == process)
    n = write (wakeup, &one, sizeof (one));
  errno = saved_errno;
}

static void
add_strong (gpointer key,
            gpointer weak,
            gpointer list)
{
  GObject *executor = g_weak_ref_get (weak);

  if (executor != NULL)
    g_ptr_array_add (list, executor);
}

static GPtrArray *
list_executors (void)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (g_object_unref);

  cf_mutex_lock (&mutex);
  g_hash_table_foreach (executors, add_strong, list);
  cf_mutex_unlock (&mutex);

  return list;
}

/* Not by stdio, whose locks a thread that is stuck may have. */
static void
write_all (const char *text,
           gsize       length)
{
  while (length > 0)
    {
      gssize n = write (STDERR_FILENO, text, length);

      if (n < 0 && errno != EINTR)
        return;

      text += MAX (n, 0);
      length -= (gsize) MAX (n, 0);
    }
}

static void
dump (void)
{
  g_autoptr(GPtrArray) list = list_executors ();
  g_autoptr(GString) text = g_string_new (NULL);

  g_string_append_printf (text, "CFutures: process %d has %u executor%s\n", (int) getpid (), list->len,
                          list->len == 1 ? "" : "s");
  for (guint i = 0; i < list->len; i++)
    {
      g_autoptr(GVariant) description = describe (g_ptr_array_index (list, i));

      cf_dump_text_append (text, description);
    }

  write_all (text->str, text->len);
}

/* One thread at least takes the signal, even if all others block it. */
static void
unblock_signal (void)
{
  sigset_t set;

  sigemptyset (&set);
  sigaddset (&set, SIGUSR1);
  pthread_sigmask (SIG_UNBLOCK, &set, NULL);
}

static gpointer
dump_thread (gpointer unused)
{
  guint64 n_signals;
  gssize n;

  unblock_signal ();
  while ((n = read (wakeup, &n_signals, sizeof (n_signals))) > 0 || errno == EINTR)
    {
      if (n > 0)
        dump ();
    }

  return NULL;
}

/* A handler of the program's own stays. */
static gboolean
has_handler (void)
{
  struct sigaction action;

  return sigaction (SIGUSR1, NULL, &action) != 0 ||
         (action.sa_flags & SA_SIGINFO) != 0 || action.sa_handler != SIG_DFL;
}

static void
install_handler (void)
{
  struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

  sigemptyset (&action.sa_mask);
  sigaction (SIGUSR1, &action, NULL);
}

/* Once. Returns what to say if it cannot be done. */
static const char *
begin (void)
{
  GThread *thread;

  if (has_handler ())
    return "the program has a handler of its own for SIGUSR1";

  wakeup = eventfd (0, EFD_CLOEXEC);
  process = getpid ();
  thread = wakeup >= 0 ? g_thread_try_new ("cf-dump", dump_thread, NULL, NULL) : NULL;
  if (thread == NULL)
    return "the system has no room for a thread";

  g_thread_unref (thread);
  install_handler ();
  return NULL;
}

static void
free_weak (gpointer weak)
{
  g_weak_ref_clear (weak);
  g_free (weak);
}

/**
 * cf_dump_add:
 * @executor: an executor that is being made
 * @describe_func: describes an executor
 *
 * Has it described when a SIGUSR1 comes, if CFUTURES_DEBUG wants that.
 */
void
cf_dump_add (GObject       *executor,
             DescribeFunc   describe_func)
{
  GWeakRef *weak;
  const char *failure = NULL;

  if (!cf_trace_is_on (CF_TRACE_DUMP))
    return;

  weak = g_new0 (GWeakRef, 1);
  g_weak_ref_init (weak, executor);

  cf_mutex_lock (&mutex);
  if (executors == NULL)
    executors = g_hash_table_new_full (NULL, NULL, NULL, free_weak);
  g_hash_table_insert (executors, executor, weak);
  describe = describe_func;
  if (!has_begun)
    failure = begin ();
  has_begun = TRUE;
  cf_mutex_unlock (&mutex);

  if (failure != NULL)
    g_message ("CFUTURES_DEBUG=dump does nothing: %s", failure);
}

/**
 * cf_dump_remove:
 * @executor: an executor that is finalized
 *
 * Forgets it.
 */
void
cf_dump_remove (GObject *executor)
{
  if (!cf_trace_is_on (CF_TRACE_DUMP))
    return;

  cf_mutex_lock (&mutex);
  g_hash_table_remove (executors, executor);
  cf_mutex_unlock (&mutex);
}
