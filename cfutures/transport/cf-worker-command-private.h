/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "cf-enums.h"

G_BEGIN_DECLS

gboolean cf_worker_command_append      (GPtrArray           *argv,
                                        CfWorkerKind         kind,
                                        const char *const   *interpreter_argv,
                                        GError             **error);

char   **cf_worker_command_dup_environ (void);

void     cf_worker_program_set_ready   (void);
gboolean cf_worker_program_is_ready    (void);

G_END_DECLS
