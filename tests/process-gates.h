/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Gates between processes: what a test and the calls that it has made elsewhere wait on.
 *
 * A gate is a named pipe. A call is told its path with the arguments. Each opening is a byte in it, and lets one pass:
 * a process that waits takes one byte out. A byte that nobody has taken stays, also if the process that wrote it has
 * died. */

#pragma once

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cfutures.h>
#include <glib/gstdio.h>

typedef struct
{
  char *folder;
  char *path;
  int   descriptor;
} ProcessGate;

/* Open for both directions, so that neither opening nor writing waits for another process. */
static inline int
process_gate_open_path (const char *path)
{
  int descriptor = g_open (path, O_RDWR | O_CLOEXEC, 0);

  g_assert_cmpint (descriptor, >=, 0);
  return descriptor;
}

static inline void
process_gate_write (int   descriptor,
                    char  byte)
{
  gssize n;

  do
    n = write (descriptor, &byte, 1);
  while (n < 0 && errno == EINTR);
  g_assert_cmpint (n, ==, 1);
}

static inline char
process_gate_read (int descriptor)
{
  gssize n;
  char byte = 0;

  do
    n = read (descriptor, &byte, 1);
  while (n < 0 && errno == EINTR);
  g_assert_cmpint (n, ==, 1);

  return byte;
}

static inline ProcessGate *
process_gate_new (void)
{
  ProcessGate *self = g_new0 (ProcessGate, 1);
  g_autoptr(GError) error = NULL;

  self->folder = g_dir_make_tmp ("cfutures-gate-XXXXXX", &error);
  g_assert_no_error (error);
  self->path = g_build_filename (self->folder, "gate", NULL);
  g_assert_cmpint (mkfifo (self->path, 0600), ==, 0);
  self->descriptor = process_gate_open_path (self->path);

  return self;
}

static inline void
process_gate_free (ProcessGate *self)
{
  g_close (self->descriptor, NULL);
  g_unlink (self->path);
  g_rmdir (self->folder);
  g_free (self->path);
  g_free (self->folder);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ProcessGate, process_gate_free)

/* On the side of the test. */

static inline void
process_gate_open_for (ProcessGate *self,
                       guint        n)
{
  for (guint i = 0; i < n; i++)
    process_gate_write (self->descriptor, '+');
}

static inline void
process_gate_open (ProcessGate *self)
{
  process_gate_open_for (self, 1);
}

static inline void
process_gate_wait_for (ProcessGate *self,
                       guint        n)
{
  for (guint i = 0; i < n; i++)
    process_gate_read (self->descriptor);
}

static inline void
process_gate_wait (ProcessGate *self)
{
  process_gate_wait_for (self, 1);
}

/* How often it was opened without anybody having passed. */
static inline guint
process_gate_count (ProcessGate *self)
{
  int n = 0;

  g_assert_cmpint (ioctl (self->descriptor, FIONREAD, &n), ==, 0);
  return (guint) n;
}

static inline GVariant *
process_gate_to_variant (ProcessGate *self)
{
  return g_variant_new_string (self->path);
}

/* On the side of a call. */

static inline void
process_gate_open_at (const char *path)
{
  int descriptor = process_gate_open_path (path);

  process_gate_write (descriptor, '+');
  g_close (descriptor, NULL);
}

/* Two gates: one that a call opens when it has begun, and one that it waits at before it ends. */
typedef struct
{
  ProcessGate *begun;
  ProcessGate *go_on;
} RemoteBlocker;

static inline RemoteBlocker *
remote_blocker_new (void)
{
  RemoteBlocker *self = g_new (RemoteBlocker, 1);

  self->begun = process_gate_new ();
  self->go_on = process_gate_new ();

  return self;
}

static inline void
remote_blocker_free (RemoteBlocker *self)
{
  process_gate_free (self->begun);
  process_gate_free (self->go_on);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RemoteBlocker, remote_blocker_free)

/* The arguments of block_remotely(), floating. */
static inline GVariant *
remote_blocker_to_variant (RemoteBlocker *self)
{
  return g_variant_new ("(ss)", self->begun->path, self->go_on->path);
}

/* A call that ends when it is let go; it returns the number of its process. */
static inline GVariant *
block_remotely (CfFuture  *future,
                GVariant  *args,
                GError   **error)
{
  const char *begun;
  const char *go_on;
  int descriptor;

  /* The names of the gates may go as soon as somebody knows that it has begun. */
  g_variant_get (args, "(&s&s)", &begun, &go_on);
  descriptor = process_gate_open_path (go_on);
  process_gate_open_at (begun);
  process_gate_read (descriptor);
  g_close (descriptor, NULL);

  return g_variant_new_int32 (getpid ());
}

/* Runs such a call. */
static inline CfFuture *
remote_blocker_submit (RemoteBlocker *self,
                       CfExecutor    *executor)
{
  return cf_executor_submit (executor, block_remotely, remote_blocker_to_variant (self));
}

/* A call that leaves nothing but its trace: it opens the gate that it is given. */
static inline GVariant *
open_gate_remotely (CfFuture  *future,
                    GVariant  *args,
                    GError   **error)
{
  process_gate_open_at (g_variant_get_string (args, NULL));

  return NULL;
}
