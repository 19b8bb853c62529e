/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "cf-channel-private.h"
#include "cf-enums.h"

G_BEGIN_DECLS

/* How the workers of a pool are started. */
typedef struct
{
  CfWorkerKind  kind;
  char        **launcher_argv;        /* (nullable): goes before the worker's own */
  char        **worker_argv;          /* (nullable): instead of what the kind stands for */
  char        **interpreter_argv;     /* (nullable): instead of what runs the kind's script */
  char        **environment;          /* (nullable): inherited */
  char         *working_directory;    /* (nullable): inherited */
  int           stdout_descriptor;    /* -1: inherited */
  int           stderr_descriptor;    /* -1: inherited */
} CfWorkerSettings;

typedef struct _CfWorkerProcess CfWorkerProcess;

/* Called in iterations of the context that the process was started in. */
typedef struct
{
  void (*readable) (gpointer user_data);    /* there are messages on the socket, or it is closed */
  void (*exited)   (gpointer user_data);
} CfWorkerProcessCallbacks;

void             cf_worker_settings_clear       (CfWorkerSettings                *self);
gboolean         cf_worker_settings_run_program (const CfWorkerSettings          *self);

CfWorkerProcess *cf_worker_process_start        (const CfWorkerSettings          *settings,
                                                 const CfWorkerProcessCallbacks  *callbacks,
                                                 gpointer                         user_data,
                                                 GError                         **error);
void             cf_worker_process_free         (CfWorkerProcess                 *self);
CfChannel       *cf_worker_process_get_channel  (CfWorkerProcess                 *self);
int              cf_worker_process_get_pid      (CfWorkerProcess                 *self);
void             cf_worker_process_ignore_socket (CfWorkerProcess                *self);
void             cf_worker_process_send_signal  (CfWorkerProcess                 *self,
                                                 int                              signal_number);
char            *cf_worker_process_describe_end (CfWorkerProcess                 *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (CfWorkerProcess, cf_worker_process_free)

void             cf_worker_program_set_ready    (void);
gboolean         cf_worker_program_is_ready     (void);

G_END_DECLS
