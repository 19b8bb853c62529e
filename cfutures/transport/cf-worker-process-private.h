/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "transport/cf-channel-private.h"
#include "transport/cf-worker-launcher-private.h"

G_BEGIN_DECLS

typedef struct _CfWorkerProcess CfWorkerProcess;

/* Called in iterations of the context that the process was started in. */
typedef struct
{
  void (*readable) (gpointer user_data);    /* there are messages on the socket, or it is closed */
  void (*exited)   (gpointer user_data);
} CfWorkerProcessCallbacks;

CfWorkerProcess *cf_worker_process_start        (CfWorkerLauncher                *launcher,
                                                 const CfWorkerProcessCallbacks  *callbacks,
                                                 gpointer                         user_data,
                                                 GError                         **error);
void             cf_worker_process_reap         (CfWorkerProcess                 *self);
void             cf_worker_process_free         (CfWorkerProcess                 *self);
CfChannel       *cf_worker_process_get_channel  (CfWorkerProcess                 *self);
int              cf_worker_process_get_pid      (CfWorkerProcess                 *self);
void             cf_worker_process_ignore_socket (CfWorkerProcess                *self);
void             cf_worker_process_send_signal  (CfWorkerProcess                 *self,
                                                 int                              signal_number);
gboolean         cf_worker_process_is_at_work   (CfWorkerProcess                 *self,
                                                 gint64                          *cpu_usec);
gboolean         cf_worker_process_was_killed   (CfWorkerProcess                 *self);
char            *cf_worker_process_describe_end (CfWorkerProcess                 *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CfWorkerProcess, cf_worker_process_free)

G_END_DECLS
