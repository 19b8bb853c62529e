/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The queue in which the calls of a process pool wait for a worker. This is a private part of the library. */

#include "processes/cf-call-queue-private.h"

static CfRemoteCall *
new_call (int priority)
{
  CfRemoteCall *call = cf_remote_call_new (NULL);

  call->priority = priority;
  return call;
}

static void
assert_next (CfCallQueue  *queue,
             CfRemoteCall *expected)
{
  g_assert_true (cf_call_queue_peek (queue) == expected);
  cf_call_queue_remove (queue, expected);
}

static void
test_order (void)
{
  CfRemoteCall *calls[] = { new_call (0), new_call (5), new_call (0), new_call (-5), new_call (5) };
  const guint expected[] = { 3, 0, 2, 1, 4 };
  CfCallQueue queue = { NULL };

  cf_call_queue_init (&queue);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    cf_call_queue_push (&queue, calls[i]);
  g_assert_cmpuint (queue.n_calls, ==, G_N_ELEMENTS (calls));

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    assert_next (&queue, calls[expected[i]]);
  g_assert_null (cf_call_queue_peek (&queue));

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    cf_remote_call_free (calls[i]);
  cf_call_queue_clear (&queue);
}

static void
test_push_front (void)
{
  CfRemoteCall *urgent = new_call (-1);
  CfRemoteCall *first = new_call (0);
  CfRemoteCall *second = new_call (0);
  CfCallQueue queue = { NULL };

  cf_call_queue_init (&queue);
  cf_call_queue_push (&queue, second);
  cf_call_queue_push (&queue, urgent);
  cf_call_queue_push_front (&queue, first);

  assert_next (&queue, urgent);
  assert_next (&queue, first);
  assert_next (&queue, second);

  cf_remote_call_free (urgent);
  cf_remote_call_free (first);
  cf_remote_call_free (second);
  cf_call_queue_clear (&queue);
}

/* A program that computes its priorities may use a million of them, one after the other. */
static void
test_many_priorities (void)
{
  CfRemoteCall *call = new_call (0);
  CfCallQueue queue = { NULL };

  cf_call_queue_init (&queue);
  for (call->priority = 0; call->priority < 1000; call->priority++)
    {
      cf_call_queue_push (&queue, call);
      g_assert_cmpuint (queue.levels->len, ==, 1);
      cf_call_queue_remove (&queue, call);
      g_assert_cmpuint (queue.levels->len, ==, 0);
    }

  cf_remote_call_free (call);
  cf_call_queue_clear (&queue);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/call-queue/by-priority-and-then-in-order", test_order);
  g_test_add_func ("/call-queue/what-came-back-is-first-of-its-priority", test_push_front);
  g_test_add_func ("/call-queue/keeps-nothing-of-priorities-that-were-used", test_many_priorities);

  return g_test_run ();
}
