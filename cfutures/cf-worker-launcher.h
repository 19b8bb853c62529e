/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined (CF_INSIDE) && !defined (CF_COMPILATION)
# error "Only <cfutures.h> can be included directly."
#endif

#include <gio/gio.h>

#include <cfutures/cf-enums.h>
#include <cfutures/cf-version-macros.h>

G_BEGIN_DECLS

#define CF_TYPE_WORKER_LAUNCHER (cf_worker_launcher_get_type ())

CF_AVAILABLE_IN_ALL
/**
 * CfWorkerLauncherClass:
 * @parent_class: the class of its parent
 *
 * The class of worker launchers, which cannot be derived from.
 *
 * Since: 1.0
 */
G_DECLARE_FINAL_TYPE (CfWorkerLauncher, cf_worker_launcher, CF, WORKER_LAUNCHER, GObject)

CF_AVAILABLE_IN_ALL
CfWorkerLauncher    *cf_worker_launcher_new                  (CfWorkerKind         kind);
CF_AVAILABLE_IN_ALL
CfWorkerLauncher    *cf_worker_launcher_copy                 (CfWorkerLauncher    *self);

/* What is run */

CF_AVAILABLE_IN_ALL
CfWorkerKind         cf_worker_launcher_get_kind             (CfWorkerLauncher    *self);
CF_AVAILABLE_IN_ALL
void                 cf_worker_launcher_set_kind             (CfWorkerLauncher    *self,
                                                              CfWorkerKind         kind);
CF_AVAILABLE_IN_ALL
const char *const   *cf_worker_launcher_get_argv             (CfWorkerLauncher    *self);
CF_AVAILABLE_IN_ALL
void                 cf_worker_launcher_set_argv             (CfWorkerLauncher    *self,
                                                              const char *const   *argv);
CF_AVAILABLE_IN_ALL
const char *const   *cf_worker_launcher_get_interpreter_argv (CfWorkerLauncher    *self);
CF_AVAILABLE_IN_ALL
void                 cf_worker_launcher_set_interpreter_argv (CfWorkerLauncher    *self,
                                                              const char *const   *argv);

/* What surrounds it */

CF_AVAILABLE_IN_ALL
const char *const   *cf_worker_launcher_get_prefix_argv      (CfWorkerLauncher    *self);
CF_AVAILABLE_IN_ALL
void                 cf_worker_launcher_set_prefix_argv      (CfWorkerLauncher    *self,
                                                              const char *const   *argv);
CF_AVAILABLE_IN_ALL
const char          *cf_worker_launcher_get_cwd              (CfWorkerLauncher    *self);
CF_AVAILABLE_IN_ALL
void                 cf_worker_launcher_set_cwd              (CfWorkerLauncher    *self,
                                                              const char          *cwd);
CF_AVAILABLE_IN_ALL
const char *const   *cf_worker_launcher_get_environ          (CfWorkerLauncher    *self);
CF_AVAILABLE_IN_ALL
void                 cf_worker_launcher_set_environ          (CfWorkerLauncher    *self,
                                                              const char *const   *env);
CF_AVAILABLE_IN_ALL
const char          *cf_worker_launcher_getenv               (CfWorkerLauncher    *self,
                                                              const char          *variable);
CF_AVAILABLE_IN_ALL
void                 cf_worker_launcher_setenv               (CfWorkerLauncher    *self,
                                                              const char          *variable,
                                                              const char          *value,
                                                              gboolean             overwrite);
CF_AVAILABLE_IN_ALL
void                 cf_worker_launcher_unsetenv             (CfWorkerLauncher    *self,
                                                              const char          *variable);
CF_AVAILABLE_IN_ALL
void                 cf_worker_launcher_take_stdout_fd       (CfWorkerLauncher    *self,
                                                              int                  fd);
CF_AVAILABLE_IN_ALL
void                 cf_worker_launcher_take_stderr_fd       (CfWorkerLauncher    *self,
                                                              int                  fd);

/* Limits */

CF_AVAILABLE_IN_ALL
gint64               cf_worker_launcher_get_start_timeout    (CfWorkerLauncher    *self);
CF_AVAILABLE_IN_ALL
void                 cf_worker_launcher_set_start_timeout    (CfWorkerLauncher    *self,
                                                              gint64               start_timeout_usec);

G_END_DECLS
