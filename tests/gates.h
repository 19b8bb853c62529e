/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a test waits on instead of sleeping: gates between threads, loops that run until something holds,
 * and a thread that runs a main loop.
 *
 * A gate counts how often it was opened. It is made of POSIX threads' mutex and condition variable and
 * not of GLib's, for two reasons: ThreadSanitizer sees these, and a thread of a pool that waits here is
 * really blocked, while one that waits inside CFutures lets the pool put another thread in its place. */

#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <glib.h>

typedef struct
{
  pthread_mutex_t mutex;
  pthread_cond_t  changed;
  guint           n_opened;
} Gate;

#define GATE_INIT { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0 }

/* Lets everybody pass who waits for no more openings than there have been. */
static inline void
gate_open (Gate *self)
{
  pthread_mutex_lock (&self->mutex);
  self->n_opened++;
  pthread_cond_broadcast (&self->changed);
  pthread_mutex_unlock (&self->mutex);
}

static inline void
gate_wait_for (Gate  *self,
               guint  n_opened)
{
  pthread_mutex_lock (&self->mutex);
  while (self->n_opened < n_opened)
    pthread_cond_wait (&self->changed, &self->mutex);
  pthread_mutex_unlock (&self->mutex);
}

static inline void
gate_wait (Gate *self)
{
  gate_wait_for (self, 1);
}

static inline gboolean
gate_is_open (Gate *self)
{
  gboolean is_open;

  pthread_mutex_lock (&self->mutex);
  is_open = self->n_opened > 0;
  pthread_mutex_unlock (&self->mutex);

  return is_open;
}

/* For what comes true in an iteration of @context, or wakes it when it comes true. */
#define loop_until(context, condition)                 \
  G_STMT_START                                         \
    {                                                  \
      while (!(condition))                             \
        g_main_context_iteration ((context), TRUE);    \
    }                                                  \
  G_STMT_END

/* For what comes true in another thread without telling anybody. */
#define yield_until(condition)                         \
  G_STMT_START                                         \
    {                                                  \
      while (!(condition))                             \
        g_thread_yield ();                             \
    }                                                  \
  G_STMT_END

/* Dispatches what is ready in @context, and what becomes ready by that, without blocking. */
static inline void
loop_while_ready (GMainContext *context)
{
  while (g_main_context_iteration (context, FALSE))
    ;
}

/* A thread that does nothing but iterate a main context, by default one of its own. */
typedef struct
{
  GMainContext *context;
  GThread      *thread;
  atomic_bool   stop;
} LoopThread;

static inline gpointer
loop_thread_main (gpointer user_data)
{
  LoopThread *self = user_data;

  g_main_context_push_thread_default (self->context);
  while (!atomic_load (&self->stop))
    g_main_context_iteration (self->context, TRUE);
  g_main_context_pop_thread_default (self->context);

  return NULL;
}

/* Iterates @context, %NULL for the default one. */
static inline LoopThread *
loop_thread_new_for_context (GMainContext *context)
{
  LoopThread *self = g_new0 (LoopThread, 1);

  self->context = g_main_context_ref (context != NULL ? context : g_main_context_default ());
  atomic_init (&self->stop, false);
  self->thread = g_thread_new ("loop", loop_thread_main, self);

  return self;
}

static inline LoopThread *
loop_thread_new (void)
{
  GMainContext *context = g_main_context_new ();
  LoopThread *self = loop_thread_new_for_context (context);

  g_main_context_unref (context);

  return self;
}

static inline gboolean
loop_thread_on_idle (gpointer gate)
{
  gate_open ((Gate *) gate);

  return G_SOURCE_REMOVE;
}

/* Returns when the thread owns its context. */
static inline void
loop_thread_await (LoopThread *self)
{
  Gate iterated = GATE_INIT;
  GSource *source = g_idle_source_new ();

  g_source_set_callback (source, loop_thread_on_idle, &iterated, NULL);
  g_source_attach (source, self->context);
  gate_wait (&iterated);
  g_source_unref (source);
}

static inline void
loop_thread_free (LoopThread *self)
{
  atomic_store (&self->stop, true);
  g_main_context_wakeup (self->context);
  g_thread_join (self->thread);
  g_main_context_unref (self->context);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LoopThread, loop_thread_free)
